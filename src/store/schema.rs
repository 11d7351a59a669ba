//! Which tables there are: made by the migrations, and compared with what a database really has.

use include_dir::{Dir, include_dir};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite_migration::Migrations;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

static MIGRATIONS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// Each table, index, trigger and view by name, with the text that made it.
type Schema = BTreeMap<String, Option<String>>;

/// The newest schema this program knows: the number of migrations.
pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.dirs().count()).unwrap_or(i64::MAX)
}

/// Brings a database to the newest schema.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    Migrations::from_directory(&MIGRATIONS)?.to_latest(conn)
}

/// An empty database of the newest schema, made once: the simulator makes thousands of stores, and to copy pages is much
/// cheaper than to make every table again.
static EMPTY: Mutex<Option<Connection>> = Mutex::new(None);

/// Copies the newest schema into an empty database in memory.
pub(super) fn lay(conn: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    let mut empty = EMPTY.lock().unwrap_or_else(PoisonError::into_inner);
    let from = match &mut *empty {
        Some(made) => made,
        none => {
            let mut made = Connection::open_in_memory()?;
            migrate(&mut made)?;
            none.insert(made)
        }
    };
    let copied = Backup::new(from, conn)?.step(-1)?;
    // Nobody else has either of the two; should it be so all the same, the migrations make what is missing.
    if matches!(copied, StepResult::Done) { Ok(()) } else { migrate(conn) }
}

/// What differs from the schema with this number, in words. A trigger that somebody put in would write what no job did, and
/// a table that is missing would fail the first that needs it.
pub(super) fn difference(conn: &Connection, number: i64) -> Result<Option<String>, rusqlite_migration::Error> {
    let mut right = Connection::open_in_memory()?;
    let steps = usize::try_from(number).unwrap_or_default();
    Migrations::from_directory(&MIGRATIONS)?.to_version(&mut right, steps)?;
    let (right, found) = (schema(&right)?, schema(conn)?);
    let missing = right.iter().find(|(name, _)| !found.contains_key(*name)).map(|(name, _)| (name, "is missing"));
    let other = || found.iter().find(|(name, sql)| right.get(*name).is_some_and(|right| right != *sql));
    let more = || found.keys().find(|name| !right.contains_key(*name));
    let first = missing.or_else(|| other().map(|(name, _)| (name, "is another one")));
    let first = first.or_else(|| more().map(|name| (name, "does not belong there")));
    Ok(first.map(|(name, what)| format!("`{name}` of schema {number} {what}")))
}

fn schema(conn: &Connection) -> rusqlite::Result<Schema> {
    let mut statement = conn.prepare("SELECT name, sql FROM sqlite_schema")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
