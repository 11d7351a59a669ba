//! Opens the store: lock, version, integrity, schema, chain, epoch, in this order; nothing is written before all hold.

use super::blobs::BlobFiles;
use super::lock::EngineLock;
use super::writer::Writer;
use super::{OpenError, Options, Paths, connect, files};
use crate::audit::{self, AuditEvent, Context, HeadFile, Verdict};
use crate::domain::Actor;
use include_dir::{Dir, include_dir};
use rusqlite::Connection;
use rusqlite_migration::Migrations;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

static MIGRATIONS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// The first version without the fault that can lose a WAL's content.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How many records of the chain are checked at each start.
const TAIL: u64 = 1000;

/// What the checks before the first write found.
struct Found {
    /// There is no database, or an empty file.
    new: bool,
    /// What the chain's tail says.
    chain: Verdict,
}

fn database(path: &Path, error: &impl ToString) -> OpenError {
    OpenError::Database { path: path.to_owned(), reason: error.to_string() }
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    move |source| OpenError::Io { path: path.to_owned(), source }
}

fn migrations() -> Result<Migrations<'static>, rusqlite_migration::Error> {
    Migrations::from_directory(&MIGRATIONS)
}

/// The newest schema this program knows: the number of migrations.
fn known_schema() -> i64 {
    i64::try_from(MIGRATIONS.dirs().count()).unwrap_or(i64::MAX)
}

fn sqlite_is_new_enough() -> Result<(), OpenError> {
    if rusqlite::version_number() >= OLDEST_SQLITE {
        return Ok(());
    }
    Err(OpenError::OldSqlite { found: rusqlite::version().to_owned() })
}

/// Opens the files of a store for writing.
pub(super) fn writer(paths: &Paths, options: &Options) -> Result<Writer, OpenError> {
    for file in [&paths.database, &paths.lock, &paths.chain_head, &paths.epoch] {
        if let Some(dir) = file.parent() {
            files::private_dir(dir).map_err(io(dir))?;
        }
    }
    let lock = EngineLock::take(&paths.lock)?;
    sqlite_is_new_enough()?;
    let found = check(paths)?;
    let epoch = epoch(&paths.epoch)?;
    // SQLite gives its log and shared memory the same mode as the database.
    drop(files::private_file(&paths.database).map_err(io(&paths.database))?);
    let conn = connect::writer(&paths.database).map_err(|error| database(&paths.database, &error))?;
    let blobs = Arc::new(BlobFiles::Dir(paths.blobs.clone()));
    let mut writer = ready(conn, epoch.unwrap_or(1), options, blobs, &paths.database)?;
    writer.lock = Some(lock);
    writer.head_file = Some(paths.chain_head.clone());
    if epoch.is_none() {
        files::replace(&paths.epoch, b"1\n").map_err(io(&paths.epoch))?;
    }
    note(&writer, &found, epoch.is_none()).map_err(|error| database(&paths.database, &error))?;
    writer.write_head();
    Ok(writer)
}

/// Makes a store in memory.
pub(super) fn memory(options: &Options) -> Result<Writer, OpenError> {
    let place = Path::new(":memory:");
    sqlite_is_new_enough()?;
    let conn = connect::memory().map_err(|error| database(place, &error))?;
    ready(conn, 1, options, Arc::new(BlobFiles::Memory(std::sync::Mutex::default())), place)
}

/// Everything that can be known without writing.
fn check(paths: &Paths) -> Result<Found, OpenError> {
    let path = &paths.database;
    let empty = match std::fs::metadata(path) {
        Ok(meta) => meta.len() == 0 && !has_log(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(source) => return Err(OpenError::Io { path: path.clone(), source }),
    };
    if empty {
        return match HeadFile::read(&paths.chain_head) {
            HeadFile::Head(head) => {
                let verdict = Verdict::Truncated { events: 0, head: head.seq };
                Err(OpenError::Chain { path: path.clone(), verdict })
            }
            _ => Ok(Found { new: true, chain: Verdict::Anchored { events: 0 } }),
        };
    }
    let corrupt = |error: rusqlite::Error| OpenError::Corrupt { path: path.clone(), reason: error.to_string() };
    let conn = connect::reader(path).map_err(corrupt)?;
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(corrupt)?;
    let known = known_schema();
    if found > known {
        return Err(OpenError::NewerSchema { path: path.clone(), found, known });
    }
    let complaint: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(corrupt)?;
    if complaint != "ok" {
        return Err(OpenError::Corrupt { path: path.clone(), reason: complaint });
    }
    if found == 0 {
        // A crash before the first migration's commit leaves a database without tables; anything else is not ours.
        let tables: i64 =
            conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(corrupt)?;
        if tables > 0 {
            let reason = "it is a database, but not one of dogwatch".to_owned();
            return Err(OpenError::Corrupt { path: path.clone(), reason });
        }
        return Ok(Found { new: true, chain: Verdict::Anchored { events: 0 } });
    }
    let chain = audit::verify_tail(&conn, &paths.chain_head, TAIL)
        .map_err(|error| OpenError::Corrupt { path: path.clone(), reason: error.to_string() })?;
    if !chain.is_intact() {
        return Err(OpenError::Chain { path: path.clone(), verdict: chain });
    }
    Ok(Found { new: false, chain })
}

/// Whether a log with content lies beside the database.
pub(super) fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|meta| meta.len() > 0)
}

fn epoch(path: &Path) -> Result<Option<u64>, OpenError> {
    let Some(bytes) = files::read_small(path).map_err(io(path))? else { return Ok(None) };
    let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim_end().parse().ok());
    match number {
        Some(number) if number > 0 => Ok(Some(number)),
        _ => Err(OpenError::Epoch { path: path.to_owned() }),
    }
}

/// Brings the schema up to date and finds or makes the engine instance.
fn ready(
    mut conn: Connection,
    epoch: u64,
    options: &Options,
    blobs: Arc<BlobFiles>,
    path: &Path,
) -> Result<Writer, OpenError> {
    let known = migrations().map_err(|error| database(path, &error))?;
    known.to_latest(&mut conn).map_err(|error| database(path, &error))?;
    let stored = "SELECT value FROM settings WHERE key = 'instance'";
    let stored: Result<String, _> = conn.query_row(stored, [], |row| row.get(0));
    let context = match stored {
        Ok(engine) => Context { engine, epoch },
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            let engine = match &options.instance {
                Some(instance) => instance.clone(),
                None => random_instance().map_err(|error| database(path, &error))?,
            };
            let context = Context { engine, epoch };
            create(&mut conn, &context, options).map_err(|error| database(path, &error))?;
            context
        }
        Err(error) => return Err(database(path, &error)),
    };
    Ok(Writer::new(conn, context, options, blobs))
}

fn random_instance() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(audit::hex(&bytes))
}

/// Names the store, with its event, in one transaction.
fn create(conn: &mut Connection, context: &Context, options: &Options) -> Result<(), super::StoreError> {
    let transaction = conn.transaction()?;
    transaction.execute("INSERT INTO settings (key, value) VALUES ('instance', ?1)", [&context.engine])?;
    let event = AuditEvent::new(Actor::Engine, "store.created");
    audit::append(&transaction, context, &options.clock.now(), &event)?;
    Ok(transaction.commit()?)
}

/// Records what was odd about the files beside the database, so that making them anew hides nothing.
fn note(writer: &Writer, found: &Found, epoch_missing: bool) -> Result<(), super::StoreError> {
    if found.new {
        return Ok(());
    }
    let mut events = Vec::new();
    if epoch_missing {
        let detail = json!({"note": "the epoch file was missing although the database was not empty", "epoch": 1});
        events.push(AuditEvent::new(Actor::Engine, "store.epoch_missing").detail(detail));
    }
    if let Verdict::NotAnchored { events: count, since, reason } = &found.chain {
        let kind = if *since == 0 { "store.head_missing" } else { "store.head_lagged" };
        let detail = json!({"events": count, "since": since, "reason": reason});
        events.push(AuditEvent::new(Actor::Engine, kind).detail(detail));
    }
    for event in events {
        audit::append(&writer.conn, &writer.context, &writer.clock.now(), &event)?;
    }
    Ok(())
}

/// The schema alone, for tests of the audit room.
#[cfg(test)]
pub(crate) fn migrate_for_tests(conn: &mut Connection) {
    assert_eq!(migrations().and_then(|known| known.to_latest(conn)), Ok(()));
}
