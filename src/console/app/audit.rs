//! The audit log as far as it is held: pages that the engine sent, the newest first, bounded in count and bytes.

use super::filter::List;
use super::{App, Asked};
use crate::domain::{AuditAbout, AuditPage, AuditRecord, Millis, RunId};
use crate::protocol::Request;
use crate::safe;
use serde_json::Value;

/// Records that are asked for at once.
const PAGE: u32 = 200;
/// Records that are held, and their bytes. Whoever goes further back lets the newest go.
const MOST: usize = 5_000;
const BYTES: usize = 16 * 1024 * 1024;
/// Rows below the selected one that are loaded ahead.
const AHEAD: usize = 60;

/// A part of the log that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console) enum Part {
    /// What came last.
    Newest,
    /// What came before this event.
    Before(u64),
}

/// One record with what a row shows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// It, exactly.
    pub record: AuditRecord,
    /// When, by the wall clock of then.
    pub wall: Millis,
    /// What happened, who did it, and what to, as the record says.
    pub kind: String,
    /// Who.
    pub actor: String,
    /// The run.
    pub run: Option<RunId>,
    /// The rest, in one line.
    pub rest: String,
}

impl Event {
    fn new(record: AuditRecord) -> Self {
        let value: Value = serde_json::from_str(&record.record).unwrap_or(Value::Null);
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let actor = value.get("actor").cloned().map(serde_json::from_value::<crate::domain::Actor>);
        let actor = match actor {
            Some(Ok(actor)) => actor.label().to_owned(),
            _ => value.get("actor").map(Value::to_string).unwrap_or_default(),
        };
        let mut rest = value.get("detail").map(Value::to_string).unwrap_or_default();
        if let Some((end, _)) = rest.char_indices().nth(300) {
            rest.truncate(end);
        }
        Self {
            wall: Millis(value.get("wall").and_then(Value::as_i64).unwrap_or_default()),
            kind: text("kind"),
            actor,
            run: value.get("run").and_then(Value::as_i64).map(RunId),
            rest,
            record,
        }
    }
}

/// What is held of the log.
#[derive(Debug, Default)]
pub struct AuditList {
    /// Events, the newest first.
    pub events: Vec<Event>,
    /// Everything from this number on was looked at; none at the beginning of the log.
    pub next: Option<u64>,
    /// The selected event; none for the newest.
    pub at: Option<u64>,
    /// Why nothing comes, if so.
    pub fault: Option<String>,
    /// The first page was seen.
    pub begun: bool,
    /// Newer events were let go.
    pub cut: bool,
    /// Counts the filters, so that answers to an earlier one are known.
    generation: u64,
    asked: Option<Part>,
    fresh: bool,
}

impl AuditList {
    /// Begins anew, as after a change of the filter.
    pub fn restart(&mut self) {
        *self = Self { generation: self.generation + 1, ..Self::default() };
    }

    /// There may be newer events.
    pub fn outdate(&mut self) {
        self.fresh = false;
    }

    /// The place of the selected event.
    pub fn place(&self) -> usize {
        let at = self.at.and_then(|at| self.events.iter().position(|event| event.record.seq == at));
        at.unwrap_or(0)
    }

    /// The selected event.
    pub fn selected(&self) -> Option<&Event> {
        self.events.get(self.place())
    }

    /// Whether the engine still looks for events that pass.
    pub fn seeks(&self) -> bool {
        self.asked.is_some()
    }

    /// Selects the event at a place of the list.
    pub(super) fn choose(&mut self, place: usize) {
        self.at = self.events.get(place).map(|event| event.record.seq).filter(|_| place > 0);
    }

    pub(super) fn move_by(&mut self, by: i64) {
        let numbers: Vec<u64> = self.events.iter().map(|event| event.record.seq).collect();
        let to = super::list::moved(&numbers, self.selected().map(|event| event.record.seq), by);
        if self.cut && by < 0 && to == numbers.first().copied() {
            self.restart();
            return;
        }
        self.at = to.filter(|to| numbers.first() != Some(to));
    }

    /// What has to be asked for.
    fn wanted(&mut self) -> Option<Part> {
        if self.asked.is_some() {
            return None;
        }
        if !self.fresh && !self.cut {
            self.fresh = true;
            return Some(Part::Newest);
        }
        let near = self.place() + AHEAD >= self.events.len();
        (self.begun && near && self.fault.is_none()).then_some(self.next).flatten().map(Part::Before)
    }

    fn take(&mut self, part: Part, page: AuditPage) {
        let older = part != Part::Newest;
        (self.fault, self.asked) = (None, None);
        let AuditPage { records, next } = page;
        let newest = self.events.first().map_or(0, |event| event.record.seq);
        if older || !self.begun {
            self.events.extend(records.into_iter().map(Event::new));
            (self.next, self.begun) = (next, true);
        } else if next.is_some_and(|next| next > newest + 1) {
            // More came than a page holds: what is between is not known, so the list begins anew.
            self.events = records.into_iter().map(Event::new).collect();
            self.next = next;
        } else {
            let new: Vec<Event> =
                records.into_iter().take_while(|record| record.seq > newest).map(Event::new).collect();
            self.events.splice(0..0, new);
        }
        let mut bytes: usize = self.events.iter().map(|event| event.record.record.len()).sum();
        let (mut left, mut gone) = (self.events.len(), 0);
        // What is read stays; so the other end goes.
        while left > MOST || (bytes > BYTES && left > 1) {
            let place = if older { gone } else { left - 1 };
            bytes -= self.events.get(place).map_or(0, |event| event.record.record.len());
            (left, gone) = (left - 1, gone + 1);
        }
        if gone > 0 && older {
            self.events.drain(..gone);
            self.cut = true;
        } else if gone > 0 {
            self.events.truncate(left);
            self.next = self.events.last().map(|event| event.record.seq);
        }
    }
}

impl App {
    /// Asks for events that are in view and not there.
    pub(super) fn want_events(&mut self) {
        let (run, kind, text) = match wanted(self.filters.of(List::Audit)) {
            Ok(wanted) => wanted,
            Err(word) => {
                self.audit.fault = Some(format!("`{word}` names no run: write run: and its id, such as run:r12"));
                return;
            }
        };
        if let Some(part) = self.audit.wanted() {
            self.audit.asked = Some(part);
            let why = Asked::Events(self.audit.generation, part);
            let before = match part {
                Part::Newest => None,
                Part::Before(seq) => Some(seq),
            };
            let about = AuditAbout::default();
            self.ask(why, Request::Audit { before, most: PAGE, run, kind, text, about });
        }
    }

    pub(super) fn take_events(&mut self, generation: u64, part: Part, page: Result<AuditPage, String>) {
        if generation != self.audit.generation {
            return;
        }
        match page {
            Ok(page) => self.audit.take(part, page),
            Err(fault) => {
                self.audit.asked = None;
                if self.audit.begun {
                    self.complain(safe!("{}", fault));
                }
                // It is not asked for again before something has changed.
                self.audit.fault = Some(fault);
            }
        }
    }
}

type Wanted = (Option<RunId>, Option<String>, Option<String>);

/// What a filter asks the engine for: `run:r12`, `kind:question`, and any text.
fn wanted(filter: &str) -> Result<Wanted, String> {
    let (mut run, mut kind, mut text) = (None, None, Vec::new());
    for word in filter.split_whitespace() {
        if let Some(id) = word.strip_prefix("run:") {
            let id = id.strip_prefix('r').unwrap_or(id);
            run = Some(RunId(id.parse().map_err(|_| word.to_owned())?));
        } else if let Some(name) = word.strip_prefix("kind:") {
            kind = Some(name.to_owned());
        } else {
            text.push(word);
        }
    }
    Ok((run, kind, (!text.is_empty()).then(|| text.join(" "))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn page(numbers: impl IntoIterator<Item = u64>, next: Option<u64>, size: usize) -> AuditPage {
        let record =
            |seq| AuditRecord { seq, hash: String::new(), record: format!("{{\"kind\":\"{}\"}}", "k".repeat(size)) };
        AuditPage { records: numbers.into_iter().map(record).collect(), next }
    }

    fn held(list: &AuditList) -> Vec<u64> {
        list.events.iter().map(|event| event.record.seq).collect()
    }

    #[test]
    fn newer_events_come_on_top_and_a_gap_begins_anew() {
        let mut list = AuditList::default();
        assert_eq!(list.wanted(), Some(Part::Newest));
        list.take(Part::Newest, page((5..=9).rev(), Some(5), 1));
        assert_eq!(list.wanted(), Some(Part::Before(5)));
        list.take(Part::Before(5), page((1..5).rev(), None, 1));
        assert_eq!((held(&list), list.wanted()), ((1..=9).rev().collect(), None));
        list.move_by(3);
        list.outdate();
        assert_eq!(list.wanted(), Some(Part::Newest));
        list.take(Part::Newest, page((7..=11).rev(), Some(7), 1));
        assert_eq!((held(&list), list.selected().unwrap().record.seq), ((1..=11).rev().collect(), 6));
        list.take(Part::Newest, page((30..=40).rev(), Some(30), 1));
        assert_eq!((held(&list), list.next), ((30..=40).rev().collect(), Some(30)));
    }

    #[test]
    fn what_is_held_is_bounded_however_far_somebody_goes_back() {
        let mut list = AuditList::default();
        list.take(Part::Newest, page((90_000..100_000).rev(), Some(90_000), 1));
        assert_eq!((list.events.len(), list.next), (MOST, Some(95_000)));
        list.take(Part::Before(95_000), page((94_000..95_000).rev(), Some(94_000), 1));
        assert!(list.events.len() == MOST && list.cut && held(&list)[0] == 98_999);
        list.take(Part::Before(94_000), page((93_000..94_000).rev(), Some(93_000), 60_000));
        assert!(list.events.len() < 300, "{}", list.events.len());
        // Newer events are not put above a gap; whoever goes to the top begins anew.
        list.outdate();
        list.move_by(i64::MIN / 2);
        assert!(list.events.is_empty() && list.wanted() == Some(Part::Newest));
    }

    #[test]
    fn a_filter_names_run_kind_and_text() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(wanted("run:r3 kind:run.  two words").unwrap(), (Some(RunId(3)), text("run."), text("two words")));
        assert_eq!(wanted(" ").unwrap(), (None, None, None));
        assert_eq!(wanted("run:x").unwrap_err(), "run:x");
    }
}
