//! The engine of a machine with containers, people who are real Unix users, and a live asset that a real sshd serves.

use crate::service::Service;
use crate::support::console::Console;
use crate::support::loops::REST;
use crate::support::model::Model;
use crate::support::sshd::Sshd;
use crate::support::{DockerEnv, Output, TempRepo, bare, wait_until};
use crate::system::System;
use crate::users::{Group, User, can_be_made};
use dogwatch::client::Client;
use dogwatch::domain::RunId;
use dogwatch::protocol::{Reply, Request, RunDetail};
use dogwatch::workspace::volume;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

/// All of it. Ada keeps watch and proposes, ben decides.
pub struct Scene {
    pub system: System,
    pub service: Service,
    pub sshd: Sshd,
    pub ada: User,
    pub ben: User,
    /// What the run works on; delivered to at its end.
    pub repo: Option<TempRepo>,
    docker: DockerEnv,
    _reach: Group,
}

impl Scene {
    /// An engine that knows the model, with the asset `web-1` registered, whose service is down.
    pub fn new(docker: &DockerEnv, model: &Model) -> Option<Self> {
        let sshd = if can_be_made() { Sshd::with_boot()? } else { return None };
        let service = Service::broken(&sshd);
        let reach = Group::new();
        let (ada, ben) = (User::new(&[&reach]), User::new(&[&reach]));
        let config = format!(
            "[engine]\ngroup = \"{}\"\n[operators]\nadmin = [\"root\"]\noperator = [\"{}\"]\napprover = [\"{}\", \"{}\"]\n\
             auditor = [\"{}\"]\n[fleet]\nlook = \"off\"\n[[rule]]\nname = \"four-eyes\"\nown-vote = \"no\"\n\
             [models.anthropic]\nurl = \"{}\"\nkey-file = \"KEY\"\n[agents.claude]\nadapter = \"claude\"\n\
             command = [\"python3\", \"claude\"]\n",
            reach.0, ada.name, ada.name, ben.name, ben.name, model.url
        );
        let mut system = System::prepare("");
        let key = system.path().join("config/key");
        fs::write(&key, "sk-test-0123456789abcdef\n").unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(system.path().join("config/config.toml"), config.replace("KEY", key.to_str().unwrap())).unwrap();
        system.set(&[("DOCKER_HOST", &docker.host)]);
        system.go();
        let scene = Self { system, service, sshd, ada, ben, repo: None, docker: docker.clone(), _reach: reach };
        scene.register();
        Some(scene)
    }

    fn register(&self) {
        let key = fs::read_to_string(self.sshd.file("host.pub")).unwrap();
        // The host takes no key that may do anything else than what was approved.
        fs::write(self.sshd.file("authorized"), "").unwrap();
        let (authority, receipts) = (self.sshd.file("authority"), self.sshd.file("receipts"));
        let place = self.sshd.place();
        let added = self.cmd(&[
            "asset",
            "add",
            "web-1",
            "--ssh",
            &place,
            "--host-key",
            key.trim(),
            "--authority",
            authority.to_str().unwrap(),
            "--receipts",
            receipts.to_str().unwrap(),
            "--environment",
            "production",
        ]);
        added.expect_code(0);
    }

    /// A command of the administrator.
    pub fn cmd(&self, args: &[&str]) -> Output {
        // What people saw of the log is theirs, so nobody shares a home.
        bare::output(self.system.users(args).env("HOME", self.system.path().join("root")))
    }

    /// Another engine takes over, with a crash point or none.
    pub fn restart(&mut self, crash: Option<&str>) {
        self.system.kill();
        let host = self.docker.host.clone();
        let mut env = vec![("DOCKER_HOST", host.as_str())];
        env.extend(crash.map(|point| ("DOGWATCH_CRASH_AT", point)));
        self.system.set(&env);
        self.system.go();
    }

    /// A console of a user, with a home of their own.
    pub fn console(&self, user: &User, rows: u16, columns: u16) -> Console {
        let home = self.system.path().join(&user.name);
        if !home.exists() {
            fs::create_dir(&home).unwrap();
            chown(&home, Some(user.uid), Some(user.gid)).unwrap();
        }
        let users = self.system.users(&["watch"]);
        let mut command = Command::new("setsid");
        command.args([
            "--ctty",
            "setpriv",
            "--reuid",
            &user.name,
            "--regid",
            &user.gid.to_string(),
            "--init-groups",
            "--",
        ]);
        command.arg(users.get_program()).args(users.get_args()).current_dir("/").env_clear();
        command.envs(users.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("HOME", home).env("PATH", "/usr/bin:/bin").env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
        Console::spawn(command, rows, columns)
    }

    /// Asks the engine as the administrator.
    pub fn ask(&self, request: Request) -> Reply {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { Client::connect(&self.system.socket()).await.unwrap().ask(request).await.unwrap() })
    }

    /// Has an agent look after the live systems, beside its work on the code.
    pub fn begin(&self, repo: &TempRepo) -> RunId {
        self.cmd(&["project", "add", repo.path().to_str().unwrap(), "--name", "shop"]).expect_code(0);
        let task = "the shop is down: find out why, and make the tests pass";
        let run = self.cmd(&["run", task, "--project", "shop", "--role", "remedy", "--json"]).json();
        RunId(run["run"]["id"].as_i64().unwrap())
    }

    /// A run in full.
    pub fn detail(&self, run: RunId) -> RunDetail {
        match self.ask(Request::Run { run }) {
            Reply::Detail { detail } => *detail,
            other => panic!("{other:?}"),
        }
    }

    /// A run that is over or waits for a person.
    pub fn rested(&self, run: RunId) -> RunDetail {
        let mut detail = self.detail(run);
        wait_until("the run to rest", REST, || {
            detail = self.detail(run);
            detail.view.run.state.is_final() || detail.view.run.state.awaits_person()
        });
        detail
    }

    /// A proposal as scripts see it.
    pub fn proposal(&self, id: &str) -> Value {
        self.cmd(&["approvals", "show", id, "--json"]).json()["proposal"].clone()
    }

    /// Waits until a proposal has come so far.
    pub fn until(&self, id: &str, state: &str) {
        wait_until(&format!("{id} to be {state}"), REST, || {
            let shown = self.cmd(&["approvals", "show", id, "--json"]);
            shown.code == Some(0) && shown.json()["proposal"]["state"] == state
        });
    }

    /// Looks at the asset as ada does, and tells whether its service is down.
    pub fn is_down(&self) -> bool {
        let look = self.system.cmd_as(&self.ada, "", &["asset", "look", "web-1", "--json"]).json();
        let vitals = &look["seen"]["state"]["vitals"];
        assert!(vitals["cpus"].as_u64() > Some(0), "{look}");
        vitals["failed"].as_array().unwrap().iter().any(|name| name == "shop.service")
    }

    /// The log is whole up to its anchored head, which comes right after a commit.
    pub fn assert_anchored(&self) {
        wait_until("an anchored audit log", REST, || {
            let verified = bare::output(&mut self.system.engines(&["audit", "verify"]));
            assert!(matches!(verified.code, Some(0 | 10)), "{verified:?}");
            verified.code == Some(0)
        });
    }

    /// No container is left of the run.
    pub fn assert_nothing_left(&self) {
        let state = self.system.path().join("state");
        wait_until("containers to be gone", REST, || self.docker.containers_of(&state).is_empty());
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the engine's log:\n{}", self.system.log());
        }
        self.system.kill();
        let state = self.system.path().join("state");
        self.docker.remove(&self.docker.containers_of(&state));
        if let Err(error) = volume::release_beneath(&state.join("workspaces")) {
            eprintln!("trees are left mounted: {error}");
        }
    }
}
