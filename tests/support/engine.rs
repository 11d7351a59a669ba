//! A dogwatch engine as a child process, with directories of its own.

use super::{DockerEnv, wait_until};
use dogwatch::protocol::Request;
use dogwatch::sandbox::process::Remains;
use dogwatch::workspace::volume;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long an engine may take to answer. Generous, since test machines are slow when they compile.
const START: Duration = Duration::from_secs(30);

/// What a command of dogwatch said.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// Fails the test unless the command exited with `code`; returns its standard output.
    #[track_caller]
    pub fn expect_code(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        &self.stdout
    }

    /// Its standard output as JSON, after exit code 0.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.expect_code(0)).expect("JSON on standard output")
    }
}

/// A running engine. Dropping it ends the engine and removes its containers and directories.
#[derive(Debug)]
pub struct Engine {
    /// `None` where steps run in the process sandbox.
    docker: Option<DockerEnv>,
    home: TempDir,
    extra_env: Vec<(String, String)>,
    /// The program that serves, and that its shims are copies of.
    executable: PathBuf,
    child: Option<Child>,
}

impl Engine {
    /// Starts an engine with empty directories and waits until it answers.
    pub fn start(docker: &DockerEnv) -> Self {
        Self::start_with(docker, &[])
    }

    /// The same with further environment variables, for instance of a crash point.
    pub fn start_with(docker: &DockerEnv, env: &[(&str, &str)]) -> Self {
        let mut engine = Self::prepare(Some(docker.clone()), env);
        engine.restart();
        engine
    }

    /// Starts an engine whose steps run in the process sandbox. `sandbox` is what follows in that section of `config.toml`.
    pub fn start_process(sandbox: &str, env: &[(&str, &str)]) -> Self {
        let mut engine = Self::prepare(None, env);
        let config = format!("[sandbox]\nkind = \"process\"\n{sandbox}\n");
        fs::write(engine.config().join("config.toml"), config).expect("a configuration");
        engine.restart();
        engine
    }

    /// The same where a bubblewrap works; `None` where none does, which is said.
    pub fn in_bubblewrap(sandbox: &str) -> Option<Self> {
        let engine = Self::start_process(sandbox, &[]);
        let status = engine.cmd(&["status", "--json"]).json();
        if let Some(fault) = status["sandbox_fault"].as_str() {
            let required = std::env::var("DOGWATCH_REQUIRE_BWRAP").is_ok_and(|value| value == "1");
            assert!(!required, "a bubblewrap that works here is required: {fault}");
            eprintln!("skipped: {fault}");
            return None;
        }
        Some(engine)
    }

    /// Starts an engine with more in its `config.toml` than every one of these tests has there.
    pub fn configured(docker: &DockerEnv, text: &str) -> Self {
        let mut engine = Self::start(docker);
        let place = engine.config().join("config.toml");
        let settings = fs::read_to_string(&place).unwrap_or_default();
        fs::write(place, format!("{settings}\n{text}")).expect("a configuration");
        engine.stop();
        engine.restart();
        engine
    }

    fn prepare(docker: Option<DockerEnv>, env: &[(&str, &str)]) -> Self {
        // A short path: the address of a Unix socket has room for 107 bytes.
        let home = tempfile::Builder::new().prefix("dw").tempdir_in("/tmp").expect("a temporary directory");
        for name in ["state", "config"] {
            fs::create_dir(home.path().join(name)).expect("a directory");
        }
        let extra_env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let executable = PathBuf::from(env!("CARGO_BIN_EXE_dogwatch"));
        Self { docker, home, extra_env, executable, child: None }
    }

    /// Starts an engine that is another build than the one under test.
    pub fn start_as(docker: &DockerEnv, executable: PathBuf) -> Self {
        let mut engine = Self::prepare(Some(docker.clone()), &[]);
        engine.executable = executable;
        engine.restart();
        engine
    }

    /// From its next start on the engine is the build under test.
    pub fn upgrade(&mut self) {
        self.executable = PathBuf::from(env!("CARGO_BIN_EXE_dogwatch"));
    }

    /// The engine's state directory.
    pub fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// The engine's configuration directory; a file written there counts from the next start on.
    pub fn config(&self) -> PathBuf {
        self.home.path().join("config")
    }

    /// What the engine wrote to its standard output and error, over all starts.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("serve.log")
    }

    /// A command of dogwatch that talks to this engine, for tests that need more than [`Engine::cmd`].
    pub fn command(&self, args: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_dogwatch")), args)
    }

    fn command_of(&self, executable: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(executable);
        command
            .args(args)
            .current_dir(self.home.path())
            .env("DOGWATCH_STATE_DIR", self.state())
            .env("DOGWATCH_CONFIG_DIR", self.config())
            .env("DOCKER_HOST", self.docker.as_ref().map_or("unix:///nonexistent", |docker| docker.host.as_str()))
            .env("HOME", self.home.path())
            .env_remove("DOCKER_CONTEXT")
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command of dogwatch against this engine to its end.
    pub fn cmd(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().expect("dogwatch could be started");
        Output {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        }
    }

    /// The engine's process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Whether the engine's process ended by itself, for instance at a crash point.
    pub fn has_ended(&mut self) -> bool {
        match &mut self.child {
            Some(child) => child.try_wait().expect("the engine's status").is_some(),
            None => true,
        }
    }

    /// Kills the engine with SIGKILL, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Fails only for a process that has ended, which is what is wanted.
            drop(child.kill());
            child.wait().expect("the engine's end");
        }
    }

    /// Asks the engine to end with SIGTERM and waits until it has; returns its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        let mut child = self.child.take()?;
        let pid = Pid::from_child(&child);
        kill_process(pid, Signal::TERM).expect("SIGTERM for the engine");
        let mut status = None;
        wait_until("the engine's end", START, || {
            status = child.try_wait().expect("the engine's status");
            status.is_some()
        });
        status.and_then(|status| status.code())
    }

    /// Starts the engine (again), with the extra environment of its first start, and waits until it answers.
    pub fn restart(&mut self) {
        let env = self.extra_env.clone();
        self.restart_with(&env);
    }

    /// Starts the engine (again) without the extra environment of its first start, so that no crash point is set.
    pub fn restart_plain(&mut self) {
        self.restart_with(&[]);
    }

    /// Starts the engine (again) with these further environment variables.
    pub fn restart_knowing(&mut self, env: &[(&str, &str)]) {
        let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.restart_with(&env);
    }

    fn restart_with(&mut self, env: &[(String, String)]) {
        self.kill();
        let log = File::options().create(true).append(true).open(self.log_path()).expect("the engine's log");
        let child = self
            .command_of(&self.executable, &["serve"])
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdout(log.try_clone().expect("a second handle of the log"))
            .stderr(log)
            .spawn()
            .expect("dogwatch could be started");
        self.child = Some(child);
        wait_until("an answer of the engine", START, || {
            assert!(!self.has_ended(), "the engine ended at its start:\n{}", self.log());
            self.ask(Request::Status).is_ok()
        });
    }

    /// The ids of this engine's containers, running or not.
    pub fn containers(&self) -> Vec<String> {
        if let Some(docker) = &self.docker {
            return docker.containers_of(&self.state());
        }
        self.remains().names().expect("what is known of containers")
    }

    /// Containers of the process sandbox.
    fn remains(&self) -> Remains {
        Remains::new(self.state().join("containers"))
    }

    /// Removes what a test that failed left in the process sandbox.
    fn remove_processes(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let remains = self.remains();
        for container in self.containers() {
            runtime.block_on(remains.remove(&container)).expect("a removal");
        }
    }

    /// A path below the engine's home, for files of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The engine's home: state, configuration and log lie below it.
    pub fn home(&self) -> &Path {
        self.home.path()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("the engine's log:\n{}", self.log());
        }
        match &self.docker {
            Some(docker) => docker.remove(&self.containers()),
            None if self.containers().is_empty() => {}
            None => self.remove_processes(),
        }
        // A test that failed leaves no trees with file systems of their own.
        if let Err(error) = volume::release_beneath(&self.state().join("workspaces")) {
            eprintln!("trees are left mounted: {error}");
        }
    }
}
