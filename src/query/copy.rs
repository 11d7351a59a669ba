//! Copies what a role may read into a database in memory, and closes the engine's.

use super::Asked;
use super::tables;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Most rows of a table, the newest.
pub(super) const MOST: u32 = 10_000;
/// How long the copying may take.
const TIME: Duration = Duration::from_secs(3);
/// How long the engine's database may be held by others.
const BUSY: Duration = Duration::from_secs(1);
/// Instructions of `SQLite` between two looks at the clock.
const STEPS: i32 = 10_000;

/// A database in memory with the tables that the one who asks may read, and nothing else.
pub(super) fn copied(asked: &Asked) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_MEMORY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let conn = Connection::open_in_memory_with_flags(flags)?;
    conn.busy_timeout(BUSY)?;
    // Nothing goes to any disk, not even for a moment.
    conn.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;")?;
    let end = Instant::now() + TIME;
    conn.progress_handler(STEPS, Some(move || Instant::now() > end))?;
    conn.execute("ATTACH ?1 AS source", [uri(&asked.database)])?;
    for table in tables::of(&asked.data) {
        let sql = format!("CREATE TABLE {} AS {}", table.name, table.copy(asked.across));
        conn.execute(&sql, (asked.project.0, asked.run.0, MOST))?;
    }
    conn.execute_batch("DETACH source")?;
    conn.progress_handler(0, None::<fn() -> bool>)?;
    Ok(conn)
}

/// A file as `SQLite` opens it for reading only.
fn uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _infallible = write!(uri, "%{byte:02x}");
        }
    }
    uri.push_str("?mode=ro");
    uri
}
