//! A tree on a file system of its own, so that it cannot grow beyond a size: a sparse image file beside it, with ext4 in it,
//! mounted in the tree's place. Only where the engine may mount; elsewhere a tree is an ordinary directory.
//!
//! Everything may be repeated after a crash at any point: making begins by taking away what there is, and who needs the tree
//! of a step that was begun mounts the image again where the machine was started anew.

mod mounts;

use super::error::WorkspaceError;
use super::remove::remove_tree;
use super::shown;
use rustix::fs::{StatVfsMountFlags, statvfs};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

const MIB: u64 = 1 << 20;
/// Room for the file system's own records beside what a tree may take: so much and a sixteenth.
const OWN_MIB: u64 = 16;
/// Where programs are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What is mounted neither gives rights nor makes devices. Barriers would push every write to the disk at once, and a tree
/// means nothing after a loss of power: its step is gone then.
const OPTIONS: &str = "loop,nosuid,nodev,noatime,nobarrier,noinit_itable,errors=remount-ro";

/// Held while anything is mounted or taken away: what was asked for by somebody who does not wait for it any more may still be
/// under way.
static CHANGING: Mutex<()> = Mutex::new(());

/// Whether trees can have file systems of their own here; tried once. The error says what is in the way.
pub fn possible() -> Result<(), &'static str> {
    static TRIED: OnceLock<Result<(), String>> = OnceLock::new();
    TRIED.get_or_init(attempt).as_ref().copied().map_err(String::as_str)
}

fn attempt() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("only root may mount".to_owned());
    }
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    let home = std::env::temp_dir().join(format!("dogwatch-volume-{}", crate::audit::hex(&random)));
    fs::create_dir(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    let (image, place) = (home.join("image"), home.join("place"));
    let attempt = || -> io::Result<()> {
        fs::create_dir(&place)?;
        format(&image, OWN_MIB)?;
        // In a mount namespace that ends with the program, so that nothing stays mounted if this process dies over it.
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--", "mount", "-t", "ext4", "-o", OPTIONS]);
        run(command.arg(&image).arg(&place))
    };
    let tried = attempt();
    // What cannot be taken away now stays behind empty; the first reason is the one to tell.
    let removed = fs::remove_dir_all(&home);
    tried.map_err(|error| error.to_string())?;
    removed.map_err(|error| format!("{}: {error}", home.display()))
}

/// Puts an empty file system for so many MiB in the place of a tree, whatever is there now. Its parent must be there.
pub fn make(tree: &Path, mib: u64) -> Result<(), WorkspaceError> {
    let changing = changing();
    release_held(tree, &changing)?;
    remove_tree(tree)?;
    let image = image_of(tree);
    let failed = |error| WorkspaceError::io(shown(image.as_os_str().as_bytes()), error);
    format(&image, mib + mib / 16 + OWN_MIB).map_err(failed)?;
    fs::create_dir(tree).map_err(failed)?;
    mount(&image, tree).map_err(failed)?;
    // It is for what a check of the file system finds, and would stand in the tree.
    fs::remove_dir(tree.join("lost+found")).map_err(failed)
}

/// Whether a tree is a file system of its own.
pub fn is_own(tree: &Path) -> io::Result<bool> {
    Ok(fs::exists(image_of(tree))? && mounts::at(tree)?)
}

/// Mounts the image of a tree again, where there is one that is not mounted.
pub fn hold(tree: &Path) -> Result<(), WorkspaceError> {
    let image = image_of(tree);
    let _changing = changing();
    let hold = || -> io::Result<()> {
        if !fs::exists(&image)? || mounts::at(tree)? {
            return Ok(());
        }
        mount(&image, tree)
    };
    hold().map_err(|error| WorkspaceError::io(shown(tree.as_os_str().as_bytes()), error))
}

/// Whether all that was written to a tree with a file system of its own is in its image. It is not where the disk that the
/// image lies on was full: the program was told that its writes had succeeded. An ordinary tree is always whole.
pub fn is_whole(tree: &Path) -> io::Result<bool> {
    if !is_own(tree)? {
        return Ok(true);
    }
    if statvfs(tree)?.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Ok(false);
    }
    match rustix::fs::syncfs(File::open(tree)?) {
        Ok(()) => Ok(true),
        Err(error) => {
            tracing::warn!(%error, tree = %tree.display(), "a tree was not saved whole");
            Ok(false)
        }
    }
}

/// Whether a tree with a file system of its own takes more than so many bytes, or has no room left.
pub fn takes_more(tree: &Path, most: u64) -> io::Result<bool> {
    let seen = statvfs(tree)?;
    let taken = seen.f_blocks.saturating_sub(seen.f_bfree).saturating_mul(seen.f_frsize);
    Ok(taken > most || seen.f_bavail == 0 || seen.f_favail == 0)
}

/// Unmounts every such file system at a path or beneath it, and takes away the image that belongs to the path. What else is
/// there stays.
pub fn release(path: &Path) -> Result<(), WorkspaceError> {
    release_held(path, &changing())
}

fn release_held(path: &Path, _changing: &MutexGuard<'_, ()>) -> Result<(), WorkspaceError> {
    let image = image_of(path);
    let release = || -> io::Result<()> {
        mounts::release(path)?;
        match fs::remove_file(&image) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    };
    release().map_err(|error| WorkspaceError::io(shown(path.as_os_str().as_bytes()), error))
}

/// Unmounts every such file system beneath a directory, not one that is mounted there.
pub fn release_beneath(dir: &Path) -> Result<(), WorkspaceError> {
    let failed = |error| WorkspaceError::io(shown(dir.as_os_str().as_bytes()), error);
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    let _changing = changing();
    for entry in entries {
        mounts::release(&entry.map_err(failed)?.path()).map_err(failed)?;
    }
    Ok(())
}

fn changing() -> MutexGuard<'static, ()> {
    // What is mounted is asked of the kernel each time, so a panic leaves nothing half known.
    CHANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The image that a tree lies in.
fn image_of(tree: &Path) -> PathBuf {
    let mut name = tree.as_os_str().to_owned();
    name.push(".img");
    name.into()
}

/// Makes a sparse image with an empty file system in it.
fn format(image: &Path, mib: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(image)?;
    file.set_len(mib.saturating_mul(MIB))?;
    drop(file);
    let plain = ["-q", "-F", "-t", "ext4", "-m", "0", "-i", "8192"];
    let lazy = ["-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard"];
    run(Command::new("mke2fs").args(plain).args(lazy).arg(image))
}

fn mount(image: &Path, tree: &Path) -> io::Result<()> {
    run(Command::new("mount").args(["-t", "ext4", "-o", OPTIONS]).arg(image).arg(tree))
}

/// Runs a program to its end; the error quotes what it said.
fn run(command: &mut Command) -> io::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.env_clear().env("PATH", PATH).stdin(Stdio::null()).output();
    let output = output.map_err(|error| io::Error::new(error.kind(), format!("{name} cannot be started: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(500).collect();
    Err(io::Error::other(format!("{name} failed: {said}")))
}

#[cfg(test)]
mod tests;
