//! What people want of projects: kept, told, and closed by people. How far a feature is follows from its runs.

use super::Server;
use super::answer::not_found;
use super::brief::cut;
use crate::audit::AuditEvent;
use crate::domain::{
    Actor, CriterionReport, Feature, FeatureId, Millis, Origin, ProjectId, Run, RunId, RunState, shortened,
};
use crate::protocol::{Fault, FaultCode, FeatureAsk, FeatureDetail, FeatureRun, FeatureView, Reply, SaidOf};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, View};
use serde_json::json;

/// Most features that are kept, closed ones among them.
const MOST: u64 = 2_000;
/// Most features in one answer.
const LISTED: usize = 500;
/// Most runs of a feature in one answer, the newest.
const RUNS: usize = 30;
/// Longest title in bytes.
const TITLE: usize = 200;
/// Longest text and longest notes in bytes. Together they leave room in a prompt for what an operator adds.
const TEXT: usize = 8 * 1024;
const NOTES: usize = 4 * 1024;
/// Most criteria, how long each may be, and all of them together.
const CRITERIA: (usize, usize, usize) = (30, 600, 8 * 1024);
/// Longest reason of a person, in bytes.
const REASON: usize = 2_000;
/// Longest reason of a run in characters, and longest text of a feature in a list.
const BRIEF: usize = 300;

impl<S: Sandbox> Server<S> {
    pub(super) async fn about_features(&self, ask: FeatureAsk, you: Actor) -> Result<Reply, Fault> {
        match ask {
            FeatureAsk::List { project, all } => self.list_features(project, all).await,
            FeatureAsk::One { feature } => self.feature(feature).await,
            FeatureAsk::Add { project, title, text, criteria, notes } => {
                let project = self.find_project(&project).await?.id;
                let feature = Feature {
                    id: FeatureId(0),
                    project,
                    title,
                    text,
                    criteria,
                    notes,
                    by: you,
                    added: Millis(0),
                    changed: Millis(0),
                    version: 0,
                    closed: None,
                };
                self.add_feature(feature).await
            }
            FeatureAsk::Edit { feature, title, text, criteria, notes } => {
                self.change_feature(feature, you, move |old| Feature {
                    title: title.unwrap_or(old.title),
                    text: text.unwrap_or(old.text),
                    criteria: criteria.unwrap_or(old.criteria),
                    notes: notes.unwrap_or(old.notes),
                    ..old
                })
                .await
            }
            FeatureAsk::Close { feature, reason } => {
                if reason.trim().is_empty() || reason.len() > REASON {
                    let message = format!("say why in 1 to {REASON} bytes: others read it beside the feature");
                    return Err(Fault { code: FaultCode::Refused, message });
                }
                self.close_feature(feature, Some(reason), you).await
            }
            FeatureAsk::Reopen { feature } => self.close_feature(feature, None, you).await,
        }
    }

    async fn list_features(&self, project: Option<String>, all: bool) -> Result<Reply, Fault> {
        let project = match project {
            Some(project) => Some(self.find_project(&project).await?.id),
            None => None,
        };
        let read = move |view: &View<'_>| listed(view, project, all);
        let mut features = self.engine.store.read(read).await?;
        let more = features.len() > LISTED;
        features.truncate(LISTED);
        Ok(Reply::Features { features, more })
    }

    async fn feature(&self, id: FeatureId) -> Result<Reply, Fault> {
        let found = self.engine.store.read(move |view| detail_of(view, id)).await?;
        let detail = found.ok_or_else(|| not_found("feature", id))?;
        Ok(Reply::Feature { detail: Box::new(detail) })
    }

    async fn add_feature(&self, new: Feature) -> Result<Reply, Fault> {
        fit(&new)?;
        let added = self.engine.store.write(move |tx| {
            if tx.features_kept()? >= MOST {
                return Err(StoreError::Refused(format!("{MOST} features are kept, which is the most")));
            }
            let id = tx.insert_feature(&new)?;
            let detail = json!({ "feature": id, "title": new.title, "criteria": new.criteria.len() });
            tx.record(AuditEvent::new(new.by, "feature.added").project(new.project).detail(detail))?;
            Ok(id)
        });
        let id = added.await.map_err(refused)?;
        self.feature(id).await
    }

    async fn change_feature(
        &self,
        id: FeatureId,
        you: Actor,
        change: impl FnOnce(Feature) -> Feature + Send + 'static,
    ) -> Result<Reply, Fault> {
        let changed = self.engine.store.write(move |tx| {
            let Some(old) = tx.feature(id)? else { return Ok(Err(not_found("feature", id))) };
            let new = change(old.clone());
            if let Err(fault) = fit(&new) {
                return Ok(Err(fault));
            }
            tx.change_feature(&new)?;
            let detail = json!({
                "feature": id, "title": new.title, "criteria": new.criteria.len(), "version": old.version + 1,
                "changed": differences(&old, &new),
            });
            tx.record(AuditEvent::new(you, "feature.changed").project(old.project).detail(detail))?;
            Ok(Ok(()))
        });
        changed.await??;
        self.feature(id).await
    }

    async fn close_feature(&self, id: FeatureId, reason: Option<String>, you: Actor) -> Result<Reply, Fault> {
        let closed = self.engine.store.write(move |tx| {
            let Some(old) = tx.feature(id)? else { return Ok(Err(not_found("feature", id))) };
            if old.closed.is_some() == reason.is_some() {
                let message = if reason.is_some() { "is closed already" } else { "is not closed" };
                return Ok(Err(Fault { code: FaultCode::Refused, message: format!("{id} {message}") }));
            }
            tx.close_feature(id, reason.as_deref().map(|reason| (&you, reason)))?;
            let kind = if reason.is_some() { "feature.closed" } else { "feature.reopened" };
            let detail = json!({ "feature": id, "title": old.title, "reason": reason });
            tx.record(AuditEvent::new(you, kind).project(old.project).detail(detail))?;
            Ok(Ok(()))
        });
        closed.await??;
        self.feature(id).await
    }

    /// The feature that a run is to be started from, with the task that it makes.
    pub(super) async fn to_build(
        &self,
        id: FeatureId,
        project: ProjectId,
        more: &str,
    ) -> Result<(Origin, String, Vec<String>), Fault> {
        let found = self.engine.store.read(move |view| view.feature(id)).await?;
        let feature = found.ok_or_else(|| not_found("feature", id))?;
        let unfit = |message: String| Fault { code: FaultCode::Refused, message };
        if feature.project != project {
            return Err(unfit(format!("{id} is wanted of {}, not of {project}", feature.project)));
        }
        if feature.closed.is_some() {
            return Err(unfit(format!("{id} is closed: open it again with `dogwatch feature reopen {id}`")));
        }
        let origin = Origin::Feature { feature: id, version: feature.version };
        Ok((origin, feature.task(more), feature.criteria))
    }
}

fn refused(error: StoreError) -> Fault {
    match error {
        StoreError::Refused(message) => Fault { code: FaultCode::Refused, message },
        error => error.into(),
    }
}

/// Which words differ.
fn differences(old: &Feature, new: &Feature) -> Vec<&'static str> {
    [
        ("title", old.title != new.title),
        ("text", old.text != new.text),
        ("criteria", old.criteria != new.criteria),
        ("notes", old.notes != new.notes),
    ]
    .into_iter()
    .filter_map(|(name, differs)| differs.then_some(name))
    .collect()
}

/// Features as lists show them: one more than fit, where there are more.
fn listed(view: &View<'_>, project: Option<ProjectId>, all: bool) -> Result<Vec<FeatureView>, StoreError> {
    let most = u32::try_from(LISTED + 1).unwrap_or(u32::MAX);
    let found = view.features(project, all, most)?.into_iter();
    found
        .map(|mut feature| {
            let runs = view.runs_of_feature(feature.id)?;
            cut(&mut feature.text, BRIEF);
            cut(&mut feature.notes, BRIEF);
            view_of(view, feature, &runs)
        })
        .collect()
}

fn view_of(view: &View<'_>, feature: Feature, runs: &[(RunId, RunState)]) -> Result<FeatureView, StoreError> {
    let project = view.project(feature.project)?.map(|project| project.name).unwrap_or_default();
    let states: Vec<RunState> = runs.iter().map(|(_, state)| *state).collect();
    let (state, runs) = (feature.state(&states), u32::try_from(states.len()).unwrap_or(u32::MAX));
    Ok(FeatureView { feature, project, state, runs })
}

fn detail_of(view: &View<'_>, id: FeatureId) -> Result<Option<FeatureDetail>, StoreError> {
    let Some(feature) = view.feature(id)? else { return Ok(None) };
    let found = view.runs_of_feature(id)?;
    let mut runs = Vec::new();
    for (run, _) in found.iter().take(RUNS) {
        runs.extend(view.run(*run)?.map(|run| run_of(view, &feature, run)).transpose()?);
    }
    let view = view_of(view, feature, &found)?;
    Ok(Some(FeatureDetail { view, runs, more: found.len() > RUNS }))
}

fn run_of(view: &View<'_>, feature: &Feature, run: Run) -> Result<FeatureRun, StoreError> {
    let reports = view.criterion_reports(run.id)?;
    let edited = !matches!(run.origin, Origin::Feature { version, .. } if version == feature.version);
    let tests = view.newest_tests(run.id, 1)?.last().copied();
    let criteria = said_of(run.criteria, &reports);
    Ok(FeatureRun { run: run.id, state: run.state, tests, reason: shortened(&run.reason, BRIEF), edited, criteria })
}

/// Each criterion with the last that was said of it. What was said of other words is not about it.
pub(super) fn said_of(criteria: Vec<String>, reports: &[CriterionReport]) -> Vec<SaidOf> {
    let said = |(place, criterion): (usize, String)| {
        let about = |one: &&CriterionReport| one.number as usize == place + 1 && one.criterion == criterion;
        let said = reports.iter().rfind(about).cloned();
        SaidOf { criterion, said }
    };
    criteria.into_iter().enumerate().map(said).collect()
}

/// Refuses what does not fit.
fn fit(feature: &Feature) -> Result<(), Fault> {
    let unfit = |message: String| Err(Fault { code: FaultCode::Refused, message });
    let title = &feature.title;
    if title.trim().is_empty() || title.len() > TITLE || title.chars().any(char::is_control) {
        return unfit(format!("the title must be one line of 1 to {TITLE} bytes"));
    }
    if feature.text.trim().is_empty() || feature.text.len() > TEXT {
        return unfit(format!("the description must have 1 to {TEXT} bytes: put what is longer into the repository"));
    }
    if feature.notes.len() > NOTES {
        return unfit(format!("the notes may have at most {NOTES} bytes: put what is longer into the repository"));
    }
    let (most, longest, together) = CRITERIA;
    let criteria = &feature.criteria;
    let line = |one: &String| one.trim().is_empty() || one.len() > longest || one.chars().any(char::is_control);
    if criteria.len() > most || criteria.iter().any(line) {
        return unfit(format!("at most {most} criteria fit, each one line of 1 to {longest} bytes"));
    }
    if criteria.iter().map(String::len).sum::<usize>() > together {
        return unfit(format!("the criteria together may have at most {together} bytes"));
    }
    Ok(())
}
