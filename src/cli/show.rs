//! `dogwatch show`: everything about one run.

use super::approvals;
use super::context::{Context, Failure, unfit};
use crate::config::units::format_size;
use crate::domain::{Finding, Guidance, Iteration, Need, Needs, RunId, Step, StepEnd, StepState};
use crate::gates;
use crate::protocol::{Reply, Request, Round, RunDetail, RunView, SuiteView};
use crate::safe;
use crate::text::{SafeText, Style, exact};
use crate::words;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, such as r12
    run: RunId,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Detail { detail } = context.ask(Request::Run { run: args.run }).await? else { return unfit() };
    if args.json {
        context.json(&detail)?;
        return Ok(0);
    }
    for line in page(&detail) {
        context.say_wrapped(&line)?;
    }
    Ok(0)
}

/// A run in readable sections; empty ones are left out.
fn page(detail: &RunDetail) -> Vec<SafeText> {
    let mut lines = head(&detail.view);
    let mut section = |title: SafeText, inner: Vec<SafeText>| {
        if !inner.is_empty() {
            lines.push(SafeText::empty());
            lines.push(title.styled(Style::strong()));
            lines.extend(inner);
        }
    };
    let round = |number| detail.rounds.iter().find(|round| round.number == number);
    section(safe!("Iterations"), detail.iterations.iter().flat_map(|one| iteration(one, round(one.number))).collect());
    section(safe!("Suites"), detail.suites.iter().flat_map(suite).collect());
    section(safe!("Findings"), detail.findings.iter().map(finding).collect());
    let gates = detail.gates.iter().flat_map(|gate| {
        let head = safe!("  {}: {}", gate.gate, words::gate(gate.verdict));
        std::iter::once(head).chain(gate.evidence.iter().map(|line| safe!("    {}", line))).collect::<Vec<_>>()
    });
    section(safe!("Gates"), gates.collect());
    section(safe!("Guidance"), detail.guidance.iter().flat_map(|one| guidance(one, detail)).collect());
    section(safe!("Questions"), detail.questions.iter().flat_map(approvals::lines).collect());
    section(safe!("Steps"), detail.steps.iter().map(step).collect());
    section(
        safe!("Asked of hosts outside"),
        detail.egress.iter().map(|seen| safe!("  {}", words::egress(seen))).collect(),
    );
    if detail.view.shortened {
        lines.extend([SafeText::empty(), safe!("long lists were cut, so that all of it fits into one answer")]);
    }
    lines
}

fn head(view: &RunView) -> Vec<SafeText> {
    let run = &view.run;
    let now = words::now();
    let title = safe!("{} {}", run.id, view.project).styled(Style::strong());
    let mut lines = vec![safe!("{}  {}", title, words::state(run.state))];
    let mut item = |name: SafeText, value: SafeText| {
        if !value.is_empty() {
            lines.push(safe!("  {} {}", name.pad_right(9), value));
        }
    };
    for (number, line) in exact::encode_lines(run.task.as_bytes()).into_iter().enumerate() {
        item(if number == 0 { safe!("task") } else { SafeText::empty() }, line);
    }
    for criterion in &run.criteria {
        item(safe!("criterion"), safe!("{}", criterion));
    }
    item(safe!("feature"), run.feature().map_or_else(SafeText::empty, |feature| safe!("{}", feature)));
    item(safe!("reason"), safe!("{}", run.reason));
    let doing = view.note.as_ref().filter(|note| !note.starts_with(words::WAITS));
    item(safe!("now"), doing.map_or_else(SafeText::empty, |note| safe!("{}", note)));
    item(safe!("waits for"), words::waits_for(view, now));
    item(safe!("priority"), safe!("{}", run.priority.name()));
    if run.needs != Needs::default() {
        let needs = run.needs;
        let (whole, part) = (needs.millicpus / 1000, needs.millicpus % 1000 / 100);
        item(safe!("needs"), safe!("{} of memory, {}.{} processors", words::size(needs.memory_mib << 20), whole, part));
    }
    for one in &run.after {
        let need = match one.need {
            Need::Success => safe!("starts when it has succeeded"),
            Need::Asked => safe!("it did not succeed; a person is asked"),
            Need::Waived => safe!("it did not succeed; a person let this one start all the same"),
        };
        item(safe!("after"), safe!("{}: {}", one.run, need));
    }
    item(safe!("agent"), words::agent(run));
    if run.audit {
        item(safe!("audit"), safe!("another agent looks at its result before that is delivered"));
    }
    item(safe!("iteration"), words::iteration(run));
    let budget = run.budget;
    let cap = |cap: Option<SafeText>| cap.map_or_else(SafeText::empty, |cap| safe!(" of {}", cap));
    let milliseconds = |ms: u64| words::span(i64::try_from(ms).unwrap_or(i64::MAX));
    item(
        safe!("spent"),
        safe!(
            "{} iterations, {}{} of work, {}{} tokens, {}{}{}",
            run.spent.iterations,
            milliseconds(run.spent.milliseconds),
            cap(budget.seconds.map(|seconds| milliseconds(seconds.saturating_mul(1000)))),
            run.spent.tokens,
            cap(budget.tokens.map(|tokens| safe!("{}", tokens))),
            words::dollars(run.spent.microusd),
            cap(budget.microusd.map(words::dollars)),
            words::pending(view.pending)
        ),
    );
    item(safe!("started"), safe!("{} by {}, {} ago", run.created, run.owner, words::ago(run.created, now)));
    item(safe!("changed"), safe!("{}, {} ago", run.updated, words::ago(run.updated, now)));
    if let Some(image) = &run.image {
        let digest = image.digest.as_ref().map_or_else(SafeText::empty, |digest| safe!(", pulled as {}", digest));
        item(safe!("image"), safe!("{} is {}{}", image.asked, image.id, digest));
    }
    item(safe!("base"), run.base.as_ref().map_or_else(SafeText::empty, |commit| safe!("{}", commit)));
    let branch = run.branch();
    item(safe!("head"), run.head.as_ref().map_or_else(SafeText::empty, |commit| safe!("{} on {}", commit, branch)));
    lines
}

fn iteration(one: &Iteration, round: Option<&Round>) -> Vec<SafeText> {
    let end = one.ended.unwrap_or_else(words::now);
    let commit = one.commit.as_ref().map_or_else(SafeText::empty, |commit| safe!(", commit {}", commit));
    let (outcome, tests) = (words::outcome(one.outcome), words::counts(one.tests, 0));
    let took = words::ago(one.started, end);
    let mut lines = vec![safe!("  {}  {}: {}, {}{}", one.number, outcome, tests, took, commit)];
    lines.extend(round.and_then(|round| round.changed.as_ref()).map(|change| safe!("     {}", words::changed(change))));
    if let Some(report) = &one.report {
        lines.push(safe!("     agent {}: {}", report.ending.name(), report.detail));
    }
    lines
        .extend(round.and_then(|round| round.watch.as_ref()).and_then(words::watch).map(|line| safe!("     {}", line)));
    lines.extend(words::rerun(one).map(|line| safe!("     {}", line)));
    lines.extend(one.audit.iter().flat_map(words::audit).map(|line| safe!("     {}", line)));
    for suspicion in &one.suspicions {
        lines.extend(gates::words(suspicion).iter().map(|line| safe!("     {}", line)));
    }
    lines
}

fn suite(one: &SuiteView) -> Vec<SafeText> {
    let head = safe!("  {}: {}, {}", one.suite, words::suite(one.verdict), words::counts(one.tests, 0));
    let flaky = one.flaky.iter().map(|test| safe!("    flaky: {}", test));
    std::iter::once(head).chain(flaky).chain(one.oddities.iter().map(|odd| safe!("    {}", odd))).collect()
}

fn finding(one: &Finding) -> SafeText {
    let place = one.location.as_ref().map_or_else(SafeText::empty, |place| safe!(" at {}", place.to_string()));
    let test = one.test.as_ref().map_or_else(SafeText::empty, |test| safe!(" in {}", test));
    let times = if one.count > 1 { safe!(" ({} times)", one.count) } else { SafeText::empty() };
    let mut lines = one.message.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    // The whole message, source lines and all, is in the log and in --json.
    let more = match lines.count() {
        0 => SafeText::empty(),
        more => safe!(" (and {} more lines)", more),
    };
    safe!("  {}{}{}: {}{}{}", one.kind, test, place, first, more, times)
}

fn guidance(one: &Guidance, detail: &RunDetail) -> Vec<SafeText> {
    let applied = words::guidance::applied(one, &detail.view.run, &detail.steps);
    let head = safe!("  {} by {} at {}", one.number, one.by, one.at);
    let terms = one.terms.iter().map(words::guidance::terms);
    let went =
        one.live.iter().map(words::guidance::live).chain(terms).chain([applied]).map(|line| safe!("     {}", line));
    let text = exact::encode_lines(one.text.as_bytes());
    std::iter::once(head).chain(went).chain(text.into_iter().map(|line| safe!("       {}", line))).collect()
}

fn step(one: &Step) -> SafeText {
    let state = match &one.state {
        StepState::Intended => safe!("intended"),
        StepState::Created { container } => safe!("in container {}", container).truncate(25),
        StepState::Ended { end, intrusions: 0, .. } => ended(end),
        StepState::Ended { end, intrusions, .. } => safe!("{}, {} refused connections", ended(end), intrusions),
    };
    let until = one.ended.unwrap_or_else(words::now);
    let log = words::log(&one.log).map_or_else(SafeText::empty, |words| safe!("; log {}", words));
    safe!("  {}  {}  {}{}", one.key.to_string(), words::ago(one.started, until), state, log)
}

fn ended(end: &StepEnd) -> SafeText {
    match end {
        StepEnd::Exited { code } => safe!("exit code {}", code),
        StepEnd::Signalled { signal, oom: Some(true) } => safe!("out of memory (signal {})", signal),
        StepEnd::Signalled { signal, .. } => safe!("signal {}", signal),
        StepEnd::TimedOut { seconds } => safe!("ran past its limit of {}s", seconds),
        StepEnd::Silent { seconds } => safe!("wrote nothing for {}s", seconds),
        StepEnd::Overfull { what, mib } => {
            safe!("stopped: its {} came to the cap of {} or of files", what.word(), format_size(*mib))
        }
        StepEnd::Stopped => safe!("stopped by the engine"),
        StepEnd::NotStarted { reason } => safe!("not started: {}", reason),
        StepEnd::Lost { reason, .. } => safe!("lost: {}", reason),
    }
}
