//! Finds the runs of test programs in what `cargo test` prints.
//!
//! Tests print what they like, to the point of whole outputs of other test programs, so a line counts only at its place:
//! a run goes from `running N tests` to the result line whose counts add up to N. One that never comes to such a line did
//! not finish, whatever was seen of it.

use super::cargo_lines::{
    Verdict, behind_output, glued, is_path, list_before, plain_name, process_end, program_name, running, test_line,
    verdict,
};
use super::totals::{Totals, libtest};
use crate::domain::TestStatus;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// One test as a run named it.
#[derive(Debug, Clone)]
pub struct Test<'t> {
    /// The name as printed.
    pub name: &'t str,
    /// Nothing where it was measured, not tested.
    pub status: Option<TestStatus>,
    /// What stood behind the name.
    pub rest: &'t str,
    /// The lines between name and verdict: what the test printed itself.
    pub printed: Range<usize>,
}

/// One run of one test program.
#[derive(Debug, Default)]
pub struct Run<'t> {
    /// The program's name; empty where cargo did not tell.
    pub program: String,
    /// The named tests.
    pub tests: Vec<Test<'t>>,
    /// A test that began and did not end.
    pub pending: Option<&'t str>,
    /// How many tests it set out to run.
    pub declared: usize,
    /// What its result line says; nothing where it did not finish.
    pub result: Option<Totals>,
    /// How the process ended, where cargo says so.
    pub cause: Option<&'t str>,
    /// The lines that show the output of failed tests.
    pub blocks: Range<usize>,
    /// All its lines.
    pub lines: Range<usize>,
}

/// Levels of `running N tests` inside a run that are looked at; all but the innermost were most likely printed by tests.
const LEVELS: usize = 64;

/// Finds every run.
pub fn find<'t>(lines: &[&'t str]) -> Vec<Run<'t>> {
    let mut scan = Scan { lines, programs: HashMap::new(), program: String::new(), open: None, runs: Vec::new() };
    for (at, line) in lines.iter().enumerate() {
        scan.line(at, line);
    }
    scan.close(lines.len());
    if scan.runs.is_empty() {
        // Someone kept nothing but the result lines.
        scan.runs.extend(lines.iter().enumerate().filter_map(|(at, line)| {
            let (totals, declared) = libtest(line)?;
            Some(Run { result: Some(totals), declared, lines: at..at + 1, ..Run::default() })
        }));
    }
    scan.runs
}

struct Scan<'t, 'l> {
    lines: &'l [&'t str],
    /// How often each name of a program came.
    programs: HashMap<String, u32>,
    program: String,
    open: Option<Open<'t>>,
    runs: Vec<Run<'t>>,
}

/// A run that has not ended yet.
struct Open<'t> {
    /// Where it began and how many tests it set out to run; behind it further such lines that came since, with the number
    /// of tests named before.
    levels: Vec<(usize, usize, usize)>,
    tests: Vec<Test<'t>>,
    /// The names of all tests, and which of them failed last.
    names: HashSet<&'t str>,
    last_failed: Option<usize>,
    /// Tests named while another one was running: printed by that one, unless too few are left without them.
    aside: Vec<Test<'t>>,
    pending: Option<Pending<'t>>,
    /// The last test with a name of Rust's making, by its number, and whether there is one among those aside.
    last_path: Option<usize>,
    aside_path: bool,
    /// Where the output of the tests is shown.
    details: Option<usize>,
    /// A result line that says that tests failed and does not fit in all.
    doubtful: Option<(usize, Totals)>,
    cause: Option<&'t str>,
}

/// A test whose verdict is not on its own line.
#[derive(Clone, Copy)]
struct Pending<'t> {
    name: &'t str,
    rest: &'t str,
    from: usize,
    /// The last line that looks like its verdict; those before it were printed by the test.
    verdict: Option<(Verdict, usize)>,
}

impl Pending<'_> {
    fn verdict(&self, lines: &[&str], at: usize) -> Option<(Verdict, usize)> {
        let printed = || lines.get(self.from + 1..at).unwrap_or_default();
        self.verdict.or_else(|| Some((glued(self.rest, printed())?, at)))
    }
}

impl<'t> Open<'t> {
    fn name(&mut self, name: &'t str, verdict: Verdict, rest: &'t str, printed: Range<usize>) {
        let Verdict(status) = verdict;
        self.names.insert(plain_name(name));
        if status == Some(TestStatus::Failed) {
            self.last_failed = Some(self.tests.len());
        }
        if is_path(name) {
            self.last_path = Some(self.tests.len());
        }
        self.tests.push(Test { name, status, rest, printed });
    }

    fn aside(&mut self, name: &'t str, verdict: Verdict) {
        let Verdict(status) = verdict;
        self.names.insert(plain_name(name));
        self.aside_path |= is_path(name);
        self.aside.push(Test { name, status, rest: "", printed: 0..0 });
    }

    /// Closes a test whose verdict came, be it behind output that did not end its line.
    fn settle(&mut self, lines: &[&str], at: usize) -> bool {
        let Some(pending) = self.pending else { return true };
        let Some((status, end)) = pending.verdict(lines, at) else { return false };
        self.pending = None;
        self.name(pending.name, status, pending.rest, pending.from + 1..end);
        true
    }

    /// Whether so many named tests are all since one of the run's beginnings.
    fn are_all(&self, count: usize) -> bool {
        let all = |(_, declared, before): &(usize, usize, usize)| count == declared + before;
        self.levels.iter().rev().take(LEVELS).any(all) || self.levels.first().is_some_and(|(_, all, _)| count >= *all)
    }

    /// Whether a result line fits what was seen of the run since one of its beginnings.
    fn fits(&self, level: (usize, usize, usize), totals: Totals, all: usize, list: Option<&[&str]>) -> bool {
        let (_, declared, before) = level;
        let named = self.tests.len().saturating_sub(before);
        if let Some(list) = list {
            return (all == declared || named == all)
                && list.len() == totals.failed
                && (named == 0 || list.iter().all(|name| self.names.contains(plain_name(name))));
        }
        let unnamed = self.last_path.is_none_or(|last| last < before) && !self.aside_path;
        let quiet = unnamed && self.pending.is_none();
        all == declared
            && totals.failed == 0
            && self.last_failed.is_none_or(|last| last < before)
            && (quiet || named + self.aside.len() >= all)
    }
}

impl<'t> Scan<'t, '_> {
    fn line(&mut self, at: usize, line: &'t str) {
        let Some(open) = &mut self.open else {
            self.outside(at, line);
            return;
        };
        if line.starts_with("test result: ") {
            self.result(at, line);
        } else if open.details.is_some() {
            // Whatever stands here was printed by tests.
        } else if let Some(name) = program_name(line, true) {
            self.close(at);
            self.begin(name);
        } else if let Some(count) = running(line) {
            open.levels.push((at, count, open.tests.len()));
        } else if let Some(cause) = process_end(line) {
            open.cause = Some(cause);
        } else if matches!(line.trim_end(), "failures:" | "successes:") {
            self.details(at);
        } else {
            self.inside(at, line);
        }
    }

    fn outside(&mut self, at: usize, line: &'t str) {
        if let Some(name) = program_name(line, false) {
            self.begin(name);
        } else if let Some(count) = running(line) {
            self.open = Some(Open {
                levels: vec![(at, count, 0)],
                tests: Vec::new(),
                names: HashSet::new(),
                last_failed: None,
                aside: Vec::new(),
                pending: None,
                last_path: None,
                aside_path: false,
                details: None,
                doubtful: None,
                cause: None,
            });
        } else if let Some(cause) = process_end(line)
            && self.after_error(at)
        {
            match self.runs.last_mut().filter(|run| run.program == self.program) {
                // Exit code 101 is how a test program says that tests failed, and their run says so itself.
                Some(run) if cause == "exit status: 101" && run.result.is_some_and(|r| r.failed > 0) => {}
                Some(run) => run.cause = Some(cause),
                None => self.runs.push(Run {
                    program: self.program.clone(),
                    cause: Some(cause),
                    lines: at..at + 1,
                    ..Run::default()
                }),
            }
        }
    }

    /// Whether cargo said just before that a test program failed, and not a build script or the compiler.
    fn after_error(&self, at: usize) -> bool {
        let near = self.lines.get(at.saturating_sub(4)..at).unwrap_or_default();
        near.iter().any(|line| line.contains("error: ") && line.contains("failed, to rerun pass"))
    }

    /// A new program begins. Two of the same name are two programs.
    fn begin(&mut self, name: String) {
        let times = self.programs.entry(name.clone()).and_modify(|times| *times += 1).or_insert(1);
        self.program = if *times == 1 { name } else { format!("{name}#{times}") };
    }

    /// A line among the verdicts.
    fn inside(&mut self, at: usize, line: &'t str) {
        let Some(open) = &mut self.open else { return };
        if let Some(pending) = &mut open.pending {
            let name = pending.name;
            if let Some(status) = verdict(line) {
                pending.verdict = Some((status, at));
                return;
            }
            let Some((next, after)) = test_line(line) else { return };
            if !open.settle(self.lines, at) && is_path(name) {
                if let Some(status) = verdict(after) {
                    open.aside(next, status);
                }
                return;
            }
        }
        let Some((name, rest)) = test_line(line) else {
            if let Some((name, status)) = behind_output(line) {
                open.aside(name, status);
            }
            return;
        };
        if let Some(status) = verdict(rest) {
            open.name(name, status, "", at..at);
        } else {
            open.pending = Some(Pending { name, rest, from: at, verdict: None });
            // A program that ends in the middle of a line is followed by cargo's own words.
            if let Some(next) = program_name(rest, true) {
                self.close(at);
                self.begin(next);
            }
        }
    }

    /// A heading that may begin the part which shows the output of tests.
    fn details(&mut self, at: usize) {
        let Some(open) = &mut self.open else { return };
        // The test that is running may print such a heading, and then its verdict is still to come.
        let ended = open.pending.is_none_or(|pending| pending.verdict(self.lines, at).is_some());
        let unnamed = open.tests.is_empty() && open.pending.is_none();
        let named = ended && open.are_all(open.tests.len() + usize::from(open.pending.is_some()));
        let below_blank = at.checked_sub(1).and_then(|above| self.lines.get(above)).is_none_or(|l| l.trim().is_empty());
        if unnamed || (named && below_blank) {
            open.settle(self.lines, at);
            open.details = Some(at);
        }
    }

    /// A line that looks like a result. It ends the run if it fits what was seen.
    fn result(&mut self, at: usize, line: &str) {
        let (Some(open), Some((totals, all))) = (&mut self.open, libtest(line)) else { return };
        if open.tests.len() + 1 >= all {
            open.settle(self.lines, at);
        }
        let list = if totals.failed > 0 { list_before(self.lines, at) } else { None };
        let names = list.as_ref().map(|(_, names)| names.as_slice());
        let mut levels = open.levels.iter().enumerate().rev().take(LEVELS);
        let found = levels.find(|(_, level)| open.fits(**level, totals, all, names));
        let Some((level, _)) = found else {
            if totals.failed > 0 {
                open.doubtful = Some((at, totals));
            }
            return;
        };
        let Some(mut open) = self.open.take() else { return };
        if level > 0
            && let Some((from, _, before)) = open.levels.get(level).copied()
        {
            // What came before this level ended without a result.
            let tests = open.tests.split_off(before.min(open.tests.len()));
            let declared = open.levels.first().map_or(0, |(_, declared, _)| *declared);
            let start = open.levels.first().map_or(0, |(start, _, _)| *start);
            let program = self.program.clone();
            self.runs.push(Run { program, tests: open.tests, declared, lines: start..from, ..Run::default() });
            open.tests = tests;
        }
        let (start, declared, _) = open.levels.get(level).copied().unwrap_or_default();
        let (list_at, list) = list.unwrap_or((at, Vec::new()));
        let blocks = self.blocks(&open, list_at);
        let mut run = Run {
            program: self.program.clone(),
            tests: open.tests,
            declared,
            result: Some(totals),
            blocks,
            lines: start..at + 1,
            ..Run::default()
        };
        reconcile(&mut run, totals, &list, open.aside);
        self.runs.push(run);
    }

    /// The lines that show the output of failed tests, up to the list of their names.
    fn blocks(&self, open: &Open<'t>, end: usize) -> Range<usize> {
        // Never from the output's beginning, or many short runs would cost the square of their number.
        let begun = open.levels.first().map_or(0, |(start, _, _)| *start);
        let after = open.tests.last().map_or(0, |test| test.printed.end).max(begun).min(end);
        let from = open.details.or_else(|| {
            let lines = self.lines.get(after..end)?;
            lines.iter().position(|line| line.trim_end() == "failures:").map(|offset| after + offset)
        });
        from.map_or(end..end, |from| (from + 1).min(end)..end)
    }

    /// Ends an open run that came to no result.
    fn close(&mut self, at: usize) {
        let Some(open) = self.open.take() else { return };
        let (start, declared, _) = open.levels.first().copied().unwrap_or_default();
        let blocks = self.blocks(&open, open.doubtful.map_or(at, |(at, _)| at));
        self.runs.push(Run {
            program: self.program.clone(),
            tests: open.tests,
            pending: open.pending.map(|pending| pending.name),
            declared,
            result: open.doubtful.map(|(_, totals)| totals),
            cause: open.cause,
            blocks,
            lines: start..at,
        });
    }
}

/// Brings the named tests into line with the list of failed ones and with the counts.
fn reconcile<'t>(run: &mut Run<'t>, totals: Totals, list: &[&'t str], aside: Vec<Test<'t>>) {
    if run.tests.len() < run.declared && !run.tests.is_empty() {
        let missing = run.declared - run.tests.len();
        run.tests.extend(aside.into_iter().filter(|test| is_path(test.name)).take(missing));
    }
    if list.len() == totals.failed {
        let failed: HashSet<&str> = list.iter().map(|name| plain_name(name)).collect();
        for test in &mut run.tests {
            let listed = failed.contains(plain_name(test.name));
            if listed || test.status == Some(TestStatus::Failed) {
                test.status = Some(if listed { TestStatus::Failed } else { TestStatus::Passed });
            }
        }
        let named: HashSet<&str> = run.tests.iter().map(|test| plain_name(test.name)).collect();
        let unnamed: Vec<&str> = list.iter().filter(|name| !named.contains(plain_name(name))).copied().collect();
        let test = |name| Test { name, status: Some(TestStatus::Failed), rest: "", printed: 0..0 };
        run.tests.extend(unnamed.into_iter().map(test));
    }
    let passed = run.tests.iter().filter(|test| test.status == Some(TestStatus::Passed)).count();
    if passed > totals.passed && !run.program.ends_with("(doc)") {
        // Libraries such as trybuild print lines of the same look for files that they try.
        let mut excess = passed - totals.passed;
        run.tests.retain(|test| {
            let drop = excess > 0 && test.status == Some(TestStatus::Passed) && !is_path(test.name);
            excess -= usize::from(drop);
            !drop
        });
    }
}
