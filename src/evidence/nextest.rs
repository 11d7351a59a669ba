//! What `cargo nextest run` prints.
//!
//! Its own lines have their first word end in the twelfth column, and what tests print is indented below them, so that only
//! `--no-capture` lets a test print a line that looks like nextest's own. The summary is compared with the lines all the same.

use super::cargo_block::failure;
use super::collector::Collector;
use super::totals::Totals;
use super::{limits, rustc};
use crate::domain::TestStatus;
use std::collections::HashMap;

/// The column in which the first words end.
const COLUMN: usize = 12;

/// A line about one test.
struct Line<'t> {
    status: Status,
    id: String,
    words: &'t str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Passed,
    Failed,
    /// Passed when it was run again.
    Flaky,
}

/// One test, and where its output stands.
struct Test {
    id: String,
    status: Status,
    tries: u32,
    block: Vec<(usize, usize)>,
    words: String,
}

/// The summary's counts, and whether all tests were run.
type Summed = Option<(Totals, bool)>;

/// Whether a line is surely nextest's.
pub fn begins(line: &str) -> bool {
    line.starts_with(" Nextest run ID ") || summary(line).is_some()
}

/// `     Summary [   1.554s] 8 tests run: 5 passed (1 slow), 3 failed, 1 skipped`: the counts, and whether all were run.
pub fn summary(line: &str) -> Option<(Totals, bool)> {
    let rest = line.strip_prefix("     Summary [")?;
    let (_, rest) = rest.split_once("] ")?;
    let (run, counts) = rest.split_once(" run: ")?;
    let mut totals = Totals::default();
    let mut number: usize = 0;
    let mut inside = 0_i32;
    for word in counts.split([' ', ',']) {
        inside += i32::from(word.starts_with('('));
        if inside == 0 {
            match word {
                "passed" => totals.passed = number,
                "skipped" => totals.skipped = number,
                "failed" | "timed" | "exec" => {
                    totals.failed = totals.failed.saturating_add(std::mem::take(&mut number));
                }
                _ => number = word.parse().unwrap_or(number),
            }
        }
        inside -= i32::from(word.ends_with(')'));
    }
    Some((totals, !run.contains('/')))
}

/// `        PASS [   0.014s] (2/8) tiny tests::adds`, `  TRY 1 FAIL [   0.145s] (───) tiny::it flaky`.
fn status_line(line: &str) -> Option<Line<'_>> {
    let front = line.get(..COLUMN)?;
    let words = front.trim_start();
    let rest = line.get(COLUMN..)?.strip_prefix(" [")?;
    if words.is_empty() || front.ends_with(' ') {
        return None;
    }
    let last = words.rsplit(' ').next()?;
    let status = match last {
        "PASS" | "LEAK" => Status::Passed,
        _ if words.starts_with("FLAKY ") => Status::Flaky,
        "FAIL" | "TIMEOUT" | "TMT" | "ABORT" | "ABRT" | "XFAIL" | "LKFAIL" | "LEAK-FAIL" => Status::Failed,
        _ if last.starts_with("SIG") || last.starts_with("FL+") || last.starts_with("EXIT") => Status::Failed,
        _ => return None,
    };
    let (_, rest) = rest.split_once("] ")?;
    let rest = match rest.strip_prefix('(') {
        Some(counted) => counted.split_once(") ")?.1.trim_start(),
        None => rest.trim_start(),
    };
    let (program, test) = rest.split_once(' ')?;
    Some(Line { status, id: format!("{program}::{}", test.trim()), words })
}

/// Whether another line is nextest's own: what tests print is indented further, or stands below a heading.
fn is_own(line: &str) -> bool {
    let other = line.get(..COLUMN).is_some_and(|front| !front.ends_with(' '))
        && line.get(COLUMN..).is_some_and(|l| l.starts_with(" ["));
    other || !line.is_empty() && !line.starts_with("    ") && !line.starts_with("  std") && !line.starts_with("  out")
}

/// Reads the output.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = limits::lines(text).collect();
    rustc::errors(to, &lines);
    let mut run = Run::default();
    for (at, line) in lines.iter().enumerate() {
        run.line(line, at);
    }
    run.end(to, &lines);
}

/// The counts that the output states, over all its runs.
pub fn stated(text: &str) -> Option<Totals> {
    let mut all: Option<Totals> = None;
    for (totals, _) in limits::lines(text).filter_map(summary) {
        all = Some(all.unwrap_or_default().plus(totals));
    }
    all
}

#[derive(Default)]
struct Run {
    tests: Vec<Test>,
    known: HashMap<String, usize>,
    open: Option<(usize, usize)>,
    begun: bool,
    summed: Summed,
    ended: Vec<(Vec<Test>, Summed)>,
}

impl Run {
    fn line(&mut self, line: &str, at: usize) {
        if line.starts_with(" Nextest run ID ") {
            self.close(at);
            self.turn();
            self.begun = true;
        } else if let Some(summed) = summary(line) {
            self.close(at);
            self.begun = true;
            self.summed = Some(summed);
        } else if let Some(told) = status_line(line) {
            self.close(at);
            // Below the summary the failures are only listed again.
            if self.summed.is_none() {
                self.told(told, at);
            }
        } else if line.starts_with('─') || is_own(line) {
            self.close(at);
        }
    }

    fn told(&mut self, told: Line<'_>, at: usize) {
        let index = *self.known.entry(told.id.clone()).or_insert_with(|| {
            self.tests.push(Test {
                id: told.id,
                status: told.status,
                tries: 0,
                block: Vec::new(),
                words: String::new(),
            });
            self.tests.len() - 1
        });
        let Some(test) = self.tests.get_mut(index) else { return };
        test.tries += 1;
        test.status = match (test.status, told.status, test.tries) {
            (Status::Failed, Status::Passed, 2..) => Status::Flaky,
            (_, status, _) => status,
        };
        if told.status == Status::Failed {
            told.words.clone_into(&mut test.words);
            test.block.clear();
            self.open = Some((index, at + 1));
        }
    }

    /// Ends the output of the test before.
    fn close(&mut self, at: usize) {
        if let Some((index, from)) = self.open.take()
            && let Some(test) = self.tests.get_mut(index)
        {
            test.block.push((from, at));
        }
    }

    /// Ends a run, where another one begins.
    fn turn(&mut self) {
        if self.begun {
            self.known.clear();
            self.ended.push((std::mem::take(&mut self.tests), self.summed.take()));
        }
    }

    fn end(&mut self, to: &mut Collector, lines: &[&str]) {
        self.close(lines.len());
        self.turn();
        for (tests, summed) in std::mem::take(&mut self.ended) {
            finish(to, tests, summed, lines);
        }
    }
}

/// Adds the tests of one run.
fn finish(to: &mut Collector, tests: Vec<Test>, summed: Summed, lines: &[&str]) {
    let mut named = Totals::default();
    for test in tests {
        let failed = test.status == Status::Failed;
        let status = if failed { TestStatus::Failed } else { TestStatus::Passed };
        let id = to.case(&test.id, status);
        named.passed += usize::from(!failed);
        named.failed += usize::from(failed);
        if test.status == Status::Flaky {
            to.flaky(&id);
        }
        if failed {
            let (from, end) = test.block.last().copied().unwrap_or_default();
            to.problem(problem(&id, &test.words, lines.get(from..end).unwrap_or_default()));
        }
    }
    let Some((totals, complete)) = summed else {
        to.unfinished("nextest", "nextest's output has no summary, so the run did not finish");
        return;
    };
    to.state(totals);
    if totals.passed != named.passed || totals.failed != named.failed {
        to.disagreement(&format!(
            "nextest's summary says {} passed and {} failed, its lines name {} and {}",
            totals.passed, totals.failed, named.passed, named.failed
        ));
    }
    if !complete {
        to.odd("nextest stopped at a failure before it had run all tests: --no-fail-fast runs them all");
    }
}

/// What a failed test printed, without nextest's indentation and what libtest says around it.
fn problem(id: &str, words: &str, block: &[&str]) -> super::Problem {
    let told: Vec<&str> = block
        .iter()
        .filter(|line| !line.starts_with("  std") && !line.starts_with("  out"))
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .filter(|line| !is_libtest(line))
        .collect();
    let mut problem = failure(id, &told);
    if problem.message.trim().is_empty() || problem.kind == "failed" && words.starts_with("SIG") {
        words.clone_into(&mut problem.kind);
        if problem.message.trim().is_empty() {
            problem.message = format!("the test ended with {words}");
        }
    }
    problem
}

fn is_libtest(line: &str) -> bool {
    line == "running 1 test"
        || line == "failures:"
        || line.starts_with("test result: ")
        || line.starts_with("test ") && line.ends_with("... FAILED")
}
