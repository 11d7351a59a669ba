//! The whole loop on real containers: from a repository with red tests to a delivered branch on which they pass, with
//! everything on record and nothing left over; and what operators and mishaps do to it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::loops::{ENOUGH, REPLAY, REST, RIGHT, TESTS, python_repo, submission};
    use crate::support::{DockerEnv, Engine, TempRepo, docker, wait_until};
    use bollard::query_parameters::RemoveImageOptions;
    use dogwatch::domain::{Ending, Outcome, QuestionKind, RunId, RunState, StepEnd, StepKind, StepState, Terms};
    use dogwatch::protocol::{DeliverAs, Reply, Request, RunDetail};
    use serde_json::{Value, json};
    use std::fs;
    use std::process::Command;
    use std::time::{Duration, Instant};

    fn replay(entries: &Value) -> String {
        json!({ "replay": 1, "iterations": entries }).to_string()
    }

    fn edit(old: &str, new: &str) -> Value {
        json!({ "path": "calc.py", "replace": { "old": old, "new": new } })
    }

    /// Two wrong attempts and a right one.
    fn third_time_lucky() -> String {
        replay(&json!([
            { "say": "first try", "edits": [edit("a - b", "a * b")], "claims": "done" },
            { "say": "second try", "edits": [edit("a * b", "a")], "claims": "done" },
            { "say": "third try", "edits": [edit("return a\n", "return a + b\n")], "claims": "done" }
        ]))
    }

    fn forget(docker: &DockerEnv, image: &str) {
        docker.with(async |client| client.remove_image(image, None::<RemoveImageOptions>, None).await.unwrap());
    }

    fn image_of(detail: &RunDetail) -> String {
        detail.view.run.image.clone().expect("an image").id
    }

    fn log_text(engine: &Engine, run: RunId, step: &str) -> String {
        match engine.ask(Request::ReadLog { run, step: step.to_owned(), offset: 0, most: 1 << 20 }).expect("a log") {
            Reply::Log { chunk } => String::from_utf8_lossy(&chunk.bytes.decode().expect("the bytes")).into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_loop_finishes_and_all_of_it_is_on_record() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let repo = python_repo(&docker, REPLAY, &[("replay.json", &third_time_lucky())]);
        let begin = Instant::now();
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        println!("three iterations in {:.1} s", begin.elapsed().as_secs_f64());
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");

        // Iterations: what was tried and how it went, the engine's own counts.
        let outcomes: Vec<_> = detail.iterations.iter().map(|one| (one.number, one.outcome, one.tests)).collect();
        let (red, green) = (Some(Outcome::Red), Some(Outcome::Green));
        assert_eq!(outcomes[0], (0, Some(Outcome::Neutral), (2, 1, 0)));
        assert_eq!(outcomes[1..], [(1, red, (2, 1, 0)), (2, red, (2, 1, 0)), (3, green, (3, 0, 0))]);
        assert!(detail.iterations[1..].iter().all(|one| one.report.as_ref().unwrap().ending == Ending::ClaimsDone));
        assert!(detail.iterations.iter().all(|one| one.ended.is_some() && one.suspicions.is_empty()), "{detail:#?}");

        // The delivered branch, in the repository of the person, tested there without dogwatch.
        let branch = format!("dogwatch/run-{}", run.0);
        assert_eq!(repo.show(&branch, "calc.py").as_deref(), Some(RIGHT));
        assert_eq!(repo.show(&branch, "tests/test_calc.py").as_deref(), Some(TESTS));
        assert_eq!(repo.show("main", "calc.py").as_deref(), Some(crate::support::loops::WRONG));
        assert_eq!(repo.branches().len(), 2);
        let head = detail.view.run.head.clone().unwrap();
        assert!(repo.branches().contains(&(branch, head.clone())));
        passes_by_itself(&repo, &head);

        // Rows: suites, findings joined to bugs, gates, prompts, steps with digests, the image.
        assert_eq!(engine.count("SELECT count(*) FROM suites"), 4);
        assert_eq!(engine.count("SELECT count(*) FROM gate_results"), 6);
        assert!(engine.count("SELECT count(*) FROM findings WHERE test LIKE '%test_add%'") >= 3);
        assert_eq!(engine.count("SELECT count(*) FROM findings WHERE bug IS NULL"), 0);
        assert!(engine.count("SELECT count(*) FROM bugs WHERE seen > 0 AND message LIKE '%assert%'") >= 1);
        // The base fails, so its suite ran twice.
        assert_eq!(engine.count("SELECT count(*) FROM steps WHERE state = 'ended' AND length(log_digest) = 64"), 8);
        assert!(image_of(&detail).starts_with("sha256:"));
        let prompts = engine.prompts(run);
        assert_eq!(prompts.len(), 3);
        assert!(prompts.iter().all(|prompt| prompt.contains("make the tests pass") && prompt.contains("add adds")));
        assert!(prompts[0].contains("test_add") && prompts[2].contains("iteration 2 (your work)"), "{}", prompts[2]);

        // Logs: what the agent and the tests wrote, by step.
        assert!(log_text(&engine, run, &format!("{run}-i2-develop-a1")).contains("second try"));
        assert!(log_text(&engine, run, &format!("{run}-i3-test-unit-a1")).contains("3 passed"));

        // Audit: every step and transition of the run, whole and anchored.
        assert_eq!(engine.count("SELECT count(*) FROM audit WHERE kind = 'step.ended'"), 8);
        assert_eq!(engine.count("SELECT count(*) FROM audit WHERE kind = 'run.delivered'"), 1);
        engine.assert_nothing_left();
        engine.assert_anchored();
        docker.with(async |client| {
            let volumes = client.list_volumes(None::<bollard::query_parameters::ListVolumesOptions>).await.unwrap();
            assert_eq!(volumes.volumes.unwrap_or_default(), Vec::new(), "volumes were left");
        });
    }

    /// The suite on the delivered commit, run by the machine's own Python where it has pytest.
    fn passes_by_itself(repo: &TempRepo, commit: &str) {
        let python = Command::new("python3").args(["-c", "import pytest"]).output();
        if !python.is_ok_and(|output| output.status.success()) {
            println!("left out: this machine's Python has no pytest; the engine's own test run decided");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in ["calc.py", "tests/test_calc.py"].map(|name| (name, repo.show(commit, name).unwrap())) {
            fs::create_dir_all(dir.path().join("tests")).unwrap();
            fs::write(dir.path().join(name), text).unwrap();
        }
        let status = Command::new("python3")
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
            .current_dir(dir.path())
            .env("PYTHONPATH", ".")
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// A `dogwatch.toml` whose suite is the shell script `check.sh`.
    fn shell_repo(image: &str, check: &str, rest: &str, more: &[(&str, &str)]) -> TempRepo {
        let toml = format!(
            "{image}\n[[suite]]\nname = \"unit\"\ncommand = \"sh check.sh\"\nformat = \"junit\"\nreport = \"report.xml\"\n\
             timeout = \"20s\"\n\n{rest}"
        );
        let check = format!(
            "verdict() {{ printf '<testsuite tests=\"1\"><testcase classname=\"c\" name=\"t\">%s</testcase></testsuite>' \"$1\" \
             > report.xml; }}\nif {check}; then verdict ''; else verdict '<failure message=\"not yet\"/>'; exit 1; fi\n"
        );
        let mut files = vec![("dogwatch.toml", toml.as_str()), ("check.sh", check.as_str()), ("value", "0\n")];
        files.extend(more);
        TempRepo::new(&files)
    }

    fn reference(docker: &DockerEnv) -> String {
        format!("[image]\nreference = \"{}\"\n", docker.image)
    }

    /// Sets `value` to 1, 2, 3 and so on.
    fn counting(sleep: u32) -> String {
        let entries: Vec<Value> = (1..10)
            .map(|n| json!({ "edits": [{ "path": "value", "write": format!("{n}\n") }], "claims": "done", "sleep": sleep }))
            .collect();
        replay(&json!(entries))
    }

    #[test]
    fn images_are_set_up_built_and_cached() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let unique = engine.home().display().to_string();
        let setup = format!(
            "[setup]\ncommand = \"mkdir -p deps && echo {unique} > deps/lib && echo made > /made-by-setup && id -u > /made-by\"\n\
             keep = [\"deps\"]\n\n{REPLAY}"
        );
        let check = "grep -q dw deps/lib && test \"$(cat /made-by-setup /made-by | xargs)\" = 'made 0' && test \"$(id -u)\" != 0 \
                     && test \"$(cat value)\" = 1";
        let script = counting(0);
        let repo = shell_repo(&reference(&docker), check, &setup, &[("replay.json", &script)]);
        let project = engine.add(&repo);
        let first = engine.rested(engine.submit(&project, None));
        assert_eq!(first.view.run.state, RunState::Succeeded, "{first:#?}");
        let prepared =
            |detail: &RunDetail| detail.steps.iter().filter(|step| step.key.kind == StepKind::Prepare).count();
        assert_eq!(prepared(&first), 1);
        let second = engine.rested(engine.submit(&project, None));
        assert_eq!(second.view.run.state, RunState::Succeeded, "{second:#?}");
        assert_eq!((prepared(&second), image_of(&second)), (0, image_of(&first)), "the cached image was not used");
        // What the setup made is no part of the work.
        assert_eq!(repo.show(&format!("dogwatch/run-{}", first.view.run.id.0), "deps/lib"), None);

        let dockerfile = format!("FROM {}\nCOPY value /copied\nRUN echo {unique} > /built\n", docker.image);
        let check = "grep -q dw /built && grep -q 0 /copied && test \"$(cat value)\" = 1";
        let more = [("replay.json", script.as_str()), ("Dockerfile", dockerfile.as_str())];
        let repo = shell_repo("[image]\ndockerfile = \"Dockerfile\"\n", check, REPLAY, &more);
        let built = engine.rested(engine.run_on(&repo));
        assert_eq!(built.view.run.state, RunState::Succeeded, "{built:#?}");
        assert_eq!(built.view.run.image.as_ref().unwrap().asked, "Dockerfile");
        engine.assert_nothing_left();
        forget(&docker, &image_of(&first));
        forget(&docker, &image_of(&built));
    }

    #[test]
    fn a_command_works_as_agent() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let agent = "[agent]\nname = \"command\"\ncommand = [\"sh\", \"agent.sh\"]\nenv = { GREETING = \"hello\" }\n";
        let script = "cat > prompt-$DOGWATCH_ITERATION.txt\necho $DOGWATCH_ITERATION > value\necho \"$GREETING from $(pwd)\"\n\
                      echo '{\"dogwatch\":{\"ending\":\"claims_done\",\"detail\":\"counted\",\"tokens\":120,\"usd\":0.25}}'\n";
        let repo = shell_repo(&reference(&docker), "test \"$(cat value)\" = 2", agent, &[("agent.sh", script)]);
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        let prompts = engine.prompts(run);
        let branch = format!("dogwatch/run-{}", run.0);
        assert_eq!(repo.show(&branch, "prompt-1.txt").as_ref(), Some(&prompts[0]));
        assert_eq!(repo.show(&branch, "prompt-2.txt").as_ref(), Some(&prompts[1]));
        assert!(prompts[1].contains("not yet"), "{}", prompts[1]);
        let report = detail.iterations[2].report.clone().unwrap();
        assert_eq!((report.ending, report.detail.as_str()), (Ending::ClaimsDone, "counted"));
        assert_eq!((detail.view.run.spent.tokens, detail.view.run.spent.microusd), (240, 500_000));
        assert_eq!(engine.count("SELECT sum(tokens) FROM usage"), 240);
        assert!(log_text(&engine, run, &format!("{run}-i1-develop-a1")).contains("hello from /work"));
    }

    /// An agent that writes a line every tenth of a second for `ticks` lines in each turn.
    fn ticking(docker: &DockerEnv, ticks: u32, wanted: u32) -> TempRepo {
        let agent = "[agent]\nname = \"command\"\ncommand = [\"sh\", \"agent.sh\"]\n";
        let script = format!(
            "i=0\nwhile [ $i -lt {ticks} ]; do i=$((i+1)); echo tick $i; sleep 0.1; done\necho $DOGWATCH_ITERATION > value\n"
        );
        shell_repo(&reference(docker), &format!("test \"$(cat value)\" = {wanted}"), agent, &[("agent.sh", &script)])
    }

    fn bytes_of(engine: &Engine, run: RunId, step: &str) -> u64 {
        match engine.ask(Request::Logs { run }).expect("logs") {
            Reply::Logs { logs } => logs.iter().find(|log| log.step == step).map_or(0, |log| log.bytes),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn operators_steer_a_run() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let repo = ticking(&docker, 15, 3);
        let run = engine.run_on(&repo);
        let step = format!("{run}-i1-develop-a1");
        wait_until("a word of the agent", REST, || bytes_of(&engine, run, &step) > 10);

        // Paused: the container is frozen and writes no more.
        engine.expect_run(Request::Pause { run });
        wait_until("a frozen container", REST, || {
            let ids = engine.containers();
            docker.with(async |client| {
                let found = client.inspect_container(&ids[0], None).await.unwrap();
                found.state.unwrap().paused == Some(true)
            })
        });
        let mut still = (bytes_of(&engine, run, &step), Instant::now());
        wait_until("an end of what was under way", REST, || {
            let now = bytes_of(&engine, run, &step);
            if now != still.0 {
                still = (now, Instant::now());
            }
            still.1.elapsed() > Duration::from_millis(600)
        });
        assert_eq!(engine.detail(run).view.run.state, RunState::Paused);
        engine.expect_run(Request::Resume { run });
        wait_until("further words", REST, || bytes_of(&engine, run, &step) > still.0);

        // Redirected in the middle: the next prompt quotes it first.
        engine.expect_run(Request::Redirect {
            run,
            text: "count in threes".to_owned(),
            criteria: None,
            terms: Terms::default(),
        });
        engine.wait_run(run, "in iteration 2", |detail| detail.view.run.iteration == 2);
        wait_until("the second prompt", REST, || engine.prompts(run).len() == 2);
        let prompt = engine.prompts(run).remove(1);
        assert!(prompt.starts_with("# Guidance from the operator"), "{prompt}");
        assert!(prompt.find("count in threes") < prompt.find("# Task"), "{prompt}");
        let log = log_text(&engine, run, &step);
        let ticks: Vec<String> = (1..=15).map(|n| format!("tick {n}")).collect();
        assert_eq!(log.lines().collect::<Vec<_>>(), ticks, "the pause lost or repeated something");

        // Rolled back: the next iteration starts from the first checkpoint.
        engine.wait_run(run, "in iteration 3", |detail| detail.view.run.iteration == 3);
        let checkpoint = engine.detail(run).iterations[1].commit.clone();
        engine.expect_run(Request::Rollback { run, iteration: Some(1) });
        let detail = engine.wait_run(run, "in iteration 4", |detail| detail.view.run.iteration == 4);
        let fourth = detail.iterations.iter().find(|one| one.number == 4).unwrap();
        assert_eq!(Some(&fourth.base), checkpoint.as_ref());
        assert_eq!(detail.iterations[3].outcome, Some(Outcome::Neutral));

        // Cancelled: nothing is left.
        wait_until("a container of the fourth iteration", REST, || !engine.containers().is_empty());
        engine.expect_run(Request::Cancel { run, reason: "enough".to_owned() });
        engine.reaches(run, RunState::Cancelled);
        engine.assert_nothing_left();
        // What was there can be taken all the same, and who took it is on record.
        let how = DeliverAs::Branch { name: Some("taken".to_owned()), force: false };
        let Reply::Delivered { before, verified, commit, .. } =
            engine.ask(Request::Deliver { run, iteration: Some(2), how }).unwrap()
        else {
            panic!()
        };
        assert_eq!((before, verified), (None, false));
        assert!(repo.branches().contains(&("taken".to_owned(), commit)));
        assert_eq!(engine.count("SELECT count(*) FROM audit WHERE kind IN ('delivery.intended', 'delivery.done')"), 2);
        let how = DeliverAs::Patch;
        let Reply::Handed { bytes, .. } = engine.ask(Request::Deliver { run, iteration: Some(2), how }).unwrap() else {
            panic!()
        };
        let patch = String::from_utf8(bytes.decode().unwrap()).unwrap();
        assert!(patch.contains("+2"), "{patch}");
        engine.assert_anchored();
    }

    #[test]
    fn people_answer_questions() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let script = counting(0);
        let budget = format!("{REPLAY}\n[budget]\niterations = 1\n");
        let repo = shell_repo(&reference(&docker), "test \"$(cat value)\" = 2", &budget, &[("replay.json", &script)]);
        let project = engine.add(&repo);
        let run = engine.submit(&project, None);
        engine.reaches(run, RunState::Escalated);
        assert_eq!(engine.open_question(run).kind, QuestionKind::Budget);
        engine.answer(run, true, "once more");
        let detail = engine.rested(run);
        assert_eq!((detail.view.run.state, detail.view.run.iteration), (RunState::Succeeded, 2), "{detail:#?}");

        let run = engine.submit(&project, None);
        engine.reaches(run, RunState::Escalated);
        let Err(error) = engine.ask(Request::Answer {
            question: engine.open_question(run).id,
            approve: false,
            reason: " ".to_owned(),
        }) else {
            panic!("a denial without a reason was taken")
        };
        assert!(error.to_string().contains("reason"), "{error}");
        engine.answer(run, false, "too dear");
        let detail = engine.reaches(run, RunState::Failed);
        assert!(detail.view.run.reason.contains("too dear"), "{detail:#?}");

        // A review that is denied: the reason leads the next prompt.
        let review = format!("{REPLAY}\n[gates]\nreview = \"always\"\n");
        let repo = shell_repo(&reference(&docker), "test \"$(cat value)\" -ge 1", &review, &[("replay.json", &script)]);
        let run = engine.run_on(&repo);
        engine.reaches(run, RunState::AwaitingReview);
        assert_eq!(engine.open_question(run).kind, QuestionKind::Review);
        engine.answer(run, false, "one is too little, make it two");
        engine.wait_run(run, "at the second review", |detail| {
            detail.view.run.state == RunState::AwaitingReview && detail.view.run.iteration == 2
        });
        let prompt = engine.prompts(run).remove(1);
        assert!(prompt.find("one is too little, make it two") < prompt.find("# Task"), "{prompt}");
        engine.answer(run, true, "good");
        engine.reaches(run, RunState::Succeeded);
        assert_eq!(repo.show(&format!("dogwatch/run-{}", run.0), "value").as_deref(), Some("2\n"));
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn mishaps_are_told_apart() {
        let Some(docker) = docker() else { return };
        let mut engine = Engine::start(&docker);
        fs::write(engine.paths().config_file(), format!("[engine]\nmax-runs = 3\n{ENOUGH}")).unwrap();
        engine.restart();
        let script = counting(0);
        let eat = "python3 -c 'x = []\nwhile True: x.append(bytearray(1 << 20))'";
        let tail = format!("{REPLAY}\n[budget]\niterations = 1\n\n[limits]\nmemory = \"64MiB\"\n");
        let suite = |command: &str| {
            let toml = format!(
                "{}\n[[suite]]\nname = \"unit\"\ncommand = {command}\nformat = \"junit\"\nreport = \"report.xml\"\ntimeout = \
                 \"2s\"\n\n{tail}",
                reference(&docker)
            );
            TempRepo::new(&[("dogwatch.toml", &toml), ("replay.json", &script), ("value", "0\n")])
        };
        let cases = [
            ("out_of_memory", suite(&format!("[\"sh\", \"-c\", \"\"\"{eat}\"\"\"]"))),
            ("timed_out", suite("\"sleep 60\"")),
            ("not_started", suite("[\"/no/such/program\"]")),
        ];
        let runs: Vec<_> = cases.iter().map(|(_, repo)| engine.run_on(repo)).collect();
        for ((kind, _), run) in cases.iter().zip(&runs) {
            let detail = engine.rested(*run);
            assert_eq!(detail.view.run.state, RunState::Escalated, "{kind}: {detail:#?}");
            assert!(detail.findings.iter().any(|finding| finding.kind == *kind), "{kind}: {detail:#?}");
            engine.expect_run(Request::Cancel { run: *run, reason: "seen".to_owned() });
        }

        // An agent that is not there needs a person at once.
        let agent = "[agent]\nname = \"command\"\ncommand = [\"/no/such/agent\"]\n";
        let repo = shell_repo(&reference(&docker), "false", agent, &[]);
        let run = engine.run_on(&repo);
        let detail = engine.reaches(run, RunState::Escalated);
        let facts = engine.open_question(run).facts.join("\n");
        assert!(facts.contains("misconfigured"), "{facts}");
        let ended = detail.steps.iter().find(|step| step.key.kind == StepKind::Develop).unwrap();
        assert!(matches!(&ended.state, StepState::Ended { end: StepEnd::NotStarted { .. }, .. }), "{ended:?}");
        engine.expect_run(Request::Cancel { run, reason: "seen".to_owned() });

        // A container that somebody removes: the step is repeated under a new name.
        let repo = ticking(&docker, 10, 1);
        let run = engine.run_on(&repo);
        let step = format!("{run}-i1-develop-a1");
        wait_until("a word of the agent", REST, || bytes_of(&engine, run, &step) > 10);
        docker.remove(&engine.containers());
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        let lost = detail.steps.iter().find(|one| one.key.to_string() == step).unwrap();
        assert!(matches!(&lost.state, StepState::Ended { end: StepEnd::Lost { .. }, .. }), "{lost:?}");
        assert!(detail.steps.iter().any(|one| one.key.kind == StepKind::Develop && one.key.attempt == 2));
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn images_that_cannot_be_had_are_asked_about() {
        let Some(docker) = docker() else { return };
        let mut engine = Engine::start(&docker);
        let registry = docker.registry.clone();
        let allowed: Vec<String> = registry.iter().map(|address| format!("\"{address}\"")).collect();
        let list = format!("\"docker.io\", \"127.0.0.1:1\", {}", allowed.join(", "));
        fs::write(
            engine.paths().config_file(),
            format!("[docker]\nallowed-registries = [{list}]\n\n[engine]\nmax-runs = 2\n{ENOUGH}"),
        )
        .unwrap();
        engine.restart();
        let script = counting(0);
        let with = |reference: &str| {
            let image = format!("[image]\nreference = \"{reference}\"\n");
            shell_repo(&image, "true", REPLAY, &[("replay.json", &script)])
        };
        let far = with("registry.example/a/b:1");
        let project = engine.add(&far);
        let refused = engine.ask(submission(&project, None)).unwrap_err().to_string();
        assert!(refused.contains("registry.example") && refused.contains("allowed-registries"), "{refused}");

        // So is a build that could not be begun, whatever is wrong with it.
        for (dockerfile, path, part) in [
            ("FROM registry.example/a/b:1\n", "Dockerfile", "allowed-registries"),
            ("FROM scratch\nADD https://x.example/y /y\n", "Dockerfile", "line 2"),
            ("FROM scratch\n", "Elsewhere", "no such file"),
        ] {
            let image = format!("[image]\ndockerfile = \"{path}\"\n");
            let more = [("replay.json", script.as_str()), ("Dockerfile", dockerfile)];
            let repo = shell_repo(&image, "true", REPLAY, &more);
            let project = engine.add(&repo);
            let refused = engine.ask(submission(&project, None)).unwrap_err().to_string();
            assert!(refused.contains(part), "{refused}");
        }

        // The tiny image holds no program at all: what runs in it is dogwatch's own executable.
        if let Some(tiny) = &docker.tiny_image {
            let repo = programless(tiny);
            let run = engine.run_on(&repo);
            let detail = engine.reaches(run, RunState::AwaitingReview);
            let facts = engine.open_question(run).facts.join("\n");
            assert!(facts.contains("without naming a test"), "{facts}\n{detail:#?}");
            engine.answer(run, true, "the version is all that is asked");
            engine.reaches(run, RunState::Succeeded);
        } else {
            println!("left out: DOGWATCH_TEST_TINY_IMAGE is not set; tests/run sets it");
        }

        if let Some(registry) = &registry {
            let absent = with(&format!("{registry}/no-such-image:1"));
            let missing = engine.run_on(&absent);
            let reference = format!("{registry}/dogwatch-test-small:1");
            let repo = programless(&reference);
            let run = engine.run_on(&repo);
            let detail = engine.reaches(run, RunState::AwaitingReview);
            let image = detail.view.run.image.clone().unwrap();
            assert_eq!(image.asked, reference);
            let digest = image.digest.expect("the digest that came");
            assert!(digest.contains("sha256:"), "{digest}");
            assert_eq!(
                engine.count("SELECT count(*) FROM audit WHERE kind = 'run.prepared' AND record LIKE '%sha256:%'"),
                2
            );
            engine.answer(run, true, "fine");
            engine.reaches(run, RunState::Succeeded);
            forget(&docker, &image.id);
            engine.reaches(missing, RunState::Escalated);
            let question = engine.open_question(missing);
            let facts = question.facts.join("\n");
            assert!(question.kind == QuestionKind::Trouble && facts.contains("no-such-image"), "{facts}");
            engine.answer(missing, false, "never mind");
            engine.reaches(missing, RunState::Failed);
        } else {
            println!("left out: DOGWATCH_TEST_REGISTRY is not set; tests/run sets it");
        }
        engine.assert_nothing_left();
    }

    /// A repository whose suite and agent need nothing but dogwatch's own executable.
    fn programless(image: &str) -> TempRepo {
        let toml = format!(
            "[image]\nreference = \"{image}\"\n\n[[suite]]\nname = \"unit\"\ncommand = [\"/dogwatch/bin/dogwatch\", \
             \"--version\"]\nformat = \"exit-code\"\n\n{REPLAY}"
        );
        TempRepo::new(&[("dogwatch.toml", &toml), ("replay.json", &counting(0)), ("value", "0\n")])
    }
}
