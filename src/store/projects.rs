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

    /// What is on record of a project, in words, with how many there are of it. A project that has any stays.
    pub fn on_record(&self, id: ProjectId) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let mut found = Vec::new();
        for (table, word) in ON_RECORD {
            let sql = format!("SELECT count(*) FROM {table} WHERE project = ?1");
            let count: u64 = self.one(&sql, [id.0], |row| row.get(0))?.unwrap_or(0);
            if count > 0 {
                found.push((word, count));
            }
        }
        Ok(found)
    }
}

/// Tables that name projects, and what is in them. Others do so by way of a run.
const ON_RECORD: [(&str, &str); 9] = [
    ("runs", "runs"),
    ("features", "features"),
    ("bugs", "bugs that people told"),
    ("lessons", "lessons"),
    ("entries", "entries"),
    ("datasets", "data sets"),
    ("tasks", "tasks"),
    ("schedules", "schedules"),
    ("project_hosts", "hosts that were opened"),
];

impl Tx<'_> {
    /// Takes a project away of which nothing is on record.
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::ON_RECORD;
    use crate::store::{Options, Store};

    /// What names a project must keep it, or it would name nothing. These do so only together with a run or its question.
    #[test]
    fn every_table_that_names_projects_is_looked_at() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let sql = "SELECT DISTINCT tables.name FROM sqlite_schema AS tables, pragma_foreign_key_list(tables.name) AS foreign_key
            WHERE tables.type = 'table' AND foreign_key.\"table\" = 'projects' ORDER BY 1";
        let named: Vec<String> = store.read_sync(|view| view.many(sql, [], |row| row.get(0))).unwrap();
        assert!(named.len() > 8, "{named:?}");
        let looked = |name: &str| ON_RECORD.iter().any(|(table, _)| *table == name);
        let others: Vec<_> = named.iter().filter(|name| !looked(name)).collect();
        assert_eq!(others, ["flaky_tests", "grants"]);
    }
}
