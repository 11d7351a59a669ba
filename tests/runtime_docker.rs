//! Runs whose steps are in another runtime of Docker: the operator's, and one that a repository asks for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::loops::{REPLAY, python_repo, submission};
    use crate::support::{DockerEnv, Engine, docker};
    use dogwatch::domain::RunState;
    use std::fs;

    const SCRIPT: &str = r#"{"replay": 1, "iterations": [{"edits": [{"path": "calc.py", "replace": {"old": "a - b", "new": "a + b"}}]}]}"#;

    fn engine(docker: &DockerEnv, config: &str) -> Engine {
        let mut engine = Engine::start(docker);
        fs::write(engine.config().join("config.toml"), config).unwrap();
        engine.restart();
        engine
    }

    fn knows(docker: &DockerEnv, name: &str) -> bool {
        let known = docker.with(async |client| client.info().await.unwrap().runtimes.unwrap_or_default());
        if !known.contains_key(name) {
            println!("skipped: this Docker knows no runtime {name}");
        }
        known.contains_key(name)
    }

    #[test]
    fn runs_are_in_the_runtime_that_is_wanted_and_status_tells_what_it_is() {
        let Some(docker) = docker() else { return };
        if !knows(&docker, "copy") {
            return;
        }
        let engine = engine(&docker, "[sandbox]\nruntime = \"copy\"\n");
        let repo = python_repo(&docker, REPLAY, &[("replay.json", SCRIPT)]);
        let run = engine.run_on(&repo);
        assert_eq!(engine.rested(run).view.run.state, RunState::Succeeded);
        let status = engine.cmd(&["status"]).expect_code(0).to_owned();
        assert!(status.contains("as root, copy, ") && status.contains("shared kernel"), "{status}");
        engine.assert_nothing_left();
    }

    #[test]
    fn repositories_get_only_what_the_operator_lets_them_ask_for() {
        let Some(docker) = docker() else { return };
        if !knows(&docker, "copy") {
            return;
        }
        let engine = engine(&docker, "[sandbox]\nprojects-may-ask = [\"copy\", \"runsc\"]\n");
        let ask = |name: &str| {
            let more = format!("{REPLAY}\n[sandbox]\nruntime = \"{name}\"\n");
            let repo = python_repo(&docker, &more, &[("replay.json", SCRIPT)]);
            let project = engine.add(&repo);
            (engine.ask(submission(&project, None)), repo)
        };
        let error = ask("crun").0.unwrap_err().to_string();
        assert!(error.contains("wants the runtime crun") && error.contains("projects-may-ask"), "{error}");
        let (asked, repo) = ask("copy");
        let dogwatch::protocol::Reply::Run { run } = asked.unwrap() else { panic!("no run") };
        assert_eq!(engine.rested(run.run.id).view.run.state, RunState::Succeeded);
        drop(repo);
        // One that lies makes trouble, which people are asked about, and no step runs in it.
        let (asked, repo) = ask("runsc");
        let dogwatch::protocol::Reply::Run { run } = asked.unwrap() else { panic!("no run") };
        let question = engine.open_question(engine.rested(run.run.id).view.run.id);
        let told = format!("{} {:?}", question.title, question.facts);
        assert!(told.contains("runsc"), "{told}");
        let steps = format!(
            "SELECT count(*) FROM steps WHERE run = {} AND state <> 'intended' AND container IS NOT NULL",
            run.run.id.0
        );
        assert_eq!(engine.count(&steps), 0);
        drop(repo);
    }
}
