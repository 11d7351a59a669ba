//! A person stops models while an agent in a real container is in the middle of an answer; and a provider that fails is followed
//! by the next one. The agent is played (`tests/agents/claude`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod needs_docker {
    use crate::support::loops::{REST, RIGHT, python_repo};
    use crate::support::model::{Model, Say};
    use crate::support::{DockerEnv, Engine, docker, wait_until};
    use dogwatch::domain::RunState;
    use serde_json::json;
    use std::fmt::Write as _;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    const AGENT: &str = "[agent]\nname = \"claude\"\nmodel = \"m\"\n";

    /// An engine with these providers, asked in this order.
    fn engine(docker: &DockerEnv, models: &[&Model]) -> Engine {
        let mut engine = Engine::start(docker);
        let key = engine.config().join("key");
        fs::write(&key, "sk-of-a-test-0123456789\n").unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let mut config = "[agents.claude]\nadapter = \"claude\"\ncommand = [\"python3\", \"claude\"]\n".to_owned();
        for (order, model) in (1..).zip(models) {
            write!(
                config,
                "[models.p{order}]\napi = \"anthropic\"\norder = {order}\nurl = \"{}\"\nkey-file = \"{}\"\n",
                model.url,
                key.display()
            )
            .unwrap();
        }
        fs::write(engine.config().join("config.toml"), config).unwrap();
        engine.restart();
        engine
    }

    fn done() -> Say {
        Say::Done(json!({ "write": { "calc.py": RIGHT } }).to_string())
    }

    #[test]
    fn stopped_models_cut_what_is_under_way_and_the_run_waits_frozen_over_a_restart() {
        let Some(docker) = docker() else { return };
        let model = Model::start(vec![Say::Hang]);
        let mut engine = engine(&docker, &[&model]);
        let repo = python_repo(&docker, AGENT, &[("claude", include_str!("agents/claude"))]);
        let run = engine.run_on(&repo);
        wait_until("an answer that hangs", REST, || !model.asked().is_empty());
        let told = engine.cmd(&["models", "stop", "--reason", "the bill"]);
        assert!(
            told.expect_code(0).contains("models are stopped by") && told.stdout.contains(": the bill"),
            "{told:?}"
        );
        let asked = model.asked().len();
        assert_eq!(asked, 1);
        // The one that was under way is over at once, and counts.
        wait_until("its end", REST, || engine.count("SELECT count(*) FROM requests WHERE state = 'open'") == 0);
        let waits = |engine: &Engine| engine.cmd(&["ps"]).expect_code(0).contains("stopped models (the bill)");
        wait_until("that the run says why it waits", REST, || waits(&engine));
        model.now_say(vec![done()]);
        engine.kill();
        engine.restart();
        wait_until("that it says so again", REST, || waits(&engine));
        assert!(engine.cmd(&["status"]).expect_code(0).contains("models are stopped by"));
        assert_eq!(model.asked().len(), asked, "nothing was asked meanwhile");
        let (again, told) = (engine.cmd(&["models", "start"]), engine.cmd(&["models", "start"]));
        assert!(again.expect_code(0).contains("runs may ask their models"), "{again:?}");
        told.expect_code(5);
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        assert_eq!(detail.view.run.spent.iterations, 1);
        let audit = engine.cmd(&["audit", "export"]);
        for kind in ["models.stopped", "models.started"] {
            assert_eq!(audit.expect_code(0).matches(kind).count(), 1, "{kind}");
        }
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn a_provider_that_is_overloaded_is_followed_by_the_next() {
        let Some(docker) = docker() else { return };
        let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let (one, two) = (Model::start(vec![Say::Refuse(529, "", overloaded)]), Model::start(vec![done()]));
        let engine = engine(&docker, &[&one, &two]);
        let repo = python_repo(&docker, AGENT, &[("claude", include_str!("agents/claude"))]);
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        assert_eq!((one.asked().len(), two.asked().len()), (1, 1));
        assert_eq!(engine.texts("SELECT provider || ' ' || status FROM requests ORDER BY id"), ["p1 529", "p2 200"]);
        assert_eq!(detail.view.run.spent.tokens, 120, "what failed costs nothing");
        let told = engine.cmd(&["models"]);
        let told = told.expect_code(0);
        assert!(told.contains("provider p1 failed once: it answered with status 529"), "{told}");
        assert!(told.contains("provider p2 has not failed"), "{told}");
        assert!(engine.cmd(&["status"]).expect_code(0).contains("provider p1 failed once"));
    }
}
