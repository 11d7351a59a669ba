//! When the Docker service was last started, to tell a container that it took down from one that somebody killed.
//!
//! Docker does not say it, but the kernel does: the socket's peer has a process id and that process a start time. Where
//! the socket belongs to systemd (socket activation), the service's usual pid file is asked instead.

use crate::domain::Millis;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// Where Docker writes its process id unless told otherwise.
const PID_FILE: &str = "/var/run/docker.pid";
/// A connection to a Unix socket needs no longer.
const CONNECT: Duration = Duration::from_secs(2);
/// A container's end this long after the service's start still belongs to that start: a service that was killed takes the
/// old containers down only when it comes again.
const AFTERMATH_MS: i64 = 30_000;
/// An end this long before the service's start still belongs to that start: a service that is stopped takes the containers
/// down first, and may need a while for that.
const LEAD_MS: i64 = 30_000;
/// Position of the start time in `/proc/PID/stat`, counted from the field after the command's closing parenthesis.
const START_FIELD: usize = 19;

/// Since when the service behind the socket runs, if that can be known.
pub(super) async fn started(socket: &str) -> Option<Millis> {
    let stream = timeout(CONNECT, UnixStream::connect(socket)).await.ok()?.ok()?;
    let peer = stream.peer_cred().ok()?.pid()?;
    process_started(behind(peer)?)
}

/// Whether the service behind the socket certainly sees what this process mounts: both are in one mount namespace.
pub(super) fn shares_mounts(socket: &str) -> bool {
    let ours = fs::read_link("/proc/self/ns/mnt");
    let theirs = peer_of(socket).map(|pid| fs::read_link(format!("/proc/{pid}/ns/mnt")));
    matches!((ours, theirs), (Ok(ours), Some(Ok(theirs))) if ours == theirs)
}

/// The process of the service.
fn peer_of(socket: &str) -> Option<i32> {
    // A local socket answers at once or not at all.
    let stream = std::os::unix::net::UnixStream::connect(socket).ok()?;
    let peer = rustix::net::sockopt::socket_peercred(&stream).ok()?.pid.as_raw_nonzero().get();
    behind(peer)
}

/// Where a socket belongs to systemd, the service is another process.
fn behind(peer: i32) -> Option<i32> {
    if peer == 1 { fs::read_to_string(PID_FILE).ok()?.trim().parse().ok() } else { Some(peer) }
}

/// Whether a service that started at `service` explains that a container which began at `began` ended at `ended`.
pub(super) fn explains(service: Millis, began: Millis, ended: Millis) -> bool {
    service > began && ended <= service.plus(AFTERMATH_MS) && service <= ended.plus(LEAD_MS)
}

/// When the process started, by the kernel's account (proc(5)).
fn process_started(pid: i32) -> Option<Millis> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: i64 = fields.split(' ').nth(START_FIELD)?.parse().ok()?;
    let per_second = i64::try_from(rustix::param::clock_ticks_per_second()).ok().filter(|ticks| *ticks > 0)?;
    let boot = fs::read_to_string("/proc/stat").ok()?;
    let boot: i64 = boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(Millis(boot.saturating_mul(1000).saturating_add(ticks.saturating_mul(1000) / per_second)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[tokio::test]
    async fn the_peer_of_a_socket_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let since = started(path.to_str().unwrap()).await.unwrap();
        // This very process is the peer, however long it has been at work. The kernel's boot time has whole seconds.
        let now = Millis(jiff::Timestamp::now().as_millisecond());
        assert!(now.since(since) < 86_400_000 && since.since(now) < 2000, "{since:?} {now:?}");
        drop(listener);
        assert_eq!(started("/nonexistent.sock").await, None);
    }

    #[test]
    fn only_a_start_within_the_containers_life_explains_its_end() {
        let at = Millis;
        assert!(explains(at(50_000), at(10_000), at(49_000)));
        assert!(explains(at(50_000), at(10_000), at(55_000)));
        assert!(!explains(at(50_000), at(10_000), at(90_000)));
        assert!(!explains(at(5000), at(10_000), at(11_000)));
        // It ended long before: whatever that was, a restart on the next day does not explain it.
        assert!(!explains(at(50_000), at(10_000), at(19_000)));
    }
}
