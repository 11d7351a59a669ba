//! Caps of projects and days on real containers: what is reserved outlives a kill, a cap asks, and people allow more once or
//! let a run wait for the next day.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod needs_docker {
    use crate::support::loops::REST;
    use crate::support::{DockerEnv, Engine, TempRepo, docker, wait_until};
    use dogwatch::domain::{Day, Measure, QuestionKind, RunState};
    use dogwatch::protocol::{BudgetReport, Reply, Request};

    /// A repository whose suite passes once `value` is `wanted`; each turn sets it to the number of its iteration, takes
    /// `pause` seconds and uses 120 tokens.
    fn counting(docker: &DockerEnv, wanted: u32, pause: &str) -> TempRepo {
        let toml = format!(
            "[image]\nreference = \"{}\"\n[[suite]]\nname = \"unit\"\ncommand = \"sh check.sh\"\nformat = \"junit\"\n\
             report = \"report.xml\"\ntimeout = \"1m\"\n[agent]\nname = \"command\"\ncommand = [\"sh\", \"agent.sh\"]\n",
            docker.image
        );
        let check = format!(
            "verdict() {{ printf '<testsuite tests=\"1\"><testcase classname=\"c\" name=\"t\">%s</testcase></testsuite>' \"$1\" \
             > report.xml; }}\nif test \"$(cat value)\" = {wanted}; then verdict ''; else verdict '<failure message=\"not \
             yet\"/>'; exit 1; fi\n"
        );
        let agent = format!(
            "sleep {pause}\necho $DOGWATCH_ITERATION > value\n\
             echo '{{\"dogwatch\":{{\"ending\":\"claims_done\",\"tokens\":120}}}}'\n"
        );
        TempRepo::new(&[("dogwatch.toml", &toml), ("check.sh", &check), ("agent.sh", &agent), ("value", "0\n")])
    }

    fn budget(engine: &Engine) -> BudgetReport {
        match engine.ask(Request::Budget).expect("the budgets") {
            Reply::Budget { budget } => *budget,
            other => panic!("{other:?}"),
        }
    }

    /// Iterations and tokens that the first project has used and reserved in all.
    fn total(engine: &Engine) -> [u64; 4] {
        let account = budget(engine).projects[0].total;
        let [iterations, tokens] = [Measure::Iterations, Measure::Tokens];
        [
            account.used.of(iterations),
            account.reserved.of(iterations),
            account.used.of(tokens),
            account.reserved.of(tokens),
        ]
    }

    #[test]
    fn what_is_reserved_outlives_a_kill_and_a_cap_is_raised_once() {
        let Some(docker) = docker() else { return };
        let repo = counting(&docker, 3, "2");
        let name = repo.path().file_name().unwrap().to_str().unwrap().to_owned();
        let text =
            format!("[budget.iteration]\ntokens = 150\n[projects.\"{name}\".total]\niterations = 2\ntokens = 1000\n");
        let mut engine = Engine::configured(&docker, &text);
        assert_eq!(engine.add(&repo), name);
        let run = engine.submit(&name, None);
        wait_until("a turn under way", REST, || total(&engine) == [0, 1, 0, 150]);
        engine.kill();
        engine.restart();
        assert_eq!(total(&engine)[1] + total(&engine)[0], 1);
        let detail = engine.reaches(run, RunState::Escalated);
        assert_eq!(total(&engine), [2, 0, 240, 0], "{detail:#?}");
        let question = engine.open_question(run);
        assert_eq!((question.kind, question.may_wait(), question.reached.len()), (QuestionKind::Budget, false, 1));
        engine.kill();
        engine.restart();
        assert_eq!(total(&engine), [2, 0, 240, 0]);
        let refused = engine.cmd(&["approvals", "wait", &question.id.to_string()]);
        assert_eq!(refused.code, Some(5), "{}", refused.stderr);
        engine.answer(run, true, "");
        let detail = engine.rested(run);
        assert_eq!((detail.view.run.state, detail.view.run.iteration), (RunState::Succeeded, 3), "{detail:#?}");
        assert_eq!(total(&engine), [3, 0, 360, 0]);
        assert_eq!(budget(&engine).projects[0].total.granted.iterations, 2);
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn a_run_waits_for_the_next_day_where_a_person_lets_it() {
        let Some(docker) = docker() else { return };
        let engine = Engine::configured(&docker, "[budget.day]\niterations = 1\n");
        let run = engine.run_on(&counting(&docker, 9, "0"));
        engine.reaches(run, RunState::Escalated);
        let question = engine.open_question(run);
        let Some(day) = question.reached[0].scope.day() else { panic!("{question:?}") };
        let shown = engine.cmd(&["approvals", "show", &question.id.to_string()]).expect_code(0).replace('\n', " ");
        let turns = day.next().begin().rfc3339();
        assert!(shown.contains("approvals wait") && shown.contains(&turns), "{shown}");
        engine.cmd(&["approvals", "wait", &question.id.to_string()]).expect_code(0);
        let after = engine.detail(run).view.run;
        // Whoever tests at midnight sees it go on at once.
        if Day::of(after.updated) == day {
            assert_eq!((after.state, after.not_before), (RunState::Developing, Some(day.next().begin())), "{after:?}");
            assert!(engine.cmd(&["ps"]).expect_code(0).contains(&turns));
        }
        engine.cmd(&["cancel", &run.to_string()]).expect_code(0);
        engine.reaches(run, RunState::Cancelled);
        assert_eq!(budget(&engine).engine.reserved.iterations, 0);
        engine.assert_nothing_left();
    }
}
