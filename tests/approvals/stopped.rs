//! What runs is stopped by the word of a person, whoever dies meanwhile.

use crate::support::bare::Bare;
use crate::support::wait_until;
use crate::{SOON, approve, bare, fine, refused, shown, until};
use rustix::process::{Signal, kill_process};
use std::fs;

/// Proposes something that runs until it is told to end, agrees to it, and waits until it has begun.
fn at_work(bare: &Bare, id: &str) {
    let begun = bare.path().join(format!("begun-{id}"));
    let script = format!("echo once >> {}; trap 'echo bye; exit 9' TERM; while :; do sleep 0.1; done", begun.display());
    let why = ["propose", "web-1", "--why", "because", "--timeout", "600", "--", "/bin/sh", "-c", &script];
    fine(bare, &why);
    approve(bare, id);
    until(bare, id, "running");
    wait_until("its first word", SOON, || times(bare, id) > 0);
}

fn times(bare: &Bare, id: &str) -> usize {
    fs::read_to_string(bare.path().join(format!("begun-{id}"))).map_or(0, |text| text.lines().count())
}

fn told(bare: &Bare, id: &str) -> bool {
    shown(bare, id)["proposal"]["stop"]["told"].is_string()
}

#[test]
fn what_runs_is_stopped_once_also_where_the_engine_is_killed_before_it_says_so() {
    let bare = bare();
    fine(&bare, &["propose", "web-1", "--why", "because", "--", "true"]);
    refused(&bare, &["approvals", "stop", "x1", "--reason", "wait"], 5, "has not started");
    fine(&bare, &["approvals", "withdraw", "x1"]);
    at_work(&bare, "x2");
    refused(&bare, &["approvals", "stop", "x2", "--reason", " "], 5, "a stop needs a reason");
    let said = fine(&bare, &["approvals", "stop", "x2", "--reason", "it is the wrong shop"]);
    assert!(said.contains("x2 is told to end, and killed where it does not within 10 s"), "{said}");
    until(&bare, "x2", "failed");
    wait_until("the asset's answer", SOON, || told(&bare, "x2"));
    let text = fine(&bare, &["approvals", "show", "x2"]);
    for words in ["wanted it stopped at", "it is the wrong shop", "what came of the stop: it is over and ended with 9"]
    {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(text.contains("it ran and ended with 9"), "{text}");
    assert!(fine(&bare, &["approvals", "output", "x2"]).starts_with("bye\n"));
    // Whoever comes too late is told how it ended.
    let late = fine(&bare, &["approvals", "stop", "x2", "--reason", "more"]);
    assert!(late.contains("x2 had ended before: it is failed"), "{late}");
    assert_eq!(shown(&bare, "x2")["proposal"]["stop"]["reason"], "it is the wrong shop");
    // An engine that dies between the record and the word: the next one says it.
    kill_process(bare.holder().unwrap(), Signal::KILL).unwrap();
    wait_until("the socket to be free", SOON, || {
        std::os::unix::net::UnixStream::connect(bare.file("sock/engine.sock")).is_err()
    });
    let mut engine = bare.start_with(&[("DOGWATCH_CRASH_AT", "execution.stop")]);
    at_work(&bare, "x3");
    // It may die before it has answered.
    let _answered = bare.cmd(&["approvals", "stop", "x3", "--reason", "enough"]);
    wait_until("the engine's death", SOON, || engine.has_ended());
    assert_eq!(times(&bare, "x3"), 1);
    let _engine = bare.start();
    until(&bare, "x3", "failed");
    wait_until("the asset's answer", SOON, || told(&bare, "x3"));
    assert_eq!((times(&bare, "x2"), times(&bare, "x3")), (1, 1));
    let trail = fine(&bare, &["audit", "export"]);
    for kind in ["proposal.dispatched", "proposal.stop_asked", "proposal.stop_told"] {
        assert_eq!(trail.matches(&format!("\"{kind}\"")).count(), 2, "{kind}");
    }
    assert!(matches!(bare.cmd(&["audit", "verify"]).code, Some(0 | 10)));
}
