//! Signs a decision with the person's own key, by their own `ssh-keygen` and as themselves: the engine never sees a private key.

use super::context::Failure;
use crate::approval::signature::{self, NAMESPACE};
use crate::domain::ProposalId;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Signs a yes to these bytes: with the key in a file, or with one of the known keys that the agent of SSH holds.
pub fn sign(id: ProposalId, digest: &str, key: Option<&Path>, known: &[String]) -> Result<String, Failure> {
    let text = signature::message(id, digest);
    if let Some(path) = key {
        return by_file(path, &text);
    }
    if known.is_empty() {
        let message = "no key of yours is known to the engine: the administrator writes your public key into `keys` under [approvals]";
        return Err(Failure::new(message));
    }
    let mut last = None;
    for line in known {
        let public = Public::written(line)?;
        match by_file(&public.0, &text) {
            Ok(signature) => return Ok(signature),
            Err(error) => last = Some(error),
        }
    }
    let why = last.map(|error| error.to_string()).unwrap_or_default();
    Err(Failure::new(format!(
        "your SSH agent holds none of the keys that are known as yours; name the file with --key ({why})"
    )))
}

fn by_file(path: &Path, text: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("ssh-keygen: {error}"));
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", NAMESPACE, "-f"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(failed)?;
    }
    let done = child.wait_with_output().map_err(failed)?;
    let signature = String::from_utf8(done.stdout).unwrap_or_default();
    if done.status.success() && !signature.is_empty() {
        return Ok(signature);
    }
    Err(Failure::new(format!("ssh-keygen did not sign: {}", String::from_utf8_lossy(&done.stderr).trim())))
}

/// A public key in a file, which tells the agent which one is meant; gone when dropped.
struct Public(PathBuf);

impl Public {
    fn written(line: &str) -> Result<Self, Failure> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| Failure::new(error.to_string()))?;
        let path = std::env::temp_dir().join(format!("dogwatch-{}.pub", crate::audit::hex(&bytes)));
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| writeln!(file, "{line}"));
        let made = Self(path);
        written.map_err(|error| Failure::new(format!("{}: {error}", made.0.display())))?;
        Ok(made)
    }
}

impl Drop for Public {
    fn drop(&mut self) {
        // It holds a public key only, in a place that is cleaned anyway.
        let _gone = std::fs::remove_file(&self.0);
    }
}
