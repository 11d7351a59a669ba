//! Lines that leave the console: for the clipboard, for a pager or an editor.

use super::{App, Effect};
use crate::console::export::{Export, Exported, Purpose};
use crate::console::link::Order;
use crate::safe;
use crate::text::SafeText;
use std::ops::RangeInclusive;

/// Lines that are copied where nobody says how many.
const LAST: usize = 100;

impl App {
    /// Copies what is selected, or else the current line.
    pub(super) fn copy(&mut self) {
        let lines = self.log.selected().or_else(|| self.log.current().map(|line| line..=line));
        self.log.selection = None;
        self.take_out(Purpose::Copy, lines);
    }

    /// Copies as many of the last lines as was written.
    pub(super) fn copy_last(&mut self, text: &str) {
        let wanted = if text.is_empty() { Ok(LAST) } else { text.parse() };
        match wanted {
            Ok(count @ 1..) => {
                let first = self.log.numbers_before(u64::MAX).take(count).last();
                self.take_out(Purpose::Copy, first.map(|first| first..=self.log.total.saturating_sub(1)));
            }
            _ => self.complain(safe!("`{}` is no number of lines", text)),
        }
    }

    /// Opens the whole log in another program.
    pub(super) fn view(&mut self, purpose: Purpose) {
        let lines = (self.log.total > 0).then(|| 0..=self.log.total - 1);
        if lines.is_some() {
            self.say(safe!("writing the log for it ..."));
        }
        self.take_out(purpose, lines);
    }

    fn take_out(&mut self, purpose: Purpose, lines: Option<RangeInclusive<u64>>) {
        let (Some(run), Some(lines)) = (self.log.run, lines) else {
            self.complain(safe!("there are no lines"));
            return;
        };
        let (step, sought) = (self.log.step.clone(), self.log.shown_only());
        let (first, last) = lines.into_inner();
        self.orders.push(Order::Export(Export { purpose, run, step, first, last, sought }));
    }

    pub(super) fn exported(&mut self, purpose: Purpose, done: Result<Exported, String>) {
        match (purpose, done) {
            (_, Err(reason)) => self.complain(safe!("{}", reason)),
            (_, Ok(Exported::Text(lines))) => self.effects.push(Effect::Copy(lines)),
            (Purpose::Copy, Ok(Exported::File { path, lines, cut })) => {
                let end = if cut { safe!(", and no more of them") } else { SafeText::empty() };
                self.say(safe!("too much for a clipboard: {} lines are in {}{}", lines, path, end));
            }
            (purpose, Ok(Exported::File { path, .. })) => {
                self.said = None;
                self.effects.push(Effect::View(purpose, path));
            }
        }
    }

    /// So many lines went to the terminal, or none.
    pub fn copied(&mut self, lines: Option<usize>) {
        match lines {
            Some(1) => self.say(safe!("1 line was sent to your terminal's clipboard, if it takes that")),
            Some(lines) => self.say(safe!("{} lines were sent to your terminal's clipboard, if it takes that", lines)),
            None => self.complain(safe!("the lines are too long for a clipboard")),
        }
    }

    /// Another program gave the terminal back.
    pub fn viewed(&mut self, words: Option<SafeText>) {
        if let Some(words) = words {
            self.complain(words);
        }
    }
}
