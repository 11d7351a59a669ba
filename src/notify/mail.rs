//! Mail, handed to the program that every mail server brings. Recipients stand on its command line and were checked when the
//! configuration was read; nothing from outside comes near a header but for the subject, which is one line of visible text.

use super::{Fault, Message};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How long the program may take.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) async fn send(program: &Path, to: &str, from: Option<&str>, message: &Message) -> Result<(), Fault> {
    let place = program.display();
    let mut command = Command::new(program);
    // No line of the text ends it early, and no recipient is read from it.
    command.arg("-i");
    if let Some(from) = from {
        command.args(["-f", from]);
    }
    command
        .args(["--", to])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir("/")
        .kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let handed = async {
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(mail(to, from, message).as_bytes()).await?;
        }
        child.wait().await
    };
    match tokio::time::timeout(PATIENCE, handed).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(Fault(format!("{place} did not take the mail ({status})"))),
        Ok(Err(error)) => Err(Fault(format!("{place}: {error}"))),
        Err(_) => Err(Fault(format!("{place} took more than {} s", PATIENCE.as_secs()))),
    }
}

fn mail(to: &str, from: Option<&str>, message: &Message) -> String {
    let from = from.map_or_else(String::new, |from| format!("From: {from}\n"));
    format!(
        "To: {to}\n{from}Subject: {}\nMessage-ID: <{}@dogwatch.invalid>\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}\n",
        message.subject,
        message.id,
        message.text()
    )
}
