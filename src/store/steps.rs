//! Executions of steps, and which containers are ours.

use super::columns::{Json, Word, json, word};
use super::{StoreError, Tx, View};
use crate::domain::{Millis, RunId, Step, StepId, StepKey, StepLog, StepState};
use rusqlite::{Row, params};

fn step(row: &Row<'_>) -> rusqlite::Result<Step> {
    let state = match row.get_ref("state")?.as_str()? {
        "intended" => StepState::Intended,
        "created" => StepState::Created { container: row.get("container")? },
        _ => StepState::Ended {
            end: json(row, "step_end")?,
            log_digest: row.get("log_digest")?,
            intrusions: row.get("intrusions")?,
        },
    };
    let log = match row.get::<_, Option<String>>("log_state")?.as_deref() {
        None => StepLog::Open,
        Some("kept") => StepLog::Kept { bytes: row.get("log_bytes")?, stored: row.get("log_stored")? },
        Some("damaged") => StepLog::Damaged { stored: row.get("log_stored")?, reason: row.get("log_reason")? },
        Some("removing") => StepLog::Removing { stored: row.get("log_stored")?, reason: row.get("log_reason")? },
        Some("removed") => StepLog::Removed { at: Millis(row.get("log_at")?), reason: row.get("log_reason")? },
        Some(_) => StepLog::Missing,
    };
    Ok(Step {
        id: StepId(row.get("id")?),
        key: StepKey {
            run: RunId(row.get("run")?),
            iteration: row.get("iteration")?,
            kind: word(row, "kind")?,
            suite: row.get("suite")?,
            attempt: row.get("attempt")?,
        },
        state,
        started: Millis(row.get("started")?),
        ended: row.get::<_, Option<i64>>("ended")?.map(Millis),
        log,
    })
}

impl View<'_> {
    /// The step with this key.
    pub fn step(&self, key: &StepKey) -> Result<Option<Step>, StoreError> {
        self.one(
            "SELECT * FROM steps WHERE run = ?1 AND iteration = ?2 AND kind = ?3 AND suite = ?4 AND attempt = ?5",
            params![key.run.0, key.iteration, Word(key.kind), key.suite, key.attempt],
            step,
        )
    }

    /// The kernel's name of the boot in which a step's container was recorded, as the audit log has it; empty where the kernel
    /// did not tell. `None` for a step whose container was not.
    pub fn created_in_boot(&self, key: &StepKey) -> Result<Option<String>, StoreError> {
        self.one(
            "SELECT json_extract(CAST(record AS TEXT), '$.boot_id') FROM audit WHERE run = ?1 AND kind = 'step.created'
             AND json_extract(CAST(record AS TEXT), '$.detail.step') = ?2 ORDER BY seq DESC LIMIT 1",
            params![key.run.0, key.to_string()],
            |row| row.get(0),
        )
    }

    /// All steps of a run in the order in which they were intended.
    pub fn steps(&self, run: RunId) -> Result<Vec<Step>, StoreError> {
        self.many("SELECT * FROM steps WHERE run = ?1 ORDER BY id", [run.0], step)
    }

    /// Steps that have not ended, over all runs: intended or created.
    #[cfg(test)]
    pub fn unfinished_steps(&self) -> Result<Vec<Step>, StoreError> {
        self.many("SELECT * FROM steps WHERE state <> 'ended' ORDER BY id", [], step)
    }

    /// The names of all steps, as their containers have them.
    pub fn step_names(&self) -> Result<Vec<String>, StoreError> {
        self.many("SELECT * FROM steps", [], |row| step(row).map(|step| step.key.to_string()))
    }

    /// Steps that have ended and whose log is not closed yet, oldest first, after a step, at most `most`.
    pub fn steps_to_close(&self, after: StepId, most: u32) -> Result<Vec<Step>, StoreError> {
        let sql = "SELECT * FROM steps WHERE state = 'ended' AND log_state IS NULL AND id > ?1 ORDER BY id LIMIT ?2";
        self.many(sql, params![after.0, most], step)
    }

    /// Steps whose log lies on the disk or is being removed, in runs that are over, those that ended first coming first.
    pub fn steps_with_log(&self) -> Result<Vec<Step>, StoreError> {
        let sql = "SELECT steps.* FROM steps JOIN runs ON runs.id = steps.run
             WHERE log_state IN ('kept', 'damaged', 'removing') AND runs.state IN ('succeeded', 'cancelled', 'failed')
             ORDER BY steps.ended, steps.id";
        self.many(sql, [], step)
    }
}

impl Tx<'_> {
    /// Commits the intent of a step before anything is created. The key must be new.
    pub fn insert_step(&self, key: &StepKey) -> Result<Step, StoreError> {
        let started = self.now();
        let id = self.insert(
            "INSERT INTO steps (run, iteration, kind, suite, attempt, state, started)
             VALUES (?1, ?2, ?3, ?4, ?5, 'intended', ?6)",
            params![key.run.0, key.iteration, Word(key.kind), key.suite, key.attempt, started.0],
        )?;
        Ok(Step {
            id: StepId(id),
            key: key.clone(),
            state: StepState::Intended,
            started,
            ended: None,
            log: StepLog::Open,
        })
    }

    /// Moves a step on: intended, created, ended. A step that ended stays as it is, and no state is gone back to.
    pub fn set_step_state(&self, id: StepId, state: &StepState) -> Result<(), StoreError> {
        let now = self.now().0;
        let changed = match state {
            StepState::Intended => 0,
            StepState::Created { container } => self.change(
                "UPDATE steps SET state = 'created', container = ?2 WHERE id = ?1 AND state = 'intended'",
                params![id.0, container],
            )?,
            StepState::Ended { end, log_digest, intrusions } => self.change(
                "UPDATE steps SET state = 'ended', step_end = ?2, log_digest = ?3, intrusions = ?4, ended = ?5
                 WHERE id = ?1 AND state <> 'ended'",
                params![id.0, Json(end), log_digest, intrusions, now],
            )?,
        };
        if changed == 1 {
            return Ok(());
        }
        match self.one("SELECT state FROM steps WHERE id = ?1", [id.0], |row| row.get::<_, String>(0))? {
            Some(found) => Err(StoreError::Invalid {
                what: "step state",
                rule: format!("step {id} is {found} and goes only from intended to created to ended"),
            }),
            None => Err(StoreError::Missing { what: "step", id: id.to_string() }),
        }
    }

    /// Says what became of the log of a step that has ended. A removed log stays removed.
    pub fn set_step_log(&self, id: StepId, log: &StepLog) -> Result<(), StoreError> {
        let (state, bytes, stored, reason) = match log {
            StepLog::Open => (None, None, None, None),
            StepLog::Kept { bytes, stored } => (Some("kept"), Some(*bytes), Some(*stored), None),
            StepLog::Damaged { stored, reason } => (Some("damaged"), None, Some(*stored), Some(reason)),
            StepLog::Missing => (Some("missing"), None, None, None),
            StepLog::Removing { stored, reason } => (Some("removing"), None, Some(*stored), Some(reason)),
            StepLog::Removed { reason, .. } => (Some("removed"), None, None, Some(reason)),
        };
        let changed = self.change(
            "UPDATE steps SET log_state = ?2, log_bytes = ?3, log_stored = ?4, log_reason = ?5, log_at = ?6
             WHERE id = ?1 AND state = 'ended' AND (log_state IS NULL OR log_state <> 'removed')",
            params![id.0, state, bytes, stored, reason, self.now().0],
        )?;
        if changed == 1 {
            return Ok(());
        }
        let rule = format!("step {id} has not ended, or its log was removed already");
        Err(StoreError::Invalid { what: "step log", rule })
    }
}
