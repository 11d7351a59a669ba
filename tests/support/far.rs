//! The tests' other machine, as `tests/lib/far.sh` makes it: an sshd and a Docker engine that see other directories than this
//! process does.

use dogwatch::sandbox::docker::FarSettings;
use rustix::process::{Pid, Signal, kill_process};
use std::env::var;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where it is.
#[derive(Debug, Clone)]
pub struct FarEnv {
    /// The directory with everything of it.
    pub dir: PathBuf,
}

/// The machine to test with; `None`, with the reason printed, where there is none. Fails the test instead where Docker is required.
pub fn far() -> Option<FarEnv> {
    if let Some(dir) = var("DOGWATCH_TEST_FAR").ok().filter(|dir| !dir.is_empty()) {
        return Some(FarEnv { dir: dir.into() });
    }
    assert!(
        var("DOGWATCH_REQUIRE_DOCKER").ok().as_deref() != Some("1"),
        "another machine is required: this test must lie in a module named needs_docker, and DOGWATCH_TEST_FAR must be set, as \
         tests/run does"
    );
    eprintln!("skipped: DOGWATCH_TEST_FAR is not set; tests/run sets it");
    None
}

impl FarEnv {
    /// The address of its Docker engine as it is seen behind dogwatch's back.
    pub fn docker(&self) -> String {
        format!("unix://{}", self.dir.join("docker.sock").display())
    }

    /// The port of its sshd.
    pub fn port(&self) -> u16 {
        self.read("port").trim().parse().expect("a port")
    }

    /// The key by which it proves to be itself.
    pub fn host_key(&self) -> String {
        self.read("host_key.pub").split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// The private key to log in with.
    pub fn identity(&self) -> PathBuf {
        self.dir.join("user_key")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).expect("a file of the other machine")
    }

    /// What an engine is told of it.
    pub fn settings(&self, home: &Path) -> FarSettings {
        FarSettings {
            name: "other".to_owned(),
            user: "root".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: self.port(),
            host_key: self.host_key(),
            identity: Some(self.identity()),
            socket: self.dir.join("docker.sock").to_string_lossy().into_owned(),
            home: home.to_owned(),
        }
    }

    /// The directory of an engine's things of the ordinary user there.
    pub fn things_of_dog(&self, instance: &str) -> PathBuf {
        self.dir.join("dog/.dogwatch").join(self.things(instance).file_name().expect("a name"))
    }

    /// Its directory of an engine's things, as it is seen from here.
    pub fn things(&self, instance: &str) -> PathBuf {
        let short: String = instance.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        self.dir.join("root/.dogwatch").join(short)
    }
}

/// An sshd of that machine that only one test uses, and so may stop. Ends with this.
pub struct Sshd {
    far: FarEnv,
    name: String,
    port: u16,
}

impl Sshd {
    /// Starts it.
    pub fn start(far: &FarEnv) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("sshd-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // Free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
        let pid = far.dir.join(format!("{name}.pid"));
        let usual = far.read("sshd_config");
        let changed = usual.lines().map(|line| match line.split(' ').next() {
            Some("Port") => format!("Port {port}\n"),
            Some("PidFile") => format!("PidFile {}\n", pid.display()),
            _ => format!("{line}\n"),
        });
        let config: String = changed.collect();
        fs::write(far.dir.join(format!("{name}_config")), config).expect("a configuration");
        let sshd = Self { far: far.clone(), name, port };
        sshd.launch();
        sshd
    }

    /// What an engine is told of the machine.
    pub fn settings(&self, home: &Path) -> FarSettings {
        FarSettings { port: self.port, ..self.far.settings(home) }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again, or for the first time.
    pub fn launch(&self) {
        let pid = self.far.dir.join(format!("{}.pid", self.name));
        let _ = fs::remove_file(&pid);
        // The one before may leave its port a moment after its end.
        super::wait_until("sshd", Duration::from_secs(10), || {
            let started = Command::new("nsenter")
                .args(["-m", "-t", self.far.read("pid").trim(), "/usr/sbin/sshd", "-f"])
                .arg(self.far.dir.join(format!("{}_config", self.name)))
                .stderr(Stdio::null())
                .status();
            started.is_ok_and(|status| status.success()) && pid.exists()
        });
    }

    /// Ends it with every connection.
    pub fn stop(&self) {
        let Ok(text) = fs::read_to_string(self.far.dir.join(format!("{}.pid", self.name))) else { return };
        let mut all: Vec<i32> = text.trim().parse().into_iter().collect();
        let mut at = 0;
        while let Some(parent) = all.get(at).copied() {
            all.extend(children(parent));
            at += 1;
        }
        for pid in all {
            // One may have ended by itself.
            let _ = kill_process(Pid::from_raw(pid).expect("a process"), Signal::KILL);
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
        for end in [".pid", "_config"] {
            let _ = fs::remove_file(self.far.dir.join(format!("{}{end}", self.name)));
        }
    }
}

fn children(parent: i32) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Kills the `ssh` that holds a connection whose own files lie in `home`.
pub fn kill_connection(home: &Path) {
    let control = home.join("ctl").to_string_lossy().into_owned();
    for entry in fs::read_dir("/proc").expect("processes").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let names = |word: &str| words.contains(&word.as_bytes());
        if names(&control) && names("-M") {
            let _ = kill_process(Pid::from_raw(pid).expect("a process"), Signal::KILL);
        }
    }
}
