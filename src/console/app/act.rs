//! What keys do.

use super::choice::{Choice, Deed};
use super::layer::was_seen;
use super::{App, Asked, Best, Editing, Effect, Layer, Page, Pane, Spot};
use crate::console::export::Purpose;
use crate::console::keymap::Command;
use crate::console::keys::Key;
use crate::domain::Terms;
use crate::protocol::Request;
use crate::safe;
use crate::text::SafeText;
use crossterm::event::{KeyEvent, KeyEventKind};

impl App {
    /// A key was pressed.
    pub fn press(&mut self, event: KeyEvent) {
        if event.kind == KeyEventKind::Release {
            return;
        }
        let key = Key::of(&event);
        match self.layer.take() {
            None => {
                self.pressed = Some(key);
                if let Some(command) = self.keys.command(key, self.scope()) {
                    self.said = None;
                    self.perform(command);
                }
            }
            Some(mut text @ (Layer::Help { .. } | Layer::Tour { .. } | Layer::Messages { .. })) => {
                self.said = None;
                let scrolled = text.top().and_then(|top| self.scrolled(key, *top).map(|to| *top = to));
                self.layer = scrolled.map(|()| text);
            }
            Some(field) => {
                self.pressed = Some(key);
                self.press_in_field(event, key, field);
                self.keep_draft();
            }
        }
    }

    /// Text was pasted: it goes into a field or nowhere.
    pub fn paste(&mut self, pasted: &str) {
        if matches!(&self.layer, Some(Layer::Edit { what, .. }) if what.takes_code()) {
            self.complain(safe!("a yes is typed, never pasted: nothing was taken"));
        } else if let Some(Layer::Edit { what, text, .. }) = &mut self.layer {
            let lines = what.has_lines();
            let pasted = pasted.replace("\r\n", "\n").replace('\r', "\n");
            text.insert_str(if lines { pasted } else { pasted.replace('\n', " ") });
        }
        self.keep_draft();
    }

    /// The first line of a text to read after a key; none where the key closes it. Any other key leaves it: nobody loses their
    /// place by a slip.
    fn scrolled(&self, key: Key, top: usize) -> Option<usize> {
        if key.to_string() == "esc" {
            return None;
        }
        let to = match self.keys.command(key, super::Scope::Anywhere) {
            Some(Command::Back | Command::Quit | Command::Help | Command::Tour | Command::Messages) => return None,
            Some(Command::Down) => top.saturating_add(1),
            Some(Command::Up) => top.saturating_sub(1),
            Some(Command::PageDown) => top.saturating_add(10),
            Some(Command::PageUp) => top.saturating_sub(10),
            Some(Command::First) => 0,
            Some(Command::Last) => usize::MAX,
            _ => top,
        };
        Some(to.min(self.reach))
    }

    fn press_in_field(&mut self, event: KeyEvent, key: Key, mut field: Layer) {
        let Layer::Edit { what, text, opened, shown, chosen, held } = &mut field else { return };
        let what = *what;
        let several = what.has_lines();
        // It was about what was done before this key.
        self.said = None;
        match key.to_string().as_str() {
            "esc" | "ctrl-c" => {
                match what {
                    Editing::Redirect(run) if self.guiding.draft(run).is_some() => {
                        let key = self.keys.first(Command::Redirect);
                        let words =
                            safe!("nothing was sent to {}; what you wrote is kept, `{}` opens it again", run, key);
                        self.say(words);
                    }
                    Editing::Filter(list) => self.leave_filter(list),
                    _ => self.leave_words(what),
                }
                return;
            }
            // Terminals send ctrl-j for control with enter, and alt-enter goes through most of them.
            "alt-enter" | "ctrl-j" if several => text.insert_newline(),
            "enter" => {
                let frame = *shown || !what.takes_code();
                if event.kind == KeyEventKind::Press && frame && was_seen(what, *opened, self.now, *held) {
                    let (lines, chosen) = (text.lines().join("\n"), *chosen);
                    // Of what would run every blank counts.
                    let text = if matches!(what, Editing::Rewrite(_)) { &lines } else { lines.trim() };
                    return self.send_field(what, text, chosen, field);
                }
                // One that is held down comes again and again, and never gets through.
                *opened = self.now;
                self.say(safe!("enter came before this could be read: nothing was done, press it again in a moment"));
            }
            "up" if what.is_choice() => *chosen = chosen.saturating_sub(1),
            "down" if what.is_choice() => {
                let last = self.choices(what, &text.lines().join(" ")).len().saturating_sub(1);
                *chosen = (*chosen + 1).min(last);
            }
            // What was typed before the code could be read is not an answer to it.
            _ if what.takes_code() && !(*shown && was_seen(what, *opened, self.now, *held)) => {}
            _ => {
                let changed = text.input(event);
                match what {
                    _ if changed && what.is_choice() => *chosen = 0,
                    Editing::Filter(list) => {
                        let text = text.lines().join(" ");
                        self.filter_as_written(list, &text);
                    }
                    _ => {}
                }
            }
        }
        self.layer = Some(field);
    }

    /// A field is done. Where it cannot be sent it stays as it is, below the words that say why.
    fn send_field(&mut self, what: Editing, text: &str, chosen: usize, field: Layer) {
        let number = self.next;
        if let Some(why) = self.is_decided(what) {
            self.complain(why);
        } else {
            self.enter(what, text, chosen);
        }
        let refused = self.said.as_ref().is_some_and(|(_, bad)| *bad);
        if self.next > number {
            self.words_sent(number, what);
        } else if refused && self.layer.is_none() && !what.takes_code() && !what.is_choice() {
            self.layer = Some(field);
        }
    }

    /// A field is done, and so.
    fn enter(&mut self, what: Editing, text: &str, chosen: usize) {
        match what {
            Editing::Redirect(_) if text.is_empty() => self.complain(safe!("nothing was written, so nothing was sent")),
            Editing::Redirect(run) => {
                let why = Asked::Guide(run, text.to_owned());
                self.act_for(
                    &safe!("redirect {}", run),
                    why,
                    Request::Redirect { run, text: text.to_owned(), criteria: None, terms: Terms::default() },
                );
            }
            Editing::Criteria(run) => self.measure(run, text),
            Editing::Reassign(run) => self.reassign(run, text),
            Editing::Extend(run) => self.extend(run, text),
            Editing::Cancel(run) => {
                self.act(safe!("cancel {}", run), Request::Cancel { run, reason: text.to_owned() });
            }
            Editing::StopModels => {
                self.act(safe!("stop models"), Request::StopModels { project: None, reason: text.to_owned() });
            }
            Editing::StartModels => self.act(safe!("start models"), Request::StartModels { project: None }),
            Editing::Answer(_, false) if text.is_empty() => {
                self.complain(safe!("a no needs a reason, which the agent gets as guidance: nothing was sent"));
            }
            Editing::Answer(question, approve) => {
                let words = if approve { safe!("yes to {}", question) } else { safe!("no to {}", question) };
                self.act(words, Request::Answer { question, approve, reason: text.to_owned() });
            }
            Editing::Search => self.search(text),
            Editing::Sift => self.sift(text),
            Editing::CopyLast => self.copy_last(text),
            Editing::Rollback(run, iteration) => {
                self.act(
                    safe!("roll {} back to iteration {}", run, iteration),
                    Request::Rollback { run, iteration: Some(iteration) },
                );
            }
            Editing::BackToBest(run) => {
                // What was read is meant, whatever has become the best one since.
                let iteration = if let Best::Is(number) = self.best_of(run) { Some(number) } else { None };
                let which = iteration.map_or_else(SafeText::empty, |best| safe!(", {}", best));
                self.act(
                    safe!("roll {} back to its best iteration{}", run, which),
                    Request::Rollback { run, iteration },
                );
            }
            Editing::AwaitDay(question) => {
                self.act(safe!("let the run of {} wait", question), Request::AwaitDay { question });
            }
            Editing::AgreeAll => self.agree_to_all(text),
            Editing::Agree(_)
            | Editing::Refuse(_)
            | Editing::TakeBack(_)
            | Editing::Rewrite(_)
            | Editing::Again(_)
            | Editing::Review(_)
            | Editing::Resolve(_)
            | Editing::Stop(_) => self.decide_as(what, text),
            Editing::Filter(list) => self.set_filter(list, text),
            Editing::Palette | Editing::Steps => match self.choices(what, text).into_iter().nth(chosen) {
                Some(Choice { deed: Deed::Perform(command), .. }) => self.perform(command),
                Some(Choice { deed: Deed::Show(log), .. }) => self.go_to_step(*log, false),
                None => {}
            },
        }
    }

    pub(super) fn act(&mut self, words: SafeText, request: Request) {
        self.act_for(&words.clone(), Asked::Act(words), request);
    }

    pub(super) fn act_for(&mut self, words: &SafeText, why: Asked, request: Request) {
        if self.read_only {
            self.complain(safe!("this console was started with --read-only"));
            return;
        }
        self.say(safe!("{}: sent", words));
        self.ask(why, request);
    }

    /// Does what a command says.
    pub fn perform(&mut self, command: Command) {
        if !self.has_place(command) {
            return self.complain(safe!("there is nothing on this screen that this key is for"));
        }
        match command {
            Command::Quit => self.effects.push(Effect::Quit),
            Command::Suspend => self.effects.push(Effect::Suspend),
            Command::Repaint => self.effects.push(Effect::Repaint),
            Command::Mouse => self.effects.push(Effect::ToggleMouse),
            Command::Help => self.layer = Some(Layer::Help { top: 0 }),
            Command::Tour => self.layer = Some(Layer::Tour { top: 0 }),
            Command::Messages => self.layer = Some(Layer::Messages { top: 0 }),
            Command::Palette => self.open(Editing::Palette),
            Command::Watch => self.go(Page::Watch),
            Command::Approvals => self.go(Page::Approvals),
            Command::Bugs => self.go(Page::Bugs),
            Command::Audit => self.go(Page::Audit),
            Command::Fleet => self.go_anew(Page::Fleet),
            Command::Knowledge => self.go_anew(Page::Knowledge),
            Command::Metrics => self.go_anew(Page::Metrics),
            Command::Health => self.go_anew(Page::Health),
            Command::NextPane | Command::LastPane if self.page != Page::Watch => self.cross(),
            Command::NextPane => self.turn(1),
            Command::LastPane => self.turn(Pane::ALL.len() - 1),
            Command::Up => self.move_by(-1),
            Command::Down => self.move_by(1),
            Command::PageUp => self.move_by(-self.page_rows()),
            Command::PageDown => self.move_by(self.page_rows()),
            Command::First => self.move_by(i64::MIN / 2),
            Command::Last => self.move_by(i64::MAX / 2),
            Command::Left => self.sideways(false),
            Command::Right => self.sideways(true),
            Command::NextPart => self.one.turn(true),
            Command::LastPart => self.one.turn(false),
            Command::NextFile => self.show_file(true),
            Command::LastFile => self.show_file(false),
            Command::Filter => self.open_filter(),
            Command::StopModels => self.open(Editing::StopModels),
            Command::StartModels => self.open(Editing::StartModels),
            Command::Rollback => self.open_rollback(),
            Command::AwaitDay => self.open_await_day(),
            Command::Open => self.open_selected(),
            Command::Back => self.back(),
            Command::Zoom => self.zoom = !self.zoom,
            Command::Wider
            | Command::Narrower
            | Command::Taller
            | Command::Shorter
            | Command::Collapse
            | Command::EvenPanes => self.resize_pane(command),
            Command::All => {
                self.all = !self.all;
                self.keep_selection();
                self.follow_selected();
            }
            Command::AllBugs => self.toggle_solved(),
            Command::Follow => self.follow_end(),
            Command::Wrap => self.log.wrap = !self.log.wrap,
            Command::Times => self.log.times = !self.log.times,
            Command::Search => self.open(Editing::Search),
            Command::SearchNext => self.search_further(false),
            Command::SearchLast => self.search_further(true),
            Command::Select => self.log.select(),
            Command::Copy => self.copy(),
            Command::CopyLast => self.open(Editing::CopyLast),
            Command::Pager => self.view(Purpose::Pager),
            Command::Editor => self.view(Purpose::Editor),
            Command::Sift => self.open(Editing::Sift),
            Command::FirstError => self.first_error(),
            Command::Steps => self.open(Editing::Steps),
            Command::NextStep => self.step(true),
            Command::LastStep => self.step(false),
            Command::Pause
            | Command::Resume
            | Command::Redirect
            | Command::Criteria
            | Command::Reassign
            | Command::Extend
            | Command::Cancel => self.steer(command),
            Command::Together if self.page == Page::Proposal => self.put_together(),
            Command::AgreeAll if self.page == Page::Proposal => self.ask_for_all(),
            Command::Agree
            | Command::Together
            | Command::AgreeAll
            | Command::Refuse
            | Command::TakeBack
            | Command::Rewrite
            | Command::Again
            | Command::Review
            | Command::Resolve
            | Command::StopIt => {
                if self.page == Page::Proposal {
                    self.decide_by(command);
                } else {
                    self.complain(safe!("open a proposal for a live asset first"));
                }
            }
            Command::Approve | Command::Deny => self.open_answer(command == Command::Approve),
        }
    }

    /// Goes to a screen of which no news tells: what it shows is asked for anew.
    fn go_anew(&mut self, page: Page) {
        self.go(page);
        match page {
            Page::Fleet => self.fleet.outdate(),
            Page::Knowledge => self.knowledge.outdate(),
            Page::Metrics => self.metrics.all.outdate(),
            _ => self.stale = true,
        }
    }

    fn steer(&mut self, command: Command) {
        let Some(run) = self.steered() else {
            self.complain(safe!("no run is selected on this screen: choose one in the watch, or open it"));
            return;
        };
        match command {
            Command::Pause => self.act(safe!("pause {}", run), Request::Pause { run }),
            Command::Resume => self.act(safe!("resume {}", run), Request::Resume { run }),
            Command::Redirect => self.open_redirect(run),
            Command::Criteria => self.open_criteria(run),
            Command::Reassign => self.open(Editing::Reassign(run)),
            Command::Extend => self.open(Editing::Extend(run)),
            _ => self.open(Editing::Cancel(run)),
        }
    }

    pub(super) fn open(&mut self, what: Editing) {
        if self.read_only && what.is_deed() {
            // Before anybody writes what cannot be sent.
            self.complain(safe!("this console was started with --read-only"));
            return;
        }
        let mut layer = Layer::edit(what, self.now);
        if let Layer::Edit { held, chosen, .. } = &mut layer {
            *chosen = if what == Editing::Steps { self.step_shown() } else { 0 };
            *held = self.pressed.is_some_and(|key| key.to_string() == "enter");
        }
        self.layer = Some(layer);
        self.attend_to(what);
        self.begin_with(vec![String::new()]);
    }

    /// Nobody waits for this console to stop.
    pub fn has_no_shell(&mut self) {
        let key = self.keys.first(Command::Quit);
        self.complain(safe!(
            "there is no shell to go back to, so nobody could call this console back; `{}` leaves it",
            key
        ));
    }

    fn turn(&mut self, by: usize) {
        let at = Pane::ALL.iter().position(|pane| *pane == self.pane).unwrap_or(0);
        self.pane = Pane::ALL.get((at + by) % Pane::ALL.len()).copied().unwrap_or(Pane::Runs);
    }

    /// The wheel turned: what has the keys moves.
    pub fn wheel(&mut self, by: i64) {
        if self.layer.is_none() {
            self.move_by(by);
        }
    }

    /// Something was clicked on: it gets the keys, and what is listed there is selected. Nothing is ever decided by a click.
    pub fn click(&mut self, spot: Option<Spot>) {
        let Some(spot) = spot.filter(|_| self.layer.is_none()) else { return };
        let item = match spot {
            Spot::Pane(pane, item) => {
                self.pane = pane;
                item
            }
            Spot::List(item) => {
                self.reading.inside = false;
                item
            }
            Spot::Text => {
                self.reading.inside = true;
                None
            }
        };
        if let Some(item) = item {
            self.choose(item);
        }
    }

    fn page_rows(&self) -> i64 {
        let rows = match self.page {
            Page::Watch => i64::from(self.log.rows),
            _ => i64::try_from(self.reading.rows).unwrap_or(i64::MAX),
        };
        rows.saturating_sub(1).max(1)
    }
}
