//! How each kind of connection is set up.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// How long another program may hold the database before that is an error; tests do not wait so long for it.
const BUSY: Duration = Duration::from_millis(if cfg!(test) { 300 } else { 10_000 });

const COMMON: &str = "PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";

/// The writer: WAL, every commit synced, foreign keys enforced.
pub(super) fn writer(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    set_up_writer(&conn)?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::InvalidParameterName(format!("journal mode is {mode}, WAL was refused")));
    }
    Ok(conn)
}

/// A database in memory, for the simulator.
pub(super) fn memory() -> rusqlite::Result<Connection> {
    let conn = Connection::open_in_memory()?;
    set_up_writer(&conn)?;
    Ok(conn)
}

fn set_up_writer(conn: &Connection) -> rusqlite::Result<()> {
    set_up(conn)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
}

/// What all connections have that are used for long.
fn set_up(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY)?;
    conn.execute_batch(COMMON)?;
    // Otherwise SQLite, as built with statistics of values, plans a kept statement anew each time that it is bound.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// A reader of a living database. It can write neither the database nor its log.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    set_up(&conn)?;
    conn.execute_batch("PRAGMA query_only = ON;")?;
    Ok(conn)
}

/// A reader that takes the file as it is: no locks, no log, no shared memory, nothing made beside it.
pub(super) fn immutable(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let mut uri = "file:".to_owned();
    for byte in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push('%');
            uri.push_str(&crate::audit::hex(&[*byte]));
        }
    }
    uri.push_str("?immutable=1");
    let conn = Connection::open_with_flags(uri, flags)?;
    conn.execute_batch(COMMON)?;
    Ok(conn)
}
