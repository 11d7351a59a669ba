//! The program under the shim: started in a process group of its own, signalled, and waited for together with all orphans.

use super::spec::ShimSpec;
use rustix::event::{EventfdFlags, eventfd};
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process_group, wait};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::wire::How;

/// How long killed processes are waited for.
const CLEARING: Duration = Duration::from_secs(2);

/// A started program.
pub(crate) struct Program {
    group: Pid,
    ended: Option<How>,
    /// Its standard output and standard error.
    pub pipes: Option<(OwnedFd, OwnedFd)>,
    /// The way to its standard input, where that stays open.
    pub input: Option<OwnedFd>,
    /// Readable once its pipes are given up.
    pub given_up: OwnedFd,
}

/// Why a program did not start, with the exit code that shells use for it.
pub(crate) struct NotStarted {
    pub reason: String,
    pub code: i32,
}

impl Program {
    /// Starts it; with `open` its standard input is a pipe, otherwise the file that the spec names.
    pub fn start(spec: &ShimSpec, step: &Path, open: bool) -> Result<Self, NotStarted> {
        let failed = |what: String, error: &io::Error| NotStarted {
            reason: format!("{what}: {error}"),
            code: if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 },
        };
        let Some((name, arguments)) = spec.argv.split_first() else {
            return Err(NotStarted { reason: "the spec names no program".to_owned(), code: 126 });
        };
        std::fs::read_dir(&spec.cwd).map_err(|error| failed(format!("working directory {}", spec.cwd), &error))?;
        let stdin = match &spec.stdin {
            _ if open => Stdio::piped(),
            Some(name) => File::open(step.join(name))
                .map_err(|error| failed("the file for standard input".to_owned(), &error))?
                .into(),
            None => Stdio::null(),
        };
        let given_up = eventfd(0, EventfdFlags::CLOEXEC)
            .map_err(|error| failed("an event descriptor".to_owned(), &error.into()))?;
        let mut child = Command::new(name)
            .args(arguments)
            .envs(&spec.env)
            .current_dir(&spec.cwd)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| failed(format!("cannot start {name:?}"), &error))?;
        let input = child.stdin.take().map(Into::into);
        let pipes = child.stdout.take().zip(child.stderr.take()).map(|(out, err)| (out.into(), err.into()));
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let group =
            group.ok_or_else(|| NotStarted { reason: "the program has no process id".to_owned(), code: 126 })?;
        Ok(Self { group, ended: None, pipes, input, given_up })
    }

    /// Takes the status of every process that ended, orphans too, and says how the program ended once it has.
    pub fn reap(&mut self) -> Option<&How> {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid != self.group {
                continue;
            }
            if let Some(code) = status.exit_status() {
                self.ended = Some(How::Exited { code });
            } else if let Some(signal) = status.terminating_signal() {
                self.ended = Some(How::Signalled { signal });
            }
        }
        self.ended.as_ref()
    }

    /// Sends the program's process group a signal; unknown numbers are passed over.
    pub fn signal(&self, number: i32) {
        if let Some(signal) = Signal::from_named_raw(number) {
            // The group may be gone already, which is as good.
            let _ = kill_process_group(self.group, signal);
        }
    }

    /// Ends everything that can be reached: as the first process of its namespace, all others in it; else the group.
    pub fn kill(&self) {
        if getpid() == Pid::INIT {
            // `kill(-1)`: everyone but the caller.
            let _ = kill_process_group(Pid::INIT, Signal::KILL);
        }
        // Whoever is gone already is gone.
        let _ = kill_process_group(self.group, Signal::KILL);
    }

    /// After the program's end: ends what it left behind and waits until that is gone, so that nobody changes any more what
    /// is kept, committed or judged.
    pub fn clear(&mut self) {
        let begun = Instant::now();
        loop {
            self.kill();
            loop {
                match wait(WaitOptions::NOHANG) {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    // There are no processes any more.
                    Err(_) => return,
                }
            }
            // Only the first process of a namespace reaches all others; and one that hangs in the kernel is not waited for.
            if getpid() != Pid::INIT || begun.elapsed() >= CLEARING {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Lets go of the pipes as soon as they hold nothing.
    pub fn give_up_pipes(&self) {
        // The counter cannot overflow from one addition a tick.
        let _ = rustix::io::write(&self.given_up, &1_u64.to_ne_bytes());
    }
}
