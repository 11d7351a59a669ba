//! Hosts by SSH: the machine's own client, told everything in a file of our own, so that no other configuration has a say. It knows
//! the keys that people wrote down for this host and no others.

use super::talk::Talk;
use super::{FleetFault, receipt};
use crate::domain::{AssetHost, AssetPath, HostKey, UserName, shortened};
use openssh::{ControlPersist, KnownHosts, Session, SessionBuilder, Stdio};
use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(15);
/// How often a silent host is asked for a sign of life; three without an answer are the end.
const ALIVE: Duration = Duration::from_secs(10);

/// After how many seconds without anything in it a connection ends by itself.
const IDLE: NonZeroUsize = NonZeroUsize::new(30).unwrap();

/// Numbers of connections of this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The way to a host.
pub(super) struct Way<'a> {
    pub user: Option<&'a UserName>,
    pub host: &'a AssetHost,
    pub port: u16,
    pub host_keys: &'a [HostKey],
    pub identity: Option<&'a AssetPath>,
}

/// A connection.
pub(super) struct Host {
    session: Arc<Session>,
    /// Its files; they go when it is over.
    files: Arc<Files>,
}

struct Files(PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        // What is left is known hosts and options, and the next engine clears the directory.
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}

impl Host {
    pub(super) async fn open(way: &Way<'_>, dir: &Path) -> Result<Self, FleetFault> {
        let name = way.host.with_port(way.port);
        if let Some(identity) = way.identity {
            is_closed(identity)?;
        }
        let files = files(way, dir).map_err(|error| FleetFault(format!("{}: {error}", dir.display())))?;
        let mut builder = SessionBuilder::default();
        // A gate that is killed leaves nothing open for long.
        builder
            .control_persist(ControlPersist::IdleFor(IDLE))
            .known_hosts_check(KnownHosts::Strict)
            .user_known_hosts_file(files.0.join("hosts"))
            .config_file(files.0.join("config"))
            .control_directory(&files.0)
            .port(way.port)
            .connect_timeout(CONNECT)
            .server_alive_interval(ALIVE);
        if let Some(user) = way.user {
            builder.user(user.to_string());
        }
        let opened = tokio::time::timeout(CONNECT * 2, builder.connect(way.host.as_str())).await;
        let session = opened
            .map_err(|_| FleetFault(format!("{name} did not let anybody in within {} s", CONNECT.as_secs() * 2)))?
            .map_err(|error| FleetFault(format!("{name}: {}", told(&error))))?;
        Ok(Self { session: Arc::new(session), files: Arc::new(files) })
    }

    pub(super) async fn call(&self, text: &str, verb: &[&str], input: Vec<u8>) -> Result<Talk, FleetFault> {
        let mut command = Arc::clone(&self.session).arc_raw_command(receipt::line(text, verb));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().await.map_err(|error| FleetFault(told(&error)))?;
        let (to, from) = (child.stdin().take(), child.stdout().take());
        let (Some(to), Some(from)) = (to, from) else {
            return Err(FleetFault("the connection has no streams".to_owned()));
        };
        Ok(Talk::over(to, from, input, (child, Arc::clone(&self.files))))
    }
}

/// What the client says, with the cause, which is where its own words are.
fn told(error: &openssh::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let words: String = format!("{error}{cause}").split_whitespace().collect::<Vec<_>>().join(" ");
    shortened(&words, 400)
}

/// A key that others can read is none.
fn is_closed(file: &AssetPath) -> Result<(), FleetFault> {
    let found = std::fs::metadata(file.as_str()).map_err(|error| FleetFault(format!("{file}: {error}")))?;
    if !found.is_file() || found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o077 != 0 {
        let rule = "must be a file of the engine's user that nobody else may read: chmod 600 it";
        return Err(FleetFault(format!("{file} {rule}")));
    }
    Ok(())
}

/// Writes down the host's keys and every option that could be set elsewhere.
fn files(way: &Way<'_>, dir: &Path) -> std::io::Result<Files> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = dir.join(format!("{}-{number}", std::process::id()));
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    let files = Files(dir);
    let known = way.host.known_as(way.port);
    let hosts: Vec<String> = way.host_keys.iter().map(|key| format!("{known} {key}\n")).collect();
    let write = |name: &str, text: &str| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(files.0.join(name))?;
        file.write_all(text.as_bytes())
    };
    write("hosts", &hosts.concat())?;
    write("config", &config(way))?;
    Ok(files)
}

fn config(way: &Way<'_>) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for key in way.host_keys {
        kinds.extend(if key.kind() == "ssh-rsa" { &["rsa-sha2-512", "rsa-sha2-256"][..] } else { &[] });
        kinds.extend((key.kind() != "ssh-rsa").then_some(key.kind()));
    }
    let mut text = format!("Host *\n  HostKeyAlgorithms {}\n", kinds.join(","));
    for option in [
        "GlobalKnownHostsFile /dev/null",
        "CheckHostIP no",
        "UpdateHostKeys no",
        "VerifyHostKeyDNS no",
        "PreferredAuthentications publickey",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "ForwardAgent no",
        "ForwardX11 no",
        "PermitLocalCommand no",
        "ProxyCommand none",
        "ServerAliveCountMax 3",
        "ConnectionAttempts 1",
        "RequestTTY no",
    ] {
        let _infallible = writeln!(text, "  {option}");
    }
    let identity = match way.identity {
        Some(file) => format!("  IdentityFile \"{file}\"\n  IdentitiesOnly yes\n  IdentityAgent none\n"),
        None => "  IdentityFile none\n  IdentityAgent SSH_AUTH_SOCK\n".to_owned(),
    };
    text + &identity
}
