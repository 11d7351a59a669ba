//! The console in a real terminal: what it shows, that only its own sequences come out, that it gives the terminal back, and
//! that losing the terminal ends it and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use dogwatch::domain::RunId;
use rustix::process::{Signal, kill_process};
use support::bare::Bare;
use support::console::{Console, PATIENCE, foreign};
use support::filled::{fill, step_with, worked};
use support::wait_until;

/// What a hostile program or task says: a title, a cleared screen, a question to the terminal, C1, bidi.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}[6n\u{9b}31m\u{202e}dlrow";

/// An engine with runs that are over, the last of them with a long log.
fn bare(lines: usize) -> (Bare, support::bare::Process) {
    let bare = Bare::new();
    fill(&bare, 3, &format!("make it pass {HOSTILE}"));
    step_with(&bare, RunId(3), 1, |_| {
        let mut text = format!("{HOSTILE}\n").into_bytes();
        for number in 1..lines {
            text.extend(format!("line {number} of what was said\n").bytes());
        }
        text
    });
    let engine = bare.start();
    (bare, engine)
}

#[test]
fn runs_and_their_logs_are_seen_and_scrolled_and_searched() {
    let (bare, _engine) = bare(200_000);
    let mut console = Console::start(&bare, &["watch"], 36, 120);
    console.wait_for("No run is at work. 3 are over");
    console.type_keys("a");
    console.wait_for("Runs 3");
    console.wait_for("line 199999 of what was said");
    // The log has the keys and the screen; its beginning is not loaded yet.
    console.type_keys("\tzg");
    console.wait_for("line 1 of 200000");
    console.wait_for("owned");
    console.type_keys("G");
    console.wait_for("line 199999 of what was said");
    console.type_keys("/199777\r");
    console.wait_for("line 199777 of what was said");
    console.resize(12, 50);
    console.type_keys("\u{1b}");
    console.wait_for("Runs 3");
    console.resize(5, 20);
    console.wait_for("dogwatch needs");
    console.resize(24, 80);
    console.wait_for("r2 ");
    // A click on the second row of the list.
    console.type_keys("\u{1b}[<0;10;4M\u{1b}[<0;10;4m");
    console.wait_for("Nothing is written yet");
    console.type_keys("?");
    console.wait_for("Everywhere");
    // Together they would be another key.
    console.type_keys("\u{1b}");
    wait_until("the keys to be put away", PATIENCE, || !console.shown().contains("Everywhere"));
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
    console.assert_given_back();
    assert_eq!(foreign(&console.bytes()), Vec::<String>::new());
    assert!(!String::from_utf8_lossy(&console.bytes()).contains('\u{202e}'));
}

#[test]
fn a_run_is_looked_into_and_the_audit_log_is_read() {
    let bare = Bare::new();
    fill(&bare, 3, &format!("make it pass {HOSTILE}"));
    worked(&bare, RunId(3), HOSTILE);
    let _engine = bare.start();
    let mut console = Console::start(&bare, &["watch"], 36, 120);
    console.wait_for("No run is at work");
    console.type_keys("a");
    console.wait_for("Runs 3");
    console.type_keys("\r");
    console.wait_for("Its tests found nothing");
    console.wait_for("GONE");
    console.type_keys("k");
    console.wait_for("+1 -1 =1");
    console.wait_for("empty is wrong");
    console.type_keys("]]");
    console.wait_for("suite unit: failed");
    console.type_keys("]");
    console.wait_for("# Task of 1");
    console.type_keys("]");
    console.wait_for("look at the sums");
    console.type_keys("b");
    console.wait_for("is over, so the engine will refuse this");
    console.resize(20, 60);
    console.wait_for("Roll r3 back to iteration 1?");
    console.resize(36, 120);
    console.type_keys("\u{1b}");
    wait_until("the question to go", PATIENCE, || !console.shown().contains("Roll r3 back"));
    console.type_keys("3");
    console.wait_for("Runs that saw it");
    console.wait_for("gone in iteration");
    console.type_keys("5");
    console.wait_for("run.looked");
    console.wait_for("the record has its hash");
    console.type_keys("/kind:run.sub\r");
    wait_until("the filter to be in force", PATIENCE, || !console.shown().contains("run.looked"));
    console.wait_for("3 events, to the beginning");
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
    console.assert_given_back();
    assert_eq!(foreign(&console.bytes()), Vec::<String>::new());
    assert!(!String::from_utf8_lossy(&console.bytes()).contains('\u{202e}'));
}

#[test]
fn a_terminal_that_is_lost_ends_the_console_and_nothing_else() {
    let (bare, mut engine) = bare(10);
    let mut console = Console::start(&bare, &[], 24, 80);
    console.wait_for("No run is at work");
    // As when a connection breaks; whether the signal comes or not, the end of the terminal is seen.
    console.master = None;
    console.end();
    assert!(!engine.has_ended());
    bare.cmd(&["ps", "--all"]).expect_code(0);
}

#[test]
fn signals_end_it_and_the_terminal_is_given_back() {
    let (bare, _engine) = bare(10);
    let mut console = Console::start(&bare, &["watch"], 24, 80);
    console.wait_for("No run is at work");
    console.signal(Signal::TERM);
    assert_eq!(console.end(), Some(0));
    console.assert_given_back();
}

#[test]
fn an_engine_that_goes_and_comes_back_is_told_and_found() {
    let (bare, engine) = bare(10);
    let mut console = Console::start(&bare, &["watch"], 24, 80);
    console.wait_for("No run is at work");
    engine.stop();
    console.wait_for("NO ENGINE");
    // What was there stays in view.
    assert!(console.shown().contains("3 are over"), "{}", console.shown());
    let _next = bare.start();
    wait_until("the engine to be found again", PATIENCE, || !console.shown().contains("NO ENGINE"));
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
}

#[test]
fn an_engine_that_hangs_is_told_as_silent_until_it_answers() {
    let (bare, engine) = bare(10);
    let mut console = Console::start(&bare, &["watch"], 24, 100);
    console.wait_for("No run is at work");
    kill_process(engine.pid(), Signal::STOP).unwrap();
    // Asked for what it never answers meanwhile.
    console.type_keys("5");
    console.wait_for("ENGINE SILENT");
    console.wait_for("all this is as of");
    kill_process(engine.pid(), Signal::CONT).unwrap();
    wait_until("the engine to be heard again", PATIENCE, || !console.shown().contains("SILENT"));
    console.wait_for("run.submitted");
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
}

#[test]
fn without_a_terminal_it_says_what_else_there_is() {
    let (bare, _engine) = bare(10);
    let said = bare.cmd(&["watch"]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("needs a terminal"), "{said:?}");
}

#[test]
fn plain_lines_are_told_without_any_sequence() {
    let (bare, _engine) = bare(10);
    // A terminal that cannot place text gets them unasked.
    for (args, term) in [(["watch", "--plain"], "xterm-256color"), (["watch", "--read-only"], "dumb")] {
        let mut console = Console::with(&bare, &args, 24, 80, &[("TERM", term), ("LC_ALL", "C")]);
        console.wait_for("The engine is up; no runs are at work.");
        // Not SIGINT, which whoever runs the tests in the background has them ignore.
        console.signal(Signal::TERM);
        wait_until("its end", PATIENCE, || console.child.try_wait().unwrap().is_some());
        let printed = console.bytes();
        assert!(printed.iter().all(|byte| (b' '..=b'~').contains(byte) || b"\r\n".contains(byte)), "{printed:?}");
    }
}

#[test]
fn plain_lines_go_on_with_the_next_engine() {
    let (bare, engine) = bare(10);
    let console = Console::start(&bare, &["watch", "--plain"], 24, 80);
    console.wait_for("The engine is up; no runs are at work.");
    engine.stop();
    console.wait_for("The engine went away");
    let _next = bare.start();
    console.wait_for("The engine is back.");
    console.signal(Signal::TERM);
}
