//! An engine without any containers, for tests of its socket, its lock and its files.

use super::{Output, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const START: Duration = Duration::from_secs(30);

/// Directories for engines, and a name of a container engine that is not there. Engines that were started end with it.
#[derive(Debug)]
pub struct Bare {
    home: TempDir,
}

/// A running engine; killed when dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Bare {
    /// Empty directories.
    pub fn new() -> Self {
        let home = tempfile::Builder::new().prefix("dw").tempdir_in("/tmp").expect("a temporary directory");
        for name in ["state", "config"] {
            fs::create_dir(home.path().join(name)).expect("a directory");
        }
        Self { home }
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// A file of the state directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.state().join(name)
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.home.path().join("config/config.toml")
    }

    /// A command of dogwatch, possibly through another program.
    pub fn through(&self, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.home.path())
            .env("DOGWATCH_STATE_DIR", self.state())
            .env("DOGWATCH_CONFIG_DIR", self.home.path().join("config"))
            .env("DOCKER_HOST", format!("unix://{}/no-docker.sock", self.home.path().display()))
            .env("HOME", self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command of dogwatch to its end.
    pub fn cmd(&self, args: &[&str]) -> Output {
        output(&mut self.through(env!("CARGO_BIN_EXE_dogwatch"), args))
    }

    /// Starts an engine and does not wait for its answer.
    pub fn spawn(&self) -> Process {
        self.spawn_with(&[])
    }

    fn spawn_with(&self, env: &[(&str, &str)]) -> Process {
        let log = File::options().create(true).append(true).open(self.home.path().join("log")).expect("a log");
        let mut command = self.through(env!("CARGO_BIN_EXE_dogwatch"), &["serve"]);
        command.envs(env.iter().copied());
        Process(command.stdout(Stdio::null()).stderr(log).spawn().expect("dogwatch could be started"))
    }

    /// Starts an engine and waits until it answers.
    pub fn start(&self) -> Process {
        self.start_with(&[])
    }

    /// The same with variables beside its own.
    pub fn start_with(&self, env: &[(&str, &str)]) -> Process {
        let mut engine = self.spawn_with(env);
        wait_until("an answer of the engine", START, || {
            assert!(!engine.has_ended(), "the engine ended at its start:\n{}", self.log());
            UnixStream::connect(self.file("sock/engine.sock")).is_ok()
        });
        engine
    }

    /// What engines wrote to their standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// A greeted connection.
    pub fn connect(&self) -> Raw {
        let stream = UnixStream::connect(self.file("sock/engine.sock")).expect("a connection");
        stream.set_read_timeout(Some(START)).expect("a time limit");
        stream.set_write_timeout(Some(START)).expect("a time limit");
        let mut raw = Raw { lines: BufReader::new(stream.try_clone().expect("a second handle")), stream };
        raw.send(&json!({ "hello": { "protocol": dogwatch::protocol::VERSION, "program": "test" } }));
        raw
    }

    /// The process id in the lock file.
    pub fn holder(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.file("engine.lock")).ok()?;
        Pid::from_raw(text.trim().parse().ok()?)
    }

    /// A directory beside the state.
    pub fn path(&self) -> &Path {
        self.home.path()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Engines that commands started in the background have no other parent to end them.
        if UnixStream::connect(self.file("sock/engine.sock")).is_ok()
            && let Some(pid) = self.holder()
        {
            // Fails only for a process that has ended meanwhile, which is what is wanted.
            let _ended = kill_process(pid, Signal::KILL);
        }
    }
}

/// Runs a command to its end.
pub fn output(command: &mut Command) -> Output {
    let output = command.output().expect("the command could be started");
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
    }
}

impl Process {
    /// The process id.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("the engine's status").is_some()
    }

    /// Waits for its end; gives its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        wait_until("the engine's end", START, || self.has_ended());
        self.0.wait().expect("the engine's status").code()
    }

    /// Ends it with SIGTERM; gives its exit code.
    pub fn stop(mut self) -> Option<i32> {
        kill_process(self.pid(), Signal::TERM).expect("SIGTERM for the engine");
        self.wait()
    }

    /// Ends it with SIGKILL.
    pub fn kill(self) {
        drop(self);
    }

    /// Kilobytes of memory that it holds.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("the engine's status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only for a process that has ended, which is what is wanted.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A connection on which a test speaks the protocol itself.
#[derive(Debug)]
pub struct Raw {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

impl Raw {
    /// Sends text as it is.
    pub fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).expect("text sent");
    }

    /// Sends one line.
    pub fn send(&mut self, line: &Value) {
        self.write(&format!("{line}\n"));
    }

    /// Sends a request.
    pub fn request(&mut self, id: u64, request: &Value) {
        self.send(&json!({ "request": { "id": id, "request": request } }));
    }

    /// The next line; `None` at the end.
    pub fn line(&mut self) -> Option<Value> {
        let mut text = String::new();
        let count = self.lines.read_line(&mut text).expect("a line of the engine");
        (count > 0).then(|| serde_json::from_str(&text).expect("JSON"))
    }
}
