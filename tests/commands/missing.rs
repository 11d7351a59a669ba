//! What is not there is told alike by every command: exit code 4, and what lists those that there are.

use super::support::bare::Bare;
use super::support::filled::{ended_step, fill};
use super::{fine, refused, repository};
use dogwatch::domain::RunId;

#[test]
fn no_such_thing_has_one_exit_code_and_a_remedy() {
    let bare = Bare::new();
    fill(&bare, 1, "task");
    ended_step(&bare, RunId(1), 1);
    fine(&bare, &["asset", "add", "web-1", "--local"]);
    let source = repository(&bare.path().join("shop"));
    fine(&bare, &["project", "add", source.to_str().unwrap()]);
    for args in [
        ["show", "r99"].as_slice(),
        &["logs", "r99"],
        &["logs", "r99", "-f"],
        &["logs", "r1", "-i", "99"],
        &["logs", "r1", "-s", "nope"],
        &["logs", "r1", "-f", "-s", "nope"],
        &["logs", "r1", "-f", "-i", "99"],
        &["pause", "r99"],
        &["resume", "r99"],
        &["redirect", "r99", "left"],
        &["cancel", "r99"],
        &["priority", "r99", "high"],
        &["rollback", "r99"],
        &["rollback", "r99", "1"],
        &["rollback", "r1", "99"],
        &["diff", "r99"],
        &["diff", "r1", "99"],
        &["prompt", "r99"],
        &["deliver", "r99"],
        &["deliver", "r99", "-p", "-"],
        &["tools", "r99"],
        &["tasks", "r99"],
        &["usage", "r99"],
        &["egress", "r99"],
        &["run", "-p", "nope", "do it"],
        &["run", "-p", "shop", "--after", "r99", "do it"],
        &["run", "--feature", "f99"],
        &["approvals", "show", "q99"],
        &["approvals", "show", "x99"],
        &["approvals", "approve", "q99"],
        &["approvals", "approve", "q99", "--project"],
        &["approvals", "approve", "x99", "--digest", "00000000"],
        &["approvals", "approve-all", "x98", "x99"],
        &["approvals", "deny", "q99", "-r", "no"],
        &["approvals", "deny", "x99", "-r", "no"],
        &["approvals", "wait", "q99"],
        &["approvals", "edit", "x99", "--", "true"],
        &["approvals", "withdraw", "x99"],
        &["approvals", "stop", "x99", "-r", "no"],
        &["approvals", "resolve", "x99", "ran", "-r", "I looked"],
        &["approvals", "review", "x99"],
        &["approvals", "export", "x99", "out"],
        &["approvals", "output", "x99"],
        &["propose", "nope", "--why", "w", "--", "true"],
        &["propose", "web-1", "--run", "r99", "--why", "w", "--", "true"],
        &["bug", "show", "b99"],
        &["bug", "close", "b99", "-r", "gone"],
        &["bug", "merge", "b98", "b99", "-r", "twins"],
        &["bug", "add", "-p", "nope", "title"],
        &["lesson", "show", "l99"],
        &["lesson", "edit", "l99", "text"],
        &["lesson", "rm", "l99"],
        &["lesson", "add", "-p", "nope", "text"],
        &["feature", "show", "f99"],
        &["feature", "edit", "f99", "-t", "title"],
        &["feature", "close", "f99", "-r", "no"],
        &["feature", "reopen", "f99"],
        &["feature", "add", "-p", "nope", "-d", "what", "title"],
        &["task", "show", "c99"],
        &["task", "pause", "c99"],
        &["task", "resume", "c99"],
        &["task", "rm", "c99"],
        &["task", "add", "-p", "nope"],
        &["dataset", "show", "nope"],
        &["dataset", "verify", "nope"],
        &["dataset", "rm", "nope"],
        &["knowledge", "rm", "99"],
        &["asset", "show", "nope"],
        &["asset", "look", "nope"],
        &["asset", "rm", "nope"],
        &["project", "rm", "nope"],
        &["project", "hosts", "nope"],
        &["project", "close-host", "nope", "example.org"],
        &["models", "stop", "-p", "nope", "-r", "dear"],
        &["secret", "rm", "nope"],
    ] {
        refused(&bare, args, 4, "`dogwatch ");
    }
}
