//! The git program, only for network transport and only in the engine's own bare repository.

use super::error::WorkspaceError;
use super::names::shown;
use super::source::redacted;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A fetch or push that takes longer than this is ended.
const DEADLINE: Duration = Duration::from_mins(30);
/// Error output kept for the message.
const OUTPUT: usize = 4096;

/// Runs `git <arguments>` in a bare repository of the engine's own.
///
/// The operator's ssh agent, keys and proxy settings stay in force. Everything by which git can be told to run another
/// program is closed: no system or user configuration, no hooks, no transports but https and ssh, no prompts.
pub(super) fn git(repository: &Path, what: &str, url: &str, arguments: &[&str]) -> Result<(), WorkspaceError> {
    git_over(repository, what, url, arguments, "https:ssh")
}

/// As `git`, with the permitted transports named.
pub(super) fn git_over(
    repository: &Path,
    what: &str,
    url: &str,
    arguments: &[&str],
    transports: &str,
) -> Result<(), WorkspaceError> {
    let failed = |reason: String| WorkspaceError::Program { what: format!("{what} {}", redacted(url)), reason };
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let kept = text.starts_with("GIT_SSH") || text.starts_with("GIT_SSL") || text == "GIT_ASKPASS";
        if text.starts_with("GIT_") && !kept {
            command.env_remove(&name);
        }
    }
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_ALLOW_PROTOCOL", transports)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_DIR", repository)
        .env("LC_ALL", "C")
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never"])
        .args(["-c", "gc.auto=0", "-c", "maintenance.auto=false"])
        .args(arguments)
        .current_dir(repository)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => WorkspaceError::NoGitProgram(redacted(url)),
        _ => failed(error.to_string()),
    })?;
    let output = child.stderr.take().map(|pipe| std::thread::spawn(move || tail(pipe)));
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| failed(error.to_string()))? {
            break status;
        }
        if started.elapsed() > DEADLINE {
            // It may have ended at this moment; either way it is reaped next.
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(format!("no end after {} minutes", DEADLINE.as_secs() / 60)));
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    if status.success() {
        return Ok(());
    }
    // A helper process may hold the pipe open for ever, so the wait for the last words is short.
    let waited = Instant::now();
    while output.as_ref().is_some_and(|thread| !thread.is_finished()) && waited.elapsed() < Duration::from_secs(2) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let words = output.filter(std::thread::JoinHandle::is_finished).and_then(|thread| thread.join().ok());
    let words = words.unwrap_or_default();
    Err(failed(match shown(words.trim_ascii()).replace("\\n", " | ") {
        text if text.is_empty() => status.to_string(),
        text => hidden(&text, url),
    }))
}

/// The text with the URL as given (it may hold a password) replaced by its redacted form.
fn hidden(text: &str, url: &str) -> String {
    text.replace(url, &redacted(url))
}

/// Reads to the end and keeps the last bytes.
fn tail(mut pipe: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0u8; 4096];
    while let Ok(count) = pipe.read(&mut buffer) {
        if count == 0 {
            break;
        }
        kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
        let surplus = kept.len().saturating_sub(OUTPUT);
        kept.drain(..surplus);
    }
    kept
}
