//! The copy of this executable that containers start as their first process.
//!
//! Copies are addressed by content: an upgrade of the engine leaves the copy of older containers alone, and a copy that is
//! there is complete, since it is made beside its place and renamed into it. A static executable needs nothing else. One
//! that was linked dynamically (say with a RUSTFLAGS variable that undid the project's own flags) gets its loader and its
//! libraries beside it, so that it starts in any image too.

use super::elf;
use crate::sandbox::SandboxError;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::sync::OnceCell;

/// Where the running executable is found.
const SELF: &str = "/proc/self/exe";
/// Where the copy's directory is mounted inside.
pub(super) const INSIDE: &str = "/dogwatch/bin";
/// The program inside that directory.
pub(super) const PROGRAM: &str = "dogwatch";

/// Starts the name of a copy that is not complete yet.
const FRESH: &str = ".new-";

/// How an executable is linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linkage {
    /// It needs nothing but the kernel.
    Static,
    /// It needs this loader, which brings shared libraries.
    Dynamic {
        /// The loader's path, as the file names it.
        loader: String,
    },
}

/// How the executable at `path` is linked. The error says what about the file was not understood.
pub fn linkage(path: &Path) -> io::Result<Linkage> {
    Ok(elf::interpreter(path)?.map_or(Linkage::Static, |loader| Linkage::Dynamic { loader }))
}

/// A copy that is ready to be mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copy {
    /// The host directory that is mounted at `/dogwatch/bin`.
    pub(super) dir: PathBuf,
    /// How the shim is started inside.
    pub(super) command: Vec<String>,
}

impl Copy {
    /// Whether the copy is started by a loader, which obeys the container's environment.
    pub(super) fn is_dynamic(&self) -> bool {
        self.command.len() > 1
    }
}

/// Whether an image's environment leaves a loader alone. What the loader is told there would work inside the shim.
pub(super) fn check_environment(variables: &[String]) -> Result<(), String> {
    let name = |variable: &str| variable.split_once('=').map_or(variable, |(name, _)| name).to_owned();
    let obeyed = |name: &String| name.starts_with("LD_") || name == "GLIBC_TUNABLES";
    match variables.iter().map(|variable| name(variable)).find(obeyed) {
        Some(name) => Err(format!(
            "it sets {name}, which would reach into dogwatch's own program, since that is linked dynamically; build \
             dogwatch static (see `dogwatch doctor`), or take another image"
        )),
        None => Ok(()),
    }
}

/// Makes or finds the copy of `executable` below `copies`.
pub(super) fn stage(executable: &Path, copies: &Path) -> Result<Copy, SandboxError> {
    place(executable, copies).map_err(|error| {
        let place = copies.display();
        if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return SandboxError::DiskFull(format!(
                "containers need a copy of the executable below {place}: {error}; free some space"
            ));
        }
        SandboxError::Local(format!("cannot put a copy of the executable below {place}: {error}"))
    })
}

/// A copy that is made as soon as there is space for it. An engine on a full disk has to start, too: what is there can be
/// looked at, and containers that live have the copy that they were begun with.
#[derive(Debug)]
pub(super) struct Staged {
    executable: PathBuf,
    copies: PathBuf,
    copy: OnceCell<Copy>,
}

impl Staged {
    /// A copy of `executable`, or of the running one. Only a full disk is no error.
    pub(super) async fn prepare(executable: Option<PathBuf>, copies: PathBuf) -> Result<Self, SandboxError> {
        let executable = executable.unwrap_or_else(|| PathBuf::from(SELF));
        let staged = Self { executable, copies, copy: OnceCell::new() };
        match staged.get().await {
            Err(SandboxError::DiskFull(reason)) => tracing::warn!("no container can be made yet: {reason}"),
            other => drop(other?),
        }
        Ok(staged)
    }

    /// The copy.
    pub(super) async fn get(&self) -> Result<&Copy, SandboxError> {
        let staged = || async {
            let (executable, copies) = (self.executable.clone(), self.copies.clone());
            let staging = tokio::task::spawn_blocking(move || stage(&executable, &copies));
            staging.await.map_err(|error| SandboxError::Local(format!("cannot copy the executable: {error}")))?
        };
        self.copy.get_or_try_init(staged).await
    }

    /// A file to try a sandbox with: the copy, or where there is none yet what it will be made of.
    pub(super) async fn program(&self) -> Result<PathBuf, SandboxError> {
        match self.get().await {
            Ok(copy) => Ok(copy.dir.join(PROGRAM)),
            Err(SandboxError::DiskFull(_)) => fs::canonicalize(&self.executable).map_err(|error| {
                SandboxError::Local(format!("{}: {error}; install dogwatch anew", self.executable.display()))
            }),
            Err(error) => Err(error),
        }
    }
}

/// Other copies beside `own` and their bytes, if `unused` says that no container can need one; removes them unless `dry`.
/// Containers that are made meanwhile start from `own`.
pub(super) async fn old(own: &Staged, unused: bool, dry: bool) -> Result<Vec<(String, u64)>, SandboxError> {
    let own = match own.get().await {
        Ok(copy) => copy.dir.clone(),
        // While its own is not there yet, nobody can tell it from one that is just being made.
        Err(SandboxError::DiskFull(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let found = tokio::task::spawn_blocking(move || if unused { others(&own, dry) } else { Ok(Vec::new()) });
    let found = found.await.map_err(|error| SandboxError::Local(format!("cannot look for old programs: {error}")))?;
    found.map_err(|error| SandboxError::Local(format!("copies of programs of older engines: {error}")))
}

fn others(own: &Path, dry: bool) -> io::Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(own.parent().unwrap_or(own))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Half made ones are of engines that died at their start: this one has its own by now, and the directory to itself.
        let is_copy =
            name.starts_with(FRESH) || (name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if entry.path() == own || !is_copy {
            continue;
        }
        let bytes = crate::workspace::size(&entry.path()).map_err(io::Error::other)?;
        if !dry {
            crate::workspace::remove_tree(&entry.path()).map_err(io::Error::other)?;
        }
        found.push((name, bytes));
    }
    Ok(found)
}

fn place(executable: &Path, copies: &Path) -> io::Result<Copy> {
    let kind = linkage(executable)?;
    let dir = copies.join(digest(executable)?);
    if !dir.is_dir() {
        fs::create_dir_all(copies)?;
        is_room(executable, copies)?;
        let fresh = tempdir(copies)?;
        let made = fill(executable, &fresh, &kind).and_then(|()| fs::rename(&fresh, &dir));
        if let Err(error) = made {
            // What was half made is of no use to anybody; the first error is the one to tell.
            drop(fs::set_permissions(&fresh, Permissions::from_mode(0o700)));
            drop(fs::remove_dir_all(&fresh));
            // Somebody else may have been quicker, and then their copy serves.
            if !dir.is_dir() {
                return Err(error);
            }
        }
    }
    Ok(Copy { dir, command: command(&kind) })
}

/// Begins no copy that the disk has no room for: until it failed, nobody else could write.
fn is_room(executable: &Path, copies: &Path) -> io::Result<()> {
    let seen = rustix::fs::statvfs(copies)?;
    let size = fs::metadata(executable)?.len();
    // What a file system without blocks of its own says of free ones means nothing.
    if seen.f_blocks > 0 && seen.f_bavail.saturating_mul(seen.f_frsize) < size {
        let words = format!("it takes {} MiB, and fewer are free", size.div_ceil(1 << 20));
        return Err(io::Error::new(io::ErrorKind::StorageFull, words));
    }
    Ok(())
}

/// The start of the command line inside, up to the program itself.
fn command(kind: &Linkage) -> Vec<String> {
    let program = format!("{INSIDE}/{PROGRAM}");
    match kind {
        Linkage::Static => vec![program],
        Linkage::Dynamic { .. } => {
            vec![format!("{INSIDE}/ld.so"), "--library-path".to_owned(), format!("{INSIDE}/lib"), program]
        }
    }
}

fn fill(executable: &Path, dir: &Path, kind: &Linkage) -> io::Result<()> {
    put(executable, &dir.join(PROGRAM), 0o755)?;
    if let Linkage::Dynamic { loader } = kind {
        put(Path::new(loader), &dir.join("ld.so"), 0o755)?;
        let libraries = dir.join("lib");
        fs::create_dir(&libraries)?;
        for library in libraries_of(loader, executable)? {
            let name = library.file_name().ok_or_else(|| io::Error::other("a library without a name"))?;
            put(&library, &libraries.join(name), 0o644)?;
        }
    }
    fs::set_permissions(dir, Permissions::from_mode(0o555))?;
    File::open(dir)?.sync_all()
}

fn put(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    fs::copy(from, to)?;
    fs::set_permissions(to, Permissions::from_mode(mode))?;
    File::open(to)?.sync_all()
}

/// The shared libraries that the loader would bring, by its own account.
fn libraries_of(loader: &str, executable: &Path) -> io::Result<Vec<PathBuf>> {
    // A path such as /proc/self/exe would mean the loader itself once it runs.
    let executable = fs::canonicalize(executable)?;
    let output = Command::new(loader).arg("--list").arg(&executable).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!(
            "the executable is linked dynamically and its loader {loader} does not list its libraries; build it static: \
             unset RUSTFLAGS and run `cargo build --release --locked` in its source tree"
        )));
    }
    Ok(listed(&String::from_utf8_lossy(&output.stdout)))
}

/// Reads lines such as `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f...)`.
fn listed(text: &str) -> Vec<PathBuf> {
    let target = |line: &str| {
        let (_, rest) = line.split_once("=> ")?;
        let path = rest.rsplit_once(" (0x").map_or(rest, |(path, _)| path).trim();
        path.starts_with('/').then(|| PathBuf::from(path))
    };
    text.lines().filter_map(target).collect()
}

fn tempdir(parent: &Path) -> io::Result<PathBuf> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let dir = parent.join(format!("{FRESH}{}", hexadecimal(&random)));
    fs::create_dir(&dir)?;
    Ok(dir)
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hexadecimal(&hasher.finalize()));
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

/// Lower-case hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
    use super::*;

    #[test]
    fn this_project_builds_static_executables() {
        let own = std::env::current_exe().unwrap();
        assert_eq!(linkage(&own).unwrap(), Linkage::Static);
    }

    #[test]
    fn copies_of_other_builds_go_when_no_container_needs_them() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let staged = runtime.block_on(Staged::prepare(None, dir.path().to_owned())).unwrap();
        let own = runtime.block_on(staged.get()).unwrap();
        for name in ["a".repeat(64), ".new-1".to_owned(), "mine".to_owned()] {
            fs::create_dir(dir.path().join(&name)).unwrap();
            fs::write(dir.path().join(name).join(PROGRAM), "12345").unwrap();
        }
        let names = || fs::read_dir(dir.path()).unwrap().count();
        runtime.block_on(async {
            assert_eq!(old(&staged, false, false).await.unwrap(), []);
            let seen = old(&staged, true, true).await.unwrap();
            assert_eq!((seen.len(), names()), (2, 4));
            assert_eq!(old(&staged, true, false).await.unwrap(), seen);
        });
        assert!(own.dir.join(PROGRAM).exists() && dir.path().join("mine").exists() && names() == 2);
    }

    #[test]
    fn a_copy_is_made_once_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let own = std::env::current_exe().unwrap();
        let first = stage(&own, dir.path()).unwrap();
        let second = stage(&own, dir.path()).unwrap();
        assert_eq!(first, second);
        assert_eq!(first.command, ["/dogwatch/bin/dogwatch"]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let program = first.dir.join("dogwatch");
        assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o7777, 0o755);
        assert_eq!(digest(&program).unwrap(), digest(&own).unwrap());
        fs::set_permissions(&first.dir, Permissions::from_mode(0o755)).unwrap();
    }

    #[tokio::test]
    async fn a_copy_that_had_no_room_is_made_when_there_is_some() {
        let dir = tempfile::tempdir().unwrap();
        let mount = |options: &str| {
            let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(dir.path()).output();
            done.unwrap().status.success()
        };
        if !mount("size=1m") {
            eprintln!("skipped: no file system can be mounted");
            return;
        }
        let staged = Staged::prepare(None, dir.path().join("exe")).await.unwrap();
        let error = staged.get().await.unwrap_err();
        assert!(matches!(&error, SandboxError::DiskFull(words) if words.contains("free some space")), "{error}");
        assert_eq!(staged.program().await.unwrap(), std::env::current_exe().unwrap());
        assert!(mount("remount,size=1g"));
        assert_eq!(staged.program().await.unwrap(), staged.get().await.unwrap().dir.join(PROGRAM));
        assert!(Command::new("umount").arg(dir.path()).status().unwrap().success());
    }

    #[test]
    fn a_dynamic_program_brings_its_loader_and_libraries() {
        let shell = fs::canonicalize("/bin/sh").unwrap();
        if !matches!(linkage(&shell), Ok(Linkage::Dynamic { .. })) {
            eprintln!("skipped: /bin/sh is not a dynamic executable here");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let copy = stage(&shell, dir.path()).unwrap();
        assert_eq!(copy.command[0], "/dogwatch/bin/ld.so");
        // The copy runs through its own loader and its own libraries alone.
        let output = Command::new(copy.dir.join("ld.so"))
            .arg("--library-path")
            .arg(copy.dir.join("lib"))
            .arg(copy.dir.join("dogwatch"))
            .args(["-c", "echo well"])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "well\n");
        fs::set_permissions(&copy.dir, Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn an_image_must_not_tell_the_loader_anything() {
        assert!(check_environment(&["PATH=/bin".into(), "OLD_X=1".into(), "EMPTY".into()]).is_ok());
        for bad in ["LD_PRELOAD=/x.so", "LD_AUDIT=", "GLIBC_TUNABLES=a=b", "LD_LIBRARY_PATH"] {
            assert!(check_environment(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_loaders_list_is_read() {
        let text = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/libc.so.6 (0x00007f)\n\t/lib64/ld.so (0x1)\n";
        assert_eq!(listed(text), [PathBuf::from("/lib/libc.so.6")]);
    }

    #[test]
    fn what_is_no_executable_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("script");
        fs::write(&script, "#!/bin/sh\nexit 0\n").unwrap();
        let error = stage(&script, dir.path()).unwrap_err();
        assert!(error.to_string().contains("cannot put a copy"), "{error}");
    }
}
