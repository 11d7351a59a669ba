//! Freezing and thawing: by a control group where there is one, else by stopping every process with a signal.
//!
//! Stopped by signal, nobody inside can run who could wake another: the shim, from which all others descend, is stopped
//! first and woken last.

use super::identity::{Identity, Stat};
use super::record::{Made, Started};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

/// How long it may take until everything is found stopped.
const STOPPING: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Whether a container that lives is frozen.
pub(super) fn is_frozen(made: &Made, stat: &Stat) -> bool {
    if made.groups.can_freeze() { made.groups.is_frozen() } else { stat.state == 'T' }
}

/// Freezes or thaws.
pub(super) fn set_frozen(made: &Made, started: &Started, freeze: bool) -> io::Result<()> {
    if made.groups.can_freeze() {
        made.groups.set_frozen(freeze)
    } else if freeze {
        stop(&started.first)
    } else {
        wake(&started.first)
    }
}

fn stop(first: &Identity) -> io::Result<()> {
    first.signal(Signal::STOP)?;
    let begun = Instant::now();
    loop {
        // Whoever was being started during one look is found by the next.
        let moving: Vec<i32> = all(first).into_iter().filter(|pid| moves(*pid)).collect();
        if moving.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > STOPPING {
            return Err(io::Error::other(format!("processes {moving:?} cannot be stopped")));
        }
        send(&moving, Signal::STOP)?;
        std::thread::sleep(PAUSE);
    }
}

fn wake(first: &Identity) -> io::Result<()> {
    let others: Vec<i32> = all(first).into_iter().filter(|pid| *pid != first.pid()).collect();
    send(&others, Signal::CONT)?;
    first.signal(Signal::CONT)
}

fn moves(pid: i32) -> bool {
    Stat::of(pid).is_some_and(|stat| !matches!(stat.state, 'T' | 't' | 'Z' | 'X'))
}

fn send(pids: &[i32], signal: Signal) -> io::Result<()> {
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        match kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The first process and all that descend from it. Orphans inside become its children, so nobody is missing.
fn all(first: &Identity) -> Vec<i32> {
    let mut all = BTreeSet::new();
    if first.look().is_none() {
        return Vec::new();
    }
    all.insert(first.pid());
    let numbers = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers: Vec<i32> = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let parents: Vec<(i32, i32)> = numbers.into_iter().filter_map(|pid| Some((pid, Stat::of(pid)?.parent))).collect();
    loop {
        let before = all.len();
        all.extend(parents.iter().filter(|(_, parent)| all.contains(parent)).map(|(pid, _)| *pid).collect::<Vec<_>>());
        if all.len() == before {
            return all.into_iter().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Read;
    use std::process::{Command, Stdio};

    #[test]
    fn descendants_are_stopped_and_woken() {
        let script = "sleep 600 & echo up; wait";
        let mut shell = Command::new("/bin/sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut up = [0; 3];
        shell.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
        let first = Identity::of(i32::try_from(shell.id()).unwrap()).unwrap();
        stop(&first).unwrap();
        let found = all(&first);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|pid| Stat::of(*pid).unwrap().state == 'T'));
        wake(&first).unwrap();
        let begun = Instant::now();
        while found.iter().any(|pid| Stat::of(*pid).unwrap().state == 'T') {
            assert!(begun.elapsed() < Duration::from_secs(30));
            std::thread::sleep(PAUSE);
        }
        send(&found, Signal::KILL).unwrap();
        shell.wait().unwrap();
    }
}
