//! What the engine keeps: no password, nothing that nobody said, and only times that are to come.

use super::support::bare::Bare;
use super::support::filled::{over, store};
use super::{fine, json, refused, repository};
use dogwatch::audit::AuditEvent;
use dogwatch::domain::{Actor, Run, RunState};
use serde_json::json;
use std::process::Command;

#[test]
fn a_refused_source_leaves_no_part_of_its_password_behind() {
    let bare = Bare::new();
    let url = "https://user:SECRETPW2@127.0.0.1:1/x.git";
    refused(&bare, &["project", "add", url], 5, "leave it out");
    // Nor where another client sends it.
    let engine = bare.start();
    for source in [url, "ssh://git:SECRETPW2@127.0.0.1/x.git", "git:SECRETPW2@host:x.git"] {
        for name in [None, Some("x")] {
            let mut raw = bare.connect();
            assert!(raw.line().unwrap().get("welcome").is_some());
            raw.request(1, &json!({ "type": "add_project", "source": source, "name": name }));
            let answer = raw.line().unwrap().to_string();
            assert!(answer.contains("refused") && !answer.contains("SECRETPW2"), "{source}: {answer}");
        }
    }
    let log = fine(&bare, &["audit", "log", "--json"]);
    assert!(!log.contains("SECRETPW2") && !log.contains("project.added"), "{log}");
    assert!(!bare.log().contains("SECRETPW2"), "{}", bare.log());
    assert_eq!(engine.stop(), Some(0));
}

#[test]
fn a_task_in_the_past_is_refused_instead_of_run_at_once() {
    let bare = Bare::new();
    let source = repository(&bare.path().join("shop"));
    fine(&bare, &["project", "add", source.to_str().unwrap()]);
    let add = ["task", "add", "-p", "shop", "--at", "2020-01-01T00:00:00Z"];
    refused(&bare, &add, 5, "leave --at away to run it now");
    assert!(!fine(&bare, &["audit", "log", "--json"]).contains("schedule.added"));
}

#[test]
fn a_project_goes_only_as_long_as_nothing_is_on_record_of_it() {
    let bare = Bare::new();
    let source = repository(&bare.path().join("shop"));
    fine(&bare, &["project", "add", source.to_str().unwrap()]);
    fine(&bare, &["project", "add", source.to_str().unwrap(), "--name", "mistake"]);
    fine(&bare, &["lesson", "add", "-p", "shop", "look twice"]);
    refused(&bare, &["project", "rm", "shop"], 5, "lessons (1)");
    let fetched = bare.file("repos/p2.git");
    assert!(fetched.is_dir());
    assert!(fine(&bare, &["project", "rm", "mistake"]).starts_with("p2 mistake is no project any more"));
    assert!(!fetched.exists() && source.join(".git").is_dir());
    let left = fine(&bare, &["project", "ls"]);
    assert!(left.contains("shop") && !left.contains("mistake"), "{left}");
    refused(&bare, &["project", "rm", "mistake"], 4, "`dogwatch project ls`");
    assert!(fine(&bare, &["audit", "log", "--json"]).contains("project.removed"));
    // Neither its name nor its number means another one.
    let again = fine(&bare, &["project", "add", source.to_str().unwrap(), "--name", "mistake"]);
    assert!(again.starts_with("p3 mistake"), "{again}");
}

/// A run that failed, with a checkpoint; gives its commit.
fn failed(bare: &Bare) -> String {
    let source = repository(&bare.path().join("shop"));
    fine(bare, &["project", "add", source.to_str().unwrap()]);
    let git = |args: &[&str]| {
        let done = Command::new("git").arg("-C").arg(&source).args(args).output().unwrap();
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    let before = git(&["rev-parse", "HEAD"]);
    std::fs::write(source.join("README"), "hello you\n").unwrap();
    git(&["-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qam", "second"]);
    let head = git(&["rev-parse", "HEAD"]);
    fine(bare, &["project", "add", source.to_str().unwrap(), "--name", "again"]);
    fine(bare, &["stop"]);
    let (from, to) = (before, head.clone());
    let stored = store(bare).write_sync(move |tx| {
        let project = tx.project_named("again")?.unwrap();
        let run = Run { state: RunState::Failed, base: Some(from), head: Some(to), ..over(project.id, "task".into()) };
        let run = tx.insert_run(&run)?;
        tx.record(AuditEvent::new(Actor::Engine, "run.submitted").run(run.id).project(project.id))?;
        Ok(())
    });
    stored.unwrap();
    head
}

#[test]
fn a_patch_of_work_that_failed_is_handed_over_as_such() {
    let bare = Bare::new();
    let head = failed(&bare);
    let doubt = "not verified: the run has not succeeded with it";
    let done = bare.cmd(&["deliver", "r1", "-p", "x.patch"]);
    assert!(done.expect_code(0).contains(doubt), "{}", done.stdout);
    let done = bare.cmd(&["deliver", "r1", "-p", "-"]);
    assert!(done.expect_code(0).starts_with("diff --git") || done.stdout.starts_with("From "), "{}", done.stdout);
    assert!(!done.stdout.contains(doubt) && done.stderr.contains(doubt), "{}", done.stderr);
    for file in ["-", "y.patch"] {
        let answer = json(&fine(&bare, &["deliver", "r1", "-p", file, "--json"]));
        assert_eq!((&answer["verified"], answer["commit"].as_str()), (&json!(false), Some(head.as_str())), "{answer}");
    }
}
