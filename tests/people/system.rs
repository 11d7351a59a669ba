//! An engine of a whole machine in directories of its own, and what others do at its socket.

use crate::support::{Output, wait_until};
use crate::users::User;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const START: Duration = Duration::from_secs(30);

/// Ended and removed when dropped.
#[derive(Debug)]
pub struct System {
    home: TempDir,
    child: Option<Child>,
    env: Vec<(String, String)>,
}

impl System {
    /// Directories and a configuration; not started yet.
    pub fn prepare(config: &str) -> Self {
        let home = tempfile::Builder::new().prefix("dw").tempdir_in("/tmp").unwrap();
        for name in ["", "state", "config"] {
            let place = home.path().join(name);
            fs::create_dir_all(&place).unwrap();
            fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::write(home.path().join("config/config.toml"), config).unwrap();
        // Where others can run it, wherever it was built.
        fs::copy(env!("CARGO_BIN_EXE_dogwatch"), home.path().join("dogwatch")).unwrap();
        Self { home, child: None, env: Vec::new() }
    }

    /// From its next start on the engine has exactly these variables beside its own.
    pub fn set(&mut self, env: &[(&str, &str)]) {
        self.env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    }

    pub fn start(config: &str) -> Self {
        let mut system = Self::prepare(config);
        system.go();
        system
    }

    /// Starts one that does not know whoever runs the test.
    pub fn start_unseen(config: &str) -> Self {
        let mut system = Self::prepare(config);
        system.until(|system| system.greet().is_err_and(|error| error.to_string().contains("forbidden")));
        system
    }

    /// Starts it and waits until it answers.
    pub fn go(&mut self) {
        self.until(|system| system.greet().is_ok());
    }

    fn until(&mut self, answers: impl Fn(&Self) -> bool) {
        let log = File::options().create(true).append(true).open(self.home.path().join("log")).unwrap();
        let mut command = self.engines(&["serve", "--system"]);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        self.child = Some(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        wait_until("an answer of the engine", START, || {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the engine ended: {}", self.log());
            answers(self)
        });
    }

    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
            child.wait().unwrap();
        }
    }

    /// As the machine's operator does it who has no time.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Fails only for a process that has ended, which is what is wanted.
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// Whether the engine ended by itself, for instance at a crash point.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    pub fn path(&self) -> &Path {
        self.home.path()
    }

    pub fn socket(&self) -> PathBuf {
        self.home.path().join("run/engine.sock")
    }

    /// A command with the engine's own places.
    pub fn engines(&self, args: &[&str]) -> Command {
        let mut command = self.users(args);
        command.env("DOGWATCH_STATE_DIR", self.home.path().join("state"));
        command.env("DOGWATCH_CONFIG_DIR", self.home.path().join("config"));
        command
    }

    /// A command as people give it, who name no places.
    pub fn users(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.home.path().join("dogwatch"));
        command.args(args).current_dir("/").env_clear().stdin(Stdio::null());
        command.env("DOGWATCH_SYSTEM_DIR", self.home.path().join("run"));
        command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").env("HOME", self.home.path().join("theirs"));
        command
    }

    /// Runs a command as a user, after what a shell of root does first.
    pub fn cmd_as(&self, user: &User, first: &str, args: &[&str]) -> Output {
        let users = self.users(args);
        let mut command = Command::new("/bin/sh");
        command.env_clear().envs(users.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.env("PATH", "/usr/bin:/bin").current_dir("/").stdin(Stdio::null());
        command.args(["-c", &format!("{first}\nexec \"$@\""), "sh"]);
        command.args(["setpriv", "--reuid", &user.name, "--regid", &user.gid.to_string(), "--init-groups", "--"]);
        command.arg(users.get_program()).args(args);
        crate::support::bare::output(&mut command)
    }

    /// A connection after the greeting, as whoever calls this.
    /// What the socket answers to a collector of metrics.
    pub fn collect(&self) -> String {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(START)).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: dogwatch\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn greet(&self) -> io::Result<Link> {
        Link::over(UnixStream::connect(self.socket())?)
    }
}
impl Drop for System {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A connection that was greeted.
#[derive(Debug)]
pub struct Link {
    pub stream: UnixStream,
    lines: BufReader<UnixStream>,
    last: u64,
}

impl Link {
    /// Greets on a connection that was made, as whoever calls this.
    pub fn over(stream: UnixStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(START))?;
        let mut link = Self { lines: BufReader::new(stream.try_clone()?), stream, last: 0 };
        let hello = json!({ "hello": { "protocol": dogwatch::protocol::VERSION, "program": "test" } });
        // One that is turned away has its answer already.
        let _closed = link.stream.write_all(format!("{hello}\n").as_bytes());
        let answer = link.line()?;
        match answer.get("welcome") {
            Some(_) => Ok(link),
            None => Err(io::Error::other(answer.to_string())),
        }
    }

    pub fn line(&mut self) -> io::Result<Value> {
        let mut text = String::new();
        if self.lines.read_line(&mut text)? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        serde_json::from_str(&text).map_err(io::Error::other)
    }

    pub fn ask(&mut self, request: &Value) -> io::Result<Value> {
        self.last += 1;
        let line = json!({ "request": { "id": self.last, "request": request } });
        self.stream.write_all(format!("{line}\n").as_bytes())?;
        self.line()
    }

    /// The code of the fault that a request gets; empty for an answer.
    pub fn fault(&mut self, request: &Value) -> String {
        let answer =
            self.ask(request).unwrap_or_else(|error| json!({ "fault": { "fault": { "code": error.to_string() } } }));
        answer["fault"]["fault"]["code"].as_str().unwrap_or_default().to_owned()
    }
}
