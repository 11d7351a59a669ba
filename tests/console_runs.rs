//! The console over runs that are really at work, in the process sandbox: a redirect from the editor to the prompt, and terminals
//! that are lost at any instant.
//!
//! At full size: `DOGWATCH_HANGUPS=200` (6 by default); `DOGWATCH_SEED` repeats the instants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::print_stdout)]

mod support;

mod needs_bwrap {
    use crate::support::chance::{number, random};
    use crate::support::console::Console;
    use crate::support::{Engine, TempRepo, wait_until};
    use dogwatch::domain::{RunId, RunState, StepEnd, StepState};
    use dogwatch::protocol::Request;
    use rand::RngExt;
    use std::collections::BTreeMap;
    use std::time::{Duration, Instant};

    const PATIENCE: Duration = Duration::from_mins(1);

    /// A repository whose suite passes at the fourth iteration; the agent takes half a second.
    fn repo() -> TempRepo {
        let toml = "[image]\nreference = \"host\"\n[[suite]]\nname = \"unit\"\ncommand = \"sh check.sh\"\nformat = \"exit-code\"\n\
                    [agent]\nname = \"command\"\ncommand = [\"sh\", \"agent.sh\"]\n[budget]\niterations = 9\n";
        let agent = "echo begin\ncat > /dev/null\nsleep 0.5\necho $DOGWATCH_ITERATION > value\n";
        let check = "echo begin\ntest \"$(cat value)\" -ge 4\n";
        TempRepo::new(&[("dogwatch.toml", toml), ("check.sh", check), ("agent.sh", agent), ("value", "0\n")])
    }

    #[test]
    fn a_redirect_is_followed_from_the_editor_to_the_prompt() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let run = engine.run_on(&repo());
        let mut console = Console::of(&engine, &["watch"], 36, 120);
        console.wait_for("developing");
        // The engine's own words on its sandbox are in the line of status.
        console.wait_for("bubblewrap");
        console.type_keys("r");
        console.wait_for("The next prompt begins so:");
        console.type_keys("Use the other parser.\u{1b}\rAnd stop.");
        console.wait_for("And stop.");
        wait_until("an acknowledged redirect", PATIENCE, || {
            let shown = console.shown();
            if shown.contains("The next prompt") {
                console.type_keys("\r");
                std::thread::sleep(Duration::from_millis(450));
            }
            shown.contains("acknowledged as guidance 1") || shown.contains("guidance 1 applied at iteration")
        });
        console.wait_for("guidance 1 applied at iteration");
        let detail = engine.detail(run);
        assert_eq!(detail.guidance[0].text, "Use the other parser.\nAnd stop.");
        let told = format!("guidance 1 applied at iteration {}", detail.guidance[0].applied_in.unwrap());
        console.wait_for(&told);
        assert!(engine.prompts(run).iter().any(|prompt| prompt.contains("Use the other parser.\nAnd stop.\n\n# Task")));
        console.type_keys("q");
        assert_eq!(console.end(), Some(0));
    }

    #[test]
    fn terminals_lost_at_any_instant_lose_and_double_nothing() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = repo();
        let project = engine.add(&repo);
        let mut random = random();
        let (mut runs, mut acknowledged, mut slowest) = (Vec::new(), Vec::new(), Duration::ZERO);
        let wanted = number("DOGWATCH_HANGUPS", 6);
        for hangup in 0..wanted {
            let is_at_work = |run: &RunId| {
                let state = engine.detail(*run).view.run.state;
                !state.is_final() && !state.awaits_person()
            };
            if runs.iter().filter(|run| is_at_work(run)).count() < 2 {
                runs.push(engine.submit(&project, None));
            }
            let mut console =
                Console::of(&engine, &["watch"], random.random_range(10..50), random.random_range(40..160));
            // Sometimes before there is anything on the screen.
            if random.random_bool(0.8) {
                console.wait_for("Runs");
            }
            let words = format!("guidance of hang-up {hangup}; ");
            let keys: &[&str] = match random.random_range(0..4) {
                0 => &["p", "u", "p", "u"],
                1 => &["j", "p", "k", "u", "\t", "g", "G"],
                2 => &["r", &words, "", "\r", "\r", ""],
                _ => &["z", "2", "3", "4", "1", "?"],
            };
            let instant = Duration::from_millis(random.random_range(0..1800));
            let begin = Instant::now();
            for key in keys {
                console.type_keys(key);
                let pause = Duration::from_millis(random.random_range(0..450));
                if begin.elapsed() + pause > instant {
                    break;
                }
                std::thread::sleep(pause);
            }
            std::thread::sleep(instant.saturating_sub(begin.elapsed()));
            if console.shown().contains("acknowledged as guidance") {
                acknowledged.push(words);
            }
            let lost = Instant::now();
            console.master = None;
            console.end();
            slowest = slowest.max(lost.elapsed());
            assert!(lost.elapsed() < Duration::from_secs(2), "it outlived its terminal by {:?}", lost.elapsed());
        }
        println!(
            "{wanted} hang-ups over {} runs, {} redirects; the last end came after {slowest:?}",
            runs.len(),
            acknowledged.len()
        );
        let mut told: BTreeMap<String, u32> = BTreeMap::new();
        for run in &runs {
            wait_until("the end of a run", Duration::from_mins(3), || {
                let state = engine.detail(*run).view.run.state;
                if state == RunState::Paused {
                    engine.expect_run(Request::Resume { run: *run });
                }
                state.is_final() || state == RunState::AwaitingReview
            });
            let detail = engine.detail(*run);
            assert!(detail.view.run.iteration >= 4, "{detail:#?}");
            for one in &detail.guidance {
                *told.entry(one.text.clone()).or_default() += 1;
            }
            // Each program of a step that counts was started once, and all that it wrote is there.
            for step in &detail.steps {
                let StepState::Ended { end: StepEnd::Exited { .. }, .. } = step.state else { continue };
                let log = engine.raw_log(*run, &step.key.to_string());
                assert_eq!(log.matches("begin\n").count(), 1, "{}: {log}", step.key);
            }
        }
        // What was written and not sent is found again by the next console, so a text may hold words of several.
        for hangup in 0..wanted {
            let words = format!("guidance of hang-up {hangup};");
            let times: u32 = told.iter().filter(|(text, _)| text.contains(&words)).map(|(_, times)| times).sum();
            assert!(times <= 1, "{words} was doubled: {told:?}");
            let acknowledged = acknowledged.iter().any(|known| known.starts_with(&words));
            assert!(times == 1 || !acknowledged, "{words} was acknowledged and is not there: {told:?}");
        }
        engine.assert_anchored();
    }
}
