//! Looking for lines of the whole log: the engine looks, a part of the log at a time, until it is told to stop.

use super::LogPane;
use crate::domain::sought::Sought;
use crate::logs::{Matcher, SoughtError};
use crate::protocol::{LogHits, Request};
use std::ops::Range;

/// What is looked for.
#[derive(Debug)]
pub struct Find {
    /// In words.
    pub words: String,
    sought: Sought,
    matcher: Matcher,
    going: Option<Going>,
}

/// A search that is under way.
#[derive(Debug, Clone, Copy)]
struct Going {
    /// Tells its answers from those of another.
    serial: u64,
    backward: bool,
    /// Where the next part begins.
    from: u64,
    /// Where to begin in the other direction, where nothing is found in this one.
    turn: Option<u64>,
}

/// What came of a part of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet, or nothing that is still wanted.
    GoOn,
    /// It is in view.
    Here,
    /// There is none in the whole log.
    Nowhere,
    /// There is no other one in this direction.
    NoFurther {
        /// Towards the beginning.
        backward: bool,
    },
}

impl LogPane {
    /// Begins to look for something from what is in view, in both directions.
    pub fn look_for(&mut self, words: &str, sought: Sought) -> Result<(), SoughtError> {
        let matcher = Matcher::new(&sought)?;
        self.find = Some(Find { words: words.to_owned(), sought, matcher, going: None });
        // At the end people look for what was last; elsewhere for what comes.
        if self.follow {
            self.begin(true, self.total, None);
        } else {
            let here = self.first_row();
            self.begin(false, here, Some(here));
        }
        Ok(())
    }

    /// Begins to look for something from the log's first line on.
    pub fn look_from_start(&mut self, words: &str, sought: Sought) -> Result<(), SoughtError> {
        self.look_for(words, sought)?;
        self.begin(false, 0, None);
        Ok(())
    }

    /// Goes on to the next line, or the one before. Gives whether there is something to look for.
    pub fn look_further(&mut self, backward: bool) -> bool {
        let shown = self.shown_numbers();
        let first = shown.first().copied().unwrap_or_else(|| self.first_row());
        let from = match self.picked.filter(|picked| shown.contains(picked)) {
            Some(picked) => picked + u64::from(!backward),
            None => first,
        };
        self.begin(backward, from, None);
        self.find.is_some()
    }

    fn begin(&mut self, backward: bool, from: u64, turn: Option<u64>) {
        self.serial += 1;
        let serial = self.serial;
        if let Some(find) = &mut self.find {
            find.going = Some(Going { serial, backward, from, turn });
        }
    }

    /// What to ask for the search that is under way, and its number.
    pub fn find_request(&self) -> Option<(u64, Request)> {
        let find = self.find.as_ref()?;
        let going = find.going?;
        let sought = match &self.filter {
            Some(filter) => find.sought.and(&filter.sought),
            None => find.sought.clone(),
        };
        let (run, step) = (self.run?, self.step.clone());
        let request = Request::SearchLines { run, step, sought, from: going.from, backward: going.backward, most: 1 };
        Some((going.serial, request))
    }

    /// Takes an answer to the search with this number.
    pub fn found(&mut self, serial: u64, hits: &LogHits) -> Found {
        if self.run != Some(hits.run) || self.step != hits.step {
            return Found::GoOn;
        }
        let Some(going) =
            self.find.as_mut().and_then(|find| find.going.as_mut()).filter(|going| going.serial == serial)
        else {
            return Found::GoOn;
        };
        let backward = going.backward;
        if let Some(line) = hits.lines.first() {
            self.stop_looking();
            self.total = self.total.max(hits.total);
            self.pick(line.number);
            return Found::Here;
        }
        going.from = hits.next;
        if !hits.end {
            return Found::GoOn;
        }
        if let Some(from) = going.turn.take() {
            (going.backward, going.from) = (!backward, from);
            return Found::GoOn;
        }
        self.stop_looking();
        let whole = if backward { self.follow } else { self.picked.is_none() && self.first_row() == 0 };
        if whole { Found::Nowhere } else { Found::NoFurther { backward } }
    }

    /// Ends a search that is under way; gives whether there was one.
    pub fn stop_looking(&mut self) -> bool {
        self.find.as_mut().is_some_and(|find| find.going.take().is_some())
    }

    /// Whether a search with this number is under way.
    pub fn is_looking(&self, serial: u64) -> bool {
        self.find.as_ref().and_then(|find| find.going).is_some_and(|going| going.serial == serial)
    }

    /// How far a search has come that is under way, in percent of the lines that there are.
    pub fn progress(&self) -> Option<u64> {
        let going = self.find.as_ref()?.going?;
        let left = if going.backward { going.from } else { self.total.saturating_sub(going.from) };
        Some(100 - (left.saturating_mul(100) / self.total.max(1)).min(100))
    }

    /// Where in a text that is shown the words stand that are looked for.
    pub fn hits(&self, stream: u8, plain: &str) -> Vec<Range<usize>> {
        let fits = self.find.as_ref().filter(|find| find.matcher.fits(stream, plain));
        fits.map_or_else(Vec::new, |find| find.matcher.places(plain))
    }
}
