//! What an engine would say of a run, a bug and its log, with any text wherever outside text may be.

use super::*;
use crate::domain::{
    AgentReport, Audit, AuditPage, AuditRecord, EgressSeen, Ending, Finding, Frame, GateResult, GateVerdict, Guidance,
    GuidanceState, Iteration, Live, LiveFate, Location, Outcome, Remedy, Severity, SuiteVerdict, Suspicion, Terms,
    TermsFrom, Usage,
};
use crate::protocol::{BugAttempt, BugDetail, BugRepair, BugRun, IterationDetail, Round, RunDetail, Seen, SuiteView};
use crate::watchdog::{Level, Rule, Verdict};

const PATCH: &str = "diff --git a/src/totals.py b/src/totals.py\nindex 5d1..8e2 100644\n--- a/src/totals.py\n+++ b/src/totals.py\n\
    @@ -10,6 +10,7 @@ def total(items):\n     # Sum of all items.\n     result = 0\n-    for item in items:\n\
    -        result += item.price\n+    for item in items or []:\n+        price = round(item.price, 2)\n\
    +        result += price if price > 0 else \"nothing\"\n     return result\ndiff --git a/go.mod b/go.mod\nnew file mode 100644\n\
    --- /dev/null\n+++ b/go.mod\n@@ -0,0 +1 @@\n+\tmodule \u{1b}[31mx\n";

fn finding(name: &str, message: &str) -> Finding {
    Finding {
        source: Source::Test,
        kind: "AssertionError".to_owned(),
        severity: Severity::Error,
        message: message.to_owned(),
        test: Some(format!("tests/test_totals.py::{name}")),
        location: Some(Location { file: "src/totals.py".to_owned(), line: Some(13), column: None }),
        stack: vec![Frame {
            function: Some("total".to_owned()),
            location: Some(Location { file: "src/totals.py".to_owned(), line: Some(13), column: Some(5) }),
        }],
        exact: Fingerprint(format!("{name:0>32}")),
        class: Fingerprint("c".repeat(32)),
        count: 2,
    }
}

pub(super) fn iteration(run: i64, number: u32, outcome: Option<Outcome>) -> Iteration {
    let report = AgentReport::new(
        Ending::Finished,
        "it exited with code 0 and said: rounding repaired".to_owned(),
        Usage::default(),
    );
    Iteration {
        commit: (number > 0 && outcome.is_some()).then(|| format!("{number:0>8}").repeat(5)),
        report: (number > 0 && outcome.is_some()).then_some(report),
        outcome,
        tests: if outcome.is_some() { (39 + number, 4 - number, 0) } else { (0, 0, 0) },
        suspicions: if number == 3 { vec![Suspicion::GreenAtStart] } else { Vec::new() },
        ended: outcome.map(|_| Millis(NOW.0 - 750_000 + i64::from(number) * 200_000)),
        ..Iteration::new(RunId(run), number, "b".repeat(40), Millis(NOW.0 - 900_000 + i64::from(number) * 200_000))
    }
}

pub(super) fn detail(id: i64, text: &str) -> RunDetail {
    let mut view = run(id, RunState::Developing, text);
    view.note = Some("iteration 4: the agent works".to_owned());
    view.run.iteration = 4;
    view.run.budget.iterations = 10;
    view.run.spent = Spent { iterations: 3, milliseconds: 610_000, tokens: 48_210, microusd: 1_230_000 };
    view.run.criteria = vec!["All tests pass".to_owned()];
    let outcomes = [Some(Outcome::Red), Some(Outcome::Red), Some(Outcome::Neutral), Some(Outcome::Suspicious), None];
    let iterations = (0..).zip(outcomes).map(|(number, outcome)| iteration(id, number, outcome)).collect();
    let rounds = (0..5).map(|number| Round {
        number,
        findings: [Some((4, 0, 0)), Some((1, 2, 2)), None, Some((0, 3, 0)), None][number as usize],
        used: Spent { tokens: u64::from(number) * 12_345, microusd: u64::from(number) * 310_000, ..Spent::default() },
        watch: (number == 3).then(|| Verdict {
            n: u64::from(number),
            level: Level::Warn,
            rule: Some(Rule::R1),
            evidence: format!("the same 3 tests failed in iterations 1-3: {text}"),
        }),
        changed: (number == 4).then(|| Remedy::Agent(text.to_owned())),
    });
    let guidance = |number, applied_in: Option<u32>| Guidance {
        run: RunId(id),
        number,
        by: operator(),
        text: format!("{text}\nand leave the tests as they are"),
        at: Millis(NOW.0 - 400_000),
        state: if applied_in.is_some() { GuidanceState::Applied } else { GuidanceState::Accepted },
        applied_in,
        live: applied_in.is_none().then(|| Live {
            iteration: 4,
            step: format!("r{id}-i4-develop-a1"),
            at: Millis(NOW.0 - 390_000),
            fate: LiveFate::Delivered,
        }),
        terms: applied_in.is_none().then(|| TermsFrom {
            from: 5,
            terms: Terms { agent: Some(text.to_owned()), model: Some(text.to_owned()), iterations: Some(3) },
        }),
    };
    RunDetail {
        view,
        iterations,
        rounds: rounds.collect(),
        suites: Vec::new(),
        findings: Vec::new(),
        gates: Vec::new(),
        guidance: vec![guidance(1, Some(3)), guidance(2, None)],
        questions: Vec::new(),
        steps: Vec::new(),
        egress: vec![outside(id, "pypi.org", true), outside(id, text, false)],
        best: Some(2),
    }
}

/// What a run asked of a host outside.
pub(super) fn outside(id: i64, host: &str, allowed: bool) -> EgressSeen {
    EgressSeen {
        run: RunId(id),
        host: host.to_owned(),
        port: 443,
        allowed,
        rule: if allowed { "pypi" } else { "not on the list" }.to_owned(),
        requests: 3,
        up: if allowed { 2_048 } else { 0 },
        down: if allowed { 5 << 20 } else { 0 },
        milliseconds: 1_500,
        first: Millis(NOW.0 - 120_000),
        last: Millis(NOW.0 - 60_000),
    }
}

fn round(id: i64, number: u32, text: &str) -> IterationDetail {
    let outcome = [Some(Outcome::Red), Some(Outcome::Red), Some(Outcome::Neutral), Some(Outcome::Suspicious), None];
    let seen = |name, new| Seen { finding: finding(name, &format!("{text}\nassert 10.0 == 9.99")), new };
    let suite = SuiteView {
        suite: "unit".to_owned(),
        verdict: SuiteVerdict::Failed,
        tests: (40, 3, 0),
        oddities: vec![text.to_owned()],
        flaky: vec![text.to_owned()],
    };
    let gate = GateResult { gate: "tests".to_owned(), verdict: GateVerdict::Fail, evidence: vec![text.to_owned()] };
    let over = number < 4;
    let said = format!("disagree\n{text}");
    let used = Usage { tokens: 7_100, microusd: 0 };
    let audit = (number == 3).then(|| Audit::new(Some(&said), "codex".to_owned(), Some("large".to_owned()), used));
    let iteration = iteration(id, number, outcome.get(number as usize).copied().flatten());
    IterationDetail {
        iteration: Iteration { audit, ..iteration },
        suites: if over { vec![suite] } else { Vec::new() },
        findings: if over { vec![seen("test_round", true), seen("test_empty", false)] } else { Vec::new() },
        gone: if over { vec![finding("test_sum", text)] } else { Vec::new() },
        gates: if over { vec![gate] } else { Vec::new() },
        prompt: (number > 0).then(|| format!("# Task\n\n{text}\n\n# How you are judged\n\n        deep\n")),
        left_out: u64::from(number == 1),
    }
}

fn bug_detail(id: BugId, text: &str) -> BugDetail {
    let seen =
        |run, gone| BugRun { run: RunId(run), state: RunState::Succeeded, first: 0, last: 2, iterations: 3, gone };
    let tried =
        |iteration, gone| BugAttempt { run: RunId(3), iteration, said: text.to_owned(), gone, tried: String::new() };
    let repair = BugRepair {
        run: RunId(3),
        iteration: 3,
        commit: "c".repeat(40),
        patch: format!("calc.py\n-    return a - b\n+    return a + b\n+{text}\n"),
        helped: 2,
        failed: 1,
    };
    BugDetail {
        bug: bug(id.0, text),
        latest: Some(finding("test_round", text)),
        runs: vec![seen(3, Some(3)), seen(1, None)],
        attempts: vec![tried(3, true), tried(2, false)],
        repairs: vec![repair],
        merged: Vec::new(),
        alike: Vec::new(),
        more: true,
    }
}

fn page(before: Option<u64>, text: &str) -> AuditPage {
    let end = before.unwrap_or(120);
    let record = |seq: u64| {
        let kind = if seq.is_multiple_of(3) { "question.answered" } else { "run.tested" };
        let record = serde_json::json!({
            "v": 1, "seq": seq, "wall": NOW.0 - 60_000 * (120 - i64::try_from(seq).unwrap()), "actor": operator(), "kind": kind,
            "run": 1 + seq % 3, "detail": { "text": text },
        });
        let record = record.to_string();
        let hash = crate::audit::hex(&<sha2::Sha256 as sha2::Digest>::digest(record.as_bytes()));
        AuditRecord { seq, hash: if seq.is_multiple_of(5) { "0".repeat(64) } else { hash }, record }
    };
    let first = end.saturating_sub(50).max(1);
    AuditPage { records: (first..end).rev().map(record).collect(), next: (first > 1).then_some(first) }
}

/// A proposal with this text wherever somebody else's may be.
fn proposed(text: &str) -> crate::protocol::ProposalDetail {
    let mut one = proposals::proposal(true, crate::approval::tests::fixtures::command(&[text, "", text]));
    let proposed = &mut one.proposed;
    proposed.command.stdin = Some(text.as_bytes().to_vec());
    proposed.command.env = vec![(text.to_owned(), text.as_bytes().to_vec())];
    (proposed.command.cwd, proposed.command.user) = (text.to_owned(), Some(text.to_owned()));
    (proposed.asset.name, proposed.asset.environment) = (text.to_owned(), text.to_owned());
    (proposed.asset.host_key, proposed.asset.means) = (Some(text.to_owned()), text.to_owned());
    proposed.asset.labels = [(text.to_owned(), text.to_owned())].into();
    let claims = crate::domain::Claims { why: text.to_owned(), expect: text.to_owned(), undo: text.to_owned() };
    proposed.claims = claims;
    one.reason = text.to_owned();
    let mut detail = proposals::detail(one);
    (detail.hindrance, detail.freeze) = (Some(text.to_owned()), Some(text.to_owned()));
    detail.output = text.len() as u64;
    detail
}

/// What an engine would say, with this text wherever outside text may be.
pub(super) fn reply(request: &Request, text: &str) -> Option<Reply> {
    Some(match request {
        Request::Run { run } => Reply::Detail { detail: Box::new(detail(run.0, text)) },
        Request::Iteration { run, iteration } => Reply::Iteration { detail: Box::new(round(run.0, *iteration, text)) },
        Request::Diff { .. } => Reply::Patch { bytes: Bytes::new(format!("{PATCH}{text}").as_bytes()) },
        Request::Bug { bug } => Reply::Bug { detail: Box::new(bug_detail(*bug, text)) },
        Request::Proposals { .. } => {
            Reply::Proposals { proposals: vec![proposals::brief(&proposed(text))], more: false }
        }
        Request::Proposal { .. } => Reply::Proposal { detail: Box::new(proposed(text)) },
        Request::ReadOutput { offset, .. } => {
            Reply::Output { bytes: Bytes::new(text.as_bytes()), offset: *offset, end: offset + text.len() as u64 }
        }
        Request::Audit { before, .. } => Reply::Audit { page: page(*before, text) },
        Request::Metrics { days } => Reply::Metrics { metrics: Box::new(super::metrics::month(*days, text)) },
        Request::Assets => Reply::Assets { assets: super::fleet::assets(text) },
        Request::Asset { name } => {
            let all = super::fleet::assets(text).into_iter();
            Reply::Assets { assets: all.filter(|view| view.asset.spec.name.as_str() == name).collect() }
        }
        request => return super::knowledge::known(request, text),
    })
}

/// Lets the engine answer until nothing more is asked.
pub(super) fn served(app: &mut App, text: &str) {
    for _ in 0..6 {
        app.want();
        answer(app, |request| reply(request, text));
    }
}
