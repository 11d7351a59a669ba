//! Proposals and questions: told apart, agreed to with what was said, edited without loss, and none for what nothing leads to.

use super::support::bare::Bare;
use super::support::filled::waiting;
use super::{fine, json, refused};
use serde_json::Value;

fn shown(bare: &Bare, id: &str) -> Value {
    json(&fine(bare, &["approvals", "show", id, "--json"]))
}

/// An engine with one asset of this machine.
fn asset() -> Bare {
    let bare = Bare::new();
    fine(&bare, &["asset", "add", "web-1", "--local"]);
    bare
}

#[test]
fn a_yes_to_a_proposal_is_never_one_to_a_question() {
    let bare = Bare::new();
    waiting(&bare, "may it?", &[]);
    fine(&bare, &["asset", "add", "web-1", "--local"]);
    fine(&bare, &["propose", "web-1", "--why", "because", "--", "true"]);
    let digest = shown(&bare, "x1")["proposal"]["digest"].as_str().unwrap().to_owned();
    for with in [
        ["--digest", digest.as_str()].as_slice(),
        &["--confirm", "web-1"],
        &["--key", "/k"],
        &["--break-glass", "alone"],
    ] {
        let args = |id: &'static str| [["approvals", "approve", id].as_slice(), with].concat();
        refused(&bare, &args("1"), 2, "q1");
        refused(&bare, &args("q1"), 2, "did you mean x1?");
    }
    for verb in ["approve", "show"] {
        refused(&bare, &["approvals", verb, "1"], 2, "x1");
    }
    refused(&bare, &["approvals", "deny", "1", "-r", "no"], 2, "x1");
    assert!(shown(&bare, "q1")["answer"].is_null());
    assert_eq!(shown(&bare, "x1")["proposal"]["state"], "pending");
    let listed = fine(&bare, &["approvals", "ls", "--json"]);
    let refs: Vec<Value> = listed.lines().map(|line| json(line)["ref"].clone()).collect();
    assert_eq!(refs, ["q1", "q2", "x1"]);
}

#[test]
fn why_somebody_agreed_is_kept_with_their_yes_and_in_the_audit_log() {
    let bare = asset();
    fine(&bare, &["propose", "web-1", "--why", "because", "--", "true"]);
    let digest = shown(&bare, "x1")["proposal"]["digest"].as_str().unwrap().to_owned();
    fine(&bare, &["approvals", "approve", "x1", "--digest", &digest, "--reason", "I looked at the host"]);
    assert_eq!(shown(&bare, "x1")["proposal"]["votes"][0]["reason"], "I looked at the host");
    let text = fine(&bare, &["approvals", "show", "x1"]);
    assert!(text.contains("because: I looked at the host"), "{text}");
    let log = fine(&bare, &["audit", "log", "--json", "--kind", "proposal.approved"]);
    assert!(log.contains("I looked at the host"), "{log}");
}

#[test]
fn an_edit_changes_what_it_names_and_nothing_else() {
    let bare = asset();
    let options =
        ["--cwd", "/tmp", "--user", "nobody", "--env", "A=b", "--timeout", "5", "--undo", "u", "--expect", "e"];
    let words = ["propose", "web-1", "--why", "w"];
    fine(&bare, &[&words[..], &options, &["--", "ls", "-l"]].concat());
    fine(&bare, &["approvals", "edit", "x1", "--why", "typo", "--", "ls", "-la"]);
    let (old, new) =
        (shown(&bare, "x1")["proposal"]["proposed"].clone(), shown(&bare, "x2")["proposal"]["proposed"].clone());
    assert_ne!(old["command"]["program"], new["command"]["program"]);
    for part in ["cwd", "user", "env", "timeout", "stdin"] {
        assert_eq!(old["command"][part], new["command"][part], "{part}");
    }
    let claims = |one: &Value| ["why", "expect", "undo"].map(|name| one["claims"][name].as_str().unwrap().to_owned());
    assert_eq!(claims(&new), ["typo", "e", "u"]);
    // What is to go away is named as well; the program may stay.
    fine(&bare, &["approvals", "edit", "x2", "--no-user", "--no-env", "--timeout", "9"]);
    let last = shown(&bare, "x3")["proposal"]["proposed"].clone();
    assert_eq!(last["command"]["program"], new["command"]["program"]);
    assert!(last["command"]["user"].is_null() && last["command"]["env"].as_array().unwrap().is_empty(), "{last}");
    assert_eq!((&last["command"]["timeout"], &last["command"]["cwd"]), (&Value::from(9), &old["command"]["cwd"]));
    refused(&bare, &["approvals", "edit", "x3"], 2, "nothing is said anew");
}

#[test]
fn nothing_is_proposed_for_what_nothing_leads_to() {
    let bare = asset();
    let said = fine(&bare, &["asset", "add", "web"]);
    assert!(said.contains("known by words only") && said.contains("--ssh, --docker or --local"), "{said}");
    refused(&bare, &["propose", "web", "--why", "because", "--", "true"], 5, "web is known by words only");
    fine(&bare, &["propose", "web-1", "--why", "because", "--", "true"]);
    refused(&bare, &["approvals", "edit", "x1", "--asset", "web", "--", "true"], 5, "web is known by words only");
    assert_eq!(shown(&bare, "x1")["proposal"]["state"], "pending");
}

#[test]
fn only_what_waits_is_offered_to_be_agreed_to_at_once() {
    let bare = asset();
    for word in ["one", "two"] {
        fine(&bare, &["propose", "web-1", "--why", "because", "--", "echo", word]);
    }
    fine(&bare, &["approvals", "withdraw", "x1"]);
    refused(&bare, &["approvals", "approve-all", "x1", "x2"], 5, "x1 is withdrawn");
}
