//! Which process is meant, also after a restart of the engine: its number alone may be another's by then. The number, the
//! moment of its start and the boot in which that was name one process for ever.

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::OwnedFd;

/// One process of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Its number, as this engine's namespace has it.
    pid: i32,
    /// When it started, in ticks since the boot.
    start: u64,
    /// The boot's id.
    boot: String,
}

/// What the kernel says of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat {
    /// Its state's letter.
    pub(super) state: char,
    /// Its parent.
    pub(super) parent: i32,
    /// When it started, in ticks since the boot.
    pub(super) start: u64,
}

impl Stat {
    /// Looks at a process; `None` when there is none of that number.
    pub(super) fn of(pid: i32) -> Option<Self> {
        Self::at(&format!("/proc/{pid}/stat"))
    }

    /// Looks at one thread of a process.
    pub(super) fn of_thread(pid: i32, thread: i32) -> Option<Self> {
        Self::at(&format!("/proc/{pid}/task/{thread}/stat"))
    }

    fn at(path: &str) -> Option<Self> {
        // A name need not be UTF-8; what is read here lies behind it.
        Self::parse(&String::from_utf8_lossy(&std::fs::read(path).ok()?))
    }

    /// The name in the middle may hold anything, a bracket too, so it is passed over from the end.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let mut words = rest.split_ascii_whitespace();
        let state = words.next()?.chars().next()?;
        let parent = words.next()?.parse().ok()?;
        let start = words.nth(17)?.parse().ok()?;
        Some(Self { state, parent, start })
    }

    /// Whether it has ended and only waits for its parent to take note.
    fn is_over(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

impl Identity {
    /// The process that has this number now.
    pub(super) fn of(pid: i32) -> Option<Self> {
        Some(Self { pid, start: Stat::of(pid)?.start, boot: boot()? })
    }

    /// Its number.
    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// What the kernel says of it, as long as it lives.
    pub(super) fn look(&self) -> Option<Stat> {
        let seen = Stat::of(self.pid)?;
        (self.same_boot() && seen.start == self.start && !seen.is_over()).then_some(seen)
    }

    /// Whether the machine has not been started anew since.
    pub(super) fn same_boot(&self) -> bool {
        boot().as_ref() == Some(&self.boot)
    }

    /// A descriptor that means this process and no other, and becomes readable at its end; `None` when it has ended.
    pub(super) fn open(&self) -> io::Result<Option<OwnedFd>> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(None) };
        match pidfd_open(pid, PidfdFlags::empty()) {
            // Looked at after it was opened: what is the same now was the same then.
            Ok(process) => Ok(self.look().map(|_| process)),
            Err(rustix::io::Errno::SRCH) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a signal; to one that has ended, none.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        let Some(process) = self.open()? else { return Ok(()) };
        match pidfd_send_signal(process, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The id of the present boot.
fn boot() -> Option<String> {
    Some(std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_confuse() {
        let text = "42 (a) S 1 (b) T 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 777 26";
        assert_eq!(Stat::parse(text), Some(Stat { state: 'T', parent: 7, start: 777 }));
        assert_eq!(Stat::parse("42 (a"), None);
        assert_eq!(Stat::parse(""), None);
    }

    /// A program once hid from a pause behind such a name.
    #[test]
    fn a_name_that_is_no_text_hides_nobody() {
        let script = r"printf '\377\376\200x' >/proc/$$/comm; echo up; read x";
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", script]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let mut up = [0; 3];
        std::io::Read::read_exact(shell.stdout.as_mut().unwrap(), &mut up).unwrap();
        let pid = i32::try_from(shell.id()).unwrap();
        let name = std::fs::read(format!("/proc/{pid}/comm")).unwrap();
        let seen = Stat::of(pid).map(|stat| stat.parent);
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert_eq!(name, b"\xff\xfe\x80x\n");
        assert_eq!(seen, i32::try_from(std::process::id()).ok());
    }

    #[test]
    fn another_process_of_the_same_number_is_not_taken_for_it() {
        let own = i32::try_from(std::process::id()).unwrap();
        let identity = Identity::of(own).unwrap();
        assert!(identity.look().is_some() && identity.open().unwrap().is_some());
        let earlier = Identity { start: identity.start - 1, ..identity.clone() };
        assert!(earlier.look().is_none() && earlier.open().unwrap().is_none());
        let other_boot = Identity { boot: "another".to_owned(), ..identity };
        assert!(other_boot.look().is_none() && !other_boot.same_boot());
        // Nothing is sent to who is not meant, or this test would end here.
        other_boot.signal(Signal::KILL).unwrap();
        earlier.signal(Signal::KILL).unwrap();
    }

    #[test]
    fn an_end_is_seen() {
        let mut child = std::process::Command::new("/bin/cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let identity = Identity::of(i32::try_from(child.id()).unwrap()).unwrap();
        identity.signal(Signal::KILL).unwrap();
        child.wait().unwrap();
        assert!(identity.look().is_none() && identity.open().unwrap().is_none());
        identity.signal(Signal::KILL).unwrap();
    }
}
