//! A filter over the log. Only lines that fit are held; the engine finds them, so that a filter reaches as far as the log does
//! and memory stays bounded. How many there are in all is counted beside it, a part of the log at a time.

use super::{LogPane, Want};
use crate::domain::sought::Sought;
use crate::logs::{Matcher, SoughtError};
use crate::protocol::{LogHits, LogLines, Request};

/// Lines that are asked for at once.
const PAGE: u32 = 200;

/// What is shown.
#[derive(Debug)]
pub struct Filter {
    /// As it was written.
    pub words: String,
    pub(super) sought: Sought,
    matcher: Matcher,
    /// All lines that fit and are held lie in `low..high`, and all that fit in there are held.
    low: u64,
    high: u64,
    /// There was nothing beyond `high` when the log had so many lines and was open, or not.
    end: Option<(u64, bool)>,
    /// The number of the question for lines that is open, and whether it goes towards the beginning.
    asked: Option<(u64, bool)>,
    /// How many fit before line `counted`.
    count: u64,
    counted: u64,
    count_end: Option<(u64, bool)>,
    count_asked: Option<u64>,
}

impl LogPane {
    /// Shows only what fits; everything where nothing is given.
    pub fn sift(&mut self, words: &str, sought: Sought) -> Result<(), SoughtError> {
        let matcher = Matcher::new(&sought)?;
        let here = if self.follow { self.total } else { self.first_row() };
        self.forget_lines();
        self.filter = (!sought.is_empty()).then(|| Filter {
            words: words.to_owned(),
            sought,
            matcher,
            low: here,
            high: here,
            end: None,
            asked: None,
            count: 0,
            counted: 0,
            count_end: None,
            count_asked: None,
        });
        self.top = here;
        Ok(())
    }

    /// What lines have to fit to be shown.
    pub fn shown_only(&self) -> Sought {
        self.filter.as_ref().map_or_else(Sought::default, |filter| filter.sought.clone())
    }

    /// How many lines fit among how many that were looked at.
    pub fn sifted(&self) -> Option<(u64, u64)> {
        self.filter.as_ref().map(|filter| (filter.count, filter.counted))
    }

    /// What was asked for is lost: it is asked again.
    pub fn retry(&mut self) {
        (self.awaited, self.fault) = (None, None);
        if let Some(filter) = &mut self.filter {
            (filter.asked, filter.end, filter.count_asked, filter.count_end) = (None, None, None, None);
        }
    }

    /// Whether what is held reaches to the end of the log.
    pub(super) fn ends_here(&self) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.end.is_some())
    }

    /// Moves the part that is held to somewhere else.
    pub(super) fn sift_from(&mut self, line: u64) {
        if self.filter.as_ref().is_some_and(|filter| !(filter.low..=filter.high).contains(&line)) {
            self.forget_lines();
        }
        if let Some(filter) = self.filter.as_mut().filter(|filter| !(filter.low..=filter.high).contains(&line)) {
            (filter.low, filter.high, filter.end, filter.asked) = (line, line, None, None);
        }
    }

    /// Another log is shown under the same filter.
    pub(super) fn sift_anew(&mut self) {
        if let Some(filter) = &mut self.filter {
            (filter.low, filter.high, filter.end, filter.asked) = (0, 0, None, None);
            (filter.count, filter.counted, filter.count_end, filter.count_asked) = (0, 0, None, None);
        }
    }

    /// Takes what fits of lines that follow what is held. What leaves a gap is found by the engine.
    pub(super) fn sift_tail(&mut self, lines: &LogLines) {
        let Some(filter) = &mut self.filter else { return };
        let Some(first) = lines.lines.first().map(|line| line.number) else { return };
        if self.lines.is_empty() && self.follow && filter.low == filter.high && filter.asked.is_none() {
            // The first lines of a log that is followed from its end.
            (filter.low, filter.high) = (first, first);
        }
        if !(filter.low..=filter.high).contains(&first) {
            return;
        }
        for line in &lines.lines {
            let shown = super::shown(line);
            let fits = filter.matcher.fits(line.stream, &shown.text.plain());
            // One without an end may have come before and look otherwise now.
            if let Some(old) = self.lines.remove(&(line.number, line.part)) {
                self.bytes -= old.size();
            }
            if fits {
                self.bytes += shown.size();
                self.lines.insert((line.number, line.part), shown);
            }
            filter.high = filter.high.max(line.number + 1);
        }
        if filter.high >= self.total {
            filter.end = Some((self.total, self.open));
        }
    }

    /// What has to be asked so that what is in view is there.
    pub(super) fn sift_wants(&mut self) -> Option<Want> {
        let rows = usize::from(self.rows.max(1));
        let top = self.first_row();
        let state = (self.total, self.open);
        let above = self.numbers_before(top).take(rows).count();
        let below = self.numbers_from(top).take(2 * rows).count();
        let follow = self.follow;
        let filter = self.filter.as_mut()?;
        if filter.asked.is_none() {
            let way = if filter.end != Some(state) && (follow || below < 2 * rows) {
                Some((filter.high, false))
            } else if filter.low > 0 && (above < rows || below < rows) {
                Some((filter.low, true))
            } else {
                None
            };
            if let Some((from, backward)) = way {
                self.serial += 1;
                filter.asked = Some((self.serial, backward));
                return Some(Want::Hits { serial: self.serial, from, backward, most: PAGE });
            }
        }
        if filter.count_asked.is_none() && filter.count_end != Some(state) {
            self.serial += 1;
            filter.count_asked = Some(self.serial);
            return Some(Want::Hits { serial: self.serial, from: filter.counted, backward: false, most: 0 });
        }
        None
    }

    /// The request behind a want.
    pub fn sift_request(&self, from: u64, backward: bool, most: u32) -> Option<Request> {
        let (run, filter) = (self.run?, self.filter.as_ref()?);
        let (step, sought) = (self.step.clone(), filter.sought.clone());
        Some(Request::SearchLines { run, step, sought, from, backward, most })
    }

    /// Takes the answer with this number; `None` where it failed.
    pub fn take_hits(&mut self, serial: u64, hits: Option<LogHits>) {
        let Some(filter) = &mut self.filter else { return };
        let counts = filter.count_asked == Some(serial);
        let backward = filter.asked.filter(|asked| asked.0 == serial).map(|asked| asked.1);
        if !counts && backward.is_none() {
            return;
        }
        let Some(hits) = hits else {
            // It is asked again when the log changes, or the view.
            let state = Some((self.total, self.open));
            if counts {
                (filter.count_asked, filter.count_end) = (None, state);
            } else {
                (filter.asked, filter.end) = (None, state);
            }
            return;
        };
        self.total = self.total.max(hits.total);
        self.open = hits.open;
        // What came meanwhile was not looked at.
        let end = hits.end.then_some((hits.total, hits.open));
        if counts {
            filter.count_asked = None;
            filter.count += hits.count;
            filter.counted = hits.next;
            filter.count_end = end;
            return;
        }
        filter.asked = None;
        if backward == Some(true) {
            filter.low = filter.low.min(hits.next);
        } else {
            filter.high = filter.high.max(hits.next);
            filter.end = end;
        }
        for line in &hits.lines {
            let shown = super::shown(line);
            self.bytes += shown.size();
            if let Some(old) = self.lines.insert((line.number, line.part), shown) {
                self.bytes -= old.size();
            }
        }
        self.bound();
    }

    /// What lay at this line is not held any more.
    pub(super) fn sift_let_go(&mut self, line: u64, first: bool) {
        if let Some(filter) = &mut self.filter {
            // An answer that is on its way would leave a gap.
            filter.asked = None;
            if first {
                filter.low = line + 1;
            } else {
                (filter.high, filter.end) = (line, None);
            }
        }
    }
}
