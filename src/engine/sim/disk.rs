//! The played disk and git: trees in memory, commits named by their content. It survives the engine.

use super::plot::Plot;
use crate::agent::TurnReader;
use crate::config::{ProjectConfig, Suite};
use crate::domain::{Packed, Project, ProjectId, Run, RunId};
use crate::engine::ports::{BuildContext, Delivered, DeliveryFault, Outline, Places, Take, Taken, TreeFault, Trees};
use crate::evidence::{ReportFault, ReportFile};
use crate::gates::{Change, ChangeKind};
use crate::logs::{Closed, Stream};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Files by path.
pub(super) type Tree = BTreeMap<String, Vec<u8>>;

/// Everything on the disk.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Trees of commits.
    pub commits: BTreeMap<String, Tree>,
    /// Directories: trees of steps and their private directories.
    pub dirs: BTreeMap<PathBuf, Tree>,
    /// Directories whose files are not on the disk yet.
    pub unsynced: BTreeSet<PathBuf>,
    /// What programs wrote.
    pub logs: BTreeMap<PathBuf, Vec<u8>>,
    /// Branches of runs.
    pub branches: BTreeMap<RunId, String>,
    /// What was delivered, by branch.
    pub delivered: BTreeMap<String, String>,
    configs: BTreeMap<String, ProjectConfig>,
    /// Whoever reads a configuration dies of it.
    pub haunted: bool,
    /// How often a person has repaired what keeps deliveries from working.
    pub repairs: u32,
    checkouts: u32,
    deliveries: u32,
}

/// The disk. Every call takes a little time, so that others may come between.
#[derive(Debug)]
pub(super) struct Disk {
    held: Mutex<Held>,
    plot: Arc<Plot>,
    places: Places,
}

/// The name of some bytes: 40 hexadecimal digits.
pub(super) fn name_of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    crate::audit::hex(&hash.finalize()[..20])
}

/// The name of a tree.
pub(super) fn tree_name(tree: &Tree) -> String {
    let parts: Vec<&[u8]> = tree.iter().flat_map(|(path, bytes)| [path.as_bytes(), bytes.as_slice()]).collect();
    name_of(&parts)
}

impl Disk {
    /// A disk with one repository, and the commit that it has.
    pub fn new(plot: Arc<Plot>, places: Places) -> (Self, String) {
        let tree = plot.repository();
        let base = name_of(&[b"base", tree_name(&tree).as_bytes()]);
        let mut held = Held::default();
        held.commits.insert(base.clone(), tree);
        (Self { held: Mutex::new(held), plot, places }, base)
    }

    /// Everything, for looking and for changing behind the engine's back.
    pub fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    /// Directories that runs still have.
    pub fn leftover_dirs(&self) -> Vec<PathBuf> {
        self.held().dirs.keys().cloned().collect()
    }

    /// The machine loses power: of files that were not on the disk yet, the names are left.
    pub fn lose_power(&self) {
        let mut held = self.held();
        for dir in std::mem::take(&mut held.unsynced) {
            for bytes in held.dirs.get_mut(&dir).into_iter().flat_map(BTreeMap::values_mut) {
                bytes.clear();
            }
        }
    }

    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn missing(what: &str, id: impl std::fmt::Display) -> TreeFault {
    TreeFault(format!("no {what} {id}"))
}

impl Held {
    fn commit(&self, id: &str) -> Result<&Tree, TreeFault> {
        self.commits.get(id).ok_or_else(|| missing("commit", id))
    }
}

impl Trees for Disk {
    async fn look_at_data(&self, path: PathBuf) -> Result<String, TreeFault> {
        Err(TreeFault(format!("there is no data at {}", path.display())))
    }

    async fn config(&self, _project: &Project, commit: &str) -> Result<ProjectConfig, TreeFault> {
        self.pause().await;
        let haunted = self.held().haunted;
        assert!(!haunted, "haunted");
        let mut held = self.held();
        if let Some(config) = held.configs.get(commit) {
            return Ok(config.clone());
        }
        let text = held.commit(commit)?.get(ProjectConfig::FILE).cloned().unwrap_or_default();
        let text = String::from_utf8(text).map_err(|error| TreeFault(error.to_string()))?;
        let config = ProjectConfig::parse(&text, ProjectConfig::FILE).map_err(|error| TreeFault(error.to_string()))?;
        held.configs.insert(commit.to_owned(), config.clone());
        Ok(config)
    }

    async fn file(&self, _project: &Project, commit: &str, path: &str) -> Result<Option<Vec<u8>>, TreeFault> {
        self.pause().await;
        Ok(self.held().commit(commit)?.get(path).cloned())
    }

    async fn file_at(&self, project: &Project, commit: &str, path: &[u8]) -> Result<Option<Vec<u8>>, TreeFault> {
        self.file(project, commit, &String::from_utf8_lossy(path)).await
    }

    async fn build_context(
        &self,
        _project: &Project,
        commit: &str,
        dockerfile: &str,
        _context: &str,
    ) -> Result<BuildContext, TreeFault> {
        self.pause().await;
        let archive = tree_name(self.held().commit(commit)?).into_bytes();
        Ok(BuildContext { dockerfile: dockerfile.to_owned(), archive })
    }

    async fn tree_of(&self, _project: &Project, commit: &str) -> Result<String, TreeFault> {
        self.pause().await;
        Ok(tree_name(self.held().commit(commit)?))
    }

    async fn checkout(
        &self,
        _project: &Project,
        commit: &str,
        dir: &Path,
        suite: Option<&Suite>,
        _room: Option<u64>,
    ) -> Result<(), TreeFault> {
        self.pause().await;
        let mut held = self.held();
        held.checkouts += 1;
        if self.plot.broken_checkouts.contains(&held.checkouts) {
            return Err(TreeFault("no space left on device".to_owned()));
        }
        let mut tree = held.commit(commit)?.clone();
        if let Some(report) = suite.and_then(Suite::report_in_repository) {
            tree.remove(&report);
        }
        held.dirs.insert(dir.to_owned(), tree);
        held.unsynced.insert(dir.to_owned());
        Ok(())
    }

    async fn hold(&self, _dir: &Path) -> Result<(), TreeFault> {
        Ok(())
    }

    async fn is_whole(&self, _dir: &Path) -> Result<bool, TreeFault> {
        Ok(true)
    }

    async fn take(&self, _project: &Project, dir: &Path, take: &Take<'_>) -> Result<Taken, TreeFault> {
        self.pause().await;
        let mut held = self.held();
        let parent = held.commit(take.parent)?.clone();
        let mut tree = held.dirs.get(dir).ok_or_else(|| missing("tree", dir.display()))?.clone();
        tree.retain(|path, _| !take.exclude.iter().any(|kept| path == kept || path.starts_with(&format!("{kept}/"))));
        let name = tree_name(&tree);
        let unchanged = tree == parent;
        let planted = tree.keys().filter(|path| *path == ".gitattributes").cloned().collect();
        let commit = if unchanged {
            take.parent.to_owned()
        } else {
            let time = take.time.0.div_euclid(1000).to_le_bytes();
            name_of(&[name.as_bytes(), take.parent.as_bytes(), take.message.as_bytes(), &time])
        };
        held.commits.insert(commit.clone(), tree);
        Ok(Taken { commit, tree: name, unchanged, planted, not_taken: None })
    }

    async fn left(&self, dir: &Path, file: &'static str) -> Result<Option<String>, TreeFault> {
        self.pause().await;
        let held = self.held();
        let tree = held.dirs.get(dir).ok_or_else(|| missing("tree", dir.display()))?;
        Ok(tree.get(file).map(|text| String::from_utf8_lossy(text).into_owned()))
    }

    async fn for_audit(&self, _project: &Project, _base: &str, head: &str) -> Result<String, TreeFault> {
        // Nobody plays an agent that obeys a file.
        Ok(head.to_owned())
    }

    async fn set_branch(&self, run: &Run, commit: &str) -> Result<(), TreeFault> {
        self.pause().await;
        self.held().branches.insert(run.id, commit.to_owned());
        Ok(())
    }

    async fn altered(&self, _: &Project, _: (&str, &str), _: &Path, _: &Suite) -> Result<Vec<String>, TreeFault> {
        // Played suites change nothing.
        Ok(Vec::new())
    }

    async fn outline(&self, _project: &Project, _base: &str, commit: &str) -> Result<Outline, TreeFault> {
        self.pause().await;
        // Played trees have a few small files and no rules.
        self.held().commit(commit).map(|_| Outline::default())
    }

    async fn changes(&self, _project: &Project, from: &str, to: &str) -> Result<Vec<Change>, TreeFault> {
        self.pause().await;
        let held = self.held();
        let (from, to) = (held.commit(from)?, held.commit(to)?);
        let paths: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        let change = |path: &String| {
            let kind = match (from.get(path), to.get(path)) {
                (Some(before), Some(after)) if before == after => return None,
                (None, _) => ChangeKind::Added,
                (_, None) => ChangeKind::Deleted,
                _ => ChangeKind::Modified,
            };
            Some(Change { path: path.clone(), raw: path.clone().into_bytes(), kind, link: false })
        };
        Ok(paths.into_iter().filter_map(change).collect())
    }

    async fn paths(&self, _project: &Project, commit: &str) -> Result<BTreeSet<String>, TreeFault> {
        self.pause().await;
        let held = self.held();
        Ok(held.commit(commit)?.keys().cloned().collect())
    }

    async fn patch(&self, _project: &Project, from: &str, to: &str, most: usize) -> Result<(String, bool), TreeFault> {
        self.pause().await;
        let held = self.held();
        let (from, to) = (held.commit(from)?, held.commit(to)?);
        let mut patch = String::new();
        for (path, bytes) in to.iter().filter(|(path, bytes)| from.get(*path) != Some(bytes)) {
            let text = String::from_utf8_lossy(bytes);
            let _infallible = writeln!(patch, "diff --git a/{path} b/{path}\n+++ b/{path}\n@@ -1 +1 @@");
            for line in text.lines() {
                let _infallible = writeln!(patch, "+{line}");
            }
        }
        let whole = patch.len() <= most;
        Ok((patch.chars().take(most).collect(), whole))
    }

    async fn reports(&self, dir: &Path, suite: &Suite) -> Option<Result<Vec<ReportFile>, ReportFault>> {
        let report = suite.report_in_repository()?;
        self.pause().await;
        let held = self.held();
        let file = held.dirs.get(dir).and_then(|tree| tree.get(&report));
        let files = file.map(|bytes| ReportFile { path: report.clone(), bytes: bytes.clone(), links: 1 });
        Some(Ok(files.into_iter().collect()))
    }

    async fn remove_log(&self, log: &Path) -> Result<(), TreeFault> {
        self.pause().await;
        self.held().logs.remove(log);
        Ok(())
    }

    async fn forget(&self, _project: ProjectId) -> Result<(), TreeFault> {
        Ok(())
    }

    async fn pack(&self, _project: ProjectId, _many: usize, _dry: bool) -> Result<Option<Packed>, TreeFault> {
        Ok(None)
    }

    async fn size(&self, _dir: &Path) -> Result<u64, TreeFault> {
        Ok(0)
    }

    async fn close_log(&self, log: &Path, _digest: &str) -> Result<Closed, TreeFault> {
        self.pause().await;
        let bytes = self.held().logs.get(log).map(|bytes| bytes.len() as u64);
        Ok(bytes.map_or(Closed::Missing, |bytes| Closed::Kept { bytes, stored: bytes }))
    }

    async fn output(&self, log: &Path, _digest: &str, most: usize) -> Result<Vec<u8>, TreeFault> {
        self.pause().await;
        let held = self.held();
        let bytes = held.logs.get(log).map(Vec::as_slice).unwrap_or_default();
        Ok(bytes[bytes.len().saturating_sub(most)..].to_vec())
    }

    async fn hand_over(
        &self,
        log: &Path,
        _digest: &str,
        mut reader: Box<dyn TurnReader>,
    ) -> Result<Box<dyn TurnReader>, TreeFault> {
        self.pause().await;
        reader.push(Stream::Stdout, self.held().logs.get(log).map(Vec::as_slice).unwrap_or_default());
        Ok(reader)
    }

    async fn deliver(
        &self,
        _project: &Project,
        commit: &str,
        branch: &str,
        _force: bool,
    ) -> Result<Delivered, DeliveryFault> {
        self.pause().await;
        let mut held = self.held();
        held.deliveries += 1;
        if held.deliveries <= self.plot.shaky_deliveries {
            return Err(DeliveryFault { reason: "another program has locked the branch".to_owned(), passes: true });
        }
        if held.repairs < self.plot.broken_deliveries {
            return Err(DeliveryFault { reason: "the branch is checked out in the source".to_owned(), passes: false });
        }
        let before = held.delivered.insert(branch.to_owned(), commit.to_owned());
        Ok(Delivered { branch: branch.to_owned(), commit: commit.to_owned(), before })
    }

    async fn lay_session(&self, kept: &Path, dir: &Path) -> Result<(), TreeFault> {
        self.pause().await;
        let mut held = self.held();
        // What a turn is to go on with was kept before anybody was told of it.
        let files = held.dirs.get(kept).ok_or_else(|| missing("session", kept.display()))?.clone();
        held.dirs.insert(dir.to_owned(), files);
        Ok(())
    }

    async fn keep_session(&self, dir: &Path, kept: &Path, _only: &'static [&'static str]) -> Result<bool, TreeFault> {
        self.pause().await;
        let mut held = self.held();
        let files = held.dirs.get(dir).cloned().unwrap_or_default();
        held.dirs.insert(kept.to_owned(), files);
        Ok(true)
    }

    async fn leftovers(&self) -> Result<Vec<RunId>, TreeFault> {
        self.pause().await;
        let id = |dir: &PathBuf| {
            let inside = dir.strip_prefix(&self.places.workspaces).or_else(|_| dir.strip_prefix(&self.places.steps));
            inside.ok()?.components().next()?.as_os_str().to_str()?.parse().ok()
        };
        let ids: BTreeSet<RunId> = self.held().dirs.keys().filter_map(id).collect();
        Ok(ids.into_iter().collect())
    }

    async fn remove(&self, dir: &Path) -> Result<(), TreeFault> {
        self.pause().await;
        self.held().dirs.retain(|path, _| !path.starts_with(dir));
        Ok(())
    }
}
