//! Proposals for live assets through the real executable and its engine, without any containers: what people see is what was proposed,
//! and nothing is decided but by those who may, about exactly that.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

#[path = "approvals/killed.rs"]
mod killed;
#[path = "approvals/rewritten.rs"]
mod rewritten;
#[path = "approvals/stopped.rs"]
mod stopped;

use rustix::process::{Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::time::Duration;
use support::bare::Bare;
use support::wait_until;

const SOON: Duration = Duration::from_mins(1);

/// An engine with one asset of this machine.
fn bare() -> Bare {
    let bare = Bare::new();
    fs::create_dir_all(bare.config().parent().unwrap()).unwrap();
    fs::write(bare.config(), "[approvals]\ndeny = [\"rm -rf *\"]\n").unwrap();
    fine(&bare, &["asset", "add", "web-1", "--local", "--environment", "test"]);
    bare
}

fn fine(bare: &Bare, args: &[&str]) -> String {
    let done = bare.cmd(args);
    assert_eq!(done.code, Some(0), "{args:?}: {}{}", done.stdout, done.stderr);
    done.stdout
}

fn refused(bare: &Bare, args: &[&str], code: i32, words: &str) {
    let done = bare.cmd(args);
    assert_eq!(done.code, Some(code), "{args:?}: {}{}", done.stdout, done.stderr);
    assert!(done.stderr.contains(words), "{args:?}: {}", done.stderr);
}

fn shown(bare: &Bare, id: &str) -> Value {
    serde_json::from_str(&fine(bare, &["approvals", "show", id, "--json"])).unwrap()
}

fn state(bare: &Bare, id: &str) -> String {
    shown(bare, id)["proposal"]["state"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_proposed_is_shown_exactly_and_denied_with_a_reason() {
    let bare = bare();
    let hostile = "a\u{202e}b\x1b[2J  c\u{200b}";
    fine(&bare, &["propose", "web-1", "--why", "try it", "--timeout", "5", "--", "echo", hostile, "", "x y"]);
    let text = fine(&bare, &["approvals", "show", "x1"]);
    for line in [
        "a program with 4 words, started without a shell:",
        "0: echo",
        "1: a\\u{202e}b\\e[2J  c\\u{200b}",
        "2: (empty)",
        "3: x y",
        "letters that are not plain and could pass for others",
        "why:",
        "1| try it",
        "nobody has checked it",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains('\u{202e}') && !text.contains('\x1b'));
    let detail = shown(&bare, "x1");
    let digest = detail["proposal"]["digest"].as_str().unwrap().to_owned();
    assert!(text.contains(&digest));
    let listed = fine(&bare, &["approvals", "ls"]);
    assert!(listed.contains("x1") && listed.contains("web-1"), "{listed}");
    refused(&bare, &["approvals", "approve", "x1"], 2, "--digest");
    refused(&bare, &["approvals", "approve", "x1", "--digest", "00000000"], 5, "is not what this digest stands for");
    // The question that stands for it is no way around it.
    let question = detail["proposal"]["question"].as_i64().unwrap();
    refused(&bare, &["approvals", "approve", &format!("q{question}")], 5, "about a live asset");
    refused(&bare, &["approvals", "deny", "x1", "--reason", " "], 5, "needs a reason");
    fine(&bare, &["approvals", "deny", "x1", "--reason", "not on a Friday"]);
    assert_eq!(state(&bare, "x1"), "denied");
    refused(&bare, &["approvals", "approve", "x1", "--digest", &digest], 5, "denied");
    assert!(fine(&bare, &["approvals", "show", "x1"]).contains("because: not on a Friday"));
    assert_eq!(fine(&bare, &["approvals", "ls"]).trim(), "nothing waits for you");
    let verified = bare.cmd(&["audit", "verify"]);
    assert!(matches!(verified.code, Some(0 | 10)), "{}", verified.stderr);
}

#[test]
fn an_edit_takes_the_place_of_what_was_proposed() {
    let bare = bare();
    fine(&bare, &["propose", "web-1", "--why", "it is down", "--", "systemctl", "restart", "shop"]);
    fine(&bare, &["approvals", "edit", "x1", "--why", "softly", "--", "systemctl", "reload", "shop"]);
    assert_eq!(state(&bare, "x1"), "superseded");
    let text = fine(&bare, &["approvals", "show", "x2"]);
    assert!(text.contains("- 1: restart") && text.contains("+ 1: reload"), "{text}");
    let old = shown(&bare, "x1")["proposal"]["digest"].as_str().unwrap().to_owned();
    refused(&bare, &["approvals", "approve", "x2", "--digest", &old], 5, "is not what this digest stands for");
    fine(&bare, &["approvals", "withdraw", "x2"]);
    assert_eq!(state(&bare, "x2"), "withdrawn");
    refused(&bare, &["approvals", "edit", "x2", "--why", "again", "--", "true"], 5, "x2 is withdrawn");
}

#[test]
fn what_cannot_be_proposed_is_refused_in_words() {
    let bare = bare();
    let why = ["--why", "because"];
    for (args, words) in [
        (&["web-1", "--"][..], "the command is empty"),
        (&["web-1", "--", "rm", "-rf", "/srv"], "refuses it, whoever proposes it"),
        (&["web-1", "--cwd", "srv", "--", "ls"], "not an absolute path"),
        (&["web-1", "--user", "x y", "--", "ls"], "no user's name"),
        (&["web-1", "--env", "PATH=/x", "--", "ls"], "no variable that can be set"),
        (&["web-1", "--timeout", "0", "--", "ls"], "1 to 86400 seconds"),
    ] {
        let args: Vec<&str> = ["propose"].iter().chain(&why).chain(args).copied().collect();
        refused(&bare, &args, 5, words);
    }
    refused(&bare, &["propose", "web-1", "--", "ls"], 5, "say why");
    refused(&bare, &["approvals", "show", "x9"], 4, "there is no proposal x9");
    // On a critical asset people must be known by their login, and sign.
    fine(&bare, &["asset", "add", "db-1", "--local", "--critical"]);
    fine(&bare, &["propose", "db-1", "--why", "because", "--", "ls"]);
    let digest = shown(&bare, "x1")["proposal"]["digest"].as_str().unwrap().to_owned();
    refused(&bare, &["approvals", "approve", "x1", "--digest", &digest], 2, "--confirm");
    refused(&bare, &["approvals", "approve", "x1", "--digest", &digest, "--confirm", "db-1"], 1, "no key of yours");
    assert_eq!(state(&bare, "x1"), "pending");
}

#[test]
fn scripts_are_read_once_and_kept_by_their_bytes() {
    let bare = bare();
    let script = bare.path().join("fix.sh");
    fs::write(&script, "echo one\nas the user: root\n").unwrap();
    fine(&bare, &["propose", "web-1", "--why", "because", "--script", script.to_str().unwrap()]);
    fs::write(&script, "echo two\n").unwrap();
    let text = fine(&bare, &["approvals", "show", "x1"]);
    assert!(text.contains("   1| echo one\\n") && !text.contains("echo two"), "{text}");
    // No line of a script can pass for one of ours.
    assert!(text.contains("   2| as the user: root\\n"), "{text}");
    assert!(text.contains("a shell or an interpreter reads its words again"));
}

#[test]
fn several_that_are_alike_are_shown_and_agreed_to_at_once() {
    let bare = bare();
    for word in ["one", "two"] {
        fine(&bare, &["propose", "web-1", "--why", "because", "--", "echo", word]);
    }
    fine(&bare, &["propose", "web-1", "--why", "because", "--", "rm", "-r", "/nonexistent"]);
    let text = fine(&bare, &["approvals", "approve-all", "x1", "x2"]);
    assert!(text.contains("1: one") && text.contains("1: two"), "{text}");
    let digest = |ids: &[&str]| {
        let shown = fine(&bare, &[&["approvals", "approve-all", "--json"], ids].concat());
        serde_json::from_str::<Value>(&shown).unwrap()["digest"].as_str().unwrap().to_owned()
    };
    let (both, all) = (digest(&["x1", "x2"]), digest(&["x1", "x2", "x3"]));
    assert!(text.contains(&both) && both == digest(&["x2", "x1"]) && both != all);
    refused(&bare, &["approvals", "approve-all", "x1", "x2", "--digest", &all], 5, "read them again");
    refused(
        &bare,
        &["approvals", "approve-all", "x1", "x2", "x3", "--digest", &all],
        5,
        "not alike in what they look like",
    );
    assert_eq!((state(&bare, "x1"), state(&bare, "x3")), ("pending".to_owned(), "pending".to_owned()));
    fine(&bare, &["approvals", "approve-all", "x1", "x2", "--digest", &both[..8]]);
    for id in ["x1", "x2"] {
        until(&bare, id, "succeeded");
        assert!(fine(&bare, &["approvals", "show", id]).contains("one of 2 that were agreed to at once"));
    }
}

/// Waits until a proposal has come so far.
fn until(bare: &Bare, id: &str, wanted: &str) {
    wait_until(&format!("{id} to be {wanted}"), SOON, || state(bare, id) == wanted);
}

fn approve(bare: &Bare, id: &str) {
    let digest = shown(bare, id)["proposal"]["digest"].as_str().unwrap().to_owned();
    fine(bare, &["approvals", "approve", id, "--digest", &digest[..12]]);
}

#[test]
fn what_people_agreed_to_runs_once_also_where_the_engine_is_killed_meanwhile() {
    let bare = bare();
    let ran = bare.path().join("ran");
    let lines = || fs::read_to_string(&ran).map_or(0, |text| text.lines().count());
    let script = format!("echo once >> {}; echo hello; exit 3", ran.display());
    fine(&bare, &["propose", "web-1", "--why", "because", "--", "/bin/sh", "-c", &script]);
    assert_eq!(lines(), 0, "it ran before anybody agreed");
    approve(&bare, "x1");
    until(&bare, "x1", "failed");
    assert_eq!(lines(), 1);
    assert_eq!(fine(&bare, &["approvals", "output", "x1"]).trim(), "hello");
    let text = fine(&bare, &["approvals", "show", "x1"]);
    assert!(text.contains("it ran and ended with 3") && text.contains("OWNER-APPROVED"), "{text}");
    // One that is at work when the engine is killed: the next one asks for it and starts nothing.
    let go = bare.path().join("go");
    let script = format!("echo once >> {}; until [ -e {} ]; do sleep 0.1; done; echo bye", ran.display(), go.display());
    fine(&bare, &["propose", "web-1", "--why", "because", "--", "/bin/sh", "-c", &script]);
    approve(&bare, "x2");
    until(&bare, "x2", "running");
    kill_process(bare.holder().unwrap(), Signal::KILL).unwrap();
    let _engine = {
        wait_until("the socket to be free", SOON, || {
            std::os::unix::net::UnixStream::connect(bare.file("sock/engine.sock")).is_err()
        });
        bare.start()
    };
    assert_eq!(state(&bare, "x2"), "running");
    fs::write(&go, "").unwrap();
    until(&bare, "x2", "succeeded");
    assert_eq!(lines(), 2);
    assert!(fine(&bare, &["approvals", "output", "x2"]).contains("bye"));
    let trail = fine(&bare, &["audit", "export"]);
    for kind in ["proposal.claimed", "proposal.dispatched"] {
        assert_eq!(trail.matches(&format!("\"{kind}\"")).count(), 2, "{kind}");
    }
}
