//! The audit log page by page, for people who look into it. Checking it is the audit room's.

use super::{StoreError, View};
use crate::audit::hex;
use crate::domain::{AuditPage, AuditRecord, RunId};
use rusqlite::params;

/// Records that are looked at for one page.
const SPAN: u64 = 20_000;
/// Records on one page.
const MOST: usize = 500;
/// Bytes of records on one page, not counted the one that makes it full.
const BYTES: usize = 1024 * 1024;

/// Which records a page shall have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only records before this one.
    pub before: Option<u64>,
    /// Most records; there is a bound anyway.
    pub most: usize,
    /// Only records about this run.
    pub run: Option<RunId>,
    /// Only records of a kind that begins so.
    pub kind: Option<String>,
    /// Only records that hold this text, in upper or lower case.
    pub text: Option<String>,
}

impl View<'_> {
    /// The newest records that pass the filter, the newest first. What it costs is bounded whatever passes.
    pub fn audit_page(&self, wanted: &AuditFilter) -> Result<AuditPage, StoreError> {
        let above = self.audit_head()?.saturating_add(1);
        let end = wanted.before.map_or(above, |before| before.clamp(1, above));
        let floor = end.saturating_sub(SPAN).max(1);
        let text = wanted.text.as_ref().map(|text| text.to_lowercase());
        let mut statement = self.connection().prepare_cached(
            "SELECT seq, hash, record FROM audit WHERE seq >= ?1 AND seq < ?2 AND (?3 IS NULL OR run = ?3)
                AND (?4 IS NULL OR substr(kind, 1, length(?4)) = ?4)
             ORDER BY seq DESC",
        )?;
        let mut rows = statement.query(params![floor, end, wanted.run.map(|run| run.0), wanted.kind])?;
        let mut page = AuditPage { records: Vec::new(), next: (floor > 1).then_some(floor) };
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let seq: u64 = row.get(0)?;
            let record: Vec<u8> = row.get(2)?;
            // Whoever damaged a record gets it shown as it is; whether it holds is for the check to say.
            let record = String::from_utf8_lossy(&record).into_owned();
            if text.as_ref().is_some_and(|text| !record.to_lowercase().contains(text)) {
                continue;
            }
            bytes += record.len();
            page.records.push(AuditRecord { seq, hash: hex(&row.get::<_, Vec<u8>>(1)?), record });
            if page.records.len() >= wanted.most.clamp(1, MOST) || bytes >= BYTES {
                page.next = (seq > 1).then_some(seq);
                break;
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::audit::AuditEvent;
    use crate::domain::Actor;
    use crate::store::{Options, Store};
    use serde_json::json;

    fn store(count: u64) -> Store {
        let store = Store::in_memory(&Options::default()).unwrap();
        let written = store.write_sync(move |tx| {
            for number in 0..count {
                let kind = if number % 2 == 0 { "run.even" } else { "step.odd" };
                let event = AuditEvent::new(Actor::Engine, kind).run(RunId(1 + i64::try_from(number % 3).unwrap()));
                tx.record(event.detail(json!({ "say": format!("Word{number}") })))?;
            }
            Ok(())
        });
        written.unwrap();
        store
    }

    fn head(store: &Store) -> u64 {
        let head = |view: &View<'_>| view.audit_head();
        store.read_sync(head).unwrap()
    }

    /// Every record that passes, by as many pages as it takes.
    fn all(store: &Store, wanted: &AuditFilter) -> Vec<u64> {
        let mut found = Vec::new();
        let mut wanted = wanted.clone();
        loop {
            let filter = wanted.clone();
            let page = store.read_sync(|view| view.audit_page(&filter)).unwrap();
            found.extend(page.records.iter().map(|record| record.seq));
            match page.next {
                Some(next) => wanted.before = Some(next),
                None => return found,
            }
        }
    }

    #[test]
    fn pages_go_back_to_the_beginning_and_leave_nothing_out() {
        let store = store(57);
        let head = head(&store);
        let wanted = |most| AuditFilter { most, ..AuditFilter::default() };
        let everything: Vec<u64> = (1..=head).rev().collect();
        for most in [0, 1, 10, 57, 1000] {
            assert_eq!(all(&store, &wanted(most)), everything);
        }
        let text = |text: &str| AuditFilter { text: Some(text.to_owned()), ..wanted(7) };
        assert_eq!(all(&store, &text("word56")), [head]);
        assert_eq!(all(&store, &text("nothing of the kind")), Vec::<u64>::new());
        let kind = AuditFilter { kind: Some("step.".to_owned()), ..wanted(5) };
        assert_eq!(all(&store, &kind).len(), 28);
        let run = AuditFilter { run: Some(RunId(2)), kind: Some("run".to_owned()), ..wanted(5) };
        assert_eq!(all(&store, &run).len(), 9);
        let beyond = AuditFilter { before: Some(u64::MAX), ..wanted(5) };
        assert_eq!(all(&store, &beyond), everything);
        assert_eq!(all(&store, &AuditFilter { before: Some(0), ..wanted(5) }), Vec::<u64>::new());
    }

    #[test]
    fn a_page_is_bounded_in_bytes_and_in_what_it_looks_at() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let written = store.write_sync(|tx| {
            for _ in 0..100 {
                tx.record(AuditEvent::new(Actor::Engine, "big").detail(json!("x".repeat(60_000))))?;
            }
            Ok(())
        });
        written.unwrap();
        let filter = AuditFilter { most: 100, ..AuditFilter::default() };
        let page = store.read_sync(|view| view.audit_page(&filter)).unwrap();
        assert!(page.records.len() < 20 && page.next == page.records.last().map(|record| record.seq));
        let head = head(&store);
        assert_eq!(all(&store, &filter).len() as u64, head);
    }
}
