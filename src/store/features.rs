//! What people want of projects, and what agents say of criteria.

use super::columns::{Json, Word, json, maybe_json, word};
use super::{StoreError, Tx, View};
use crate::domain::{Actor, CriterionReport, Feature, FeatureClosed, FeatureId, Millis, ProjectId, RunId, RunState};
use rusqlite::{Row, params};

fn feature(row: &Row<'_>) -> rusqlite::Result<Feature> {
    Ok(Feature {
        id: FeatureId(row.get("id")?),
        project: ProjectId(row.get("project")?),
        title: row.get("title")?,
        text: row.get("text")?,
        criteria: json(row, "criteria")?,
        notes: row.get("notes")?,
        by: json(row, "by")?,
        added: Millis(row.get("added")?),
        changed: Millis(row.get("changed")?),
        version: row.get("version")?,
        closed: maybe_json(row, "closed")?,
    })
}

fn report(row: &Row<'_>) -> rusqlite::Result<CriterionReport> {
    Ok(CriterionReport {
        run: RunId(row.get("run")?),
        iteration: row.get("iteration")?,
        number: row.get("number")?,
        criterion: row.get("criterion")?,
        verdict: word(row, "verdict")?,
        words: row.get("words")?,
        at: Millis(row.get("at")?),
    })
}

impl View<'_> {
    /// The feature with this id.
    pub fn feature(&self, id: FeatureId) -> Result<Option<Feature>, StoreError> {
        self.one("SELECT * FROM features WHERE id = ?1", [id.0], feature)
    }

    /// Features of a project, or of any, newest first; those that are closed only where they are wanted.
    pub fn features(&self, project: Option<ProjectId>, closed: bool, most: u32) -> Result<Vec<Feature>, StoreError> {
        self.many(
            "SELECT * FROM features WHERE (?1 IS NULL OR project = ?1) AND (?2 OR closed IS NULL) ORDER BY id DESC LIMIT ?3",
            params![project.map(|project| project.0), closed, most],
            feature,
        )
    }

    /// How many features there are.
    pub fn features_kept(&self) -> Result<u64, StoreError> {
        Ok(self.one("SELECT count(*) FROM features", [], |row| row.get(0))?.unwrap_or_default())
    }

    /// The runs that were started from a feature, newest first, with where they stand.
    pub fn runs_of_feature(&self, id: FeatureId) -> Result<Vec<(RunId, RunState)>, StoreError> {
        let sql = "SELECT id, state FROM runs WHERE origin ->> 'feature' = ?1 ORDER BY id DESC";
        self.many(sql, [id.0], |row| Ok((RunId(row.get("id")?), word(row, "state")?)))
    }

    /// What the agent of a run said of criteria, oldest first.
    pub fn criterion_reports(&self, run: RunId) -> Result<Vec<CriterionReport>, StoreError> {
        self.many("SELECT * FROM criterion_reports WHERE run = ?1 ORDER BY id", [run.0], report)
    }
}

impl Tx<'_> {
    /// Adds a feature; its id, times and version are ignored, and it is not closed.
    pub fn insert_feature(&self, new: &Feature) -> Result<FeatureId, StoreError> {
        let id = self.insert(
            "INSERT INTO features (project, title, text, criteria, notes, by, added, changed, version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 1)",
            params![new.project.0, new.title, new.text, Json(&new.criteria), new.notes, Json(&new.by), self.now().0],
        )?;
        Ok(FeatureId(id))
    }

    /// Says a feature's words anew.
    pub fn change_feature(&self, new: &Feature) -> Result<(), StoreError> {
        let changed = self.change(
            "UPDATE features SET title = ?2, text = ?3, criteria = ?4, notes = ?5, changed = ?6, version = version + 1
             WHERE id = ?1",
            params![new.id.0, new.title, new.text, Json(&new.criteria), new.notes, self.now().0],
        )?;
        there(new.id, changed)
    }

    /// Closes a feature, or opens it again where nobody is named.
    pub fn close_feature(&self, id: FeatureId, closed: Option<(&Actor, &str)>) -> Result<(), StoreError> {
        let closed = closed
            .map(|(by, reason)| Json(FeatureClosed { by: by.clone(), reason: reason.to_owned(), at: self.now() }));
        there(id, self.change("UPDATE features SET closed = ?2 WHERE id = ?1", params![id.0, closed])?)
    }

    /// Takes what an agent says of a criterion; the time of the argument is ignored.
    pub fn insert_criterion_report(&self, new: &CriterionReport) -> Result<(), StoreError> {
        let CriterionReport { run, iteration, number, criterion, verdict, words, .. } = new;
        self.insert(
            "INSERT INTO criterion_reports (run, iteration, number, criterion, verdict, words, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![run.0, iteration, number, criterion, Word(verdict), words, self.now().0],
        )
        .map(drop)
    }
}

fn there(id: FeatureId, changed: usize) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Missing { what: "feature", id: id.to_string() }) }
}
