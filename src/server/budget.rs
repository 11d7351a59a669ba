//! Budgets as they stand, read in one look at the store.

use super::Server;
use super::answer::MOST_LISTED;
use crate::domain::{Allowances, Day, Millis, Project, Run, RunId, Scope, Spent};
use crate::engine::AskError;
use crate::engine::ports::World;
use crate::protocol::{BudgetReport, Fault, ProjectBudget, Reply, RunBudget};
use crate::sandbox::Sandbox;
use crate::store::{RunFilter, StoreError, View};
use std::collections::HashMap;

impl<S: Sandbox> Server<S> {
    pub(super) async fn budget(&self) -> Result<Reply, Fault> {
        let (allowances, now) = (self.engine.world.allowances().clone(), self.engine.world.now());
        let budget = self.engine.store.read(move |view| report(view, &allowances, now)).await?;
        Ok(Reply::Budget { budget: Box::new(budget) })
    }
}

impl<S: Sandbox> Server<S> {
    /// What a run asked of models, and what that took.
    pub(super) async fn usage(&self, run: RunId) -> Result<Reply, Fault> {
        let found = self.engine.store.read(move |view| {
            let Some(run) = view.run(run)? else { return Ok(None) };
            Ok(Some((view.requests(run.id)?, view.uncounted(run.id)?)))
        });
        let Some((usage, pending)) = found.await? else {
            return Err(AskError::Missing { what: "run", id: run.to_string() }.into());
        };
        Ok(Reply::Usage { usage, pending })
    }
}

fn report(view: &View<'_>, allowances: &Allowances, now: Millis) -> Result<BudgetReport, StoreError> {
    let day = Day::of(now);
    let projects = view.projects()?;
    let known = |name: &&String| projects.iter().any(|project| project.name == **name);
    Ok(BudgetReport {
        day,
        date: day.to_string(),
        turns: day.next().begin(),
        engine: view.account(Scope::Day { day }, allowances.day)?,
        unknown: allowances.projects.keys().filter(|name| !known(name)).cloned().collect(),
        runs: runs(view, &projects)?,
        projects: projects
            .iter()
            .map(|project| {
                let account = |scope| view.account(scope, allowances.caps(scope, &project.name));
                let (name, id) = (project.name.clone(), project.id);
                let total = account(Scope::Project { project: id })?;
                Ok(ProjectBudget { name, day: account(Scope::ProjectDay { project: id, day })?, total })
            })
            .collect::<Result<_, StoreError>>()?,
    })
}

fn runs(view: &View<'_>, projects: &[Project]) -> Result<Vec<RunBudget>, StoreError> {
    let held: HashMap<_, Spent> = view.reservations()?.into_iter().map(|one| (one.run, one.held)).collect();
    let limit = u32::try_from(MOST_LISTED).ok();
    let found = view.runs(&RunFilter { unfinished: true, limit, ..RunFilter::default() })?;
    let one = |run: Run| RunBudget {
        project: projects.iter().find(|project| project.id == run.project).map_or_else(String::new, |p| p.name.clone()),
        run: run.id,
        state: run.state,
        budget: run.budget,
        used: run.spent,
        reserved: held.get(&run.id).copied().unwrap_or_default(),
    };
    Ok(found.into_iter().map(one).collect())
}
