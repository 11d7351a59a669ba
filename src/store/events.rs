//! The audit log page by page, for people who look into it. Checking it is the audit room's.

use super::{StoreError, View};
use crate::audit::hex;
use crate::domain::{AssetId, AuditAbout, AuditPage, AuditRecord, RunId};
use rusqlite::params;
use serde_json::Value;

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
    /// What else they must be.
    pub about: AuditAbout,
}

impl View<'_> {
    /// The newest records that pass the filter, the newest first. What it costs is bounded whatever passes.
    pub fn audit_page(&self, wanted: &AuditFilter) -> Result<AuditPage, StoreError> {
        let above = self.audit_head()?.saturating_add(1);
        let end = wanted.before.map_or(above, |before| before.clamp(1, above));
        let floor = end.saturating_sub(SPAN).max(1);
        let text = wanted.text.as_ref().map(|text| text.to_lowercase());
        let asset = match &wanted.about.asset {
            Some(name) => self.asset_named(name)?.map(|asset| asset.id),
            None => None,
        };
        let mut statement = self.connection().prepare_cached(
            "SELECT seq, hash, record FROM audit WHERE seq >= ?1 AND seq < ?2 AND (?3 IS NULL OR run = ?3)
                AND (?4 IS NULL OR substr(kind, 1, length(?4)) = ?4)
                AND (?5 IS NULL OR wall >= ?5) AND (?6 IS NULL OR wall < ?6)
             ORDER BY seq DESC",
        )?;
        let mut rows = statement.query(params![
            floor,
            end,
            wanted.run.map(|run| run.0),
            wanted.kind,
            wanted.about.from.map(|at| at.0),
            wanted.about.until.map(|at| at.0),
        ])?;
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
            if !concerns(&record, &wanted.about, asset) {
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

/// Whether a record is by the person and about the asset that are wanted.
fn concerns(record: &str, about: &AuditAbout, asset: Option<AssetId>) -> bool {
    if about.by.is_none() && about.asset.is_none() {
        return true;
    }
    let Ok(value) = serde_json::from_str::<Value>(record) else { return false };
    let by = about.by.as_ref().is_none_or(|by| {
        let names =
            ["name", "login_name"].map(|field| value.pointer(&format!("/actor/{field}")).and_then(Value::as_str));
        names.contains(&Some(by.as_str()))
            || (by == "engine" && value.pointer("/actor/kind") == Some(&Value::from("engine")))
    });
    let of_assets = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("asset."));
    let detail = value.get("detail").unwrap_or(&Value::Null);
    by && about.asset.as_ref().is_none_or(|name| names(detail, name, asset, of_assets))
}

/// Whether a detail names the asset: under `asset` or `assets`, by name or number, or under `name` where it is about assets alone.
fn names(detail: &Value, name: &str, id: Option<AssetId>, of_assets: bool) -> bool {
    let is_it =
        |value: &Value| value.as_str() == Some(name) || (value.is_number() && value.as_i64() == id.map(|id| id.0));
    match detail {
        Value::Object(fields) => fields.iter().any(|(key, value)| match value {
            Value::Array(all) if key == "assets" => all.iter().any(|one| is_it(one) || names(one, name, id, of_assets)),
            value if key == "asset" && is_it(value) => true,
            value if key == "name" && of_assets => value.as_str() == Some(name),
            value => names(value, name, id, of_assets),
        }),
        Value::Array(all) => all.iter().any(|one| names(one, name, id, of_assets)),
        _ => false,
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

    #[test]
    fn a_person_an_asset_and_a_time_are_looked_for() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let written = store.write_sync(|tx| {
            let eve =
                Actor::Operator { uid: 0, name: "root".into(), login_uid: Some(7), login_name: Some("eve".into()) };
            for (by, kind, detail) in [
                (Actor::operator(1, "ada"), "asset.added", json!({ "asset": 5, "name": "web1" })),
                (eve, "execution.asked", json!({ "target": { "asset": "web1" } })),
                (Actor::Engine, "execution.done", json!({ "assets": ["db1", "web1"] })),
                (Actor::operator(1, "ada"), "run.queued", json!({ "name": "web1" })),
            ] {
                tx.record(AuditEvent::new(by, kind).detail(detail))?;
            }
            Ok(())
        });
        written.unwrap();
        let first = head(&store) - 3;
        let of = |about: AuditAbout| {
            let seqs = all(&store, &AuditFilter { most: 9, about, ..AuditFilter::default() });
            seqs.into_iter().map(|seq| seq - first).collect::<Vec<_>>()
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(of(AuditAbout { by: text("ada"), ..AuditAbout::default() }), [3, 0]);
        assert_eq!(of(AuditAbout { by: text("eve"), ..AuditAbout::default() }), [1]);
        assert_eq!(of(AuditAbout { asset: text("web1"), ..AuditAbout::default() }), [2, 1, 0]);
        assert_eq!(of(AuditAbout { asset: text("web"), ..AuditAbout::default() }), Vec::<u64>::new());
        let later = Some(crate::domain::Millis(i64::MAX));
        assert_eq!(of(AuditAbout { from: later, ..AuditAbout::default() }), Vec::<u64>::new());
        assert_eq!(of(AuditAbout { until: later, by: text("ada"), ..AuditAbout::default() }), [3, 0]);
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
