//! A coding agent in a real container: its way to a model, the key that never comes in, its conversation over the turns, and
//! what limits, failures and deaths of the engine do to it. The agent is played (`tests/agents/claude`); `tests/agents/run`
//! shows the same with the real programs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::loops::{REST, RIGHT, WRONG, python_repo};
    use crate::support::model::{Model, Say};
    use crate::support::{DockerEnv, Engine, TempRepo, docker, wait_until};
    use dogwatch::domain::{Ending, Guidance, LiveFate, Outcome, QuestionKind, RunId, RunState, StepKind, Terms};
    use dogwatch::protocol::{Request, RunDetail};
    use serde_json::json;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    const KEY: &str = "sk-canary-5ac0ffee5ac0ffee5ac0ffee";
    const AGENT: &str = "[agent]\nname = \"claude\"\nmodel = \"m\"\n";

    /// An engine that knows the model and how the played agent is started.
    fn engine(docker: &DockerEnv, model: &Model) -> Engine {
        let mut engine = Engine::start(docker);
        let key = engine.config().join("key");
        fs::write(&key, format!("{KEY}\n")).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let config = format!(
            "[models.anthropic]\nurl = \"{}\"\nkey-file = \"{}\"\n\n[agents.claude]\nadapter = \"claude\"\n\
             command = [\"python3\", \"claude\"]\n",
            model.url,
            key.display()
        );
        fs::write(engine.config().join("config.toml"), config).unwrap();
        engine.restart();
        engine
    }

    fn repo(docker: &DockerEnv) -> TempRepo {
        python_repo(docker, AGENT, &[("claude", include_str!("agents/claude"))])
    }

    fn write(text: &str) -> serde_json::Value {
        json!({ "write": { "calc.py": text } })
    }

    /// Every file below a directory that holds a text, the file of the key itself left out.
    fn holding(dir: &Path, text: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                holding(&path, text, found);
            } else if kind.is_file() {
                let bytes = fs::read(&path).unwrap_or_default();
                let own = path.file_name().is_some_and(|name| name == "key");
                if !own && bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                    found.push(path.display().to_string());
                }
            }
        }
    }

    #[test]
    fn an_agent_reaches_its_model_and_nothing_else_and_the_key_stays_outside() {
        let Some(docker) = docker() else { return };
        let ask = json!([
            ["POST", "/v1/files", {}],
            ["GET", "/v1/organizations", {}],
            ["POST", "http://169.254.169.254/v1/messages", {}],
            ["POST", "/v1/messages", { "Host": "example.org" }],
            ["CONNECT", "example.org:443", {}]
        ]);
        let first = json!({ "write": { "calc.py": WRONG.replace("a - b", "a * b") }, "ask": ask, "look": true });
        let model = Model::start(vec![Say::order(&first), Say::Hang]);
        let engine = engine(&docker, &model);
        let repo = repo(&docker);
        let run = engine.run_on(&repo);
        // The second turn hangs in the middle of an answer: a container to look at.
        wait_until("the second turn", REST, || model.asked().len() >= 2);
        let containers = engine.containers();
        let inspected = docker.with(async |client| {
            serde_json::to_string(&client.inspect_container(&containers[0], None).await.unwrap()).unwrap()
        });
        assert!(
            inspected.contains("\"NetworkMode\":\"none\"") && inspected.contains("/dogwatch/gateway"),
            "{inspected}"
        );
        assert!(!inspected.contains(KEY), "{inspected}");
        model.now_say(vec![Say::order(&write(RIGHT))]);
        // The agent never gives up on a silent model by itself: the connection goes with the engine.
        let mut engine = engine;
        engine.kill();
        engine.restart();
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");

        // What was asked: with the real key, and with nothing that stood for one.
        let asked = model.asked();
        assert!(asked.iter().all(|asked| asked.line == "POST /v1/messages?beta=true HTTP/1.1"), "{asked:#?}");
        assert!(asked.iter().all(|asked| asked.header("x-api-key") == Some(KEY)), "{asked:#?}");
        assert!(asked[0].body.contains("make the tests pass"));

        // What was refused, by what the agent saw.
        let log = engine.raw_log(run, "-i1-develop");
        for refused in [
            "/v1/files: 404",
            "/v1/organizations: 404",
            "169.254.169.254/v1/messages: 403",
            "CONNECT example.org:443: 403",
        ] {
            assert!(log.contains(refused), "{refused}: {log}");
        }
        assert!(log.contains("POST /v1/messages: 403"), "{log}");
        assert!(log.contains("/dogwatch/gateway/gateway.sock") && log.contains("ANTHROPIC_API_KEY"), "{log}");
        assert!(!log.contains(KEY));

        // The conversation of the first turn was gone on with, over the engine's death.
        let turns: Vec<&str> = asked.iter().map(|asked| &asked.body[..80]).collect();
        assert!(
            asked[1].body.contains("\"turn\": 2") && asked.last().unwrap().body.contains("\"turn\": 2"),
            "{turns:?}"
        );

        // Killed in the middle of the turn, the same container went on.
        assert_eq!(engine.count("SELECT count(*) FROM steps WHERE kind = 'develop'"), 2);
        let outcomes: Vec<_> = detail.iterations.iter().map(|one| one.outcome).collect();
        assert_eq!(outcomes, [Some(Outcome::Neutral), Some(Outcome::Red), Some(Outcome::Green)]);
        let report = detail.iterations[2].report.clone().unwrap();
        // What was open when the engine was killed counts with what it might have taken, the other with what it took.
        let sum = |state| {
            let sql = format!(
                "SELECT CAST(sum(input + output) AS TEXT) FROM requests WHERE iteration = 2 AND state = '{state}'"
            );
            engine.texts(&sql)[0].parse::<u64>().unwrap()
        };
        assert_eq!((sum("settled"), engine.count("SELECT count(*) FROM requests WHERE state = 'cut'")), (120, 1));
        assert_eq!((report.ending, report.usage.tokens), (Ending::Finished, 120 + sum("cut")));

        // The key is nowhere in what the engine keeps, nor in the repository.
        let mut found = Vec::new();
        holding(engine.home(), KEY, &mut found);
        holding(repo.path(), KEY, &mut found);
        assert_eq!(found, Vec::<String>::new());
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn a_budget_holds_whatever_the_agent_asks_and_over_a_death_of_the_engine() {
        let Some(docker) = docker() else { return };
        let flood = json!({ "flood": 12 });
        let model = Model::start(vec![Say::order(&flood)]);
        let mut engine = engine(&docker, &model);
        let agent = format!("{AGENT}[budget]\ntokens = 400\n");
        let repo = python_repo(&docker, &agent, &[("claude", include_str!("agents/claude"))]);
        let run = engine.run_on(&repo);
        wait_until("the flood", REST, || model.asked().len() >= 2);
        engine.kill();
        engine.restart();
        let detail = engine.rested(run);
        let question = engine.open_question(run);
        assert_eq!((detail.view.run.state, question.kind), (RunState::Escalated, QuestionKind::Budget), "{detail:#?}");
        // Each may take 140 and takes 120: the cap is passed by less than one.
        let spent = detail.view.run.spent.tokens;
        assert!((400..540).contains(&spent), "{spent}");
        let rows = engine.count("SELECT count(*) FROM requests");
        let rows = usize::try_from(rows).unwrap();
        assert!(rows >= model.asked().len() && rows < 8, "{rows}: {:#?}", model.asked());
        let sums = "SELECT CAST(sum(input + output) AS TEXT) FROM requests WHERE counted = 2";
        assert_eq!(engine.texts(sums)[0].parse::<u64>().unwrap(), spent, "all of it is booked, once");
        assert_eq!(engine.count("SELECT count(*) FROM requests WHERE counted < 2 OR state = 'open'"), 0);
        assert!(engine.raw_log(run, "-i1-develop").contains("flood: 403"), "{}", engine.raw_log(run, "-i1-develop"));
        let told = engine.cmd(&["usage", &run.to_string()]);
        assert!(told.expect_code(0).contains("anthropic"), "{told:?}");
        engine.assert_anchored();
    }

    #[test]
    fn an_installation_is_tried_and_what_is_wrong_is_told() {
        let Some(docker) = docker() else { return };
        let auth = r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#;
        let model = Model::start(vec![Say::order(&json!({}))]);
        let engine = engine(&docker, &model);
        let file = engine.config().join("config.toml");
        let usual = fs::read_to_string(&file).unwrap();
        let try_it = || engine.cmd(&["agent", "test", "claude", "--image", &docker.image]);
        // There is no such program in the tree of a try.
        let missing = try_it();
        let told = missing.expect_code(1);
        assert!(
            told.contains("fail  program: python3 claude --version exits with code 2") && told.contains("-> "),
            "{told}"
        );
        // The program lies in the command line itself.
        let words = json!(["python3", "-c", include_str!("agents/claude")]);
        let inline = usual.replace("[\"python3\", \"claude\"]", &words.to_string());
        fs::write(&file, &inline).unwrap();
        let good = try_it();
        let told = good.expect_code(0);
        for words in
            ["ok    models: ", "ok    image: ", "says: 2.1.197 (Claude Code)", "ok    turn: the model answered in "]
        {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert_eq!(model.asked().len(), 1);
        assert_eq!(model.asked()[0].header("x-api-key"), Some(KEY));
        model.now_say(vec![Say::Refuse(401, "", auth)]);
        let refused = try_it();
        let told = refused.expect_code(1);
        assert!(told.contains("fail  turn: it ended as auth") && told.contains("refuses the key"), "{told}");
        let json = engine.cmd(&["agent", "test", "claude", "--image", "dogwatch-no-such:1", "--json"]);
        let last: serde_json::Value = serde_json::from_str(json.expect_code(1).lines().last().unwrap()).unwrap();
        assert_eq!((&last["check"], &last["level"]), (&json!("image"), &json!("fail")));
        fs::write(&file, inline.replace("[models.anthropic]", "[models.other]\napi = \"gemini\"")).unwrap();
        let told = try_it();
        assert!(
            told.expect_code(1).contains("fail  models: ") && told.stdout.contains("add [models.anthropic]"),
            "{told:?}"
        );
        fs::set_permissions(engine.config().join("key"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&file, inline).unwrap();
        let told = try_it();
        assert!(told.expect_code(1).contains("chmod 600") && !told.stdout.contains(KEY), "{told:?}");
        engine.cmd(&["agent", "test", "command", "--image", "x"]).expect_code(5);
        // Nothing is left of any of it.
        assert_eq!(engine.containers(), Vec::<String>::new());
        let left: Vec<_> =
            fs::read_dir(engine.paths().trials()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "lock" || name == "containers"), "{left:?}");
    }

    #[test]
    fn what_a_killed_try_left_is_removed_by_gc_and_by_the_engine() {
        let Some(docker) = docker() else { return };
        let model = Model::start(vec![Say::Silence]);
        let mut engine = engine(&docker, &model);
        let file = engine.config().join("config.toml");
        let words = json!(["python3", "-c", include_str!("agents/claude")]);
        let inline = fs::read_to_string(&file).unwrap().replace("[\"python3\", \"claude\"]", &words.to_string());
        fs::write(&file, inline).unwrap();
        let steps = engine.paths().trials().join("steps");
        let killed = |model: &Model| {
            let before = model.asked().len();
            let mut child = engine.command(&["agent", "test", "claude", "--image", &docker.image]).spawn().unwrap();
            wait_until("a silent model", REST, || model.asked().len() > before);
            // While it is at work nobody takes anything away from it.
            let told = engine.cmd(&["gc"]);
            assert!(told.expect_code(0).contains("nothing is to be removed"), "{told:?}");
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(steps.exists());
        };
        killed(&model);
        for (command, left) in [(vec!["gc", "--dry-run"], true), (vec!["gc"], false)] {
            let told = engine.cmd(&command);
            let told = told.expect_code(0);
            assert!(told.contains("r0-i1-develop-a2") && told.contains("`dogwatch agent test` was killed"), "{told}");
            assert_eq!(steps.exists(), left);
        }
        assert!(engine.cmd(&["gc"]).expect_code(0).contains("nothing is to be removed"));
        killed(&model);
        engine.restart();
        wait_until("the engine's tidying", REST, || !steps.exists());
    }

    /// In which iteration an agent at work got it or not, and which prompt quoted it.
    type Way = (Option<(u32, LiveFate)>, Option<u32>);

    /// How the guidance of a run went.
    fn went(detail: &RunDetail) -> Vec<Way> {
        let live = |one: &Guidance| one.live.as_ref().map(|live| (live.iteration, live.fate.clone()));
        detail.guidance.iter().map(|one| (live(one), one.applied_in)).collect()
    }

    /// How often an agent was interrupted, by what it said of it.
    fn interrupts(engine: &Engine, run: RunId) -> usize {
        engine.raw_log(run, "-i1-develop").matches("control_response").count()
    }

    #[test]
    fn a_redirect_reaches_the_agent_at_work_and_the_next_prompt() {
        let Some(docker) = docker() else { return };
        let model =
            Model::start(vec![Say::order(&json!({ "wait": true })), Say::order(&write(RIGHT)), Say::order(&json!({}))]);
        let engine = engine(&docker, &model);
        let repo = repo(&docker);
        let run = engine.run_on(&repo);
        wait_until("an agent at work", REST, || engine.raw_log(run, "-i1-develop").contains("tool_use"));
        let told = engine.cmd(&["redirect", &run.to_string(), "Use \"addition\",\nnot subtraction."]);
        let told = told.expect_code(0);
        assert!(told.contains("guidance 1 delivered live in iteration 1 at "), "{told}");
        assert!(told.contains("guidance 1 will be applied at the beginning of iteration 2 at the latest"), "{told}");
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        let asked = model.asked();
        // It got the guidance in the turn in which it worked, after its prompt.
        assert!(asked[1].body.contains("make the tests pass") && asked[1].body.contains("not subtraction."));
        let reports: Vec<_> = detail.iterations.iter().filter_map(|one| one.report.clone()).collect();
        assert_eq!(reports[0].ending, Ending::Finished, "{reports:#?}");
        assert_eq!(reports[0].usage.tokens, 240);
        // Green as it was, the run ends only once a prompt has quoted what it was told.
        let outcomes: Vec<_> = detail.iterations.iter().map(|one| one.outcome).collect();
        assert_eq!(outcomes, [Some(Outcome::Neutral), Some(Outcome::Green), Some(Outcome::Green)]);
        assert!(engine.prompts(run)[1].starts_with("# Guidance from the operator"), "{:#?}", engine.prompts(run));
        assert_eq!(went(&detail), [(Some((1, LiveFate::Delivered)), Some(2))]);
        assert_eq!(interrupts(&engine, run), 1);
        let shown = engine.cmd(&["show", &run.to_string()]);
        let shown = shown.expect_code(0);
        assert!(shown.contains("delivered live in iteration 1 at "), "{shown}");
        assert!(shown.contains("applied at the beginning of iteration 2"), "{shown}");
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn a_redirect_is_delivered_once_whenever_the_engine_dies() {
        let Some(docker) = docker() else { return };
        let model = Model::start(Vec::new());
        let mut engine = engine(&docker, &model);
        let repo = repo(&docker);
        let project = engine.add(&repo);
        for point in ["commit.redirect.after", "steer.intended", "steer.said", "steer.recorded"] {
            model.now_say(vec![
                Say::order(&json!({ "wait": true })),
                Say::order(&write(RIGHT)),
                Say::order(&json!({})),
            ]);
            engine.restart_knowing(&[("DOGWATCH_CRASH_AT", point)]);
            let run = engine.submit(&project, None);
            wait_until("an agent at work", REST, || engine.raw_log(run, "-i1-develop").contains("tool_use"));
            // Its answer may be lost with the engine.
            drop(engine.ask(Request::Redirect {
                run,
                text: "addition".to_owned(),
                criteria: None,
                terms: Terms::default(),
            }));
            wait_until("its death", REST, || engine.has_ended());
            engine.restart_plain();
            let detail = engine.rested(run);
            assert_eq!(detail.view.run.state, RunState::Succeeded, "{point}: {detail:#?}");
            assert_eq!(went(&detail), [(Some((1, LiveFate::Delivered)), Some(2))], "{point}");
            assert_eq!(interrupts(&engine, run), 1, "{point}");
            let turns = detail.steps.iter().filter(|step| step.key.kind == StepKind::Develop).count();
            assert_eq!(turns, 2, "{point}: a container was lost");
        }
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn an_agent_that_takes_nothing_while_it_works_is_told_with_its_next_prompt() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let agent = "[agent]\nname = \"command\"\ncommand = [\"sh\", \"-c\", \"sed -i 's/a - b/a + b/' calc.py; echo at work; \
                     sleep 4\"]\n";
        let repo = python_repo(&docker, agent, &[]);
        let run = engine.run_on(&repo);
        wait_until("an agent at work", REST, || engine.raw_log(run, "-i1-develop").contains("at work"));
        let told = engine.cmd(&["redirect", &run.to_string(), "mind the edge cases"]);
        let told = told.expect_code(0);
        let reason = "command takes no guidance while it works";
        assert!(told.contains(&format!("guidance 1 not delivered live in iteration 1: {reason}")), "{told}");
        let detail = engine.rested(run);
        let missed = LiveFate::Missed { reason: reason.to_owned() };
        assert_eq!(went(&detail), [(Some((1, missed)), Some(2))], "{detail:#?}");
    }

    #[test]
    fn a_provider_is_known_by_its_certificate() {
        let Some(docker) = docker() else { return };
        let (model, certificate) = Model::start_tls(vec![Say::order(&write(RIGHT))]);
        // With only the certificates of this machine nobody knows that provider, and no key is sent to it.
        let mut stranger = engine(&docker, &model);
        let repo = repo(&docker);
        let run = stranger.run_on(&repo);
        let held = stranger.wait_run(run, "held", |detail| detail.view.run.not_before.is_some());
        assert!(held.view.run.reason.contains("ended as overloaded"), "{}", held.view.run.reason);
        assert_eq!(model.asked().len(), 0);
        let pem = stranger.home().join("known.pem");
        fs::write(&pem, certificate).unwrap();
        stranger.restart_knowing(&[("SSL_CERT_FILE", pem.to_str().unwrap())]);
        let detail = stranger.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        assert_eq!(model.asked()[0].header("x-api-key"), Some(KEY));
    }

    #[test]
    fn limits_and_failures_of_a_provider_hold_the_turn_and_a_refused_key_asks_a_person() {
        let Some(docker) = docker() else { return };
        let limit = r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#;
        let busy = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let auth = r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#;
        let model = Model::start(vec![Say::Refuse(429, "retry-after: 8\r\n", limit)]);
        let mut engine = engine(&docker, &model);
        let repo = repo(&docker);
        let run = engine.run_on(&repo);
        let held = engine.wait_run(run, "held by the limit", |detail| detail.view.run.not_before.is_some());
        let until = held.view.run.not_before.unwrap();
        assert!(held.view.run.reason.contains("rate_limited"), "{}", held.view.run.reason);
        // The wait is the run's own, whoever drives it.
        engine.kill();
        model.now_say(vec![
            Say::Refuse(529, "", busy),
            Say::Refuse(500, "", busy),
            Say::Refuse(401, "", auth),
            Say::order(&write(RIGHT)),
        ]);
        engine.restart();
        assert_eq!(engine.detail(run).view.run.not_before, Some(until));
        let asks = engine.rested(run);
        let question = engine.open_question(run);
        assert_eq!((asks.view.run.state, question.kind), (RunState::Escalated, QuestionKind::Trouble), "{asks:#?}");
        assert!(question.facts.concat().contains("auth"), "{question:#?}");
        let begun = engine.texts("SELECT started FROM (SELECT CAST(started AS TEXT) AS started FROM steps WHERE kind = 'develop' ORDER BY id)");
        let second: i64 = begun[1].parse().unwrap();
        assert!(second >= until.0, "the second turn began {} ms before the limit's end", until.0 - second);
        assert_eq!(model.asked().len(), 4, "{:#?}", model.asked());
        engine.answer(run, true, "the key is right now");
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        // None of it counted as an iteration.
        assert_eq!(detail.view.run.spent.iterations, 1);
    }
}
