//! Where the engine keeps its things: the state directory (database, repositories, workspaces, logs, socket) and the
//! configuration directory. XDG places unless two variables say otherwise. Runtime directories are not used, since they
//! vanish when their user logs out.

use crate::store::switch::{ASIDE, PARTS, WHOLE};
use directories::ProjectDirs;
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Overrides the state directory.
pub const STATE_VARIABLE: &str = "DOGWATCH_STATE_DIR";
/// Overrides the configuration directory.
pub const CONFIG_VARIABLE: &str = "DOGWATCH_CONFIG_DIR";
/// Overrides the directory of the socket of the system's engine.
pub const SYSTEM_VARIABLE: &str = "DOGWATCH_SYSTEM_DIR";
/// Where the engine of a whole machine keeps its things, and where its socket is.
const SYSTEM_STATE: &str = "/var/lib/dogwatch";
const SYSTEM_CONFIG: &str = "/etc/dogwatch";
const SYSTEM_DIR: &str = "/run/dogwatch";
/// Bytes that a socket path may have: `sun_path` has 108 with the closing NUL.
pub const LONGEST_SOCKET: usize = 107;

/// The directory of the socket of an engine of one user.
const SOCK: &str = "sock";

/// Directories of the console.
const DRAFTS: &str = "drafts";
const COPIES: &str = "copies";
/// What a user saw of audit logs.
pub(crate) const WITNESS: &str = "witness";

/// Why there is no place to work in.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// No variable and no home directory.
    #[error(
        "no home directory to keep state in: set HOME, or set DOGWATCH_STATE_DIR and DOGWATCH_CONFIG_DIR to absolute paths"
    )]
    NoHome,
    /// A variable holds a path that depends on the working directory.
    #[error("{variable} is `{value}`: it must be an absolute path")]
    Relative {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// The socket's path does not fit.
    #[error(
        "the socket path {path} has {length} bytes, and the system allows {LONGEST_SOCKET}: set DOGWATCH_STATE_DIR to a shorter path"
    )]
    SocketTooLong {
        /// The path.
        path: String,
        /// Its length in bytes.
        length: usize,
    },
    /// A directory cannot be made or kept private.
    #[error("{path} cannot be used: {reason}")]
    Unusable {
        /// The directory.
        path: String,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// The places of one engine. Only `prepare` touches the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    state: PathBuf,
    config: PathBuf,
    /// Where the socket of the system's engine is; `None` for an engine of one user.
    system: Option<PathBuf>,
}

impl Paths {
    /// From the environment of this process: those of the state directory that it names; otherwise those of the system's engine,
    /// where this machine has one; otherwise the user's own.
    pub fn from_environment() -> Result<Self, PathsError> {
        let named = overridden(STATE_VARIABLE, std::env::var_os(STATE_VARIABLE))?.is_some();
        if !named && Self::has_system()? {
            return Self::of_system();
        }
        Self::of_user()
    }

    /// The user's own, also where this machine has a system's engine.
    pub fn of_user() -> Result<Self, PathsError> {
        let project = ProjectDirs::from("", "", "dogwatch");
        let state = match overridden(STATE_VARIABLE, std::env::var_os(STATE_VARIABLE))? {
            Some(path) => path,
            None => at_home(project.as_ref().and_then(ProjectDirs::state_dir))?,
        };
        let config = match overridden(CONFIG_VARIABLE, std::env::var_os(CONFIG_VARIABLE))? {
            Some(path) => path,
            None => at_home(project.as_ref().map(ProjectDirs::config_dir))?,
        };
        Self::new(state, config)
    }

    /// Whether this machine has a system's engine, at work or not.
    fn has_system() -> Result<bool, PathsError> {
        let is_there = |path: &Path| std::fs::symlink_metadata(path).is_ok();
        Ok(match overridden(SYSTEM_VARIABLE, std::env::var_os(SYSTEM_VARIABLE))? {
            Some(dir) => is_there(&dir),
            None => is_there(Path::new(SYSTEM_DIR)) || is_there(&Path::new(SYSTEM_CONFIG).join("config.toml")),
        })
    }

    /// Those of the system's engine.
    pub fn of_system() -> Result<Self, PathsError> {
        let place = |variable, usual: &str| {
            Ok(overridden(variable, std::env::var_os(variable))?.unwrap_or_else(|| usual.into()))
        };
        let mut paths = Self::new(place(STATE_VARIABLE, SYSTEM_STATE)?, place(CONFIG_VARIABLE, SYSTEM_CONFIG)?)?;
        paths.system = Some(place(SYSTEM_VARIABLE, SYSTEM_DIR)?);
        paths.socket_fits()?;
        Ok(paths)
    }

    /// Whether these are those of the system's engine, which nobody starts by the way and beside which nobody has one of their own.
    pub fn is_system(&self) -> bool {
        self.system.is_some()
    }

    /// The user and group of the engine, by whose its state directory is; `None` where no engine has begun there yet.
    pub fn owner(&self) -> Option<(u32, u32)> {
        std::fs::metadata(&self.state).ok().map(|seen| (seen.uid(), seen.gid()))
    }

    /// With given directories, both absolute.
    pub fn new(state: PathBuf, config: PathBuf) -> Result<Self, PathsError> {
        for (variable, path) in [(STATE_VARIABLE, &state), (CONFIG_VARIABLE, &config)] {
            if !path.is_absolute() {
                return Err(PathsError::Relative { variable, value: path.display().to_string() });
            }
        }
        let paths = Self { state, config, system: None };
        paths.socket_fits()?;
        Ok(paths)
    }

    fn socket_fits(&self) -> Result<(), PathsError> {
        let socket = self.socket();
        let length = socket.as_os_str().as_bytes().len();
        if length > LONGEST_SOCKET {
            return Err(PathsError::SocketTooLong { path: socket.display().to_string(), length });
        }
        Ok(())
    }

    /// Makes every directory that is missing and closes them to other users. Safe to repeat.
    pub fn prepare(&self) -> Result<(), PathsError> {
        if self.is_system() && self.config.exists() {
            kept_by_root(&self.config)?;
        } else {
            private_directory(&self.config)?;
        }
        let own = [self.state.clone()];
        let inner = [
            self.state.join(SOCK),
            self.repos(),
            self.workspaces(),
            self.logs(),
            self.blobs(),
            self.steps(),
            self.exe_copies(),
            self.containers(),
            self.trials(),
            self.gate(),
            self.far(),
        ];
        for path in own.iter().chain(&inner) {
            private_directory(path)?;
        }
        Ok(())
    }

    /// Everything that an engine makes in its state directory, the database coming last. What else lies there is others'.
    pub fn everything(&self) -> Vec<PathBuf> {
        let beside = |file: PathBuf, end: &str| {
            let mut name = file.into_os_string();
            name.push(end);
            PathBuf::from(name)
        };
        let directories = [
            self.state.join(SOCK),
            self.repos(),
            self.workspaces(),
            self.steps(),
            self.containers(),
            self.trials(),
            self.gate(),
            self.far(),
            self.logs(),
            self.exe_copies(),
            self.blobs(),
            self.backups(),
            self.state.join(PARTS),
            self.state.join(WHOLE),
            self.state.join(ASIDE),
            self.state.join(DRAFTS),
            self.state.join(COPIES),
            self.state.join(WITNESS),
        ];
        let files = ["engine.stderr", "engine.key", "engine.new", "reserve", "checkpoints", "checkpoints.new"]
            .map(|name| self.state.join(name));
        let store = [self.chain_head(), self.epoch()].map(|file| [beside(file.clone(), ".new"), file]);
        let database = ["-shm", "-wal", ""].map(|end| beside(self.database(), end));
        let last = [self.lock()];
        directories.into_iter().chain(files).chain(store.into_iter().flatten()).chain(database).chain(last).collect()
    }

    /// What the gate needs for its connections; a short name, since sockets lie in there.
    pub fn gate(&self) -> PathBuf {
        self.state.join("g")
    }

    /// The state directory.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The configuration directory.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// `config.toml`; it may be absent.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// Where a person's own keys of the console stand: the system's configuration is not theirs.
    pub fn console_config(&self) -> PathBuf {
        let own = ProjectDirs::from("", "", "dogwatch").filter(|_| self.is_system());
        own.map_or_else(|| self.config_file(), |dirs| dirs.config_dir().join("config.toml"))
    }

    /// The `SQLite` database.
    pub fn database(&self) -> PathBuf {
        self.state.join("dogwatch.db")
    }

    /// Engine-owned git repositories, one directory a project.
    pub fn repos(&self) -> PathBuf {
        self.state.join("repos")
    }

    /// Checkouts that are mounted into containers.
    pub fn workspaces(&self) -> PathBuf {
        self.state.join("workspaces")
    }

    /// Logs of steps.
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    /// Content-addressed files.
    pub fn blobs(&self) -> PathBuf {
        self.state.join("blobs")
    }

    /// Private directories of steps: channel socket, spool, specification. The name is short, since sockets lie in there.
    pub fn steps(&self) -> PathBuf {
        self.state.join("steps")
    }

    /// Content-addressed copies of the executable, mounted into containers.
    pub fn exe_copies(&self) -> PathBuf {
        self.state.join("exe")
    }

    /// What a process sandbox knows of its containers.
    pub fn containers(&self) -> PathBuf {
        self.state.join("containers")
    }

    /// Files of connections to other machines, one directory each. The name is short, since sockets lie in there.
    pub fn far(&self) -> PathBuf {
        self.state.join("far")
    }

    /// What `dogwatch agent test` works with.
    pub fn trials(&self) -> PathBuf {
        self.state.join("trials")
    }

    /// The directory of the engine's socket.
    pub fn sock(&self) -> PathBuf {
        self.system.clone().unwrap_or_else(|| self.state.join(SOCK))
    }

    /// The engine's socket; at most `LONGEST_SOCKET` bytes.
    pub fn socket(&self) -> PathBuf {
        self.sock().join("engine.sock")
    }

    /// What people have written in the console and not sent yet; `None` where they have no place for it.
    pub fn drafts(&self) -> Option<PathBuf> {
        self.of_a_person(DRAFTS)
    }

    /// Lines that people took out of logs in the console.
    pub fn copies(&self) -> PathBuf {
        self.of_a_person(COPIES).unwrap_or_else(|| self.state.join(COPIES))
    }

    /// Who is another user than the engine's (root, that is) keeps things in a state directory of their own; `None` where they
    /// have none.
    fn of_a_person(&self, name: &str) -> Option<PathBuf> {
        let owner = std::fs::metadata(&self.state).map(|seen| seen.uid());
        if owner.is_ok_and(|owner| owner == rustix::process::geteuid().as_raw()) {
            return Some(self.state.join(name));
        }
        Some(ProjectDirs::from("", "", "dogwatch")?.state_dir()?.join(name))
    }

    /// The engine's own log.
    pub fn engine_log(&self) -> PathBuf {
        self.logs().join("engine.log")
    }

    /// Signed checkpoints of the audit log.
    pub fn checkpoints(&self) -> PathBuf {
        self.state.join("checkpoints")
    }

    /// Held by the engine that lives, so that a second one is refused.
    pub fn lock(&self) -> PathBuf {
        self.state.join("engine.lock")
    }

    /// The head of the audit chain, kept outside the database.
    pub fn chain_head(&self) -> PathBuf {
        self.state.join("chain-head")
    }

    /// Backups of the database, unless the configuration names another place.
    pub fn backups(&self) -> PathBuf {
        self.state.join("backups")
    }

    /// Space that is kept back for a full disk.
    pub fn reserve(&self) -> PathBuf {
        self.state.join("reserve")
    }

    /// The epoch, kept outside the database so that a restored one is noticed.
    pub fn epoch(&self) -> PathBuf {
        self.state.join("epoch")
    }
}

/// A usual place. Those that XDG names count only where they are absolute, so what is not comes from the home directory.
fn at_home(path: Option<&Path>) -> Result<PathBuf, PathsError> {
    let path = path.ok_or(PathsError::NoHome)?;
    if path.is_absolute() {
        return Ok(path.to_path_buf());
    }
    let home = std::env::var_os("HOME").unwrap_or_default();
    Err(PathsError::Relative { variable: "HOME", value: home.to_string_lossy().into_owned() })
}

fn overridden(variable: &'static str, value: Option<std::ffi::OsString>) -> Result<Option<PathBuf>, PathsError> {
    // An empty variable means unset, as the XDG rules have it.
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    let path = PathBuf::from(&value);
    if !path.is_absolute() {
        return Err(PathsError::Relative { variable, value: value.to_string_lossy().into_owned() });
    }
    Ok(Some(path))
}

/// The configuration of the system's engine may be its administrator's, as long as nobody else can write it.
fn kept_by_root(path: &Path) -> Result<(), PathsError> {
    let unusable = |reason: String| PathsError::Unusable { path: path.display().to_string(), reason };
    let seen = std::fs::metadata(path).map_err(|error| unusable(error.to_string()))?;
    let own = rustix::process::geteuid().as_raw();
    if ![0, own].contains(&seen.uid()) || seen.mode() & 0o022 != 0 {
        return Err(unusable(
            "it must belong to root or to the engine's user, and nobody else may write there: `chmod go-w`".to_owned(),
        ));
    }
    Ok(())
}

fn private_directory(path: &Path) -> Result<(), PathsError> {
    let unusable = |reason: String| PathsError::Unusable { path: path.display().to_string(), reason };
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(unusable("something that is no directory is in the way: move it".to_owned()));
        }
        Err(error) => return Err(unusable(format!("it cannot be made: {error}"))),
    }
    let seen = std::fs::metadata(path).map_err(|error| unusable(error.to_string()))?;
    let own = rustix::process::geteuid().as_raw();
    if seen.uid() != own {
        return Err(unusable(format!(
            "it belongs to user {}, and this is user {own}: choose another directory or change its owner",
            seen.uid()
        )));
    }
    if seen.mode() & 0o777 != 0o700 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
            .map_err(|error| unusable(format!("it cannot be closed to other users: {error}")))?;
    }
    Ok(())
}
