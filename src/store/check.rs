//! Everything about a store that can be known without writing: integrity, schema, chain, head, epoch, instance.

use super::{OpenError, Paths, connect, files, schema};
use crate::audit::{self, HeadFile, Verdict, VerifyError};
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

/// How many records of the chain are checked at each start.
const TAIL: u64 = 1000;

/// What the checks before the first write found.
#[derive(Debug)]
pub(super) struct Found {
    /// The epoch to go on with.
    pub epoch: u64,
    /// There is no epoch file.
    pub epoch_missing: bool,
    /// The epoch file is there, but what was agreed to in its epoch is not to be trusted any more, so [`Found::epoch`] is a new one.
    pub epoch_raised: bool,
    /// The files are a copy: the head lies in another file than the one that it was written into.
    pub copied: bool,
    /// How many records there are. At most one where nothing but the creation of the store was ever recorded.
    pub events: u64,
    /// The anchor as it was found.
    pub head: HeadFile,
}

impl Found {
    /// No store was ever finished here, so nothing about it can be odd: its creation ends with the epoch file.
    pub(super) fn is_new(&self) -> bool {
        self.epoch_missing && self.events <= 1 && !matches!(self.head, HeadFile::Damaged(_))
    }
}

/// What an error of `SQLite` means for the database. What it neither calls damage nor trouble of the moment is `otherwise`.
pub(super) fn refusal(
    path: &Path,
    error: &(dyn Error + 'static),
    otherwise: fn(PathBuf, String) -> OpenError,
) -> OpenError {
    let (path, reason) = (path.to_owned(), error.to_string());
    let mut cause = Some(error);
    while let Some(error) = cause.filter(|error| !error.is::<rusqlite::Error>()) {
        cause = error.source();
    }
    let sqlite = cause.and_then(|error| error.downcast_ref::<rusqlite::Error>());
    match sqlite.and_then(rusqlite::Error::sqlite_error_code) {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => OpenError::Corrupt { path, reason },
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport
            | ErrorCode::OperationInterrupted
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure,
        ) => OpenError::Unavailable { path, reason },
        _ => otherwise(path, reason),
    }
}

/// For what is read before anything is written: a database of ours answers these questions, so one that does not is damaged.
pub(super) fn damage(path: PathBuf, reason: String) -> OpenError {
    OpenError::Corrupt { path, reason }
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Io { path: path.to_owned(), source }
}

/// Refuses what is no file in the place of one. Comes before everything else: opening a pipe, say, waits for ever.
pub(super) fn places(paths: &Paths) -> Result<(), OpenError> {
    let (log, memory) = (beside(&paths.database, "-wal"), beside(&paths.database, "-shm"));
    let files = [
        (&paths.lock, "the lock"),
        (&paths.database, "the database"),
        (&log, "the database's log"),
        (&memory, "the database's shared memory"),
        (&paths.chain_head, "the head of the audit log"),
        (&paths.epoch, "the epoch"),
        (&paths.reserve, "the reserve"),
    ];
    match files.into_iter().find(|(path, _)| !files::is_place_for_file(path)) {
        Some((path, what)) => Err(OpenError::NoFile { path: path.clone(), what }),
        None => Ok(()),
    }
}

/// No dogwatch, however new, has so many migrations: such a number is damage.
const MOST_MIGRATIONS: i64 = 10_000;

/// Checks the files of a store.
pub(super) fn check(paths: &Paths) -> Result<Found, OpenError> {
    let path = &paths.database;
    let failed = |error: rusqlite::Error| refusal(path, &error, damage);
    let (head, epoch) = (HeadFile::read(&paths.chain_head), epoch(&paths.epoch)?);
    if is_empty(path)? {
        return nothing(paths, head, epoch);
    }
    let conn = as_it_lies(path).map_err(failed)?;
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    let known = schema::known();
    if found > MOST_MIGRATIONS {
        return Err(damage(path.clone(), format!("its schema has the number {found}, which no dogwatch ever had")));
    }
    if found > known {
        return Err(OpenError::NewerSchema { path: path.clone(), found, known });
    }
    let complaint: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if complaint != "ok" {
        return Err(damage(path.clone(), complaint));
    }
    if found <= 0 {
        // A crash before the first migration's commit leaves a database without tables; anything else is not ours.
        let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
        if tables > 0 {
            return Err(damage(path.clone(), "it is a database, but not one of dogwatch".to_owned()));
        }
        return nothing(paths, head, epoch);
    }
    let difference = schema::difference(&conn, found).map_err(|error| refusal(path, &error, damage))?;
    if let Some(difference) = difference {
        return Err(damage(path.clone(), difference));
    }
    let chain = audit::verify_tail(&conn, &paths.chain_head, TAIL).map_err(|error| match error {
        VerifyError::Io(source) => OpenError::Io { path: path.clone(), source },
        error => refusal(path, &error, damage),
    })?;
    if !chain.is_intact() {
        return Err(OpenError::Chain { path: path.clone(), verdict: chain });
    }
    let Some((events, last)) = audit::last(&conn).map_err(|error| refusal(path, &error, damage))? else {
        return nothing(paths, head, epoch);
    };
    // Records of another instance would break the chain for good.
    let instance = conn.query_row("SELECT value FROM settings WHERE key = 'instance'", [], |row| row.get(0));
    let instance: Option<String> = instance.optional().map_err(failed)?;
    if instance.as_ref() != Some(&last.engine) {
        return Err(damage(path.clone(), "its engine instance is not the one of its audit log".to_owned()));
    }
    if let Some(found) = epoch
        && found < last.epoch
    {
        return Err(OpenError::EpochBehind { path: paths.epoch.clone(), found, last: last.epoch });
    }
    let copied = audit::head_is_copy(&paths.chain_head).map_err(io(&paths.chain_head))?;
    // Without the file nobody knows how far the epochs had come, so the next one begins. So it does where the log may be an older one:
    // a copy of the files, or one whose head is not there to say how far it had come. What was agreed to may have been done since.
    let fresh = epoch.is_none() && events <= 1;
    let epoch_missing = epoch.is_none();
    let epoch_raised = epoch.is_some() && (copied || !matches!(head, HeadFile::Head(_)));
    let at = epoch.unwrap_or(last.epoch);
    let epoch = if fresh || !(epoch_missing || epoch_raised) { at } else { at.saturating_add(1) };
    Ok(Found { epoch, epoch_missing, epoch_raised, copied, events, head })
}

/// No record anywhere: right for a new store, and wrong where a head or an epoch is left of an old one.
fn nothing(paths: &Paths, head: HeadFile, epoch: Option<u64>) -> Result<Found, OpenError> {
    let path = paths.database.clone();
    match (&head, epoch) {
        (HeadFile::Head(head), _) => {
            Err(OpenError::Chain { path, verdict: Verdict::Truncated { events: 0, head: head.seq } })
        }
        (HeadFile::Damaged(_), _) => Err(OpenError::Lost { path, witness: paths.chain_head.clone() }),
        (HeadFile::Missing, Some(_)) => Err(OpenError::Lost { path, witness: paths.epoch.clone() }),
        (HeadFile::Missing, None) => {
            Ok(Found { epoch: 1, epoch_missing: true, epoch_raised: false, copied: false, events: 0, head })
        }
    }
}

fn is_empty(path: &Path) -> Result<bool, OpenError> {
    match std::fs::metadata(path) {
        Ok(meta) => Ok(meta.len() == 0 && !has_log(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(io_error(path, source)),
    }
}

fn io_error(path: &Path, source: io::Error) -> OpenError {
    OpenError::Io { path: path.to_owned(), source }
}

/// A connection for looking. A log holds the newest commits, so it is read too, or nothing is; where there is none the file
/// is taken as it lies, and nothing is made beside it.
pub(super) fn as_it_lies(path: &Path) -> rusqlite::Result<Connection> {
    if has_log(path) { connect::reader(path) } else { connect::immutable(path) }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether a log with content lies beside the database.
pub(super) fn has_log(path: &Path) -> bool {
    std::fs::metadata(beside(path, "-wal")).is_ok_and(|meta| meta.len() > 0)
}

/// Whether the database is, or was until a crash, in somebody's hands.
pub(super) fn is_in_use(path: &Path) -> bool {
    has_log(path) || beside(path, "-shm").exists()
}

fn epoch(path: &Path) -> Result<Option<u64>, OpenError> {
    let Some(bytes) = files::read_small(path).map_err(io(path))? else { return Ok(None) };
    let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim_end().parse().ok());
    match number {
        Some(number) if number > 0 => Ok(Some(number)),
        _ => Err(OpenError::Epoch { path: path.to_owned() }),
    }
}
