//! The recorded streams of real agents, replayed: what they come to, and that nothing that befalls a stream on its way makes
//! another story of it. `tests/agents/recorded` holds what the programs printed in their sandbox against a scripted model.

#![allow(clippy::unwrap_used)]

mod damage;
mod endings;
mod start;
mod throughput;

use super::{Adapter, Event, Summary, Tokens, reader};
use crate::domain::{Millis, StepEnd};
use crate::logs::Stream;
use std::path::{Path, PathBuf};

/// When the recordings ended, as far as the tests are concerned.
const ENDED: Millis = Millis(1_800_000_000_000);

fn recorded(adapter: Adapter, scenario: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/agents/recorded");
    root.join(adapter.name()).join(scenario)
}

/// What an agent printed on its standard output and its error stream.
fn streams(adapter: Adapter, scenario: &str) -> (Vec<u8>, Vec<u8>) {
    let read = |ending: &str| std::fs::read(recorded(adapter, &format!("{scenario}.{ending}"))).unwrap_or_default();
    let (out, err) = (read("jsonl"), read("err"));
    assert!(!out.is_empty() || !err.is_empty(), "there is no recording {scenario} of {adapter:?}");
    (out, err)
}

/// What a stream comes to that arrives in these pieces.
fn heard(adapter: Adapter, pieces: &[&[u8]], errors: &[u8], code: i32) -> (Vec<Event>, Summary) {
    let mut reader = reader(adapter, Tokens::default());
    let mut events = Vec::new();
    for piece in pieces {
        reader.take(Stream::Stdout, piece, &mut |event| events.push(event));
    }
    reader.take(Stream::Stderr, errors, &mut |event| events.push(event));
    let summary = reader.close(&StepEnd::Exited { code }, Some(ENDED), &mut |event| events.push(event));
    (events, summary)
}

fn replayed(adapter: Adapter, scenario: &str, code: i32) -> (Vec<Event>, Summary) {
    let (out, err) = streams(adapter, scenario);
    heard(adapter, &[&out], &err, code)
}

fn ending(summary: &Summary) -> String {
    serde_json::to_value(summary).unwrap()["ending"].as_str().unwrap().to_owned()
}
