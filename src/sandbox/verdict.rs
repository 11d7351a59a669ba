//! How a step ended, from what the shim said, what the sandbox says, and what the engine itself did. Pure.
//!
//! What the shim said on the channel counts most: it saw the program end. The sandbox's exit code is that of the shim and
//! only counts when the shim could not speak. A program that was told to stop by somebody else than this engine, or was killed
//! along with its shim, is lost, whatever code it then chose to end with; when what holds the sandbox (the Docker service, the
//! machine) went away around that time, that explains it. A shim that could not work is lost too, and nothing explains that but its own words.

use crate::domain::StepEnd;
use crate::sandbox::channel::Cause;
use crate::shim::wire::{Exit, How};
use crate::shim::{FAILED, NO_SECRET};

/// SIGKILL.
const KILL: i32 = 9;
/// What a shell and Docker make of a program that was killed.
const KILLED_CODE: i64 = 137;

/// What the sandbox says of a container that ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Remains {
    /// Exit code of the shim.
    pub(super) code: Option<i64>,
    /// Whether a process of the container was killed for want of memory.
    pub(super) oom: Option<bool>,
    /// The sandbox's own account of an error.
    pub(super) error: String,
}

/// All that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The shim's last word.
    pub(super) exit: Option<Exit>,
    /// What the sandbox says; `None` when it has no such container.
    pub(super) remains: Option<Remains>,
    /// What this engine did to it.
    pub(super) cause: Option<Cause>,
    /// What the shim wrote to its own standard error, where it could not speak on the channel.
    pub(super) words: String,
    /// What took the container down from outside without anybody's fault, in words.
    pub(super) outage: Option<&'static str>,
}

/// The verdict.
pub(super) fn verdict(known: Known) -> StepEnd {
    let Known { exit, remains, cause, words, outage } = known;
    match cause {
        Some(Cause::TimedOut { seconds }) => return StepEnd::TimedOut { seconds },
        Some(Cause::Silent { seconds }) => return StepEnd::Silent { seconds },
        Some(Cause::Overfull { what, mib }) => return StepEnd::Overfull { what, mib },
        Some(Cause::Removed) => return StepEnd::Stopped,
        None => {}
    }
    let oom = remains.as_ref().and_then(|remains| remains.oom);
    match exit {
        Some(exit) => spoken(exit, oom, outage),
        None => unspoken(remains, &words, outage),
    }
}

/// The shim saw the program end.
fn spoken(exit: Exit, oom: Option<bool>, outage: Option<&str>) -> StepEnd {
    if exit.stopped {
        return match outage {
            Some(outage) => lost(outage, true),
            None => lost(
                "the container was told to stop by somebody else than this engine, from outside or from within",
                false,
            ),
        };
    }
    match (exit.how, outage) {
        // A shell answers 137 when its command was killed; with the sandbox's word on memory that is what happened.
        (How::Exited { code }, _) if i64::from(code) == KILLED_CODE && oom == Some(true) => {
            StepEnd::Signalled { signal: KILL, oom }
        }
        (How::Exited { code }, _) => StepEnd::Exited { code },
        (How::Signalled { signal: KILL }, Some(outage)) if oom != Some(true) => lost(outage, true),
        (How::Signalled { signal: KILL }, _) => StepEnd::Signalled { signal: KILL, oom },
        (How::Signalled { signal }, _) => StepEnd::Signalled { signal, oom: Some(false) },
        (How::NotStarted { reason }, _) => StepEnd::NotStarted { reason },
        (How::TimedOut { seconds }, _) => StepEnd::TimedOut { seconds },
    }
}

/// The shim could not tell.
fn unspoken(remains: Option<Remains>, words: &str, outage: Option<&str>) -> StepEnd {
    let Some(remains) = remains else {
        return lost("the container was removed by somebody else than this engine", false);
    };
    let said = if words.is_empty() { String::new() } else { format!("; its last words: {words}") };
    match (remains.code, outage) {
        _ if remains.oom == Some(true) => StepEnd::Signalled { signal: KILL, oom: Some(true) },
        (Some(code), _) if code == i64::from(NO_SECRET) => {
            lost("the engine went away between the container's start and its first message", true)
        }
        (Some(code), Some(outage)) => lost(&format!("{outage} (code {code})"), true),
        (Some(code), None) if code == i64::from(FAILED) => {
            lost(&format!("the shim, which starts the program, could not work (code {code}){said}"), false)
        }
        (Some(code), None) if remains.error.is_empty() => {
            lost(&format!("the container was killed from outside, or its shim failed (code {code}){said}"), false)
        }
        (Some(code), None) => lost(&format!("the sandbox says: {} (code {code}){said}", remains.error), false),
        (None, Some(outage)) => lost(outage, true),
        (None, None) => lost(&format!("the sandbox cannot say how the container ended{said}"), false),
    }
}

fn lost(reason: &str, explained: bool) -> StepEnd {
    StepEnd::Lost { reason: reason.to_owned(), explained }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::domain::OnDisk;

    fn said(how: How) -> Known {
        Known { exit: Some(Exit { how, stopped: false }), remains: Some(Remains::default()), ..Known::default() }
    }

    fn left(code: i64, oom: Option<bool>) -> Known {
        Known { remains: Some(Remains { code: Some(code), oom, error: String::new() }), ..Known::default() }
    }

    #[test]
    fn what_the_shim_said_counts_most() {
        assert_eq!(verdict(said(How::Exited { code: 3 })), StepEnd::Exited { code: 3 });
        assert_eq!(verdict(said(How::Signalled { signal: 11 })), StepEnd::Signalled { signal: 11, oom: Some(false) });
        assert_eq!(
            verdict(said(How::NotStarted { reason: "no such file".into() })),
            StepEnd::NotStarted { reason: "no such file".into() }
        );
        // Also when somebody removed the container right after the program's end.
        let gone = Known { remains: None, ..said(How::Exited { code: 0 }) };
        assert_eq!(verdict(gone), StepEnd::Exited { code: 0 });
    }

    #[test]
    fn memory_is_yes_no_or_unknown() {
        for oom in [Some(true), Some(false), None] {
            let mut known = said(How::Signalled { signal: 9 });
            known.remains = Some(Remains { oom, ..Remains::default() });
            assert_eq!(verdict(known), StepEnd::Signalled { signal: 9, oom });
        }
        assert_eq!(verdict(left(137, Some(true))), StepEnd::Signalled { signal: 9, oom: Some(true) });
        let mut shell = said(How::Exited { code: 137 });
        shell.remains = Some(Remains { oom: Some(true), ..Remains::default() });
        assert_eq!(verdict(shell), StepEnd::Signalled { signal: 9, oom: Some(true) });
    }

    #[test]
    fn what_the_engine_did_goes_before_all() {
        for (cause, end) in [
            (Cause::TimedOut { seconds: 5 }, StepEnd::TimedOut { seconds: 5 }),
            (Cause::Silent { seconds: 7 }, StepEnd::Silent { seconds: 7 }),
            (Cause::Overfull { what: OnDisk::Tree, mib: 3 }, StepEnd::Overfull { what: OnDisk::Tree, mib: 3 }),
            (Cause::Removed, StepEnd::Stopped),
        ] {
            let known = Known { cause: Some(cause), ..said(How::Signalled { signal: 15 }) };
            assert_eq!(verdict(known), end);
        }
    }

    #[test]
    fn losses_are_explained_only_by_the_service_or_by_ourselves() {
        let explained = |known| match verdict(known) {
            StepEnd::Lost { explained, .. } => explained,
            other => panic!("not lost: {other:?}"),
        };
        assert!(!explained(Known::default()));
        assert!(!explained(left(137, Some(false))));
        assert!(explained(left(i64::from(NO_SECRET), Some(false))));
        assert!(explained(Known { outage: Some("the service was stopped"), ..left(137, Some(false)) }));
        // A program that was told to stop may end with any code, that of success too.
        for code in [101, 0] {
            let mut stopped = said(How::Exited { code });
            stopped.exit = stopped.exit.map(|exit| Exit { stopped: true, ..exit });
            assert!(!explained(stopped.clone()));
            assert!(explained(Known { outage: Some("the service was stopped"), ..stopped }));
        }
    }

    #[test]
    fn a_shim_that_could_not_work_is_quoted_and_excused_by_nothing() {
        let known = Known { words: "dogwatch shim: no spool: denied".into(), ..left(i64::from(FAILED), Some(false)) };
        let StepEnd::Lost { reason, explained: false } = verdict(known) else { panic!("explained, or not lost") };
        assert!(reason.contains("no spool: denied"), "{reason}");
    }
}
