//! Stopping for a while, as shells know it of their jobs. Only a shell can have a stopped program go on, so where none waits for
//! this one (a command of SSH, of tmux, a script that leads its session) it does not stop: nobody could ever wake it.

use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use std::io;

/// Where a process stands among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    parent: u32,
    group: u32,
    session: u32,
}

/// Stops the whole job, as ctrl-z does: whoever started this program in the same group must give up the terminal, too. It goes on
/// when the shell says so. The console has restored the terminal before, so the signal that nobody can catch is right.
pub(super) fn stop() -> io::Result<()> {
    Ok(kill_current_process_group(Signal::STOP)?)
}

/// Stops this process, where the others of the job have been told already.
pub(super) fn stop_alone() -> io::Result<()> {
    Ok(kill_process(getpid(), Signal::STOP)?)
}

/// Whether a shell waits for this job.
pub(super) fn has_shell() -> bool {
    leads_to_a_shell(std::process::id(), standing)
}

/// Whether somebody who started the job is of the same session, but not of the job. Else the kernel calls its group orphaned.
fn leads_to_a_shell(own: u32, of: impl Fn(u32) -> Option<Standing>) -> bool {
    let Some(own) = of(own) else { return false };
    let mut one = own;
    while let Some(parent) = of(one.parent) {
        if parent.session != own.session {
            return false;
        }
        if parent.group != own.group {
            return true;
        }
        one = parent;
    }
    false
}

fn standing(pid: u32) -> Option<Standing> {
    // One that cannot be read is gone, or no process.
    read(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads the kernel's line about a process. Its name may hold anything, so what counts begins behind its last bracket.
fn read(stat: &str) -> Option<Standing> {
    let mut fields = stat.rsplit_once(") ")?.1.split_whitespace().skip(1).map(str::parse);
    let mut next = || fields.next()?.ok();
    Some(Standing { parent: next()?, group: next()?, session: next()? })
}

#[cfg(test)]
mod tests {
    use super::{Standing, leads_to_a_shell, read};

    #[test]
    fn a_name_with_brackets_is_read_over() {
        let wanted = Standing { parent: 12, group: 34, session: 56 };
        assert_eq!(read("99 (a) R 1 (x) S 12 34 56 0 -1 4194304"), Some(wanted));
        assert_eq!(read("99 (a"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn only_who_stands_outside_the_job_in_the_same_session_is_its_shell() {
        // The parents of process 1 and so on: (parent, group, session).
        let at = |table: &'static [(u32, u32, u32, u32)]| {
            leads_to_a_shell(10, |pid| {
                let (_, parent, group, session) = table.iter().copied().find(|(one, ..)| *one == pid)?;
                Some(Standing { parent, group, session })
            })
        };
        assert!(at(&[(10, 5, 10, 5), (5, 2, 5, 5), (2, 1, 2, 2)]), "a job of a shell");
        assert!(at(&[(10, 9, 9, 5), (9, 5, 9, 5), (5, 2, 5, 5)]), "of a script that a shell started");
        assert!(!at(&[(10, 2, 10, 10), (2, 1, 2, 2)]), "the leader of its session");
        assert!(!at(&[(10, 9, 9, 9), (9, 2, 9, 9), (2, 1, 2, 2)]), "of a script that leads its session");
        assert!(!at(&[(10, 1, 10, 5)]), "whose shell is gone");
        assert!(!at(&[]), "of which nothing is known");
    }
}
