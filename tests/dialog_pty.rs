//! The dialog about a live asset in a real terminal: nothing that is pasted, queued, played back or answered by a terminal says yes;
//! a person who reads it does, and sees what came of it.
//!
//! At full size: `DOGWATCH_PASTED=1000` inputs (120 by default); `DOGWATCH_SEED` repeats them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

#[path = "dialog/lost.rs"]
mod lost;
#[path = "dialog/together.rs"]
mod together;

use rand::RngExt;
use serde_json::Value;
use std::time::Duration;
use support::bare::{Bare, Process, output};
use support::chance::{number, random, seed};
use support::console::{Console, foreign, hidden};
use support::dialog::{code, open, read, see};
use support::hostile::Hostile;
use support::wait_until;

const PATIENCE: Duration = Duration::from_mins(1);

fn fine(bare: &Bare, args: &[&str]) -> String {
    let done = bare.cmd(args);
    assert_eq!(done.code, Some(0), "{args:?}: {}{}", done.stdout, done.stderr);
    done.stdout
}

/// An engine with one asset of this machine, and something proposed for it.
fn proposed(words: &[&str]) -> (Bare, Process) {
    let bare = Bare::new();
    let engine = bare.start();
    fine(&bare, &["asset", "add", "web-1", "--local", "--environment", "test"]);
    fine(&bare, &[&["propose", "web-1", "--why", "it is down", "--"], words].concat());
    (bare, engine)
}

fn shown(bare: &Bare, id: &str) -> Value {
    serde_json::from_str(&fine(bare, &["approvals", "show", id, "--json"])).unwrap()
}

fn state(bare: &Bare, id: &str) -> String {
    shown(bare, id)["proposal"]["state"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_pasted_queued_or_played_back_never_says_yes() {
    let (bare, _engine) = proposed(&["true"]);
    let mut console = Console::start(&bare, &["watch"], 24, 80);
    open(&mut console);
    read(&mut console);
    // A yes that somebody recorded, but for its end.
    let recorded = code(&mut console);
    assert_eq!(recorded.len(), 4);
    console.type_keys("\u{1b}");
    wait_until("the field to go", PATIENCE, || !console.shown().contains("Type this code"));
    let mut random = random();
    let replies = [
        "\u{1b}[?62;1;4c",
        "\u{1b}]11;rgb:0000/0000/0000\u{1b}\\",
        "\u{1b}[24;80R",
        "\u{1b}P>|xterm(390)\u{1b}\\",
        "\u{1b}[?1;2y",
    ];
    let count = number("DOGWATCH_PASTED", 120);
    for _ in 0..count {
        let reply = replies[random.random_range(0..replies.len())];
        let input = match random.random_range(0..10) {
            0 => "y\r".to_owned(),
            1 => "y".to_owned(),
            2 => "\r".to_owned(),
            3 => "\u{1b}[200~y\nyes\nweb-1\n\u{1b}[201~".to_owned(),
            4 => format!("y\u{1b}[200~{recorded}\n\u{1b}[201~\r"),
            5 => format!("y{recorded}\r"),
            6 => format!("{recorded}\r"),
            7 => "y\ny\nyes\nweb-1 y\n".repeat(3),
            8 => format!("y{reply}\r"),
            _ => reply.to_owned(),
        };
        console.type_keys(&input);
        // Some come so late that a field has been seen, as a slow paste would.
        let pause = if random.random_range(0..4) == 0 { 450 } else { random.random_range(0..30) };
        std::thread::sleep(Duration::from_millis(pause));
    }
    console.type_keys("\u{1b}");
    // Blind keys may well take it back or edit it; what they never do is agree.
    let listed = fine(&bare, &["approvals", "ls", "--all", "--json"]);
    let all: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<String> =
        all.iter().filter(|one| one["asset"].is_string()).map(|one| format!("x{}", one["id"])).collect();
    assert!(ids.contains(&"x1".to_owned()), "{listed}");
    for id in &ids {
        let one = shown(&bare, id);
        assert_eq!(one["proposal"]["votes"], serde_json::json!([]), "{one}");
        let state = one["proposal"]["state"].as_str().unwrap();
        assert!(["pending", "withdrawn", "superseded", "denied"].contains(&state), "{one}");
    }
    println!("{count} inputs, none of them a yes");
    drop(console);
    // The same dialog takes the yes of somebody who reads it.
    let (bare, _engine) = proposed(&["true"]);
    let mut console = Console::start(&bare, &["watch"], 24, 80);
    open(&mut console);
    read(&mut console);
    let code = code(&mut console);
    see();
    console.type_keys(&format!("{code}\r"));
    wait_until("a vote", PATIENCE, || state(&bare, "x1") != "pending");
    let votes = &shown(&bare, "x1")["proposal"]["votes"];
    assert!(votes[0]["seen"]["rows"].as_u64() > Some(20) && votes[0]["seen"]["columns"] == 78, "{votes}");
    console.type_keys("q");
    console.end();
}

#[test]
fn hostile_bytes_are_shown_exactly_and_none_is_obeyed() {
    let words = [
        "echo",
        "a\u{202e}b\u{1b}[2J\u{1b}]52;c;eA==\u{7}",
        "x                                        y",
        "sh\u{43e}p",
    ];
    let (bare, _engine) = proposed(&words);
    let mut console = Console::start(&bare, &["watch"], 60, 100);
    open(&mut console);
    for text in [
        "a\\u{202e}b\\e[2J\\e]52;c;eA==\\u{7}",
        "x\\{40-blanks}y",
        "sh\\u{43e}p",
        "can pass for o",
        "LETTERS THAT ARE NOT PLAIN",
    ] {
        console.wait_for(text);
    }
    console.type_keys("n");
    console.wait_for("No to x1?");
    see();
    console.type_keys("not so\r");
    wait_until("a no", PATIENCE, || state(&bare, "x1") == "denied");
    console.wait_for("denied: it did not run and never will");
    console.type_keys("q");
    console.end();
    assert_own(console.bytes());
}

/// A new thing that waits rings the bell once, and says how many wait where that is wanted; what waited already does not.
#[test]
fn somebody_is_called_to_what_is_new() {
    for (wanted, bells, notes) in [("bell", 1, 0), ("notify", 1, 1), ("off", 0, 0)] {
        let (bare, _engine) = proposed(&["true"]);
        std::fs::write(bare.config(), format!("[console]\nbell = \"{wanted}\"\n")).unwrap();
        let mut console = Console::start(&bare, &["watch"], 24, 80);
        console.wait_for("1 waiting for you");
        assert!(!console.bytes().contains(&7), "it waited before the console was opened");
        fine(&bare, &["propose", "web-1", "--why", "\u{1b}]9;x\u{7}", "--", "false", "\u{7}"]);
        console.wait_for("2 waiting for you");
        fine(&bare, &["propose", "web-1", "--why", "again", "--", "false"]);
        console.wait_for("3 waiting for you");
        console.type_keys("q");
        console.end();
        let text = String::from_utf8(console.bytes()).unwrap();
        assert_eq!(text.matches('\u{7}').count(), bells, "{wanted}");
        assert_eq!(text.matches("\u{1b}]9;dogwatch: 2 waiting for you\u{1b}\\").count(), notes, "{wanted}");
        assert_own(console.bytes());
    }
    let (bare, _engine) = proposed(&["true"]);
    let mut plain = Console::start(&bare, &["watch", "--plain"], 24, 80);
    plain.wait_for("may this run on web-1?");
    fine(&bare, &["propose", "web-1", "--why", "again", "--", "false"]);
    plain.wait_for("q2");
    plain.signal(rustix::process::Signal::TERM);
    plain.end();
    assert!(!plain.bytes().contains(&7), "lines call nobody");
}

fn assert_own(bytes: Vec<u8>) {
    assert_eq!(foreign(&bytes), Vec::<String>::new());
    assert_eq!(hidden(&String::from_utf8(bytes).unwrap()), Vec::<char>::new());
}

#[test]
fn hostile_text_in_every_field_of_many_proposals_is_obeyed_nowhere() {
    let (bare, _engine) = proposed(&["true"]);
    let mut hostile = Hostile::new(seed());
    let count = usize::try_from(number("DOGWATCH_HOSTILE", 100) / 10).unwrap();
    for _ in 0..count {
        let mut command = bare.through(env!("CARGO_BIN_EXE_dogwatch"), &["propose", "web-1"]);
        for name in ["--why", "--expect", "--undo"] {
            command.arg(name).arg(text(&mut hostile));
        }
        command.arg("--env").arg(format!("X={}", text(&mut hostile))).arg("--cwd").arg("/srv");
        command.arg("--").args([hostile.argument(), hostile.argument(), hostile.argument()]);
        let done = output(&mut command);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    let mut console = Console::start(&bare, &["watch"], 40, 100);
    console.wait_for("waiting for you");
    console.type_keys("2");
    console.wait_for("decided there");
    for number in 1..=count + 1 {
        console.type_keys("\r");
        console.wait_for(&format!("x{number} for web-1"));
        console.wait_for("until when");
        read(&mut console);
        console.type_keys("\u{1b}");
        console.wait_for("decided there");
        console.type_keys("j");
    }
    console.type_keys("q");
    console.end();
    assert_own(console.bytes());
    println!("{count} hostile proposals read to their ends");
}

/// A hostile text that fits into every field of a proposal. The least field takes 4,096 bytes, and a character has up to four.
fn text(hostile: &mut Hostile) -> String {
    hostile.text().chars().filter(|letter| *letter != '\0').take(1024).collect()
}
