//! The real engine, or its real gate, is killed at places on the way of an execution, one after the other: it ran once or never, and whoever
//! is asked afterwards says which. The simulator passes all such places; this shows that they are where they say.

use crate::support::bare::Bare;
use crate::support::wait_until;
use crate::{SOON, bare, fine, shown};
use rustix::process::{Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::net::UnixStream;

/// At those of a line the gate dies and the engine goes on.
const POINTS: [&str; 12] = [
    "gate.start.before",
    "gate.start.after",
    "gate.look.given",
    "gate.dispatch.given",
    "line.run.connecting",
    "line.run.connected",
    "line.run.called",
    "line.run.begun",
    "line.run.ended",
    "gate.outcome.heard",
    "execution.output.heard",
    "execution.output.kept",
];

/// Ends the engine, whoever started it.
fn end(bare: &Bare) {
    let answers = || UnixStream::connect(bare.file("sock/engine.sock")).is_ok();
    if answers()
        && let Some(pid) = bare.holder()
    {
        // One that has ended meanwhile is what is wanted.
        let _ended = kill_process(pid, Signal::KILL);
    }
    wait_until("the socket to be free", SOON, || !answers());
}

/// How far a proposal is; nothing while an engine dies.
fn state(bare: &Bare, id: &str) -> String {
    let done = bare.cmd(&["approvals", "show", id, "--json"]);
    let told: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
    told["proposal"]["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn whoever_dies_on_the_way_of_an_execution_it_ran_once_or_never_and_that_is_said() {
    let bare = bare();
    // The gate is started for the execution alone, and not by a look at the asset before anybody could propose anything.
    let config = fs::read_to_string(bare.config()).unwrap();
    fs::write(bare.config(), format!("{config}[fleet]\nlook = \"off\"\n")).unwrap();
    let mut became: BTreeMap<&str, String> = BTreeMap::new();
    for (number, point) in POINTS.iter().enumerate() {
        end(&bare);
        let mut engine = bare.start_with(&[("DOGWATCH_CRASH_AT", point)]);
        let (id, ran) = (format!("x{}", number + 1), bare.path().join(format!("ran-{number}")));
        let script = format!("printf x >>{}; echo done", ran.display());
        fine(&bare, &["propose", "web-1", "--why", "because", "--", "/bin/sh", "-c", &script]);
        let digest = shown(&bare, &id)["proposal"]["digest"].as_str().unwrap().to_owned();
        // It may die before it has answered.
        let _answered = bare.cmd(&["approvals", "approve", &id, "--digest", &digest]);
        let over = ["succeeded", "failed", "not_run", "voided", "expired", "refused"];
        wait_until(&format!("the end of {id}, with a death at {point}"), SOON * 2, || {
            over.contains(&state(&bare, &id).as_str())
        });
        assert_eq!(engine.has_ended(), !point.starts_with("line."), "{point}");
        let (found, times) = (state(&bare, &id), fs::read(&ran).map_or(0, |text| text.len()));
        match found.as_str() {
            "succeeded" => assert_eq!(times, 1, "{point}"),
            "not_run" => assert_eq!(times, 0, "{point}"),
            other => panic!("{point}: it is {other}"),
        }
        became.insert(point, found);
    }
    println!("killed at {} places: {became:?}", POINTS.len());
    let trail = fine(&bare, &["audit", "export"]);
    for kind in ["proposal.claimed", "proposal.dispatched"] {
        assert_eq!(trail.matches(&format!("\"{kind}\"")).count(), POINTS.len(), "{kind}");
    }
}
