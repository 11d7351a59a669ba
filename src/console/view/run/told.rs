//! What is known of an iteration, part by part, as lines to read.

use crate::console::app::{App, Tab};
use crate::console::keymap::Command;
use crate::domain::{Finding, Guidance, GuidanceState, Iteration, Live, LiveFate, Need, Run};
use crate::gates;
use crate::protocol::{IterationDetail, RunDetail};
use crate::safe;
use crate::text::{Colour, SafeText, Style, exact};
use crate::words;

/// The lines of the selected part.
pub(in crate::console::view) fn told(app: &App, one: &Iteration) -> Vec<SafeText> {
    let Some(detail) = app.one.shown() else { return Vec::new() };
    match app.one.tab {
        Tab::Guidance => return guidance(app, detail),
        Tab::Task => return task(app, detail),
        Tab::Diff => return vec![no_diff(app, one)],
        Tab::Findings | Tab::Verdict | Tab::Prompt => {}
    }
    let round = match app.one.round.get(&(one.run, one.number)) {
        Some(Ok(round)) => round,
        Some(Err(fault)) => return vec![safe!("This cannot be shown: {}", fault.to_owned())],
        None => return vec![faint(&safe!("The engine is asked."))],
    };
    match app.one.tab {
        Tab::Verdict => verdict(app, round),
        Tab::Prompt => prompt(round),
        _ => findings(app, round),
    }
}

fn faint(words: &SafeText) -> SafeText {
    words.styled(Style::faint())
}

/// Text of several lines, exactly; each begins at the left edge.
fn whole(text: &str, indent: &SafeText) -> Vec<SafeText> {
    text.lines().map(|line| safe!("{}{}", indent, exact::encode_indented(line.as_bytes()))).collect()
}

/// Why no diff is shown.
fn no_diff(app: &App, one: &Iteration) -> SafeText {
    let found = app.one.diff_key().and_then(|key| app.one.diff.get(&key));
    match (one.number, &one.commit, found) {
        (0, ..) => faint(&safe!("Iteration 0 tests the base as it is: nothing was changed.")),
        (_, None, _) => {
            faint(&safe!("What the agent changes will be here once its turn is over and its tree is taken."))
        }
        (_, _, Some(Ok(_))) => faint(&safe!("The agent changed nothing in this iteration.")),
        (_, _, Some(Err(fault))) => safe!("The diff cannot be shown: {}", fault.to_owned()),
        (_, _, None) => faint(&safe!("The engine is asked.")),
    }
}

fn findings(app: &App, round: &IterationDetail) -> Vec<SafeText> {
    let mut lines = Vec::new();
    if round.findings.is_empty() {
        lines.push(faint(&if round.suites.is_empty() {
            safe!("No finding yet. What the tests show after the agent's turn will be here, with place and stack.")
        } else {
            safe!("Its tests found nothing.")
        }));
    }
    for one in &round.findings {
        let mark = if one.new { safe!("NEW  ").styled(Style::fg(Colour::Red).bold()) } else { safe!("STILL") };
        lines.push(safe!("{} {}", mark, head(&one.finding)));
        lines.extend(whole(&one.finding.message, &safe!("      ")));
        lines.extend(stack(&one.finding));
        lines.push(SafeText::empty());
    }
    for one in &round.gone {
        let first = one.message.lines().next().unwrap_or_default();
        lines.push(safe!("{} {}: {}", safe!("GONE ").styled(Style::fg(Colour::Green)), head(one), first));
    }
    if round.left_out > 0 {
        let name = app.one.run.map_or_else(SafeText::empty, |run| safe!("{}", run));
        lines.push(safe!("{} more findings do not fit here; the logs of {} have them all", round.left_out, name));
    }
    lines
}

/// What and where.
pub(in crate::console::view) fn head(one: &Finding) -> SafeText {
    let test = one.test.as_ref().map_or_else(SafeText::empty, |test| safe!(" in {}", test));
    let place = one.location.as_ref().map_or_else(SafeText::empty, |place| safe!(" at {}", place.to_string()));
    let times = if one.count > 1 { safe!(" ({} times)", one.count) } else { SafeText::empty() };
    safe!("{}{}{}{}", safe!("{}", one.kind).styled(Style::strong()), test, place, times)
}

/// The stack, the innermost frame first.
pub(in crate::console::view) fn stack(one: &Finding) -> Vec<SafeText> {
    let frame = |frame: &crate::domain::Frame| {
        let function = frame.function.as_ref().map_or_else(|| safe!("?"), |name| safe!("{}", name));
        let place = frame.location.as_ref().map_or_else(SafeText::empty, |place| safe!("  {}", place.to_string()));
        safe!("        {}{}", function, faint(&place))
    };
    let mut lines: Vec<SafeText> = one.stack.iter().map(frame).collect();
    if !lines.is_empty() {
        lines.insert(0, faint(&safe!("      stack, innermost first:")));
    }
    lines
}

/// What the watchdog says of an iteration, where that is more than that it moves.
fn watched(app: &App, number: u32) -> Option<SafeText> {
    let rounds = &app.one.shown()?.rounds;
    words::watch(rounds.iter().find(|round| round.number == number)?.watch.as_ref()?)
}

/// What a warning changed for the turn of an iteration.
fn changed(app: &App, number: u32) -> Option<SafeText> {
    let rounds = &app.one.shown()?.rounds;
    rounds.iter().find(|round| round.number == number)?.changed.as_ref().map(words::changed)
}

fn verdict(app: &App, round: &IterationDetail) -> Vec<SafeText> {
    let one = &round.iteration;
    let outcome = words::outcome(one.outcome).styled(Style::strong());
    let mut lines = vec![safe!("{}: {}", outcome, words::counts(one.tests, 0))];
    lines.extend(changed(app, one.number));
    if let Some(report) = &one.report {
        lines.push(safe!("the agent {}: {}", report.ending.name(), report.detail));
    }
    lines.extend(watched(app, one.number));
    lines.extend(words::rerun(one));
    lines.extend(one.audit.iter().flat_map(words::audit));
    for suspicion in &one.suspicions {
        lines.extend(gates::words(suspicion).iter().map(|line| safe!("! {}", line)));
    }
    for suite in &round.suites {
        let (verdict, tests) = (words::suite(suite.verdict), words::counts(suite.tests, 0));
        lines.push(safe!("suite {}: {}, {}", suite.suite, verdict, tests));
        lines.extend(suite.flaky.iter().map(|test| safe!("    flaky: {}", test)));
        lines.extend(suite.oddities.iter().map(|odd| safe!("    {}", odd)));
    }
    for gate in &round.gates {
        lines.push(safe!("gate {}: {}", gate.gate, words::gate(gate.verdict)));
        lines.extend(gate.evidence.iter().map(|line| safe!("    {}", line)));
    }
    if round.suites.is_empty() {
        lines.push(faint(&safe!("What the suites and the gates say will be here once the tests are over.")));
    }
    lines
}

fn prompt(round: &IterationDetail) -> Vec<SafeText> {
    match &round.prompt {
        Some(text) => whole(text, &SafeText::empty()),
        None if round.iteration.number == 0 => {
            vec![faint(&safe!("No agent works in iteration 0, so nothing was sent."))]
        }
        None => vec![faint(&safe!(
            "Nothing was sent yet. The prompt is kept here as it is sent when the agent's turn begins."
        ))],
    }
}

fn guidance(app: &App, detail: &RunDetail) -> Vec<SafeText> {
    let said = |one: &Guidance| {
        let arrow = faint(&safe!(" → "));
        let applied = match (one.state, one.applied_in) {
            (GuidanceState::Applied, Some(number)) => {
                safe!("applied at iteration {}", number).styled(Style::fg(Colour::Green))
            }
            (GuidanceState::Applied, None) => safe!("applied").styled(Style::fg(Colour::Green)),
            (GuidanceState::Accepted, _) => safe!("waits for the next prompt").styled(Style::fg(Colour::Magenta)),
        };
        let ago = words::ago(one.at, app.now);
        let head = safe!("{} by {} {} ago: sent{}accepted{}{}", one.number, one.by, ago, arrow, arrow, applied);
        let went = one.live.as_ref().map(|live| safe!("    {}", came(live)));
        std::iter::once(head)
            .chain(went)
            .chain(one.terms.as_ref().map(|terms| safe!("    {}", words::guidance::terms(terms))))
            .chain(whole(&one.text, &safe!("    ")))
            .chain([SafeText::empty()])
            .collect::<Vec<_>>()
    };
    // The newest is what the agent follows.
    let lines: Vec<SafeText> = detail.guidance.iter().rev().flat_map(said).collect();
    if lines.is_empty() {
        let key = app.keys.first(Command::Redirect);
        return vec![faint(&safe!(
            "Nobody has told this run anything. `{}` gives it guidance, which its next prompt quotes first.",
            key
        ))];
    }
    lines
}

/// What came of giving guidance to an agent at work.
fn came(live: &Live) -> SafeText {
    let words = words::guidance::live(live);
    match live.fate {
        LiveFate::Delivered => words.styled(Style::fg(Colour::Green)),
        LiveFate::Sending => words.styled(Style::fg(Colour::Magenta)),
        LiveFate::Missed { .. } | LiveFate::Unknown => faint(&words),
    }
}

fn task(app: &App, detail: &RunDetail) -> Vec<SafeText> {
    let run = &detail.view.run;
    let mut lines = whole(&run.task, &SafeText::empty());
    lines.push(SafeText::empty());
    let mut item = |name: SafeText, value: SafeText| lines.push(safe!("{} {}", faint(&name.pad_right(10)), value));
    for criterion in &run.criteria {
        item(safe!("criterion"), safe!("{}", criterion));
    }
    if !run.reason.is_empty() {
        item(safe!("reason"), safe!("{}", run.reason));
    }
    for one in &run.after {
        let need = match one.need {
            Need::Success => safe!("starts when it has succeeded"),
            Need::Asked => safe!("it did not succeed; a person is asked"),
            Need::Waived => safe!("it did not succeed; a person let this one start all the same"),
        };
        item(safe!("after"), safe!("{}: {}", one.run, need));
    }
    item(safe!("agent"), safe!("{}, {} priority", words::agent(run), run.priority.name()));
    item(safe!("started"), safe!("{} ago by {}", words::ago(run.created, app.now), run.owner));
    item(safe!("spent"), safe!("{}{}", spent(run), words::pending(detail.view.pending)));
    if let Some(image) = &run.image {
        item(safe!("image"), safe!("{} is {}", image.asked, image.id));
    }
    if let Some(base) = &run.base {
        item(safe!("base"), safe!("{}", base));
    }
    if let Some(head) = &run.head {
        item(safe!("head"), safe!("{} on {}", head, run.branch()));
    }
    for seen in &detail.egress {
        item(safe!("outside"), words::egress(seen));
    }
    lines
}

fn spent(run: &Run) -> SafeText {
    let budget = run.budget;
    let cap = |cap: Option<SafeText>| cap.map_or_else(SafeText::empty, |cap| safe!(" of {}", cap));
    let span = |ms: u64| words::span(i64::try_from(ms).unwrap_or(i64::MAX));
    safe!(
        "{} of {} iterations, {}{} of work, {}{} tokens, {}{}",
        run.spent.iterations,
        budget.iterations,
        span(run.spent.milliseconds),
        cap(budget.seconds.map(|seconds| span(seconds.saturating_mul(1000)))),
        run.spent.tokens,
        cap(budget.tokens.map(|tokens| safe!("{}", tokens))),
        words::dollars(run.spent.microusd),
        cap(budget.microusd.map(words::dollars))
    )
}
