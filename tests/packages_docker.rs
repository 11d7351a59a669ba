//! What people are asked before a green result is delivered: whether it may bring packages, and where that is wanted to look at all of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod needs_docker {
    use crate::support::loops::{REPLAY, python_repo};
    use crate::support::{Engine, docker};
    use dogwatch::domain::{QuestionKind, RunState};
    use serde_json::{Value, json};
    use std::fs;

    /// Two turns: the first repairs and brings a package and another version of one, the second takes the new one away again.
    fn script() -> String {
        let lock = "flask==3.0.0\nleft-pad==1.3.0\n--extra-index-url https://evil.example/simple\n";
        let repair = json!({ "path": "calc.py", "replace": { "old": "a - b", "new": "a + b" } });
        let bring = json!({ "path": "requirements.txt", "write": lock });
        let less = json!({ "path": "requirements.txt", "write": "flask==3.0.0\n" });
        let turns: Value =
            json!([{ "edits": [repair, bring], "claims": "done" }, { "edits": [less], "claims": "done" }]);
        json!({ "replay": 1, "iterations": turns }).to_string()
    }

    #[test]
    fn packages_wait_for_a_yes_and_a_no_goes_back_to_the_agent() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let files = [("replay.json", script()), ("requirements.txt", "flask==2.0.0\n".to_owned())];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let repo = python_repo(&docker, REPLAY, &files);
        let run = engine.run_on(&repo);
        assert_eq!(engine.rested(run).view.run.state, RunState::AwaitingReview);
        assert_eq!(repo.branches().len(), 1, "nothing is delivered before a yes");
        let asked = engine.open_question(run);
        assert_eq!(asked.kind, QuestionKind::Dependency, "{asked:#?}");
        let facts = asked.facts.join("\n");
        for words in [
            "flask ==3.0.0 from the index of Python packages (requirements.txt): it was ==2.0.0",
            "left-pad ==1.3.0 from the index of Python packages (requirements.txt): new",
            "--extra-index-url https://evil.example/simple (requirements.txt): new",
        ] {
            assert!(facts.contains(words), "{words}: {facts}");
        }
        let listed = engine.cmd(&["approvals", "ls"]).expect_code(0).to_owned();
        assert!(listed.contains("dependency") && listed.contains("brings packages"), "{listed}");
        engine.answer(run, false, "no other index, and no left-pad");
        // What is left is asked again, for what it is now.
        let detail = engine.wait_run(run, "asks again", |detail| {
            detail.view.run.iteration == 2 && detail.view.run.state == RunState::AwaitingReview
        });
        assert!(engine.prompts(run).iter().any(|prompt| prompt.contains("no other index")), "{detail:#?}");
        let facts = engine.open_question(run).facts.join("\n");
        assert!(facts.contains("flask ==3.0.0") && !facts.contains("left-pad"), "{facts}");
        engine.answer(run, true, "");
        assert_eq!(engine.rested(run).view.run.state, RunState::Succeeded);
        let branch = format!("dogwatch/run-{}", run.0);
        assert_eq!(repo.show(&branch, "requirements.txt").as_deref(), Some("flask==3.0.0\n"));
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn the_operator_has_every_result_looked_at_and_a_repository_may_have_its_packages() {
        let Some(docker) = docker() else { return };
        let mut engine = Engine::start(&docker);
        let agent = format!("{REPLAY}[gates]\ndependencies = \"allow\"\n");
        // A lock file alone decides nothing about tests, so that nothing else speaks against it.
        let lock = "[[package]]\nname = \"left-pad\"\nversion = \"1.3.0\"\n";
        let turn = json!([{ "edits": [
            { "path": "calc.py", "replace": { "old": "a - b", "new": "a + b" } },
            { "path": "uv.lock", "write": lock },
        ], "claims": "done" }]);
        let script = json!({ "replay": 1, "iterations": turn }).to_string();
        let repo = python_repo(&docker, &agent, &[("replay.json", &script)]);
        let project = engine.add(&repo);
        let run = engine.submit(&project, None);
        assert_eq!(engine.rested(run).view.run.state, RunState::Succeeded);
        fs::write(engine.config().join("config.toml"), "[approvals]\nreview = \"always\"\ndependencies = \"ask\"\n")
            .unwrap();
        engine.restart();
        let run = engine.submit(&project, None);
        assert_eq!(engine.rested(run).view.run.state, RunState::AwaitingReview);
        let asked = engine.open_question(run);
        let facts = asked.facts.join("\n");
        for words in [
            "config.toml asks for a review of every result",
            "2 files differ from the base: 1 new, 1 changed, 0 gone",
            "4 lines came and 1 went",
            "no file with tests is among them",
            "changed: calc.py",
            "left-pad 1.3.0 from the index of Python packages (uv.lock): new",
        ] {
            assert!(facts.contains(words), "{words}: {facts}");
        }
        assert_eq!(asked.kind, QuestionKind::Review, "{asked:#?}");
        engine.answer(run, true, "");
        assert_eq!(engine.rested(run).view.run.state, RunState::Succeeded);
        engine.assert_nothing_left();
    }
}
