//! What runs asked of hosts outside.

use super::{StoreError, Tx, View};
use crate::audit::AuditEvent;
use crate::domain::{Actor, EgressBytes, EgressSeen, Millis, RunId, shortened};
use rusqlite::{Row, params};
use serde_json::json;

/// Places of a run that are kept apart, of those that were let through and of those that were not. What is let through is
/// bounded by lists, but `*.host` means as many as somebody likes.
const MOST_PLACES: u32 = 300;
/// Longest host that is kept, in bytes: what is refused need not be one.
const LONGEST_HOST: usize = 253;
/// Places that an audit record names.
const MOST_NAMED: usize = 20;

fn seen(row: &Row<'_>) -> rusqlite::Result<EgressSeen> {
    Ok(EgressSeen {
        run: RunId(row.get("run")?),
        host: row.get("host")?,
        port: row.get("port")?,
        allowed: row.get("allowed")?,
        rule: row.get("rule")?,
        requests: row.get("requests")?,
        up: row.get("up")?,
        down: row.get("down")?,
        milliseconds: row.get("milliseconds")?,
        first: Millis(row.get("first")?),
        last: Millis(row.get("last")?),
    })
}

impl View<'_> {
    /// What a run asked of the outside, in the order in which places came up first.
    pub fn egress(&self, run: RunId) -> Result<Vec<EgressSeen>, StoreError> {
        self.many("SELECT * FROM egress WHERE run = ?1 ORDER BY id", [run.0], seen)
    }

    /// The places that a run asked for last, the oldest of them first.
    pub fn egress_newest(&self, run: RunId, most: u32) -> Result<Vec<EgressSeen>, StoreError> {
        let sql = "SELECT * FROM egress WHERE run = ?1 ORDER BY last DESC, id DESC LIMIT ?2";
        let mut found = self.many(sql, params![run.0, most], seen)?;
        found.reverse();
        Ok(found)
    }

    /// What was refused last, over all runs, the newest first.
    pub fn egress_refused(&self, most: u32) -> Result<Vec<EgressSeen>, StoreError> {
        self.many("SELECT * FROM egress WHERE allowed = 0 ORDER BY last DESC, id DESC LIMIT ?1", [most], seen)
    }

    /// What a run has sent and fetched.
    pub fn egress_bytes(&self, run: RunId) -> Result<EgressBytes, StoreError> {
        let sums = "SELECT coalesce(sum(up), 0), coalesce(sum(down), 0) FROM egress WHERE run = ?1";
        let bytes = self.one(sums, [run.0], |row| Ok(EgressBytes { up: row.get(0)?, down: row.get(1)? }))?;
        Ok(bytes.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Adds requests of a run to what is known, with one audit event for all of them.
    pub fn note_egress(&self, run: RunId, rows: &[EgressSeen]) -> Result<(), StoreError> {
        let mut named = Vec::new();
        for row in rows {
            let host = shortened(&row.host, LONGEST_HOST);
            let is_new = !self.is_known(run, row, &host)?;
            let host = if is_new && self.places(run, row.allowed)? >= MOST_PLACES { "" } else { &host };
            self.add(run, row, host)?;
            if is_new {
                named.push(json!({"host": host, "port": row.port, "allowed": row.allowed, "rule": row.rule}));
            }
        }
        let sum = |of: fn(&EgressSeen) -> u64| rows.iter().map(of).fold(0, u64::saturating_add);
        let more = named.len().saturating_sub(MOST_NAMED);
        named.truncate(MOST_NAMED);
        let detail = json!({
            "requests": sum(|row| row.requests), "up": sum(|row| row.up), "down": sum(|row| row.down),
            "first_time": named, "more": more,
        });
        self.record(AuditEvent::new(Actor::Engine, "egress.seen").run(run).detail(detail).provenance("sandbox"))?;
        Ok(())
    }

    fn is_known(&self, run: RunId, row: &EgressSeen, host: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM egress WHERE run = ?1 AND host = ?2 AND port = ?3 AND allowed = ?4 AND rule = ?5";
        Ok(self.one(sql, params![run.0, host, row.port, row.allowed, row.rule], |_| Ok(()))?.is_some())
    }

    fn places(&self, run: RunId, allowed: bool) -> Result<u32, StoreError> {
        let sql = "SELECT count(*) FROM egress WHERE run = ?1 AND allowed = ?2 AND host <> ''";
        Ok(self.one(sql, params![run.0, allowed], |row| row.get(0))?.unwrap_or_default())
    }

    fn add(&self, run: RunId, row: &EgressSeen, host: &str) -> Result<(), StoreError> {
        let bounded = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        // What is summed up as "further ones" has no port, or there were as many rows again.
        let port = if host.is_empty() { 0 } else { row.port };
        self.insert(
            "INSERT INTO egress (run, host, port, allowed, rule, requests, up, down, milliseconds, first, last)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (run, host, port, allowed, rule) DO UPDATE SET
                 requests = requests + excluded.requests, up = up + excluded.up, down = down + excluded.down,
                 milliseconds = milliseconds + excluded.milliseconds, last = max(last, excluded.last)",
            params![
                run.0,
                host,
                port,
                row.allowed,
                row.rule,
                bounded(row.requests),
                bounded(row.up),
                bounded(row.down),
                bounded(row.milliseconds),
                row.first.0,
                row.last.0,
            ],
        )?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::tests::fixtures::seed;
    use crate::store::{Options, Store};

    fn row(run: RunId, host: &str, allowed: bool) -> EgressSeen {
        let rule = if allowed { "pypi" } else { "not on the list" };
        EgressSeen {
            run,
            host: host.to_owned(),
            port: 443,
            allowed,
            rule: rule.to_owned(),
            requests: 1,
            up: 10,
            down: 100,
            milliseconds: 5,
            first: Millis(1),
            last: Millis(2),
        }
    }

    #[test]
    fn requests_add_up_and_a_flood_of_names_stays_bounded() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let run = store.write_sync(|tx| seed(tx, "one")).unwrap().id;
        let put = |rows: Vec<EgressSeen>| store.write_sync(move |tx| tx.note_egress(run, &rows)).unwrap();
        put(vec![row(run, "pypi.org", true), row(run, "evil.net", false)]);
        put(vec![EgressSeen { last: Millis(9), ..row(run, "pypi.org", true) }]);
        let all = store.read_sync(|view| view.egress(run)).unwrap();
        let sums: Vec<_> = all.iter().map(|row| (row.host.as_str(), row.requests, row.up, row.last.0)).collect();
        assert_eq!(sums, [("pypi.org", 2, 20, 9), ("evil.net", 1, 10, 2)]);
        assert_eq!(store.read_sync(|view| view.egress_bytes(run)).unwrap(), EgressBytes { up: 30, down: 300 });
        put((0..1000).map(|n| row(run, &format!("a{n}.example"), false)).collect());
        put(vec![row(run, &"x".repeat(5000), true)]);
        let all = store.read_sync(|view| view.egress(run)).unwrap();
        assert!(all.len() < 320 && all.iter().all(|row| row.host.len() < 300));
        assert_eq!(all.iter().map(|row| row.requests).sum::<u64>(), 1004);
        let rest = all.iter().find(|row| row.host.is_empty()).unwrap();
        assert_eq!((rest.requests, rest.port), (701, 0));
    }
}
