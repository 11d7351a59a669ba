//! Text that would deceive, and places that would mislead: shown exactly, said once, and never worked on by mistake.

use super::support::bare::{Bare, output};
use super::support::filled::fill;
use super::{fine, refused, repository};
use rustix::fs::{CWD, FileType, Mode};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

#[test]
fn what_no_command_understands_is_quoted_exactly_and_in_its_place() {
    let bare = Bare::new();
    for (args, shown) in [
        (["show", "r1\u{1b}[2J"].as_slice(), "r1\\e[2J"),
        (&["show", "r1\nerror: the engine lost your data"], "r1\\nerror: the engine"),
        (&["run", "--priority", "hi\u{202e}gh", "x"], "hi\\u{202e}gh"),
        (&["\u{1b}[31mps"], "\\e[31mps"),
        (&["ps", "--al\u{200b}l"], "--al\\u{200b}l"),
        (&["asset", "add", "a\nb", "--local"], "a\\nb"),
        (&["asset", "add", "web", "--label", "a\u{7}=b", "--local"], "a\\u{7}=b"),
    ] {
        let done = bare.cmd(args);
        assert_eq!(done.code, Some(2), "{args:?}: {}{}", done.stdout, done.stderr);
        assert!(done.stderr.contains(shown), "{args:?}: {}", done.stderr);
        assert!(!done.stderr.lines().skip(1).any(|line| line.starts_with("error")), "{}", done.stderr);
    }
    let done = output(&mut bare.through(env!("CARGO_BIN_EXE_dogwatch"), &["show", "--json", "r1\u{1b}[2J"]));
    assert!(done.stderr.contains("r1\\\\e[2J"), "{}", done.stderr);
}

#[test]
fn what_is_shown_is_escaped_once() {
    let bare = Bare::new();
    let source = repository(&bare.path().join("shop"));
    fine(&bare, &["project", "add", source.to_str().unwrap()]);
    refused(&bare, &["task", "add", "-p", "shop", "-r", "a\u{1b}[31m"], 5, "`a\\e[31m`");
    refused(&bare, &["run", "-p", "shop", "-r", "a\u{1b}[31m", "x"], 5, "`a\\e[31m`");
    let done = bare.cmd(&["project", "add", "http://h\\x/p"]);
    assert!(done.stderr.contains("http://h\\\\x/p") && !done.stderr.contains("\\\\\\"), "{}", done.stderr);
}

#[test]
fn a_data_set_that_is_not_there_is_named_with_its_place() {
    let bare = Bare::new();
    refused(&bare, &["dataset", "add", "zz", "/nope/x"], 5, "/nope/x: No such file or directory");
}

#[test]
fn a_directory_that_no_text_can_name_is_refused_instead_of_another_one() {
    let bare = Bare::new();
    let other = bare.path().join("sh\u{fffd}p");
    repository(&other);
    let here = repository(&bare.path().join(OsStr::from_bytes(b"sh\xffp")));
    let done = output(bare.through(env!("CARGO_BIN_EXE_dogwatch"), &["run", "do it"]).current_dir(&here));
    assert_eq!(done.code, Some(1), "{}{}", done.stdout, done.stderr);
    assert!(done.stderr.contains("not UTF-8"), "{}", done.stderr);
    assert!(fine(&bare, &["project", "ls", "--json"]).is_empty());
}

#[test]
fn a_configuration_that_is_no_file_is_refused_at_once() {
    let bare = Bare::new();
    fill(&bare, 1, "task");
    rustix::fs::mknodat(CWD, bare.config(), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let begun = Instant::now();
    for args in [["ps"].as_slice(), &["doctor"], &["serve"]] {
        let mut command = bare.through("timeout", &["30", env!("CARGO_BIN_EXE_dogwatch")]);
        let done = output(command.args(args));
        assert!(done.code != Some(124) && done.code != Some(0), "{args:?}: {:?} {}", done.code, done.stderr);
        let said = done.stdout + &done.stderr;
        assert!(said.contains("no regular file"), "{args:?}: {said}");
    }
    assert!(begun.elapsed() < Duration::from_mins(1));
}

#[test]
fn a_home_that_is_relative_is_named_as_such() {
    let bare = Bare::new();
    let mut command = bare.through(env!("CARGO_BIN_EXE_dogwatch"), &["ps"]);
    command.env("HOME", "relative").env_remove("DOGWATCH_STATE_DIR").env_remove("XDG_STATE_HOME");
    command.env("DOGWATCH_SYSTEM_DIR", "/nonexistent/dogwatch");
    let done = output(&mut command);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert!(done.stderr.contains("HOME") && !done.stderr.contains("DOGWATCH_STATE_DIR is"), "{}", done.stderr);
}

#[test]
fn several_mistakes_of_a_configuration_have_a_line_each() {
    let bare = Bare::new();
    std::fs::write(bare.config(), "[engine]\nunknown = 1\nother = 2\n").unwrap();
    let done = bare.cmd(&["doctor"]);
    assert!(!done.stdout.contains("\\n"), "{}", done.stdout);
    assert_eq!(done.stdout.lines().filter(|line| line.contains("config.toml:")).count(), 2, "{}", done.stdout);
}
