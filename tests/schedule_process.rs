//! Test runs that people have by a clock, in the process sandbox: without an agent, by their own suites, once for what was missed,
//! and never twice for one time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod support;

mod needs_bwrap {
    use crate::support::{Engine, TempRepo, wait_until};
    use dogwatch::domain::{Outcome, RunId, RunState};
    use dogwatch::protocol::{DeliverAs, Request, ScheduleDetail};
    use rusqlite::Connection;
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_mins(1);

    /// A repository with a suite that passes and one that passes once `value` is 1. It names no agent: none is needed.
    fn repo() -> TempRepo {
        let suite = |name: &str, check: &str| {
            format!(
                "[[suite]]\nname = \"{name}\"\ncommand = \"sh check.sh {check}\"\nformat = \"junit\"\nreport = \"report.xml\"\n\
                 timeout = \"1m\"\n"
            )
        };
        let toml = format!("[image]\nreference = \"host\"\n{}{}", suite("unit", "1"), suite("web", "$(cat value)"));
        let check = "verdict() { printf '<testsuite tests=\"1\"><testcase classname=\"c\" name=\"t\">%s</testcase></testsuite>' \"$1\" > \
                     report.xml; }\nif test \"$1\" = 1; then verdict ''; else verdict '<failure message=\"not yet\"/>'; exit 1; fi\n";
        TempRepo::new(&[("dogwatch.toml", &toml), ("check.sh", check), ("value", "0\n")])
    }

    fn add(engine: &Engine, args: &[&str]) -> ScheduleDetail {
        serde_json::from_value(engine.cmd(&[&["task", "add", "--json"], args].concat()).json()).unwrap()
    }

    fn show(engine: &Engine, id: &str) -> ScheduleDetail {
        serde_json::from_value(engine.cmd(&["task", "show", id, "--json"]).json()).unwrap()
    }

    #[test]
    fn suites_run_at_once_and_end_as_their_tests_do() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = repo();
        let project = engine.add(&repo);
        let told = add(&engine, &["-p", &project, "-s", "unit"]);
        assert_eq!(
            (told.firings.len(), told.firings[0].firing.run),
            (1, Some(RunId(1))),
            "it starts at once: {told:#?}"
        );
        let passed = engine.reaches(RunId(1), RunState::Succeeded);
        assert!(passed.view.run.reason.starts_with("suite `unit` passed: 1 passed"), "{}", passed.view.run.reason);
        assert_eq!((passed.suites.len(), passed.iterations.len()), (1, 1), "{passed:#?}");
        assert_eq!(passed.iterations[0].outcome, Some(Outcome::Green));
        // All suites: one fails, and so does the run. Nobody is asked, nothing is delivered.
        add(&engine, &["-p", &project]);
        let failed = engine.reaches(RunId(2), RunState::Failed);
        assert!(failed.view.run.reason.starts_with("suite `web` failed"), "{}", failed.view.run.reason);
        assert_eq!((failed.suites.len(), failed.questions.len(), failed.findings.len()), (2, 0, 1), "{failed:#?}");
        let how = DeliverAs::Branch { name: None, force: false };
        let refused = engine.ask(Request::Deliver { run: RunId(1), iteration: None, how }).unwrap_err().to_string();
        assert!(refused.contains("nothing to deliver"), "{refused}");
        let text = engine.cmd(&["task", "ls"]).expect_code(0).to_owned();
        assert!(text.contains("r1 passed 1/0/0") && text.contains("r2 failed 1/1/0"), "{text}");
        let text = engine.cmd(&["task", "show", "c2"]).expect_code(0).to_owned();
        assert!(text.contains("suite `web` failed") && text.contains("over"), "{text}");
        // What is not there is refused at once, and what loops do is not counted by these.
        let refused = engine.cmd(&["task", "add", "-p", &project, "-s", "load"]);
        assert!(refused.code == Some(5) && refused.stderr.contains("no suite load: it has unit, web"), "{refused:?}");
        let refused = engine.cmd(&["task", "add", "-p", &project, "--cron", "0 3 31 2 *"]);
        assert!(refused.code == Some(5) && refused.stderr.contains("no time that comes again"), "{refused:?}");
        assert_eq!(engine.cmd(&["metrics", "--json"]).json()["total"]["failed"], 0);
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn what_was_missed_runs_once_over_kills_and_says_so() {
        let Some(mut engine) = Engine::in_bubblewrap("") else { return };
        let repo = repo();
        let project = engine.add(&repo);
        let told = add(&engine, &["-p", &project, "-s", "unit", "--cron", "0 * * * *"]);
        let next = told.view.schedule.next.unwrap();
        assert!(told.firings.is_empty(), "{told:#?}");
        engine.kill();
        // As if the engine had been down for five hours.
        let database = Connection::open(engine.state().join("dogwatch.db")).unwrap();
        let back = next.0 - 5 * 3_600_000;
        database.execute("UPDATE schedules SET next = ?1 WHERE id = 1", [back]).unwrap();
        database.close().unwrap();
        for _ in 0..3 {
            engine.restart();
            wait_until("its run", PATIENCE, || !show(&engine, "c1").firings.is_empty());
            engine.kill();
        }
        engine.restart();
        engine.reaches(RunId(1), RunState::Succeeded);
        let told = show(&engine, "c1");
        assert_eq!((told.firings.len(), told.firings[0].firing.missed), (1, 4), "{told:#?}");
        assert_eq!(told.view.schedule.next, Some(next));
        assert_eq!(engine.count("SELECT count(*) FROM runs"), 1);
        let text = engine.cmd(&["task", "show", "c1"]).expect_code(0).to_owned();
        assert!(text.contains("once for 5 times that were missed"), "{text}");
        // Paused it starts nothing, and what comes by meanwhile is not made up for.
        engine.cmd(&["task", "pause", "c1"]).expect_code(0);
        assert_eq!(show(&engine, "c1").view.schedule.next, None);
        assert!(engine.cmd(&["task", "ls"]).expect_code(0).contains("paused"));
        engine.cmd(&["task", "resume", "c1"]).expect_code(0);
        assert!(show(&engine, "c1").view.schedule.next >= Some(next));
        engine.cmd(&["task", "rm", "c1"]).expect_code(0);
        assert_eq!(engine.cmd(&["task", "show", "c1"]).code, Some(4));
        assert!(engine.cmd(&["task", "ls"]).expect_code(0).contains("no task is there"));
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn one_whose_run_is_not_over_or_whose_source_is_gone_starts_nothing_and_says_why() {
        let Some(mut engine) = Engine::in_bubblewrap("") else { return };
        let repo = repo();
        repo.commit(&[("check.sh", "sleep 600\n")], "it takes its time");
        let project = engine.add(&repo);
        add(&engine, &["-p", &project, "-s", "unit", "--cron", "* * * * *"]);
        let due = |engine: &Engine| {
            let database = Connection::open(engine.state().join("dogwatch.db")).unwrap();
            database.execute("UPDATE schedules SET next = next - 3600000 WHERE id = 1", []).unwrap();
            database.close().unwrap();
        };
        engine.kill();
        due(&engine);
        engine.restart();
        wait_until("its run", PATIENCE, || !show(&engine, "c1").firings.is_empty());
        engine.kill();
        due(&engine);
        engine.restart();
        wait_until("a refusal", PATIENCE, || show(&engine, "c1").firings.len() > 1);
        let fault = show(&engine, "c1").firings[0].firing.fault.clone().unwrap();
        assert_eq!(fault, "r1, which it started before, is not over yet");
        engine.cmd(&["cancel", "r1", "--reason", "enough"]).expect_code(0);
        engine.reaches(RunId(1), RunState::Cancelled);
        engine.kill();
        let gone = repo.path().with_extension("gone");
        std::fs::rename(repo.path(), &gone).unwrap();
        due(&engine);
        engine.restart();
        wait_until("a refusal", PATIENCE, || {
            show(&engine, "c1")
                .firings
                .iter()
                .any(|one| one.firing.fault.as_ref().is_some_and(|why| !why.contains("r1")))
        });
        std::fs::rename(&gone, repo.path()).unwrap();
        assert!(engine.cmd(&["task", "ls"]).expect_code(0).contains("not started"));
        engine.assert_nothing_left();
    }

    /// A mount that hangs keeps whoever reads from it waiting, as a pipe does into which nobody writes.
    #[test]
    fn a_source_that_does_not_answer_keeps_no_other_project_waiting() {
        let Some(mut engine) = Engine::in_bubblewrap("") else { return };
        let (hangs, well) = (repo(), repo());
        for repo in [&hangs, &well] {
            let project = engine.add(repo);
            add(&engine, &["-p", &project, "-s", "unit", "--cron", "0 * * * *"]);
        }
        engine.kill();
        let refs = hangs.path().join(".git/packed-refs");
        assert!(std::process::Command::new("mkfifo").arg(&refs).status().unwrap().success());
        // Both are due, the one that hangs first.
        let database = Connection::open(engine.state().join("dogwatch.db")).unwrap();
        database.execute("UPDATE schedules SET next = next - 7200000 + id", []).unwrap();
        database.close().unwrap();
        engine.restart();
        wait_until("the other's run", PATIENCE, || !show(&engine, "c2").firings.is_empty());
        engine.reaches(RunId(1), RunState::Succeeded);
        assert!(show(&engine, "c1").firings.is_empty());
        assert_eq!(engine.count("SELECT count(*) FROM firings"), 1);
    }
}
