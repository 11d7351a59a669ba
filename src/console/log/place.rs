//! Where in a log the view is, which line was gone to, and what is selected.

use super::LogPane;
use std::ops::RangeInclusive;

/// Columns to the side that one key moves.
const SIDE: usize = 8;
/// Moves that are meant to go all the way.
const FAR: u64 = 1 << 40;

impl LogPane {
    /// Numbers of lines that can be shown, from one on; with a filter those that are held.
    pub fn numbers_from(&self, line: u64) -> Box<dyn Iterator<Item = u64> + '_> {
        if self.filter.is_none() {
            return Box::new(line..self.total);
        }
        Box::new(self.lines.range((line, 0)..).map(|(at, _)| *at).filter(|at| at.1 == 0).map(|at| at.0))
    }

    /// The same backward, from before one on.
    pub fn numbers_before(&self, line: u64) -> Box<dyn Iterator<Item = u64> + '_> {
        if self.filter.is_none() {
            return Box::new((0..line.min(self.total)).rev());
        }
        Box::new(self.lines.range(..(line, 0)).rev().map(|(at, _)| *at).filter(|at| at.1 == 0).map(|at| at.0))
    }

    /// Rows below the last line: there the end of a log is marked that does not grow any more.
    fn rows_below(&self) -> u64 {
        u64::from(!self.open && self.total > 0 && self.neighbour(true).is_some())
    }

    /// Whether the mark of the end belongs below the last line.
    pub fn has_end_mark(&self) -> bool {
        self.rows_below() > 0
    }

    /// The line at the top where the end is in view.
    fn last_top(&self) -> u64 {
        let rows = u64::from(self.rows.max(1)).saturating_sub(self.rows_below()).max(1);
        let before = usize::try_from(rows - 1).unwrap_or(0);
        let mut back = self.numbers_before(u64::MAX);
        if self.filter.is_none() {
            return self.total.saturating_sub(rows);
        }
        let mut last = None;
        for number in back.by_ref().take(before + 1) {
            last = Some(number);
        }
        last.unwrap_or(self.total)
    }

    /// The line in the first row.
    pub fn first_row(&self) -> u64 {
        if self.follow {
            return self.last_top();
        }
        let found = self.numbers_from(self.top).next().or_else(|| self.numbers_before(u64::MAX).next());
        let first = found.unwrap_or_else(|| self.top.min(self.total.saturating_sub(1)));
        // No row stays empty for nothing; wrapped lines fill more rows than can be told here.
        if self.ends_here() && !self.wrap { first.min(self.last_top()) } else { first }
    }

    /// Numbers of the lines that are in view, where each has one row.
    pub fn shown_numbers(&self) -> Vec<u64> {
        self.numbers_from(self.first_row()).take(usize::from(self.rows.max(1))).collect()
    }

    /// Moves by lines: the view, or the end of the selection. Going up ends following, and coming to the end begins it.
    pub fn scroll(&mut self, by: i64) {
        if let Some((from, at)) = self.selection {
            let to = self.moved(at, by);
            self.selection = Some((from, to));
            self.show(to);
            return;
        }
        if by.unsigned_abs() > FAR {
            self.go_to_end(by < 0);
            return;
        }
        // Under a filter the last line that is held may be far from the end.
        let last = if self.ends_here() { self.last_top() } else { u64::MAX };
        let to = self.moved(self.first_row(), by).min(last);
        if by < 0 && to < last {
            self.stop();
        }
        self.top = to;
        if by > 0 && to >= last {
            self.follow = true;
        }
    }

    fn go_to_end(&mut self, first: bool) {
        if first && self.first_row() > 0 {
            self.stop();
            self.top = 0;
        }
        self.follow |= !first;
        self.sift_from(if first { 0 } else { self.total });
    }

    /// The line so many from another.
    fn moved(&self, from: u64, by: i64) -> u64 {
        if self.filter.is_none() {
            return from.saturating_add_signed(by).min(self.total.saturating_sub(1));
        }
        let far = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
        let numbers = if by < 0 { self.numbers_before(from) } else { self.numbers_from(from.saturating_add(1)) };
        numbers.take(far).last().unwrap_or(from)
    }

    /// Stops following where it is.
    pub fn stop(&mut self) {
        if self.follow {
            self.top = self.first_row();
            self.left_at = self.total;
            self.follow = false;
        }
    }

    /// Goes to a line and marks it.
    pub fn pick(&mut self, line: u64) {
        self.sift_from(line);
        self.picked = Some(line);
        if let Some((from, _)) = self.selection {
            self.selection = Some((from, line));
        }
        self.show(line);
    }

    /// Brings a line into view; where it is not, with some lines before it.
    fn show(&mut self, line: u64) {
        let line = line.min(self.total.saturating_sub(1));
        if self.shown_numbers().contains(&line) && (self.filter.is_some() || !self.wrap) {
            return;
        }
        self.stop();
        // Wrapped lines before it could push it out of view.
        let context = if self.wrap { 0 } else { usize::from(self.rows / 3) };
        self.top = self.numbers_before(line).take(context).last().unwrap_or(line);
    }

    /// Moves to the side.
    pub fn sideways(&mut self, right: bool) {
        self.side = if right { self.side + SIDE } else { self.side.saturating_sub(SIDE) };
    }

    /// Lines that came since the end was left.
    pub fn unseen(&self) -> u64 {
        if self.follow { 0 } else { self.total.saturating_sub(self.left_at) }
    }

    /// The line that copying means: the one that was gone to, if it is in view, otherwise the last one where the end is
    /// followed, and the first one in view where it is not.
    pub fn current(&self) -> Option<u64> {
        let shown = self.shown_numbers();
        let ends = if self.follow { shown.last() } else { shown.first() };
        self.picked.filter(|picked| shown.contains(picked)).or_else(|| ends.copied())
    }

    /// Begins a selection at the current line.
    pub fn select(&mut self) {
        if let Some(line) = self.current() {
            // What is selected must not run away.
            self.stop();
            self.selection = Some((line, line));
        }
    }

    /// The lines that are selected.
    pub fn selected(&self) -> Option<RangeInclusive<u64>> {
        self.selection.map(|(from, to)| from.min(to)..=from.max(to))
    }
}
