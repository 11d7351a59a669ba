//! Hostile text in everything that is shown, through every view of the console and every subcommand, in a real terminal: only
//! sequences of our own come out, nothing hidden, and nothing that is not UTF-8.
//!
//! At full size: `DOGWATCH_HOSTILE=5000` inputs (100 by default); `DOGWATCH_SEED` repeats them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::time::{Duration, Instant};
use support::bare::{Bare, Process};
use support::chance::{number, seed};
use support::console::{Console, foreign, hidden};
use support::hostile::Hostile;
use support::wait_until;

const PATIENCE: Duration = Duration::from_mins(1);
/// Longer than a frame, so that each page is painted.
const FRAME: Duration = Duration::from_millis(45);

/// A store full of hostile text with an engine over it.
fn hostile() -> (Bare, Process, Hostile, usize) {
    let inputs = usize::try_from(number("DOGWATCH_HOSTILE", 100)).unwrap();
    let bare = Bare::new();
    let mut hostile = Hostile::new(seed());
    hostile.fill(&bare, inputs);
    let engine = bare.start();
    (bare, engine, hostile, inputs)
}

/// Fails unless all bytes are our own.
#[track_caller]
fn assert_own(what: &str, bytes: Vec<u8>, lines: bool) {
    let text = String::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: bytes that are not UTF-8: {error}"));
    assert_eq!(hidden(&text), Vec::<char>::new(), "{what}");
    assert!(!text.contains("\u{1b}]52;"), "{what}: something was copied");
    // Commands print lines, the console places its text.
    let looked: Vec<u8> =
        if lines { text.bytes().filter(|byte| !b"\r\n".contains(byte)).collect() } else { text.into() };
    assert_eq!(foreign(&looked), Vec::<String>::new(), "{what}");
    if lines {
        let moved = looked
            .split(|byte| *byte == 0x1b)
            .skip(1)
            .find(|rest| rest.iter().find(|byte| byte.is_ascii_alphabetic()) != Some(&b'm'));
        assert!(moved.is_none(), "{what}: {:?}", moved.map(String::from_utf8_lossy));
    }
}

/// The marks of inputs that a screen shows.
fn marks(shown: &str, seen: &mut BTreeSet<u32>) {
    for part in shown.split('h').skip(1) {
        if let Some((number, _)) = part.split_once('.')
            && let Ok(number) = number.parse()
        {
            seen.insert(number);
        }
    }
}

#[test]
fn the_checks_find_what_they_look_for() {
    for piece in support::hostile::PIECES {
        let text = String::from_utf8_lossy(piece);
        // The console leaves the terminal with such sequences of its own, once. Marks upon marks are no danger, only ugly.
        let plain = text.starts_with("\u{1b}[?") || text.starts_with("e\u{301}");
        let found = foreign(piece).len() + hidden(&text).len() + usize::from(std::str::from_utf8(piece).is_err());
        // What the console copies goes the same way; nothing is copied here, so any such sequence is a foreign one.
        let found = found + usize::from(text.contains("]52;"));
        assert!(found > 0 || plain, "{text:?}");
    }
}

#[test]
fn every_view_of_the_console_shows_it_and_obeys_none_of_it() {
    let (bare, _engine, mut hostile, inputs) = hostile();
    let mut console = Console::start(&bare, &["watch"], 50, 200);
    console.wait_for("waiting for you");
    let mut seen = BTreeSet::new();
    let mut through = |console: &mut Console, keys: &str, times: usize| {
        let before = seen.len();
        for _ in 0..times {
            console.type_keys(keys);
            let painted = Instant::now() + FRAME;
            while Instant::now() < painted {
                std::thread::sleep(Duration::from_millis(5));
            }
            // Lines of the log that are not loaded yet.
            wait_until("a page", PATIENCE, || !console.shown().lines().any(|line| line.trim() == "..."));
            marks(&console.shown(), &mut seen);
        }
        seen.len() - before
    };
    // What stands on a screen that shows nothing that no other one does.
    let on = |console: &Console, title: &str| {
        console.wait_for(title);
        // What the engine is asked for comes a moment later.
        wait_until(&format!("something hostile in `{title}`"), PATIENCE, || {
            let mut here = BTreeSet::new();
            marks(&console.shown(), &mut here);
            !here.is_empty()
        });
    };
    let runs = inputs.div_ceil(10);
    // Every run with its tasks and questions in the list, its log beside it, and what it was told in the editor.
    through(&mut console, "a", 1);
    through(&mut console, "j", runs + 1);
    through(&mut console, "g", 1);
    for _ in 0..runs {
        console.type_keys("r");
        console.wait_for("The next prompt begins so:");
        through(&mut console, "\u{1b}", 1);
        // Together with the next key it would be another one.
        wait_until("the editor to go", PATIENCE, || !console.shown().contains("The next prompt begins so:"));
        through(&mut console, "j", 1);
    }
    // The bug table, and every question in full.
    let found = through(&mut console, "3", 1) + through(&mut console, "\u{6}", inputs / 20 + 2);
    assert!(found > 0, "no bug is seen");
    let found = through(&mut console, "2", 1) + through(&mut console, "j", runs / 2 + 1);
    assert!(found > 0, "no question is seen:\n{}", console.shown());
    through(&mut console, "y\u{1b}", 1);
    // The dialog about what is proposed for a live asset, to its end.
    through(&mut console, "1\u{1b}", 1);
    through(&mut console, "2gj\r", 1);
    console.wait_for("x1 for db-1");
    through(&mut console, "\u{6}", 12);
    through(&mut console, "\u{1b}", 2);
    through(&mut console, "4", 1);
    through(&mut console, "5", 2);
    on(&console, "Audit log");
    through(&mut console, "j", runs);
    through(&mut console, "7", 2);
    on(&console, "Knowledge ");
    through(&mut console, "j", runs);
    // Every part of some runs in full: their findings, what they were told, their steps.
    through(&mut console, "1\u{1b}", 1);
    through(&mut console, "g", 1);
    for _ in 0..runs.min(40) {
        through(&mut console, "\r", 2);
        for _ in 0..8 {
            through(&mut console, "]", 1);
            through(&mut console, "\u{6}", 2);
        }
        through(&mut console, "\u{1b}", 3);
        through(&mut console, "j", 1);
    }
    // The log of the second run from its beginning, cut, wrapped, and sideways; it is the last one in the list.
    through(&mut console, "1\u{1b}", 1);
    through(&mut console, "G", 1);
    wait_until("the log", PATIENCE, || console.shown().contains("r2-i0-test-unit-a1"));
    for (keys, times) in [("\t", 1), ("z", 1), ("g", 4), ("\u{6}", inputs / 40 + 4)] {
        through(&mut console, keys, times);
    }
    for keys in ["wg", "\u{6}", "\u{6}", "wt", "l", "l", "l", "l"] {
        through(&mut console, keys, 3);
    }
    // What is pasted is shown in fields, and quoted when nothing has it.
    for number in 0..(inputs / 20).clamp(5, 60) {
        let text = hostile.text().replace("\u{1b}[201~", "");
        let key = ["/", ":", "1r"][number % 3];
        through(&mut console, key, 1);
        through(&mut console, &format!("\u{1b}[200~{text}\u{1b}[201~"), 1);
        through(&mut console, "\r", 1);
        through(&mut console, "\u{1b}", 2);
    }
    console.type_keys("q");
    if console.child.try_wait().unwrap().is_none() {
        console.type_keys("\u{1b}\u{3}");
    }
    console.end();
    let (bytes, lines) = (console.bytes(), seen.range(hostile.log).count());
    let seen = seen.len();
    println!("{} bytes to the terminal, {seen} inputs seen on the screen, {lines} lines of the log", bytes.len());
    // Some overwrite their own marks.
    assert!(lines * 10 >= inputs * 8, "only {lines} of {inputs} lines of the log were seen");
    for mode in ["\u{1b}[?1049l", "\u{1b}[?2004l"] {
        let left = bytes.windows(mode.len()).filter(|part| *part == mode.as_bytes()).count();
        assert_eq!(left, 1, "the terminal was left in between");
    }
    assert_own("the console", bytes, false);
    console.assert_given_back();
}

#[test]
#[allow(clippy::too_many_lines, reason = "a list of subcommands")]
fn every_subcommand_shows_it_and_obeys_none_of_it() {
    let (bare, _engine, mut hostile, inputs) = hostile();
    let runs = inputs.div_ceil(10);
    let mut seen = BTreeSet::new();
    let mut done = 0;
    let mut perform = |args: &[&OsStr]| {
        let mut command = bare.through("setsid", &["--ctty", env!("CARGO_BIN_EXE_dogwatch")]);
        command.args(args).env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
        let mut console = Console::spawn(command, 50, 160);
        console.end();
        let bytes = console.bytes();
        marks(&String::from_utf8_lossy(&bytes), &mut seen);
        assert!(!bytes.is_empty(), "{args:?} said nothing");
        assert_own(&format!("{args:?}"), bytes, true);
        done += 1;
    };
    let mut words = |line: &str| perform(&line.split(' ').map(OsStr::new).collect::<Vec<_>>());
    for line in [
        "ps",
        "ps --all",
        "ps --all --json",
        "logs r2",
        "logs r2 --list",
        "logs r2 --list --json",
        "approvals ls",
        "approvals ls --json",
        "approvals ls --all",
        "approvals show x1",
        "approvals show x1 --json",
        "approvals output x1",
        "approvals approve-all x1 x1",
        "approvals approve-all x1 x1 --json",
        "budget",
        "budget --json",
        "models stop --reason \u{1b}[31mred\u{202e}",
        "models",
        "models --json",
        "models start",
        "project ls",
        "project ls --json",
        "status",
        "status --json",
        "whoami",
        "whoami --json",
        "audit log",
        "audit log --json",
        "audit show 2",
        "audit witness",
        "audit verify",
        "audit export",
        "backup",
        "backup ls",
        "backup ls --json",
        "backup check",
        "gc --dry-run",
        "doctor",
        "diff r1",
        "egress r1",
        "egress r1 --json",
        "prompt r1",
        "tools r1",
        "tools r1 --json",
        "tasks",
        "tasks r1",
        "tasks r1 --json",
        "bug ls --all",
        "bug ls --json",
        "bug show b1",
        "bug show b1 --json",
        "asset ls",
        "asset ls --json",
        "asset show db-1",
        "asset show db-1 --json",
        "feature ls --all",
        "feature ls --all --json",
        "feature show f1",
        "feature show f1 --json",
        "dataset ls",
        "dataset ls --json",
        "dataset show hostile",
        "lesson ls",
        "lesson ls --json",
        "lesson show l1",
        "lesson show l1 --json",
        "task ls",
        "task ls --json",
        "task show c1",
        "task show c1 --json",
        "knowledge ls",
        "knowledge ls --json",
        "prompt r1 1 --json",
        "deliver r1",
    ] {
        words(line);
    }
    for run in 1..=runs {
        words(&format!("show r{run}"));
    }
    for question in 1..=runs.div_ceil(2) {
        words(&format!("approvals show q{question}"));
    }
    words("show r1 --json");
    // What people type comes back in complaints.
    let commands: [&[&str]; 22] = [
        &[],
        &["show"],
        &["ps"],
        &["egress"],
        &["asset", "show"],
        &["bug", "add", "--project"],
        &["bug", "add", "--project", "p", "--description"],
        &["audit", "log", "--by"],
        &["notify", "test"],
        &["pause"],
        &["redirect", "r1"],
        &["cancel", "r1", "--reason"],
        &["logs", "r1", "--step"],
        &["priority", "r1"],
        &["approvals", "show"],
        &["approvals", "deny", "x1", "--reason"],
        &["propose", "db-1", "--why", "x", "--cwd"],
        &["deliver", "r1", "--branch"],
        &["project", "add"],
        &["init"],
        &["run", "--project"],
        &["completions"],
    ];
    for before in commands.iter().cycle().take((inputs / 10).max(commands.len())) {
        let argument = hostile.argument();
        let args: Vec<&OsStr> = before.iter().map(OsStr::new).chain([argument.as_os_str()]).collect();
        perform(&args);
    }
    // A configuration that somebody else wrote.
    for _ in 0..(inputs / 50).max(3) {
        fs::write(bare.config(), format!("[engine]\n{} = 1\nx = \"{}\"\n", hostile.text(), hostile.text())).unwrap();
        perform(&[OsStr::new("doctor")]);
        fs::write(bare.config(), format!("[keys]\npause = ['{}']\n", hostile.text().replace(['\'', '\n'], "")))
            .unwrap();
        perform(&[OsStr::new("watch")]);
    }
    println!("{done} commands, {} inputs seen", seen.len());
    assert!(seen.len() >= inputs, "only {} inputs came out at all", seen.len());
}
