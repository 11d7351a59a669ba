//! Asks `getent`, which looks users and groups up as this machine is set up to: the executable is static and could not load what
//! a directory service needs. The child has a fixed path, no environment, and no more time than a person would wait.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most bytes of an answer.
const MOST: u64 = 4 << 20;
/// What it exits with when it knows some of what was asked, or nothing.
const NOT_ALL: i32 = 2;

/// Its answer: lines as in the files. `Err` says in words why there is none.
pub(super) async fn ask(program: &Path, database: &str, keys: &[String]) -> Result<String, String> {
    // What looks like an option is no name that anybody could have meant.
    let keys: Vec<&String> = keys.iter().filter(|key| !key.starts_with('-') && !key.is_empty()).collect();
    if keys.is_empty() {
        return Ok(String::new());
    }
    let mut command = Command::new(program);
    command.arg(database).args(keys).env_clear().current_dir("/").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let place = program.display();
    let mut child = command.spawn().map_err(|error| format!("{place} cannot be started: {error}"))?;
    let answer = async {
        let mut bytes = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(MOST + 1).read_to_end(&mut bytes).await?;
        }
        if bytes.len() as u64 > MOST {
            return Err(std::io::Error::other(format!("it said more than {MOST} bytes")));
        }
        Ok((child.wait().await?, bytes))
    };
    let (status, bytes) = match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(|error| format!("{place} {database}: {error}"))?,
        Err(_) => return Err(format!("{place} {database} did not answer within {} s", PATIENCE.as_secs())),
    };
    match status.code() {
        Some(0 | NOT_ALL) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        _ => Err(format!("{place} {database} failed ({status})")),
    }
}
