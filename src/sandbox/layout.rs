//! What of the host a step's container sees, and under which path.
//!
//! | inside | on the host | |
//! | --- | --- | --- |
//! | `/dogwatch/bin` | copy of the executable | read-only |
//! | `/dogwatch/step` | `step/` in the step's directory: the shim's orders, standard input, the engine's socket | read-only |
//! | `/dogwatch/spool` | `spool/` in the step's directory | the shim writes what the engine has not taken yet |
//! | `/dogwatch/gateway` | the run's gateway directory, with its socket | read-only, for steps that reach anything |
//! | `/dogwatch/session` | `session/` in the step's directory | what an agent that has one keeps of its conversation |
//! | `/work` | the step's tree | not in the provision profile |
//! | `/datasets/NAME` | a data set that the project names | read-only |
//!
//! In the provision profile nothing is mounted at `/work`; the tree is copied there instead (`upload.rs`).
//!
//! The step's directory itself is closed to other users of the host, so what is in it may be open to the user inside,
//! who may differ from the engine's.

use crate::domain::DATASETS_INSIDE;
use crate::sandbox::{Profile, SandboxError, StepSpec};
use crate::shim::{KeepMode, OPEN_FILE, SPEC_FILE, ShimSpec};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// The step's own things inside.
pub(super) const STEP_INSIDE: &str = "/dogwatch/step";
/// The spool inside.
pub(super) const SPOOL_INSIDE: &str = "/dogwatch/spool";
/// The tree inside.
pub(super) const WORK_INSIDE: &str = "/work";
/// The gateway's directory inside.
const GATEWAY_INSIDE: &str = "/dogwatch/gateway";
/// Where an agent that needs a model keeps its session.
pub const SESSION_INSIDE: &str = "/dogwatch/session";
/// The file with the program's standard input.
const STDIN: &str = "stdin";

/// Host directory of the shim's orders.
pub(super) fn step_dir(spec: &StepSpec) -> PathBuf {
    spec.dir.join("step")
}

/// Host directory of the spool.
pub(super) fn spool_dir(spec: &StepSpec) -> PathBuf {
    spec.dir.join("spool")
}

/// Host directory of the session of an agent in a step.
pub fn session_dir(step: &Path) -> PathBuf {
    step.join("session")
}

/// Makes the directories and gives the mounts.
pub(super) fn prepare(spec: &StepSpec, user: (u32, u32)) -> Result<Vec<(String, String, bool)>, SandboxError> {
    let (step, spool) = (step_dir(spec), spool_dir(spec));
    make(&spec.dir, 0o700).map_err(|error| local(&spec.dir, &error))?;
    make(&step, 0o755).map_err(|error| local(&step, &error))?;
    make_spool(&spool, spec.profile, user).map_err(|error| local(&spool, &error))?;
    if spec.has_session() {
        let session = session_dir(&spec.dir);
        make_spool(&session, spec.profile, user).map_err(|error| local(&session, &error))?;
    }
    mounts(spec)
}

/// The mounts: host path, path inside, read-only.
pub(super) fn mounts(spec: &StepSpec) -> Result<Vec<(String, String, bool)>, SandboxError> {
    let (step, spool) = (step_dir(spec), spool_dir(spec));
    let mut mounts =
        vec![(text(&step)?, STEP_INSIDE.to_owned(), true), (text(&spool)?, SPOOL_INSIDE.to_owned(), false)];
    if let Some(gateway) = &spec.gateway {
        mounts.push((text(gateway)?, GATEWAY_INSIDE.to_owned(), true));
    }
    if spec.has_session() {
        mounts.push((text(&session_dir(&spec.dir))?, SESSION_INSIDE.to_owned(), false));
    }
    if let Some(tree) = &spec.tree {
        let is_dir = fs::symlink_metadata(tree).map_err(|error| local(tree, &error))?.is_dir();
        if !is_dir {
            return Err(SandboxError::Local(format!("{} is not a directory; the step needs its tree", tree.display())));
        }
        if spec.profile != Profile::Provision {
            mounts.push((text(tree)?, WORK_INSIDE.to_owned(), false));
        }
    }
    for (name, from) in &spec.data {
        mounts.push((text(from)?, format!("{DATASETS_INSIDE}/{name}"), true));
    }
    Ok(mounts)
}

/// The user inside owns the spool, and an agent's session, where the engine may give it away; elsewhere the closed directory above protects it.
fn make_spool(spool: &Path, profile: Profile, user: (u32, u32)) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        let own = rustix::process::geteuid().as_raw() == user.0 && profile != Profile::Provision;
        return make(spool, if own { 0o700 } else { 0o777 });
    }
    make(spool, 0o700)?;
    let (uid, gid) = if profile == Profile::Provision { (0, 0) } else { user };
    chown(spool, Some(uid), Some(gid))
}

/// The files of the step's directory: the shim's orders, which come last, and what goes before them.
pub(super) fn orders(spec: &StepSpec) -> Result<Vec<(&'static str, Vec<u8>)>, SandboxError> {
    let orders = ShimSpec {
        argv: spec.argv.clone(),
        env: spec.env.clone(),
        cwd: spec.cwd.clone(),
        stdin: (!spec.stdin.is_empty()).then(|| STDIN.to_owned()),
        work: WORK_INSIDE.to_owned(),
        keep: spec.keep.clone(),
        keep_mode: if spec.profile == Profile::Provision { KeepMode::Store } else { KeepMode::Link },
        seconds: spec.times.seconds,
        forward: spec.gateway.as_ref().map(|_| crate::gateway::PORT),
    };
    let orders = serde_json::to_vec(&orders).map_err(|error| local(&spec.dir, &error.into()))?;
    let open = spec.open_until.as_ref().map(|word| (OPEN_FILE, word.clone().into_bytes()));
    Ok(open.into_iter().chain([(STDIN, spec.stdin.clone()), (SPEC_FILE, orders)]).collect())
}

/// Writes the shim's orders and the program's standard input.
pub(super) fn write(spec: &StepSpec) -> Result<(), SandboxError> {
    let dir = step_dir(spec);
    let written = orders(spec)?.iter().try_for_each(|(name, bytes)| put(&dir, name, bytes));
    written.map_err(|error| local(&dir, &error))
}

fn make(dir: &Path, mode: u32) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    fs::set_permissions(dir, Permissions::from_mode(mode))
}

/// Writes a file of the step's directory in one go, readable inside.
fn put(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let fresh = dir.join(format!(".{name}.new"));
    fs::write(&fresh, bytes)?;
    fs::set_permissions(&fresh, Permissions::from_mode(0o644))?;
    fs::rename(fresh, dir.join(name))
}

fn text(path: &Path) -> Result<String, SandboxError> {
    let absolute = path.is_absolute();
    path.to_str().filter(|_| absolute).map(str::to_owned).ok_or_else(|| {
        SandboxError::Local(format!("{} cannot be mounted: it must be an absolute path in UTF-8", path.display()))
    })
}

fn local(path: &Path, error: &io::Error) -> SandboxError {
    if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded {
        return SandboxError::DiskFull(format!("{}: {error}", path.display()));
    }
    SandboxError::Local(format!("cannot prepare {}: {error}", path.display()))
}
