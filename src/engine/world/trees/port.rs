//! What the driver asks of trees, done with git.

use super::super::output::{hand_over, program_output};
use super::{GitTrees, blocking};
use crate::agent::{Adapter, TurnReader};
use crate::config::{ProjectConfig, Suite};
use crate::domain::{Bounded, Packed, Project, ProjectId, Run, RunId};
use crate::engine::ports::{BuildContext, Delivered, DeliveryFault, Outline, Take, Taken, TreeFault, Trees};
use crate::evidence::{self, ReportFault, ReportFile};
use crate::gates::{self, Change, ChangeKind};
use crate::logs::{self, Closed};
use crate::project::requirements;
use crate::workspace::{
    self, Checkpoint, CheckpointSpec, Copied, Repo, Survey, WorkspaceError, copy_session, remove_tree, volume,
};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use tokio::task::spawn_blocking;

/// Largest `dogwatch.toml`, `.gitmodules`, replay script or Dockerfile that is read, in bytes.
const LARGEST_FILE: usize = 16 * 1024 * 1024;

/// Longest text that is taken of a tree, in bytes: all of it is read by a person, and by the agent in its prompts.
const LONGEST_LEFT: u64 = 16 * 1024;

impl Trees for GitTrees {
    async fn look_at_data(&self, path: PathBuf) -> Result<String, TreeFault> {
        let seen = tokio::task::spawn_blocking(move || crate::workspace::look(&path));
        match seen.await {
            Ok(seen) => seen.map(|seen| seen.quick).map_err(|fault| TreeFault(fault.to_string())),
            Err(error) => Err(TreeFault(format!("a worker failed: {error}"))),
        }
    }

    async fn config(&self, project: &Project, commit: &str) -> Result<ProjectConfig, TreeFault> {
        let (commit, name) = (commit.to_owned(), project.name.clone());
        let short: String = commit.chars().take(12).collect();
        let (text, Survey { special, unfit }) = self
            .with_repo(project.id, move |repo| {
                Ok((repo.file(&commit, ProjectConfig::FILE, LARGEST_FILE)?, repo.survey(&commit)?))
            })
            .await?;
        let place = format!("{} of {name} at {short}", ProjectConfig::FILE);
        let Some(text) = text else {
            return Err(TreeFault(format!(
                "{place}: there is no such file in this commit: run `dogwatch init` in the repository and commit it"
            )));
        };
        let modules = special.iter().find(|(path, _)| path == ".gitmodules");
        let modules = modules.map(|(_, text)| String::from_utf8_lossy(text).into_owned());
        let attributes: Vec<_> = special
            .iter()
            .filter(|(path, _)| path.rsplit('/').next() == Some(".gitattributes"))
            .map(|(path, text)| (path.clone(), String::from_utf8_lossy(text).into_owned()))
            .collect();
        let attributes: Vec<_> = attributes.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut unsupported = requirements::unsupported(modules.as_deref(), &attributes);
        unsupported.extend(unfit);
        if !unsupported.is_empty() {
            return Err(TreeFault(format!("{name} at {short}: {}", unsupported.join("; "))));
        }
        let text = String::from_utf8(text).map_err(|_| TreeFault(format!("{place}: it is not UTF-8")))?;
        ProjectConfig::parse(&text, &place).map_err(|errors| TreeFault(errors.to_string()))
    }

    async fn file(&self, project: &Project, commit: &str, path: &str) -> Result<Option<Vec<u8>>, TreeFault> {
        let (commit, path) = (commit.to_owned(), path.to_owned());
        if path.starts_with('/') {
            return blocking(move || host_file(&path).map(Some).map_err(|error| TreeFault(format!("{path}: {error}"))))
                .await;
        }
        self.with_repo(project.id, move |repo| repo.file(&commit, &path, LARGEST_FILE)).await
    }

    async fn file_at(&self, project: &Project, commit: &str, path: &[u8]) -> Result<Option<Vec<u8>>, TreeFault> {
        let (commit, path) = (commit.to_owned(), path.to_vec());
        self.with_repo(project.id, move |repo| repo.file_at(&commit, &path, LARGEST_FILE)).await
    }

    async fn build_context(
        &self,
        project: &Project,
        commit: &str,
        dockerfile: &str,
        context: &str,
    ) -> Result<BuildContext, TreeFault> {
        let (commit, context) = (commit.to_owned(), context.to_owned());
        let prefix = if context == "." { String::new() } else { format!("{context}/") };
        let Some(inside) = dockerfile.strip_prefix(&prefix).map(str::to_owned) else {
            return Err(TreeFault(format!(
                "[image] dockerfile {dockerfile} lies outside its context {context}: move it there, or widen the context"
            )));
        };
        let archive = self.with_repo(project.id, move |repo| repo.archive(&commit, &context)).await?;
        Ok(BuildContext { dockerfile: inside, archive })
    }

    async fn tree_of(&self, project: &Project, commit: &str) -> Result<String, TreeFault> {
        let commit = commit.to_owned();
        self.with_repo(project.id, move |repo| repo.tree(&commit)).await
    }

    async fn checkout(
        &self,
        project: &Project,
        commit: &str,
        dir: &Path,
        suite: Option<&Suite>,
        room: Option<u64>,
    ) -> Result<(), TreeFault> {
        let (commit, dir, owner) = (commit.to_owned(), dir.to_owned(), self.new_owner());
        let report = suite.and_then(Suite::report_in_repository);
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent).map_err(|error| TreeFault(format!("{}: {error}", parent.display())))?;
        }
        self.with_repo(project.id, move |repo| {
            volume::release(&dir)?;
            match room.map(|mib| (mib, volume::make(&dir, mib))) {
                None => repo.checkout(&commit, &dir, owner)?,
                Some((mib, Ok(()))) => {
                    repo.checkout_into(&commit, &dir, owner).map_err(|error| error.within(mib))?;
                }
                // It is watched all the same.
                Some((_, Err(error))) => {
                    tracing::warn!(%error, "a tree gets no file system of its own");
                    volume::release(&dir)?;
                    repo.checkout(&commit, &dir, owner)?;
                }
            }
            Ok((report, dir))
        })
        .await
        .and_then(|(report, dir)| {
            // A report that a commit brings along must not be taken for this run's; that it does is seen in its changes.
            report.map_or(Ok(()), |report| match evidence::remove_stale(&dir, &report) {
                Ok(_removed) => Ok(()),
                // What the work did to its own report is no trouble of the engine's: it is met again when the report is read.
                Err(fault) if fault.is_tampering() => {
                    tracing::info!(%fault, "a commit has something else where a suite puts its report");
                    Ok(())
                }
                Err(fault) => Err(TreeFault(fault.to_string())),
            })
        })
    }

    async fn hold(&self, dir: &Path) -> Result<(), TreeFault> {
        let dir = dir.to_owned();
        blocking(move || Ok(volume::hold(&dir)?)).await
    }

    async fn is_whole(&self, dir: &Path) -> Result<bool, TreeFault> {
        let dir = dir.to_owned();
        blocking(move || volume::is_whole(&dir).map_err(|error| TreeFault(format!("{}: {error}", dir.display())))).await
    }

    async fn take(&self, project: &Project, dir: &Path, take: &Take<'_>) -> Result<Taken, TreeFault> {
        let dir = dir.to_owned();
        let (parent, base, message) = (take.parent.to_owned(), take.base.to_owned(), take.message.to_owned());
        let (exclude, time) = (take.exclude.to_vec(), take.time);
        self.with_repo(project.id, move |repo| {
            volume::hold(&dir)?;
            let spec =
                CheckpointSpec { parent: &parent, ignore_from: &base, exclude: &exclude, message: &message, time };
            let taken = match repo.checkpoint(&dir, &spec) {
                Err(error @ WorkspaceError::TooLarge { .. }) => {
                    let (tree, why) = (repo.tree(&parent)?, Some(error.to_string()));
                    return Ok(Taken { commit: parent, tree, unchanged: true, planted: Vec::new(), not_taken: why });
                }
                taken => taken?,
            };
            if !taken.remarks.is_empty() {
                tracing::info!(left_out = ?taken.remarks, "the agent made git repositories in its tree");
            }
            let mut planted = taken.planted;
            let changed: HashSet<&str> = taken.changes.iter().map(|change| change.path.as_str()).collect();
            let links = repo
                .escaping_links(&taken.commit)?
                .into_iter()
                .filter(|(path, _)| changed.contains(path.as_str()))
                .map(|(path, target)| format!("{path} is a link out of the tree, to {target}"));
            planted.extend(links.collect::<Bounded>().finish());
            planted.extend(taken.skipped);
            let Checkpoint { commit, tree, unchanged, .. } = taken;
            Ok(Taken { commit, tree, unchanged, planted, not_taken: None })
        })
        .await
    }

    async fn left(&self, dir: &Path, file: &'static str) -> Result<Option<String>, TreeFault> {
        let dir = dir.to_owned();
        let read = move || {
            volume::hold(&dir)?;
            Ok(workspace::left_text(&dir, file, LONGEST_LEFT)?)
        };
        let text = blocking(read).await?;
        Ok(text.filter(|text| !text.trim().is_empty()))
    }

    async fn set_branch(&self, run: &Run, commit: &str) -> Result<(), TreeFault> {
        let (id, commit) = (run.id, commit.to_owned());
        self.with_repo(run.project, move |repo| repo.set_branch(id, &commit)).await
    }

    async fn for_audit(&self, project: &Project, base: &str, head: &str) -> Result<String, TreeFault> {
        let (base, head) = (base.to_owned(), head.to_owned());
        self.with_repo(project.id, move |repo| repo.with_base(&head, &base, gates::guides_agents)).await
    }

    async fn outline(&self, project: &Project, base: &str, commit: &str) -> Result<Outline, TreeFault> {
        let (base, commit) = (base.to_owned(), commit.to_owned());
        self.with_repo(project.id, move |repo| repo.outline(&base, &commit)).await
    }

    async fn changes(&self, project: &Project, from: &str, to: &str) -> Result<Vec<Change>, TreeFault> {
        let (from, to) = (from.to_owned(), to.to_owned());
        let changes = self.with_repo(project.id, move |repo| repo.changes(&from, &to)).await?;
        Ok(changes.into_iter().map(change).collect())
    }

    async fn paths(&self, project: &Project, commit: &str) -> Result<BTreeSet<String>, TreeFault> {
        let commit = commit.to_owned();
        let entries = self.with_repo(project.id, move |repo| repo.list(&commit)).await?;
        Ok(entries.into_iter().map(|entry| workspace::shown(&entry.path)).collect())
    }

    async fn patch(&self, project: &Project, from: &str, to: &str, most: usize) -> Result<(String, bool), TreeFault> {
        let (from, to) = (from.to_owned(), to.to_owned());
        let (patch, whole) = self.with_repo(project.id, move |repo| repo.beginning_of_diff(&from, &to, most)).await?;
        Ok((String::from_utf8_lossy(&patch).into_owned(), whole))
    }

    async fn altered(
        &self,
        project: &Project,
        (base, commit): (&str, &str),
        dir: &Path,
        suite: &Suite,
    ) -> Result<Vec<String>, TreeFault> {
        let (base, commit, dir) = (base.to_owned(), commit.to_owned(), dir.to_owned());
        let report = suite.report_in_repository();
        self.with_repo(project.id, move |repo| {
            volume::hold(&dir)?;
            let is_report = |path: &str| report.as_deref().is_some_and(|report| gates::path_fits(report, path));
            // What the project itself does not want to track is made by tools.
            let pick = |path: &str, ignored: bool| {
                !is_report(path) && (gates::decides_over_tests(path) || (!ignored && gates::stays_the_same(path)))
            };
            let planted = &gates::PLANTED_WHILE_RUNNING;
            repo.altered(&dir, &workspace::Altered { commit: &commit, ignore_from: &base, planted }, pick)
        })
        .await
    }

    async fn reports(&self, dir: &Path, suite: &Suite) -> Option<Result<Vec<ReportFile>, ReportFault>> {
        let (dir, report) = (dir.to_owned(), suite.report_in_repository()?);
        let read = spawn_blocking(move || {
            let held = volume::hold(&dir);
            held.map_err(|error| ReportFault::Io { path: report.clone(), why: error.to_string() })?;
            // The suite may have locked its tree, which is no reason to call its report missing.
            let unlocked = workspace::unlock_tree(&dir);
            unlocked.map_err(|error| ReportFault::Io { path: report.clone(), why: error.to_string() })?;
            evidence::read(&dir, &report)
        })
        .await;
        Some(read.unwrap_or_else(|error| {
            Err(ReportFault::Io { path: String::new(), why: format!("a worker failed: {error}") })
        }))
    }

    async fn output(&self, log: &Path, digest: &str, most: usize) -> Result<Vec<u8>, TreeFault> {
        let (log, digest) = (log.to_owned(), digest.to_owned());
        blocking(move || program_output(&log, &digest, most)).await
    }

    async fn hand_over(
        &self,
        log: &Path,
        digest: &str,
        reader: Box<dyn TurnReader>,
    ) -> Result<Box<dyn TurnReader>, TreeFault> {
        let (log, digest) = (log.to_owned(), digest.to_owned());
        blocking(move || hand_over(&log, &digest, reader)).await
    }

    async fn remove_log(&self, log: &Path) -> Result<(), TreeFault> {
        let log = log.to_owned();
        blocking(move || logs::remove(&log).map_err(|error| TreeFault(error.to_string()))).await
    }

    async fn forget(&self, project: ProjectId) -> Result<(), TreeFault> {
        let place = self.repos.join(format!("{project}.git"));
        blocking(move || remove_tree(&place).map_err(|error| TreeFault(error.to_string()))).await
    }

    async fn pack(&self, project: ProjectId, many: usize, dry: bool) -> Result<Option<Packed>, TreeFault> {
        let repos = self.repos.clone();
        let job = move || {
            let repo = match Repo::open(&repos, project) {
                // Nothing was fetched yet.
                Err(WorkspaceError::NotFound(_)) => return Ok(None),
                opened => opened?,
            };
            let objects = repo.loose()?;
            Ok(match (objects >= many, dry) {
                (false, _) => None,
                (true, true) => Some(Packed { objects, saved: 0 }),
                (true, false) => Some(repo.pack()?),
            })
        };
        blocking(move || job().map_err(|error: WorkspaceError| TreeFault(error.to_string()))).await
    }

    async fn size(&self, dir: &Path) -> Result<u64, TreeFault> {
        let dir = dir.to_owned();
        blocking(move || workspace::size(&dir).map_err(|error| TreeFault(format!("{}: {error}", dir.display())))).await
    }

    async fn close_log(&self, log: &Path, digest: &str) -> Result<Closed, TreeFault> {
        let (log, digest) = (log.to_owned(), digest.to_owned());
        blocking(move || logs::close(&log, &digest).map_err(|error| TreeFault(error.to_string()))).await
    }

    async fn deliver(
        &self,
        project: &Project,
        commit: &str,
        branch: &str,
        force: bool,
    ) -> Result<Delivered, DeliveryFault> {
        let (repos, id, source) = (self.repos.clone(), project.id, project.source.clone());
        let (commit, branch) = (commit.to_owned(), branch.to_owned());
        let job = move || Repo::open(&repos, id)?.deliver_branch(&commit, &source, &branch, force);
        match spawn_blocking(job).await {
            Ok(done) => done.map_err(|error| DeliveryFault { passes: error.passes(), reason: error.to_string() }),
            Err(error) => Err(DeliveryFault { passes: true, reason: format!("a worker failed: {error}") }),
        }
    }

    async fn lay_session(&self, kept: &Path, dir: &Path) -> Result<(), TreeFault> {
        let (kept, dir, owner) = (kept.to_owned(), dir.to_owned(), self.new_owner());
        blocking(move || {
            if let Some(parent) = dir.parent() {
                fs::create_dir_all(parent).map_err(|error| TreeFault(format!("{}: {error}", parent.display())))?;
            }
            let names = Adapter::ALL.into_iter().flat_map(Adapter::keeps).copied().collect::<Vec<_>>();
            copy_session(&kept, &dir, &names, owner).map(drop).map_err(|error| TreeFault(error.to_string()))
        })
        .await
    }

    async fn keep_session(&self, dir: &Path, kept: &Path, only: &'static [&'static str]) -> Result<bool, TreeFault> {
        let (kept, dir) = (kept.to_owned(), dir.to_owned());
        blocking(move || {
            if let Some(parent) = kept.parent() {
                fs::create_dir_all(parent).map_err(|error| TreeFault(format!("{}: {error}", parent.display())))?;
            }
            let copied = copy_session(&dir, &kept, only, None).map_err(|error| TreeFault(error.to_string()))?;
            if copied == Copied::TooMuch {
                tracing::warn!(dir = %dir.display(), "an agent's conversation is too large to be kept; its next turn begins a new one");
            }
            Ok(matches!(copied, Copied::Bytes(_)))
        })
        .await
    }

    async fn leftovers(&self) -> Result<Vec<RunId>, TreeFault> {
        let dirs = [self.places.workspaces.clone(), self.places.steps.clone()];
        blocking(move || {
            let mut ids = Vec::new();
            for dir in dirs {
                let entries = match fs::read_dir(&dir) {
                    Ok(entries) => entries,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(TreeFault(format!("{}: {error}", dir.display()))),
                };
                // Names that are not a run's are none of ours.
                ids.extend(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<RunId>().ok()));
            }
            Ok(ids)
        })
        .await
    }

    async fn remove(&self, dir: &Path) -> Result<(), TreeFault> {
        let dir = dir.to_owned();
        blocking(move || {
            volume::release(&dir)?;
            Ok(remove_tree(&dir)?)
        })
        .await
    }
}

/// A regular file of the host, bounded. The path comes from a repository: a pipe or a device must neither block nor fill
/// the memory.
fn host_file(path: &str) -> std::io::Result<Vec<u8>> {
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = fs::OpenOptions::new().read(true).custom_flags(nonblock).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LARGEST_FILE {
        return Err(std::io::Error::other(format!("larger than {LARGEST_FILE} bytes")));
    }
    Ok(bytes)
}

fn change(change: workspace::Change) -> Change {
    let kind = match change.kind {
        workspace::ChangeKind::Added => ChangeKind::Added,
        workspace::ChangeKind::Modified => ChangeKind::Modified,
        workspace::ChangeKind::Deleted => ChangeKind::Deleted,
        workspace::ChangeKind::TypeChanged => ChangeKind::TypeChanged,
    };
    Change { path: change.path, raw: change.raw, kind, link: change.link }
}
