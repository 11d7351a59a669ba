//! Whole runs on another machine: with setup, services and a coding agent, through deaths of the engine and of the connection, until
//! nothing of them is left there.

use crate::support::counting::{counting_repo, end};
use crate::support::loops::{REPLAY, REST, RIGHT, WRONG, python_repo, submission};
use crate::support::model::{Model, Say};
use crate::support::{DockerEnv, Engine, FarEnv, Sshd, TempRepo, docker, far, kill_connection, wait_until};
use bollard::query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};
use dogwatch::domain::{Outcome, RunId, RunState};
use dogwatch::protocol::Request;
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// An engine beside whose own Docker there is another machine's.
struct Both {
    engine: Engine,
    far: FarEnv,
    sshd: Sshd,
    docker: DockerEnv,
}

impl Both {
    /// `None` where there is no other machine. `more` is added to `config.toml`.
    fn start(more: &str) -> Option<Self> {
        let (docker, far) = (docker()?, far()?);
        let sshd = Sshd::start(&far);
        let engine = Engine::start(&docker);
        let mut both = Self { engine, far, sshd, docker };
        both.configure(more);
        Some(both)
    }

    fn configure(&mut self, more: &str) {
        let config = format!(
            "[engines.other]\nurl = \"ssh://root@127.0.0.1:{}\"\nhost-key = \"{}\"\nidentity = \"{}\"\nsocket = \"{}\"\n\n{more}",
            self.sshd.port(),
            self.far.host_key(),
            self.far.identity().display(),
            self.far.dir.join("docker.sock").display(),
        );
        fs::write(self.engine.config().join("config.toml"), config).unwrap();
        self.engine.restart();
    }

    /// Starts a run there.
    fn run_there(&self, repo: &TempRepo) -> RunId {
        let project = self.engine.add(repo);
        let Request::Submit { task, criteria, role, agent, iterations, revision, priority, plan, after, .. } =
            submission(&project, None)
        else {
            panic!("a submission")
        };
        let engine = Some("other".to_owned());
        let request = Request::Submit {
            project,
            task,
            criteria,
            role,
            engine,
            agent,
            iterations,
            revision,
            priority,
            plan,
            after,
            feature: None,
        };
        self.engine.expect_run(request).run.id
    }

    /// Names and ids of what this engine has there, seen behind its back.
    fn containers(&self) -> Vec<(String, String)> {
        let client = DockerEnv { host: self.far.docker(), ..self.docker.clone() };
        let state = self.engine.state().display().to_string();
        client.with(async |client| {
            let filters = HashMap::from([("label", vec!["dogwatch.dir"])]);
            let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
            let listed = client.list_containers(Some(options)).await.unwrap().into_iter();
            let ours = listed.filter(|one| one.labels.as_ref().unwrap()["dogwatch.dir"].starts_with(&state));
            ours.map(|one| (one.names.unwrap()[0].clone(), one.id.unwrap())).collect()
        })
    }

    fn link(&self) -> std::path::PathBuf {
        self.engine.state().join("far/other")
    }

    /// What this engine has on that machine's disk.
    fn things(&self) -> std::path::PathBuf {
        self.far.things(&self.engine.texts("SELECT value FROM settings WHERE key = 'instance'")[0])
    }

    /// Nothing of a run is left, here or there.
    fn assert_nothing_left(&self) {
        self.engine.assert_nothing_left();
        assert_eq!(self.containers(), []);
        wait_until("empty directories there", Duration::from_mins(1), || {
            self.engine.cmd(&["gc"]).expect_code(0);
            ["s", "g"].iter().all(|dir| fs::read_dir(self.things().join(dir)).unwrap().count() == 0)
        });
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        self.engine.kill();
        let client = DockerEnv { host: self.far.docker(), ..self.docker.clone() };
        for (_, id) in self.containers() {
            client.with(async |client| {
                let options = RemoveContainerOptionsBuilder::default().force(true).build();
                drop(client.remove_container(&id, Some(options)).await);
            });
        }
        if self.engine.paths().database().exists() {
            drop(fs::remove_dir_all(self.things()));
        }
    }
}

/// A setup that is never the same twice, so that an image is made.
fn setup() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("\n[setup]\ncommand = \"mkdir deps && echo {} > deps/made\"\nkeep = [\"deps\"]\n", now.as_nanos())
}

#[test]
fn a_run_goes_its_whole_way_there_whatever_dies() {
    let Some(mut both) = Both::start("") else { return };
    let repo = counting_repo(&both.docker, 3, 4, &setup());
    let begun = Instant::now();
    let run = both.run_there(&repo);
    let works = |both: &Both, part: &str| {
        both.containers().iter().any(|(name, _)| name.contains(part)) && both.link().join("ctl").exists()
    };
    // The connection dies in the middle of the first turn, the engine in the second, sshd in the third.
    wait_until("the first turn", REST, || works(&both, "-i1-develop"));
    kill_connection(&both.link());
    wait_until("the second turn", REST, || works(&both, "-i2-develop"));
    both.engine.kill();
    std::thread::sleep(Duration::from_secs(1));
    both.engine.restart();
    wait_until("the third turn", REST, || works(&both, "-i3-develop"));
    both.sshd.stop();
    std::thread::sleep(Duration::from_secs(3));
    both.sshd.launch();
    let detail = both.engine.rested(run);
    eprintln!("three turns on another machine, with three deaths: {:.1} s", begun.elapsed().as_secs_f64());
    assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
    assert_eq!(detail.view.run.engine, "other");
    let rounds = end(&detail);
    assert_eq!((rounds.spent, rounds.iterations.len()), (3, 4), "{rounds:?}");
    let steps = "SELECT count(*) FROM steps WHERE kind = 'develop'";
    assert_eq!(both.engine.count(steps), 3, "no turn was repeated");
    assert_eq!(repo.show(&format!("dogwatch/run-{}", run.0), "value").as_deref(), Some("value=3\n"));
    for round in 1..=3 {
        let log = both.engine.raw_log(run, &format!("-i{round}-develop"));
        assert_eq!(log.matches(&format!("round {}\n", round - 1)).count(), 1, "{log}");
    }
    assert!(both.engine.cmd(&["show", &run.to_string()]).expect_code(0).contains("other"));
    both.assert_nothing_left();
    both.engine.assert_anchored();

    // The images of builds and setups are made there, and go from there.
    let tags = both.engine.texts("SELECT tag FROM images WHERE engine = 'other' AND state = 'made'");
    assert_eq!(tags.len(), 1, "{tags:?}");
    let client = DockerEnv { host: both.far.docker(), ..both.docker.clone() };
    let has = |docker: &DockerEnv| docker.with(async |client| client.inspect_image(&tags[0]).await.is_ok());
    assert!(has(&client) && !has(&both.docker));
    let things = both.things();
    let said = both.engine.cmd(&["uninstall-data", "--yes"]);
    said.expect_code(0);
    assert!(!has(&client) && !things.exists(), "{said:?}");
}

#[test]
fn services_run_beside_a_suite_there() {
    let Some(both) = Both::start("") else { return };
    let image = &both.docker.image;
    let toml = format!(
        r#"[image]
reference = "{image}"

[services.app]
command = ["python3", "-m", "http.server", "--bind", "127.0.0.1", "8000"]
ready = {{ http = "http://app:8000/", within = "20s" }}
memory = "128MiB"

[[suite]]
name = "e2e"
command = "python3 -m pytest -p no:cacheprovider --junitxml=report.xml"
format = "junit"
report = "report.xml"
timeout = "1m"
services = ["app"]
env = {{ PYTHONDONTWRITEBYTECODE = "1" }}

{REPLAY}"#
    );
    let test = "import urllib.request\n\ndef test_says_yes():\n    \
                assert urllib.request.urlopen('http://app:8000/word', timeout=10).read() == b'yes\\n'\n";
    let edit = json!({ "path": "word", "replace": { "old": "no", "new": "yes" } });
    let script = json!({ "replay": 1, "iterations": [{ "say": "x", "edits": [edit], "claims": "done" }] }).to_string();
    let files =
        [("dogwatch.toml", toml.as_str()), ("test_app.py", test), ("word", "no\n"), ("replay.json", script.as_str())];
    let repo = TempRepo::new(&files);
    let run = both.run_there(&repo);
    let detail = both.engine.rested(run);
    assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
    assert!(both.engine.raw_log(run, "-i1-service-e2e.app").contains("GET /word"));
    both.assert_nothing_left();
}

const KEY: &str = "sk-canary-5ac0ffee5ac0ffee5ac0ffee";

/// Every file below a directory that holds a text.
fn holding(dir: &Path, text: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            holding(&path, text, found);
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap_or_default();
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
}

#[test]
fn an_agent_there_reaches_its_model_here_and_the_key_stays_here() {
    let ask = json!([
        ["POST", "/v1/files", {}],
        ["POST", "http://169.254.169.254/v1/messages", {}],
        ["POST", "/v1/messages", { "Host": "example.org" }],
        ["CONNECT", "example.org:443", {}]
    ]);
    let first = json!({ "write": { "calc.py": WRONG.replace("a - b", "a * b") }, "ask": ask, "look": true });
    let model = Model::start(vec![Say::Done(first.to_string()), Say::Hang]);
    let Some(mut both) = Both::start("") else { return };
    let key = both.engine.config().join("key");
    fs::write(&key, format!("{KEY}\n")).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    both.configure(&format!(
        "[models.anthropic]\nurl = \"{}\"\nkey-file = \"{}\"\n\n[agents.claude]\nadapter = \"claude\"\n\
         command = [\"python3\", \"claude\"]\n",
        model.url,
        key.display()
    ));
    let agent = "[agent]\nname = \"claude\"\nmodel = \"m\"\n";
    let repo = python_repo(&both.docker, agent, &[("claude", include_str!("../../agents/claude"))]);
    let run = both.run_there(&repo);
    // The second turn hangs in the middle of an answer: a container to look at, and a machine.
    wait_until("the second turn", REST, || model.asked().len() >= 2);
    let (_, container) = both.containers().into_iter().find(|(name, _)| name.contains("-i2-develop")).unwrap();
    let client = DockerEnv { host: both.far.docker(), ..both.docker.clone() };
    let inspected = client.with(async |client| {
        serde_json::to_string(&client.inspect_container(&container, None).await.unwrap()).unwrap()
    });
    assert!(inspected.contains("\"NetworkMode\":\"none\"") && inspected.contains("/dogwatch/gateway"), "{inspected}");
    let mut found = Vec::new();
    holding(&both.far.dir.join("root"), KEY, &mut found);
    holding(&both.far.dir.join("data/containers"), KEY, &mut found);
    assert!(found.is_empty() && !inspected.contains(KEY), "{found:?}");
    // The connection goes in the middle of an answer, and the engine: the agent never gives up on a silent model by itself.
    model.now_say(vec![Say::Done(json!({ "write": { "calc.py": RIGHT } }).to_string())]);
    kill_connection(&both.link());
    let detail = both.engine.rested(run);
    assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
    let asked = model.asked();
    assert!(asked.iter().all(|asked| asked.line == "POST /v1/messages?beta=true HTTP/1.1"), "{asked:#?}");
    assert!(asked.iter().all(|asked| asked.header("x-api-key") == Some(KEY)), "{asked:#?}");
    let log = both.engine.raw_log(run, "-i1-develop");
    for refused in ["/v1/files: 404", "169.254.169.254/v1/messages: 403", "CONNECT example.org:443: 403"] {
        assert!(log.contains(refused), "{refused}: {log}");
    }
    assert!(log.contains("/dogwatch/gateway/gateway.sock") && !log.contains(KEY), "{log}");
    // Its conversation came back from the first turn and was gone on with in the second.
    assert!(asked.last().unwrap().body.contains("\"turn\": 2"));
    let outcomes: Vec<_> = detail.iterations.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Neutral), Some(Outcome::Red), Some(Outcome::Green)]);
    both.assert_nothing_left();
    both.engine.assert_anchored();
}

#[test]
fn what_config_does_not_name_is_refused_and_doctor_looks_at_what_it_names() {
    let Some(both) = Both::start("") else { return };
    let repo = counting_repo(&both.docker, 1, 1, "");
    let project = both.engine.add(&repo);
    let said = both.engine.cmd(&["run", "--project", &project, "--engine", "nowhere", "task"]);
    assert!(said.code != Some(0) && said.stderr.contains("no engine `nowhere`"), "{said:?}");
    let said = both.engine.cmd(&["doctor"]);
    assert!(said.stdout.contains("engines: other answers, Docker "), "{said:?}");
    both.sshd.stop();
    let said = both.engine.cmd(&["doctor", "--json"]);
    let failed = said.stdout.lines().any(|line| line.contains("other: ") && line.contains("\"fail\""));
    assert!(failed && said.code == Some(1), "{said:?}");
}
