//! The ending of every recording, and the events of some.

use super::*;
use crate::agent::Adapter::{Claude, Codex, Copilot, Gemini, Opencode};
use serde_json::json;

/// Which recording came with which exit code, and what it comes to.
const RECORDINGS: &[(Adapter, &str, i32, &str)] = &[
    (Claude, "success", 0, "finished"),
    (Claude, "mcp", 0, "finished"),
    (Claude, "resume-2", 0, "finished"),
    (Claude, "cut", 0, "finished"),
    (Claude, "steered", 0, "finished"),
    (Claude, "forge", 1, "auth"),
    (Claude, "auth", 1, "auth"),
    (Claude, "forbidden", 1, "auth"),
    (Claude, "context", 1, "own_limit"),
    (Claude, "turns", 1, "own_limit"),
    (Claude, "billing", 1, "billing"),
    (Claude, "quota", 1, "billing"),
    (Claude, "nomodel", 1, "misconfigured"),
    (Claude, "badflag", 1, "misconfigured"),
    (Claude, "limit", 1, "rate_limited"),
    (Claude, "overloaded", 1, "overloaded"),
    (Claude, "denied", 0, "blocked"),
    (Claude, "hang", 137, "killed"),
    (Codex, "success", 0, "finished"),
    (Codex, "mcp", 0, "finished"),
    (Codex, "resume-2", 0, "finished"),
    (Codex, "cut", 0, "finished"),
    (Codex, "forge", 1, "auth"),
    (Codex, "auth", 1, "auth"),
    (Codex, "forbidden", 1, "auth"),
    (Codex, "context", 1, "own_limit"),
    (Codex, "billing", 1, "billing"),
    (Codex, "quota", 1, "billing"),
    (Codex, "nomodel", 1, "misconfigured"),
    (Codex, "badflag", 2, "misconfigured"),
    (Codex, "limit", 1, "rate_limited"),
    (Codex, "overloaded", 1, "overloaded"),
    (Codex, "hang", 137, "killed"),
    (Gemini, "success", 0, "finished"),
    (Gemini, "mcp", 0, "finished"),
    (Gemini, "resume-2", 0, "finished"),
    (Gemini, "cut", 1, "overloaded"),
    (Gemini, "forge", 145, "auth"),
    (Gemini, "auth", 145, "auth"),
    (Gemini, "forbidden", 147, "auth"),
    (Gemini, "context", 144, "own_limit"),
    (Gemini, "turns", 53, "own_limit"),
    (Gemini, "billing", 144, "billing"),
    (Gemini, "quota", 173, "billing"),
    (Gemini, "nomodel", 1, "misconfigured"),
    (Gemini, "badflag", 1, "misconfigured"),
    (Gemini, "limit", 173, "rate_limited"),
    (Gemini, "overloaded", 17, "overloaded"),
    (Gemini, "hang", 137, "killed"),
    (Opencode, "success", 0, "finished"),
    (Opencode, "mcp", 0, "finished"),
    (Opencode, "resume-2", 0, "finished"),
    (Opencode, "cut", 0, "finished"),
    (Opencode, "forge", 1, "auth"),
    (Opencode, "auth", 1, "auth"),
    (Opencode, "forbidden", 1, "auth"),
    (Opencode, "context", 1, "own_limit"),
    (Opencode, "billing", 1, "billing"),
    (Opencode, "quota", 1, "billing"),
    (Opencode, "nomodel", 1, "misconfigured"),
    (Opencode, "badflag", 1, "misconfigured"),
    (Opencode, "limit", 1, "rate_limited"),
    (Opencode, "overloaded", 1, "overloaded"),
    (Opencode, "denied", 0, "blocked"),
    (Copilot, "success", 0, "finished"),
    (Copilot, "mcp", 0, "finished"),
    (Copilot, "resume-2", 0, "finished"),
    (Copilot, "cut", 0, "finished"),
    (Copilot, "forge", 1, "auth"),
    (Copilot, "auth", 1, "auth"),
    (Copilot, "forbidden", 1, "auth"),
    (Copilot, "context", 1, "own_limit"),
    (Copilot, "billing", 1, "billing"),
    (Copilot, "quota", 1, "billing"),
    (Copilot, "nomodel", 1, "misconfigured"),
    (Copilot, "badflag", 1, "misconfigured"),
    (Copilot, "limit", 1, "rate_limited"),
    (Copilot, "overloaded", 1, "overloaded"),
    (Copilot, "denied", 0, "blocked"),
    (Copilot, "hang", 137, "killed"),
];

#[test]
fn every_recording_comes_to_its_ending() {
    let mut wrong = vec![];
    for (adapter, scenario, code, expected) in RECORDINGS {
        let (_, summary) = replayed(*adapter, scenario, *code);
        let (found, counts) = (ending(&summary), summary.counts);
        if found != *expected || counts.damaged > 0 || counts.unknown > 0 {
            wrong.push(format!("{} {scenario}: {found}, not {expected}: {}", adapter.name(), json!(summary)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_exit_code_makes_no_success() {
    for (adapter, scenario, _, expected) in RECORDINGS {
        let (_, summary) = replayed(*adapter, scenario, 0);
        assert_eq!(ending(&summary) == "finished", *expected == "finished", "{adapter:?} {scenario}");
        if *expected == "finished" {
            assert_ne!(ending(&replayed(*adapter, scenario, 1).1), "finished", "{adapter:?} {scenario}");
            assert_eq!(ending(&replayed(*adapter, scenario, 137).1), "killed", "{adapter:?} {scenario}");
        }
    }
}

#[test]
fn what_the_engine_did_no_agent_talks_away() {
    for adapter in Adapter::ALL {
        let (out, _) = streams(adapter, "success");
        for (end, name) in [
            (StepEnd::Stopped, "stopped"),
            (StepEnd::TimedOut { seconds: 1 }, "timed_out"),
            (StepEnd::Silent { seconds: 1 }, "silent"),
            (StepEnd::Signalled { signal: 9, oom: Some(true) }, "killed"),
        ] {
            let mut reader = reader(adapter, Tokens::default());
            reader.take(Stream::Stdout, &out, &mut drop);
            let summary = reader.close(&end, None, &mut drop);
            assert_eq!(ending(&summary), name, "{adapter:?}");
            // What it used until then was used.
            assert_eq!(summary.tokens.all() > 0, adapter != Copilot, "{adapter:?}");
        }
    }
}

#[test]
fn a_turn_without_its_last_event_is_not_finished() {
    for adapter in Adapter::ALL {
        let (out, _) = streams(adapter, "success");
        let lines: Vec<&[u8]> = out.split_inclusive(|byte| *byte == b'\n').collect();
        for kept in 0..lines.len() {
            let (_, summary) = heard(adapter, &lines[..kept], b"", 0);
            assert_eq!(ending(&summary), "crashed", "{adapter:?}, {kept} lines");
        }
    }
}

#[test]
fn a_turn_that_our_own_guidance_interrupts_is_judged_by_what_came_after() {
    let (out, _) = streams(Claude, "steered");
    let lines: Vec<&[u8]> = out.split_inclusive(|byte| *byte == b'\n').collect();
    let ends: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with(b"{\"type\":\"result\"")).collect();
    assert_eq!(ends.len(), 2, "one that was interrupted, and the last word");
    let (events, whole) = heard(Claude, &lines, b"", 0);
    assert_eq!(ending(&whole), "finished");
    let interrupts = events.iter().filter(|event| matches!(event, Event::Interrupted { .. })).count();
    let results = events.iter().filter(|event| matches!(event, Event::Result { .. })).count();
    assert_eq!((interrupts, results), (1, 1));
    // Nothing that lies between the interruption and the last word makes an end of it, nor does the engine's own stop.
    for kept in ends[0]..ends[1] {
        for (code, name) in [(0, "crashed"), (137, "killed"), (143, "killed")] {
            assert_eq!(ending(&heard(Claude, &lines[..=kept], b"", code).1), name, "{kept} lines");
        }
    }
    let mut stopped = reader(Claude, Tokens::default());
    stopped.take(Stream::Stdout, &out, &mut drop);
    assert_eq!(ending(&stopped.close(&StepEnd::Stopped, None, &mut drop)), "stopped");
    // What both turns used is counted once.
    let (_, half) = heard(Claude, &lines[..=ends[0]], b"", 0);
    assert!(half.tokens.all() > 0 && half.tokens.all() < whole.tokens.all(), "{half:?} {whole:?}");
}

#[test]
fn limits_say_when_they_end() {
    // Claude Code and opencode pass on what the provider asked for; the others' words have no time in these recordings.
    let until = |adapter| serde_json::to_value(replayed(adapter, "limit", 1).1).unwrap()["until"].clone();
    assert_eq!(until(Claude), json!(ENDED.0 + 2_000));
    assert_eq!(until(Opencode), json!(1_795_985_801_258_i64 + 2_000));
    assert_eq!(until(Codex), json!(null));
    let line = |line: serde_json::Value| format!("{line}\n").into_bytes();
    let told = |adapter, lines: &[Vec<u8>]| {
        let pieces: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        serde_json::to_value(heard(adapter, &pieces, b"", 1).1).unwrap()["until"].clone()
    };
    let limit =
        |status| json!({"type": "rate_limit_event", "rate_limit_info": {"status": status, "resetsAt": 1_800_003_600}});
    let end =
        json!({"type": "result", "subtype": "success", "is_error": true, "api_error_status": 429, "result": "Limit"});
    assert_eq!(told(Claude, &[line(limit("rejected")), line(end.clone())]), json!(1_800_003_600_000_i64));
    assert_eq!(told(Claude, &[line(limit("allowed_warning")), line(end)]), json!(null));
    let words = "You've hit your usage limit. Try again in 2 hours 5 minutes.";
    let end = json!({"type": "turn.failed", "error": {"message": words}});
    assert_eq!(told(Codex, &[line(end)]), json!(ENDED.0 + 125 * 60_000));
    let words = "[API Error: {\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{\"retryDelay\":\"34s\"}]}}]";
    let end =
        json!({"type": "result", "status": "error", "timestamp": "2027-01-15T08:00:00Z", "error": {"message": words}});
    assert_eq!(told(Gemini, &[line(end)]), json!(1_800_000_000_000_i64 + 34_000));
}

#[test]
fn a_resumed_session_of_codex_is_not_counted_twice() {
    let (out, _) = streams(Codex, "resume-2");
    let mut reader = reader(Codex, Tokens { input: 1_500, output: 130, cached: 800, cache_write: 0 });
    reader.take(Stream::Stdout, &out, &mut drop);
    let summary = reader.close(&StepEnd::Exited { code: 0 }, None, &mut drop);
    assert_eq!(summary.tokens, Tokens { input: 800, output: 70, cached: 1_900, cache_write: 0 });
}

#[test]
fn events_of_the_recordings() {
    for adapter in Adapter::ALL {
        for (scenario, code) in [("success", 0), ("mcp", 0), ("forge", 1), ("limit", 1), ("overloaded", 1)] {
            let (events, summary) = replayed(adapter, scenario, code);
            let mut lines: Vec<String> = events.iter().map(|event| json!(event).to_string()).collect();
            lines.push(json!(summary).to_string());
            insta::assert_snapshot!(format!("{}-{scenario}", adapter.name()), lines.join("\n"));
        }
    }
}
