//! Hosts by SSH: the machine's own client, told everything in a file of our own, so that no other configuration has a say. It knows
//! the keys that people wrote down for this host and no others.

use super::agent::{Agent, Held};
use super::call::Call;
use super::talk::Talk;
use super::{Fleet, FleetFault, certificate};
use crate::domain::{AssetHost, AssetLogin, HostKey, UserName, shortened};
use openssh::{ControlPersist, KnownHosts, Session, SessionBuilder, Stdio};
use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
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
    pub login: &'a AssetLogin,
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
    /// Opens one for this call.
    pub(super) async fn open(way: &Way<'_>, fleet: &Fleet, call: &Call) -> Result<Self, FleetFault> {
        let name = way.host.with_port(way.port);
        let ours = ours(way, fleet, call)?;
        let failed = |error: std::io::Error| FleetFault(format!("{}: {error}", fleet.dir().display()));
        let files = files(way, fleet.dir()).map_err(failed)?;
        // It is gone once the connection stands: a key is for one login.
        let (held, authority) = ours.map_or((None, None), |(held, authority)| (Some(held), authority));
        let agent = held.map(|held| Agent::start(files.0.join("agent"), held)).transpose().map_err(failed)?;
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
        if let Some(agent) = &agent {
            builder.ssh_auth_sock(agent.path());
        }
        let opened = tokio::time::timeout(CONNECT * 2, builder.connect(way.host.as_str())).await;
        let session = opened
            .map_err(|_| FleetFault(format!("{name} did not let anybody in within {} s", CONNECT.as_secs() * 2)))?
            .map_err(|error| FleetFault(format!("{name}: {}", refused(&error, authority, way))))?;
        Ok(Self { session: Arc::new(session), files: Arc::new(files) })
    }

    pub(super) async fn call(&self, call: &Call, input: Vec<u8>) -> Result<Talk, FleetFault> {
        let mut command = Arc::clone(&self.session).arc_raw_command(call.line());
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

/// What the client says, and what could be done about it where a host does not take our certificates.
fn refused(error: &openssh::Error, authority: Option<String>, way: &Way<'_>) -> String {
    let words = told(error);
    let (Some(authority), Some(user), true) = (authority, way.user, words.contains("Permission denied")) else {
        return words;
    };
    format!(
        "{}; it takes no certificate of the authority {authority}: for {user} it must trust that key (`cert-authority` in \
         authorized_keys, or TrustedUserCAKeys), see us at `source-address`, and have a clock that is right to half a minute; \
         its own log says which of these it is",
        words.trim_end_matches('.')
    )
}

/// What the gate itself logs in with, where that is no file which the client reads: a key, and by what authority it was certified.
fn ours(way: &Way<'_>, fleet: &Fleet, call: &Call) -> Result<Option<(Held, Option<String>)>, FleetFault> {
    match (&way.login.identity, &way.login.authority) {
        (_, Some(source)) => {
            let Some(user) = way.user else {
                return Err(FleetFault("a certificate needs a user: name it in the asset's place".to_owned()));
            };
            let authority = certificate::read(source, fleet.config())?;
            let now = u64::try_from(fleet.now()).unwrap_or_default();
            let held = certificate::issue(&authority, (user, way.login.source_address.as_ref()), call, now)?;
            Ok(Some((held, Some(certificate::fingerprint(&authority)))))
        }
        (Some(source), None) if source.secret().is_some() => {
            let key = certificate::read(source, fleet.config())?;
            let failed = |error: ssh_key::Error| FleetFault(format!("{source}: {error}"));
            let shown = key.public_key().to_bytes().map_err(failed)?;
            Ok(Some((Held { shown, key }, None)))
        }
        (Some(file), None) => certificate::is_closed(file).map(|()| None),
        (None, None) => Ok(None),
    }
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
    let login = match &way.login {
        AssetLogin { identity: Some(file), authority: None, .. } if file.secret().is_none() => {
            format!("  IdentityFile \"{file}\"\n  IdentitiesOnly yes\n  IdentityAgent none\n")
        }
        _ => "  IdentityFile none\n  IdentityAgent SSH_AUTH_SOCK\n".to_owned(),
    };
    text + &login
}
