//! That the audit log is not the one that was seen is told beside whatever else there is to tell.

use super::support::bare::Bare;
use super::support::filled::fill;
use super::{fine, json};
use std::process::Stdio;

const ALARM: &str = "THE AUDIT LOG IS NOT THE ONE YOU SAW";

/// An engine whose state was wiped after this user had seen its audit log.
fn wiped() -> Bare {
    let bare = Bare::new();
    fill(&bare, 1, "task");
    fine(&bare, &["ps"]);
    fine(&bare, &["stop"]);
    std::fs::remove_dir_all(bare.state()).unwrap();
    std::fs::create_dir(bare.state()).unwrap();
    bare
}

#[test]
fn an_alarm_is_told_also_where_the_command_itself_fails() {
    let bare = wiped();
    let done = bare.cmd(&["show", "r7"]);
    assert_eq!(done.code, Some(4), "{}", done.stderr);
    assert!(done.stderr.contains("there is no run r7") && done.stderr.contains(ALARM), "{}", done.stderr);
    let done = bare.cmd(&["show", "r7", "--json"]);
    let error = &json(&done.stderr)["error"];
    assert_eq!((done.code, error["code"].as_i64()), (Some(4), Some(4)));
    assert!(error["alarm"].as_str().unwrap().starts_with(ALARM), "{error}");
    // What was done keeps its own code for this.
    let done = bare.cmd(&["ps"]);
    assert!(done.code == Some(9) && done.stderr.contains(ALARM), "{}", done.stderr);
}

#[test]
fn an_alarm_is_told_also_where_nobody_reads_the_rest() {
    let bare = wiped();
    // An engine is there, so that the command has something to print at once.
    let _engine = bare.start();
    let mut command = bare.through(env!("CARGO_BIN_EXE_dogwatch"), &["ps"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.code() == Some(9) && said.contains(ALARM), "{:?}: {said}", done.status);
}
