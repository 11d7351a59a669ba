//! What the programs in the played containers do: the setup, the agent, the test suites.

use super::dice::Dice;
use super::disk::Tree;
use super::plot::{Fate, Plot, Says, Turn, part_path};
use crate::domain::{Millis, StepEnd, StepKey, StepKind};
use crate::engine::ports::{AUDIT_FILE, PLAN_FILE};
use crate::sandbox::StepSpec;
use std::time::Duration;

/// One program from its start.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// How long it runs by itself.
    pub lasts: Duration,
    /// After how long it writes its last byte.
    pub speaks: Duration,
    /// How it ends by itself.
    pub end: StepEnd,
    /// What it writes.
    pub output: String,
    /// Its tree when it has ended.
    pub tree: Tree,
    /// What befalls it.
    pub fate: Option<(Duration, Fate)>,
}

const FOR_EVER: Duration = Duration::from_secs(1_000_000);

/// The program of a step over the tree that it finds. `now` is when it starts.
pub(super) fn program(plot: &Plot, spec: &StepSpec, tree: &Tree, now: Millis) -> Program {
    let key = &spec.key;
    let mut dice = Dice::of(plot.seed, &format!("{} {} {}", key.kind.name(), key.iteration, key.suite));
    let mut program = Program {
        lasts: Duration::from_millis(dice.between(8_000, 40_000)) * plot.pace,
        speaks: Duration::ZERO,
        end: StepEnd::Exited { code: 0 },
        output: String::new(),
        tree: tree.clone(),
        fate: plot.fate(key),
    };
    match key.kind {
        StepKind::Prepare => setup(plot, &mut program),
        StepKind::Develop => {
            let turn = plot.turn(key);
            agent(turn, &mut program, key.iteration, &mut dice, now);
            // What else a turn about a plan changes must be thrown away.
            if turn == Turn::Work && reads(spec, PLAN_FILE) {
                program.tree.insert(PLAN_FILE.to_owned(), format!("repair all, says {key}").into_bytes());
            }
            if plot.coding {
                in_events(&mut program);
            }
        }
        StepKind::Audit => {
            audit(plot.says(key), spec, &mut program, &mut dice, now);
            if plot.coding {
                in_events(&mut program);
            }
        }
        StepKind::Test if key.suite == "unit" => unit(plot, key, &mut program),
        StepKind::Test if key.suite == "browser" => browser(&mut program),
        StepKind::Test => lint(&mut program),
        StepKind::Network | StepKind::Service | StepKind::Program => service(&mut program),
        StepKind::Ready => ready(plot.deaf.contains(&key.iteration), &mut program),
    }
    if program.speaks.is_zero() {
        program.speaks = program.lasts;
    }
    program
}

/// What runs until somebody ends it. An application with a bad first part does not.
fn service(program: &mut Program) {
    program.lasts = FOR_EVER;
    if program.tree.get(&part_path(0)).is_some_and(|bytes| bytes == b"bad") {
        program.lasts = Duration::from_millis(200);
        program.output = "RuntimeError: part 0 is bad\n".to_owned();
        program.end = StepEnd::Exited { code: 1 };
    }
}

fn browser(program: &mut Program) {
    program.output = "{\"kind\":\"page\",\"at\":1,\"url\":\"http://127.0.0.1:8000/\"}\n".to_owned();
    program.tree.insert(".dogwatch-pictures/page-0.png".to_owned(), b"\x89PNG\r\n\x1a\n".to_vec());
}

fn ready(deaf: bool, program: &mut Program) {
    program.lasts = Duration::from_secs(if deaf { 60 } else { 1 });
    program.end = StepEnd::Exited { code: i32::from(deaf) };
    program.output =
        if deaf { "app is not ready within 60 s (http://app:8000/): Connection refused\n" } else { "" }.to_owned();
}

/// Whether the agent is told of something.
fn reads(spec: &StepSpec, word: &str) -> bool {
    let told = spec.argv.iter().map(String::as_bytes).chain([spec.stdin.as_slice()]);
    told.into_iter().any(|bytes| String::from_utf8_lossy(bytes).contains(word))
}

fn setup(plot: &Plot, program: &mut Program) {
    program.tree.insert("deps/lib.py".to_owned(), b"installed".to_vec());
    if plot.broken_setup {
        program.end = StepEnd::Exited { code: 2 };
    }
}

fn exit(program: &mut Program, code: i32, ending: &str, until: Option<Millis>) {
    program.end = StepEnd::Exited { code };
    let mut said = serde_json::json!({ "ending": ending, "tokens": 100 });
    if let (Some(until), Some(object)) = (until, said.as_object_mut()) {
        object.insert("until".to_owned(), until.rfc3339().into());
    }
    program.output = serde_json::json!({ "dogwatch": said }).to_string();
}

/// The same in the events of a coding agent, where the plot has one.
fn in_events(program: &mut Program) {
    let said: serde_json::Value = serde_json::from_str(&program.output).unwrap_or_default();
    let StepEnd::Exited { .. } = program.end else { return };
    let status = match said["dogwatch"]["ending"].as_str() {
        Some("claims_done" | "finished" | "gave_up") => None,
        Some("rate_limited") => Some(429),
        Some("overloaded") => Some(529),
        Some("auth") => Some(401),
        _ => return,
    };
    let until = said["dogwatch"]["until"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    program.end = StepEnd::Exited { code: i32::from(status.is_some()) };
    let lines = [
        serde_json::json!({"type": "system", "subtype": "init", "session_id": "s", "model": "m"}),
        serde_json::json!({"type": "rate_limit_event", "rate_limit_info": {
            "status": if until.is_some() { "rejected" } else { "allowed" }, "resetsAt": until.map(jiff::Timestamp::as_second),
        }}),
        serde_json::json!({
            "type": "result", "subtype": "success", "is_error": status.is_some(), "api_error_status": status,
            "result": "words", "usage": {"input_tokens": 60, "output_tokens": 40},
        }),
    ];
    program.output = lines.map(|line| line.to_string() + "\n").concat();
}

/// What an auditor changes beside what it says; it must be nowhere afterwards.
pub(super) const MEDDLED: &str = "meddled.md";

/// Somebody who says what they think of a result, and changes it on the way.
fn audit(says: Says, spec: &StepSpec, program: &mut Program, dice: &mut Dice, now: Millis) {
    let key = &spec.key;
    assert!(reads(spec, AUDIT_FILE) && reads(spec, "begin"), "nobody told it what to look at: {spec:?}");
    let turn = if let Says::Nothing(turn) = says { turn } else { Turn::Nothing };
    agent(turn, program, key.iteration, dice, now);
    program.tree.insert(MEDDLED.to_owned(), b"all is well".to_vec());
    program.tree.retain(|path, _| !path.starts_with("tests/"));
    let text = match says {
        Says::Yes => "agree\n",
        Says::No => "disagree\npart 0 was repaired without a reason\n",
        Says::Much => "I have read all of it\nagree\n",
        Says::Nothing(_) => return,
    };
    program.tree.insert(AUDIT_FILE.to_owned(), text.as_bytes().to_vec());
}

fn agent(turn: Turn, program: &mut Program, iteration: u32, dice: &mut Dice, now: Millis) {
    let diary = program.tree.entry("diary.md".to_owned()).or_default();
    diary.extend_from_slice(format!("iteration {iteration}\n").as_bytes());
    match turn {
        Turn::Work | Turn::Packages => {
            if turn == Turn::Packages {
                let manifest = format!("[dependencies]\nserde = \"{iteration}\"\n");
                program.tree.insert("Cargo.toml".to_owned(), manifest.into_bytes());
            }
            let bad: Vec<String> =
                program.tree.iter().filter(|(_, bytes)| *bytes == b"bad").map(|(path, _)| path.clone()).collect();
            if !bad.is_empty() {
                let chosen = usize::try_from(dice.below(bad.len() as u64)).unwrap();
                program.tree.insert(bad[chosen].clone(), format!("repaired in {iteration}").into_bytes());
            }
            exit(program, 0, "claims_done", None);
        }
        Turn::Nothing | Turn::GiveUp => {
            program.tree.insert("diary.md".to_owned(), before(&program.tree, iteration));
            exit(program, 0, if turn == Turn::GiveUp { "gave_up" } else { "finished" }, None);
        }
        Turn::Limited(seconds) => exit(program, 1, "rate_limited", Some(now.plus(seconds * 1000))),
        Turn::Overloaded => exit(program, 75, "overloaded", None),
        Turn::Auth => exit(program, 77, "auth", None),
        Turn::Instant => {
            program.tree.insert("diary.md".to_owned(), before(&program.tree, iteration));
            program.lasts = Duration::from_secs(1);
            program.end = StepEnd::Exited { code: 1 };
            program.output = "no such option".to_owned();
        }
        Turn::Silent => {
            program.speaks = Duration::from_secs(3);
            program.lasts = FOR_EVER;
        }
        Turn::Endless => program.lasts = FOR_EVER,
        Turn::CheatTests => {
            program.tree.insert("tests/test_parts.py".to_owned(), b"lax".to_vec());
            exit(program, 0, "claims_done", None);
        }
        Turn::CheatGit => {
            program.tree.insert(".gitattributes".to_owned(), b"* filter=run".to_vec());
            exit(program, 0, "claims_done", None);
        }
    }
}

/// The diary as it was before this turn wrote into it.
fn before(tree: &Tree, iteration: u32) -> Vec<u8> {
    let own = format!("iteration {iteration}\n");
    let diary = &tree["diary.md"];
    diary[..diary.len() - own.len()].to_vec()
}

/// The parts and whether the tests find them good.
fn verdicts(tree: &Tree) -> Vec<(u64, bool)> {
    let lax = tree.get("tests/test_parts.py").is_none_or(|bytes| bytes == b"lax");
    (0..)
        .map_while(|part| Some((part, tree.get(&part_path(part))?)))
        .map(|(part, bytes)| (part, lax || bytes != b"bad"))
        .collect()
}

fn unit(plot: &Plot, key: &StepKey, program: &mut Program) {
    let mut verdicts: Vec<_> =
        verdicts(&program.tree).into_iter().map(|(part, good)| (format!("part{part}"), good)).collect();
    if !plot.flaky.is_empty() {
        verdicts.push(("luck".to_owned(), !plot.flaky.contains(&(key.iteration, key.attempt))));
    }
    let passed = verdicts.iter().filter(|(_, good)| *good).count();
    let failed = verdicts.len() - passed;
    let mut lines = vec!["============================= test session starts =============================".to_owned()];
    for (part, good) in &verdicts {
        let word = if *good { "PASSED" } else { "FAILED" };
        lines.push(format!("tests/test_parts.py::test_{part} {word}"));
    }
    if failed > 0 {
        lines.push("=========================== short test summary info ============================".to_owned());
        for (part, _) in verdicts.iter().filter(|(_, good)| !good) {
            lines.push(format!("FAILED tests/test_parts.py::test_{part} - AssertionError: {part} is bad"));
        }
    }
    let counts = match (failed, passed) {
        (0, passed) => format!("{passed} passed"),
        (failed, 0) => format!("{failed} failed"),
        (failed, passed) => format!("{failed} failed, {passed} passed"),
    };
    lines.push(format!("========================= {counts} in 0.05s ========================="));
    program.output = lines.join("\n") + "\n";
    program.end = StepEnd::Exited { code: i32::from(failed > 0) };
}

fn lint(program: &mut Program) {
    let report =
        "<testsuite name=\"lint\" tests=\"1\" failures=\"0\"><testcase classname=\"lint\" name=\"style\"/></testsuite>";
    program.tree.insert("report.xml".to_owned(), report.as_bytes().to_vec());
    program.output = "1 checked\n".to_owned();
}
