//! Keeps a second engine out. The kernel drops the lock when its holder ends, however it ends.
//!
//! What is locked is the directory itself, since a file in it could be removed and made anew under a living engine. The lock
//! file is locked as well: it tells people who holds the place.

use super::OpenError;
use super::files;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs::{File, TryLockError};
use std::io::{Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a lock is waited for whose holder has ended. A program that the holder was starting at its end has a copy of the
/// descriptors until it has come to its own code, which on a busy machine takes a moment.
const REMNANT: Duration = Duration::from_secs(5);
/// How often it is tried meanwhile.
const AGAIN: Duration = Duration::from_millis(20);

/// The held lock; dropped with the store.
#[derive(Debug)]
pub(super) struct EngineLock {
    directory: File,
    file: File,
}

impl EngineLock {
    /// Takes the lock at `path` and writes this process's id into it, or says who holds it.
    ///
    /// Where who held it has ended, for up to five seconds it is tried again.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let end = Instant::now() + REMNANT;
        loop {
            match Self::try_take(path) {
                Err(OpenError::Locked { pid: Some(pid), .. }) if !lives(pid) && Instant::now() < end => {
                    std::thread::sleep(AGAIN);
                }
                done => return done,
            }
        }
    }

    fn try_take(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        let lock = |file: &File| match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { lock: path.to_owned(), pid: holder(path) }),
            Err(TryLockError::Error(source)) => Err(io(source)),
        };
        let directory = File::open(files::directory_of(path)).map_err(io)?;
        lock(&directory)?;
        let mut file = files::private_file(path).map_err(io)?;
        lock(&file)?;
        file.set_len(0).map_err(io)?;
        file.rewind().map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { directory, file })
    }
}

impl Drop for EngineLock {
    fn drop(&mut self) {
        // Said aloud, since a program that another thread starts just now holds copies of the descriptors until it has come
        // to its own code. Where it fails the locks go with the last copy.
        drop(self.file.unlock());
        drop(self.directory.unlock());
    }
}

/// Whether a process of this number is there and has not ended. What cannot be looked at lives.
fn lives(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => {
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&now)) != Ok(1)
        }
        Err(error) => error != rustix::io::Errno::SRCH,
    }
}

/// The process id in the lock file; for people only, since it may be outdated.
pub(crate) fn holder(path: &Path) -> Option<u32> {
    let bytes = files::read_small(path).ok().flatten()?;
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_copy_of_the_descriptors_keeps_no_next_engine_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.lock");
        let lock = EngineLock::take(&path).unwrap();
        let copies = (lock.directory.try_clone().unwrap(), lock.file.try_clone().unwrap());
        assert!(matches!(EngineLock::take(&path), Err(OpenError::Locked { pid: Some(_), .. })));
        drop(lock);
        EngineLock::take(&path).unwrap();
        drop(copies);
    }

    #[test]
    fn what_a_killed_holder_was_starting_is_waited_for_and_a_living_holder_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.lock");
        let lock = EngineLock::take(&path).unwrap();
        assert!(lives(std::process::id()));
        let begin = Instant::now();
        assert!(matches!(EngineLock::take(&path), Err(OpenError::Locked { .. })));
        assert!(begin.elapsed() < REMNANT, "a living holder is not waited for");
        // As after a kill: its number is nobody's, and a copy of its locks goes only later. One that nobody has taken note of is a
        // process that has ended, too.
        let mut holder = std::process::Command::new("true").spawn().unwrap();
        let process = pidfd_open(Pid::from_child(&holder), PidfdFlags::empty()).unwrap();
        poll(&mut [PollFd::new(&process, PollFlags::IN)], None).unwrap();
        std::fs::write(&path, format!("{}\n", holder.id())).unwrap();
        assert!(!lives(holder.id()));
        let next = std::thread::spawn({
            let path = path.clone();
            move || EngineLock::take(&path)
        });
        while !next.is_finished() && begin.elapsed() < AGAIN * 10 {
            std::thread::yield_now();
        }
        assert!(!next.is_finished());
        drop(lock);
        drop(next.join().unwrap().unwrap());
        holder.wait().unwrap();
    }
}
