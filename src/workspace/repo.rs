//! One bare repository a project, owned and configured by the engine alone.

use super::beneath::{open_own, path_shown};
use super::error::WorkspaceError;
use crate::domain::{ProjectId, RunId};
use git2::{Oid, Repository, RepositoryInitMode, RepositoryInitOptions, RepositoryOpenFlags};
use rustix::fs::FlockOperation;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Once;

/// The whole configuration. Written anew whenever the repository is opened, so that nothing else ever counts. Large files are no
/// differences in packs, or putting them together would take ten times their size of memory: the library takes what is meant for
/// deltas in its cache as the size from which files are large.
const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tfilemode = true\n\thooksPath = /dev/null\n\
    \tfsmonitor = false\n\tlogAllRefUpdates = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n\
    [pack]\n\twindowMemory = 64m\n\tdeltaCacheSize = 4m\n";

/// What counts before a source's own configuration while a branch is put there: nothing is written but the branch, and nobody's
/// name but ours.
const QUIET: &str = "[core]\n\tlogAllRefUpdates = false\n[user]\n\tname = dogwatch\n\temail = dogwatch@localhost\n";
/// The file that says so.
const QUIET_FILE: &str = "config.delivery";

/// The engine's bare repository of a project. Cheap to clone; every call opens the repository for itself, so it may be
/// used from several threads.
#[derive(Debug, Clone)]
pub struct Repo {
    path: PathBuf,
}

impl Repo {
    /// Opens the repository of a project that was fetched before.
    pub fn open(repos_dir: &Path, project: ProjectId) -> Result<Self, WorkspaceError> {
        let path = repos_dir.join(format!("{project}.git"));
        if !path.join("HEAD").is_file() {
            return Err(WorkspaceError::NotFound(format!("the repository of project {project}")));
        }
        let repo = Self { path };
        repo.configure()?;
        Ok(repo)
    }

    /// Where the bare repository lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The full id of the commit that a revision names: nothing (the source's HEAD), a branch or tag of the source, a full
    /// reference name, or a commit id of at least seven digits. Forty digits are always an id, whatever a branch is called.
    pub fn resolve(&self, revision: Option<&str>) -> Result<String, WorkspaceError> {
        let bare = self.open_git()?;
        let text = revision.unwrap_or("HEAD");
        let missing = || match revision {
            None => WorkspaceError::NotFound("the commit of the source's HEAD (name a branch instead)".into()),
            Some(text) => WorkspaceError::NotFound(format!("revision `{text}`")),
        };
        let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
        if is_full_id(text) {
            let object = Oid::from_str(text).and_then(|id| bare.find_object(id, None)).map_err(|_| missing())?;
            return Ok(object.peel_to_commit().map_err(|_| missing())?.id().to_string());
        }
        let by_id = (7..40).contains(&text.len()) && hex;
        let full = ["refs/source/", "refs/source/heads/", "refs/source/tags/", ""];
        for name in full.map(|prefix| format!("{prefix}{text}")) {
            if name.starts_with("refs/")
                && git2::Reference::is_valid_name(&name)
                && let Ok(found) = bare.find_reference(&name)
                && let Ok(commit) = found.peel_to_commit()
            {
                if by_id && is_another(&bare, text, commit.id()) {
                    return Err(WorkspaceError::Unsupported {
                        path: format!("revision `{text}`"),
                        reason:
                            "it is the name of a branch or tag, and the beginning of another object's id: write all \
                                 40 digits, or heads/ or tags/ in front of the name"
                                .into(),
                    });
                }
                return Ok(commit.id().to_string());
            }
        }
        if by_id {
            let object = bare.find_object_by_prefix(text, None).map_err(|_| missing())?;
            return Ok(object.peel_to_commit().map_err(|_| missing())?.id().to_string());
        }
        Err(missing())
    }

    /// The id of a commit's tree.
    pub fn tree(&self, commit: &str) -> Result<String, WorkspaceError> {
        Ok(tree_of(&self.open_git()?, commit)?.id().to_string())
    }

    /// Points `refs/heads/dogwatch/run-<n>` at a commit, wherever it pointed before.
    pub fn set_branch(&self, run: RunId, commit: &str) -> Result<(), WorkspaceError> {
        let bare = self.open_git()?;
        let id = commit_id(&bare, commit)?;
        let name = format!("refs/heads/{}", Self::branch_name(run));
        bare.reference(&name, id, true, "dogwatch").map_err(WorkspaceError::git(format!("setting {name}")))?;
        self.sync()
    }

    /// The commit that a run's branch points at, if it was ever set.
    pub fn branch(&self, run: RunId) -> Result<Option<String>, WorkspaceError> {
        let name = format!("refs/heads/{}", Self::branch_name(run));
        match self.open_git()?.refname_to_id(&name) {
            Ok(id) => Ok(Some(id.to_string())),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(WorkspaceError::Git { what: format!("reading {name}"), error }),
        }
    }

    /// The name of a run's branch, here and in the source: `dogwatch/run-<n>`.
    pub fn branch_name(run: RunId) -> String {
        format!("dogwatch/run-{}", run.0)
    }

    /// Opens the repository itself, never searching upwards and never reading another configuration.
    pub(super) fn open_git(&self) -> Result<Repository, WorkspaceError> {
        prepare_library();
        let flags = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::BARE | RepositoryOpenFlags::NO_DOTGIT;
        Repository::open_ext(&self.path, flags, std::iter::empty::<&Path>())
            .map_err(WorkspaceError::git(format!("opening {}", path_shown(&self.path))))
    }

    /// Brings everything written so far to the disk. One call for all objects costs far less than one each.
    pub(super) fn sync(&self) -> Result<(), WorkspaceError> {
        sync(&self.path)
    }

    /// The repository of a project, made where it is not there yet, and a lock on it that ends with the handle: two at once
    /// would stand in each other's way at the making and at the references.
    pub(super) fn make(repos_dir: &Path, project: ProjectId) -> Result<(Self, OwnedFd), WorkspaceError> {
        prepare_library();
        let io = |path: &Path, error| WorkspaceError::io(path_shown(path), error);
        let path = repos_dir.join(format!("{project}.git"));
        let repo = Self { path };
        let path = &repo.path;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| io(path, error))?;
        rustix::fs::chmod(path, rustix::fs::Mode::RWXU).map_err(|error| io(path, error.into()))?;
        let alone = open_own(path)?;
        rustix::fs::flock(&alone, FlockOperation::LockExclusive).map_err(|error| io(path, error.into()))?;
        if !path.join("HEAD").is_file() {
            let mut options = RepositoryInitOptions::new();
            options.bare(true).external_template(false).mode(RepositoryInitMode::SHARED_UMASK).no_dotgit_dir(true);
            Repository::init_opts(path, &options)
                .map_err(WorkspaceError::git(format!("making {}", path_shown(path))))?;
        }
        super::remove_tree(&path.join("hooks"))?;
        repo.configure()?;
        Ok((repo, alone))
    }

    /// Has a source say nothing about what is written with a branch that is put there.
    pub(super) fn quieten(&self, source: &Repository) -> Result<(), WorkspaceError> {
        let config = source
            .config()
            .and_then(|mut config| config.add_file(&self.path.join(QUIET_FILE), git2::ConfigLevel::App, true));
        config.map_err(WorkspaceError::git("reading the source's configuration"))
    }

    fn configure(&self) -> Result<(), WorkspaceError> {
        for (name, says) in [("config", CONFIG), (QUIET_FILE, QUIET)] {
            let path = self.path.join(name);
            if std::fs::read(&path).is_ok_and(|text| text == says.as_bytes()) {
                continue;
            }
            let fresh = self.path.join(format!("config.{}", std::process::id()));
            let written = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh);
            written
                .and_then(|mut file| file.write_all(says.as_bytes()).and_then(|()| file.sync_all()))
                .and_then(|()| std::fs::rename(&fresh, &path))
                .map_err(|error| WorkspaceError::io(path_shown(&path), error))?;
        }
        Ok(())
    }
}

/// Whether a name is written as a whole id of an object. It then never names anything else.
pub(super) fn is_full_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether the beginning of an id could mean something else than this commit.
fn is_another(bare: &Repository, prefix: &str, commit: Oid) -> bool {
    match bare.find_object_by_prefix(prefix, None) {
        Ok(object) => object.id() != commit,
        Err(error) => error.code() != git2::ErrorCode::NotFound,
    }
}

/// Opens a source repository at exactly this path, whoever owns it.
pub fn open_source(path: &Path) -> Result<Repository, git2::Error> {
    prepare_library();
    Repository::open_ext(path, RepositoryOpenFlags::NO_SEARCH, std::iter::empty::<&Path>())
}

/// Brings everything written so far to the disk that a directory is on.
pub(super) fn sync(directory: &Path) -> Result<(), WorkspaceError> {
    if cfg!(test) {
        // Hundreds of these while other tests write would only measure the disk.
        return Ok(());
    }
    let handle = open_own(directory)?;
    rustix::fs::syncfs(handle).map_err(|error| WorkspaceError::io(path_shown(directory), error))
}

/// The commit with a full id.
pub(super) fn commit_id(bare: &Repository, commit: &str) -> Result<Oid, WorkspaceError> {
    let missing = || WorkspaceError::NotFound(format!("commit `{commit}`"));
    if commit.len() != 40 {
        return Err(missing());
    }
    let id = Oid::from_str(commit).map_err(|_| missing())?;
    bare.find_commit(id).map_err(|_| missing())?;
    Ok(id)
}

/// The tree of a commit with a full id.
pub(super) fn tree_of<'r>(bare: &'r Repository, commit: &str) -> Result<git2::Tree<'r>, WorkspaceError> {
    let id = commit_id(bare, commit)?;
    bare.find_commit(id).and_then(|c| c.tree()).map_err(WorkspaceError::git(format!("reading commit {commit}")))
}

/// Sets the git library up once in a process.
///
/// Ownership is not checked: a project's source may belong to another user than the engine. The check guards programs that
/// obey what a stranger's configuration says (hooks, monitors, filters); this library never runs a command from a
/// configuration, and we write no work tree through it. Configurations of the system and the user are closed off, so that
/// the same input gives the same commit everywhere.
#[expect(unsafe_code, reason = "these settings are global to the library; they are set once, before its first use")]
pub(super) fn prepare_library() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        use git2::ConfigLevel::{Global, ProgramData, System, XDG};
        // SAFETY: every use of the library in this program starts here, so no other thread reads the settings meanwhile.
        let set = unsafe {
            [System, Global, XDG, ProgramData]
                .into_iter()
                .try_for_each(|level| git2::opts::set_search_path(level, ""))
                .and_then(|()| git2::opts::set_verify_owner_validation(false))
        };
        if let Err(error) = set {
            tracing::error!(%error, "the git library could not be set up; sources of other users will be refused");
        }
    });
}
