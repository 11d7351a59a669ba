//! What the kernel says of whoever connected. Everything is of the moment of the connection: the kernel keeps user and groups for
//! the socket, so it does not matter what the process does afterwards, nor who holds the socket then.
//!
//! Who logged in stands under `/proc/<pid>`, and a number of a process may be another one's a moment later. So it is read only while
//! a handle of the very process that connected proves, after the reading, that this process still lives: its number was its own then.

mod option;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// What stands for a login that never was.
const NOBODY: u32 = u32::MAX;

/// Who logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginUid {
    /// This user.
    User(u32),
    /// Nobody.
    Unset,
    /// Why it could not be had safely.
    Unknown(String),
}

/// The other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Effective user.
    pub uid: u32,
    /// Effective group.
    pub gid: u32,
    /// The other groups.
    pub groups: Vec<u32>,
    /// Why they are not known, if so; none of them counts then.
    pub groups_fault: Option<String>,
    /// Who logged in.
    pub login: LoginUid,
}

impl Peer {
    /// Asks the kernel.
    pub fn of(socket: impl AsFd) -> io::Result<Self> {
        let socket = socket.as_fd();
        let seen = socket_peercred(socket)?;
        let (groups, groups_fault) = match option::peer_groups(socket) {
            Ok(groups) => (groups, None),
            Err(error) => {
                (Vec::new(), Some(format!("groups: this kernel does not tell those of a connection ({error})")))
            }
        };
        Ok(Self { uid: seen.uid.as_raw(), gid: seen.gid.as_raw(), groups, groups_fault, login: login(socket) })
    }

    /// Whether it was in a group when it connected.
    pub fn had(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }
}

fn login(socket: BorrowedFd<'_>) -> LoginUid {
    match option::peer_process(socket) {
        Ok(process) => login_of(&process),
        Err(error) => LoginUid::Unknown(format!("this kernel gives no handle of the process that connected ({error})")),
    }
}

/// Who logged in where this process comes from.
fn login_of(process: &OwnedFd) -> LoginUid {
    let number = match number(process) {
        Ok(number) => number,
        Err(why) => return LoginUid::Unknown(why),
    };
    let text = match fs::read_to_string(format!("/proc/{number}/loginuid")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return LoginUid::Unknown("the process has ended, or this kernel does not record logins".to_owned());
        }
        Err(error) => return LoginUid::Unknown(format!("the kernel does not let the engine read it ({error})")),
    };
    match lives(process) {
        Ok(true) => {}
        Ok(false) => return LoginUid::Unknown("the process that connected has ended".to_owned()),
        Err(error) => return LoginUid::Unknown(format!("the process that connected cannot be watched ({error})")),
    }
    match text.trim().parse() {
        Ok(NOBODY) => LoginUid::Unset,
        Ok(uid) => LoginUid::User(uid),
        Err(_) => LoginUid::Unknown("the kernel's word on it is no number".to_owned()),
    }
}

/// The number of a process as it is here.
fn number(process: &OwnedFd) -> Result<u32, String> {
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{}", process.as_raw_fd()))
        .map_err(|error| format!("the number of the process cannot be read ({error})"))?;
    let number = text.lines().find_map(|line| line.strip_prefix("Pid:")).map(str::trim).unwrap_or_default();
    match number.parse::<i64>() {
        Ok(-1) => Err("the process that connected has ended".to_owned()),
        Ok(0) => Err("the process lives where the engine cannot see it, such as in another container".to_owned()),
        Ok(number) => u32::try_from(number).map_err(|error| format!("no number of a process ({error})")),
        Err(_) => Err("the kernel does not tell the number of the process".to_owned()),
    }
}

/// A handle can be read from once its process has ended.
fn lives(process: &OwnedFd) -> io::Result<bool> {
    let mut handle = [PollFd::new(process, PollFlags::IN)];
    Ok(poll(&mut handle, Some(&Timespec::default()))? == 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    use std::os::unix::net::UnixStream;
    use std::process::{Command, Stdio};

    #[test]
    fn the_kernel_names_this_process() {
        let (one, _other) = UnixStream::pair().unwrap();
        let peer = Peer::of(&one).unwrap();
        assert_eq!((peer.uid, peer.gid), (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()));
        let mut groups: Vec<u32> =
            rustix::process::getgroups().unwrap().into_iter().map(rustix::process::Gid::as_raw).collect();
        groups.sort_unstable();
        let mut told = peer.groups.clone();
        told.sort_unstable();
        assert_eq!((told, peer.groups_fault), (groups, None));
        let own = fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse().ok());
        match (peer.login, own) {
            (LoginUid::User(uid), own) => assert_eq!(Some(uid), own),
            (LoginUid::Unset, own) => assert_eq!(own, Some(NOBODY)),
            (LoginUid::Unknown(why), _) => assert!(why.contains("kernel"), "{why}"),
        }
    }

    #[test]
    fn of_a_process_that_ended_nothing_is_said() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        assert!(!matches!(login_of(&process), LoginUid::Unknown(why) if why.contains("ended")));
        child.kill().unwrap();
        // Dead and not collected yet: its number is still its own, its word does not count any more.
        let mut handle = [PollFd::new(&process, PollFlags::IN)];
        poll(&mut handle, None).unwrap();
        assert!(matches!(login_of(&process), LoginUid::Unknown(why) if why.contains("ended")));
        child.wait().unwrap();
        assert!(matches!(login_of(&process), LoginUid::Unknown(why) if why.contains("ended")));
    }
}
