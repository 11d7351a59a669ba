//! Adds one record to the chain, inside the transaction of the change that it tells of.

use super::record::{self, Hash, LIMIT, VERSION, Written, ZERO};
use super::{AuditEvent, Head, Stamp};
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// What every record of one engine has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Context {
    /// The engine instance.
    pub engine: String,
    /// The epoch.
    pub epoch: u64,
}

/// The last record, as far as the next one depends on it.
struct Tail {
    seq: u64,
    hash: Hash,
    record: Vec<u8>,
}

fn tail(conn: &Connection) -> Result<Option<Tail>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT seq, hash, record FROM audit ORDER BY seq DESC LIMIT 1")?;
    let map = |row: &rusqlite::Row<'_>| Ok(Tail { seq: row.get(0)?, hash: row.get(1)?, record: row.get(2)? });
    Ok(statement.query_row([], map).optional()?)
}

/// The head of the chain as the database has it.
pub(crate) fn head(conn: &Connection) -> Result<Option<Head>, StoreError> {
    Ok(tail(conn)?.map(|tail| Head { seq: tail.seq, hash: tail.hash }))
}

/// The number of the last record, with its engine and epoch.
pub(crate) fn last(conn: &Connection) -> Result<Option<(u64, Context)>, StoreError> {
    let Some(tail) = tail(conn)? else { return Ok(None) };
    let read: record::Read<'_> = serde_json::from_slice(&tail.record)
        .map_err(|error| invalid("audit record", format!("the last one cannot be read: {error}")))?;
    Ok(Some((tail.seq, Context { engine: read.engine.into_owned(), epoch: read.epoch })))
}

fn invalid(what: &'static str, rule: String) -> StoreError {
    StoreError::Invalid { what, rule }
}

/// Appends one event and gives its sequence number.
pub(crate) fn append(
    conn: &Connection,
    context: &Context,
    stamp: &Stamp,
    event: &AuditEvent,
) -> Result<u64, StoreError> {
    if event.kind.is_empty() || event.kind.len() > 64 {
        return Err(invalid("audit kind", "1 to 64 bytes".to_owned()));
    }
    let (last, prev, back) = match tail(conn)? {
        None => (0, ZERO, false),
        Some(tail) => {
            // An unreadable last record does not stop the engine here: the check at the start and `verify` report it.
            let back = serde_json::from_slice::<record::Read<'_>>(&tail.record).is_ok_and(|before| {
                stamp.wall.0 < before.wall || (*before.boot_id == *stamp.boot_id && stamp.boot < before.boot)
            });
            (tail.seq, tail.hash, back)
        }
    };
    let seq = last + 1;
    let written = Written {
        v: VERSION,
        seq,
        prev: record::hex(&prev),
        wall: stamp.wall.0,
        boot: stamp.boot,
        boot_id: &stamp.boot_id,
        back,
        engine: &context.engine,
        epoch: context.epoch,
        actor: &event.actor,
        kind: &event.kind,
        project: event.project,
        run: event.run,
        question: event.question,
        detail: event.detail.as_ref(),
        provenance: event.provenance.as_deref(),
    };
    let bytes = serde_json::to_vec(&written).map_err(|error| invalid("audit record", error.to_string()))?;
    if bytes.len() > LIMIT {
        return Err(invalid("audit record", format!("at most {LIMIT} bytes, got {}", bytes.len())));
    }
    conn.prepare_cached(
        "INSERT INTO audit (seq, record, hash, wall, kind, project, run, question)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        seq,
        bytes,
        record::hash(&bytes),
        stamp.wall.0,
        event.kind,
        event.project.map(|id| id.0),
        event.run.map(|id| id.0),
        event.question.map(|id| id.0),
    ])?;
    Ok(seq)
}
