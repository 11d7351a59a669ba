//! Checks the chain, record by record, and then against the anchored head.

use super::record::{self, Hash, Read, VERSION, ZERO};
use super::{Context, HEAD_DAMAGED, HEAD_MISSING, Head, HeadFile, Verdict};
use rusqlite::{Connection, Row};
use std::path::Path;

/// The check itself could not be done.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The table could not be read.
    #[error("the audit table cannot be read: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// There is neither a table nor an anchor.
    #[error("there is no audit log in the database")]
    NoLog,
    /// The export could not be read or written.
    #[error("the export cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
}

/// Walks a chain and remembers what the verdict needs.
pub(super) struct Walk {
    seq: u64,
    prev: Hash,
    /// The anchor looked for.
    anchor: Option<Head>,
    /// Whether the record with the anchor's number was met and was another one.
    differs: bool,
    /// The last record that tells of a lost anchor.
    lost: u64,
    /// Who wrote the record before and in which epoch. `None` before the first one.
    writer: Option<Context>,
    /// The chain is entered in its middle, so the first record's `prev` is taken as it is.
    entered: bool,
}

impl Walk {
    pub(super) fn from_start(anchor: Option<Head>) -> Self {
        Self { seq: 0, prev: ZERO, anchor, differs: false, lost: 0, writer: None, entered: true }
    }

    pub(super) fn from_middle(after: u64, anchor: Option<Head>) -> Self {
        Self { seq: after, entered: false, ..Self::from_start(anchor) }
    }

    /// The number of the record that comes next.
    pub(super) fn next(&self) -> u64 {
        self.seq + 1
    }

    /// Checks the next record: `stated` is the hash that stands beside it.
    pub(super) fn step<'a>(&mut self, bytes: &'a [u8], stated: &[u8]) -> Result<Read<'a>, String> {
        let hash = record::hash(bytes);
        if hash != stated {
            return Err("its hash is not the hash of its bytes".to_owned());
        }
        let read: Read<'_> = serde_json::from_slice(bytes).map_err(|error| format!("it is not a record: {error}"))?;
        if read.v != VERSION {
            return Err(format!("its format version is {}, this program knows {VERSION}", read.v));
        }
        if read.seq != self.next() {
            return Err(format!("it calls itself event {}: events are missing, moved or put in", read.seq));
        }
        let prev = record::parse_hash(read.prev.as_bytes()).ok_or("its link to the event before is damaged")?;
        if self.entered && prev != self.prev {
            return Err("it does not follow the event before it".to_owned());
        }
        self.written_by(&read)?;
        self.entered = true;
        self.seq = read.seq;
        self.prev = hash;
        if read.kind == HEAD_MISSING || read.kind == HEAD_DAMAGED {
            self.lost = read.seq;
        }
        if let Some(anchor) = self.anchor
            && anchor.seq == read.seq
            && anchor.hash != hash
        {
            self.differs = true;
        }
        Ok(read)
    }

    /// One chain is written by one engine instance, in epochs that never fall.
    fn written_by(&mut self, read: &Read<'_>) -> Result<(), String> {
        match &mut self.writer {
            Some(before) if before.engine != read.engine => Err("another engine wrote it".to_owned()),
            Some(before) if before.epoch > read.epoch => {
                Err(format!("its epoch is {}, but the event before it is of epoch {}", read.epoch, before.epoch))
            }
            Some(before) => {
                before.epoch = read.epoch;
                Ok(())
            }
            None => {
                self.writer = Some(Context { engine: read.engine.clone().into_owned(), epoch: read.epoch });
                Ok(())
            }
        }
    }

    /// The verdict when every record holds. `missing` says why there is no anchor, if there is none.
    pub(super) fn verdict(&self, missing: &str) -> Verdict {
        let (events, before) = (self.seq, self.lost);
        let Some(anchor) = self.anchor else {
            return Verdict::NotAnchored { events, before: 0, since: 0, reason: missing.to_owned() };
        };
        if self.differs {
            return Verdict::Rewritten { at: anchor.seq };
        }
        if events < anchor.seq {
            return Verdict::Truncated { events, head: anchor.seq };
        }
        let lag = (events > anchor.seq)
            .then_some("the engine stopped between a commit and the writing of the head, or is at work");
        let lost = (before > 0).then(|| format!("the head file was missing or damaged then; event {before} tells"));
        let reasons: Vec<String> = lost.into_iter().chain(lag.map(str::to_owned)).collect();
        if reasons.is_empty() {
            return Verdict::Anchored { events };
        }
        Verdict::NotAnchored { events, before, since: anchor.seq, reason: reasons.join("; ") }
    }
}

/// Checks one row of the table: the chain, and that the look-up columns repeat what the record says.
fn check(walk: &mut Walk, row: &Row<'_>) -> Result<Result<(), String>, rusqlite::Error> {
    let seq: i64 = row.get(0)?;
    let (Ok(bytes), Ok(stated)) = (row.get_ref(1)?.as_blob(), row.get_ref(2)?.as_blob()) else {
        return Ok(Err("its columns have wrong types".to_owned()));
    };
    if u64::try_from(seq) != Ok(walk.next()) {
        return Ok(Err(format!("the next event in the table is {seq}: events are missing")));
    }
    let said = match walk.step(bytes, stated) {
        Ok(said) => said,
        Err(reason) => return Ok(Err(reason)),
    };
    let kind = row.get_ref(4)?.as_str().is_ok_and(|kind| kind == said.kind);
    let instant = row.get::<_, i64>(3).is_ok_and(|wall| wall == said.wall);
    let ids = [(5, said.project), (6, said.run), (7, said.question)];
    let ids = ids.into_iter().all(|(column, id)| row.get::<_, Option<i64>>(column).is_ok_and(|found| found == id));
    if kind && instant && ids {
        return Ok(Ok(()));
    }
    Ok(Err("its look-up columns do not repeat what it says".to_owned()))
}

fn walk_table(conn: &Connection, mut walk: Walk, missing: &str) -> Result<Verdict, VerifyError> {
    if !conn.table_exists(None, "audit")? {
        // A database that lost everything is not a log that cannot be read: what was anchored is gone.
        return if walk.anchor.is_some() { Ok(walk.verdict(missing)) } else { Err(VerifyError::NoLog) };
    }
    let mut statement = conn.prepare(
        "SELECT seq, record, hash, wall, kind, project, run, question FROM audit WHERE seq > ?1 OR seq < 1 ORDER BY seq",
    )?;
    let mut rows = statement.query([i64::try_from(walk.seq).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let at = walk.next();
        if let Err(reason) = check(&mut walk, row)? {
            return Ok(Verdict::Broken { at, reason });
        }
    }
    Ok(walk.verdict(missing))
}

fn anchor(file: &Path) -> (Option<Head>, String) {
    match HeadFile::read(file) {
        HeadFile::Head(head) => (Some(head), String::new()),
        HeadFile::Missing => (None, "there is no head file".to_owned()),
        HeadFile::Damaged(reason) => (None, reason),
    }
}

/// Checks the whole log against its head file.
///
/// The head is read before the log, so a log that grows meanwhile is at worst called not anchored at its end.
pub fn verify(conn: &Connection, head_file: &Path) -> Result<Verdict, VerifyError> {
    let (head, missing) = anchor(head_file);
    walk_table(conn, Walk::from_start(head), &missing)
}

/// Checks the whole log of a copy, which must come to `head` where that is known.
pub(crate) fn verify_to(conn: &Connection, head: Option<Head>) -> Result<Verdict, VerifyError> {
    walk_table(conn, Walk::from_start(head), "nothing tells how far it came")
}

/// Checks the last `count` records and, where the head lies within them, the head. An older head is looked up.
pub(crate) fn verify_tail(conn: &Connection, head_file: &Path, count: u64) -> Result<Verdict, VerifyError> {
    let (head, missing) = anchor(head_file);
    let last: u64 = conn.query_row("SELECT coalesce(max(seq), 0) FROM audit", [], |row| row.get(0))?;
    let start = last.saturating_sub(count);
    // The walk begins early enough to meet the anchored record.
    let start = head.map_or(start, |head| start.min(head.seq.saturating_sub(1)));
    let walk = if start == 0 { Walk::from_start(head) } else { Walk::from_middle(start, head) };
    walk_table(conn, walk, &missing)
}
