//! Directories of data that people registered.

use super::columns::{Json, Word, json, word};
use super::{StoreError, Tx, View};
use crate::domain::{Dataset, DatasetId, DatasetState, Millis, ProjectId};
use rusqlite::{Row, params};

fn dataset(row: &Row<'_>) -> rusqlite::Result<Dataset> {
    Ok(Dataset {
        id: DatasetId(row.get("id")?),
        name: row.get("name")?,
        project: row.get::<_, Option<i64>>("project")?.map(ProjectId),
        text: row.get("text")?,
        path: row.get("path")?,
        state: word(row, "state")?,
        digest: row.get("digest")?,
        quick: row.get("quick")?,
        files: row.get("files")?,
        bytes: row.get("bytes")?,
        fault: row.get("fault")?,
        by: json(row, "by")?,
        added: Millis(row.get("added")?),
        looked: row.get::<_, Option<i64>>("looked")?.map(Millis),
    })
}

impl View<'_> {
    /// The one of this name, unless it was removed.
    pub fn dataset(&self, name: &str) -> Result<Option<Dataset>, StoreError> {
        self.one("SELECT * FROM datasets WHERE name = ?1 AND removed IS NULL", [name], dataset)
    }

    /// All that were not removed, by name.
    pub fn datasets(&self) -> Result<Vec<Dataset>, StoreError> {
        self.many("SELECT * FROM datasets WHERE removed IS NULL ORDER BY name", [], dataset)
    }

    /// The oldest one whose files are to be read.
    pub fn unread_dataset(&self) -> Result<Option<Dataset>, StoreError> {
        let sql = "SELECT * FROM datasets WHERE state = 'reading' AND removed IS NULL ORDER BY id LIMIT 1";
        self.one(sql, [], dataset)
    }
}

impl Tx<'_> {
    /// Registers one whose files are to be read. Names are taken once.
    pub fn insert_dataset(&self, new: &Dataset) -> Result<DatasetId, StoreError> {
        if self.dataset(&new.name)?.is_some() {
            return Err(StoreError::Taken { what: "dataset", name: new.name.clone() });
        }
        let id = self.insert(
            "INSERT INTO datasets (name, project, text, path, state, files, bytes, by, added)
             VALUES (?1, ?2, ?3, ?4, 'reading', 0, 0, ?5, ?6)",
            params![new.name, new.project.map(|project| project.0), new.text, new.path, Json(&new.by), self.now().0],
        )?;
        Ok(DatasetId(id))
    }

    /// What a look at one has found: its state, digests and counts. The digest that it was registered with stays.
    pub fn put_dataset(&self, seen: &Dataset) -> Result<(), StoreError> {
        let changed = self.change(
            "UPDATE datasets SET state = ?2, digest = ?3, quick = ?4, files = ?5, bytes = ?6, fault = ?7, looked = ?8
             WHERE id = ?1 AND removed IS NULL",
            params![
                seen.id.0,
                Word(seen.state),
                seen.digest,
                seen.quick,
                seen.files,
                seen.bytes,
                seen.fault,
                self.now().0
            ],
        )?;
        there(&seen.name, changed)
    }

    /// Has the files of one read anew.
    pub fn read_dataset_again(&self, name: &str) -> Result<(), StoreError> {
        let sql = "UPDATE datasets SET state = ?2 WHERE name = ?1 AND removed IS NULL";
        there(name, self.change(sql, params![name, Word(DatasetState::Reading)])?)
    }

    /// Removes one from the registry. Its files are nobody's business.
    pub fn remove_dataset(&self, name: &str) -> Result<(), StoreError> {
        let sql = "UPDATE datasets SET removed = ?2 WHERE name = ?1 AND removed IS NULL";
        there(name, self.change(sql, params![name, self.now().0])?)
    }
}

fn there(name: &str, changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Missing { what: "dataset", id: name.to_owned() }) }
}
