//! A feature's whole life: people add it, a run is started from it, its agent reads it and says of each criterion what it thinks
//! it did, the engine tests, delivers, and a person closes it. The agent is played (`tests/agents/claude`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::loops::{REST, RIGHT, WRONG, python_repo};
    use crate::support::model::{Model, Say};
    use crate::support::{docker, played_engine, wait_until};
    use dogwatch::domain::{FeatureState, RunId, RunState};
    use dogwatch::protocol::{FeatureDetail, Reply};
    use serde_json::json;

    const AGENT: &str = "[agent]\nname = \"claude\"\nmodel = \"m\"\n";

    #[test]
    fn a_feature_is_built_reported_on_tested_delivered_and_closed() {
        let Some(docker) = docker() else { return };
        let say = |number: u32, verdict: &str, words: &str| json!(["report_criterion", { "criterion": number, "verdict": verdict, "words": words }]);
        let first = json!({
            "write": { "calc.py": WRONG.replace("a - b", "a * b") },
            "tools": [["features", { "id": "f1" }], say(1, "met", "all of it works"), say(3, "met", "that too")]
        });
        let model = Model::start(vec![Say::order(&first), Say::Hang]);
        let engine = played_engine(&docker, &model, "");
        let repo = python_repo(&docker, AGENT, &[("claude", include_str!("agents/claude"))]);
        let source = repo.path().to_str().unwrap();
        engine.cmd(&["project", "add", source, "--name", "calc"]).expect_code(0);
        let add = ["feature", "add", "sums", "-p", "calc", "-d", "people add numbers", "-n", "see calc.py"];
        engine.cmd(&[&add[..], &["-c", "1 and 2 are 3", "-c", "it is quick"]].concat()).expect_code(0);
        engine.cmd(&["run", "--feature", "f1"]).expect_code(0);
        wait_until("the second turn", REST, || model.asked().len() >= 2);
        let prompt = engine.cmd(&["prompt", "r1", "1"]).expect_code(0).to_owned();
        for words in ["Feature f1: sums", "see calc.py", "1. 1 and 2 are 3\n2. it is quick", "with `report_criterion`"]
        {
            assert!(prompt.contains(words), "{words}: {prompt}");
        }
        let log = engine.raw_log(RunId(1), "-i1-develop");
        assert!(log.contains("your_run_builds_it") && log.contains("numbered from 1 to 2"), "{log}");
        let detail = || -> FeatureDetail {
            let told = engine.cmd(&["feature", "show", "f1", "--json"]).json();
            serde_json::from_value(told).unwrap()
        };
        // What the agent says moves nothing: the engine's tests are red, and so it stays in work.
        let told = detail();
        assert_eq!(told.view.state, FeatureState::InWork);
        assert_eq!(told.runs[0].tests.map(|(_, failed, _)| failed > 0), Some(true), "{told:#?}");
        let text = engine.cmd(&["feature", "show", "f1"]).expect_code(0).to_owned();
        assert!(text.contains("met, says the agent (iteration 1): all of it works"), "{text}");
        assert!(text.contains("the agent has said nothing of it"), "{text}");
        assert!(engine.cmd(&["tools", "r1"]).expect_code(0).contains("met, says the agent"));
        let right = json!({ "write": { "calc.py": RIGHT }, "tools": [say(2, "unclear", "it was not measured")] });
        model.now_say(vec![Say::order(&right)]);
        let mut engine = engine;
        engine.kill();
        engine.restart();
        assert_eq!(engine.rested(RunId(1)).view.run.state, RunState::Succeeded);
        let told: FeatureDetail =
            serde_json::from_value(engine.cmd(&["feature", "show", "f1", "--json"]).json()).unwrap();
        assert_eq!((told.view.state, told.runs[0].state), (FeatureState::Delivered, RunState::Succeeded));
        let said: Vec<_> =
            told.runs[0].criteria.iter().map(|one| one.said.as_ref().map(|said| said.iteration)).collect();
        assert_eq!(said, [Some(1), Some(2)]);
        engine.cmd(&["feature", "close", "f1", "--reason", "it is in use"]).expect_code(0);
        let closed = engine.cmd(&["feature", "ls", "--all", "--json"]).json();
        assert_eq!(closed["state"], "closed");
        let Ok(Reply::Tools { used }) = engine.ask(dogwatch::protocol::Request::Tools { run: RunId(1) }) else {
            panic!("no tools")
        };
        assert_eq!(used.criteria.len(), 2);
        engine.assert_nothing_left();
        engine.assert_anchored();
    }
}
