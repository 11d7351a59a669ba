//! The log that is shown: a window of lines that the engine sent, bounded whatever the log has. What is beyond it is asked for
//! when somebody goes there.
//!
//! | file | what |
//! | --- | --- |
//! | `find.rs` | looking for lines of the whole log |
//! | `sift.rs` | showing only lines that fit a filter |
//! | `notation.rs` | how people write what they look for |
//! | `place.rs` | where the view is, and what is picked and selected |

mod find;
pub mod notation;
mod place;
mod sift;

pub use find::{Find, Found};
pub use sift::Filter;

use crate::domain::{RunId, StepKind};
use crate::protocol::{LogInfo, LogLine, LogLines};
use crate::text::{self, SafeText};
use std::collections::BTreeMap;

/// Most lines, and most bytes of them, that are kept.
const MOST_LINES: usize = 20_000;
const MOST_BYTES: usize = 16 << 20;
/// Lines that are asked for at once.
pub const PAGE: u32 = 1000;

/// One line as it is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// When it was written, in milliseconds since 1970.
    pub time_ms: i64,
    /// 1 standard output, 2 standard error, 3 the engine.
    pub stream: u8,
    /// It.
    pub text: SafeText,
}

impl Shown {
    fn size(&self) -> usize {
        self.text.as_str().len()
    }
}

/// What the engine has to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// A page of lines.
    Lines {
        /// The first of them.
        first: u64,
    },
    /// Lines that fit the filter.
    Hits {
        /// The question's number.
        serial: u64,
        /// Where to begin.
        from: u64,
        /// Towards the beginning.
        backward: bool,
        /// Most lines; none to have them counted.
        most: u32,
    },
}

/// A log and where in it the view is.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct LogPane {
    /// The run.
    pub run: Option<RunId>,
    /// The step's name.
    pub step: String,
    /// The run's logs, oldest first, as far as they are known.
    pub steps: Vec<LogInfo>,
    /// Somebody chose the step: news of others does not take its place.
    pub chosen: bool,
    /// By number, and part of a long one.
    lines: BTreeMap<(u64, u64), Shown>,
    bytes: usize,
    /// How many lines the log has.
    pub total: u64,
    /// Whether more may come.
    pub open: bool,
    /// The end is followed.
    pub follow: bool,
    /// The line at the top while the end is not followed.
    pub top: u64,
    /// The lines there were when following stopped.
    pub left_at: u64,
    /// Columns that are scrolled to the side.
    pub side: usize,
    /// Long lines are wrapped.
    pub wrap: bool,
    /// Times are shown.
    pub times: bool,
    /// What is looked for.
    pub find: Option<Find>,
    /// What is shown, where it is not everything.
    pub filter: Option<Filter>,
    /// The line that was gone to.
    pub picked: Option<u64>,
    /// The first and the other end of what is selected.
    pub selection: Option<(u64, u64)>,
    /// Counts questions, so that late answers are told from others.
    serial: u64,
    /// Rows there were when it was drawn last.
    pub rows: u16,
    /// A page that was asked for and has not come.
    pub awaited: Option<u64>,
    /// Why nothing is shown.
    pub fault: Option<String>,
}

impl LogPane {
    /// Shows the log of another run, from its end.
    pub fn switch(&mut self, run: Option<RunId>) {
        let (wrap, times, rows, serial) = (self.wrap, self.times, self.rows, self.serial);
        *self = Self { run, follow: true, wrap, times, rows, serial, ..Self::default() };
    }

    /// Shows the log of another step of the run; what is looked for and the filter stay.
    pub fn show_step(&mut self, step: &str) {
        self.stop_looking();
        self.forget_lines();
        step.clone_into(&mut self.step);
        (self.total, self.open, self.top, self.left_at, self.follow) = (0, true, 0, 0, true);
        (self.picked, self.selection, self.fault) = (None, None, None);
        self.sift_anew();
    }

    /// It breaks off here, and why.
    pub fn cut_off(&mut self, why: &str) {
        if self.run.is_some() {
            self.open = false;
            self.fault = Some(why.to_owned());
        }
    }

    fn forget_lines(&mut self) {
        self.lines.clear();
        (self.bytes, self.awaited) = (0, None);
    }

    /// Takes lines of the log that the run writes. Gives whether they are of a step that was not shown before.
    pub fn take(&mut self, lines: &LogLines) -> bool {
        if self.run != Some(lines.run) {
            return false;
        }
        let other = self.step != lines.step;
        if other {
            // Somebody reads another log; the news waits.
            if self.chosen || (!self.follow && !self.step.is_empty()) {
                return !self.steps.iter().any(|log| log.step == lines.step);
            }
            self.show_step(&lines.step);
        }
        self.total = self.total.max(lines.total);
        (self.open, self.fault) = (lines.open, None);
        if self.filter.is_some() {
            self.sift_tail(lines);
        } else {
            self.put(lines);
        }
        self.bound();
        other
    }

    /// Takes a page that was asked for.
    pub fn take_page(&mut self, lines: &LogLines) {
        if self.run != Some(lines.run) || self.step != lines.step {
            return;
        }
        self.total = self.total.max(lines.total);
        (self.open, self.fault) = (lines.open, None);
        if self.filter.is_none() {
            self.put(lines);
            self.bound();
        }
    }

    fn put(&mut self, lines: &LogLines) {
        if let Some(first) = lines.lines.first()
            && self.awaited.is_some_and(|awaited| awaited >= first.number)
        {
            self.awaited = None;
        }
        for line in &lines.lines {
            let shown = shown(line);
            self.bytes += shown.size();
            if let Some(old) = self.lines.insert((line.number, line.part), shown) {
                self.bytes -= old.size();
            }
        }
    }

    /// Lets go of what is farthest from the view.
    fn bound(&mut self) {
        let view = self.first_row();
        while self.lines.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let (Some((&(first, _), _)), Some((&(last, part), _))) =
                (self.lines.first_key_value(), self.lines.last_key_value())
            else {
                return;
            };
            if first == last {
                // One line alone is too much: its end goes.
                self.let_go((last, part));
                continue;
            }
            let from_start = view.saturating_sub(first) > last.saturating_sub(view);
            let gone = if from_start { first } else { last };
            let keys: Vec<_> = self.lines.range((gone, 0)..(gone + 1, 0)).map(|(key, _)| *key).collect();
            for key in keys {
                self.let_go(key);
            }
            self.sift_let_go(gone, from_start);
        }
    }

    fn let_go(&mut self, key: (u64, u64)) {
        if let Some(old) = self.lines.remove(&key) {
            self.bytes -= old.size();
        }
    }

    /// A line's parts, joined; `None` where it is not loaded.
    pub fn line(&self, number: u64) -> Option<Vec<&Shown>> {
        let parts: Vec<&Shown> = self.lines.range((number, 0)..(number + 1, 0)).map(|(_, shown)| shown).collect();
        (!parts.is_empty()).then_some(parts)
    }

    /// What to ask the engine for, so that what is in view is there. Each is told once.
    pub fn wants(&mut self) -> Option<Want> {
        if self.filter.is_some() {
            return self.sift_wants();
        }
        self.missing().map(|first| Want::Lines { first })
    }

    /// The page to ask for, if one that is in view is missing.
    fn missing(&mut self) -> Option<u64> {
        let first = self.first_row();
        let end = (first + u64::from(self.rows)).min(self.total);
        let missing = (first..end).find(|number| !self.lines.contains_key(&(*number, 0)))?;
        // Going up, what is before is wanted next.
        let from = if missing == first { end.saturating_sub(u64::from(PAGE) / 2).min(first) } else { missing };
        if self.awaited == Some(from) {
            return None;
        }
        self.awaited = Some(from);
        Some(from)
    }

    /// Services whose logs grow beside the one that is shown, by name. They have logs of their own, one step away.
    pub fn beside(&self) -> Vec<&str> {
        let Some(shown) = self.steps.iter().find(|log| log.step == self.step).filter(|_| self.open) else {
            return Vec::new();
        };
        let beside = self.steps.iter().filter(|log| {
            (log.key.kind, log.key.iteration) == (StepKind::Service, shown.key.iteration)
                && log.key.attempt == shown.key.attempt
                && log.open
                && log.step != shown.step
        });
        beside.filter_map(|log| log.key.suite.rsplit_once('.').map(|(_, service)| service)).collect()
    }

    /// The step before or after the one that is shown.
    pub fn neighbour(&self, forward: bool) -> Option<&LogInfo> {
        let at = self.steps.iter().position(|log| log.step == self.step)?;
        if forward { self.steps.get(at + 1) } else { self.steps.get(at.checked_sub(1)?) }
    }
}

/// A line made safe. Colours do not reach over its end: any line may be the first that is loaded.
fn shown(line: &LogLine) -> Shown {
    let bytes = line.bytes.decode().unwrap_or_default();
    let text = text::log::shown(&bytes);
    Shown { time_ms: line.time_ms, stream: line.stream, text }
}

#[cfg(test)]
mod tests;
