//! Real coding agents in real containers, against a model that is played on this machine: they repair, they go on with their
//! conversation, and limits, failures, silence and deaths come to what they should. `tests/agents/run` brings the programs and
//! runs this; without it every test here is left out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod real_agents {
    use crate::support::loops::{RIGHT, WRONG, python_repo};
    use crate::support::model::{Model, Say};
    use crate::support::speech::Words;
    use crate::support::{DockerEnv, Engine, TempRepo, docker, wait_until};
    use dogwatch::domain::{Ending, LiveFate, Outcome, RunId, RunState};
    use dogwatch::protocol::RunDetail;
    use serde_json::json;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};

    const KEY: &str = "sk-canary-5ac0ffee5ac0ffee5ac0ffee";
    /// What the model says in the first turn, so that it is found in what the second one is about.
    const MARK: &str = "the parity of the operator";
    /// Agents try again for minutes before they give up.
    const LONG: Duration = Duration::from_mins(6);

    /// What is tried: the agent's name, its model, the API of its provider.
    struct Tried {
        agent: String,
        model: &'static str,
        api: &'static str,
        docker: DockerEnv,
    }

    /// The agent that `tests/agents/run` names.
    fn tried() -> Tried {
        let agent = std::env::var("DOGWATCH_REAL_AGENT").expect("tests/agents/run names the agent");
        let (model, api) = match agent.as_str() {
            "claude" => ("claude-sonnet-4-5", "anthropic"),
            "codex" => ("gpt-5-codex", "openai"),
            "gemini" => ("gemini-2.5-pro", "gemini"),
            "opencode" => ("mine/m1", "openai"),
            "copilot" => ("gpt-5", "openai"),
            other => panic!("nobody knows {other}"),
        };
        Tried { agent, model, api, docker: docker().expect("tests/agents/run starts an engine") }
    }

    impl Tried {
        fn engine(&self, model: &Model) -> Engine {
            let mut engine = Engine::start(&self.docker);
            let key = engine.config().join("key");
            fs::write(&key, KEY).unwrap();
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
            let config = format!("[models.{}]\nurl = \"{}\"\nkey-file = \"{}\"\n", self.api, model.url, key.display());
            fs::write(engine.config().join("config.toml"), config).unwrap();
            engine.restart();
            engine
        }

        /// An error in the form of the provider's API.
        fn error(&self, code: u16, kind: &str, status: &str, message: &str) -> &'static str {
            let value = match self.api {
                "anthropic" => json!({"type": "error", "error": {"type": kind, "message": message}}),
                "gemini" => json!({"error": {"code": code, "message": message, "status": status, "details": []}}),
                _ => json!({"error": {"message": message, "type": kind, "param": null, "code": kind}}),
            };
            // The tests' process is short.
            value.to_string().leak()
        }

        fn repo(&self, more: &str) -> TempRepo {
            let agent = format!("[agent]\nname = \"{}\"\nmodel = \"{}\"\n{more}", self.agent, self.model);
            python_repo(&self.docker, &agent, &[])
        }
    }

    fn say(text: &str, shell: Option<&str>) -> Say {
        Say::Words(Words { text: text.to_owned(), shell: shell.map(str::to_owned) })
    }

    fn edit(to: &str) -> String {
        format!(
            "sed -i 's/return a [-*+] b/return {to}/' calc.py && python3 -m pytest -q -p no:cacheprovider tests; true"
        )
    }

    /// A turn that repairs.
    fn repair() -> Vec<Say> {
        vec![say("Now it adds.", Some(&edit("a + b"))), say("Done: the tests pass.", None)]
    }

    /// Waits until a run is over or waits for a person, with the patience that agents need.
    fn rested(engine: &Engine, run: RunId) -> RunDetail {
        let begun = Instant::now();
        loop {
            let detail = engine.detail(run);
            let state = detail.view.run.state;
            if state.is_final() || state.awaits_person() {
                return detail;
            }
            assert!(begun.elapsed() < LONG, "{:#?}\n{}", detail.view, engine.raw_log(run, "develop"));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    #[track_caller]
    fn succeeded(engine: &Engine, run: RunId, detail: &RunDetail) {
        let log = engine.raw_log(run, "develop");
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{:#?}\n{log}", detail.view);
    }

    fn endings(detail: &RunDetail) -> Vec<&'static str> {
        detail.iterations.iter().filter_map(|one| one.report.as_ref()).map(|report| report.ending.name()).collect()
    }

    #[test]
    #[ignore = "needs the real programs: tests/agents/run"]
    fn edits_tests_fixes_and_goes_on_with_its_conversation() {
        let tried = tried();
        let mut answers = vec![say(MARK, Some(&edit("a * b"))), say("Done, I believe.", None)];
        answers.extend(repair());
        let model = Model::start(answers);
        let engine = tried.engine(&model);
        let repo = tried.repo("");
        let begun = Instant::now();
        let run = engine.run_on(&repo);
        let detail = rested(&engine, run);
        succeeded(&engine, run, &detail);
        println!("{}: two turns in {:.1} s", tried.agent, begun.elapsed().as_secs_f64());
        let outcomes: Vec<_> = detail.iterations.iter().map(|one| one.outcome).collect();
        assert_eq!(outcomes, [Some(Outcome::Neutral), Some(Outcome::Red), Some(Outcome::Green)]);
        assert_eq!(endings(&detail), ["finished", "finished"]);
        assert_eq!(repo.show(&format!("dogwatch/run-{}", run.0), "calc.py").as_deref(), Some(RIGHT));
        assert_eq!(repo.show("main", "calc.py").as_deref(), Some(WRONG));
        assert!(detail.view.run.spent.tokens > 0 || tried.agent == "copilot", "{:#?}", detail.view.run.spent);
        let asked = model.asked();
        let keys = ["x-api-key", "authorization", "x-goog-api-key"];
        for asked in &asked {
            let key = keys.iter().find_map(|name| asked.header(name)).unwrap_or_default();
            assert_eq!(key.trim_start_matches("Bearer "), KEY, "{}", asked.line);
        }
        // The second turn's first request has what was said in the first one.
        let last =
            asked.iter().rev().find(|asked| asked.line.starts_with("POST") && asked.body.contains("tools")).unwrap();
        assert!(last.body.contains(MARK), "the conversation was not gone on with: {}", last.body);
        assert!(!engine.raw_log(run, "develop").contains(KEY));
        engine.assert_nothing_left();
    }

    #[test]
    #[ignore = "needs the real programs: tests/agents/run"]
    fn limits_and_failures_hold_the_turn() {
        let tried = tried();
        let limit = tried.error(429, "rate_limit_error", "RESOURCE_EXHAUSTED", "slow down, retry after 5 seconds");
        let busy = tried.error(529, "overloaded_error", "UNAVAILABLE", "Overloaded");
        for refusal in
            [Say::Refuse(429, "retry-after: 5\r\n", limit), Say::Refuse(529, "", busy), Say::Refuse(500, "", busy)]
        {
            let words = format!("{refusal:?}");
            let model = Model::start(vec![refusal]);
            let engine = tried.engine(&model);
            let repo = tried.repo("");
            let begun = Instant::now();
            let run = engine.run_on(&repo);
            // Either the agent waits by itself until the provider works again, or it ends and the run waits.
            wait_until("a refused request", LONG, || !model.asked().is_empty());
            let held = || engine.detail(run).view.run.not_before.is_some();
            let mut gave_up = false;
            wait_until("the end of the turn", LONG, || {
                gave_up = held();
                gave_up || begun.elapsed() > Duration::from_secs(150)
            });
            let reason = engine.detail(run).view.run.reason;
            println!(
                "{}: {}: {} requests, {}",
                tried.agent,
                &words[..12],
                model.asked().len(),
                if gave_up { reason.as_str() } else { "still at it after 150 s" }
            );
            assert!(!gave_up || reason.contains("rate_limited") || reason.contains("overloaded"), "{reason}");
            model.now_say(repair());
            let detail = rested(&engine, run);
            succeeded(&engine, run, &detail);
            assert_eq!(detail.view.run.spent.iterations, 1, "a turn that was held counted");
        }
    }

    #[test]
    #[ignore = "needs the real programs: tests/agents/run"]
    fn a_refused_key_asks_a_person() {
        let tried = tried();
        let auth = tried.error(401, "authentication_error", "UNAUTHENTICATED", "invalid x-api-key");
        let model = Model::start(vec![Say::Refuse(401, "", auth)]);
        let engine = tried.engine(&model);
        let repo = tried.repo("");
        let begun = Instant::now();
        let run = engine.run_on(&repo);
        let asks = rested(&engine, run);
        println!("{}: a person is asked after {:.1} s", tried.agent, begun.elapsed().as_secs_f64());
        assert_eq!(asks.view.run.state, RunState::Escalated, "{:#?}", asks.view);
        let question = engine.open_question(run);
        assert!(question.facts.concat().contains("ended as auth"), "{question:#?}");
        model.now_say(repair());
        engine.answer(run, true, "the key is right now");
        let detail = rested(&engine, run);
        succeeded(&engine, run, &detail);
    }

    #[test]
    #[ignore = "needs the real programs: tests/agents/run"]
    fn a_silent_model_and_deaths_in_the_middle_cost_no_work() {
        let tried = tried();
        let model = Model::start(vec![say(MARK, Some("echo begun > notes.txt")), Say::Silence]);
        let mut engine = tried.engine(&model);
        let repo = tried.repo("silence = \"25s\"\n");
        let run = engine.run_on(&repo);
        wait_until("a silent model", LONG, || model.asked().len() >= 2);
        // The engine dies in the middle of a turn, and its agent goes on with the next one.
        engine.kill();
        engine.restart();
        // Then nothing comes for so long that the turn is stopped; the next one goes on with what was said.
        wait_until("the next turn", LONG, || engine.detail(run).view.run.iteration >= 2);
        model.now_say(vec![Say::Silence]);
        wait_until("a request of the next turn", LONG, || {
            model.asked().last().is_some_and(|asked| asked.body.contains("iteration 1"))
        });
        // Its container is killed from outside: the turn is begun anew.
        for id in engine.containers() {
            tried.docker.with(async |client| {
                let kill = bollard::query_parameters::KillContainerOptionsBuilder::default().signal("KILL").build();
                client.kill_container(&id, Some(kill)).await.unwrap();
            });
        }
        model.now_say(repair());
        let detail = rested(&engine, run);
        succeeded(&engine, run, &detail);
        let first = detail.iterations[1].report.clone().unwrap();
        println!("{}: {:?}, then {:?}", tried.agent, first.ending, endings(&detail));
        assert_eq!(first.ending, Ending::Silent, "{first:#?}");
        assert_eq!(repo.show(&format!("dogwatch/run-{}", run.0), "notes.txt").as_deref(), Some("begun\n"));
        let last = model.asked().into_iter().rev().find(|asked| asked.body.contains("tools")).unwrap();
        assert!(last.body.contains(MARK), "the conversation was not gone on with");
    }
    #[test]
    #[ignore = "needs the real programs: tests/agents/run"]
    fn a_redirect_reaches_it_while_it_works_or_with_its_next_prompt() {
        const GUIDANCE: &str = "It is addition that is wanted.";
        let tried = tried();
        let mut answers = vec![say(MARK, Some("echo begun > notes.txt; sleep 20"))];
        answers.extend(repair());
        let model = Model::start(answers);
        let engine = tried.engine(&model);
        let repo = tried.repo("");
        let run = engine.run_on(&repo);
        wait_until("the tool's work", LONG, || {
            model.asked().iter().any(|asked| asked.body.contains("tools"))
                && engine.raw_log(run, "-i1-develop").contains("sleep 20")
        });
        let begun = Instant::now();
        let told = engine.cmd(&["redirect", &run.to_string(), GUIDANCE]);
        let told = told.expect_code(0).to_owned();
        let detail = rested(&engine, run);
        succeeded(&engine, run, &detail);
        let live = detail.guidance[0].live.clone().unwrap();
        println!(
            "{}: {:?} after {:.1} s, {:?}\n{told}",
            tried.agent,
            live.fate,
            begun.elapsed().as_secs_f64(),
            endings(&detail)
        );
        assert_eq!(detail.guidance[0].applied_in, Some(2));
        assert_eq!(endings(&detail)[0], "finished");
        if tried.agent == "claude" {
            assert_eq!(live.fate, LiveFate::Delivered);
            assert!(told.contains("guidance 1 delivered live in iteration 1 at "), "{told}");
            // The tool that was under way was not waited for, and the model was told why.
            let first = model.asked().into_iter().find(|asked| asked.body.contains(GUIDANCE)).unwrap();
            assert!(
                first.body.contains(MARK) && !first.body.contains("# Guidance from the operator"),
                "{}",
                first.body
            );
            if let Some(dir) = std::env::var_os("DOGWATCH_RECORD") {
                fs::write(std::path::Path::new(&dir).join("steered.jsonl"), engine.raw_log(run, "-i1-develop"))
                    .unwrap();
            }
        } else {
            assert!(matches!(live.fate, LiveFate::Missed { .. }), "{live:?}");
        }
    }
}
