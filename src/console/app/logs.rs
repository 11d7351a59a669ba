//! What is done with logs: what of them is asked for, searched, shown and gone to.

use super::{App, Asked, Page, Pane};
use crate::console::log::{Found, PAGE, Want, notation};
use crate::domain::sought::{Grave, Sought};
use crate::protocol::{Fault, LogInfo, Reply, Request};
use crate::safe;

impl App {
    /// Asks for lines that are in view and not loaded.
    pub fn load_log(&mut self) {
        let Some(run) = self.log.run else { return };
        while let Some(want) = self.log.wants() {
            let step = self.log.step.clone();
            match want {
                Want::Lines { first } => {
                    let first = Some(first);
                    self.ask(Asked::Lines, Request::ReadLines { run, step, first, part: 0, most: PAGE });
                }
                Want::Hits { serial, from, backward, most } => {
                    let Some(request) = self.log.sift_request(from, backward, most) else { return };
                    self.ask(Asked::Hits(serial), request);
                }
            }
        }
    }

    pub(super) fn ask_steps(&mut self) {
        if let Some(run) = self.log.run {
            self.ask(Asked::Steps, Request::Logs { run });
        }
    }

    /// Looks for what was written; for nothing, where nothing was.
    pub(super) fn search(&mut self, text: &str) {
        if text.is_empty() {
            self.log.find = None;
            return;
        }
        match self.log.look_for(text, notation::search(text)) {
            Ok(()) => self.ask_find(),
            Err(error) => self.complain(safe!("{}", error.to_string())),
        }
    }

    /// To the first line that tells of an error.
    pub(super) fn first_error(&mut self) {
        let sought = Sought { least: Some(Grave::Error), ..Sought::default() };
        match self.log.look_from_start("@error", sought) {
            Ok(()) => self.ask_find(),
            Err(error) => self.complain(safe!("{}", error.to_string())),
        }
    }

    pub(super) fn search_further(&mut self, backward: bool) {
        if self.log.look_further(backward) {
            self.ask_find();
        } else {
            self.complain(safe!("nothing is searched for: `/` begins a search, `e` goes to the first error"));
        }
    }

    fn ask_find(&mut self) {
        if let Some((serial, request)) = self.log.find_request() {
            self.ask(Asked::Find(serial), request);
        }
    }

    pub(super) fn found(&mut self, serial: u64, reply: Result<Reply, Fault>) {
        if !self.log.is_looking(serial) {
            return;
        }
        let words = self.log.find.as_ref().map_or(String::new(), |find| find.words.clone());
        match reply {
            Ok(Reply::Hits { hits }) => match self.log.found(serial, &hits) {
                Found::Here => self.load_log(),
                Found::GoOn => self.ask_find(),
                Found::Nowhere => self.complain(safe!("no line of this log has {}", words)),
                Found::NoFurther { backward: true } => self.complain(safe!("no line above has {}", words)),
                Found::NoFurther { backward: false } => self.complain(safe!("no line below has {}", words)),
            },
            Ok(_) => {
                self.log.stop_looking();
            }
            Err(fault) => {
                self.log.stop_looking();
                self.complain(safe!("{}", fault.message));
            }
        }
    }

    /// Shows only lines that fit what was written.
    pub(super) fn sift(&mut self, text: &str) {
        let sought = match notation::filter(text) {
            Ok(sought) => sought,
            Err(error) => return self.complain(safe!("{}", error.to_string())),
        };
        match self.log.sift(text, sought) {
            Ok(()) => self.load_log(),
            Err(error) => self.complain(safe!("{}", error.to_string())),
        }
    }

    pub(super) fn sifted(&mut self, serial: u64, reply: Result<Reply, Fault>) {
        match reply {
            Ok(Reply::Hits { hits }) => self.log.take_hits(serial, Some(hits)),
            Ok(_) => self.log.take_hits(serial, None),
            Err(fault) => {
                self.log.take_hits(serial, None);
                self.complain(safe!("{}", fault.message));
            }
        }
    }

    /// Follows what the run prints now, or stops where it is.
    pub(super) fn follow_end(&mut self) {
        let elsewhere = self.log.neighbour(true).is_some();
        if std::mem::take(&mut self.log.chosen) && elsewhere {
            let step = self.log.steps.last().map(|log| log.step.clone()).unwrap_or_default();
            self.log.show_step(&step);
            self.tail();
        } else if self.log.follow {
            self.log.stop();
        } else {
            self.log.follow = true;
        }
        self.load_log();
    }

    /// Shows the log of the run's next step from its beginning, or the one before from its end.
    pub(super) fn step(&mut self, forward: bool) {
        let Some(next) = self.log.neighbour(forward).cloned() else {
            self.complain(if forward {
                safe!("this is the run's last log")
            } else {
                safe!("this is the run's first log")
            });
            return;
        };
        self.go_to_step(next, forward);
    }

    /// Shows the log of this step, from its beginning if it is over and that is wanted.
    pub(super) fn go_to_step(&mut self, next: LogInfo, from_start: bool) {
        let (first, at_end) = if from_start && !next.open { (Some(0), false) } else { (None, true) };
        self.log.show_step(&next.step);
        self.log.follow = at_end;
        // The newest goes on by itself as before.
        self.log.chosen = self.log.neighbour(true).is_some();
        let Some(run) = self.log.run else { return };
        self.ask(Asked::Lines, Request::ReadLines { run, step: next.step, first, part: 0, most: PAGE });
        self.ask_steps();
    }

    /// Ends what is under way in the log, or else its filter; gives whether there was something.
    pub(super) fn back_in_log(&mut self) -> bool {
        let here = self.page == Page::Watch && self.pane == Pane::Log;
        if !here {
            return false;
        }
        let ended = self.log.stop_looking() || self.log.selection.take().is_some();
        let sifted = !ended && self.log.filter.is_some();
        if sifted {
            self.sift("");
        }
        ended || sifted
    }
}
