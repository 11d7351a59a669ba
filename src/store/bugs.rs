//! The bug table: one row for each exact fingerprint, with what was tried and what solved it.

use super::columns::{Json, Word, maybe_json, word};
use super::{StoreError, Tx, View};
use crate::domain::{Attempt, Bug, BugId, BugState, Finding, Fingerprint, Millis, RunId, Solution, Told};
use rusqlite::{Row, params};

/// Which bugs a list shall have, latest seen first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BugFilter {
    /// Only bugs in this state.
    pub state: Option<BugState>,
    /// Only bugs of this class.
    pub class: Option<Fingerprint>,
    /// At most so many; 1000 when absent.
    pub limit: Option<u32>,
}

/// A bug as it is read.
const BUG: &str = "SELECT b.*, p.name AS told_in FROM bugs b LEFT JOIN projects p ON p.id = b.project";

fn bug(row: &Row<'_>) -> rusqlite::Result<Bug> {
    let (by, project) = (maybe_json(row, "told_by")?, row.get::<_, Option<String>>("told_in")?);
    Ok(Bug {
        id: BugId(row.get("id")?),
        exact: Fingerprint(row.get("exact")?),
        class: Fingerprint(row.get("class")?),
        source: word(row, "source")?,
        kind: row.get("kind")?,
        message: row.get("message")?,
        state: word(row, "state")?,
        seen: row.get("seen")?,
        first_run: row.get::<_, Option<i64>>("first_run")?.map(RunId),
        first_seen: Millis(row.get("first_seen")?),
        last_seen: Millis(row.get("last_seen")?),
        told: by.zip(project).map(|(by, project)| Told { by, project }),
    })
}

pub(super) fn solution(row: &Row<'_>) -> rusqlite::Result<Solution> {
    Ok(Solution {
        run: RunId(row.get("run")?),
        iteration: row.get("iteration")?,
        commit: row.get("commit_id")?,
        summary: row.get("summary")?,
        at: Millis(row.get("at")?),
    })
}

impl View<'_> {
    /// The bug with this id, or the one that it was merged into.
    pub fn bug(&self, id: BugId) -> Result<Option<Bug>, StoreError> {
        let sql = format!("{BUG} WHERE b.id = (SELECT ifnull(merged_into, id) FROM bugs WHERE id = ?1)");
        self.one(&sql, [id.0], bug)
    }

    /// The bug with this exact fingerprint, or the one that it was merged into.
    pub fn bug_by_exact(&self, exact: &Fingerprint) -> Result<Option<Bug>, StoreError> {
        let sql = format!("{BUG} WHERE b.id = (SELECT ifnull(merged_into, id) FROM bugs WHERE exact = ?1)");
        self.one(&sql, [&exact.0], bug)
    }

    /// Bugs that pass the filter, latest seen first. What was merged is not listed.
    pub fn bugs(&self, filter: &BugFilter) -> Result<Vec<Bug>, StoreError> {
        // Conditions that are there or not, so that an index has the order and a long table is not sorted.
        let state = filter.state.map_or("?1 IS NULL", |_| "b.state = ?1");
        let class = filter.class.as_ref().map_or("?2 IS NULL", |_| "b.class = ?2");
        let sql = format!(
            "{BUG} WHERE {state} AND {class} AND b.merged_into IS NULL ORDER BY b.last_seen DESC, b.id DESC LIMIT ?3"
        );
        let class = filter.class.as_ref().map(|class| &class.0);
        self.many(&sql, params![filter.state.map(Word), class, filter.limit.unwrap_or(1000)], bug)
    }

    /// What was tried against a bug, oldest first.
    pub fn bug_attempts(&self, id: BugId) -> Result<Vec<Attempt>, StoreError> {
        self.many("SELECT * FROM bug_attempts WHERE bug = ?1 ORDER BY id", [id.0], |row| {
            Ok(Attempt {
                run: RunId(row.get("run")?),
                iteration: row.get("iteration")?,
                tried: row.get("tried")?,
                outcome: word(row, "outcome")?,
                at: Millis(row.get("at")?),
            })
        })
    }

    /// What made a bug go away, oldest first.
    pub fn bug_solutions(&self, id: BugId) -> Result<Vec<Solution>, StoreError> {
        self.many("SELECT * FROM bug_solutions WHERE bug = ?1 ORDER BY id", [id.0], solution)
    }
}

impl Tx<'_> {
    /// Lets a finding join the bug with its exact fingerprint, or makes that bug. A solved bug that is seen again is
    /// open again. What was merged leads to what it is a part of.
    pub fn join_bug(&self, run: RunId, finding: &Finding) -> Result<BugId, StoreError> {
        let now = self.now().0;
        self.change(
            "INSERT INTO bugs (exact, class, source, kind, message, stack, state, seen, first_run, first_seen, last_run,
                last_seen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', 1, ?7, ?8, ?7, ?8)
             ON CONFLICT (exact) DO UPDATE SET seen = seen + 1, state = 'open', last_run = excluded.last_run,
                last_seen = max(last_seen, excluded.last_seen)",
            params![
                finding.exact.0,
                finding.class.0,
                Word(finding.source),
                finding.kind,
                finding.message,
                Json(&finding.stack),
                run.0,
                now,
            ],
        )?;
        let found = self.one("SELECT id, merged_into FROM bugs WHERE exact = ?1", [&finding.exact.0], |row| {
            Ok((BugId(row.get(0)?), row.get::<_, Option<i64>>(1)?.map(BugId)))
        })?;
        let (id, into) = found.ok_or_else(|| StoreError::Missing { what: "bug", id: finding.exact.to_string() })?;
        let Some(into) = into else { return Ok(id) };
        self.change(
            "UPDATE bugs SET seen = seen + 1, state = 'open', first_run = ifnull(first_run, ?2), last_run = ?2,
                last_seen = max(last_seen, ?3) WHERE id = ?1",
            params![into.0, run.0, now],
        )?;
        Ok(into)
    }

    /// Sets whether a bug is still about.
    pub fn set_bug_state(&self, id: BugId, state: BugState) -> Result<(), StoreError> {
        match self.change("UPDATE bugs SET state = ?2 WHERE id = ?1", params![id.0, Word(state)])? {
            1 => Ok(()),
            _ => Err(StoreError::Missing { what: "bug", id: id.to_string() }),
        }
    }

    /// Stores what was tried against a bug; `at` of the argument is ignored.
    pub fn insert_bug_attempt(&self, id: BugId, attempt: &Attempt) -> Result<(), StoreError> {
        let (run, at) = (attempt.run.0, self.now().0);
        self.insert(
            "INSERT INTO bug_attempts (bug, run, iteration, tried, outcome, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id.0, run, attempt.iteration, attempt.tried, Word(attempt.outcome), at],
        )?;
        Ok(())
    }

    /// Stores what made a bug go away; `at` of the argument is ignored.
    pub fn insert_bug_solution(&self, id: BugId, solution: &Solution) -> Result<(), StoreError> {
        let (run, at) = (solution.run.0, self.now().0);
        self.insert(
            "INSERT INTO bug_solutions (bug, run, iteration, commit_id, summary, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id.0, run, solution.iteration, solution.commit, solution.summary, at],
        )?;
        Ok(())
    }
}
