//! Test runs that people ask for, and each time that they were due.

use super::columns::{Json, json};
use super::{StoreError, Tx, View};
use crate::domain::{Firing, Millis, ProjectId, RunId, Schedule, ScheduleId};
use rusqlite::{Row, params};

/// Firings that are kept of each, the newest.
const KEPT: u32 = 200;

fn schedule(row: &Row<'_>) -> rusqlite::Result<Schedule> {
    Ok(Schedule {
        id: ScheduleId(row.get("id")?),
        project: ProjectId(row.get("project")?),
        suites: json(row, "suites")?,
        revision: row.get("revision")?,
        timing: json(row, "timing")?,
        by: json(row, "by")?,
        added: Millis(row.get("added")?),
        paused: row.get("paused")?,
        next: row.get::<_, Option<i64>>("next")?.map(Millis),
    })
}

fn firing(row: &Row<'_>) -> rusqlite::Result<Firing> {
    Ok(Firing {
        due: Millis(row.get("due")?),
        at: Millis(row.get("at")?),
        missed: row.get("missed")?,
        run: row.get::<_, Option<i64>>("run")?.map(RunId),
        fault: row.get("fault")?,
    })
}

impl View<'_> {
    /// The one with this id, unless it was removed.
    pub fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
        self.one("SELECT * FROM schedules WHERE id = ?1 AND removed IS NULL", [id.0], schedule)
    }

    /// Those of a project, or of any, that were not removed, newest first.
    pub fn schedules(&self, project: Option<ProjectId>, most: u32) -> Result<Vec<Schedule>, StoreError> {
        self.many(
            "SELECT * FROM schedules WHERE removed IS NULL AND (?1 IS NULL OR project = ?1) ORDER BY id DESC LIMIT ?2",
            params![project.map(|project| project.0), most],
            schedule,
        )
    }

    /// Those that are due, the one that waits longest first.
    pub fn due_schedules(&self, now: Millis) -> Result<Vec<Schedule>, StoreError> {
        self.many("SELECT * FROM schedules WHERE next <= ?1 ORDER BY next, id", [now.0], schedule)
    }

    /// When the first of those that are not due yet is.
    pub fn next_schedule(&self, now: Millis) -> Result<Option<Millis>, StoreError> {
        let sql = "SELECT min(next) FROM schedules WHERE next > ?1";
        Ok(self.one(sql, [now.0], |row| row.get::<_, Option<i64>>(0))?.flatten().map(Millis))
    }

    /// The newest times that one was due, newest first.
    pub fn firings(&self, id: ScheduleId, most: u32) -> Result<Vec<Firing>, StoreError> {
        self.many("SELECT * FROM firings WHERE schedule = ?1 ORDER BY id DESC LIMIT ?2", params![id.0, most], firing)
    }
}

impl Tx<'_> {
    /// Stores one; its id and the time it was added at are ignored.
    pub fn insert_schedule(&self, new: &Schedule) -> Result<ScheduleId, StoreError> {
        let id = self.insert(
            "INSERT INTO schedules (project, suites, revision, timing, by, added, paused, next)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                new.project.0,
                Json(&new.suites),
                new.revision,
                Json(&new.timing),
                Json(&new.by),
                self.now().0,
                new.paused,
                new.next.map(|next| next.0)
            ],
        )?;
        Ok(ScheduleId(id))
    }

    /// Pauses one, or lets it run again from the time that is named on.
    pub fn pause_schedule(&self, id: ScheduleId, paused: bool, next: Option<Millis>) -> Result<(), StoreError> {
        let sql = "UPDATE schedules SET paused = ?2, next = ?3 WHERE id = ?1 AND removed IS NULL";
        there(id, self.change(sql, params![id.0, paused, next.map(|next| next.0)])?)
    }

    /// Removes one. What came of it stays.
    pub fn remove_schedule(&self, id: ScheduleId) -> Result<(), StoreError> {
        let sql = "UPDATE schedules SET removed = ?2, next = NULL WHERE id = ?1 AND removed IS NULL";
        there(id, self.change(sql, params![id.0, self.now().0])?)
    }

    /// Notes what came of a time that one was due, and when it is due again.
    pub fn fire(&self, id: ScheduleId, firing: &Firing, next: Option<Millis>) -> Result<(), StoreError> {
        self.insert(
            "INSERT INTO firings (schedule, due, at, missed, run, fault) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id.0, firing.due.0, firing.at.0, firing.missed, firing.run.map(|run| run.0), firing.fault],
        )?;
        let sql = "UPDATE schedules SET next = ?2 WHERE id = ?1 AND removed IS NULL AND paused = 0";
        there(id, self.change(sql, params![id.0, next.map(|next| next.0)])?)?;
        let old = "DELETE FROM firings WHERE schedule = ?1 AND id <= (SELECT id FROM firings WHERE schedule = ?1
                   ORDER BY id DESC LIMIT 1 OFFSET ?2)";
        self.change(old, params![id.0, KEPT]).map(drop)
    }
}

fn there(id: ScheduleId, changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Missing { what: "task", id: id.to_string() }) }
}
