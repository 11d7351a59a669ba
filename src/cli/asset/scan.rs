//! `dogwatch asset scan`: the keys that a host shows, with their fingerprints. They prove nothing by themselves: whoever answers may
//! be somebody else, so a person compares them with what the host itself says.

use super::super::context::{Context, Failure};
use super::add;
use crate::domain::HostKey;
use crate::safe;
use serde_json::json;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// Most bytes of the answer that are looked at.
const MOST: u64 = 64 * 1024;
/// How long a host may take, and how long the program that asks it.
const PATIENCE: (u64, Duration) = (5, Duration::from_secs(20));

pub(super) async fn perform(mut context: Context, host: &str, json: bool) -> Result<i32, Failure> {
    let (host, port) = add::host(host)?;
    let mut child = tokio::process::Command::new("ssh-keyscan")
        .args(["-T", &PATIENCE.0.to_string(), "-p", &port.to_string(), "-t", "ed25519,ecdsa,rsa"])
        .arg(host.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::new(format!("ssh-keyscan does not start: {error}; install the client of OpenSSH")))?;
    let mut answer = Vec::new();
    if let Some(output) = child.stdout.take() {
        let mut output = output.take(MOST);
        let read = tokio::time::timeout(PATIENCE.1, output.read_to_end(&mut answer)).await;
        read.map_err(|_| {
            Failure::new(format!(
                "{host} did not answer within {} s: is it reachable, and does SSH listen there?",
                PATIENCE.1.as_secs()
            ))
        })??;
    }
    let answer = String::from_utf8_lossy(&answer);
    let keys = answer.lines().filter_map(|line| HostKey::parse(line.split_once(' ')?.1).ok()).collect::<Vec<_>>();
    if keys.is_empty() {
        return Err(Failure::new(format!(
            "{} shows no key: is it reachable, and does SSH listen there?",
            host.known_as(port)
        )));
    }
    for key in &keys {
        if json {
            context.json(&json!({ "key": key, "fingerprint": key.fingerprint() }))?;
            continue;
        }
        context.say(&safe!("{}", key.to_string()))?;
        context.say(&safe!("    {}", key.fingerprint()))?;
    }
    if !json {
        context.say(&safe!(""))?;
        context.say_wrapped(&safe!(
            "Whoever answered showed these. Compare them on the host itself, with ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub, \
             before you give one to `dogwatch asset add --host-key`. Nothing was stored."
        ))?;
    }
    Ok(0)
}
