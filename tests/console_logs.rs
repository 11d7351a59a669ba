//! Logs in the console in a real terminal: the whole log is searched and filtered, steps are gone through, lines are copied
//! and opened elsewhere.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dogwatch::domain::RunId;
use std::os::unix::fs::PermissionsExt;
use support::bare::{Bare, Process};
use support::console::{Console, PATIENCE, foreign};
use support::filled::{fill, step_with};
use support::wait_until;

/// What a program may not do to a terminal: a title, the clipboard.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}]52;c;b3duZWQ=\u{7}\u{202e}dlrow";

/// An engine with a run that has two logs, the second of 200,000 lines.
fn bare() -> (Bare, Process) {
    let bare = Bare::new();
    fill(&bare, 1, "make it pass");
    step_with(&bare, RunId(1), 1, |_| b"the first step\nand its end\n".to_vec());
    step_with(&bare, RunId(1), 2, |_| {
        let mut text = format!("{HOSTILE}\n").into_bytes();
        for number in 1..200_000 {
            let words = if number == 77_777 { "error: it broke, needle" } else { "of what was said" };
            text.extend(format!("line {number} {words}\n").bytes());
        }
        text
    });
    let engine = bare.start();
    (bare, engine)
}

/// A console that shows the log on the whole screen.
fn opened(bare: &Bare, variables: &[(&str, &str)]) -> Console {
    let mut console = Console::with(bare, &["watch"], 24, 100, variables);
    console.wait_for("No run is at work");
    console.type_keys("a");
    console.wait_for("line 199999 of what was said");
    console.type_keys("\tz");
    console.wait_for("(2 of 2)");
    console
}

fn leave(mut console: Console) {
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
    console.assert_given_back();
    assert_eq!(foreign(&console.bytes()), Vec::<String>::new());
}

#[test]
fn the_whole_log_is_searched() {
    let (bare, _engine) = bare();
    let mut console = opened(&bare, &[]);
    // Far from the end, where nothing is loaded.
    console.type_keys("/NEEDLE\r");
    console.wait_for("no line of this log has NEEDLE");
    console.type_keys("/~n[e]+dle\r");
    console.wait_for("line 77777 error: it broke, needle");
    console.type_keys("n");
    console.wait_for("no line below has ~n[e]+dle");
    console.type_keys("G");
    console.wait_for("line 199999");
    console.type_keys("e");
    console.wait_for("line 77777 error: it broke, needle");
    console.type_keys("/~(\r");
    console.wait_for("is no regular expression");
    // What was written stays, to be mended.
    assert!(console.shown().contains("~("));
    console.type_keys("\u{1b}");
    wait_until("the field to go", PATIENCE, || !console.shown().contains("is no regular expression"));
    leave(console);
}

#[test]
fn a_filter_shows_what_fits_of_the_whole_log() {
    let (bare, _engine) = bare();
    let mut console = opened(&bare, &[]);
    console.type_keys("&line 7777 !error\r");
    let fit = (1..200_000).filter(|number| *number != 77_777 && number.to_string().contains("7777")).count();
    console.wait_for(&format!("{fit} of 200000 lines"));
    console.wait_for("line 197777 of what was said");
    console.type_keys("g");
    console.wait_for("line 7777 of");
    console.type_keys("&nowhere\r");
    console.wait_for("None of the 200000 lines fits the filter");
    // Without it what is around the place is seen.
    console.type_keys("\u{1b}");
    console.wait_for("line 7780 of what was said");
    leave(console);
}

#[test]
fn steps_are_gone_through() {
    let (bare, _engine) = bare();
    let mut console = opened(&bare, &[]);
    console.type_keys("[");
    console.wait_for("and its end");
    console.wait_for("end; `]` goes on to r1-i0-test-unit-a2");
    console.type_keys("]");
    console.wait_for("line 1 of what was said");
    console.wait_for("(2 of 2)");
    leave(console);
}

/// What went to the clipboard last.
fn copied(console: &Console) -> Option<String> {
    let bytes = console.bytes();
    let text = String::from_utf8_lossy(&bytes);
    let sent = text.rsplit_once("\u{1b}]52;c;")?.1.split_once("\u{1b}\\")?.0;
    Some(String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap())
}

#[test]
fn lines_are_copied_by_the_terminal_or_into_a_file() {
    let (bare, _engine) = bare();
    let mut console = opened(&bare, &[]);
    console.type_keys("c");
    console.wait_for("1 line was sent");
    assert_eq!(copied(&console).unwrap(), "line 199999 of what was said");
    console.type_keys("vkkc");
    console.wait_for("3 lines were sent");
    assert!(copied(&console).unwrap().starts_with("line 199997 of what was said\nline 199998"));
    // What a program wrote is copied as it is shown, never as it was.
    console.type_keys("g");
    console.wait_for("owned");
    console.type_keys("c");
    console.wait_for("1 line was sent");
    let shown = copied(&console).unwrap();
    assert!(shown.contains("\u{241b}]52;c;") && shown.contains("<U+202E>"), "{shown}");
    assert!(!shown.contains(char::is_control) && !shown.contains('\u{202e}'));
    console.type_keys("C50000\r");
    console.wait_for("too much for a clipboard: 50000 lines are in");
    let files: Vec<_> = std::fs::read_dir(bare.file("copies")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&files[0]).unwrap().starts_with("line 150000 of"));
    leave(console);
}

#[test]
fn a_pager_gets_the_log_and_the_terminal() {
    let (bare, _engine) = bare();
    // It says for which time it is here, since what it said before stays on the screen.
    let pager = "sh -c 'cp -p \"$1\" \"$HOME/seen\"; echo >> \"$HOME/times\"; echo pager $(wc -l < \"$HOME/times\") is here; read line' sh";
    let mut console = opened(&bare, &[("PAGER", pager), ("EDITOR", "/nowhere/ed"), ("VISUAL", "")]);
    for time in 1..3 {
        console.type_keys("o");
        console.wait_for(&format!("pager {time} is here"));
        console.type_keys("\n");
        console.wait_for("line 199999 of what was said");
    }
    let seen = bare.state().parent().unwrap().join("seen");
    assert_eq!(std::fs::metadata(&seen).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&seen).unwrap();
    assert_eq!(text.lines().count(), 200_000);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'));
    console.type_keys("O");
    console.wait_for("`/nowhere/ed` cannot be started");
    wait_until("the files to be removed", PATIENCE, || std::fs::read_dir(bare.file("copies")).unwrap().count() == 0);
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
    console.assert_given_back();
    // The line ends are those of the pager and of what was typed for it.
    let mut others = foreign(&console.bytes());
    others.retain(|other| !other.starts_with("\\r") && !other.starts_with("\\n"));
    assert_eq!(others, Vec::<String>::new());
}
