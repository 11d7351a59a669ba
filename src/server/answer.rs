//! One request, one answer.

use super::brief::newest;
use super::detail::blocking;
use super::questions::listed;
use super::search::Way;
use super::{Asker, Server};
use crate::domain::{Actor, BugState, Day, Project, QuestionState, Run, RunId, RunState, Scope, StepLog};
use crate::engine::machine::Event;
use crate::engine::ports::{Delivered, TreeFault, World};
use crate::engine::{AskError, HandOver};
use crate::logs::LogReader;
use crate::protocol::{
    BackupStatus, Bytes, DeliverAs, DiskSpace, EngineStatus, Fault, FaultCode, LogChunk, Reply, Request,
};
use crate::sandbox::Sandbox;
use crate::store::{AuditFilter, BugFilter, RunFilter, StoreError, View};
use serde::Serialize;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

/// Most runs or questions in one answer.
pub(super) const MOST_LISTED: usize = 1000;
/// Most bugs in one answer.
const MOST_BUGS: u32 = 1000;
/// Most bytes of a log in one answer.
const MOST_LOG: u32 = 1024 * 1024;
/// Most bytes of a patch in one answer; more is asked for by `dogwatch deliver`.
const MOST_PATCH: usize = 10 * 1024 * 1024;

impl From<AskError> for Fault {
    fn from(error: AskError) -> Self {
        let code = match &error {
            AskError::Missing { what, id } | AskError::Store(StoreError::Missing { what, id }) => {
                return not_found(what, id);
            }
            AskError::Store(_) | AskError::Down => FaultCode::Engine,
            AskError::Refused(_) | AskError::TooLong { .. } | AskError::Unfit(_) => FaultCode::Refused,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Missing { what, id } => return not_found(what, id),
            StoreError::Taken { .. } => FaultCode::Refused,
            _ => FaultCode::Engine,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<TreeFault> for Fault {
    fn from(fault: TreeFault) -> Self {
        Self { code: FaultCode::Refused, message: fault.0 }
    }
}

/// What is not there, and what lists those that are.
pub(super) fn not_found(what: &str, id: impl Display) -> Fault {
    let lists = match what {
        "asset" => "asset ls",
        "bug" => "bug ls --all",
        "data set" => "dataset ls",
        "entry" => "knowledge ls",
        "feature" => "feature ls --all",
        "iteration" => "show RUN",
        "lesson" => "lesson ls",
        "log" => "logs RUN --list",
        "project" => "project ls",
        "proposal" | "question" => "approvals ls --all",
        "run" => "ps --all",
        "task" => "task ls",
        _ => return Fault { code: FaultCode::NotFound, message: format!("there is no {what} {id}") },
    };
    let message = format!("there is no {what} {id}: `dogwatch {lists}` lists those that there are");
    Fault { code: FaultCode::NotFound, message }
}

impl<S: Sandbox> Server<S> {
    #[expect(clippy::too_many_lines, reason = "one arm a request, so that none is forgotten")]
    pub(super) async fn answer(&self, request: Request, asker: Asker) -> Result<Reply, Fault> {
        let Asker { actor: you, peer } = asker;
        match request {
            Request::Status => self.status().await,
            Request::WhoAmI => Ok(Reply::WhoAmI { person: Box::new(self.people.person(&peer).await) }),
            Request::Stop => {
                self.stop.notify_one();
                Ok(Reply::Done)
            }
            Request::AddProject { source, name } => self.add_project(source, name, you).await,
            Request::RemoveProject { project } => self.remove_project(&project, you).await,
            Request::Projects => Ok(Reply::Projects { projects: self.projects().await? }),
            request @ Request::Submit { .. } => self.submit(request, you).await,
            Request::Runs { all } => self.runs(all).await,
            Request::Run { run } => self.detail(run).await,
            Request::Pause { run } => self.act(run, Event::Pause { by: you }).await,
            Request::Resume { run } => self.act(run, Event::Resume { by: you }).await,
            Request::Redirect { run, text, criteria, terms } => {
                self.act(run, Event::Redirect { by: you, text, criteria, terms }).await
            }
            Request::Cancel { run, reason } => self.act(run, Event::Cancel { by: you, reason }).await,
            Request::Prioritise { run, priority } => self.act(run, Event::Prioritise { by: you, priority }).await,
            Request::Rollback { run, iteration } => {
                let run = match iteration {
                    Some(iteration) => self.engine.roll_back(run, iteration, you).await?,
                    None => self.engine.roll_back_to_best(run, you).await?,
                };
                self.run_reply(run).await
            }
            Request::Diff { run, iteration } => self.diff(run, iteration).await,
            Request::Deliver { run, iteration, how } => self.deliver(run, iteration, how, you).await,
            Request::Questions { all } => {
                let state = (!all).then_some(QuestionState::Open);
                let questions = self.engine.store.read(move |view| view.questions(state, MOST_LISTED + 1)).await?;
                Ok(listed(questions))
            }
            Request::Question { question } => {
                let found = self.engine.store.read(move |view| view.question(question)).await?;
                let found = found.ok_or_else(|| not_found("question", question))?;
                Ok(listed(vec![found]))
            }
            Request::Answer { question, approve, reason, runs } => {
                let run = self.engine.answer(question, approve, (reason, runs), you).await?;
                self.run_reply(run).await
            }
            Request::OpenHost { question, reason } => {
                let run = self.engine.open_host(question, reason, you).await?;
                self.run_reply(run).await
            }
            Request::Hosts { project } => self.hosts(&project).await,
            Request::CloseHost { project, host, reason } => self.close_host(&project, &host, reason, you).await,
            Request::AwaitDay { question } => {
                let run = self.engine.await_day(question, you).await?;
                self.run_reply(run).await
            }
            Request::Budget => self.budget().await,
            Request::Usage { run } => self.usage(run).await,
            Request::Models => self.models().await,
            Request::StopModels { project, reason } => self.stop_models(project, reason, you).await,
            Request::StartModels { project } => self.start_models(project, you).await,
            Request::Egress { run } => self.egress(run).await,
            Request::Logs { run } => Ok(Reply::Logs { logs: self.logs(run).await? }),
            Request::ReadLog { run, step, offset, most } => self.read_log(run, step, offset, most).await,
            Request::Collect { dry_run } => {
                let collected = self.engine.collect(dry_run, you).await;
                let collection = collected.map_err(|_| Fault::from(AskError::Down))?;
                Ok(Reply::Collected { collection })
            }
            Request::ReadLines { run, step, first, part, most } => {
                let lines = self.lines(run, &step, first, part, most).await?;
                Ok(Reply::Lines { lines })
            }
            Request::SearchLines { run, step, sought, from, backward, most } => {
                let hits = self.search_lines(run, step, sought, Way { from, backward, most }).await?;
                Ok(Reply::Hits { hits })
            }
            Request::Bugs { all } => self.bugs(all).await,
            Request::Metrics { days } => self.metrics(days).await,
            Request::Bug { bug } => self.bug(bug).await,
            Request::CloseBug { bug, reason } => self.close_bug(bug, reason, you).await,
            Request::AddBug { project, title, text } => self.add_bug(&project, &title, &text, you).await,
            Request::MergeBugs { from, into, reason } => self.merge_bugs(from, into, reason, you).await,
            Request::Iteration { run, iteration } => self.iteration(run, iteration).await,
            Request::Tools { run } => self.tools_used(run).await,
            Request::Tasks { run } => self.tasks(run).await,
            Request::Entries => self.entries().await,
            Request::Dataset { about } => self.about_datasets(about, you).await,
            Request::Lesson { about } => self.about_lessons(about, you).await,
            Request::Schedule { about } => self.about_schedules(about, you).await,
            Request::Feature { about } => self.about_features(about, you).await,
            Request::AddEntry { kind, project, name, text } => self.add_entry(kind, project, (name, text), you).await,
            Request::RemoveEntry { entry } => self.remove_entry(entry, you).await,
            Request::Assets => self.assets().await,
            Request::Asset { name } => self.asset(name).await,
            Request::LookAtAsset { name } => self.look_at_asset(name).await,
            Request::PutAssets { assets, replace } => self.put_assets(assets, replace, you).await,
            Request::RemoveAsset { name } => self.remove_asset(name, you).await,
            Request::Audit { before, most, run, kind, text, about } => {
                let wanted = AuditFilter { before, most: most as usize, run, kind, text, about };
                // A search may go through all of it.
                let long = wanted.text.is_some();
                let read = move |view: &View<'_>| view.audit_page(&wanted);
                let store = &self.engine.store;
                let page = if long { store.read_long(read).await? } else { store.read(read).await? };
                Ok(Reply::Audit { page })
            }
            Request::Witness { seen } => self.witnessed(seen).await,
            Request::VerifyAudit => self.verified().await,
            Request::FollowLog { run, .. } | Request::TailLog { run, .. } => {
                self.engine.load(run).await?;
                Ok(Self::opened())
            }
            Request::Watch { .. } => Ok(Self::opened()),
            request @ (Request::Proposals { .. }
            | Request::Proposal { .. }
            | Request::Propose { .. }
            | Request::EditProposal { .. }
            | Request::Decide { .. }
            | Request::AgreeToAll { .. }
            | Request::ReadOutput { .. }) => self.about_proposals(request, &you, &peer).await,
        }
    }

    pub(super) async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        let all = |view: &View<'_>| view.projects();
        self.engine.store.read(all).await
    }

    async fn status(&self) -> Result<Reply, Fault> {
        let engine = Arc::clone(&self.engine);
        let look = async move {
            let sandbox = engine.world.sandbox();
            sandbox.labelled().await?;
            sandbox.words().await
        };
        let (sandbox, sandbox_fault) = self.health.look(look).await;
        let place = self.state_dir.clone();
        let settings = self.settings.clone();
        let (disk, stale) = blocking(move || (space(&place), settings.stale())).await?;
        let day = Scope::Day { day: Day::of(self.engine.world.now()) };
        let caps = self.engine.world.allowances().day;
        let counts =
            move |view: &View<'_>| Ok((view.unfinished_runs()?, view.open_questions()?, view.account(day, caps)?.used));
        // How a damaged database is opened must be told even where it cannot count.
        let (unfinished, waiting, today) = match self.engine.store.read(counts).await {
            Ok((unfinished, waiting, today)) => (Some(unfinished), Some(waiting), Some(today)),
            Err(error) if self.rescue.is_some() => {
                tracing::warn!("the rescued database cannot count its runs: {error}");
                (None, None, None)
            }
            Err(error) => return Err(error.into()),
        };
        // In rescue mode nothing asks a model, and a damaged database may not tell.
        let stopped =
            if self.rescue.is_some() { Vec::new() } else { self.engine.store.read(super::models::stopped).await? };
        Ok(Reply::Status {
            status: EngineStatus {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                instance: self.instance.clone(),
                pid: std::process::id(),
                state_dir: self.state_dir.to_string_lossy().into_owned(),
                rescue: self.rescue.clone(),
                store_fault: self.store_fault(),
                backup: self.backup_status(),
                stale,
                halt: self.engine.store.shortage(),
                sandbox_fault,
                unfinished,
                waiting,
                sandbox,
                disk,
                today,
                refused: self.refused().await?,
                providers: self.providers().into_iter().filter(|one| one.fault.is_some()).collect(),
                stopped,
            },
        })
    }

    fn backup_status(&self) -> Option<BackupStatus> {
        if self.rescue.is_some() {
            return None;
        }
        let (newest, fault) = self.backups.state(self.engine.world.now());
        let (newest, holds) = newest.map(|newest| (newest.name, newest.holds)).unzip();
        Some(BackupStatus { newest, holds, fault, wanted: self.backups.is_wanted() })
    }

    async fn act(&self, run: RunId, event: Event) -> Result<Reply, Fault> {
        let run = self.engine.ask(run, event).await?;
        self.run_reply(run).await
    }

    pub(super) async fn run_reply(&self, run: Run) -> Result<Reply, Fault> {
        let mut views = self.views(vec![run]).await?;
        views.pop().map(|run| Reply::Run { run }).ok_or_else(|| not_found("run", ""))
    }

    async fn runs(&self, all: bool) -> Result<Reply, Fault> {
        let filter = RunFilter { unfinished: !all, ..RunFilter::default() };
        let (mut runs, more) = self.engine.store.read(move |view| newest(view, &filter, MOST_LISTED)).await?;
        for view in &mut runs {
            view.note = self.note(&view.run);
        }
        Ok(Reply::Runs { runs, more, halt: self.engine.store.shortage() })
    }

    /// Commits before and after: of an iteration, or of the whole run.
    async fn range(&self, run: &Run, iteration: Option<u32>) -> Result<(String, String), Fault> {
        let base = run.base.clone().unwrap_or_default();
        let Some(number) = iteration else {
            return Ok((base.clone(), run.head.clone().unwrap_or(base)));
        };
        let after = self.engine.checkpoint(run.id, number).await?;
        let id = run.id;
        let found = self.engine.store.read(move |view| view.iteration(id, number)).await?;
        Ok((found.map_or(base, |one| one.base), after))
    }

    async fn diff(&self, run: RunId, iteration: Option<u32>) -> Result<Reply, Fault> {
        let run = self.engine.load(run).await?;
        let (from, to) = self.range(&run, iteration).await?;
        let bytes = self.engine.world.trees().with_repo(run.project, move |repo| repo.diff(&from, &to)).await?;
        Ok(Reply::Patch { bytes: fitting(&bytes)? })
    }

    async fn deliver(&self, run: RunId, iteration: Option<u32>, how: DeliverAs, you: Actor) -> Result<Reply, Fault> {
        let run = self.engine.load(run).await?;
        let project = self.engine.project(run.project).await?;
        let base = run.base.clone().unwrap_or_default();
        let commit = match (iteration, run.head.clone()) {
            (Some(number), _) => self.engine.checkpoint(run.id, number).await?,
            (None, Some(head)) if head != base => head,
            _ => {
                let message = format!("{} has no checkpoint yet: there is nothing to deliver", run.id);
                return Err(Fault { code: FaultCode::Refused, message });
            }
        };
        let verified = run.state == RunState::Succeeded && iteration.is_none();
        match how {
            DeliverAs::Patch => {
                let trees = self.engine.world.trees();
                let to = commit.clone();
                let bytes = trees.with_repo(run.project, move |repo| repo.patch(&base, &to)).await?;
                Ok(Reply::Handed { bytes: fitting(&bytes)?, commit, verified })
            }
            DeliverAs::Branch { name, force } => {
                let branch = name.unwrap_or_else(|| run.branch());
                let source = project.source.clone();
                let done = self.engine.hand_over(HandOver { run, project, commit, branch, force, by: you }).await?;
                let Delivered { branch, commit, before } = done;
                Ok(Reply::Delivered { branch, source, commit, before, verified })
            }
        }
    }

    async fn bugs(&self, all: bool) -> Result<Reply, Fault> {
        let filter = BugFilter { state: (!all).then_some(BugState::Open), limit: Some(MOST_BUGS + 1), class: None };
        let mut bugs = self.engine.store.read(move |view| view.bugs(&filter)).await?;
        let more = bugs.len() > MOST_BUGS as usize;
        bugs.truncate(MOST_BUGS as usize);
        Ok(Reply::Bugs { bugs, more })
    }

    async fn read_log(&self, run: RunId, step: String, offset: u64, most: u32) -> Result<Reply, Fault> {
        let logs = self.logs(run).await?;
        let info = logs.into_iter().find(|log| log.step == step).ok_or_else(|| not_found("log", &step))?;
        if let StepLog::Removing { reason, .. } | StepLog::Removed { reason, .. } = &info.state {
            let message = format!("the log of {step} was removed by retention: {reason}");
            return Err(Fault { code: FaultCode::NotFound, message });
        }
        let path = self.engine.world.places().log(&info.key);
        let end = info.bytes.min(offset.saturating_add(u64::from(most.min(MOST_LOG))));
        let bytes = if offset >= end { Vec::new() } else { read_range(path, offset, end).await? };
        Ok(Reply::Log { chunk: LogChunk { run, step, offset, bytes: Bytes::new(&bytes) } })
    }
}

/// Bytes of a log file.
pub(super) async fn read_range(path: std::path::PathBuf, from: u64, to: u64) -> Result<Vec<u8>, Fault> {
    blocking(move || LogReader::open(&path)?.bytes(from..to))
        .await?
        .map_err(|error| Fault { code: FaultCode::Engine, message: error.to_string() })
}

/// The space of the file system that a directory is on.
fn space(place: &Path) -> Option<DiskSpace> {
    match rustix::fs::statvfs(place) {
        Ok(seen) => {
            let bytes = |blocks: u64| blocks.saturating_mul(seen.f_frsize);
            Some(DiskSpace { free: bytes(seen.f_bavail), total: bytes(seen.f_blocks) })
        }
        Err(error) => {
            tracing::warn!(%error, "the file system of the state directory does not tell its space");
            None
        }
    }
}

/// Bytes that a value takes in a line.
pub(super) fn size(value: &impl Serialize) -> usize {
    // What cannot be written takes no room; the outbox tells of it.
    serde_json::to_vec(value).map_or(0, |bytes| bytes.len())
}

/// A patch that fits into an answer.
fn fitting(bytes: &[u8]) -> Result<Bytes, Fault> {
    if bytes.len() > MOST_PATCH {
        let message = format!(
            "the patch has {} bytes, at most {MOST_PATCH} fit into an answer: deliver a branch instead",
            bytes.len()
        );
        return Err(Fault { code: FaultCode::Refused, message });
    }
    Ok(Bytes::new(bytes))
}
