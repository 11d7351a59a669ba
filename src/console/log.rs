//! The log that is shown: a window of lines that the engine sent, bounded whatever the log has. What is beyond it is asked for
//! when somebody goes there.

use crate::domain::RunId;
use crate::protocol::{LogLine, LogLines};
use crate::text::{LogParser, SafeText};
use std::collections::BTreeMap;

/// Most lines, and most bytes of them, that are kept.
const MOST_LINES: usize = 20_000;
const MOST_BYTES: usize = 16 << 20;
/// Lines that are asked for at once.
pub const PAGE: u32 = 1000;
/// Columns to the side that one key moves.
const SIDE: usize = 8;

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

/// A log and where in it the view is.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct LogPane {
    /// The run.
    pub run: Option<RunId>,
    /// The step's name.
    pub step: String,
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
    /// What is searched for.
    pub search: String,
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
        let kept = Self { wrap: self.wrap, times: self.times, rows: self.rows, ..Self::default() };
        *self = Self { run, follow: true, ..kept };
    }

    /// Takes lines that came.
    pub fn take(&mut self, lines: LogLines) {
        if self.run != Some(lines.run) {
            return;
        }
        if self.step != lines.step {
            if !self.follow && !self.step.is_empty() {
                // Somebody reads an older log; the news waits.
                return;
            }
            let run = self.run;
            let side = self.side;
            let search = std::mem::take(&mut self.search);
            self.switch(run);
            (self.step, self.side, self.search) = (lines.step, side, search);
        }
        self.total = self.total.max(lines.total);
        self.open = lines.open;
        if let Some(first) = lines.lines.first()
            && self.awaited.is_some_and(|awaited| awaited >= first.number)
        {
            self.awaited = None;
        }
        for line in &lines.lines {
            let shown = shown(line);
            self.bytes += shown.text.as_str().len();
            if let Some(old) = self.lines.insert((line.number, line.part), shown) {
                self.bytes -= old.text.as_str().len();
            }
        }
        self.bound();
    }

    /// Lets go of what is farthest from the view.
    fn bound(&mut self) {
        let view = (self.first_row(), 0);
        while self.lines.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let (Some((first, _)), Some((last, _))) = (self.lines.first_key_value(), self.lines.last_key_value())
            else {
                return;
            };
            let gone = if view.0 - first.0.min(view.0) > last.0.saturating_sub(view.0) { *first } else { *last };
            if let Some(old) = self.lines.remove(&gone) {
                self.bytes -= old.text.as_str().len();
            }
        }
    }

    /// The line in the first row.
    pub fn first_row(&self) -> u64 {
        let last = self.total.saturating_sub(u64::from(self.rows.max(1)));
        if self.follow { last } else { self.top.min(self.total.saturating_sub(1)) }
    }

    /// A line's parts, joined; `None` where it is not loaded.
    pub fn line(&self, number: u64) -> Option<Vec<&Shown>> {
        let parts: Vec<&Shown> = self.lines.range((number, 0)..(number + 1, 0)).map(|(_, shown)| shown).collect();
        (!parts.is_empty()).then_some(parts)
    }

    /// The page to ask for, if one that is in view is missing.
    pub fn missing(&mut self) -> Option<u64> {
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

    /// Moves the view by lines; going up ends following, and coming to the end begins it.
    pub fn scroll(&mut self, by: i64) {
        let from = self.first_row();
        let last = self.total.saturating_sub(u64::from(self.rows.max(1)));
        let to = from.saturating_add_signed(by).min(last);
        if by < 0 && to < last {
            self.stop();
        }
        self.top = to;
        if by > 0 && to >= last {
            self.follow = true;
        }
    }

    /// Stops following where it is.
    pub fn stop(&mut self) {
        if self.follow {
            self.top = self.first_row();
            self.left_at = self.total;
            self.follow = false;
        }
    }

    /// Goes to a line.
    pub fn go(&mut self, line: u64) {
        self.stop();
        self.top = line.min(self.total.saturating_sub(1));
    }

    /// Moves to the side.
    pub fn sideways(&mut self, right: bool) {
        self.side = if right { self.side + SIDE } else { self.side.saturating_sub(SIDE) };
    }

    /// Lines that came since the end was left.
    pub fn unseen(&self) -> u64 {
        if self.follow { 0 } else { self.total.saturating_sub(self.left_at) }
    }

    /// Whether a line holds what is searched for.
    pub fn hit(&self, shown: &Shown) -> bool {
        !self.search.is_empty() && shown.text.plain().to_lowercase().contains(&self.search.to_lowercase())
    }

    /// Goes to the next hit in a direction among the loaded lines; gives whether there is one.
    pub fn seek(&mut self, forward: bool) -> bool {
        let from = self.first_row();
        let found = if forward {
            self.lines.range((from + 1, 0)..).find(|(_, shown)| self.hit(shown)).map(|(at, _)| at.0)
        } else {
            self.lines.range(..(from, 0)).rev().find(|(_, shown)| self.hit(shown)).map(|(at, _)| at.0)
        };
        if let Some(line) = found {
            self.go(line);
        }
        found.is_some()
    }
}

/// A line made safe. Colours do not reach over its end: any line may be the first that is loaded.
fn shown(line: &LogLine) -> Shown {
    let bytes = line.bytes.decode().unwrap_or_default();
    let mut parser = LogParser::new();
    let mut text = SafeText::empty();
    let mut keep = |styled: crate::text::StyledLine| text.push(&styled.to_terminal(true));
    parser.push(&bytes, &mut keep);
    parser.finish(&mut keep);
    Shown { time_ms: line.time_ms, stream: line.stream, text }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::protocol::Bytes;
    use proptest::prelude::*;

    fn lines(step: &str, numbers: std::ops::Range<u64>, total: u64) -> LogLines {
        let line = |number| LogLine {
            number,
            part: 0,
            time_ms: 0,
            stream: 1,
            bytes: Bytes::new(format!("line {number}").as_bytes()),
            whole: true,
        };
        LogLines { run: RunId(1), step: step.to_owned(), lines: numbers.map(line).collect(), total, open: true }
    }

    fn pane() -> LogPane {
        let mut pane = LogPane::default();
        pane.switch(Some(RunId(1)));
        pane.rows = 10;
        pane
    }

    #[test]
    fn scrolling_up_ends_following_and_tells_what_is_new() {
        let mut pane = pane();
        pane.take(lines("a", 0..100, 100));
        assert_eq!((pane.first_row(), pane.follow), (90, true));
        pane.scroll(-5);
        pane.take(lines("a", 100..130, 130));
        assert_eq!((pane.first_row(), pane.unseen()), (85, 30));
        pane.scroll(1000);
        assert_eq!((pane.first_row(), pane.follow, pane.unseen()), (120, true, 0));
    }

    #[test]
    fn what_is_not_loaded_is_asked_for_once() {
        let mut pane = pane();
        pane.take(lines("a", 5000..6000, 6000));
        assert_eq!(pane.missing(), None);
        pane.go(100);
        let from = pane.missing().unwrap();
        assert!(from <= 100 && from + u64::from(PAGE) >= 110);
        assert_eq!(pane.missing(), None);
        pane.take(lines("a", from..from + u64::from(PAGE), 6000));
        assert_eq!(pane.missing(), None);
        assert!(pane.line(100).is_some());
    }

    #[test]
    fn a_new_step_is_shown_only_to_those_who_follow() {
        let mut pane = pane();
        pane.take(lines("a", 0..50, 50));
        pane.scroll(-1);
        pane.take(lines("b", 0..3, 3));
        assert_eq!(pane.step, "a");
        pane.scroll(100);
        pane.take(lines("b", 0..3, 3));
        assert_eq!((pane.step.as_str(), pane.total), ("b", 3));
    }

    proptest! {
        #[test]
        fn the_view_stays_inside_and_memory_bounded(
            moves in proptest::collection::vec((any::<bool>(), -300_i64..300, 0_u64..3000), 0..60), rows in 0_u16..80,
        ) {
            let mut pane = pane();
            pane.rows = rows;
            let mut total = 0;
            for (grow, by, more) in moves {
                if grow {
                    let from = total.max((total + more).saturating_sub(1000));
                    total += more;
                    pane.take(lines("a", from..total, total));
                } else {
                    pane.scroll(by);
                }
                prop_assert!(pane.first_row() <= total);
                prop_assert!(pane.lines.len() <= MOST_LINES && pane.bytes <= MOST_BYTES);
                if let Some(from) = pane.missing() {
                    let end = (from + u64::from(PAGE)).min(total);
                    pane.take(lines("a", from..end, total));
                }
            }
        }
    }
}
