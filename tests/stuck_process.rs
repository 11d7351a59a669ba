//! A goal that cannot be reached, in the process sandbox: it costs few rounds, waits for a person, and goes on from the console.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

mod needs_bwrap {
    use crate::support::console::Console;
    use crate::support::{Engine, TempRepo, wait_until};
    use dogwatch::domain::{Outcome, QuestionKind, QuestionState, Remedy, RunState};
    use dogwatch::watchdog::{Level, Rule};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_mins(2);

    /// Two tests that contradict each other for every value but one, which only a person names. The agent tries one and then
    /// the other.
    fn contradiction() -> TempRepo {
        let toml = "[image]\nreference = \"host\"\n[[suite]]\nname = \"unit\"\ncommand = \"sh check.sh\"\nformat = \"junit\"\n\
                    report = \"report.xml\"\n[agent]\nname = \"command\"\ncommand = [\"sh\", \"agent.sh\"]\n";
        let check = "v=$(cat value)\ntest $v = 1 || test $v = 5 || low='<failure message=\"too high\"/>'\n\
                     test $v = 2 || test $v = 5 || high='<failure message=\"too low\"/>'\n\
                     printf '<testsuite tests=\"2\"><testcase classname=\"c\" name=\"low\">%s</testcase><testcase classname=\"c\" \
                     name=\"high\">%s</testcase></testsuite>' \"$low\" \"$high\" > report.xml\ntest -z \"$low$high\"\n";
        let agent = "if grep -q 'the value is five'; then echo 5 > value\n\
                     else echo $(( (DOGWATCH_ITERATION + 1) % 2 + 1 )) > value; fi\n";
        TempRepo::new(&[("dogwatch.toml", toml), ("check.sh", check), ("agent.sh", agent), ("value", "0\n")])
    }

    /// Sends what was written under a title. A field that has just opened takes no `enter` that may have been meant for the screen
    /// before it.
    fn enter(console: &mut Console, title: &str) {
        wait_until(title, PATIENCE, || {
            let there = console.shown().contains(title);
            if there {
                console.type_keys("\r");
                std::thread::sleep(Duration::from_millis(450));
            }
            !there
        });
    }

    #[test]
    fn a_goal_that_cannot_be_reached_waits_for_other_criteria_and_then_succeeds() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = contradiction();
        let run = engine.run_on(&repo);
        let stuck = engine.reaches(run, RunState::AwaitingRedirect);
        assert!(stuck.view.run.spent.iterations <= 8, "{stuck:#?}");
        let said = stuck.rounds.last().and_then(|round| round.watch.as_ref()).unwrap();
        assert_eq!((said.level, said.rule), (Level::Stuck, Some(Rule::R3)), "{said:?}");
        assert!(stuck.iterations[1..].iter().all(|one| one.outcome == Some(Outcome::Red)));
        let asked = stuck.questions.last().unwrap();
        assert_eq!((asked.kind, asked.state), (QuestionKind::Stuck, QuestionState::Open));
        assert!(asked.facts[0].contains("went round in a circle"), "{asked:?}");
        let prompts = engine.prompts(run);
        assert!(prompts.last().unwrap().contains("# The work does not move"), "{prompts:?}");
        let shown = engine.cmd(&["show", &run.to_string()]).expect_code(0).to_owned();
        assert!(shown.contains("stuck by R3: iterations 1"), "{shown}");
        // It waits in the queue, and costs nothing while it does.
        let mut console = Console::of(&engine, &["watch"], 40, 120);
        console.wait_for("STUCK");
        console.type_keys("M");
        console.wait_for("is measured by");
        console.wait_for("add adds");
        console.type_keys("\u{1b}\rthe value is five");
        console.wait_for("the value is five");
        assert_eq!(engine.detail(run).view.run.spent, stuck.view.run.spent);
        enter(&mut console, "is measured by");
        let done = engine.reaches(run, RunState::Succeeded);
        assert_eq!(done.view.run.criteria, ["add adds", "the value is five"]);
        assert_eq!(done.view.run.spent.iterations, stuck.view.run.spent.iterations + 1);
        assert_eq!(done.questions.last().unwrap().state, QuestionState::Withdrawn);
        console.type_keys("q");
        assert_eq!(console.end(), Some(0));
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn the_first_warning_lets_another_agent_try_once() {
        let config = "[watchdog]\nsame-warn = 2\nsame-pause = 7\nchange = \"agent:helper\"\n\
                      [agents.helper]\ncommand = [\"sh\", \"helper.sh\"]\n";
        let Some(engine) = Engine::in_bubblewrap(config) else { return };
        let repo = contradiction();
        let own = "cat > /dev/null; echo $DOGWATCH_ITERATION >> notes\ntest ! -e tried || echo 5 > value\n";
        let helper = "cat > /dev/null; echo helper >> notes; touch tried\n";
        repo.commit(&[("agent.sh", own), ("helper.sh", helper)], "one that needs help, and one that helps a little");
        let run = engine.run_on(&repo);
        let done = engine.reaches(run, RunState::Succeeded);
        let changed: Vec<_> = done.rounds.iter().filter_map(|one| Some((one.number, one.changed.clone()?))).collect();
        assert_eq!(changed, [(3, Remedy::Agent("helper".to_owned()))], "once, after the first warning");
        assert_eq!(done.view.run.spent.iterations, 4, "the run's own agent went on from what the other one left");
        let shown = engine.cmd(&["show", &run.to_string()]).expect_code(0).to_owned();
        assert!(shown.contains("warned before it, so another agent worked on it: helper"), "{shown}");
        engine.assert_nothing_left();
    }

    /// Three pauses that words do not end: another agent, and then more iterations, each by one key.
    #[test]
    fn a_person_has_another_agent_work_on_and_gives_it_more_iterations() {
        let config = "[watchdog]\nsame-warn = 2\nsame-pause = 3\n[agents.helper]\ncommand = [\"sh\", \"helper.sh\"]\n";
        let Some(engine) = Engine::in_bubblewrap(config) else { return };
        let repo = contradiction();
        let own = "cat > /dev/null; echo $DOGWATCH_ITERATION >> notes\n";
        let helper = "cat > /dev/null; echo helper >> notes; test ! -e tried || echo 5 > value; touch tried\n";
        let toml = std::fs::read_to_string(repo.path().join("dogwatch.toml")).unwrap() + "[budget]\niterations = 4\n";
        let files = [("agent.sh", own), ("helper.sh", helper), ("dogwatch.toml", &toml)];
        repo.commit(&files, "one that cannot, and one that can");
        let run = engine.run_on(&repo);
        let stuck = engine.reaches(run, RunState::AwaitingRedirect);
        assert_eq!(stuck.view.run.spent.iterations, 3);
        let refused = engine.cmd(&["redirect", &run.to_string(), "go on", "--agent", "nobody"]);
        refused.expect_code(5);
        assert!(refused.stderr.contains("stays as it is") && refused.stderr.contains("helper"), "{}", refused.stderr);
        let refused = engine.cmd(&["redirect", &run.to_string(), "go on", "--model", "large"]);
        refused.expect_code(5);
        assert!(refused.stderr.contains("asks no model"), "{}", refused.stderr);
        let mut console = Console::of(&engine, &["watch"], 40, 120);
        console.wait_for("STUCK");
        console.type_keys("2");
        console.wait_for("stuck of r1");
        console.type_keys("A");
        console.wait_for("Who works on");
        console.type_keys("helper");
        enter(&mut console, "Who works on");
        let spent = engine.reaches(run, RunState::Escalated);
        assert_eq!(spent.view.run.spent.iterations, 4, "the other agent had the last one");
        console.wait_for("budget reached");
        console.type_keys("I");
        console.wait_for("How many more iterations");
        console.type_keys("2");
        enter(&mut console, "How many more iterations");
        let done = engine.reaches(run, RunState::Succeeded);
        assert_eq!((done.view.run.spent.iterations, done.view.run.budget.iterations), (5, 6));
        assert_eq!(done.questions.last().unwrap().state, QuestionState::Withdrawn);
        let terms: Vec<_> = done.guidance.iter().map(|one| one.terms.clone().unwrap()).collect();
        assert_eq!((terms.len(), terms[0].from, terms[1].terms.iterations), (2, 4, Some(2)), "{terms:?}");
        let shown = engine.cmd(&["show", &run.to_string()]).expect_code(0).to_owned();
        assert!(shown.contains("from iteration 4 on helper works") && shown.contains("2 more iterations"), "{shown}");
        console.type_keys("q");
        assert_eq!(console.end(), Some(0));
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn an_agent_that_falls_silent_again_and_again_is_a_persons_business() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = contradiction();
        let toml = std::fs::read_to_string(repo.path().join("dogwatch.toml")).unwrap() + "silence = \"2s\"\n";
        repo.commit(
            &[
                ("agent.sh", "cat > /dev/null; echo $DOGWATCH_ITERATION >> notes; exec sleep 600\n"),
                ("dogwatch.toml", &toml),
            ],
            "an agent that says nothing",
        );
        let run = engine.run_on(&repo);
        let stuck = engine.reaches(run, RunState::AwaitingRedirect);
        assert_eq!(stuck.view.run.spent.iterations, 3, "{stuck:#?}");
        let asked = stuck.questions.last().unwrap();
        assert_eq!(asked.title, "iteration 3 is red, and the agent fell silent in each of its last 3 turns");
        engine.answer(run, false, "it is broken");
        engine.reaches(run, RunState::Failed);
        engine.assert_nothing_left();
    }

    #[test]
    fn a_person_gives_it_up_for_a_reason_and_it_is_no_success() {
        let Some(engine) = Engine::in_bubblewrap("[watchdog]\nsame-warn = 2\nsame-pause = 3\n") else { return };
        let repo = contradiction();
        repo.commit(
            &[("agent.sh", "cat > /dev/null; echo $DOGWATCH_ITERATION >> notes\n")],
            "an agent that goes on and on",
        );
        let run = engine.run_on(&repo);
        let stuck = engine.reaches(run, RunState::AwaitingRedirect);
        assert_eq!(stuck.view.run.spent.iterations, 3, "{stuck:#?}");
        // Nothing came of it, so the best is the base.
        engine.cmd(&["rollback", &run.to_string()]).expect_code(0);
        wait_until("another iteration", PATIENCE, || engine.detail(run).view.run.iteration > 3);
        let again = engine.reaches(run, RunState::AwaitingRedirect);
        assert_eq!(again.iterations[4].base, again.iterations[1].base, "{again:#?}");
        engine.answer(run, false, "the two tests contradict each other");
        let over = engine.reaches(run, RunState::Failed);
        assert_eq!(over.view.run.reason, "given up: the two tests contradict each other");
        engine.assert_nothing_left();
    }
}
