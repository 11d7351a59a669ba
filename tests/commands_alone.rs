//! Commands through the real executable and its engine, without any containers: nothing that was given is dropped or kept where it must
//! not be, and what is not there, not wanted or not verified is said alike everywhere.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[path = "commands/alarms.rs"]
mod alarms;
#[path = "commands/hostile.rs"]
mod hostile;
#[path = "commands/missing.rs"]
mod missing;
#[path = "commands/proposals.rs"]
mod proposals;
#[path = "commands/stdin.rs"]
mod stdin;
#[path = "commands/stored.rs"]
mod stored;

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::Output;
use support::bare::Bare;

/// Runs a command that has to do what it should; gives what it printed.
#[track_caller]
fn fine(bare: &Bare, args: &[&str]) -> String {
    let done = bare.cmd(args);
    assert_eq!(done.code, Some(0), "{args:?}: {}{}", done.stdout, done.stderr);
    done.stdout
}

/// Runs a command that has to fail in these words.
#[track_caller]
fn refused(bare: &Bare, args: &[&str], code: i32, words: &str) {
    let done = bare.cmd(args);
    assert_eq!(done.code, Some(code), "{args:?}: {}{}", done.stdout, done.stderr);
    assert!(done.stderr.contains(words), "{args:?}: {}", done.stderr);
}

/// Runs a command with this on its standard input.
fn told(bare: &Bare, args: &[&str], text: &str) -> Output {
    let mut command = bare.through(env!("CARGO_BIN_EXE_dogwatch"), args);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("dogwatch");
    // Who reads nothing of it closes it, which is judged by what the command says.
    drop(child.stdin.take().expect("its input").write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("its end");
    let read = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Output { code: output.status.code(), stdout: read(output.stdout), stderr: read(output.stderr) }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A repository with one commit.
fn repository(at: &Path) -> PathBuf {
    std::fs::create_dir_all(at).unwrap();
    let git = |args: &[&str]| {
        let names = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
        let done = Command::new("git").arg("-C").arg(at).args(names).args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    std::fs::write(at.join("README"), "hello\n").unwrap();
    let settings = "[image]\nreference = \"debian:13\"\n[[suite]]\nname = \"unit\"\ncommand = \"true\"\nformat = \"junit\"\n\
                    report = \"report.xml\"\n[agent]\nname = \"command\"\ncommand = \"true\"\n";
    std::fs::write(at.join("dogwatch.toml"), settings).unwrap();
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "first"]);
    at.to_owned()
}
