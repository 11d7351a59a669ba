//! Services on real containers: a suite that talks to an application by its name, one whose application is never ready, one
//! whose application dies, and an engine that is killed meanwhile. Nothing is left, and no network was ever made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod needs_docker {
    use crate::support::loops::REPLAY;
    use crate::support::{DockerEnv, Engine, TempRepo, docker, wait_until};
    use dogwatch::domain::{Outcome, RunState, StepKind};
    use serde_json::json;
    use std::time::Duration;

    /// An application that greets, and tells the store that it was asked; `NAME` is what it greets.
    const APP: &str = r#"
import http.server, socket, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            self.server.dead = True
        with socket.create_connection(("store", 6000), 5) as store:
            store.sendall(self.path.encode() + b"\n")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello NAME")

server = http.server.HTTPServer(("127.0.0.1", 8000), Handler)
server.dead = False
print("serves", flush=True)
while not server.dead:
    server.handle_request()
sys.exit("told to die")
"#;
    /// A store that prints what it is told.
    const STORE: &str = r#"
import socketserver

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        print("stored", self.rfile.readline().decode().strip(), flush=True)

socketserver.ThreadingTCPServer(("127.0.0.1", 6000), Handler).serve_forever()
"#;
    const TEST: &str = r#"
import os, urllib.request

def get(path):
    return urllib.request.urlopen("http://app:8000" + path, timeout=10).read()

def test_greets():
    assert get("/") == b"hello world"

def test_has_no_other_network():
    assert os.listdir("/sys/class/net") == ["lo"]
"#;

    fn repo(docker: &DockerEnv, app: &str, test: &str, replay: &serde_json::Value) -> TempRepo {
        let image = &docker.image;
        let toml = format!(
            r#"[image]
reference = "{image}"

[services.store]
image = "{image}"
command = ["python3", "-c", """{STORE}"""]
ready = {{ tcp = 6000, within = "20s" }}
memory = "128MiB"

[services.app]
command = "exec python3 app.py"
ready = {{ http = "http://app:8000/health", within = "8s" }}
memory = "128MiB"

[[suite]]
name = "e2e"
command = "python3 -m pytest -p no:cacheprovider --junitxml=report.xml"
format = "junit"
report = "report.xml"
timeout = "1m"
services = ["store", "app"]
env = {{ PYTHONDONTWRITEBYTECODE = "1" }}

{REPLAY}
"#
        );
        let script = json!({ "replay": 1, "iterations": replay }).to_string();
        TempRepo::new(&[
            ("dogwatch.toml", &toml),
            ("app.py", app),
            ("tests/test_app.py", test),
            ("replay.json", &script),
        ])
    }

    fn edit(old: &str, new: &str) -> serde_json::Value {
        json!([{ "say": "repairs", "edits": [{ "path": "app.py", "replace": { "old": old, "new": new } }], "claims": "done" }])
    }

    fn networks(docker: &DockerEnv) -> Vec<String> {
        docker.with(async |client| {
            let networks = client.list_networks(None::<bollard::query_parameters::ListNetworksOptions>).await.unwrap();
            let mut names: Vec<_> = networks.into_iter().filter_map(|network| network.name).collect();
            names.sort();
            names
        })
    }

    #[test]
    fn a_suite_talks_to_its_services_by_name() {
        let Some(docker) = docker() else { return };
        let before = networks(&docker);
        let engine = Engine::start(&docker);
        let repo = repo(&docker, &APP.replace("NAME", "moon"), TEST, &edit("moon", "world"));
        let run = engine.run_on(&repo);
        engine.wait_run(run, "with a service", |detail| {
            assert!(!detail.view.run.state.is_final(), "{detail:#?}");
            assert_eq!(networks(&docker), before, "a network was made");
            detail.steps.iter().any(|step| step.key.kind == StepKind::Service)
        });
        let detail = engine.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        let outcomes: Vec<_> = detail.iterations.iter().map(|one| (one.outcome, one.tests)).collect();
        assert_eq!(outcomes, [(Some(Outcome::Neutral), (1, 1, 0)), (Some(Outcome::Green), (2, 0, 0))]);

        // What they printed is there by step, that of the second run of the failing base too, and every step has its end on record.
        let log = |step: &str| engine.raw_log(run, step);
        assert!(log("i1-service-e2e.app-a1").contains("serves"), "{}", log("i1-service-e2e.app-a1"));
        assert!(log("i1-service-e2e.store-a1").contains("stored /health"), "{}", log("i1-service-e2e.store-a1"));
        assert!(log("i1-ready-e2e-a1").contains("app is ready after"), "{}", log("i1-ready-e2e-a1"));
        assert_eq!(engine.count("SELECT count(*) FROM steps WHERE kind = 'service' AND length(log_digest) = 64"), 6);
        assert_eq!(engine.count("SELECT count(*) FROM steps WHERE kind = 'network' AND length(log_digest) = 64"), 3);
        assert_eq!(engine.count("SELECT count(*) FROM steps WHERE step_end LIKE '%stopped%'"), 9);
        let listed = engine.cmd(&["logs", &run.to_string(), "--step", "i1-service-e2e.app-a1"]);
        assert!(listed.expect_code(0).contains("serves"), "{listed:?}");
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    #[test]
    fn an_application_that_is_never_ready_is_a_finding_with_its_last_words() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let app = APP.replace("NAME", "world").replace("8000", "8001");
        let repo = repo(&docker, &app, TEST, &edit("8001", "8000"));
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        let found = engine.texts("SELECT message FROM findings WHERE iteration = 0 AND kind = 'service_not_ready'");
        assert!(found[0].starts_with("service app is not ready within 8 s (http://app:8000/health): "), "{found:?}");
        assert!(found[0].ends_with("its log ends with:\nserves"), "{found:?}");
        assert!(engine.prompts(run)[0].contains("service app is not ready"), "{}", engine.prompts(run)[0]);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        engine.assert_nothing_left();
    }

    #[test]
    fn an_application_that_dies_is_a_finding_even_where_the_tests_pass() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let app = APP.replace("NAME", "world");
        // It dies after its answer, and the tests go on until it has.
        let test = format!(
            "{TEST}\ndef test_dies():\n    get('/die')\n    import time\n    for n in range(100):\n        try:\n            \
             get('/')\n        except OSError:\n            break\n        time.sleep(0.1)\n    time.sleep(1)\n"
        );
        let repo = repo(&docker, &app, &test, &edit("= True", "= False"));
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        let found = engine.texts("SELECT message FROM findings WHERE iteration = 0 AND kind = 'service_ended'");
        assert_eq!(found.len(), 1, "{detail:#?}");
        assert!(
            found[0].starts_with("service app ended with exit code 1 while it was needed; its log ends"),
            "{found:?}"
        );
        assert!(found[0].ends_with("told to die"), "{found:?}");
        let verdicts = engine.texts("SELECT verdict FROM suites ORDER BY iteration");
        assert_eq!(verdicts, ["failed", "passed"], "{detail:#?}");
        engine.assert_nothing_left();
    }

    #[test]
    fn an_engine_that_is_killed_meanwhile_goes_on() {
        let Some(docker) = docker() else { return };
        let points = [
            "step.network.created",
            "step.service.intended",
            "step.service.created:2",
            "services.begun",
            "step.ready.started",
            "step.test.started",
            "step.test.ended",
            "step.service.ended",
            "services.stopped",
        ];
        for point in points {
            let mut engine = Engine::start_with(&docker, &[("DOGWATCH_CRASH_AT", point)]);
            let repo = repo(&docker, &APP.replace("NAME", "moon"), TEST, &edit("moon", "world"));
            let run = engine.run_on(&repo);
            wait_until("the engine's death", Duration::from_mins(1), || engine.has_ended());
            wait_until(&format!("the engine's death at {point}"), Duration::from_mins(1), || engine.has_ended());
            engine.restart_plain();
            let detail = engine.rested(run);
            assert_eq!(detail.view.run.state, RunState::Succeeded, "{point}: {detail:#?}");
            // The base fails, so that its suite runs twice.
            let repeated = "SELECT count(*) FROM steps WHERE attempt > 2 OR attempt > 1 AND iteration > 0";
            assert_eq!(engine.count(repeated), 0, "{point}: {detail:#?}");
            engine.assert_nothing_left();
        }
    }

    #[test]
    fn a_cancelled_run_leaves_no_service() {
        let Some(docker) = docker() else { return };
        let engine = Engine::start(&docker);
        let test = format!("{TEST}\ndef test_waits():\n    import time\n    time.sleep(50)\n");
        let repo = repo(&docker, &APP.replace("NAME", "moon"), &test, &edit("moon", "world"));
        let run = engine.run_on(&repo);
        wait_until("a suite that runs", Duration::from_mins(1), || {
            engine.count("SELECT count(*) FROM steps WHERE kind = 'test' AND state = 'created'") == 1
        });
        assert_eq!(engine.containers().len(), 4, "{:?}", engine.containers());
        engine.cmd(&["pause", &run.to_string()]).expect_code(0);
        engine.reaches(run, RunState::Paused);
        engine.cmd(&["cancel", &run.to_string()]).expect_code(0);
        engine.reaches(run, RunState::Cancelled);
        engine.assert_nothing_left();
    }
}
