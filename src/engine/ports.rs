//! What the driver needs of the outside. The real engine and the simulator give it different ones; the driver is the same.

use crate::agent::TurnReader;
use crate::config::{ChosenAgent, EgressConfig, Memory, ProjectConfig, Retention, Reviews, SandboxConfig, Suite};
use crate::domain::{
    Allowances, Millis, ModelApi, Packed, Project, ProjectId, Remedy, Role, RoleRules, Run, RunId, StepKey,
};
use crate::evidence::{ReportFault, ReportFile};
use crate::gates::Change;
use crate::gateway::{Answered, Ways};
use crate::logs::Closed;
use crate::sandbox::{Limits, Sandbox, SandboxError};
use crate::watchdog::Thresholds;
pub use crate::workspace::{Delivered, Outline};
use std::collections::BTreeSet;
use std::future::Future;
use std::path::{Path, PathBuf};

/// Something outside the work failed: disk, source repository, a tree that vanished. The step is tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TreeFault(pub String);

/// Why a result did not reach the source repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryFault {
    /// In words.
    pub reason: String,
    /// It may pass by itself: a lock that the person's own git holds, a full disk, a network. Otherwise a person has to do
    /// something first.
    pub passes: bool,
}

/// A tree taken as a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The commit.
    pub commit: String,
    /// Its tree.
    pub tree: String,
    /// Whether the tree is the parent's.
    pub unchanged: bool,
    /// What tries to run on the host or to fool it, in words.
    pub planted: Vec<String>,
    /// Why nothing was taken, if so; then the commit is the one before.
    pub not_taken: Option<String>,
}

/// How a tree is taken.
#[derive(Debug, Clone)]
pub struct Take<'a> {
    /// The commit before.
    pub parent: &'a str,
    /// The commit whose ignore rules count.
    pub base: &'a str,
    /// Paths that setup made and that never count.
    pub exclude: &'a [String],
    /// The message.
    pub message: &'a str,
    /// The time: the same work gives the same commit.
    pub time: Millis,
}

/// What an image is built from.
#[derive(Debug, Clone)]
pub struct BuildContext {
    /// Path of the Dockerfile inside the archive.
    pub dockerfile: String,
    /// The archive, tar.
    pub archive: Vec<u8>,
}

/// Where an agent leaves its plan, at the top of its tree. Nothing else of that tree is taken.
pub const PLAN_FILE: &str = "dogwatch-plan.md";
/// Where an auditor leaves what it says, in the same way.
pub const AUDIT_FILE: &str = "dogwatch-audit.md";

/// Engine-owned git and the trees that steps work in.
pub trait Trees: Send + Sync + 'static {
    /// `dogwatch.toml` as of a commit.
    fn config(&self, project: &Project, commit: &str) -> impl Future<Output = Result<ProjectConfig, TreeFault>> + Send;

    /// A digest of what the file system says of the files in a directory of data; an error where it is not there as it was.
    fn look_at_data(&self, path: PathBuf) -> impl Future<Output = Result<String, TreeFault>> + Send;

    /// The bytes of a file as of a commit, or from the host where the path is absolute (replay scripts).
    fn file(
        &self,
        project: &Project,
        commit: &str,
        path: &str,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, TreeFault>> + Send;

    /// The bytes of a file as of a commit, by its path as stored.
    fn file_at(
        &self,
        project: &Project,
        commit: &str,
        path: &[u8],
    ) -> impl Future<Output = Result<Option<Vec<u8>>, TreeFault>> + Send;

    /// What `[image] dockerfile` is built from, as of a commit.
    fn build_context(
        &self,
        project: &Project,
        commit: &str,
        dockerfile: &str,
        context: &str,
    ) -> impl Future<Output = Result<BuildContext, TreeFault>> + Send;

    /// The id of a commit's tree.
    fn tree_of(&self, project: &Project, commit: &str) -> impl Future<Output = Result<String, TreeFault>> + Send;

    /// A fresh, exact copy of a commit in `dir`, replacing what is there, without reports from an earlier run. With `room`
    /// the tree gets a file system of its own of about so many MiB, where that can be.
    fn checkout(
        &self,
        project: &Project,
        commit: &str,
        dir: &Path,
        suite: Option<&Suite>,
        room: Option<u64>,
    ) -> impl Future<Output = Result<(), TreeFault>> + Send;

    /// Makes sure that a tree that was checked out is in its place, also after the machine was started anew.
    fn hold(&self, dir: &Path) -> impl Future<Output = Result<(), TreeFault>> + Send;

    /// Whether all that was written to a tree is there.
    fn is_whole(&self, dir: &Path) -> impl Future<Output = Result<bool, TreeFault>> + Send;

    /// Takes an agent-written tree as a commit; repeating gives the same commit. Of a tree that is too large nothing is taken,
    /// which is no fault: it is the same at every try, and the agent's doing.
    fn take(
        &self,
        project: &Project,
        dir: &Path,
        take: &Take<'_>,
    ) -> impl Future<Output = Result<Taken, TreeFault>> + Send;

    /// The text that an agent left in its tree in a file of this name, where there is one.
    fn left(&self, dir: &Path, file: &'static str) -> impl Future<Output = Result<Option<String>, TreeFault>> + Send;

    /// Points the run's branch at a commit.
    fn set_branch(&self, run: &Run, commit: &str) -> impl Future<Output = Result<(), TreeFault>> + Send;

    /// What differs between two commits.
    fn changes(
        &self,
        project: &Project,
        from: &str,
        to: &str,
    ) -> impl Future<Output = Result<Vec<Change>, TreeFault>> + Send;

    /// The paths of all files of a commit, as changes have them.
    fn paths(
        &self,
        project: &Project,
        commit: &str,
    ) -> impl Future<Output = Result<BTreeSet<String>, TreeFault>> + Send;

    /// The beginning of the patch between two commits, at most so many bytes, for reading; and whether it says all that differs.
    fn patch(
        &self,
        project: &Project,
        from: &str,
        to: &str,
        most: usize,
    ) -> impl Future<Output = Result<(String, bool), TreeFault>> + Send;

    /// What an agent should know of a commit before it reads; the project's rules count as of `base`.
    fn outline(
        &self,
        project: &Project,
        base: &str,
        commit: &str,
    ) -> impl Future<Output = Result<Outline, TreeFault>> + Send;

    /// Files that a test run has no business to change and that are not as in the second commit in `dir` any more, after a
    /// suite ran there. The first commit is the base, whose ignore rules count.
    fn altered(
        &self,
        project: &Project,
        commits: (&str, &str),
        dir: &Path,
        suite: &Suite,
    ) -> impl Future<Output = Result<Vec<String>, TreeFault>> + Send;

    /// The reports that a suite left in its tree.
    fn reports(
        &self,
        dir: &Path,
        suite: &Suite,
    ) -> impl Future<Output = Option<Result<Vec<ReportFile>, ReportFault>>> + Send;

    /// The end of a step's log, the program's output only. `digest` is what was recorded of the log at the step's end: one
    /// that is something else is refused.
    fn output(&self, log: &Path, digest: &str, most: usize) -> impl Future<Output = Result<Vec<u8>, TreeFault>> + Send;

    /// Hands all that a step's program printed to a reader, and gives that back. `digest` as before: of a log that is
    /// something else nothing may be believed.
    fn hand_over(
        &self,
        log: &Path,
        digest: &str,
        reader: Box<dyn TurnReader>,
    ) -> impl Future<Output = Result<Box<dyn TurnReader>, TreeFault>> + Send;

    /// Removes the log of a step with all that belongs to it; absent is success.
    fn remove_log(&self, log: &Path) -> impl Future<Output = Result<(), TreeFault>> + Send;

    /// Removes what was fetched of a project that is none any more; absent is success.
    fn forget(&self, project: ProjectId) -> impl Future<Output = Result<(), TreeFault>> + Send;

    /// Puts the single objects of a project's repository together where there are so many, or only counts them where `dry`.
    fn pack(
        &self,
        project: ProjectId,
        many: usize,
        dry: bool,
    ) -> impl Future<Output = Result<Option<Packed>, TreeFault>> + Send;

    /// What a directory takes on disk; absent takes nothing.
    fn size(&self, dir: &Path) -> impl Future<Output = Result<u64, TreeFault>> + Send;

    /// Closes the log of a step that is over.
    fn close_log(&self, log: &Path, digest: &str) -> impl Future<Output = Result<Closed, TreeFault>> + Send;

    /// Puts a commit into the source repository as a branch. One that is there already is left alone where it has other
    /// commits, unless `force`.
    fn deliver(
        &self,
        project: &Project,
        commit: &str,
        branch: &str,
        force: bool,
    ) -> impl Future<Output = Result<Delivered, DeliveryFault>> + Send;

    /// Puts what was kept of an agent's conversation into a step's directory for it, replacing what is there.
    fn lay_session(&self, kept: &Path, dir: &Path) -> impl Future<Output = Result<(), TreeFault>> + Send;

    /// Keeps of such a directory what lies under these paths; repeating it keeps the same. Whether there is anything
    /// that can be gone on with.
    fn keep_session(
        &self,
        dir: &Path,
        kept: &Path,
        only: &'static [&'static str],
    ) -> impl Future<Output = Result<bool, TreeFault>> + Send;

    /// Runs that have trees or private directories of steps.
    fn leftovers(&self) -> impl Future<Output = Result<Vec<RunId>, TreeFault>> + Send;

    /// The commit that an auditor of `head` is given: what tells agents how to work is in it as in `base`.
    fn for_audit(
        &self,
        project: &Project,
        base: &str,
        head: &str,
    ) -> impl Future<Output = Result<String, TreeFault>> + Send;

    /// Removes a directory with all that is in it; absent is success.
    fn remove(&self, dir: &Path) -> impl Future<Output = Result<(), TreeFault>> + Send;
}

/// Why there is no such engine.
pub(super) fn unknown_engine(engine: &str) -> SandboxError {
    SandboxError::Absent(format!(
        "there is no engine `{engine}`: name one that stands under [engines] in config.toml, or add it there and start the engine \
         again"
    ))
}

/// Everything outside the driver.
pub trait World: Send + Sync + 'static {
    /// Where steps run.
    type Sandbox: Sandbox;
    /// Where trees live.
    type Trees: Trees;

    /// The sandbox.
    fn sandbox(&self) -> &Self::Sandbox;

    /// Where the steps of a run with this engine run; an empty name means the usual one.
    fn sandbox_at(&self, engine: &str) -> Result<&Self::Sandbox, SandboxError> {
        if engine.is_empty() { Ok(self.sandbox()) } else { Err(unknown_engine(engine)) }
    }

    /// The engine of a run of this project, where people asked for one or for none.
    fn engine_of<'a>(&'a self, project: &str, asked: Option<&'a str>) -> &'a str {
        let _ = project;
        asked.unwrap_or_default()
    }

    /// All of them by their names, the usual one first.
    fn sandboxes(&self) -> Vec<(&str, &Self::Sandbox)> {
        vec![("", self.sandbox())]
    }

    /// Whether what runs there uses nothing of this machine.
    fn is_elsewhere(&self, engine: &str) -> bool {
        let _ = engine;
        false
    }

    /// The trees.
    fn trees(&self) -> &Self::Trees;

    /// The wall clock.
    fn now(&self) -> Millis;

    /// Which agent works, from what the operator asked for, what the role has, and what the repository says.
    fn choose_agent(&self, asked: &str, role: Role, config: &ProjectConfig) -> Result<ChosenAgent, String>;

    /// What agents of a role may use.
    fn rules(&self, role: Role) -> RoleRules;

    /// Where steps reach models of an API, an address inside of the sandbox; or why there is no way to any.
    fn models(&self, api: ModelApi) -> Result<String, String>;

    /// What the operator decides about sandboxes.
    fn sandbox_rules(&self) -> &SandboxConfig;

    /// What the operator decides about ways out of sandboxes.
    fn egress(&self) -> &EgressConfig;

    /// Listens for what a run asks, in a directory of its own, where nobody does yet; only these ways lead on.
    fn open_way(&self, run: RunId, ways: &Ways, dir: &Path) -> Result<(), String>;

    /// How the last request of the run was answered there.
    fn answered(&self, run: RunId) -> Option<Answered>;

    /// Cuts what a run has under way to models; the way itself stays.
    fn cut_models(&self, run: RunId);

    /// Ends that, with all that is under way.
    fn close_way(&self, run: RunId);

    /// What of a repository's limits the operator lets hold.
    fn bound(&self, asked: Limits) -> Limits;

    /// How long what runs that are over leave behind is kept.
    fn retention(&self) -> &Retention;

    /// What projects and days may spend.
    fn allowances(&self) -> &Allowances;

    /// What agents are told of repairs of other bugs.
    fn memory(&self) -> Memory;

    /// What the operator wants people to look at before a result is delivered.
    fn reviews(&self) -> Reviews;

    /// When the watchdog warns and when it pauses.
    fn thresholds(&self) -> Thresholds;
    /// What the first warning of a run changes for its next turn.
    fn remedy(&self) -> &Remedy;

    /// Where the driver keeps trees, logs and the private directories of steps.
    fn places(&self) -> &Places;
}

/// Directories that the driver gives out. All are the engine's own.
#[derive(Debug, Clone)]
pub struct Places {
    /// Trees of steps.
    pub workspaces: PathBuf,
    /// Logs of steps.
    pub logs: PathBuf,
    /// Private directories of steps.
    pub steps: PathBuf,
}

impl Places {
    /// The tree of a step.
    pub fn tree(&self, key: &StepKey) -> PathBuf {
        self.workspaces.join(key.run.to_string()).join(key.to_string())
    }

    /// All trees of a run.
    pub fn trees_of(&self, run: RunId) -> PathBuf {
        self.workspaces.join(run.to_string())
    }

    /// The log of a step.
    pub fn log(&self, key: &StepKey) -> PathBuf {
        self.logs.join(key.run.to_string()).join(format!("{key}.log"))
    }

    /// The private directory of a step.
    pub fn step(&self, key: &StepKey) -> PathBuf {
        self.steps.join(key.run.to_string()).join(key.to_string())
    }

    /// The directory of a run's gateway socket.
    pub fn gateway(&self, run: RunId) -> PathBuf {
        self.steps_of(run).join("gateway")
    }

    /// What is kept of the conversation that a step of a run had.
    pub fn kept(&self, run: RunId, step: &str) -> PathBuf {
        self.steps_of(run).join("sessions").join(step)
    }

    /// All private directories of a run.
    pub fn steps_of(&self, run: RunId) -> PathBuf {
        self.steps.join(run.to_string())
    }
}
