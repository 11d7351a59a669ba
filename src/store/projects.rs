//! Registered repositories.

use super::{StoreError, Tx, View};
use crate::domain::{Millis, Project, ProjectId};
use rusqlite::{Row, params};

const COLUMNS: &str = "SELECT id, name, source, created FROM projects";

fn project(row: &Row<'_>) -> rusqlite::Result<Project> {
    Ok(Project {
        id: ProjectId(row.get("id")?),
        name: row.get("name")?,
        source: row.get("source")?,
        created: Millis(row.get("created")?),
    })
}

impl View<'_> {
    /// The project with this id.
    pub fn project(&self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        self.one(&format!("{COLUMNS} WHERE id = ?1"), [id.0], project)
    }

    /// The project with this name.
    pub fn project_named(&self, name: &str) -> Result<Option<Project>, StoreError> {
        self.one(&format!("{COLUMNS} WHERE name = ?1"), [name], project)
    }

    /// All projects by name.
    pub fn projects(&self) -> Result<Vec<Project>, StoreError> {
        self.many(&format!("{COLUMNS} ORDER BY name"), [], project)
    }
}

impl Tx<'_> {
    /// Takes back a project that turned out not to be usable; one that has runs stays.
    pub fn remove_project(&self, id: ProjectId) -> Result<(), StoreError> {
        match self.change("DELETE FROM projects WHERE id = ?1", [id.0])? {
            1 => Ok(()),
            _ => Err(StoreError::Missing { what: "project", id: id.to_string() }),
        }
    }

    /// Registers a repository; the name must be free.
    pub fn insert_project(&self, name: &str, source: &str) -> Result<Project, StoreError> {
        if self.project_named(name)?.is_some() {
            return Err(StoreError::Taken { what: "a project named", name: name.to_owned() });
        }
        let created = self.now();
        let id = self.insert(
            "INSERT INTO projects (name, source, created) VALUES (?1, ?2, ?3)",
            params![name, source, created.0],
        )?;
        Ok(Project { id: ProjectId(id), name: name.to_owned(), source: source.to_owned(), created })
    }
}
