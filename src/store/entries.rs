//! What people registered for agents to read.

use super::columns::{Json, Word, json, word};
use super::{StoreError, Tx, View};
use crate::domain::{Actor, Entry, EntryKind, Millis, ProjectId};
use rusqlite::{Row, params};

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        id: row.get("id")?,
        kind: word(row, "kind")?,
        project: row.get::<_, Option<i64>>("project")?.map(ProjectId),
        name: row.get("name")?,
        text: row.get("text")?,
        by: json(row, "by")?,
        at: Millis(row.get("at")?),
    })
}

impl View<'_> {
    /// What is registered of a kind, for a project and for all of them; for any, where no project is named. Oldest first.
    pub fn entries(&self, kind: EntryKind, project: Option<ProjectId>, most: u32) -> Result<Vec<Entry>, StoreError> {
        self.many(
            "SELECT * FROM entries WHERE kind = ?1 AND (?2 IS NULL OR project IS NULL OR project = ?2)
             ORDER BY id LIMIT ?3",
            params![Word(kind), project.map(|project| project.0), most],
            entry,
        )
    }

    /// The one with this number.
    pub fn entry(&self, id: i64) -> Result<Option<Entry>, StoreError> {
        self.one("SELECT * FROM entries WHERE id = ?1", [id], entry)
    }
}

impl Tx<'_> {
    /// Registers something. Names are taken once for each kind and project.
    pub fn insert_entry(
        &self,
        kind: EntryKind,
        project: Option<ProjectId>,
        (name, text): (&str, &str),
        by: &Actor,
    ) -> Result<i64, StoreError> {
        let project = project.map(|project| project.0);
        let there = "SELECT 1 FROM entries WHERE kind = ?1 AND ifnull(project, 0) = ifnull(?2, 0) AND name = ?3";
        if self.one(there, params![Word(kind), project, name], |_| Ok(()))?.is_some() {
            return Err(StoreError::Taken { what: kind.name(), name: name.to_owned() });
        }
        self.insert(
            "INSERT INTO entries (kind, project, name, text, criteria, by, at) VALUES (?1, ?2, ?3, ?4, '[]', ?5, ?6)",
            params![Word(kind), project, name, text, Json(by), self.now().0],
        )
    }

    /// Removes what has this number, and gives it.
    pub fn remove_entry(&self, id: i64) -> Result<Entry, StoreError> {
        let missing = || StoreError::Missing { what: "entry", id: id.to_string() };
        let found = self.entry(id)?.ok_or_else(missing)?;
        self.change("DELETE FROM entries WHERE id = ?1", [id])?;
        Ok(found)
    }
}
