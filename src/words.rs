//! Words that several subcommands use: spans of time, states, counts of tests.

pub mod asset;
pub mod backup;
pub mod bug;
pub mod dataset;
pub mod feature;
pub mod guidance;
pub mod lesson;
pub mod repair;
pub mod schedule;

use crate::domain::{
    Audit, EgressSeen, GateVerdict, Iteration, Millis, ModelStop, Outcome, Remedy, Role, Run, RunState, StepLog,
    SuiteVerdict, Usage,
};
use crate::protocol::{ProviderFault, ProviderView, RunView, StoppedModels};
use crate::safe;
use crate::text::{Colour, SafeText, Style};
use crate::watchdog::{Level, Verdict};
use std::time::{SystemTime, UNIX_EPOCH};

/// The present instant by the wall clock.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A span of time in its two largest units: `42s`, `3m 5s`, `2h 10m`, `4d 1h`.
pub fn span(milliseconds: i64) -> SafeText {
    let seconds = milliseconds.max(0) / 1000;
    match seconds {
        0..60 => safe!("{}s", seconds),
        60..3600 => safe!("{}m {}s", seconds / 60, seconds % 60),
        3600..86_400 => safe!("{}h {}m", seconds / 3600, seconds % 3600 / 60),
        _ => safe!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// A number of thousandths with one place behind the point; a dash where there is none.
pub fn thousandths(number: Option<u64>) -> SafeText {
    number.map_or_else(|| safe!("-"), |number| safe!("{}.{}", number / 1000, number % 1000 / 100))
}

/// A number of thousandths as whole hundredths.
pub fn percent(number: Option<u64>) -> SafeText {
    number.map_or_else(|| safe!("-"), |number| safe!("{} %", number / 10))
}

/// So many people.
pub fn people(number: u32) -> SafeText {
    if number == 1 { safe!("1 person") } else { safe!("{} people", number) }
}

/// How long ago an instant was.
pub fn ago(instant: Millis, now: Millis) -> SafeText {
    span(now.since(instant))
}

/// About how long ago an instant was, in its largest unit alone: `42s`, `3m`, `2h`, `4d`. For narrow columns; it also changes
/// seldom, which keeps a screen calm.
pub fn age(instant: Millis, now: Millis) -> SafeText {
    let seconds = now.since(instant).max(0) / 1000;
    match seconds {
        0..60 => safe!("{}s", seconds),
        60..3600 => safe!("{}m", seconds / 60),
        3600..86_400 => safe!("{}h", seconds / 3600),
        _ => safe!("{}d", seconds / 86_400),
    }
}

/// A state's name in the colour that says whether somebody is needed.
pub fn state(state: RunState) -> SafeText {
    let style = match state {
        RunState::Succeeded => Style::fg(Colour::Green),
        RunState::Failed => Style::fg(Colour::Red),
        RunState::Cancelled => Style::faint(),
        other if other.awaits_person() => Style::fg(Colour::Magenta),
        _ => Style::PLAIN,
    };
    safe!("{}", state.name()).styled(style)
}

/// What an auditor says of a result.
pub fn audit(audit: &Audit) -> Vec<SafeText> {
    let cost = audit.cost().map_or_else(SafeText::empty, |cost| safe!(" ({})", cost));
    let head = safe!("the auditor {} {}{}", audit.by(), audit.opinion.words(), cost);
    std::iter::once(head).chain(audit.words.lines().map(|line| safe!("  {}", line))).collect()
}

/// How an iteration ended.
pub fn outcome(outcome: Option<Outcome>) -> SafeText {
    match outcome {
        None => safe!("at work"),
        Some(Outcome::Red) => safe!("red"),
        Some(Outcome::Green) => safe!("green"),
        Some(Outcome::Suspicious) => safe!("suspicious"),
        Some(Outcome::Neutral) => safe!("neutral"),
    }
}

/// What the engine makes of a suite.
pub fn suite(verdict: SuiteVerdict) -> SafeText {
    match verdict {
        SuiteVerdict::Passed => safe!("passed"),
        SuiteVerdict::Failed => safe!("failed"),
        SuiteVerdict::Uncounted => safe!("succeeded without counts"),
        SuiteVerdict::NoVerdict => safe!("no verdict"),
        SuiteVerdict::Flaky => safe!("failed by flaky tests only"),
    }
}

/// Which suites ran a second time in an iteration, and what came of that.
pub fn rerun(one: &Iteration) -> Option<SafeText> {
    if one.rerun.is_empty() && one.rerun_disagrees.is_empty() {
        return None;
    }
    let suites = one.rerun.join(", ");
    let gathered = one.ended.is_some() || one.tests != (0, 0, 0);
    let came = match one.rerun_disagrees.len() {
        0 if !gathered => SafeText::empty(),
        0 => safe!("; nothing differed"),
        1 => safe!("; 1 test failed and passed"),
        many => safe!("; {} tests failed and passed", many),
    };
    Some(if suites.is_empty() {
        safe!("the same tree was tested before{}", came)
    } else {
        safe!("in doubt, so a second time on the same tree: {}{}", suites, came)
    })
}

/// What a gate says.
pub fn gate(verdict: GateVerdict) -> SafeText {
    match verdict {
        GateVerdict::Pass => safe!("pass"),
        GateVerdict::Fail => safe!("fail"),
        GateVerdict::NeedsPerson => safe!("needs a person"),
        GateVerdict::Unavailable => safe!("unavailable"),
    }
}

/// What the watchdog says, where that is more than that the run moves.
pub fn watch(verdict: &Verdict) -> Option<SafeText> {
    let word = match verdict.level {
        Level::Warn => safe!("slow"),
        Level::Stuck => safe!("stuck"),
        Level::Escalate => safe!("look at it"),
        Level::Ok | Level::Done | Level::Neutral => return None,
    };
    let rule = verdict.rule.map_or_else(SafeText::empty, |rule| safe!(" by {}", format!("{rule:?}")));
    Some(safe!("{}{}: {}", word.styled(Style::strong()), rule, verdict.evidence))
}

/// What a warning changed for a turn.
pub fn changed(change: &Remedy) -> SafeText {
    match change {
        Remedy::FreshSession => safe!("warned before it, so the agent began a conversation anew"),
        Remedy::Agent(name) => safe!("warned before it, so another agent worked on it: {}", name.clone()),
        Remedy::Model(name) => safe!("warned before it, so the agent asked another model: {}", name.clone()),
    }
}

/// How the engine's note begins for a run that waits for its turn or for space.
pub const WAITS: &str = "waits for ";

/// What a run waits for, if anything.
pub fn waits_for(view: &RunView, now: Millis) -> SafeText {
    let run = &view.run;
    match (run.question, run.not_before) {
        (Some(question), _) => safe!("you: approvals show {}", question),
        (None, _) if run.state == RunState::AwaitingRedirect => safe!("you: redirect {} TEXT", run.id),
        (None, _) if run.state == RunState::Paused => safe!("you: resume {}", run.id),
        (None, Some(until)) if until > now && !run.state.is_final() => safe!("{}", until),
        _ => match view.note.as_deref().and_then(|note| note.strip_prefix(WAITS)) {
            Some(what) => safe!("{}", what),
            None => SafeText::empty(),
        },
    }
}

/// The agent, what it is there for and where it works, where these are not the usual.
pub fn agent(run: &Run) -> SafeText {
    let agent = match run.role {
        Role::Coder => safe!("{}", run.agent),
        role => safe!("{} as {}", run.agent, role.name()),
    };
    if run.engine.is_empty() { agent } else { safe!("{} on engine {}", agent, run.engine) }
}

/// What the turn under way took of models so far, behind what the run has spent.
pub fn pending(pending: Option<Usage>) -> SafeText {
    pending.map_or_else(SafeText::empty, |took| {
        safe!(", and in the turn under way {} tokens, {}", took.tokens, dollars(took.microusd))
    })
}

/// The iteration and the cap. The number of one that waits for more budget, or that follows a rollback, is beyond the cap:
/// then those that counted stand beside it.
pub fn iteration(run: &Run) -> SafeText {
    let (number, most) = (run.iteration, run.budget.iterations);
    if number <= most { safe!("{}/{}", number, most) } else { safe!("{} ({}/{})", number, run.spent.iterations, most) }
}

/// Counts of tests in words. Of those that failed so many may go by luck, which is another thing than a failure.
pub fn counts((passed, failed, skipped): (u32, u32, u32), flaky: u32) -> SafeText {
    let luck = if flaky == 0 { SafeText::empty() } else { safe!("{} flaky, ", flaky) };
    safe!("{} passed, {} failed, {}{} skipped", passed, failed.saturating_sub(flaky), luck, skipped)
}

/// Counts of tests for a narrow column: passed, failed, skipped.
pub fn tests((passed, failed, skipped): (u32, u32, u32)) -> SafeText {
    safe!("{}/{}/{}", passed, failed, skipped)
}

/// Money in dollars, from millionths.
pub fn dollars(microusd: u64) -> SafeText {
    let cents = microusd / 10_000;
    safe!("${}.{}{}", cents / 100, cents % 100 / 10, cents % 10)
}

/// What there is to say of a log beside its bytes.
pub fn log(log: &StepLog) -> Option<SafeText> {
    match log {
        StepLog::Open | StepLog::Kept { .. } | StepLog::Missing => None,
        StepLog::Damaged { reason, .. } => Some(safe!("damaged: {}", reason)),
        StepLog::Removing { reason, .. } => Some(safe!("being removed by retention: {}", reason)),
        StepLog::Removed { at, reason } => Some(safe!("removed by retention on {}: {}", at, reason)),
    }
}

/// A place outside that a sandbox asked for.
pub fn host(seen: &EgressSeen) -> SafeText {
    match (seen.host.as_str(), seen.port) {
        ("", _) => safe!("further hosts"),
        (host, 0) => safe!("{}", host),
        (host, port) => safe!("{}:{}", host, port),
    }
}

/// What failed last at a provider of models, if anything did.
pub fn provider_fault(provider: &ProviderView) -> Option<SafeText> {
    let ProviderFault { why, failures, left } = provider.fault.as_ref()?;
    let left = i64::try_from(*left).unwrap_or(i64::MAX);
    let rest = if left > 0 { safe!(", left out for {} more", span(left)) } else { SafeText::empty() };
    let times = if *failures == 1 { safe!("once") } else { safe!("{} times in a row", failures) };
    Some(safe!("provider {} failed {}: {}{}", provider.name, times, why, rest))
}

/// That models are stopped.
pub fn models_stopped(stopped: &StoppedModels) -> SafeText {
    let ModelStop { by, reason, at } = &stopped.stop;
    let whose = stopped
        .project
        .as_ref()
        .map_or_else(|| safe!("models are stopped"), |project| safe!("models of {} are stopped", project));
    let why = if reason.is_empty() { SafeText::empty() } else { safe!(": {}", reason) };
    safe!("{} by {} since {}{}", whose, by.label(), at, why)
}

/// What came of what a sandbox asked of a place outside.
pub fn egress(seen: &EgressSeen) -> SafeText {
    let what = if seen.allowed { safe!("let out by") } else { safe!("refused:").styled(Style::fg(Colour::Red)) };
    let bytes = match (seen.up, seen.down) {
        (0, 0) => SafeText::empty(),
        (up, down) => safe!(", {} out, {} in", size(up), size(down)),
    };
    let times = if seen.requests == 1 { safe!("once") } else { safe!("{} times", seen.requests) };
    safe!("{} {} {}, {}{}", host(seen), what, seen.rule, times, bytes)
}

/// A number of bytes with one decimal in the largest unit that fits.
pub fn size(bytes: u64) -> SafeText {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut tenths = bytes.saturating_mul(10) / 1024;
    for unit in UNITS {
        if tenths < 10_240 || unit == "PiB" {
            return if bytes < 1024 { safe!("{} B", bytes) } else { safe!("{}.{} {}", tenths / 10, tenths % 10, unit) };
        }
        tenths /= 1024;
    }
    safe!("{} B", bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_take_two_units() {
        for (milliseconds, words) in
            [(-5, "0s"), (59_999, "59s"), (185_000, "3m 5s"), (7_800_000, "2h 10m"), (349_200_000, "4d 1h")]
        {
            assert_eq!(span(milliseconds).as_str(), words);
        }
        for (bytes, words) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (20 << 30, "20.0 GiB")] {
            assert_eq!(size(bytes).as_str(), words);
        }
        for (milliseconds, words) in
            [(-5, "0s"), (59_999, "59s"), (185_000, "3m"), (7_800_000, "2h"), (349_200_000, "4d")]
        {
            assert_eq!(age(Millis(0), Millis(milliseconds)).as_str(), words);
        }
        assert_eq!(dollars(1_234_567).as_str(), "$1.23");
    }
}
