//! What is asked for beside the loop.

use super::columns::{Json, json, maybe_json, word};
use super::{StoreError, Tx, View};
use crate::domain::{AskedBy, Millis, ProjectId, RunId, Task, TaskId, TaskOutcome, TaskPlace, TaskResult, TaskWork};
use rusqlite::{Row, params};

fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    let place = match row.get::<_, Option<i64>>("run")? {
        Some(run) => {
            Some(TaskPlace { run: RunId(run), iteration: row.get("iteration")?, attempt: row.get("attempt")? })
        }
        None => None,
    };
    Ok(Task {
        id: TaskId(row.get("id")?),
        project: ProjectId(row.get("project")?),
        place,
        by: json(row, "by")?,
        what: json(row, "what")?,
        commit: row.get("commit_id")?,
        state: word(row, "state")?,
        stopping: row.get("stopping")?,
        result: maybe_json(row, "result")?,
        asked: Millis(row.get("asked")?),
        begun: row.get::<_, Option<i64>>("begun")?.map(Millis),
        ended: row.get::<_, Option<i64>>("ended")?.map(Millis),
    })
}

impl View<'_> {
    /// The task with this id.
    pub fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.one("SELECT * FROM tasks WHERE id = ?1", [id.0], task)
    }

    /// The newest tasks, of a run or of all, oldest first.
    pub fn tasks(&self, run: Option<RunId>, most: u32) -> Result<Vec<Task>, StoreError> {
        let mut found = match run {
            Some(run) => {
                let sql = "SELECT * FROM tasks WHERE run = ?1 ORDER BY id DESC LIMIT ?2";
                self.many(sql, params![run.0, most], task)?
            }
            None => self.many("SELECT * FROM tasks ORDER BY id DESC LIMIT ?1", [most], task)?,
        };
        found.reverse();
        Ok(found)
    }

    /// The tasks of a run that are not over, oldest first.
    pub fn open_tasks(&self, run: RunId) -> Result<Vec<Task>, StoreError> {
        self.many("SELECT * FROM tasks WHERE run = ?1 AND state <> 'ended' ORDER BY id", [run.0], task)
    }

    /// How many tasks of a kind were asked for in an iteration.
    pub fn tasks_asked(&self, run: RunId, iteration: u32, kind: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM tasks WHERE run = ?1 AND iteration = ?2 AND kind = ?3";
        Ok(self.one(sql, params![run.0, iteration, kind], |row| row.get(0))?.unwrap_or_default())
    }

    /// The tasks of one kind of a run, oldest first.
    pub fn tasks_of_kind(&self, run: RunId, kind: &str) -> Result<Vec<Task>, StoreError> {
        self.many("SELECT * FROM tasks WHERE run = ?1 AND kind = ?2 ORDER BY id", params![run.0, kind], task)
    }

    /// How long the tasks of a turn were at work together, in milliseconds. Services only wait for others.
    pub fn task_time(&self, place: &TaskPlace) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(max(0, ended - begun)), 0) FROM tasks
                   WHERE run = ?1 AND iteration = ?2 AND attempt = ?3 AND begun IS NOT NULL AND state = 'ended'
                   AND kind <> 'service'";
        let params = params![place.run.0, place.iteration, place.attempt];
        Ok(self.one(sql, params, |row| row.get(0))?.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Puts a task into the queue.
    pub fn insert_task(
        &self,
        project: ProjectId,
        place: Option<TaskPlace>,
        by: &AskedBy,
        what: &TaskWork,
    ) -> Result<TaskId, StoreError> {
        let (run, iteration, attempt) =
            (place.map(|place| place.run.0), place.map(|place| place.iteration), place.map(|place| place.attempt));
        let id = self.insert(
            "INSERT INTO tasks (kind, project, run, iteration, attempt, by, what, state, asked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'queued', ?8)",
            params![what.kind(), project.0, run, iteration, attempt, Json(by), Json(what), self.now().0],
        )?;
        Ok(TaskId(id))
    }

    /// Says what commit a task works on. Said once.
    pub fn set_task_commit(&self, id: TaskId, commit: &str) -> Result<(), StoreError> {
        let sql = "UPDATE tasks SET commit_id = ?2 WHERE id = ?1 AND commit_id IS NULL AND state = 'queued'";
        let changed = self.change(sql, params![id.0, commit])?;
        moved(id, changed, "has its commit, or is past that")
    }

    /// A task begins to work; one that does already stays as it is.
    pub fn begin_task(&self, id: TaskId) -> Result<(), StoreError> {
        let sql = "UPDATE tasks SET state = 'working', begun = coalesce(begun, ?2) WHERE id = ?1 AND state <> 'ended'";
        let changed = self.change(sql, params![id.0, self.now().0])?;
        moved(id, changed, "is over")
    }

    /// A service takes connections.
    pub fn task_is_ready(&self, id: TaskId) -> Result<(), StoreError> {
        let sql = "UPDATE tasks SET state = 'ready' WHERE id = ?1 AND state = 'working'";
        let changed = self.change(sql, [id.0])?;
        moved(id, changed, "is not at work")
    }

    /// A task is to end; one that is over stays as it is.
    pub fn stop_task(&self, id: TaskId) -> Result<(), StoreError> {
        self.change("UPDATE tasks SET stopping = 1 WHERE id = ?1 AND state <> 'ended'", [id.0]).map(drop)
    }

    /// A task is over; whether it was not before.
    pub fn end_task(&self, id: TaskId, result: &TaskResult) -> Result<bool, StoreError> {
        let sql = "UPDATE tasks SET state = 'ended', result = ?2, ended = ?3 WHERE id = ?1 AND state <> 'ended'";
        Ok(self.change(sql, params![id.0, Json(result), self.now().0])? == 1)
    }

    /// Ends the tasks of a run that do not belong to this place; gives their ids.
    pub fn stop_tasks(&self, run: RunId, except: Option<&TaskPlace>) -> Result<Vec<TaskId>, StoreError> {
        let mut stopped = Vec::new();
        for task in self.open_tasks(run)? {
            if except.is_some() && task.place.as_ref() == except {
                continue;
            }
            let words = "it was ended with the turn that it belonged to";
            self.end_task(task.id, &TaskResult::plain(TaskOutcome::Stopped, words))?;
            stopped.push(task.id);
        }
        Ok(stopped)
    }
}

/// A change that met no task as it should be is refused.
fn moved(id: TaskId, changed: usize, rule: &str) -> Result<(), StoreError> {
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::Invalid { what: "task state", rule: format!("task {id} {rule}") }),
    }
}
