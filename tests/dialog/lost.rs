//! Terminals that are lost at any instant while somebody decides in them, also in the very moment of the decision: what was decided is on
//! record once, or it is not decided.
//!
//! At full size: `DOGWATCH_HANGUPS=200` (6 by default); `DOGWATCH_SEED` repeats the instants.

use crate::support::bare::{Bare, Process};
use crate::support::chance::{number, random};
use crate::support::console::Console;
use crate::support::dialog::{code, open, read, see};
use crate::support::wait_until;
use crate::{PATIENCE, fine, shown, state};
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

/// What somebody is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wants {
    Yes,
    No,
    Back,
}

fn engine() -> (Bare, Process) {
    let bare = Bare::new();
    let engine = bare.start();
    fine(&bare, &["asset", "add", "web-1", "--local", "--environment", "test"]);
    (bare, engine)
}

/// Lets an instant pass.
fn pass(most: u64, random: &mut StdRng) {
    std::thread::sleep(Duration::from_millis(random.random_range(0..most)));
}

/// Goes as far as the last key of a decision.
fn about_to(console: &mut Console, wants: Wants, random: &mut StdRng) {
    open(console);
    match wants {
        Wants::Yes => {
            read(console);
            let code = code(console);
            see();
            console.type_keys(&code);
        }
        Wants::No => {
            console.type_keys("n");
            console.wait_for("whoever asked gets to read it");
            see();
            console.type_keys("not on a Friday");
        }
        Wants::Back => {
            console.type_keys("w");
            console.wait_for("back?");
            see();
        }
    }
    pass(60, random);
}

#[test]
fn a_terminal_lost_while_somebody_decides_loses_and_doubles_no_decision() {
    let (bare, _engine) = engine();
    let mut random = random();
    let wanted = number("DOGWATCH_HANGUPS", 6);
    let (mut acknowledged, mut slowest) = (0, Duration::ZERO);
    let mut became: BTreeMap<(Wants, String), u32> = BTreeMap::new();
    for hangup in 1..=wanted {
        let (id, ran) = (format!("x{hangup}"), bare.path().join(format!("ran-{hangup}")));
        let script = format!("printf x >>{}", ran.display());
        fine(&bare, &["propose", "web-1", "--why", "it is down", "--", "/bin/sh", "-c", &script]);
        let wants = [Wants::Yes, Wants::Yes, Wants::No, Wants::Back][random.random_range(0..4)];
        let mut console = Console::start(&bare, &["watch"], random.random_range(24..45), random.random_range(80..150));
        // Every fifth is lost before, at any instant of reading.
        if random.random_range(0..5) == 0 {
            console.wait_for("waiting for you");
            console.type_keys("2\r\u{6}\u{6}y");
            pass(600, &mut random);
        } else {
            about_to(&mut console, wants, &mut random);
            console.type_keys(if random.random_bool(0.3) { "\r\r" } else { "\r" });
            // Before the key is taken, within the call, or once it is answered: how long that takes is the machine's matter.
            let most = [10, 80, 300, 1500][random.random_range(0..4)];
            pass(most, &mut random);
        }
        let was_told = console.shown().contains(": done");
        let lost = Instant::now();
        console.master = None;
        console.end();
        slowest = slowest.max(lost.elapsed());
        assert!(lost.elapsed() < Duration::from_secs(2), "it outlived its terminal by {:?}", lost.elapsed());
        let over = |state: &str| !["approved", "claimed", "dispatched", "running"].contains(&state);
        wait_until("its end, where somebody decided", PATIENCE, || over(&state(&bare, &id)));
        let found = state(&bare, &id);
        assert!(found != "pending" || !was_told, "hang-up {hangup}: {wants:?} was acknowledged and is not there");
        acknowledged += u32::from(was_told);
        *became.entry((wants, found.clone())).or_default() += 1;
        let expected = match wants {
            Wants::Yes => "succeeded",
            Wants::No => "denied",
            Wants::Back => "withdrawn",
        };
        assert!([expected, "pending"].contains(&found.as_str()), "hang-up {hangup}: {wants:?} became {found}");
        let votes = shown(&bare, &id)["proposal"]["votes"].as_array().unwrap().len();
        let times = fs::read(&ran).map_or(0, |text| text.len());
        let yes = usize::from(found == "succeeded");
        assert_eq!((votes, times), (yes, yes), "hang-up {hangup}: {wants:?}, {found}");
        if found == "pending" {
            fine(&bare, &["approvals", "withdraw", &id]);
        }
    }
    // Each was ended by one decision.
    let trail = fine(&bare, &["audit", "export"]);
    for hangup in 1..=wanted {
        let its = trail.lines().filter(|line| line.contains(&format!("\"proposal\":\"x{hangup}\"")));
        let ends = ["approved", "denied", "withdrawn"].map(|word| format!("\"proposal.{word}\""));
        let ended = its.filter(|line| ends.iter().any(|kind| line.contains(kind))).count();
        assert_eq!(ended, 1, "x{hangup} was decided {ended} times");
    }
    println!(
        "{wanted} terminals lost while somebody decided, {acknowledged} after the answer: {became:?}; the last console ended {slowest:?} later"
    );
}
