//! Freezing and thawing: by a control group where there is one, else by stopping every process with a signal.
//!
//! The shim, from which all others descend, is stopped first and woken last. Stopped processes can be woken by a timer that
//! they set before, so somebody has to look again as long as the pause lasts (`keeper`); for a moment a program that wants
//! to can move nevertheless.

use super::identity::{Identity, Stat};
use super::kin::Kin;
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
    let mut before = None;
    loop {
        // Whoever was being started during one look is found by the next.
        let seen = Kin::look(first);
        if seen.moving.is_empty() && seen.whole && before.as_ref() == Some(&seen) {
            return Ok(());
        }
        if begun.elapsed() > STOPPING {
            return Err(io::Error::other(match &seen.moving {
                moving if moving.is_empty() => "its processes come and go too quickly to be stopped".to_owned(),
                moving => format!("processes {moving:?} cannot be stopped"),
            }));
        }
        send(&seen.moving, Signal::STOP)?;
        before = Some(seen);
        std::thread::sleep(PAUSE);
    }
}

fn wake(first: &Identity) -> io::Result<()> {
    let mut others = Kin::look(first).processes();
    others.remove(&first.pid());
    send(&others, Signal::CONT)?;
    first.signal(Signal::CONT)
}

fn send(pids: &BTreeSet<i32>, signal: Signal) -> io::Result<()> {
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
        match kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Read;
    use std::process::{Child, Command, Stdio};

    /// A program that has said `up`, and its identity.
    fn begun(program: &mut Command) -> (Child, Identity) {
        let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
        let mut up = [0; 3];
        child.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
        let first = Identity::of(i32::try_from(child.id()).unwrap()).unwrap();
        (child, first)
    }

    fn until(mut condition: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(begun.elapsed() < Duration::from_secs(30));
            std::thread::sleep(PAUSE);
        }
    }

    #[test]
    fn descendants_are_stopped_and_woken() {
        let (mut shell, first) = begun(Command::new("/bin/sh").args(["-c", "sleep 600 & echo up; wait"]));
        stop(&first).unwrap();
        let found = Kin::look(&first).processes();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|pid| Stat::of(*pid).unwrap().state == 'T'));
        // Again changes nothing, and finishes what was begun only.
        send(&BTreeSet::from([*found.last().unwrap()]), Signal::CONT).unwrap();
        stop(&first).unwrap();
        assert!(found.iter().all(|pid| Stat::of(*pid).unwrap().state == 'T'));
        wake(&first).unwrap();
        until(|| found.iter().all(|pid| Stat::of(*pid).unwrap().state != 'T'));
        send(&found, Signal::KILL).unwrap();
        shell.wait().unwrap();
    }

    /// The first thread has ended, so the process looks as if it were over, and another thread goes on.
    #[test]
    fn a_thread_that_outlives_the_first_is_stopped_too() {
        if !std::path::Path::new("/usr/bin/python3").exists() {
            return;
        }
        let script = "import threading, time, ctypes\n\
                      threading.Thread(target=lambda: (print('up', flush=True), time.sleep(600))).start()\n\
                      ctypes.CDLL(None).pthread_exit(None)";
        let outer = "python3 -c \"$0\" & wait";
        let (mut shell, first) = begun(Command::new("/bin/sh").args(["-c", outer, script]));
        let states = |pid: i32| -> BTreeSet<char> {
            let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
            let numbers = threads.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
            numbers.filter_map(|thread| Stat::of_thread(pid, thread)).map(|stat| stat.state).collect()
        };
        let mut python = 0;
        until(|| {
            let below = Kin::look(&first).processes().into_iter().find(|pid| *pid != first.pid());
            python = below.unwrap_or(0);
            below.is_some_and(|pid| states(pid) == BTreeSet::from(['S', 'Z']))
        });
        let stopped = stop(&first);
        let after = states(python);
        send(&BTreeSet::from([python, first.pid()]), Signal::KILL).unwrap();
        shell.wait().unwrap();
        stopped.unwrap();
        assert_eq!(after, BTreeSet::from(['T', 'Z']));
    }

    /// Nobody of the chain lives for long, so each look finds another; it must not be taken for stopped.
    #[test]
    fn a_chain_of_processes_is_stopped_or_said_to_go_on() {
        // Orphans come to the first, as they come to the shim. Each link starts the next and ends; the file grows as long
        // as the chain goes on.
        let home = tempfile::tempdir().unwrap();
        let (file, end) = (home.path().join("beats"), home.path().join("end"));
        let script = "import ctypes, os, sys\n\
                      ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n\
                      if os.fork():\n    \
                          print('up', flush=True); sys.stdin.read(1); os._exit(0)\n\
                      while not os.path.exists(sys.argv[2]):\n    \
                          open(sys.argv[1], 'a').write('x')\n    \
                          if os.fork(): os._exit(0)\n";
        let mut command = Command::new("python3");
        let (mut chain, first) = begun(command.args(["-c", script]).args([&file, &end]).stdin(Stdio::piped()));
        let beats = || std::fs::metadata(&file).map_or(0, |seen| seen.len());
        until(|| beats() > 20);
        let stopped = stop(&first);
        let before = beats();
        std::thread::sleep(Duration::from_millis(200));
        let after = beats();
        std::fs::write(&end, "").unwrap();
        wake(&first).unwrap();
        drop(chain.stdin.take());
        chain.wait().unwrap();
        assert!(stopped.is_err() || before == after, "{before} {after} {stopped:?}");
    }
}
