//! The program `bwrap` itself: where it is, whether it can do here what is asked of it, and how it is started.

use super::filter;
use super::root::{self, Roots};
use super::walls::Walls;
use crate::config::HOST_ROOT;
use crate::sandbox::words::{find_program, shorten};
use crate::shim::NO_SECRET;
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// Where programs inside are looked for; the step's own environment comes on top of it.
const PATH_INSIDE: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long a try may take.
const TRY: Duration = Duration::from_secs(20);
/// What to do where there is no bubblewrap.
const INSTALL: &str = "install the package bubblewrap";
/// What to do where it may not do what is needed.
const ALLOW: &str = "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, \
                     kernel.apparmor_restrict_unprivileged_userns=0, user.max_user_namespaces above 0), or run the engine as root; \
                     inside a container neither may help";

/// A bubblewrap that works here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bubblewrap {
    /// The program.
    pub(super) program: PathBuf,
    /// Its version, as it says it.
    pub(super) version: String,
}

/// Filters of system calls as files that a started program finds under the same numbers.
pub(super) struct Filters(Vec<File>);

impl Filters {
    pub(super) fn open() -> Result<Self, String> {
        let programs = filter::programs()?;
        let files = programs.iter().map(|program| {
            // Not closed on exec: that is its purpose. Another program that is started at the same moment may get it too,
            // and can learn from it what this source says anyway.
            let mut file = File::from(memfd_create("filter", MemfdFlags::empty())?);
            file.write_all(program)?;
            file.rewind()?;
            Ok(file)
        });
        let files: std::io::Result<Vec<File>> = files.collect();
        files.map(Self).map_err(|error| format!("the filter of system calls cannot be handed over: {error}"))
    }

    /// Their numbers.
    pub(super) fn numbers(&self) -> Vec<RawFd> {
        self.0.iter().map(AsRawFd::as_raw_fd).collect()
    }
}

/// A command of bubblewrap with an environment that says nothing of the engine's.
pub(super) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    // A group of its own: what a terminal sends to the engine is not meant for it.
    command.env_clear().env("PATH", PATH_INSIDE).current_dir("/").process_group(0).kill_on_drop(false);
    command
}

/// Finds bubblewrap and has it make a container as it will be made for steps, with `executable` as the shim, which must
/// come up and miss its secret. The error says what is in the way and what to do.
pub(super) async fn find(executable: &Path, user: Option<(u32, u32)>) -> Result<Bubblewrap, String> {
    let program = find_program("bwrap").ok_or_else(|| format!("there is no program bwrap; {INSTALL}"))?;
    let version = match said(command(&program).arg("--version")).await? {
        (Some(0), words) => words.trim().trim_start_matches("bubblewrap ").to_owned(),
        (_, words) => return Err(format!("{} does not tell its version: {words}; {INSTALL} anew", program.display())),
    };
    let filters = Filters::open()?;
    let own = tempdir().map_err(|error| format!("no temporary directory can be made: {error}"))?;
    let tried = attempt(&program, executable, user, &filters, &own).await;
    // What is in it was written for the try alone.
    if let Err(error) = std::fs::remove_dir_all(&own) {
        tracing::warn!(dir = %own.display(), %error, "a directory that was made to try could not be removed");
    }
    tried.map(|()| Bubblewrap { program, version })
}

async fn attempt(
    program: &Path,
    executable: &Path,
    user: Option<(u32, u32)>,
    filters: &Filters,
    own: &Path,
) -> Result<(), String> {
    root::write_own(own, (1, 1)).map_err(|error| format!("{}: {error}", own.display()))?;
    let root = Roots::default().entries(HOST_ROOT, own).map_err(|error| error.to_string())?;
    let inside = "/dogwatch/bin/dogwatch";
    let walls = Walls {
        root,
        mounts: vec![(executable.to_owned(), PathBuf::from(inside), true)],
        tmp_mib: 1,
        user,
        filters: filters.numbers(),
        command: vec![inside.to_owned(), "shim".to_owned()],
    };
    match said(command(program).args(walls.arguments())).await? {
        (Some(NO_SECRET), _) => Ok(()),
        (code, words) => {
            let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("code {code}"));
            Err(format!("{} cannot make a container here ({code}: {words}); {ALLOW}", program.display()))
        }
    }
}

/// Runs a command to its end; gives its exit code and what it wrote.
async fn said(command: &mut Command) -> Result<(Option<i32>, String), String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    match timeout(TRY, command.output()).await {
        Ok(Ok(output)) => {
            let words = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
            Ok((output.status.code(), shorten(&String::from_utf8_lossy(words))))
        }
        Ok(Err(error)) => Err(format!("bwrap cannot be started: {error}; {INSTALL} anew")),
        Err(_) => Err(format!("bwrap does not come to an end within {} s", TRY.as_secs())),
    }
}

fn tempdir() -> std::io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| std::io::Error::other("no randomness"))?;
    let dir = std::env::temp_dir().join(format!("dogwatch-{:016x}", u64::from_ne_bytes(random)));
    std::fs::create_dir(&dir)?;
    Ok(dir)
}
