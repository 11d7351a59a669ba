//! Signs a decision with the person's own key, by their own `ssh-keygen` and as themselves: the engine never sees a private key.

use crate::approval::signature::{self, NAMESPACE};
use crate::domain::ProposalId;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Nobody has said which keys are theirs.
    #[error(
        "no key of yours is known to the engine: the administrator writes your public key into `keys` under [approvals]"
    )]
    NoKey,
    /// The agent of SSH has none of them.
    #[error("your SSH agent holds none of the keys that are known as yours; name the file with --key ({0})")]
    NoAgent(String),
    /// The program did not.
    #[error("ssh-keygen did not sign: {0}")]
    Refused(String),
    /// The system.
    #[error("ssh-keygen: {0}")]
    System(String),
}

impl SignError {
    fn system(error: &impl ToString) -> Self {
        Self::System(error.to_string())
    }
}

/// Signs a yes to these bytes, and why it stands for a second person's as well where it does: with the key in a file, or with one of the known keys that the agent of SSH holds.
pub fn sign(
    id: ProposalId,
    digest: &str,
    glass: Option<&str>,
    key: Option<&Path>,
    known: &[String],
) -> Result<String, SignError> {
    let text = signature::message(id, digest, glass);
    if let Some(path) = key {
        return by_file(path, &text);
    }
    if known.is_empty() {
        return Err(SignError::NoKey);
    }
    let mut last = None;
    for line in known {
        let public = Public::written(line)?;
        match by_file(&public.0, &text) {
            Ok(signature) => return Ok(signature),
            Err(error) => last = Some(error.to_string()),
        }
    }
    Err(SignError::NoAgent(last.unwrap_or_default()))
}

fn by_file(path: &Path, text: &str) -> Result<String, SignError> {
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", NAMESPACE, "-f"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| SignError::system(&error))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(|error| SignError::system(&error))?;
    }
    let done = child.wait_with_output().map_err(|error| SignError::system(&error))?;
    let signature = String::from_utf8(done.stdout).unwrap_or_default();
    if done.status.success() && !signature.is_empty() {
        return Ok(signature);
    }
    Err(SignError::Refused(String::from_utf8_lossy(&done.stderr).trim().to_owned()))
}

/// A public key in a file, which tells the agent which one is meant; gone when dropped.
struct Public(PathBuf);

impl Public {
    fn written(line: &str) -> Result<Self, SignError> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| SignError::system(&error))?;
        let path = std::env::temp_dir().join(format!("dogwatch-{}.pub", crate::audit::hex(&bytes)));
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| writeln!(file, "{line}"));
        let made = Self(path);
        written.map_err(|error| SignError::System(format!("{}: {error}", made.0.display())))?;
        Ok(made)
    }
}

impl Drop for Public {
    fn drop(&mut self) {
        // It holds a public key only, in a place that is cleaned anyway.
        let _gone = std::fs::remove_file(&self.0);
    }
}
