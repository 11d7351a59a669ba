//! Tests that go by luck, with real programs in bubblewrap: they are found by a second run on the same tree, make nothing red,
//! and are no reason to call the work done.
//!
//! Luck is played: a test looks at what is mounted around it, where the name of its step stands, and fails in the attempts that
//! the test here names. So nothing depends on time or dice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

mod needs_bwrap {
    use super::support::{Engine, TempRepo, wait_until};
    use dogwatch::domain::{Outcome, QuestionKind, RunState, Severity, SuiteVerdict};
    use dogwatch::protocol::RunDetail;
    use std::time::Duration;

    /// A repository whose test `work` passes once `value` is 1, and whose test `luck` fails in these steps. The agent sets the
    /// value in its first turn.
    fn lucky_repo(fails_in: &str, more: &str) -> TempRepo {
        let toml = format!(
            "[image]\nreference = \"host\"\n[[suite]]\nname = \"unit\"\ncommand = \"sh check.sh\"\nformat = \"junit\"\n\
             report = \"report.xml\"\ntimeout = \"1m\"\n[agent]\nname = \"command\"\ncommand = [\"sh\", \"agent.sh\"]\n{more}"
        );
        let check = format!(
            "code=0\ncase_of() {{ printf '<testcase classname=\"c\" name=\"%s\">%s</testcase>' \"$1\" \"$2\" >> report.xml; }}\n\
             fails() {{ code=1; case_of \"$1\" '<failure message=\"it does not\"/>'; }}\n\
             printf '<testsuite>' > report.xml\n\
             if test \"$(cat value)\" = 1; then case_of work ''; else fails work; fi\n\
             if grep -qE '(/|-)({fails_in})[ /]' /proc/self/mountinfo; then fails luck; else case_of luck ''; fi\n\
             printf '</testsuite>' >> report.xml\nexit $code\n"
        );
        let agent =
            "cat > prompt.txt\necho 1 > value\necho '{\"dogwatch\":{\"ending\":\"claims_done\",\"tokens\":1}}'\n";
        TempRepo::new(&[("dogwatch.toml", &toml), ("check.sh", &check), ("agent.sh", agent), ("value", "0\n")])
    }

    /// The steps of the suite by iteration and attempt.
    fn tested(detail: &RunDetail) -> Vec<String> {
        let tests = detail.steps.iter().filter(|step| step.key.suite == "unit");
        tests.map(|step| format!("i{}-a{}", step.key.iteration, step.key.attempt)).collect()
    }

    fn facts(detail: &RunDetail) -> String {
        let question = detail.questions.last().unwrap();
        assert_eq!(question.kind, QuestionKind::Review, "{question:?}");
        question.facts.join("\n")
    }

    #[test]
    fn a_test_that_fails_once_is_found_and_is_neither_red_nor_done() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = lucky_repo("r[0-9]+-i1-test-unit-a1", "");
        let run = engine.run_on(&repo);
        let asked = engine.rested(run);
        // The base fails twice, which is no luck; what failed newly in iteration 1 passes on the same tree.
        assert_eq!(tested(&asked), ["i0-a1", "i0-a2", "i1-a1", "i1-a2"], "{asked:#?}");
        let [base, one] = &asked.iterations[..] else { panic!("{asked:#?}") };
        assert_eq!((&base.rerun[..], base.rerun_disagrees.len()), (&["unit".to_owned()][..], 0));
        assert_eq!(one.rerun_disagrees, ["unit: c::luck"]);
        assert_eq!((one.outcome, one.tests), (Some(Outcome::Suspicious), (1, 1, 0)));
        assert!(facts(&asked).contains("unit: c::luck (failed this time)"), "{}", facts(&asked));
        let suite = &asked.suites[0];
        assert_eq!((suite.verdict, &suite.flaky[..]), (SuiteVerdict::Flaky, &["c::luck".to_owned()][..]));
        let found = asked.findings.iter().find(|one| one.test.as_deref() == Some("c::luck")).unwrap();
        assert!(found.severity == Severity::Warning && found.message.starts_with("flaky: "), "{found:?}");
        let shown = engine.cmd(&["show", &run.to_string()]);
        for words in ["in doubt, so a second time on the same tree: unit; 1 test failed and passed", "flaky: c::luck"] {
            assert!(shown.expect_code(0).contains(words), "{words}: {}", shown.stdout);
        }
        let json = engine.cmd(&["show", &run.to_string(), "--json"]).json();
        assert_eq!(json["iterations"][1]["rerun_disagrees"][0], "unit: c::luck", "{json}");

        // It passes in the next iteration, which is no reason to believe it.
        engine.answer(run, false, "look at the cause");
        let again = engine.wait_run(run, "a second question", |detail| detail.questions.len() == 2);
        assert_eq!(again.iterations[2].outcome, Some(Outcome::Suspicious), "{again:#?}");
        assert!(facts(&again).contains("unit: c::luck (passed this time)"), "{}", facts(&again));
        assert_eq!(tested(&again)[4..], ["i2-a1"]);
        engine.answer(run, true, "");
        let done = engine.reaches(run, RunState::Succeeded);
        let told = repo.show(&format!("dogwatch/run-{}", run.0), "prompt.txt").unwrap();
        assert!(told.contains("# Flaky tests") && told.contains("unit: c::luck"), "{told}");
        assert_eq!(done.view.run.spent.iterations, 2);

        // The project remembers it: in the next run nobody has to find it again, and it is not done by luck either.
        let next = engine.submit(&done.view.project, None);
        let asked = engine.rested(next);
        assert_eq!(tested(&asked), ["i0-a1", "i0-a2", "i1-a1"], "{asked:#?}");
        assert!(facts(&asked).contains("unit: c::luck (failed this time)"), "{}", facts(&asked));
        engine.answer(next, true, "");
        engine.reaches(next, RunState::Succeeded);
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn what_goes_by_luck_at_the_base_is_known_from_the_start() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = lucky_repo("r[0-9]+-i0-test-unit-a1", "");
        let run = engine.run_on(&repo);
        let asked = engine.rested(run);
        assert_eq!(asked.iterations[0].rerun_disagrees, ["unit: c::luck"], "{asked:#?}");
        assert_eq!((asked.iterations[1].tests, asked.iterations[1].outcome), ((2, 0, 0), Some(Outcome::Suspicious)));
        assert!(facts(&asked).contains("unit: c::luck (passed this time)"), "{}", facts(&asked));
        engine.answer(run, true, "");
        engine.reaches(run, RunState::Succeeded);
        engine.assert_nothing_left();
    }

    #[test]
    fn an_engine_that_is_killed_meanwhile_comes_to_the_same() {
        if Engine::in_bubblewrap("").is_none() {
            return;
        }
        for point in ["commit.doubted.before", "commit.doubted.after", "step.test.created:4", "gather.parsed:2"] {
            let mut engine = Engine::start_process("", &[("DOGWATCH_CRASH_AT", point)]);
            let repo = lucky_repo("r[0-9]+-i1-test-unit-a1", "");
            let run = engine.run_on(&repo);
            wait_until("the engine's death", Duration::from_mins(1), || engine.has_ended());
            engine.restart_plain();
            let asked = engine.rested(run);
            assert_eq!(tested(&asked), ["i0-a1", "i0-a2", "i1-a1", "i1-a2"], "{point}: {asked:#?}");
            assert_eq!(asked.iterations[1].rerun_disagrees, ["unit: c::luck"], "{point}: {asked:#?}");
            engine.answer(run, true, "");
            engine.reaches(run, RunState::Succeeded);
            engine.assert_nothing_left();
            engine.assert_anchored();
        }
    }

    #[test]
    fn a_project_that_wants_no_second_run_has_none() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = lucky_repo("r[0-9]+-i1-test-unit-a1", "[gates]\nrerun = \"off\"\n");
        let run = engine.run_on(&repo);
        let done = engine.rested(run);
        assert_eq!((done.view.run.state, done.iterations[1].outcome), (RunState::Succeeded, Some(Outcome::Red)));
        assert_eq!(tested(&done), ["i0-a1", "i1-a1", "i2-a1"], "{done:#?}");
        // That it was in doubt is said all the same.
        let odd = engine.texts("SELECT oddities FROM suites WHERE iteration = 1");
        assert!(odd[0].contains("in doubt, and yet not run a second time: `[gates] rerun` is off"), "{odd:?}");
    }
}
