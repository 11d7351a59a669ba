//! Opens the store: lock, version, checks, schema, in this order; nothing is written before all checks hold.
//!
//! A new store is made in the order database, head, epoch file. So an epoch file says that there was a store, whatever has
//! become of the rest, and a creation that was cut short is told from a loss.

use super::blobs::BlobFiles;
use super::check::{self, Found, refusal};
use super::lock::EngineLock;
use super::reserve::Reserve;
use super::writer::Writer;
use super::{OpenError, Options, Paths, connect, files, schema, sequences, switch};
use crate::audit::{self, AuditEvent, Context, HeadFile};
use crate::domain::Actor;
use rusqlite::Connection;
use serde_json::json;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The first version without the fault that can lose a WAL's content.
const OLDEST_SQLITE: i32 = 3_051_003;

/// By how much the numbers of a copy are raised: names of containers, logs and branches are made of them, and what was copied may
/// have gone on elsewhere.
const GAP: i64 = 1000;

fn persistent(path: PathBuf, reason: String) -> OpenError {
    OpenError::Database { path, reason }
}

fn database(path: &Path) -> impl Fn(&(dyn Error + 'static)) -> OpenError {
    move |error| refusal(path, error, persistent)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    move |source| OpenError::Io { path: path.to_owned(), source }
}

pub(super) fn refuse_old_sqlite(number: i32, name: &str) -> Result<(), OpenError> {
    if number >= OLDEST_SQLITE {
        return Ok(());
    }
    Err(OpenError::OldSqlite { found: name.to_owned() })
}

fn sqlite_is_new_enough() -> Result<(), OpenError> {
    refuse_old_sqlite(rusqlite::version_number(), rusqlite::version())
}

/// Opens the files of a store for writing.
pub(super) fn writer(paths: &Paths, options: &Options) -> Result<Writer, OpenError> {
    let lock = lock(paths)?;
    sqlite_is_new_enough()?;
    let found = check::check(paths)?;
    let failed = database(&paths.database);
    let reserve = Reserve::new(&paths.reserve, options.reserve).map_err(io(&paths.reserve))?.map(Arc::new);
    if let Some(reserve) = &reserve {
        // A start writes, too.
        reserve.give(false);
    }
    // SQLite gives its log and shared memory the same mode as the database.
    drop(files::private_file(&paths.database).map_err(io(&paths.database))?);
    let conn = connect::writer(&paths.database).map_err(|error| failed(&error))?;
    let blobs = Arc::new(BlobFiles::Dir(paths.blobs.clone()));
    let mut writer = ready(conn, found.epoch, options, blobs, &paths.database)?;
    writer.lock = Some(lock);
    writer.reserve = reserve;
    writer.head_file = Some(audit::Anchor::at(&paths.chain_head).map_err(io(&paths.chain_head))?);
    let write_epoch =
        || files::replace(&paths.epoch, format!("{}\n", found.epoch).as_bytes()).map_err(io(&paths.epoch));
    if found.epoch_raised {
        // Before the log, or a log that has come further than the file would be refused after a crash here.
        write_epoch()?;
    }
    note(&writer, &found).map_err(|error| failed(&error))?;
    // Later a head that cannot be written is an ill that is told; a store that begins with one is not begun.
    writer.anchor().map_err(io(&paths.chain_head))?;
    if found.epoch_missing {
        write_epoch()?;
    }
    Ok(writer)
}

/// Makes the directories of a store where they are missing, sees that files can be in their places, and keeps others out. A restoration
/// that was cut short is finished.
pub(super) fn lock(paths: &Paths) -> Result<EngineLock, OpenError> {
    for file in [&paths.database, &paths.lock, &paths.chain_head, &paths.epoch] {
        if let Some(dir) = file.parent() {
            files::private_dir(dir).map_err(io(dir))?;
        }
    }
    check::places(paths)?;
    let lock = EngineLock::take(&paths.lock)?;
    switch::finish(paths).map_err(io(&paths.database))?;
    Ok(lock)
}

/// Makes a store in memory.
pub(super) fn memory(options: &Options) -> Result<Writer, OpenError> {
    let place = Path::new(":memory:");
    sqlite_is_new_enough()?;
    let mut conn = connect::memory().map_err(|error| database(place)(&error))?;
    schema::lay(&mut conn).map_err(|error| database(place)(&error))?;
    ready(conn, 1, options, Arc::new(BlobFiles::Memory(std::sync::Mutex::default())), place)
}

/// Brings the schema up to date and finds or makes the engine instance.
fn ready(
    mut conn: Connection,
    epoch: u64,
    options: &Options,
    blobs: Arc<BlobFiles>,
    path: &Path,
) -> Result<Writer, OpenError> {
    let failed = database(path);
    schema::migrate(&mut conn).map_err(|error| failed(&error))?;
    let stored = "SELECT value FROM settings WHERE key = 'instance'";
    let stored: Result<String, _> = conn.query_row(stored, [], |row| row.get(0));
    let context = match stored {
        Ok(engine) => Context { engine, epoch },
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            let engine = match &options.instance {
                Some(instance) => instance.clone(),
                None => random_instance().map_err(|error| persistent(path.to_owned(), error.to_string()))?,
            };
            let context = Context { engine, epoch };
            create(&mut conn, &context, options).map_err(|error| failed(&error))?;
            context
        }
        Err(error) => return Err(failed(&error)),
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
fn note(writer: &Writer, found: &Found) -> Result<(), super::StoreError> {
    if found.is_new() {
        return Ok(());
    }
    let count = found.events;
    let mut events = Vec::new();
    if found.epoch_missing {
        let note = "the epoch file was missing although the database was not empty; the next epoch begins";
        let detail = json!({"note": note, "epoch": found.epoch});
        events.push(AuditEvent::new(Actor::Engine, "store.epoch_missing").detail(detail));
    }
    match &found.head {
        HeadFile::Missing => {
            events.push(AuditEvent::new(Actor::Engine, audit::HEAD_MISSING).detail(json!({"events": count})));
        }
        HeadFile::Damaged(reason) => {
            let detail = json!({"events": count, "reason": reason});
            events.push(AuditEvent::new(Actor::Engine, audit::HEAD_DAMAGED).detail(detail));
        }
        HeadFile::Head(head) if head.seq < count => {
            let detail = json!({"events": count, "since": head.seq});
            events.push(AuditEvent::new(Actor::Engine, "store.head_lagged").detail(detail));
        }
        HeadFile::Head(_) => {}
    }
    if found.copied {
        let note =
            "the files of the state are a copy; the next epoch begins, so nothing that was agreed to before is done";
        events.push(
            AuditEvent::new(Actor::Engine, audit::COPIED)
                .detail(json!({"note": note, "epoch": found.epoch, "gap": GAP})),
        );
        tracing::warn!("{note}");
    }
    let transaction = writer.conn.unchecked_transaction()?;
    if found.copied {
        sequences::raise(&transaction, &[], GAP)?;
    }
    for event in events {
        audit::append(&transaction, &writer.context, &writer.clock.now(), &event)?;
    }
    Ok(transaction.commit()?)
}

/// The schema alone, for tests of the audit room.
#[cfg(test)]
pub(crate) fn migrate_for_tests(conn: &mut Connection) {
    assert_eq!(schema::migrate(conn), Ok(()));
}
