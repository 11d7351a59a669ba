//! The fold as a whole: it takes any history, forgets nothing over a restart, and its names are those of the engine.

#![allow(clippy::unwrap_used)]

use super::{Event, HistoryError, How, Level, Thresholds, Verdict, Watchdog, debug, event};
use crate::domain::Ending;
use proptest::prelude::*;
use std::time::Duration;

fn read(text: &str) -> Result<Vec<Verdict>, HistoryError> {
    let mut verdicts = Vec::new();
    debug::<HistoryError>(Thresholds::default(), &mut text.as_bytes(), &mut |verdict| {
        verdicts.push(verdict.clone());
        Ok(())
    })?;
    Ok(verdicts)
}

#[test]
fn endings_have_the_engines_names() {
    let endings = [
        Ending::Finished,
        Ending::ClaimsDone,
        Ending::GaveUp,
        Ending::Blocked,
        Ending::OwnLimit,
        Ending::RateLimited { until: None },
        Ending::Overloaded,
        Ending::Auth,
        Ending::Billing,
        Ending::Misconfigured,
        Ending::Crashed,
        Ending::Killed { oom: true },
        Ending::Stopped,
        Ending::TimedOut,
        Ending::Silent,
        Ending::Overfull,
    ];
    for ending in endings {
        assert_eq!(serde_json::to_value(How::from(&ending)).unwrap(), ending.name());
    }
}

#[test]
fn lines_are_read_with_their_faults_named() {
    let fine = "\u{feff}{\"type\":\"iteration\",\"n\":1,\"ending\":\"finished\",\"unknown\":{\"a\":[null]},\"failing\":null}\r\n\n\
                {\"type\":\"redirect\",\"by\":\"ada\"}\n{\"type\":\"engine_restart\"}\n{\"type\":\"rollback\",\"to\":1}";
    assert_eq!(read(fine).unwrap().len(), 1);
    for (line, words) in [
        ("{\"type\":\"iteration\",\"n\":1}", "missing field `ending`"),
        ("{\"type\":\"iteration\",\"ending\":\"finished\"}", "missing field `n`"),
        ("{\"type\":\"iteration\",\"n\":1,\"ending\":\"asleep\"}", "unknown variant `asleep`"),
        ("{\"type\":\"iteration\",\"n\":-1,\"ending\":\"finished\"}", "line 2 of the history is no event"),
        ("{\"type\":\"iteration\",\"n\":1,\"ending\":\"finished\",\"stage\":\"moon\"}", "unknown variant `moon`"),
        ("{\"type\":\"iteration\",\"n\":1,\"ending\":\"finished\",\"seconds\":-1}", "must not be negative"),
        ("{\"type\":\"dance\"}", "unknown variant `dance`"),
        ("[1]", "is no event"),
        ("nonsense", "is not JSON"),
        ("{\"type\":\"rollback\"", "is not JSON"),
    ] {
        let told = read(&format!("{{\"type\":\"redirect\"}}\n{line}\n")).unwrap_err().to_string();
        assert!(told.starts_with("line 2 of the history") && told.contains(words) && told.contains("write"), "{told}");
    }
    let long = format!("{{\"type\":\"redirect\",\"x\":\"{}\"}}", "x".repeat(super::LONGEST_LINE));
    assert!(read(&long).unwrap_err().to_string().contains("longer than 4 MiB"));
}

/// Seconds that this thread has had a processor for: how long it took by the clock is the machine's affair.
fn worked() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap()).as_secs_f64()
}

#[test]
fn a_long_history_takes_time_that_grows_with_its_length() {
    let line = |n: u64| {
        let failing: Vec<String> = (0..20).map(|test| format!("\"t{}\"", (n * 7 + test) % 50)).collect();
        format!(
            "{{\"type\":\"iteration\",\"n\":{n},\"ending\":\"finished\",\"failing\":[{}],\"tree\":\"{n}\",\"rerun_disagrees\":[\"f{n}\"]}}\n",
            failing.join(",")
        )
    };
    let taken = |count: u64| {
        let text: String = (1..=count).map(line).collect();
        let begun = worked();
        assert_eq!(read(&text).unwrap().len(), usize::try_from(count).unwrap());
        worked() - begun
    };
    let (short, long) = (taken(1_000), taken(8_000));
    assert!(long < short.max(0.01) * 40.0, "{short} s and {long} s");
}

#[test]
fn a_round_that_is_told_again_after_a_restart_counts_once() {
    let round = |n: u64| {
        event(1, format!("{{\"type\":\"iteration\",\"n\":{n},\"ending\":\"finished\",\"failing\":[\"a\"]}}").as_bytes())
            .unwrap()
            .unwrap()
    };
    let mut watchdog = Watchdog::new(Thresholds::default());
    for n in 1..=4 {
        assert_ne!(watchdog.take(&round(n)).unwrap().level, Level::Stuck);
    }
    for _ in 0..9 {
        assert!(watchdog.take(&Event::EngineRestart).is_none());
        assert_ne!(watchdog.take(&round(4)).unwrap().level, Level::Stuck);
    }
    assert_eq!(watchdog.take(&round(5)).unwrap().level, Level::Stuck);
}

fn any_line() -> impl Strategy<Value = String> {
    let list =
        |items: &'static str| prop::collection::vec(prop::sample::select(items.split(' ').collect::<Vec<_>>()), 0..4);
    let ending = prop::sample::select(vec!["finished", "claims_done", "auth", "rate_limited", "timed_out", "crashed"]);
    let stage = prop::sample::select(vec!["null", "\"build\"", "\"unit\"", "\"e2e\"", "\"gates\""]);
    let number = prop::option::of(0_u64..20);
    let hash = prop::sample::select(vec!["null", "\"\"", "\"x\"", "\"y\"", "\"z\""]);
    let known = prop::sample::select(vec!["null", "true", "false"]);
    let round =
        (0_u64..30, ending, stage, list("a b c d"), list("a b"), (number.clone(), number), (hash.clone(), hash), known);
    prop_oneof![
        8 => round.prop_map(|(n, ending, stage, failing, flaky, (passed, total), (tree, other), known)| {
            let json = |value: &Option<u64>| value.map_or_else(|| "null".to_owned(), |value| value.to_string());
            format!(
                "{{\"type\":\"iteration\",\"n\":{n},\"ending\":\"{ending}\",\"stage\":{stage},\"failing\":{failing:?},\
                 \"rerun_disagrees\":{flaky:?},\"passed\":{},\"total\":{},\"tree\":{tree},\"patch\":{other},\"ledger\":{other},\
                 \"criteria_hash\":{other},\"tests_hash\":{tree},\"verified\":{known},\
                 \"errors\":[{{\"source\":\"test\",\"text\":\"{ending} {n}\"}}]}}",
                json(&passed),
                json(&total)
            )
        }),
        1 => Just("{\"type\":\"redirect\"}".to_owned()),
        1 => Just("{\"type\":\"engine_restart\"}".to_owned()),
        1 => (0_u64..40).prop_map(|to| format!("{{\"type\":\"rollback\",\"to\":{to}}}")),
    ]
}

proptest! {
    #[test]
    fn any_history_has_its_verdicts(lines in prop::collection::vec(any_line(), 0..60)) {
        let text = lines.join("\n");
        let verdicts = read(&text).unwrap();
        let rounds = lines.iter().filter(|line| line.contains("\"iteration\"")).count();
        prop_assert_eq!(verdicts.len(), rounds);
        // Whoever reads only the beginning is told the same of it.
        let half = lines.get(..lines.len() / 2).unwrap().join("\n");
        let first = read(&half).unwrap();
        prop_assert_eq!(verdicts.get(..first.len()).unwrap(), first.as_slice());
        for verdict in verdicts {
            prop_assert!(!verdict.evidence.is_empty() && verdict.evidence.len() < 2_000, "{:?}", verdict);
            prop_assert!(verdict.rule.is_some() || matches!(verdict.level, Level::Ok | Level::Done | Level::Neutral));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), line in 1_u64..9) {
        let _read_or_refused = event(line, &bytes);
    }
}
