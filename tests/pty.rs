//! The command line in a real terminal: a run is followed in a PTY, the terminal is lost in the middle, the run goes on,
//! and only sequences of our own ever come out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use portable_pty::{CommandBuilder, NativePtySystem, PtySize, PtySystem};
use std::io::Read;
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{Engine, TempRepo, wait_until};

const PATIENCE: Duration = Duration::from_mins(2);

/// What a terminal of 80x24 got: the bytes, and the screen that they make.
#[derive(Default, Clone)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    /// Everything that was printed, as a person would scroll through it.
    fn text(&self) -> String {
        let mut parser = vt100::Parser::new(NonZeroU16::new(2000).unwrap(), NonZeroU16::new(200).unwrap(), 0);
        parser.process(&self.bytes());
        parser.screen().contents()
    }
}

type Running = (Box<dyn portable_pty::Child + Send + Sync>, Seen, Box<dyn portable_pty::MasterPty + Send>);

/// Starts a command of dogwatch in a terminal and collects what it prints.
fn in_terminal(engine: &Engine, dir: &std::path::Path, args: &[&str]) -> Running {
    let pair = NativePtySystem::default().openpty(PtySize { rows: 24, cols: 80, ..PtySize::default() }).unwrap();
    let command = engine.command(args);
    let mut builder = CommandBuilder::new(command.get_program());
    builder.args(command.get_args());
    builder.cwd(dir);
    builder.env("TERM", "xterm-256color");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => builder.env(name, value),
            None => builder.env_remove(name),
        }
    }
    let child = pair.slave.spawn_command(builder).unwrap();
    drop(pair.slave);
    let seen = Seen::default();
    let (mut reader, sink) = (pair.master.try_clone_reader().unwrap(), seen.clone());
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // A terminal whose program ended answers with an error.
        while let Ok(count) = reader.read(&mut buffer) {
            if count == 0 {
                return;
            }
            sink.0.lock().unwrap().extend_from_slice(&buffer[..count]);
        }
    });
    (child, seen, pair.master)
}

/// Every escape sequence and control in the bytes other than line ends and our own SGR.
fn foreign(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut rest = text.as_ref();
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\n' && c != '\r') {
        let tail = &rest[at..];
        let own = tail.strip_prefix("\u{1b}[").and_then(|sgr| {
            let end = sgr.find(|c: char| !c.is_ascii_digit() && c != ';')?;
            sgr[end..].strip_prefix('m')
        });
        rest = if let Some(after) = own {
            after
        } else {
            found.push(tail.chars().take(8).flat_map(char::escape_default).collect());
            &tail[tail.chars().next().map_or(1, char::len_utf8)..]
        };
    }
    found
}

#[test]
fn the_check_for_foreign_sequences_finds_them() {
    assert!(foreign(b"plain\r\n\x1b[1;31mred\x1b[0m\n").is_empty());
    for bad in [&b"\x1b]0;title\x07"[..], b"\x1b[2J", b"\x08", b"\xc2\x9b2J"] {
        assert!(!foreign(bad).is_empty(), "{bad:?}");
    }
}

mod needs_docker {
    use super::*;

    fn repository(image: &str) -> TempRepo {
        let config = format!(
            "[image]\nreference = \"{image}\"\n\n[[suite]]\nname = \"unit\"\nformat = \"junit\"\nreport = \"report.xml\"\n\
             command = \"python3 -m pytest -p no:cacheprovider --junitxml=report.xml\"\n\
             env = {{ PYTHONPATH = \".\", PYTHONDONTWRITEBYTECODE = \"1\" }}\n\n\
             [agent]\nname = \"replay\"\nscript = \"replay.json\"\n"
        );
        // The wrong attempt prints what a hostile log would: a title, a cleared screen, an answerback, bidi.
        let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[6n\u{9b}31m\u{202e}dlrow";
        let script = serde_json::json!({"replay": 1, "iterations": [
            {"say": hostile, "edits": [{"path": "calc.py", "write": "def add(a, b):\n    return a * b\n"}], "sleep": 2},
            {"edits": [{"path": "calc.py", "write": "def add(a, b):\n    return a + b\n"}], "claims": "done"},
        ]});
        TempRepo::new(&[
            ("calc.py", "def add(a, b):\n    return a - b\n"),
            ("tests/test_calc.py", "from calc import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n"),
            ("dogwatch.toml", &config),
            ("replay.json", &script.to_string()),
        ])
    }

    /// Follow a run in a terminal, lose the terminal while the agent works, come back, see the end.
    #[test]
    fn a_followed_run_outlives_its_terminal() {
        let Some(docker) = support::docker() else { return };
        let engine = Engine::start(&docker);
        let repository = repository(&docker.image);
        let task = "make it pass \u{1b}[2J\u{202e}";
        let (mut child, seen, master) = in_terminal(&engine, repository.path(), &["run", "--follow", task]);
        wait_until("the agent's first turn on the screen", PATIENCE, || seen.text().contains("developing"));
        drop(master);
        wait_until("the end of the followed command", PATIENCE, || child.try_wait().unwrap().is_some());
        wait_until("the end of the run", PATIENCE, || {
            engine.cmd(&["ps", "--all", "--json"]).stdout.contains("\"succeeded\"")
        });
        let mut bytes = seen.bytes();
        for args in [&["ps", "--all"][..], &["show", "r1"], &["logs", "r1"], &["diff", "r1"], &["approvals", "ls"]] {
            let (mut child, seen, _master) = in_terminal(&engine, repository.path(), args);
            wait_until("the end of a command", PATIENCE, || child.try_wait().unwrap().is_some());
            wait_until("what it printed", PATIENCE, || !seen.bytes().is_empty());
            bytes.extend(seen.bytes());
        }
        assert_eq!(foreign(&bytes), Vec::<String>::new());
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!shown.contains('\u{202e}'), "a hidden character reached the terminal");
        assert!(shown.contains("owned"), "the hostile line was not shown at all");
        assert!(repository.branches().iter().any(|(name, _)| name == "dogwatch/run-1"), "nothing was delivered");
    }
}
