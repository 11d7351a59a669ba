//! What people and solved bugs teach about projects.

use super::columns::{Json, json, maybe_json};
use super::{StoreError, Tx, View};
use crate::domain::{Actor, BugId, Lesson, LessonId, LessonOrigin, Millis, ProjectId, RunId};
use rusqlite::{Row, params};

fn lesson(row: &Row<'_>) -> rusqlite::Result<Lesson> {
    Ok(Lesson {
        id: LessonId(row.get("id")?),
        project: ProjectId(row.get("project")?),
        text: row.get("text")?,
        origin: json(row, "origin")?,
        edited: maybe_json(row, "edited")?,
        added: Millis(row.get("added")?),
        changed: Millis(row.get("changed")?),
    })
}

impl View<'_> {
    /// The lesson with this id, unless it was removed.
    pub fn lesson(&self, id: LessonId) -> Result<Option<Lesson>, StoreError> {
        self.one("SELECT * FROM lessons WHERE id = ?1 AND removed IS NULL", [id.0], lesson)
    }

    /// The lessons of a project, or of any, newest first.
    pub fn lessons(&self, project: Option<ProjectId>, most: u32) -> Result<Vec<Lesson>, StoreError> {
        self.many(
            "SELECT * FROM lessons WHERE removed IS NULL AND (?1 IS NULL OR project = ?1) ORDER BY id DESC LIMIT ?2",
            params![project.map(|project| project.0), most],
            lesson,
        )
    }

    /// The runs of a project that solved a bug, oldest first.
    pub fn solved_in(&self, project: ProjectId, bug: BugId) -> Result<Vec<RunId>, StoreError> {
        self.many(
            "SELECT DISTINCT s.run FROM bug_solutions s JOIN runs r ON r.id = s.run WHERE s.bug = ?1 AND r.project = ?2
             ORDER BY s.run",
            params![bug.0, project.0],
            |row| row.get(0).map(RunId),
        )
    }

    /// Whether a bug has taught a project something already, also where that was removed.
    pub fn has_taught(&self, project: ProjectId, bug: BugId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM lessons WHERE project = ?1 AND bug = ?2";
        Ok(self.one(sql, params![project.0, bug.0], |_| Ok(()))?.is_some())
    }
}

impl Tx<'_> {
    /// Stores a lesson.
    pub fn insert_lesson(&self, project: ProjectId, text: &str, origin: &LessonOrigin) -> Result<LessonId, StoreError> {
        let bug = if let LessonOrigin::Bug { bug, .. } = origin { Some(bug.0) } else { None };
        let id = self.insert(
            "INSERT INTO lessons (project, text, origin, bug, added, changed) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            params![project.0, text, Json(origin), bug, self.now().0],
        )?;
        Ok(LessonId(id))
    }

    /// Says a lesson anew, in a person's words.
    pub fn change_lesson(&self, id: LessonId, text: &str, by: &Actor) -> Result<(), StoreError> {
        let sql = "UPDATE lessons SET text = ?2, edited = ?3, changed = ?4 WHERE id = ?1 AND removed IS NULL";
        there(id, self.change(sql, params![id.0, text, Json(by), self.now().0])?)
    }

    /// Removes a lesson.
    pub fn remove_lesson(&self, id: LessonId) -> Result<(), StoreError> {
        let sql = "UPDATE lessons SET removed = ?2 WHERE id = ?1 AND removed IS NULL";
        there(id, self.change(sql, params![id.0, self.now().0])?)
    }
}

fn there(id: LessonId, changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Missing { what: "lesson", id: id.to_string() }) }
}
