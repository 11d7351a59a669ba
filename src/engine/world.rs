//! The real outside: Docker, git, the disk and the wall clock.

mod output;
#[cfg(test)]
mod tests;
mod trees;

pub use trees::GitTrees;

use super::ports::{Places, World, unknown_engine};
use crate::config::{
    ChosenAgent, EgressConfig, EngineAt, EngineConfig, Memory, Paths, ProjectConfig, Retention, Reviews, SandboxConfig,
    choose_agent,
};
use crate::domain::{Allowances, Millis, ModelApi, Remedy, Role, RoleRules, RunId};
use crate::gateway::{self, Answered, Gateway, Resting, Ways};
use crate::sandbox::{Limits, Sandbox, SandboxError};
use crate::watchdog::Thresholds;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The real outside over a sandbox.
pub struct RealWorld<S> {
    sandbox: S,
    /// Further ones, by the names that config.toml gives their engines.
    others: BTreeMap<String, S>,
    trees: GitTrees,
    places: Places,
    config: EngineConfig,
    gateway: Gateway,
    /// What no step may see of this machine.
    private: Vec<PathBuf>,
}

impl<S: Sandbox> RealWorld<S> {
    /// The outside of an engine that keeps its state in `paths`. `owner` is the user that containers run as.
    pub fn new(sandbox: S, paths: &Paths, config: EngineConfig, gateway: Gateway, owner: (u32, u32)) -> Self {
        let places = Places { workspaces: paths.workspaces(), logs: paths.logs(), steps: paths.steps() };
        let trees = GitTrees::new(paths.repos(), places.clone(), owner);
        let private = vec![paths.state().to_owned(), paths.config().to_owned()];
        Self { sandbox, others: BTreeMap::new(), trees, places, config, gateway, private }
    }
}

impl<S: Sandbox> RealWorld<S> {
    /// The same with further sandboxes.
    pub fn and(self, others: BTreeMap<String, S>) -> Self {
        Self { others, ..self }
    }
}

impl<S: Sandbox> RealWorld<S> {
    /// Finds out where a directory really lies, if steps may see it at all.
    pub fn may_be_shown(&self, path: PathBuf) -> impl FnOnce() -> std::io::Result<PathBuf> + Send + 'static + use<S> {
        let private = self.private.clone();
        move || crate::sandbox::process::may_be_shown(private, &path)
    }

    /// The providers of models in their order, and what failed there last.
    pub fn providers(&self) -> Vec<(String, ModelApi, Option<Resting>)> {
        self.gateway.providers_seen()
    }
}

impl<S: Sandbox> World for RealWorld<S> {
    type Sandbox = S;
    type Trees = GitTrees;

    fn sandbox(&self) -> &S {
        &self.sandbox
    }

    fn sandbox_at(&self, engine: &str) -> Result<&S, SandboxError> {
        if engine.is_empty() {
            return Ok(&self.sandbox);
        }
        self.others.get(engine).ok_or_else(|| unknown_engine(engine))
    }

    fn engine_of<'a>(&'a self, project: &str, asked: Option<&'a str>) -> &'a str {
        self.config.engine_of(project, asked)
    }

    fn sandboxes(&self) -> Vec<(&str, &S)> {
        let others = self.others.iter().map(|(name, sandbox)| (name.as_str(), sandbox));
        std::iter::once(("", &self.sandbox)).chain(others).collect()
    }

    fn is_elsewhere(&self, engine: &str) -> bool {
        matches!(self.config.engines.get(engine), Some(EngineAt::Far(_)))
    }

    fn trees(&self) -> &GitTrees {
        &self.trees
    }

    fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn choose_agent(&self, asked: &str, role: Role, config: &ProjectConfig) -> Result<ChosenAgent, String> {
        let asked = (!asked.is_empty()).then_some(asked);
        choose_agent(asked, role, config, &self.config).map_err(|error| error.to_string())
    }

    fn rules(&self, role: Role) -> RoleRules {
        self.config.role(role)
    }

    fn models(&self, api: ModelApi) -> Result<String, String> {
        self.gateway.check(api).map(|()| gateway::address()).map_err(|error| error.to_string())
    }

    fn sandbox_rules(&self) -> &SandboxConfig {
        &self.config.sandbox
    }

    fn egress(&self) -> &EgressConfig {
        &self.config.egress
    }

    fn open_way(&self, run: RunId, ways: &Ways, dir: &Path) -> Result<(), String> {
        self.gateway.open(run, ways, dir).map_err(|error| error.to_string())
    }

    fn answered(&self, run: RunId) -> Option<Answered> {
        self.gateway.answered(run)
    }

    fn cut_models(&self, run: RunId) {
        self.gateway.cut(run);
    }

    fn close_way(&self, run: RunId) {
        self.gateway.close(run);
    }

    fn bound(&self, asked: Limits) -> Limits {
        self.config.most.bound(asked)
    }

    fn retention(&self) -> &Retention {
        &self.config.retention
    }

    fn allowances(&self) -> &Allowances {
        &self.config.allowances
    }

    fn memory(&self) -> Memory {
        self.config.memory
    }

    fn reviews(&self) -> Reviews {
        self.config.reviews
    }

    fn thresholds(&self) -> Thresholds {
        self.config.watchdog
    }

    fn remedy(&self) -> &Remedy {
        &self.config.change
    }

    fn places(&self) -> &Places {
        &self.places
    }
}
