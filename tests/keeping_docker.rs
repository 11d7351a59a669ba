//! What runs leave behind on real containers: logs are compressed and read all the same, the policy of retention removes what
//! it names and nothing else, and at the end nothing of an engine is left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::counting::counting_repo;
    use crate::support::{DockerEnv, Engine, docker, wait_until};
    use bollard::models::ContainerCreateBody;
    use bollard::query_parameters::{CreateContainerOptionsBuilder, RemoveImageOptions, TagImageOptionsBuilder};
    use dogwatch::domain::{Millis, RunId, RunState, StepLog};
    use std::collections::HashMap;
    use std::fs;
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_mins(1);
    /// Everything goes that may go.
    const AT_ONCE: &str = "[retention]\nlogs-at-least = \"1s\"\nlogs-at-most = \"1s\"\nimages-unused = \"1s\"\n";

    /// A setup that is never the same twice, so that an image is made.
    fn setup() -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        format!("\n[setup]\ncommand = \"mkdir deps && echo {} > deps/made\"\nkeep = [\"deps\"]\n", now.as_nanos())
    }

    /// The instant so many seconds ago, as the engine writes instants.
    fn now_but(seconds: u64) -> String {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Millis(i64::try_from((since.as_secs() - seconds) * 1000).unwrap()).rfc3339()
    }

    fn has_image(docker: &DockerEnv, tag: &str) -> bool {
        docker.with(async |client| client.inspect_image(tag).await.is_ok())
    }

    fn logs_are_closed(engine: &Engine, run: RunId) -> bool {
        engine.detail(run).steps.iter().all(|step| matches!(step.log, StepLog::Kept { .. }))
    }

    #[test]
    fn logs_are_compressed_and_go_when_the_policy_says_so() {
        let Some(docker) = docker() else { return };
        let mut engine = Engine::start(&docker);
        let repo = counting_repo(&docker, 2, 2, &setup());
        let run = engine.run_on(&repo);
        assert_eq!(engine.rested(run).view.run.state, RunState::Succeeded);
        wait_until("closed logs", PATIENCE, || logs_are_closed(&engine, run));

        // Compressed, and read as before.
        let dir = engine.paths().logs().join(run.to_string());
        let plain = || {
            fs::read_dir(&dir).unwrap().flatten().any(|file| file.path().extension().is_some_and(|end| end == "log"))
        };
        assert!(!plain());
        let step = format!("{run}-i2-test-unit-a1");
        assert!(engine.raw_log(run, &step).contains("checks"));
        assert!(engine.cmd(&["logs", &run.to_string(), "--step", &step]).expect_code(0).contains("checks"));
        assert_eq!(engine.cmd(&["logs", &run.to_string(), "--step", &step, "--raw"]).expect_code(0), "checks\n");

        // The usual policy keeps all of it.
        assert_eq!(engine.cmd(&["gc"]).expect_code(0), "nothing is to be removed\n");
        let tag = engine.texts("SELECT tag FROM images").pop().unwrap();
        assert!(has_image(&docker, &tag));

        // A run that is not over, on the same image.
        fs::write(engine.config().join("config.toml"), AT_ONCE).unwrap();
        let project = engine.detail(run).view.project;
        let open = engine.submit(&project, None);
        engine.reaches(open, RunState::Developing);
        // A pause before there is a container would leave it without one.
        wait_until("the agent's container", PATIENCE, || engine.containers().len() == 1);
        engine.cmd(&["pause", &open.to_string()]).expect_code(0);
        let ended = engine.detail(run).steps.iter().filter_map(|step| step.ended).max().unwrap();
        wait_until("logs that are old enough", PATIENCE, || ended.rfc3339() < now_but(2));
        engine.stop();
        engine.restart();
        // The engine looks by itself at its start.
        wait_until("the end of the old logs", PATIENCE, || {
            engine.detail(run).steps.iter().all(|step| matches!(step.log, StepLog::Removed { .. }))
        });
        assert!(!dir.exists());
        assert!(has_image(&docker, &tag), "a run that is not over needs it");
        assert!(engine.raw_log(open, "test").contains("checks"), "a log of a run that is not over");
        assert_eq!(engine.containers().len(), 1);
        let said = engine.cmd(&["logs", &run.to_string(), "--step", &step]);
        assert!(said.expect_code(0).contains("removed by retention on 20"), "{said:?}");
        assert!(engine.cmd(&["show", &run.to_string()]).expect_code(0).contains("removed by retention on 20"));
        assert_eq!(engine.count("SELECT count(*) FROM audit WHERE kind = 'retention.logs_removed'"), 1);

        // With its end everything may go; first it is only told.
        engine.cmd(&["cancel", &open.to_string()]).expect_code(0);
        engine.reaches(open, RunState::Cancelled);
        wait_until("removed logs and image", PATIENCE, || {
            let collection = engine.cmd(&["gc", "--dry-run", "--json"]).json();
            assert_eq!(collection["faults"], serde_json::json!([]));
            println!("would go: {collection}");
            // Two clients at once do no harm, nor does repeating.
            engine.cmd(&["gc"]).expect_code(0);
            !has_image(&docker, &tag)
                && engine.paths().logs().read_dir().unwrap().flatten().all(|entry| entry.path().is_file())
        });
        assert_eq!(engine.count("SELECT count(*) FROM images WHERE state = 'removed'"), 1);
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn nothing_of_an_engine_is_left_and_nothing_of_others_goes() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let repo = counting_repo(&docker, 2, 600, &setup());
        let run = engine.run_on(&repo);
        engine.reaches(run, RunState::Developing);
        wait_until("the agent's container", PATIENCE, || engine.containers().len() == 1);
        let tag = engine.texts("SELECT tag FROM images").pop().unwrap();
        let instance = engine.texts("SELECT value FROM settings WHERE key = 'instance'").pop().unwrap();

        // Another engine's image, and a container that only looks like ours.
        let foreign = format!("dogwatch-setup:foreign-{instance}");
        let (id, name) = docker.with(async |client| {
            let to =
                TagImageOptionsBuilder::default().repo("dogwatch-setup").tag(&format!("foreign-{instance}")).build();
            client.tag_image(&docker.image, Some(to)).await.unwrap();
            let name = format!("looks-like-{instance}");
            let options = CreateContainerOptionsBuilder::default().name(&name).build();
            let labels = HashMap::from([("dogwatch.instance".to_owned(), instance.clone())]);
            let body = ContainerCreateBody {
                image: Some(docker.image.clone()),
                cmd: Some(vec!["true".to_owned()]),
                labels: Some(labels),
                ..ContainerCreateBody::default()
            };
            (client.create_container(Some(options), body).await.unwrap().id, name)
        });
        let there =
            |container: &str| docker.with(async |client| client.inspect_container(container, None).await.is_ok());

        assert_eq!(engine.cmd(&["uninstall-data"]).code, Some(5), "nobody could be asked");
        assert!(there(&name) && engine.containers().len() == 1);
        let said = engine.cmd(&["uninstall-data", "--yes"]);
        println!("{}", said.expect_code(0));
        assert_eq!(engine.containers(), Vec::<String>::new());
        assert!(!has_image(&docker, &tag));
        assert!(!engine.state().exists(), "{said:?}");
        assert!(has_image(&docker, &foreign) && there(&id), "what is not ours is gone");
        assert_eq!(engine.cmd(&["uninstall-data", "--yes"]).code, Some(4), "there is nothing any more");
        docker.remove(&[id]);
        docker.with(async |client| client.remove_image(&foreign, None::<RemoveImageOptions>, None).await.unwrap());
    }
}
