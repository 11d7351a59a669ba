//! `-` is standard input wherever a text is given, read once and without the newline that ends it.

use super::support::bare::Bare;
use super::support::filled::waiting;
use super::support::wait_until;
use super::{fine, json, repository, told};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::OpenptFlags;
use rustix::termios::{LocalModes, tcgetattr};
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::time::Duration;

#[track_caller]
fn said(bare: &Bare, args: &[&str], text: &str) -> String {
    let done = told(bare, args, text);
    assert_eq!(done.code, Some(0), "{args:?}: {}{}", done.stdout, done.stderr);
    done.stdout
}

#[test]
fn a_text_of_standard_input_ends_before_its_last_newline() {
    let bare = Bare::new();
    waiting(&bare, "may it?", &[]);
    let lesson = |text: &str| {
        json(&said(&bare, &["lesson", "add", "-p", "waits", "-", "--json"], text))["lesson"]["text"].clone()
    };
    assert_eq!((lesson("a lesson\n"), lesson("another\r\n")), ("a lesson".into(), "another".into()));
    let feature = ["feature", "add", "-p", "waits", "-d", "what", "-n", "-", "A feature", "--json"];
    assert_eq!(json(&said(&bare, &feature, "one\ntwo\n"))["view"]["feature"]["notes"], "one\ntwo");
    said(&bare, &["approvals", "deny", "q1", "-r", "-"], "not on a Friday\n");
    assert_eq!(json(&fine(&bare, &["approvals", "show", "q1", "--json"]))["answer"]["reason"], "not on a Friday");
    said(&bare, &["cancel", "r1", "-r", "-"], "no more\n");
    assert!(fine(&bare, &["audit", "log", "--json"]).contains("no more"));
    said(&bare, &["asset", "import", "-"], "[assets.web-1]\nlocal = true\n");
    assert!(fine(&bare, &["asset", "ls"]).contains("web-1"));
}

#[test]
fn standard_input_is_read_for_one_thing() {
    let bare = Bare::new();
    repository(&bare.path().join("shop"));
    fine(&bare, &["asset", "add", "web-1", "--local"]);
    fine(&bare, &["project", "add", "shop"]);
    for args in [
        ["propose", "web-1", "--why", "w", "--script", "-", "--stdin", "-"].as_slice(),
        &["feature", "add", "-p", "shop", "-d", "-", "-n", "-", "A feature"],
        &["propose", "web-1", "--why", "-", "--script", "-"],
    ] {
        let done = told(&bare, args, "echo hello\n");
        assert_eq!(done.code, Some(2), "{args:?}: {}{}", done.stdout, done.stderr);
        assert!(done.stderr.contains("standard input"), "{args:?}: {}", done.stderr);
    }
    let listed = fine(&bare, &["feature", "ls", "--json"]) + &fine(&bare, &["approvals", "ls", "--json"]);
    assert_eq!(listed, "");
}

#[test]
fn a_secret_of_several_lines_is_refused_instead_of_cut() {
    let bare = Bare::new();
    let done = told(&bare, &["secret", "set", "key"], "abc\nsecond line\n");
    assert_eq!(done.code, Some(1), "{}{}", done.stdout, done.stderr);
    assert!(done.stderr.contains("more than one line") && !done.stderr.contains("second"), "{}", done.stderr);
    assert!(fine(&bare, &["secret", "ls", "--json"]).is_empty());
    said(&bare, &["secret", "set", "key"], "abc\n\n");
}

#[test]
fn a_terminal_shows_again_what_is_typed_when_a_secret_is_broken_off() {
    let bare = Bare::new();
    let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    rustix::pty::grantpt(&master).unwrap();
    rustix::pty::unlockpt(&master).unwrap();
    let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
    let slave = File::options().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
    let shows = || tcgetattr(&slave).unwrap().local_modes.contains(LocalModes::ECHO);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        assert!(shows());
        let mut command = bare.through(env!("CARGO_BIN_EXE_dogwatch"), &["secret", "set", "key"]);
        let mut child = command.stdin(slave.try_clone().unwrap()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until("it is hidden", Duration::from_secs(30), || !shows());
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert!(shows(), "{signal:?}");
    }
    assert!(fine(&bare, &["secret", "ls", "--json"]).is_empty());
}
