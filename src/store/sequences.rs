//! The numbers that were given to rows. Names of containers, logs and branches are made of them, so a database that was restored goes
//! on above those that were given before.

use super::{StoreError, Tx, View};
use rusqlite::{Connection, OptionalExtension, params};

impl View<'_> {
    /// The highest number that each table has given.
    pub fn numbers_given(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.many("SELECT name, seq FROM sqlite_sequence ORDER BY name", [], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl Tx<'_> {
    /// Has every table go on above its own numbers and above these, by a gap.
    pub fn raise_numbers(&self, given: &[(String, i64)], gap: i64) -> Result<(), StoreError> {
        Ok(raise(self.connection(), given, gap)?)
    }
}

/// Has every table go on above its own numbers and above these, by a gap.
pub(super) fn raise(conn: &Connection, given: &[(String, i64)], gap: i64) -> rusqlite::Result<()> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%' ORDER BY name";
    let tables = conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    for table in tables {
        let own = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
        let own: Option<i64> = conn.query_row(own, [&table], |row| row.get(0)).optional()?;
        let before = given.iter().find(|(name, _)| *name == table).map(|(_, seq)| *seq);
        let to = own.unwrap_or(0).max(before.unwrap_or(0)).saturating_add(gap);
        if own.is_some() {
            conn.execute("UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1", params![table, to])?;
        } else if to > 0 {
            conn.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", params![table, to])?;
        }
    }
    Ok(())
}
