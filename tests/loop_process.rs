//! The whole loop in the process sandbox: from a repository with a red suite to a delivered branch on which it passes, also
//! when the engine is killed again and again; and what an engine without images, or without any sandbox, refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod support;

mod needs_bwrap {
    use crate::support::bare::{Bare, output};
    use crate::support::console::Console;
    use crate::support::loops::submission;
    use crate::support::{Engine, TempRepo, wait_until};
    use dogwatch::domain::{Ending, RunId, RunState, StepEnd, StepState};
    use dogwatch::protocol::{Request, RunDetail};
    use std::fs;
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::process::Command;
    use std::time::{Duration, Instant};

    /// A repository whose suite passes once `value` is `wanted`; the agent sets it to the number of the iteration, and takes
    /// `pause` seconds for that.
    fn counting_repo(wanted: u32, pause: &str, more: &str) -> TempRepo {
        let toml = format!(
            "[image]\nreference = \"host\"\n[[suite]]\nname = \"unit\"\ncommand = \"sh check.sh\"\nformat = \"junit\"\n\
             report = \"report.xml\"\ntimeout = \"1m\"\n[agent]\nname = \"command\"\ncommand = [\"sh\", \"agent.sh\"]\n\
             env = {{ GREETING = \"hello\" }}\n{more}"
        );
        let check = format!(
            "echo begin\nverdict() {{ printf '<testsuite tests=\"1\"><testcase classname=\"c\" name=\"t\">%s</testcase></testsuite>' \
             \"$1\" > report.xml; }}\nif test \"$(cat value)\" = {wanted}; then verdict ''; else verdict '<failure message=\"not \
             yet\"/>'; exit 1; fi\n"
        );
        let agent = format!(
            "echo begin\ncat > prompt.txt\nsleep {pause}\necho $DOGWATCH_ITERATION > value\necho \"$GREETING from $(pwd)\"\n\
             echo '{{\"dogwatch\":{{\"ending\":\"claims_done\",\"tokens\":120}}}}'\n"
        );
        TempRepo::new(&[("dogwatch.toml", &toml), ("check.sh", &check), ("agent.sh", &agent), ("value", "0\n")])
    }

    fn assert_counted(engine: &Engine, repo: &TempRepo, detail: &RunDetail, wanted: u32) {
        let run = detail.view.run.id;
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        assert_eq!(detail.view.run.iteration, wanted);
        let branch = format!("dogwatch/run-{}", run.0);
        assert_eq!(repo.show(&branch, "value"), Some(format!("{wanted}\n")));
        assert!(repo.show(&branch, "prompt.txt").unwrap().contains("make the tests pass"));
        assert_eq!(detail.view.run.image.as_ref().unwrap().id, "host");
        // Each program of a step that counts was started once, and all that it wrote is there.
        for step in &detail.steps {
            let StepState::Ended { end: StepEnd::Exited { .. }, .. } = step.state else { continue };
            let log = engine.raw_log(run, &step.key.to_string());
            assert_eq!(log.matches("begin\n").count(), 1, "{}: {log}", step.key);
        }
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn a_loop_finishes_with_everything_on_record() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = counting_repo(3, "0", "");
        let begin = Instant::now();
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        println!("three iterations in {:.1} s", begin.elapsed().as_secs_f64());
        assert_counted(&engine, &repo, &detail, 3);
        assert!(detail.iterations[1..].iter().all(|one| one.report.as_ref().unwrap().ending == Ending::ClaimsDone));
        // The base fails, so its suite ran twice.
        assert_eq!(engine.count("SELECT count(*) FROM steps WHERE state = 'ended' AND length(log_digest) = 64"), 8);
        assert!(engine.raw_log(run, "i1-develop").contains("hello from /work"));
    }

    #[test]
    fn a_plan_is_written_approved_and_followed() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let agent = "cat > prompt.txt\nif grep -q dogwatch-plan.md prompt.txt; then\n  echo 9 > value\n  n=$(grep -c 'smaller' \
                     prompt.txt)\n  echo \"plan $n: set the value\" > dogwatch-plan.md\nelse\n  echo 1 > value\nfi\n";
        let repo = counting_repo(1, "0", "[gates]\nplan = \"ask\"\n");
        repo.commit(&[("agent.sh", agent)], "an agent that plans");
        let run = engine.run_on(&repo);
        let asked = engine.rested(run);
        let question = asked.questions.last().unwrap();
        assert_eq!(question.facts[0], "plan 0: set the value", "{question:?}");
        engine.answer(run, false, "smaller steps");
        let again = engine.wait_run(run, "a second plan", |detail| detail.questions.len() == 2);
        assert_eq!(again.questions[1].facts[0], "plan 1: set the value");
        engine.answer(run, true, "");
        let done = engine.reaches(run, RunState::Succeeded);
        assert_eq!((done.view.run.iteration, done.view.run.spent.iterations), (1, 1));
        let branch = format!("dogwatch/run-{}", run.0);
        // The plan was followed; what else the turns about it changed is nowhere.
        let told = repo.show(&branch, "prompt.txt").unwrap();
        assert!(told.contains("# Plan\n") && told.contains("plan 1: set the value"), "{told}");
        assert_eq!(
            (repo.show(&branch, "value").as_deref(), repo.show(&branch, "dogwatch-plan.md")),
            (Some("1\n"), None)
        );
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn a_run_is_looked_into_and_rolled_back_from_the_console() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = counting_repo(9, "0", "[budget]\niterations = 2\n");
        let run = engine.run_on(&repo);
        let asked = engine.rested(run);
        let mut console = Console::of(&engine, &["watch"], 36, 120);
        console.wait_for("NEEDS YOU");
        console.type_keys("\r");
        console.wait_for("asks: budget reached");
        // The newest one waits; the one before it has changed the file.
        console.type_keys("k]");
        console.wait_for("diff --git a/prompt.txt b/prompt.txt");
        console.type_keys("n");
        for line in ["diff --git a/value b/value", "-1", "+2"] {
            console.wait_for(line);
        }
        // Back to the list.
        console.type_keys("\tk");
        console.wait_for("new file mode");
        console.type_keys("]]");
        console.wait_for("# How you are judged");
        console.type_keys("b");
        console.wait_for("begins from the checkpoint of iteration 1");
        console.wait_for("is withdrawn");
        // Held off for a moment, as in every dialog that decides.
        wait_until("a rollback", Duration::from_mins(1), || {
            console.type_keys("\r");
            std::thread::sleep(Duration::from_millis(500));
            console.shown().contains("back to iteration 1: done")
        });
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.head, detail.iterations[1].commit);
        assert!(detail.view.run.iteration > asked.view.run.iteration, "{detail:#?}");
        console.type_keys("5");
        console.wait_for("run.rollback");
        console.type_keys("q");
        assert_eq!(console.end(), Some(0));
        engine.ask(Request::Cancel { run, reason: String::new() }).unwrap();
        wait_until("the run's end", Duration::from_mins(1), || engine.detail(run).view.run.state.is_final());
        engine.assert_nothing_left();
    }

    #[test]
    fn a_killed_engine_finds_its_containers_again() {
        let Some(mut engine) = Engine::in_bubblewrap("") else { return };
        let repo = counting_repo(4, "0.7", "");
        let run = engine.run_on(&repo);
        let mut kills = 0;
        while !engine.detail(run).view.run.state.is_final() && kills < 12 {
            // At another moment of the loop each time.
            std::thread::sleep(Duration::from_millis(130 * (1 + kills % 7)));
            engine.kill();
            kills += 1;
            engine.restart();
        }
        let detail = engine.rested(run);
        println!("{kills} kills, {} steps", detail.steps.len());
        assert_counted(&engine, &repo, &detail, 4);
        // No kill cost a step that was at work its result; only one that was cut off before its secret is repeated.
        let lost =
            |state: &StepState| matches!(state, StepState::Ended { end: StepEnd::Lost { explained: false, .. }, .. });
        assert!(!detail.steps.iter().any(|step| lost(&step.state)), "{detail:#?}");
    }

    #[test]
    fn nothing_is_left_when_the_data_is_uninstalled() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = counting_repo(1, "600", "");
        let run = engine.run_on(&repo);
        wait_until("an agent at work", Duration::from_mins(1), || engine.raw_log(run, "i1-develop").contains("begin"));
        let said = engine.cmd(&["uninstall-data", "--yes"]);
        assert!(
            said.expect_code(0).contains("-i1-develop") && said.stderr.contains("Docker is not looked at"),
            "{said:?}"
        );
        assert!(!engine.state().exists(), "{said:?}");
        assert_eq!(processes_in(&engine.state().display().to_string()), Vec::<String>::new());
    }

    /// Command lines of the processes that name `path`.
    fn processes_in(path: &str) -> Vec<String> {
        let lines = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let line = fs::read(entry.unwrap().path().join("cmdline")).ok()?;
            Some(String::from_utf8_lossy(&line).replace('\0', " "))
        });
        lines.filter(|line| line.contains(path)).collect()
    }

    #[test]
    fn operators_pause_resume_and_cancel() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let repo = counting_repo(1, "600", "");
        let run = engine.run_on(&repo);
        wait_until("an agent at work", Duration::from_mins(1), || engine.raw_log(run, "i1-develop").contains("begin"));
        engine.expect_run(Request::Pause { run });
        let frozen = |run: RunId| engine.cmd(&["ps", "--json"]).expect_code(0).contains("paused") && run.0 > 0;
        wait_until("a pause", Duration::from_mins(1), || frozen(run));
        engine.expect_run(Request::Resume { run });
        engine.expect_run(Request::Cancel { run, reason: "enough".to_owned() });
        engine.reaches(run, RunState::Cancelled);
        engine.assert_nothing_left();
    }

    #[test]
    fn what_needs_images_is_refused_at_once() {
        let Some(engine) = Engine::in_bubblewrap("") else { return };
        let refused = |repo: &TempRepo| {
            let project = engine.add(repo);
            engine.ask(submission(&project, None)).unwrap_err().to_string()
        };
        let words = refused(&counting_repo(1, "0", "[setup]\ncommand = \"true\"\n"));
        assert!(words.contains("[setup]") && words.contains("Docker"), "{words}");
        for image in ["reference = \"docker.io/library/debian:stable\"", "dockerfile = \"Dockerfile\""] {
            let repo = counting_repo(1, "0", "");
            let toml = fs::read_to_string(repo.file("dogwatch.toml")).unwrap().replace("reference = \"host\"", image);
            repo.commit(&[("dogwatch.toml", &toml), ("Dockerfile", "FROM debian\n")], "Use an image");
            let words = refused(&repo);
            assert!(words.contains("no images") && words.contains("\"host\"") && words.contains("Docker"), "{words}");
        }
        let repo = counting_repo(1, "0", "[services.db]\ncommand = \"true\"\n");
        let toml = fs::read_to_string(repo.file("dogwatch.toml")).unwrap();
        repo.commit(
            &[("dogwatch.toml", &toml.replace("[[suite]]", "[[suite]]\nservices = [\"db\"]"))],
            "Use a service",
        );
        let words = refused(&repo);
        assert!(words.contains("has services") && words.contains("Docker"), "{words}");
        assert_eq!(engine.count("SELECT count(*) FROM runs"), 0);
    }

    /// A command of dogwatch on a machine that has neither Docker nor bubblewrap: their programs and sockets are covered.
    fn without_sandboxes(bare: &Bare, args: &[&str]) -> Command {
        let mut words: Vec<String> = ["--dev-bind", "/", "/"].map(str::to_owned).to_vec();
        let dirs = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"];
        let programs = dirs.iter().flat_map(|dir| ["bwrap", "docker", "dockerd"].map(|name| format!("{dir}/{name}")));
        for program in programs.filter(|program| Path::new(program).is_file()) {
            words.extend(["--dev-bind".to_owned(), "/dev/null".to_owned(), program]);
        }
        if fs::symlink_metadata("/run").is_ok() {
            words.extend(["--tmpfs".to_owned(), "/run".to_owned()]);
        }
        words.extend(["--".to_owned(), env!("CARGO_BIN_EXE_dogwatch").to_owned()]);
        words.extend(args.iter().map(|&arg| arg.to_owned()));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = bare.through("bwrap", &words);
        command.env_remove("DOCKER_HOST").env("PATH", "/usr/bin:/bin");
        command
    }

    #[test]
    fn without_any_sandbox_people_are_told_what_to_do() {
        let bare = Bare::new();
        let tried = output(&mut without_sandboxes(&bare, &["--version"]));
        if tried.code != Some(0) {
            let required = std::env::var("DOGWATCH_REQUIRE_BWRAP").is_ok_and(|value| value == "1");
            assert!(!required, "a bubblewrap that works here is required: {}", tried.stderr);
            eprintln!("skipped: {}", tried.stderr);
            return;
        }
        let doctor = output(&mut without_sandboxes(&bare, &["doctor"]));
        let words = doctor.expect_code(1).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["fail sandbox: there is none: Docker is not installed", "install Docker", "install bubblewrap"] {
            assert!(words.contains(part), "{part}: {words}");
        }
        let mut engine = without_sandboxes(&bare, &["serve"]).spawn().unwrap();
        wait_until("an answer of the engine", Duration::from_secs(30), || {
            assert!(engine.try_wait().unwrap().is_none(), "the engine ended at its start");
            UnixStream::connect(bare.file("sock/engine.sock")).is_ok()
        });
        let status = bare.cmd(&["status", "--json"]).json();
        assert!(status["sandbox_fault"].as_str().unwrap().contains("install bubblewrap"), "{status}");
        let repo = counting_repo(1, "0", "");
        bare.cmd(&["project", "add", repo.path().to_str().unwrap(), "--name", "p"]).expect_code(0);
        let refused = bare.cmd(&["run", "--project", "p", "do it"]);
        assert_ne!(refused.code, Some(0));
        assert!(
            refused.stderr.contains("install Docker") && refused.stderr.contains("bubblewrap"),
            "{}",
            refused.stderr
        );
        engine.kill().unwrap();
        engine.wait().unwrap();
    }
}
