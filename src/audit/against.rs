//! Checks a log against heads that others remember.

use super::record::Hash;
use super::{Head, Verdict};
use rusqlite::{Connection, OptionalExtension};

/// The hash that stands beside a record; `None` where there is no such record.
pub(crate) fn hash_at(conn: &Connection, seq: u64) -> Result<Option<Hash>, rusqlite::Error> {
    let Ok(seq) = i64::try_from(seq) else { return Ok(None) };
    let mut statement = conn.prepare_cached("SELECT hash FROM audit WHERE seq = ?1")?;
    statement.query_row([seq], |row| row.get(0)).optional()
}

/// A log that is found intact must also continue what was said of it before: the first head that it does not continue counts.
pub fn against(conn: &Connection, verdict: Verdict, heads: &[Head]) -> Result<Verdict, rusqlite::Error> {
    let Some(events) = verdict.events().filter(|_| verdict.is_intact()) else { return Ok(verdict) };
    let mut heads = heads.to_vec();
    heads.sort_by_key(|head| head.seq);
    for head in heads {
        match hash_at(conn, head.seq)? {
            Some(hash) if hash == head.hash => {}
            Some(_) => return Ok(Verdict::Rewritten { at: head.seq }),
            None => return Ok(Verdict::Truncated { events, head: head.seq }),
        }
    }
    Ok(verdict)
}
