//! The connection, by the system's own `ssh`: keys, agents and hardware tokens work as they do for the operator. Its settings
//! are written here in full, so that nobody's own file opens anything, and the host must prove to be the one that is named.

use super::super::link::{Failure, is_disk_full, shorten};
use super::FarSettings;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

/// What the settings call the host.
const HOST: &str = "far";
/// Bytes that `ssh` adds to the name of its own socket while it makes it.
const CONTROL_ROOM: usize = 18;
/// How long logging in may take.
const LOGIN: Duration = Duration::from_secs(20);
/// How long the connection's own program may take for an answer.
const QUICK: Duration = Duration::from_secs(10);
/// Commands at the same time: an sshd refuses more than ten on one connection unless told otherwise.
const COMMANDS: usize = 8;
/// The code of `ssh` itself where a command could not even be begun.
const OWN_FAULT: i32 = 255;

/// What a command is given by its standard input.
#[derive(Debug, Clone, Copy)]
pub(super) enum Input<'a> {
    Nothing,
    Bytes(&'a [u8]),
    File(&'a Path),
}

/// A connection that was made.
#[derive(Debug, Clone)]
pub(super) struct Ssh {
    settings: PathBuf,
    control: PathBuf,
    /// Places for commands at the same time.
    places: Arc<Semaphore>,
}

impl Ssh {
    /// Logs in. The process lives as long as the connection, and ends when it is dropped.
    pub async fn begin(far: &FarSettings) -> Result<(Self, Child), String> {
        let home = &far.home;
        let places = Arc::new(Semaphore::new(COMMANDS));
        let ssh = Self { settings: home.join("ssh_config"), control: home.join("ctl"), places };
        let length = ssh.control.as_os_str().as_bytes().len() + CONTROL_ROOM;
        if length > crate::config::paths::LONGEST_SOCKET {
            return Err(format!(
                "{} is too long a path for sockets: set DOGWATCH_STATE_DIR to a shorter one",
                home.display()
            ));
        }
        let local = |error: io::Error| format!("{}: {error}", home.display());
        let known = home.join("known_hosts");
        fs::write(&known, format!("{HOST} {}\n", far.host_key)).map_err(local)?;
        fs::write(&ssh.settings, settings(far, &known)).map_err(local)?;
        ssh.end_old().await;
        let log = home.join("ssh.log");
        let words = File::create(&log).map_err(local)?;
        let mut command = ssh.client();
        command.args(["-M", "-N", "-T", HOST]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(words);
        let mut master = command.process_group(0).kill_on_drop(true).spawn().map_err(|error| no_ssh(&error))?;
        let begun = Instant::now();
        while UnixStream::connect(&ssh.control).is_err() {
            match master.try_wait() {
                Ok(None) if begun.elapsed() < LOGIN => sleep(Duration::from_millis(30)).await,
                Ok(None) => return Err(format!("no login within {} s", LOGIN.as_secs())),
                Ok(Some(_)) | Err(_) => return Err(refusal(&fs::read_to_string(&log).unwrap_or_default())),
            }
        }
        Ok((ssh, master))
    }

    /// Ends the connection that an engine before this one left when it was killed.
    async fn end_old(&self) {
        if UnixStream::connect(&self.control).is_ok() {
            // Whether it was one is seen by whether the next can be made.
            let _ = timeout(QUICK, self.client().args(["-O", "exit", HOST]).output()).await;
        }
        if let Err(error) = fs::remove_file(&self.control)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.control.display(), "an old socket of ssh cannot be removed: {error}");
        }
    }

    fn client(&self) -> Command {
        let mut command = Command::new("ssh");
        command.arg("-F").arg(&self.settings).arg("-S").arg(&self.control).args(["-o", "BatchMode=yes"]);
        command.kill_on_drop(true);
        command
    }

    /// Runs a script of `sh` there and gives what it printed.
    pub async fn run(&self, script: &str, input: Input<'_>, limit: Duration) -> Result<String, Failure> {
        // Never closed.
        let _place = self.places.acquire().await.map_err(|error| Failure::Refused(error.to_string()))?;
        let mut command = self.client();
        // Without the connection there is none: this must not log in by itself.
        command.args(["-T", "-o", "ControlMaster=no", "-o", "ProxyCommand=false", HOST]);
        command.arg(format!("sh -c {}", quote(script)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(match input {
            Input::Nothing => Stdio::null(),
            Input::Bytes(_) => Stdio::piped(),
            Input::File(path) => {
                File::open(path).map_err(|error| Failure::Refused(format!("{}: {error}", path.display())))?.into()
            }
        });
        let mut child = command.spawn().map_err(|error| Failure::Unreachable(no_ssh(&error)))?;
        let stdin = child.stdin.take();
        let feed = async {
            if let (Some(mut stdin), Input::Bytes(bytes)) = (stdin, input) {
                // What was not taken there is found out there.
                let _ = stdin.write_all(bytes).await;
            }
        };
        let both = async { tokio::join!(feed, child.wait_with_output()).1 };
        let output = match timeout(limit, both).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(Failure::Unreachable(error.to_string())),
            Err(_) => {
                let words = format!("a command there did not end within {} s", limit.as_secs());
                return Err(Failure::Unreachable(words));
            }
        };
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(failed(output.status, &String::from_utf8_lossy(&output.stderr)))
    }

    /// Has a socket there lead to one here.
    pub async fn lead_here(&self, there: &str, here: &Path) -> Result<(), Failure> {
        self.forward("forward", "-R", &format!("{there}:{}", plain(here)?)).await
    }

    /// No more.
    pub async fn lead_no_more(&self, there: &str, here: &Path) -> Result<(), Failure> {
        self.forward("cancel", "-R", &format!("{there}:{}", plain(here)?)).await
    }

    /// Has a socket here lead to one there.
    pub async fn lead_there(&self, here: &Path, there: &str) -> Result<(), Failure> {
        self.forward("forward", "-L", &format!("{}:{there}", plain(here)?)).await
    }

    async fn forward(&self, what: &str, direction: &str, way: &str) -> Result<(), Failure> {
        let mut command = self.client();
        command.args(["-O", what, direction, way, HOST]).stdin(Stdio::null());
        match timeout(QUICK, command.output()).await {
            Ok(Ok(output)) if output.status.success() => Ok(()),
            Ok(Ok(output)) => {
                let words = String::from_utf8_lossy(&output.stderr);
                if words.contains("request failed") || words.contains("refused") {
                    let remedy = "its sshd must allow AllowStreamLocalForwarding (and no DisableForwarding)";
                    return Err(Failure::Refused(format!(
                        "no socket can be forwarded ({}): {remedy}",
                        shorten(&words)
                    )));
                }
                Err(Failure::Unreachable(shorten(&words)))
            }
            Ok(Err(error)) => Err(Failure::Unreachable(no_ssh(&error))),
            Err(_) => Err(Failure::Unreachable("ssh itself does not answer".to_owned())),
        }
    }
}

/// A path that can stand in a forward.
fn plain(path: &Path) -> Result<&str, Failure> {
    path.to_str().filter(|text| !text.contains([':', '[', ']'])).ok_or_else(|| {
        Failure::Refused(format!(
            "{} cannot be forwarded: set DOGWATCH_STATE_DIR to a path without `:`",
            path.display()
        ))
    })
}

fn failed(status: ExitStatus, stderr: &str) -> Failure {
    let words = shorten(stderr);
    match status.code() {
        _ if is_disk_full(&words) => Failure::DiskFull(words),
        Some(OWN_FAULT) | None => Failure::Unreachable(format!("the connection was lost: {words}")),
        Some(_) => Failure::Refused(words),
    }
}

fn no_ssh(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "there is no program `ssh` on this machine: install the OpenSSH client".to_owned();
    }
    format!("ssh cannot be started: {error}")
}

/// What `ssh` said when it did not log in, with a remedy.
fn refusal(log: &str) -> String {
    let words = shorten(log);
    let remedy = if words.contains("Host key verification failed") || words.contains("HOST IDENTIFICATION HAS CHANGED")
    {
        "; its key is not the `host-key` of config.toml: ask whoever runs that machine which one is right before you change it"
    } else if words.contains("Permission denied") {
        "; have the user's public key in ~/.ssh/authorized_keys there, or name another `identity`"
    } else {
        ""
    };
    if words.is_empty() { "ssh ended without a word".to_owned() } else { format!("{words}{remedy}") }
}

/// One word of `sh`.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn settings(far: &FarSettings, known: &Path) -> String {
    let mut text = format!(
        "Host {HOST}\n\
         HostName {}\n\
         Port {}\n\
         User {}\n\
         HostKeyAlias {HOST}\n\
         UserKnownHostsFile \"{}\"\n\
         GlobalKnownHostsFile /dev/null\n\
         StrictHostKeyChecking yes\n\
         UpdateHostKeys no\n\
         CheckHostIP no\n\
         ForwardAgent no\n\
         ForwardX11 no\n\
         PermitLocalCommand no\n\
         ControlPersist no\n\
         RequestTTY no\n\
         ExitOnForwardFailure no\n\
         StreamLocalBindMask 0177\n\
         StreamLocalBindUnlink yes\n\
         ConnectTimeout 10\n\
         ServerAliveInterval 3\n\
         ServerAliveCountMax 3\n\
         LogLevel ERROR\n",
        far.host,
        far.port,
        far.user,
        known.display(),
    );
    if let Some(identity) = &far.identity {
        // Writing to a string cannot fail.
        let _ = write!(text, "IdentityFile \"{}\"\nIdentitiesOnly yes\n", identity.display());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_one_word() {
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's; rm -rf $HOME `x`"), "'it'\\''s; rm -rf $HOME `x`'");
    }

    #[test]
    fn what_keeps_it_from_logging_in_is_told_with_a_remedy() {
        assert!(refusal("Host key verification failed.").contains("host-key"));
        assert!(refusal("a@b: Permission denied (publickey).").contains("authorized_keys"));
        assert_eq!(refusal(""), "ssh ended without a word");
    }

    #[test]
    fn nothing_but_the_named_host_and_key_counts() {
        let far = FarSettings {
            name: "big".to_owned(),
            user: "dog".to_owned(),
            host: "10.0.0.2".to_owned(),
            port: 2222,
            host_key: "ssh-ed25519 AAAA".to_owned(),
            identity: Some("/k e y".into()),
            socket: "/var/run/docker.sock".to_owned(),
            home: "/h".into(),
        };
        let text = settings(&far, Path::new("/h/known_hosts"));
        for line in [
            "HostName 10.0.0.2",
            "Port 2222",
            "StrictHostKeyChecking yes",
            "IdentityFile \"/k e y\"",
            "ForwardAgent no",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}: {text}");
        }
    }
}
