//! Commands in a container that is a live asset: once, and unknown where the container was made anew or started again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod needs_docker {
    use crate::support::{docker, wait_until};
    use bollard::models::ContainerCreateBody;
    use bollard::query_parameters::CreateContainerOptionsBuilder;
    use dogwatch::domain::{AssetSpec, Command, ExecutionId, ExecutionOutcome, Program};
    use dogwatch::fleet::{Fleet, Heard, Order};
    use serde_json::json;
    use std::time::Duration;
    use tokio::sync::mpsc;

    async fn made(client: &bollard::Docker, image: &str, name: &str) -> String {
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            cmd: Some(vec!["sleep".to_owned(), "600".to_owned()]),
            ..ContainerCreateBody::default()
        };
        let id = client.create_container(Some(options), body).await.unwrap().id;
        client.start_container(&id, None).await.unwrap();
        id
    }

    fn order(asset: &AssetSpec, number: u8, script: &str) -> Order {
        let command = Command {
            program: Program::Script { bytes: format!("printf x >>/ran-{number}\n{script}").into_bytes() },
            stdin: Some(b"in\0put".to_vec()),
            env: Vec::new(),
            cwd: "/".to_owned(),
            user: None,
            timeout: 30,
        };
        Order { execution: ExecutionId::new([number; 32]), asset: asset.clone(), command, digest: "d".repeat(64) }
    }

    #[test]
    fn a_command_runs_once_in_the_life_of_a_container_that_was_looked_at() {
        let Some(docker) = docker() else { return };
        let name = format!("dwfleet-{}", std::process::id());
        let home = tempfile::tempdir().unwrap();
        let fleet = Fleet::new(home.path().join("s"));
        let engine = docker.host.trim_start_matches("unix://").to_owned();
        let reach = json!({"by": "docker", "container": name, "engine": engine});
        let asset: AssetSpec = serde_json::from_value(json!({"name": "box", "reach": reach})).unwrap();
        let mut ids = Vec::new();
        docker.with(async |client| {
            assert!(fleet.look(&asset).await.is_err(), "there is no such container yet");
            ids.push(made(&client, &docker.image, &name).await);
            let looked = fleet.look(&asset).await.unwrap();
            let one = order(&asset, 1, "cat; echo oh >&2; exit 3");
            let (send, mut pieces) = mpsc::channel(64);
            assert_eq!(fleet.dispatch(&one, &looked.boot, &send).await, ExecutionOutcome::Ran { code: 3 });
            assert_eq!(pieces.recv().await.unwrap(), Heard::Begun);
            let output = pieces.recv().await.unwrap();
            assert_eq!(output, Heard::Output { error: false, bytes: b"in\0put".to_vec() });
            let again = fleet.dispatch(&one, &looked.boot, &mpsc::channel(1).0).await;
            assert!(matches!(again, ExecutionOutcome::Unknown { .. }), "{again:?}");
            assert_eq!(fleet.fence(&one, &looked.boot).await.unwrap(), ExecutionOutcome::Ran { code: 3 });
            let fenced = order(&asset, 2, "true");
            let held = fleet.fence(&fenced, &looked.boot).await.unwrap();
            assert!(matches!(held, ExecutionOutcome::NotRun { .. }), "{held:?}");
            assert!(fleet.observe(&asset).await.unwrap().cpus > 0);
            // Started again in the middle: its receipt is there, and nothing tells its end.
            let (other, at) = (fleet.clone(), looked.boot.clone());
            let work = order(&asset, 3, "sleep 60");
            let (given, (send, mut pieces)) = (work.clone(), mpsc::channel(4));
            let dispatched = tokio::spawn(async move { other.dispatch(&given, &at, &send).await });
            assert_eq!(pieces.recv().await.unwrap(), Heard::Begun);
            client.restart_container(&ids[0], None).await.unwrap();
            let outcome = dispatched.await.unwrap();
            assert!(matches!(outcome, ExecutionOutcome::Unknown { .. }), "{outcome:?}");
            let outcome = fleet.fence(&work, &looked.boot).await.unwrap();
            assert!(matches!(outcome, ExecutionOutcome::Unknown { .. }), "{outcome:?}");
            let late = fleet.dispatch(&order(&asset, 4, "true"), &looked.boot, &mpsc::channel(1).0).await;
            assert!(matches!(late, ExecutionOutcome::NotRun { .. }), "{late:?}");
        });
        // Another container of the same name has lost the receipts of what ran.
        docker.remove(&ids);
        docker.with(async |client| {
            let boot = "no-such-boot";
            ids.push(made(&client, &docker.image, &name).await);
            let outcome = fleet.fence(&order(&asset, 1, ""), boot).await.unwrap();
            assert!(matches!(outcome, ExecutionOutcome::Unknown { .. }), "{outcome:?}");
        });
        docker.remove(&ids);
        wait_until("the container is gone", Duration::from_secs(20), || {
            docker.with(async |client| client.inspect_container(&name, None).await.is_err())
        });
    }
}
