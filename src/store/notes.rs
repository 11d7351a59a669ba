//! What agents say that they found or tried. Nothing else in the database follows from it.

use super::columns::{Word, word};
use super::{StoreError, Tx, View};
use crate::domain::{BugId, Millis, Note, RunId};
use rusqlite::{Row, params};

fn note(row: &Row<'_>) -> rusqlite::Result<Note> {
    Ok(Note {
        id: row.get("id")?,
        run: RunId(row.get("run")?),
        iteration: row.get("iteration")?,
        kind: word(row, "kind")?,
        bug: row.get::<_, Option<i64>>("bug")?.map(BugId),
        title: row.get("title")?,
        text: row.get("text")?,
        place: row.get("place")?,
        at: Millis(row.get("at")?),
    })
}

impl View<'_> {
    /// The newest notes of a run, oldest first.
    pub fn notes(&self, run: RunId, most: u32) -> Result<Vec<Note>, StoreError> {
        let sql = "SELECT * FROM notes WHERE run = ?1 ORDER BY id DESC LIMIT ?2";
        let mut found = self.many(sql, params![run.0, most], note)?;
        found.reverse();
        Ok(found)
    }

    /// The newest notes about a bug, oldest first.
    pub fn notes_about(&self, bug: BugId, most: u32) -> Result<Vec<Note>, StoreError> {
        let sql = "SELECT * FROM notes WHERE bug = ?1 ORDER BY id DESC LIMIT ?2";
        let mut found = self.many(sql, params![bug.0, most], note)?;
        found.reverse();
        Ok(found)
    }

    /// How many notes a run has, and how many bytes are in them.
    pub fn notes_taken(&self, run: RunId) -> Result<(u64, u64), StoreError> {
        let sql = "SELECT count(*), coalesce(sum(octet_length(title) + octet_length(text) + ifnull(octet_length(place), 0)), 0)
                   FROM notes WHERE run = ?1";
        Ok(self.one(sql, [run.0], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Takes a note; its id and time are ignored. Gives its number.
    pub fn insert_note(&self, note: &Note) -> Result<i64, StoreError> {
        let Note { run, iteration, kind, bug, title, text, place, .. } = note;
        self.insert(
            "INSERT INTO notes (run, iteration, kind, bug, title, text, place, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![run.0, iteration, Word(kind), bug.map(|bug| bug.0), title, text, place, self.now().0],
        )
    }
}
