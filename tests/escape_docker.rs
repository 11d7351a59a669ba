//! Attempts to get out by the tools of containers, through the real socket and from inside of a real container: all are refused,
//! and nothing is made. The attempts are in `escape/cases.rs`, and `agents/attack.py` sends them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "escape/cases.rs"]
mod cases;
mod support;

mod needs_docker {
    use crate::cases::{Target, cases};
    use crate::support::loops::{ENOUGH, REST, RIGHT, python_repo};
    use crate::support::model::{Model, Say};
    use crate::support::{DockerEnv, docker, played_engine, wait_until};
    use bollard::query_parameters::{
        ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptions, ListVolumesOptions,
    };
    use dogwatch::domain::RunState;
    use dogwatch::protocol::Request;
    use serde_json::json;
    use std::collections::BTreeSet;
    use std::time::{Duration, Instant};

    const AGENT: &str = "[agent]\nname = \"claude\"\nmodel = \"m\"\n[services.db]\ncommand = \"sleep 60\"\n";

    /// Everything that the container engine has, but what other engines of tests made: containers with their names, images,
    /// volumes, networks.
    fn there_is(docker: &DockerEnv, instance: &str) -> [BTreeSet<String>; 4] {
        docker.with(async |client| {
            let all = ListContainersOptionsBuilder::default().all(true).build();
            let containers = client.list_containers(Some(all)).await.unwrap().into_iter();
            let ours = containers.filter(|one| {
                let label = one.labels.as_ref().and_then(|labels| labels.get("dogwatch.instance"));
                label.is_none_or(|label| label == instance)
            });
            let containers = ours.map(|one| one.names.unwrap_or_default().join(",")).collect();
            let images = ListImagesOptionsBuilder::default().all(true).build();
            let images = client.list_images(Some(images)).await.unwrap().into_iter();
            let images = images.map(|image| format!("{} {:?}", image.id, image.repo_tags)).collect();
            let volumes = client.list_volumes(None::<ListVolumesOptions>).await.unwrap().volumes.unwrap_or_default();
            let networks = client.list_networks(None::<ListNetworksOptions>).await.unwrap();
            [
                containers,
                images,
                volumes.into_iter().map(|volume| volume.name).collect(),
                networks.into_iter().filter_map(|network| network.id).collect(),
            ]
        })
    }

    /// By what the container engine tells this engine's containers from those of others.
    fn instance(docker: &DockerEnv, container: &str) -> String {
        let seen = docker.with(async |client| client.inspect_container(container, None).await.unwrap());
        seen.config.unwrap().labels.unwrap()["dogwatch.instance"].clone()
    }

    #[test]
    fn nobody_gets_out_by_the_tools_of_containers() {
        let Some(docker) = docker() else { return };
        // A neighbour that has things of its own.
        let neighbour = json!({ "write": { "calc.py": RIGHT }, "tools": [
            ["service_start", { "argv": ["python3", "-m", "http.server", "8200", "--bind", "127.0.0.1"], "port": 8200 }],
            ["!write", { "Dockerfile": "FROM run\nCOPY calc.py /opt/\n" }],
            ["image_build", {}],
            ["!run", ["rm", "Dockerfile"]],
            ["!run", ["sh", "-c", "while [ ! -e go ]; do sleep 0.2; done; rm -f go"]]
        ] });
        let model = Model::start(vec![Say::order(&neighbour), Say::Hang]);
        let engine = played_engine(&docker, &model, &format!("[engine]\nmax-runs = 4\n{ENOUGH}"));
        let quiet = python_repo(&docker, AGENT, &[("claude", include_str!("agents/claude"))]);
        let project = engine.add(&quiet);
        let first = engine.submit(&project, None);
        let built = "SELECT count(*) FROM tasks WHERE kind = 'image' AND state = 'ended'";
        wait_until("the neighbour's image", REST, || engine.count(built) == 1);
        let container = |kind: &str| {
            engine
                .texts(&format!("SELECT container FROM steps WHERE kind = '{kind}' AND state = 'created' ORDER BY id"))
                .remove(0)
        };
        let image: String = engine.texts("SELECT json_extract(image, '$.id') FROM runs").remove(0);
        let target =
            Target { task: "t1", image_task: "t2", container: container("service"), image, base: docker.image.clone() };
        let cases = cases(&target);
        assert!(cases.len() >= 120, "{}", cases.len());
        let attack = json!({ "write": { "calc.py": RIGHT }, "tools": [
            ["!run", ["python3", "-c", "import os; os.symlink('/etc', 'way'); os.mkfifo('pipe'); os.makedirs('bad')"]],
            ["!run", ["python3", "attack.py"]],
            ["notes", {}],
            ["!run", ["sh", "-c", "sleep 4; rm -rf way pipe bad*"]]
        ] });
        model.now_say(vec![Say::order(&attack), Say::Hang]);
        let text = serde_json::to_string(&cases).unwrap();
        let files = [
            ("claude", include_str!("agents/claude")),
            ("attack.py", include_str!("agents/attack.py")),
            ("cases.json", &text),
            ("bads/alpine", "FROM alpine\n"),
            ("bads/run", "FROM run\nRUN id\n"),
            ("bads/add", "FROM run\nADD http://127.0.0.1:1/ /x\n"),
            ("bads/copy", "FROM run\nCOPY --from=alpine / /x\n"),
        ];
        let repo = python_repo(&docker, AGENT, &files);
        let instance = instance(&docker, &target.container);
        let before = there_is(&docker, &instance);
        let second = engine.run_on(&repo);
        let begun = Instant::now();
        let mut slowest = Duration::ZERO;
        wait_until("the attack to be over", REST * 2, || {
            let asked = Instant::now();
            engine.ask(Request::Status).unwrap();
            slowest = slowest.max(asked.elapsed());
            engine.count("SELECT count(*) FROM tool_calls WHERE tool = 'notes'") == 1
        });
        let after = there_is(&docker, &instance);
        // Only the attacker's own container is new, and nothing of the neighbour's is gone.
        let new: Vec<_> = after[0].difference(&before[0]).collect();
        assert!(new.len() == 1 && new[0].ends_with(&format!("{second}-i1-develop-a1")), "{new:?}");
        assert!(before[0].iter().all(|one| after[0].contains(one) || one.contains("-test-")), "{before:?} {after:?}");
        for kind in 1..4 {
            let (before, after) = (&before[kind], &after[kind]);
            assert_eq!(before, after, "{:?}", after.symmetric_difference(before).collect::<Vec<_>>());
        }
        let ready = "SELECT count(*) FROM tasks WHERE id = 1 AND state = 'ready'";
        assert_eq!(engine.count(ready), 1, "the neighbour's service was touched");
        let detail =
            engine.wait_run(second, "the end of the turn", |detail| detail.view.run.state != RunState::Developing);
        let log = engine.raw_log(second, "-i1-develop");
        let refused = log.matches(" refused: ").count();
        println!(
            "{} attempts, {refused} refused, {} made; the engine's slowest answer meanwhile took {slowest:?}, all {:?}",
            cases.len(),
            new.len() - 1,
            begun.elapsed()
        );
        assert!(!log.contains(" DONE: "), "{}", log.replace("\\n", "\n"));
        assert_eq!(refused, cases.len(), "{}", log.replace("\\n", "\n"));
        assert!(slowest < Duration::from_secs(2), "{slowest:?}");
        drop(detail);
        for run in [first, second] {
            engine.cmd(&["cancel", &run.to_string(), "--reason", "enough"]);
            engine.rested(run);
        }
        engine.assert_nothing_left();
    }
}
