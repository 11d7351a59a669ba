//! A script that is written anew again and again, from before anybody agrees to it until after it has run: what runs is what was agreed
//! to.
//!
//! At full size: `DOGWATCH_REWRITES=10000` scripts (100 by default).

use crate::support::bare::{Bare, Raw};
use crate::support::chance::number;
use crate::{SOON, bare, fine};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Scripts that are carried through at the same time.
const HANDS: u64 = 4;

/// What is written over meanwhile, by this process.
#[derive(Default)]
struct Rewriting {
    paths: Mutex<BTreeSet<PathBuf>>,
    over: AtomicBool,
    times: AtomicU64,
}

impl Rewriting {
    fn paths(&self) -> std::sync::MutexGuard<'_, BTreeSet<PathBuf>> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes over all of them until it is over: in place, and by putting another file there.
    fn go_on(&self, evil: &str) {
        while !self.over.load(Ordering::Relaxed) {
            let paths: Vec<PathBuf> = self.paths().iter().cloned().collect();
            for path in paths {
                let time = self.times.fetch_add(1, Ordering::Relaxed);
                if time.is_multiple_of(2) {
                    fs::write(&path, evil).unwrap();
                } else {
                    let beside = path.with_extension(format!("new{time}"));
                    fs::write(&beside, evil).unwrap();
                    fs::rename(&beside, &path).unwrap();
                }
            }
            std::thread::yield_now();
        }
    }
}

/// Another process that does the same to one file; ended when dropped.
struct Other(Child);

impl Other {
    fn over(path: &Path, evil: &str) -> Self {
        let text = "while :; do printf '%s' \"$2\" >\"$1\"; sleep 0.01; done";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", text, "sh"]).arg(path).arg(evil).stdin(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // Fails only for a process that has ended, which is what is wanted.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What the engine answers.
fn ask(raw: &mut Raw, request: &Value) -> Value {
    raw.request(1, request);
    let line = raw.line().expect("an answer");
    assert!(line.get("fault").is_none(), "{line}");
    line["reply"]["reply"].clone()
}

fn detail(raw: &mut Raw, id: u64) -> Value {
    ask(raw, &json!({ "type": "proposal", "proposal": id }))["detail"].clone()
}

/// One script from its file to its end.
fn carry(bare: &Bare, raw: &mut Raw, number: u64, rewriting: &Rewriting, evil: &str) {
    let (path, ran) = (bare.path().join(format!("fix-{number}.sh")), bare.path().join(format!("ran-{number}")));
    let script = format!("printf 'approved {number}' >>{}\n", ran.display());
    fs::write(&path, &script).unwrap();
    let told = fine(bare, &["propose", "web-1", "--why", "because", "--json", "--script", path.to_str().unwrap()]);
    let id = serde_json::from_str::<Value>(&told).unwrap()["proposal"]["id"].as_u64().unwrap();
    rewriting.paths().insert(path.clone());
    let other = (number.is_multiple_of(10)).then(|| Other::over(&path, evil));
    let begun = Instant::now();
    while fs::read_to_string(&path).is_ok_and(|text| text == script) {
        assert!(begun.elapsed() < SOON, "nobody writes over it");
        std::thread::yield_now();
    }
    // What is shown, and agreed to, is what was there when it was proposed.
    let shown = detail(raw, id);
    let bytes: Vec<u8> =
        serde_json::from_value(shown["proposal"]["proposed"]["command"]["program"]["bytes"].clone()).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), script);
    let verdict = json!({ "decision": "approve", "digest": shown["proposal"]["digest"] });
    ask(raw, &json!({ "type": "decide", "proposal": id, "verdict": verdict }));
    let state = loop {
        let state = detail(raw, id)["proposal"]["state"].as_str().unwrap().to_owned();
        if !["approved", "claimed", "dispatched", "running"].contains(&state.as_str()) {
            break state;
        }
        assert!(begun.elapsed() < SOON * 2, "it is {state}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let now = fs::read_to_string(&path).unwrap_or_default();
    assert_ne!(now, script, "it was written over until now");
    rewriting.paths().remove(&path);
    drop(other);
    assert_eq!(state, "succeeded");
    assert_eq!(fs::read_to_string(&ran).unwrap(), format!("approved {number}"));
}

#[test]
fn what_was_agreed_to_runs_whatever_its_file_says_by_then() {
    let rounds = number("DOGWATCH_REWRITES", 100);
    let bare = bare();
    let evil_was_here = bare.path().join("evil");
    let evil = format!("touch {}\n", evil_was_here.display());
    let (rewriting, next) = (Rewriting::default(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2).map(|_| scope.spawn(|| rewriting.go_on(&evil))).collect();
        let hands: Vec<_> = (0..HANDS)
            .map(|_| {
                scope.spawn(|| {
                    let mut raw = bare.connect();
                    assert!(raw.line().unwrap().get("welcome").is_some());
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= rounds {
                            return;
                        }
                        carry(&bare, &mut raw, number, &rewriting, &evil);
                    }
                })
            })
            .collect();
        let ended: Vec<_> = hands.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        rewriting.over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        for one in ended {
            one.unwrap();
        }
    });
    let times = rewriting.times.load(Ordering::Relaxed);
    println!("{rounds} scripts, written over {times} times while they were agreed to: each ran as it was agreed to");
    assert!(!evil_was_here.exists() && times >= rounds);
}
