//! The played outside, as an engine gets it.

use super::asking::Asking;
use super::clock::SimClock;
use super::daemon::Daemon;
use super::disk::Disk;
use super::plot::Plot;
use crate::config::{
    ChosenAgent, EgressConfig, EngineConfig, Memory, ProjectConfig, Retention, Reviews, SandboxConfig, choose_agent,
};
use crate::domain::{Allowances, Millis, ModelApi, Remedy, Role, RoleRules, RunId};
use crate::engine::meter::StoreMeter;
use crate::engine::ports::{Places, World};
use crate::gateway::{Answered, Ways};
use crate::sandbox::Limits;
use crate::store::Store;
use crate::watchdog::Thresholds;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Containers, trees and the clock. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct SimWorld {
    pub daemon: Daemon,
    pub disk: Arc<Disk>,
    pub clock: Arc<SimClock>,
    places: Places,
    config: Arc<EngineConfig>,
    retention: Retention,
    allowances: Allowances,
    coding: bool,
    asking: Arc<Asking>,
    /// Where requests to models are written down, where agents ask any.
    account: Arc<Mutex<Option<Arc<StoreMeter>>>>,
}

impl SimWorld {
    /// An outside as a plot describes it, and the commit that its repository has.
    pub fn new(plot: &Arc<Plot>) -> (Self, String) {
        let root = PathBuf::from("/played");
        let places = Places { workspaces: root.join("workspaces"), logs: root.join("logs"), steps: root.join("steps") };
        let clock = Arc::new(SimClock::new());
        let (disk, base) = Disk::new(Arc::clone(plot), places.clone());
        let disk = Arc::new(disk);
        // Everything goes at once that may go at all.
        let retention = Retention { logs_at_least: 0, logs_at_most: 0, logs_size: 1, images_unused: 0 };
        let daemon = Daemon::new(Arc::clone(plot), Arc::clone(&disk), Arc::clone(&clock));
        (
            Self {
                daemon,
                disk,
                clock,
                places,
                config: Arc::default(),
                retention,
                allowances: plot.allowances.clone(),
                coding: plot.coding,
                asking: Arc::default(),
                account: Arc::default(),
            },
            base,
        )
    }

    /// From now on agents ask models, and this is where it is written down.
    pub fn account_in(&self, store: &Store) {
        *self.account.lock().unwrap() = Some(Arc::new(StoreMeter::new(store.clone())));
    }

    /// What belongs to an engine dies with it.
    pub fn orphan(&self) {
        self.asking.close_all();
    }

    /// The machine loses power and is started again.
    pub fn lose_power(&self) {
        self.daemon.lose_power();
        self.disk.lose_power();
        self.clock.boot();
    }

    /// What the run still has outside the store.
    pub fn leftovers(&self) -> Vec<String> {
        let dirs = self.disk.leftover_dirs().into_iter().map(|dir| dir.display().to_string());
        self.daemon.names().into_iter().chain(dirs).collect()
    }
}

impl World for SimWorld {
    type Sandbox = Daemon;
    type Trees = Disk;

    fn sandbox(&self) -> &Daemon {
        &self.daemon
    }

    fn trees(&self) -> &Disk {
        &self.disk
    }

    fn now(&self) -> Millis {
        self.clock.wall()
    }

    fn choose_agent(&self, asked: &str, role: Role, config: &ProjectConfig) -> Result<ChosenAgent, String> {
        let asked = (!asked.is_empty()).then_some(asked);
        choose_agent(asked, role, config, &self.config).map_err(|error| error.to_string())
    }

    fn rules(&self, role: Role) -> RoleRules {
        role.rules()
    }

    fn models(&self, _api: ModelApi) -> Result<String, String> {
        let there = self.coding.then(|| "http://127.0.0.1:8080".to_owned());
        there.ok_or_else(|| "nobody plays a model here".to_owned())
    }

    fn sandbox_rules(&self) -> &SandboxConfig {
        &self.config.sandbox
    }

    fn egress(&self) -> &EgressConfig {
        &self.config.egress
    }

    fn open_way(&self, run: RunId, ways: &Ways, _dir: &Path) -> Result<(), String> {
        // The played agents only say what they do, so nobody has to listen.
        if let Some(meter) = self.account.lock().unwrap().as_ref() {
            self.asking.open(meter, run, ways);
        }
        Ok(())
    }

    fn answered(&self, _run: RunId) -> Option<Answered> {
        None
    }

    fn cut_models(&self, run: RunId) {
        self.asking.close(run);
    }

    fn close_way(&self, run: RunId) {
        self.asking.close(run);
    }

    fn bound(&self, asked: Limits) -> Limits {
        asked
    }

    fn retention(&self) -> &Retention {
        &self.retention
    }

    fn allowances(&self) -> &Allowances {
        &self.allowances
    }

    fn memory(&self) -> Memory {
        Memory::default()
    }

    fn reviews(&self) -> Reviews {
        Reviews::default()
    }

    fn thresholds(&self) -> Thresholds {
        Thresholds::default()
    }

    fn remedy(&self) -> &Remedy {
        &self.config.change
    }

    fn places(&self) -> &Places {
        &self.places
    }
}
