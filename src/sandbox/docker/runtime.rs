//! Another runtime of Docker than its usual one (`runtime` under `[sandbox]`). What it is called proves nothing: it is taken only
//! after a container of it was seen at work. That container has the mounts of a step and runs this program, which has to reach
//! the engine through the step's socket, and a gateway through the forwarded port, and tells what it sees of the kernel and of
//! its users.

use super::DockerSandbox;
use super::link::Failure;
use crate::domain::{StepEnd, StepKey, StepKind};
use crate::gateway::address;
use crate::logs::{LogReader, MAX_READ, Stream};
use crate::probe;
use crate::sandbox::channel::bind_in;
use crate::sandbox::{Limits, Network, Profile, Sandbox as _, SandboxError, StepSpec, WallTimes};
use crate::shim::GATEWAY_SOCKET;
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::time::Instant;

/// Where the kernel says what it is.
const KERNEL: &str = "/proc/version";
/// What a trial is called among the steps of a run; no suite has such a name.
const TRIAL: &str = "runtime_trial";
/// A trial may take so long, in seconds.
const LONGEST: u64 = 60;
/// One that failed is made again after so long.
const AGAIN: Duration = Duration::from_mins(1);
/// What a trial may use.
const SMALL: Limits = Limits { memory_mib: 128, cpus: 1.0, pids: 64, tmp_mib: 1, disk_mib: 16, log_mib: 1 };
/// Parts of names of runtimes that bring a kernel of their own.
const KERNELS: [&str; 4] = ["runsc", "gvisor", "kata", "firecracker"];
/// The same for users of their own.
const USERS: [&str; 1] = ["sysbox"];

/// How far programs are from the machine, as was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Only the container's walls are between.
    Shared,
    /// Users inside are others outside.
    Mapped,
    /// They have another kernel.
    OwnKernel,
}

impl Level {
    /// In a few words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Shared => "shared kernel",
            Self::Mapped => "users of its own, shared kernel",
            Self::OwnKernel => "a kernel of its own",
        }
    }
}

/// The runtime that the operator wants, and what is known of those that were tried.
#[derive(Debug, Default)]
pub(super) struct Runtimes {
    usual: Option<String>,
    /// One trial at a time.
    trying: tokio::sync::Mutex<()>,
    proofs: Mutex<BTreeMap<String, Proof>>,
}

/// What came of a trial, for one Docker at one version.
#[derive(Debug, Clone)]
struct Proof {
    of: (String, String),
    at: Instant,
    came: Result<Level, String>,
}

impl Runtimes {
    pub fn new(usual: Option<String>) -> Self {
        Self { usual, ..Self::default() }
    }

    /// The one of a step; `None` for Docker's usual one.
    pub fn of<'a>(&'a self, spec: &'a StepSpec) -> Option<&'a str> {
        spec.runtime.as_deref().or(self.usual.as_deref())
    }

    /// The operator's, and what was seen of it where it was tried.
    pub fn usual(&self) -> Option<(&str, Option<Level>)> {
        let usual = self.usual.as_deref()?;
        Some((usual, self.known(usual).and_then(|proof| proof.came.ok())))
    }

    fn known(&self, name: &str) -> Option<Proof> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Makes sure that a step may run in its runtime, by a trial beside it where none was made of this Docker.
    pub async fn prove(&self, sandbox: &DockerSandbox, spec: &StepSpec) -> Result<(), SandboxError> {
        let Some(name) = self.of(spec) else { return Ok(()) };
        let refuse = |reason: String| SandboxError::Refused { what: format!("to use the runtime {name}"), reason };
        let _one_at_a_time = self.trying.lock().await;
        let facts = sandbox.version_and_facts().await?;
        let of = (facts.id.clone(), facts.version.clone());
        if let Some(known) = self.known(name).filter(|known| known.of == of)
            && (known.came.is_ok() || known.at.elapsed() < AGAIN)
        {
            return known.came.map(drop).map_err(refuse);
        }
        if let Some((reason, remedy)) = facts.lacks_runtime(name) {
            return Err(refuse(format!("{reason}: {remedy}")));
        }
        let came = tried(name, sandbox, spec).await?;
        match &came {
            Ok(level) => tracing::info!(runtime = name, level = level.words(), "the runtime was tried"),
            Err(reason) => tracing::warn!(runtime = name, reason, "the runtime was tried and is refused"),
        }
        let proof = Proof { of, at: Instant::now(), came: came.clone() };
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), proof);
        came.map(drop).map_err(refuse)
    }
}

/// Tries it. An error says that nothing was found out.
async fn tried(name: &str, sandbox: &DockerSandbox, spec: &StepSpec) -> Result<Result<Level, String>, SandboxError> {
    let dir = spec.dir.with_file_name(TRIAL);
    let local = |error: std::io::Error| SandboxError::Local(format!("cannot try the runtime {name}: {error}"));
    clear(&dir).map_err(local)?;
    // What an engine left that died over a trial.
    for (name, container) in sandbox.labelled().await? {
        if name.contains(TRIAL) {
            sandbox.remove(&container).await?;
        }
    }
    let trial = trial(name, sandbox, spec, &dir).await?;
    for (place, mode) in [(&trial.tree, 0o700), (&trial.gateway, 0o755)] {
        let place = place.as_deref().unwrap_or(&dir);
        fs::create_dir_all(place).map_err(local)?;
        fs::set_permissions(place, Permissions::from_mode(mode)).map_err(local)?;
    }
    if let Some(tree) = trial.tree.as_deref().filter(|_| rustix::process::geteuid().is_root()) {
        chown(tree, Some(sandbox.user.0), Some(sandbox.user.1)).map_err(local)?;
    }
    let gateway = trial.gateway.as_deref().unwrap_or(&dir);
    let listener = bind_in(gateway, GATEWAY_SOCKET).and_then(UnixListener::from_std).map_err(local)?;
    let container = sandbox.make(&trial).await?;
    let ran = async {
        if let Err(error) = sandbox.start(&trial, &container).await {
            return Ok(Err(format!("no container of it could be started: {error}")));
        }
        let quiet = |_: String| {};
        let ended = tokio::select! {
            ended = sandbox.follow(&trial, &container, &quiet) => ended?,
            () = answer(listener) => return Err(SandboxError::Local("nobody listens any more".to_owned())),
        };
        let seen = sandbox.runtime_of(&container).await?;
        Ok(judge(name, &ended.end, seen.as_deref(), &told(&trial.log)))
    }
    .await;
    sandbox.remove(&container).await?;
    clear(&dir).map_err(local)?;
    ran
}

/// What a trial shows.
fn judge(name: &str, end: &StepEnd, runtime: Option<&str>, told: &str) -> Result<Level, String> {
    if *end != (StepEnd::Exited { code: 0 }) {
        let last = told.lines().last().unwrap_or("it said nothing");
        let how = crate::evidence::how_it_ended(end).1;
        return Err(format!(
            "a program in it has to reach the engine and the gateway by their sockets, and the trial {how}: {last}"
        ));
    }
    if runtime != Some(name) {
        return Err(format!("Docker ran the trial in {}", runtime.unwrap_or("its usual runtime")));
    }
    let host = fs::read_to_string(KERNEL).unwrap_or_default();
    let level = level(told, host.trim()).ok_or_else(|| "the trial did not tell what it saw".to_owned())?;
    let claims = |parts: &[&str]| parts.iter().any(|part| name.to_ascii_lowercase().contains(part));
    if claims(&KERNELS) && level != Level::OwnKernel {
        return Err(format!(
            "by its name programs in it have a kernel of its own, and what they see is this machine's: look at what {name} is \
             in /etc/docker/daemon.json"
        ));
    }
    if claims(&USERS) && level == Level::Shared {
        return Err(format!(
            "by its name it has users of its own, and its users are this machine's: look at what {name} is in \
             /etc/docker/daemon.json"
        ));
    }
    Ok(level)
}

/// What was seen, of the lines that [`probe::walls`] writes.
fn level(told: &str, host: &str) -> Option<Level> {
    let line = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let (kernel, users) = (line(probe::KERNEL_LINE)?, line(probe::USERS_LINE)?);
    let host = host.split_whitespace().collect::<Vec<_>>().join(" ");
    let mapped = users.split_whitespace().collect::<Vec<_>>() != ["0", "0", "4294967295"];
    Some(match (kernel.trim() == host, mapped) {
        (false, _) => Level::OwnKernel,
        (true, true) => Level::Mapped,
        (true, false) => Level::Shared,
    })
}

async fn trial(name: &str, sandbox: &DockerSandbox, spec: &StepSpec, dir: &Path) -> Result<StepSpec, SandboxError> {
    let mut argv = sandbox.own_program().await?;
    argv.extend(["walls".to_owned(), format!("{}/", address())]);
    Ok(StepSpec {
        key: StepKey { kind: StepKind::Ready, suite: TRIAL.to_owned(), ..spec.key.clone() },
        profile: Profile::Test,
        image: spec.image.clone(),
        argv,
        env: BTreeMap::new(),
        cwd: "/work".to_owned(),
        tree: Some(dir.join("tree")),
        stdin: Vec::new(),
        open_until: None,
        runtime: Some(name.to_owned()),
        keep: Vec::new(),
        dir: dir.join("step"),
        log: dir.join("trial.log"),
        gateway: Some(dir.join("gateway")),
        data: BTreeMap::new(),
        limits: SMALL,
        times: WallTimes { seconds: LONGEST, silent_seconds: None },
        network: Network::default(),
    })
}

/// Answers every request well.
async fn answer(listener: UnixListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut piece = [0; 1024];
        // Whoever does not get its answer fails, and says so.
        let _asked = stream.read(&mut piece).await;
        let _told = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        let _left = stream.shutdown().await;
    }
}

/// What the program of a trial wrote.
fn told(log: &Path) -> String {
    let read = LogReader::open(log).and_then(|reader| reader.records(0, MAX_READ));
    let records = match read {
        Ok(records) => records,
        Err(error) => return error.to_string(),
    };
    let own = records.into_iter().filter(|(entry, _)| matches!(entry.stream, Stream::Stdout | Stream::Stderr));
    String::from_utf8_lossy(&own.flat_map(|(_, bytes)| bytes).collect::<Vec<_>>()).into_owned()
}

fn clear(dir: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl DockerSandbox {
    /// The runtime of a container, as Docker says.
    async fn runtime_of(&self, container: &str) -> Result<Option<String>, SandboxError> {
        let fail = |failure: Failure| failure.into_error("to look at a container");
        let docker = self.link.client().map_err(fail)?;
        let seen =
            self.link.call(super::state::QUICK, docker.inspect_container(container, None)).await.map_err(fail)?;
        Ok(seen.host_config.and_then(|host| host.runtime))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn judged(name: &str, code: i32, runtime: &str, told: &str) -> Result<Level, String> {
        judge(name, &StepEnd::Exited { code }, Some(runtime), told)
    }

    #[test]
    fn names_prove_nothing() {
        let host = fs::read_to_string(KERNEL).unwrap();
        let here = format!("kernel: {}\nusers: 0 0 4294967295\n", host.trim());
        assert_eq!(judged("crun", 0, "crun", &here), Ok(Level::Shared));
        let error = judged("runsc", 0, "runsc", &here).unwrap_err();
        assert!(error.contains("a kernel of its own"), "{error}");
        let error = judged("sysbox-runc", 0, "sysbox-runc", &here).unwrap_err();
        assert!(error.contains("users of its own"), "{error}");
        let other = "kernel: Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016\nusers: 0 0 4294967295\n";
        assert_eq!(judged("runsc", 0, "runsc", other), Ok(Level::OwnKernel));
        let mapped = format!("kernel: {}\nusers:          0     165536      65536\n", host.trim());
        assert_eq!(judged("sysbox-runc", 0, "sysbox-runc", &mapped), Ok(Level::Mapped));
        assert!(judged("crun", 0, "runc", &here).unwrap_err().contains("in runc"));
        assert!(judged("crun", 0, "crun", "").unwrap_err().contains("did not tell"));
        assert!(judged("crun", 1, "crun", "gateway: no\n").unwrap_err().contains("exit code 1: gateway: no"));
    }
}
