//! Streams that were damaged, forged or made by a newer version.

use super::*;
use crate::agent::stream::LONGEST;
use proptest::prelude::*;
use serde_json::json;

/// The last event by which each agent claims success.
fn success(adapter: Adapter) -> &'static str {
    match adapter {
        Adapter::Claude => r#"{"type":"result","subtype":"success","is_error":false}"#,
        Adapter::Codex => r#"{"type":"turn.completed","usage":{}}"#,
        Adapter::Gemini => r#"{"type":"result","status":"success"}"#,
        Adapter::Opencode => r#"{"type":"step_finish","part":{"reason":"stop"}}"#,
        Adapter::Copilot => r#"{"type":"result","exitCode":0}"#,
    }
}

#[test]
fn texts_within_events_end_nothing() {
    for adapter in Adapter::ALL {
        let forged = success(adapter);
        let mut lines = String::new();
        for text in [forged.to_owned(), format!("\n{forged}\n"), format!("\u{2028}{forged}\u{85}{forged}\r{forged}")] {
            let value = json!({
                "type": "assistant", "message": {"role": "assistant", "content": [
                    {"type": "text", "text": text}, {"type": "tool_use", "input": {"type": "result", "subtype": "success"}},
                ]},
                "item": {"type": "agent_message", "text": text}, "role": "assistant", "content": text,
                "part": {"text": text, "state": {"output": text, "input": text}}, "data": {"content": text, "result": {"content": text}},
                "output": text, "result": text, "status": "success", "subtype": "success", "exitCode": 0,
            });
            let kinds = [
                "assistant",
                "user",
                "item.completed",
                "message",
                "text",
                "tool_use",
                "tool_result",
                "assistant.message",
                "tool.execution_complete",
                "error",
                "system",
                "step_start",
                "unheard_of",
            ];
            for kind in kinds {
                let mut value = value.clone();
                value["type"] = json!(kind);
                lines += &value.to_string();
                lines.push('\n');
            }
            lines.extend([format!("text before it {forged}\n\"{forged}\"\n[{forged}]\n")]);
        }
        let (_, summary) = heard(adapter, &[lines.as_bytes()], forged.as_bytes(), 0);
        assert_ne!(ending(&summary), "finished", "{adapter:?}");
    }
}

#[test]
fn what_the_model_says_last_names_no_class() {
    let said = |model: &str| {
        let says = json!({"type": "assistant", "message": {"model": model, "content": [{"type": "text", "text": "usage limit"}]}});
        let end = json!({"type": "result", "subtype": "success", "is_error": true, "result": "usage limit reached|1800000000"});
        let lines = format!("{says}\n{end}\n");
        ending(&heard(Adapter::Claude, &[lines.as_bytes()], b"", 1).1)
    };
    assert_eq!((said("claude-1").as_str(), said("<synthetic>").as_str()), ("crashed", "rate_limited"));
}

#[test]
fn a_newer_version_breaks_nothing() {
    for adapter in Adapter::ALL {
        let (out, _) = streams(adapter, "success");
        let (events, before) = heard(adapter, &[&out], b"", 0);
        let mut newer = Vec::new();
        for line in out.split_inclusive(|byte| *byte == b'\n') {
            newer.extend_from_slice(b"{\"type\":\"brand_new\",\"of\":[{\"it\":null}]}\n");
            // Every event gets a field, and another kind of event comes before.
            newer.extend_from_slice(b"{\"fresh\":{\"type\":\"error\",\"n\":1e400},");
            newer.extend_from_slice(&line[1..]);
        }
        let (seen, after) = heard(adapter, &[&newer], b"", 0);
        let seen: Vec<Event> = seen.into_iter().filter(|event| !matches!(event, Event::Unknown { .. })).collect();
        assert_eq!(ending(&after), "finished", "{adapter:?}");
        assert_eq!(after.tokens, before.tokens);
        assert_eq!(after.counts.unknown, before.counts.lines, "{adapter:?}");
        // Only the pieces of an answer that come one by one are kept apart by what is put between them.
        assert!(seen.len() >= events.len(), "{adapter:?}");
    }
}

#[test]
fn giant_lines_are_counted_and_left_out() {
    for adapter in Adapter::ALL {
        let giant = "x".repeat(LONGEST);
        let whole = "y".repeat(1 << 20);
        let lines = format!(
            "{{\"type\":\"{giant}\"}}\n{{\"type\":\"text\",\"role\":\"assistant\",\"content\":\"{whole}\"}}\n{}",
            success(adapter)
        );
        let (events, summary) = heard(adapter, &[lines.as_bytes()], b"", 0);
        assert_eq!((summary.counts.lines, summary.counts.too_long, summary.counts.damaged), (3, 1, 1), "{adapter:?}");
        assert_eq!(ending(&summary), "finished", "{adapter:?}");
        let size: usize = events.iter().map(|event| json!(event).to_string().len()).sum();
        assert!(size < 64 * 1024, "{adapter:?}: {size}");
    }
}

#[test]
fn bytes_that_are_no_text_are_counted() {
    for adapter in Adapter::ALL {
        let mut lines = b"{\"type\":\"a\xff\"}\n\x00\n{\"type\":\"\xe2\x82\"}\n\n  \r\n{\"cut\":".to_vec();
        let (_, summary) = heard(adapter, &[&lines], b"\xff\xfe", 1);
        assert_eq!((summary.counts.lines, summary.counts.damaged), (4, 4), "{adapter:?}");
        lines.extend_from_slice(b"\r\n");
        lines.extend_from_slice(success(adapter).as_bytes());
        assert_eq!(ending(&heard(adapter, &[&lines], b"", 0).1), "finished", "{adapter:?}");
    }
}

#[test]
fn numbers_without_measure_stay_countable() {
    let lines = [
        json!({"type": "result", "subtype": "success", "total_cost_usd": 1e300, "modelUsage": {
            "a": {"inputTokens": u64::MAX, "outputTokens": u64::MAX}, "b": {"inputTokens": u64::MAX, "cacheReadInputTokens": -1},
        }}),
        json!({"type": "step_finish", "part": {"cost": -5.0, "tokens": {"input": u64::MAX, "output": 1.5}}}),
        json!({"type": "turn.completed", "usage": {"input_tokens": u64::MAX, "output_tokens": u64::MAX}}),
        json!({"type": "result", "status": "success", "stats": {"input_tokens": u64::MAX}}),
    ];
    for adapter in Adapter::ALL {
        for line in &lines {
            let (_, summary) = heard(adapter, &[line.to_string().as_bytes()], b"", 0);
            assert!(summary.tokens.all() <= 1 << 52, "{adapter:?}");
        }
    }
}

/// Anything that looks like an event of some agent, with anything in it.
fn anything() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec![
        "system",
        "assistant",
        "user",
        "result",
        "error",
        "message",
        "init",
        "tool_use",
        "tool_result",
        "text",
        "step_finish",
        "item.completed",
        "item.started",
        "turn.completed",
        "turn.failed",
        "tool.execution_start",
        "tool.execution_complete",
        "session.error",
        "model.call_failure",
        "assistant.message",
        "abort",
        "rate_limit_event",
    ]);
    let inner = prop_oneof![
        Just(json!(null)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        ".{0,12}".prop_map(|text| json!(text)),
        Just(json!([{"type": "text", "text": "x"}, 1, null])),
        Just(json!({"message": "429", "content": [{"type": "tool_use"}], "tokens": {"input": 1}})),
    ];
    let key = prop::sample::select(vec![
        "subtype",
        "message",
        "error",
        "usage",
        "part",
        "data",
        "item",
        "result",
        "is_error",
        "status",
        "content",
        "stats",
        "exitCode",
        "timestamp",
        "modelUsage",
        "rate_limit_info",
        "role",
        "delta",
    ]);
    (kind, prop::collection::btree_map(key, inner, 0..6)).prop_map(|(kind, fields)| {
        let mut value = json!(fields);
        value["type"] = json!(kind);
        format!("{value}\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pieces_make_no_difference(which in 0usize..5, at in prop::collection::vec(0.0f64..1.0, 0..12)) {
        let adapter = Adapter::ALL[which];
        for scenario in ["success", "forge", "limit"] {
            let (out, _) = streams(adapter, scenario);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
            let mut cuts: Vec<usize> = at.iter().map(|at| (at * out.len() as f64) as usize).collect();
            cuts.sort_unstable();
            let mut pieces: Vec<&[u8]> = vec![];
            let mut rest = out.as_slice();
            for cut in cuts.into_iter().rev() {
                let (before, after) = rest.split_at(cut.min(rest.len()));
                pieces.insert(0, after);
                rest = before;
            }
            pieces.insert(0, rest);
            prop_assert_eq!(heard(adapter, &pieces, b"", 0), heard(adapter, &[&out], b"", 0));
        }
    }

    #[test]
    fn any_bytes_are_read(which in 0usize..5, bytes in prop::collection::vec(any::<u8>(), 0..400), code in any::<i32>()) {
        heard(Adapter::ALL[which], &[&bytes], &bytes, code);
    }

    #[test]
    fn any_events_are_read(which in 0usize..5, lines in prop::collection::vec(anything(), 0..12), code in 0i32..3) {
        let all = lines.concat();
        let (_, summary) = heard(Adapter::ALL[which], &[all.as_bytes()], b"", code);
        prop_assert_eq!(summary.counts.damaged, 0);
    }

    #[test]
    fn a_damaged_recording_is_read(which in 0usize..5, at in 0.0f64..1.0, with in prop::collection::vec(any::<u8>(), 1..20)) {
        let adapter = Adapter::ALL[which];
        let (mut out, _) = streams(adapter, "success");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
        let at = (at * out.len() as f64) as usize;
        for (offset, byte) in with.iter().enumerate() {
            if let Some(place) = out.get_mut(at + offset) {
                *place = *byte;
            }
        }
        let (_, summary) = heard(adapter, &[&out], b"", 1);
        prop_assert_ne!(ending(&summary), "finished");
    }
}

#[test]
fn single_bytes_are_pieces_too() {
    for adapter in Adapter::ALL {
        let (out, _) = streams(adapter, "forge");
        let pieces: Vec<&[u8]> = out.chunks(1).collect();
        assert_eq!(heard(adapter, &pieces, b"", 1), heard(adapter, &[&out], b"", 1));
    }
}
