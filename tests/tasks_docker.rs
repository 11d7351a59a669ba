//! What an agent has the engine do beside its turn, in real containers. The agent is played (`tests/agents/claude`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::loops::{REST, RIGHT, WRONG, python_repo};
    use crate::support::model::{Model, Say};
    use crate::support::{DockerEnv, Engine, docker, played_engine, wait_until};
    use dogwatch::domain::{RunState, TaskOutcome};
    use dogwatch::protocol::{Reply, Request};
    use serde_json::{Value, json};

    const AGENT: &str = "[agent]\nname = \"claude\"\nmodel = \"m\"\n";

    fn repo(docker: &DockerEnv, more: &str, files: &[(&str, &str)]) -> crate::support::TempRepo {
        let files: Vec<_> =
            [("claude", include_str!("agents/claude"))].into_iter().chain(files.iter().copied()).collect();
        python_repo(docker, &format!("{AGENT}{more}"), &files)
    }

    fn outcomes(engine: &Engine, run: dogwatch::domain::RunId) -> Vec<Option<TaskOutcome>> {
        let Reply::Tasks { tasks, .. } = engine.ask(Request::Tasks { run: Some(run) }).unwrap() else {
            panic!("no tasks")
        };
        tasks.iter().map(|task| task.result.as_ref().map(|result| result.outcome)).collect()
    }

    #[test]
    fn an_agent_has_tests_run_on_its_tree_and_learns_from_them_and_nothing_else_follows() {
        let Some(docker) = docker() else { return };
        // It asks on a right tree, goes on to break it, and asks again: each has the tree of its own moment.
        let first = json!({ "write": { "calc.py": RIGHT }, "tools": [
            ["run_tests", { "suite": "unit" }],
            ["!write", { "calc.py": WRONG.replace("a - b", "a * b") }],
            ["run_tests", { "suite": "unit" }],
            ["task", { "id": "t1", "wait": 60 }],
            ["task", { "id": "t2", "wait": 60 }],
            ["tasks", {}],
            ["run_tests", { "suite": "unit; rm -rf /" }],
            ["run_tests", { "suite": "unit", "filter": "-k x" }],
            ["task", { "id": "t99" }]
        ] });
        let model = Model::start(vec![Say::order(&first), Say::order(&json!({ "write": { "calc.py": RIGHT } }))]);
        let engine = played_engine(&docker, &model, "");
        let repo = repo(&docker, "", &[]);
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        // What the first task said is no verdict: the turn left a wrong tree, and the iteration was red.
        assert_eq!((detail.view.run.state, detail.view.run.iteration), (RunState::Succeeded, 2), "{detail:#?}");
        let log = engine.raw_log(run, "-i1-develop");
        for words in [
            "your tree is copied",
            "the suite passed: 3 passed, 0 failed",
            "the suite failed: 2 passed, 1 failed",
            "test_add",
            "there is no suite unit; rm -rf /: the suites are unit",
            "there is no argument `filter`",
            "this run has no task t99",
        ] {
            assert!(log.contains(words), "{words}: {log}");
        }
        assert_eq!(outcomes(&engine, run), [Some(TaskOutcome::Passed), Some(TaskOutcome::Failed)]);
        let told = engine.cmd(&["tasks", &run.to_string()]).expect_code(0).to_owned();
        assert!(told.contains("suite unit") && told.contains("passed") && told.contains("t2: "), "{told}");
        let log = engine.cmd(&["logs", &run.to_string(), "--step", &format!("{run}-i1-test-t1_unit-a1")]);
        assert!(log.expect_code(0).contains("3 passed"), "{log:?}");
        // Its time counts.
        let spent = engine.detail(run).view.run.spent.milliseconds;
        let tasks = engine.count("SELECT sum(ended - begun) FROM tasks");
        assert!(i64::try_from(spent).unwrap() > tasks && tasks > 0, "{spent} {tasks}");
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    /// A suite that takes its time where the tree says so, beside a service.
    const SLOW: &str = "[services.echo]\ncommand = \"python3 -m http.server 8123 --bind 127.0.0.1\"\n\
        ready = { tcp = 8123, within = \"30s\" }\n\n\
        [[suite]]\nname = \"slow\"\ncommand = \"sh slow.sh\"\nformat = \"node-test\"\ntimeout = \"2m\"\nservices = [\"echo\"]\n";
    const SCRIPT: &str = "echo began; while [ -e wait ]; do sleep 0.1; done\n\
        python3 -c 'import urllib.request as u; u.urlopen(\"http://echo:8123/calc.py\")' && echo 'TAP version 13' && echo 'ok 1 - echo' && echo '1..1'\n";

    #[test]
    fn a_task_outlives_the_engine_and_ends_with_its_turn() {
        let Some(docker) = docker() else { return };
        let first = json!({ "write": { "calc.py": RIGHT }, "tools": [
            ["!write", { "slow.sh": format!("sleep 6\n{SCRIPT}") }],
            ["run_tests", { "suite": "slow" }],
            ["task", { "id": "t1", "wait": 90 }],
            ["!write", { "slow.sh": SCRIPT, "wait": "" }],
            ["run_tests", { "suite": "slow" }],
            ["!run", ["rm", "wait"]]
        ] });
        let model = Model::start(vec![Say::order(&first)]);
        let mut engine = played_engine(&docker, &model, "");
        let repo = repo(&docker, SLOW, &[("slow.sh", SCRIPT)]);
        let run = engine.run_on(&repo);
        let tries = "SELECT count(*) FROM steps WHERE suite LIKE 't1%slow' AND kind = 'test'";
        let step = "SELECT count(*) FROM steps WHERE suite = 't1_slow' AND kind = 'test' AND state = 'created'";
        wait_until("the task at work", REST, || engine.count(step) == 1);
        engine.kill();
        engine.restart();
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        // The first was picked up; the second was still at work when the turn ended.
        assert_eq!(outcomes(&engine, run), [Some(TaskOutcome::Passed), Some(TaskOutcome::Stopped)]);
        // Nothing was done twice that was not lost.
        let (all, lost) = (engine.count(tries), engine.count(&format!("{tries} AND step_end LIKE '%lost%'")));
        assert_eq!(all, lost + 1);
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn tasks_go_with_a_run_that_is_cancelled_and_trees_that_are_too_much_make_none() {
        let Some(docker) = docker() else { return };
        let first = json!({ "write": { "calc.py": RIGHT }, "tools": [
            ["!run", ["python3", "-c", "import os\nos.mkfifo('pipe'); os.symlink('/etc/shadow', 'link')\n\
                for d in range(300): os.makedirs('many/%d' % d)\n\
                for n in range(210000): os.close(os.open('many/%d/%d' % (n % 300, n), os.O_CREAT))"]],
            ["run_tests", { "suite": "unit" }],
            ["task", { "id": "t1", "wait": 60 }],
            ["!run", ["rm", "-rf", "many"]],
            ["run_tests", { "suite": "unit" }],
            ["task", { "id": "t2", "wait": 60 }],
            ["!write", { "tests/test_calc.py": "import time\ndef test_long():\n    time.sleep(60)\n" }],
            ["run_tests", { "suite": "unit" }],
            ["run_tests", { "suite": "unit" }],
            ["run_tests", { "suite": "unit" }],
            ["run_tests", { "suite": "unit" }],
            ["run_tests", { "suite": "unit" }],
            ["task", { "id": "t3", "wait": 120 }]
        ] });
        let model = Model::start(vec![Say::order(&first)]);
        let engine = played_engine(&docker, &model, "");
        let repo = repo(&docker, "", &[]);
        let run = engine.run_on(&repo);
        let long = "SELECT count(*) FROM steps WHERE suite = 't3_unit' AND state = 'created'";
        wait_until("the long task", REST * 2, || engine.count(long) == 1);
        wait_until("all that may wait", REST, || {
            engine.count("SELECT count(*) FROM tool_calls WHERE tool = 'run_tests'") == 7
        });
        assert_eq!(engine.count("SELECT count(*) FROM tool_calls WHERE outcome = 'refused'"), 1);
        engine.cmd(&["cancel", &run.to_string(), "--reason", "enough"]).expect_code(0);
        engine.rested(run);
        let ended = outcomes(&engine, run);
        assert_eq!(ended[..2], [Some(TaskOutcome::Impossible), Some(TaskOutcome::Passed)], "{ended:?}");
        assert_eq!(ended[2..], [Some(TaskOutcome::Stopped); 4], "{ended:?}");
        engine.assert_nothing_left();
    }

    /// A service of the project, which no suite has.
    const ECHO: &str = "[services.echo]\ncommand = \"python3 -m http.server 8123 --bind 127.0.0.1\"\n";

    fn get(port: u16) -> Value {
        let host = if port == 8123 { "echo" } else { "beside" };
        let code =
            format!("import urllib.request as u; print('got', u.urlopen('http://{host}:{port}/calc.py').status)");
        json!(["python3", "-c", code])
    }

    #[test]
    fn an_agent_has_containers_beside_its_own_behind_the_same_walls() {
        let Some(docker) = docker() else { return };
        let look = "cat calc.py | head -2; id -u; ls /dogwatch; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; \
                    touch /x || echo read-only; cat /proc/net/dev | wc -l; exit 3";
        let first = json!({ "write": { "calc.py": RIGHT }, "tools": [
            ["service_start", { "argv": ["python3", "-m", "http.server", "8200", "--bind", "127.0.0.1"], "port": 8200 }],
            ["!run", get(8200)],
            ["container_run", { "argv": ["sh", "-c", look], "env": ["GREETING=hello"] }],
            ["container_run", { "argv": get(8200) }],
            ["container_logs", { "id": "t1" }],
            ["!run", ["mkdir", "img"]],
            ["!write", { "img/Dockerfile": "FROM run\nCOPY hello /opt/\n", "img/hello": "hello from an image" }],
            ["image_build", { "directory": "img" }],
            ["!run", ["rm", "-r", "img"]],
            ["container_run", { "image": "t4", "argv": ["cat", "/opt/hello"] }],
            ["service_start", { "image": "echo", "port": 8123 }],
            ["container_list", {}],
            ["!run", get(8123)],
            ["container_stop", { "id": "t1" }],
            ["task", { "id": "t1", "wait": 20 }],
            ["container_run", { "argv": ["sleep", "30"], "timeout": 1 }],
            ["container_run", { "image": "docker.io/library/alpine", "argv": ["id"] }],
            ["service_start", { "argv": ["false"], "port": 9000 }]
        ] });
        let model = Model::start(vec![Say::order(&first)]);
        let engine = played_engine(&docker, &model, "");
        let repo = repo(&docker, ECHO, &[]);
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        let log = engine.raw_log(run, "-i1-develop");
        for words in [
            "\\\"address\\\":\\\"127.0.0.1:8200\\\"",
            "ran python3: 0 got 200",
            "\\\"exit_code\\\":3",
            "read-only",
            "CapEff:\\\\t0000000000000000",
            "NoNewPrivs:\\\\t1",
            "bin\\\\nspool\\\\nstep\\\\n",
            "GET /calc.py",
            "take it by the name t4",
            "hello from an image",
            "was stopped at its limit of 1 s",
            "there is no image docker.io/library/alpine for you",
            "ended with exit code 1",
        ] {
            assert!(log.contains(words), "{words}: {log}");
        }
        assert_eq!(log.matches("ran python3: 0 got 200").count(), 2, "{log}");
        let service = outcomes(&engine, run);
        assert_eq!((service[0], service[5]), (Some(TaskOutcome::Stopped), Some(TaskOutcome::Stopped)), "{service:?}");
        let images = "SELECT count(*) FROM images WHERE tag LIKE 'dogwatch-task:%'";
        assert_eq!((engine.count(images), engine.count(&format!("{images} AND state = 'removed'"))), (1, 1));
        let tags = engine.texts("SELECT tag FROM images WHERE tag LIKE 'dogwatch-task:%'");
        assert!(docker.with(async |client| client.inspect_image(&tags[0]).await.is_err()), "{tags:?}");
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn a_service_of_an_agent_outlives_the_engine() {
        let Some(docker) = docker() else { return };
        let first = json!({ "write": { "calc.py": RIGHT }, "tools": [
            ["service_start", { "argv": ["python3", "-m", "http.server", "8200", "--bind", "127.0.0.1"], "port": 8200 }],
            ["notes", {}],
            ["!run", ["sleep", "8"]],
            ["container_list", {}],
            ["container_run", { "argv": get(8200) }]
        ] });
        let model = Model::start(vec![Say::order(&first)]);
        let mut engine = played_engine(&docker, &model, "");
        let repo = repo(&docker, ECHO, &[]);
        let run = engine.run_on(&repo);
        // What is asked just when the engine dies the played agent asks once more.
        wait_until("the service", REST, || engine.count("SELECT count(*) FROM tool_calls WHERE tool = 'notes'") > 0);
        engine.kill();
        engine.restart();
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        let log = engine.raw_log(run, "-i1-develop");
        assert!(log.contains("got 200") && log.contains("\\\"state\\\":\\\"ready\\\""), "{log}");
        let told = engine.cmd(&["tasks", &run.to_string(), "--json"]).expect_code(0).to_owned();
        assert_eq!(outcomes(&engine, run), [Some(TaskOutcome::Stopped), Some(TaskOutcome::Passed)], "{told}");
        engine.assert_nothing_left();
    }
}
