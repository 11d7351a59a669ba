//! What `cargo test` prints: compiler messages, the output of several test programs, documentation tests.

use super::cargo_block::{Blocks, failure};
use super::cargo_lines::{is_path, plain_name};
use super::cargo_runs::{Run, find};
use super::collector::Collector;
use super::problem::Problem;
use super::totals::Totals;
use super::{UNFINISHED, limits, rustc};
use crate::domain::{Source, TestStatus};

/// Lines of an unfinished run that are kept, from its end.
const TAIL: usize = 20;

/// Reads a whole output.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = limits::lines(text).collect();
    let runs = find(&lines);
    let mut built = 0;
    for run in &runs {
        // Between two runs cargo and the compiler speak.
        rustc::errors(to, lines.get(built..run.lines.start).unwrap_or_default());
        built = run.lines.end;
        tests(to, run, &lines);
        match run.result {
            Some(totals) => to.state(totals),
            None => unfinished(to, run, &lines),
        }
        if run.result.is_some()
            && let Some(cause) = run.cause
        {
            let id = to.case(&id(&run.program, UNFINISHED), TestStatus::Failed);
            let mut problem = Problem::new(Source::Test, kind(cause), format!("the test program ended with {cause}"));
            problem.test = Some(id);
            to.problem(problem);
        }
    }
    rustc::errors(to, lines.get(built..).unwrap_or_default());
    if let Some(totals) = to.stated() {
        // A run that did not finish is a disagreement already, and its tests are in no count.
        if to.has_cases() && runs.iter().all(|run| run.result.is_some() && run.cause.is_none()) {
            to.compare("the result lines", totals);
        }
        if to.count(TestStatus::Passed) == 0 && totals.passed > 0 {
            to.odd("only counts are visible, no passed test is named: run cargo test without --quiet");
        }
    }
}

/// The sum of the result lines of all runs.
pub fn stated(text: &str) -> Option<Totals> {
    let lines: Vec<&str> = limits::lines(text).collect();
    find(&lines).iter().filter_map(|run| run.result).reduce(Totals::plus)
}

/// Adds the named tests and what is shown of the failed ones.
fn tests(to: &mut Collector, run: &Run<'_>, lines: &[&str]) {
    let mut tests: Vec<_> = run.tests.iter().filter_map(|test| Some((test, test.status?))).collect();
    // Tests end in any order, but those of documentation are told apart by their order in the file alone.
    tests.sort_by_key(|(test, _)| without_line(plain_name(test.name)).1);
    let failed = tests.iter().filter(|(_, status)| *status == TestStatus::Failed);
    let blocks = Blocks::find(lines, run.blocks.clone(), failed.map(|(test, _)| plain_name(test.name)));
    for (test, status) in tests {
        let id = to.case(&id(&run.program, test.name), status);
        if status != TestStatus::Failed {
            continue;
        }
        if to.is_full() {
            to.drop_one();
            continue;
        }
        let printed: Vec<&str>;
        let block = if let Some(block) = blocks.of(plain_name(test.name)) {
            block
        } else {
            let lines = lines.get(test.printed.clone()).unwrap_or_default();
            printed = std::iter::once(test.rest).chain(lines.iter().copied()).collect();
            &printed
        };
        to.problem(failure(&id, block));
    }
}

/// Adds the failed test that stands for a run without a result line: the one that was running, where it is known.
fn unfinished(to: &mut Collector, run: &Run<'_>, lines: &[&str]) {
    let from = run.tests.last().map_or(run.lines.start + 1, |test| test.printed.end.max(run.lines.start) + 1);
    let tail = lines.get(from.min(run.lines.end)..run.lines.end).unwrap_or_default();
    let tail = tail.get(tail.len().saturating_sub(limits::ODDITIES * TAIL)..).unwrap_or_default();
    let culprit = run.pending.or_else(|| tail.iter().find_map(|line| thread(line))).filter(|name| is_path(name));
    let name = if run.program.is_empty() { "the test program" } else { &run.program };
    let words = match run.cause {
        Some(cause) => format!("{name} ended with {cause} before its result line"),
        None => format!("the output of {name} ends before its result line"),
    };
    let id = match culprit {
        Some(test) => {
            to.disagreement(&words);
            to.case(&id(&run.program, test), TestStatus::Failed)
        }
        None if run.program.is_empty() => to.unfinished("cargo", &words),
        None => to.unfinished(&run.program, &words),
    };
    if to.is_full() {
        to.drop_one();
        return;
    }
    let told: Vec<&str> = tail.iter().copied().filter(|line| !line.trim().is_empty() && !of_cargo(line)).collect();
    let told = told.get(told.len().saturating_sub(TAIL)..).unwrap_or_default();
    let mut problem = failure(&id, told);
    if problem.kind == "failed" {
        run.cause.map_or("did_not_finish", kind).clone_into(&mut problem.kind);
        problem.message = std::iter::once(words.as_str()).chain(told.iter().copied()).collect::<Vec<_>>().join("\n");
    }
    to.problem(problem);
}

/// The name of the thread that a runtime's last words are about, which is the test's.
fn thread(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix("thread '")?.split_once('\'')?;
    ((rest.contains("panicked at") || rest.contains("has overflowed its stack")) && name != "main").then_some(name)
}

/// What cargo says when a test program failed.
fn of_cargo(line: &str) -> bool {
    let line = line.trim_start();
    line.contains("error: test failed") || line == "Caused by:" || line.starts_with("process didn't exit successfully")
}

/// `SIGABRT` of `signal: 6, SIGABRT: process abort signal`.
fn kind(cause: &str) -> &str {
    let name = cause.split_once(", ").map_or("", |(_, rest)| rest.split(':').next().unwrap_or_default());
    if name.starts_with("SIG") { name } else { "exit_status" }
}

/// The id: program and name, the latter without the line of a documentation test, which edits move, and with what libtest
/// adds: a test that is only compiled, or is to fail, is another one.
fn id(program: &str, name: &str) -> String {
    let plain = plain_name(name);
    let (front, added) = (without_line(plain).0, name.get(plain.len()..).unwrap_or_default());
    if program.is_empty() { format!("{front}{added}") } else { format!("{program}::{front}{added}") }
}

fn without_line(name: &str) -> (&str, u32) {
    let split = || {
        let (front, number) = name.rsplit_once(" (line ")?;
        Some((front, number.strip_suffix(')')?.parse().ok()?))
    };
    split().unwrap_or((name, 0))
}
