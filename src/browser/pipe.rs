//! A browser that is spoken to over two pipes. Its usual way, a port on the loopback address, would be open to the very
//! application that is looked at: they share a network, and whoever speaks there decides what was seen.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// The browsers that are known, as programs; the first one that is there is taken.
const PROGRAMS: [&str; 6] = [
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// It runs behind the walls of a container, where its own cannot be built, and asks nobody for anything.
const FLAGS: [&str; 16] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-proxy-server",
    "--mute-audio",
    "--window-size=1280,800",
];
/// Commands come in on the third descriptor and answers go out on the fourth.
const SHELL: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null";
/// The longest message; a picture is the longest there is.
const LONGEST: u64 = 64 << 20;
/// Messages that wait to be looked at.
const WAITING: usize = 256;
/// Events that are kept while an answer is waited for.
const EVENTS: usize = 20_000;

/// A running browser.
pub struct Pipe {
    child: Child,
    orders: ChildStdin,
    answers: Receiver<Value>,
    events: VecDeque<Value>,
    last: u64,
    /// What the browser says of itself.
    words: PathBuf,
}

impl Pipe {
    /// Starts the browser of this image, with its own files in a directory.
    pub fn start(profile: &str) -> io::Result<Self> {
        let program = PROGRAMS.iter().find(|name| is_there(name)).ok_or_else(|| {
            io::Error::other(format!("the image has no browser: install one of {}", PROGRAMS.join(", ")))
        })?;
        let words = PathBuf::from(format!("{profile}.log"));
        let mut child = Command::new("/bin/sh")
            .args(["-c", SHELL, program])
            .args(FLAGS)
            .arg(format!("--user-data-dir={profile}"))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The step's output is what was seen; what the browser says of itself is asked for when it ends too early.
            .stderr(File::create(&words)?)
            .spawn()?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the browser has no pipes"));
        };
        let (sender, receiver) = sync_channel(WAITING);
        std::thread::spawn(move || {
            let mut answers = BufReader::new(answers);
            while let Some(message) = next(&mut answers) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, orders, answers: receiver, events: VecDeque::new(), last: 0, words })
    }

    /// Has something done and waits for the answer.
    pub fn call(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: &Value,
        patience: Duration,
    ) -> io::Result<Value> {
        self.last += 1;
        let id = self.last;
        let mut order = json!({ "id": id, "method": method, "params": params });
        if let (Some(session), Some(order)) = (session, order.as_object_mut()) {
            order.insert("sessionId".to_owned(), json!(session));
        }
        let mut bytes = serde_json::to_vec(&order)?;
        bytes.push(0);
        self.orders.write_all(&bytes)?;
        let end = Instant::now() + patience;
        loop {
            let message = self.receive(end.saturating_duration_since(Instant::now()))?.ok_or_else(|| {
                io::Error::new(io::ErrorKind::TimedOut, format!("the browser did not answer {method} in time"))
            })?;
            if message.get("id").and_then(Value::as_u64) != Some(id) {
                if self.events.len() < EVENTS {
                    self.events.push_back(message);
                }
                continue;
            }
            if let Some(error) = message.pointer("/error/message").and_then(Value::as_str) {
                return Err(io::Error::other(format!("the browser refused {method}: {error}")));
            }
            return Ok(message.get("result").cloned().unwrap_or_default());
        }
    }

    /// The next event, at most so long.
    pub fn event(&mut self, patience: Duration) -> io::Result<Option<Value>> {
        match self.events.pop_front() {
            Some(event) => Ok(Some(event)),
            None => self.receive(patience),
        }
    }

    fn receive(&self, patience: Duration) -> io::Result<Option<Value>> {
        match self.answers.recv_timeout(patience) {
            Ok(message) => Ok(Some(message)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                let words = std::fs::read(&self.words).unwrap_or_default();
                let words = String::from_utf8_lossy(&words).into_owned();
                let last = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
                Err(io::Error::other(format!("the browser has ended: {last}")))
            }
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // One that is gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_there(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

/// The next message; `None` at the end, and for what is no message.
fn next(from: &mut impl BufRead) -> Option<Value> {
    let mut bytes = Vec::new();
    from.take(LONGEST).read_until(0, &mut bytes).ok()?;
    (bytes.pop() == Some(0)).then_some(())?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let mut bytes: &[u8] = b"{\"id\":1}\0{\"method\":\"x\"}\0{\"cut";
        assert_eq!(next(&mut bytes).unwrap()["id"], 1);
        assert_eq!(next(&mut bytes).unwrap()["method"], "x");
        assert_eq!(next(&mut bytes), None);
    }
}
