//! The switch of models.

use super::Server;
use crate::domain::{Actor, ModelApi, Project};
use crate::gateway::Resting;
use crate::protocol::{Fault, ModelsReport, ProviderFault, ProviderView, Reply, StoppedModels};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, View};

impl<S: Sandbox> Server<S> {
    /// How models are.
    pub(super) async fn models(&self) -> Result<Reply, Fault> {
        let stopped = self.engine.store.read(stopped).await?;
        Ok(Reply::Models { models: ModelsReport { stopped, providers: self.providers() } })
    }

    /// The providers, and what failed there last.
    pub(super) fn providers(&self) -> Vec<ProviderView> {
        let seen = self.engine.world.providers().into_iter();
        let view = |(name, api, resting): (String, ModelApi, Option<Resting>)| {
            let left = |rest: &Resting| u64::try_from(rest.left.as_millis()).unwrap_or(u64::MAX);
            let fault = resting.map(|rest| ProviderFault { left: left(&rest), why: rest.why, failures: rest.failures });
            ProviderView { name, api, fault }
        };
        seen.map(view).collect()
    }

    /// Stops them.
    pub(super) async fn stop_models(
        &self,
        project: Option<String>,
        reason: String,
        you: Actor,
    ) -> Result<Reply, Fault> {
        let project = self.named(project).await?;
        self.engine.stop_models(project, reason, you).await?;
        self.models().await
    }

    /// Lets them be asked again.
    pub(super) async fn start_models(&self, project: Option<String>, you: Actor) -> Result<Reply, Fault> {
        let project = self.named(project).await?;
        self.engine.start_models(project, you).await?;
        self.models().await
    }

    async fn named(&self, project: Option<String>) -> Result<Option<Project>, Fault> {
        match project {
            Some(project) => self.find_project(&project).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Where models are stopped.
pub(super) fn stopped(view: &View<'_>) -> Result<Vec<StoppedModels>, StoreError> {
    let stops = view.model_stops()?;
    let mut all: Vec<_> = stops.all.map(|stop| StoppedModels { project: None, stop }).into_iter().collect();
    if !stops.projects.is_empty() {
        let projects = view.projects()?;
        for (id, stop) in stops.projects {
            let name = projects.iter().find(|project| project.id.0 == id).map(|project| project.name.clone());
            all.push(StoppedModels { project: Some(name.unwrap_or_else(|| id.to_string())), stop });
        }
    }
    Ok(all)
}
