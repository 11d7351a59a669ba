//! What Vitest prints. Only its verbose reporter names the tests that pass.

use super::collector::Collector;
use super::jest_json::problem;
use super::limits;
use super::problem::Problem;
use super::totals::Totals;
use crate::domain::{Source, TestStatus};
use std::collections::{HashMap, HashSet};

/// `      Tests  2 failed | 3 passed | 1 skipped | 1 todo (7)`.
pub fn summary(line: &str) -> Option<Totals> {
    counted(line, "Tests")
}

fn counted(line: &str, label: &str) -> Option<Totals> {
    let rest = line.strip_prefix(' ')?.trim_start().strip_prefix(label)?.strip_prefix("  ")?.trim_end();
    let counts = match rest.strip_suffix(')') {
        Some(inner) => inner.rsplit_once(" (")?.0,
        None => rest,
    };
    if counts == "no tests" {
        return Some(Totals::default());
    }
    let mut totals = Totals::default();
    for part in counts.split(" | ") {
        let (number, what) = part.trim().split_once(' ')?;
        let number: usize = number.parse().ok()?;
        match what {
            // Tests that are expected to fail and do count as passed in all other accounts.
            "passed" | "expected fail" => totals.passed = totals.passed.saturating_add(number),
            "failed" => totals.failed = number,
            "skipped" => totals.skipped = totals.skipped.saturating_add(number),
            "todo" => {
                totals.skipped = totals.skipped.saturating_add(number);
                totals.todo = number;
            }
            _ => return None,
        }
    }
    Some(totals)
}

/// `     Errors  1 error`: errors outside of all tests.
pub fn has_errors(line: &str) -> bool {
    line.strip_prefix("     Errors  ").is_some_and(|rest| rest.contains(" error"))
}

/// Whether a line is surely Vitest's.
pub fn begins(line: &str) -> bool {
    line.starts_with(" RUN  v") || counted(line, "Test Files").is_some()
}

/// ` ✓ a.test.js > group > works 2ms`: outcome and name.
fn verbose(line: &str) -> Option<(TestStatus, &str)> {
    let rest = line.strip_prefix(' ')?;
    let (mark, rest) = rest.split_once(' ')?;
    let status = match mark {
        "✓" | "✔" => TestStatus::Passed,
        "×" | "✗" => TestStatus::Failed,
        "↓" | "□" => TestStatus::Skipped,
        _ => return None,
    };
    let name = match rest.rsplit_once(' ') {
        Some((name, time)) if time.strip_suffix("ms").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) => name,
        _ => rest,
    };
    name.contains(" > ").then_some((status, name.trim()))
}

/// ` FAIL  a.test.js > fails` and ` FAIL  b.test.js [ b.test.js ]`: the name, and whether it is a whole file.
fn failed(line: &str) -> Option<(&str, bool)> {
    let name = line.strip_prefix(" FAIL  ")?.trim();
    Some(match name.split_once(" [ ") {
        Some((file, _)) if name.ends_with(" ]") => (file, true),
        _ => (name, !name.contains(" > ")),
    })
}

/// The counts that the output states, over all its runs.
pub fn stated(text: &str) -> Option<Totals> {
    let mut all: Option<Totals> = None;
    for totals in limits::lines(text).filter_map(summary) {
        all = Some(all.unwrap_or_default().plus(totals));
    }
    all
}

/// Reads the output.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = limits::lines(text).collect();
    let mut named = Totals::default();
    let mut ids: HashMap<&str, String> = HashMap::new();
    let first_failure = lines.iter().position(|line| line.starts_with("⎯⎯")).unwrap_or(lines.len());
    for line in lines.iter().take(first_failure) {
        if let Some((status, name)) = verbose(line) {
            ids.entry(name).or_insert_with(|| to.case(name, status));
            match status {
                TestStatus::Passed => named.passed += 1,
                TestStatus::Failed => named.failed += 1,
                TestStatus::Skipped => named.skipped += 1,
            }
        }
    }
    let verbose = named != Totals::default();
    let mut files = 0_usize;
    for (names, block) in blocks(&lines) {
        // Many tests can share one long failure, so it is read once.
        let mut shared = problem("", &block, Source::Test);
        let end = shared.message.floor_char_boundary(limits::MESSAGE_BYTES);
        shared.message.truncate(end);
        let mut told: HashSet<&str> = HashSet::new();
        for (name, file) in names.into_iter().filter(|(name, _)| told.insert(name)) {
            if file {
                files += 1;
            } else if !ids.contains_key(name) {
                named.failed += 1;
            }
            let id = ids.entry(name).or_insert_with(|| to.case(name, TestStatus::Failed)).clone();
            if to.is_full() {
                to.drop_one();
                continue;
            }
            let source = if file { Source::Build } else { Source::Test };
            to.problem(Problem { test: Some(id), source, ..shared.clone() });
        }
    }
    let unhandled = lines.iter().any(|line| line.starts_with("⎯⎯") && line.contains(" Unhandled "));
    if unhandled {
        let id = to.case("(unhandled errors)", TestStatus::Failed);
        let from = lines.iter().position(|line| line.contains(" Unhandled ")).map_or(0, |at| at + 1);
        let block: Vec<&str> =
            lines.iter().skip(from).take(60).skip_while(|line| !line.contains(": ")).copied().collect();
        to.problem(problem(&id, &block.join("\n"), Source::Test));
    }
    let Some(totals) = stated(text) else {
        if lines.iter().any(|line| line.starts_with("No test files found, exiting with code")) {
            to.odd("Vitest found no file with tests");
            return;
        }
        to.unfinished("vitest", "Vitest's output has no summary, so the run did not finish");
        return;
    };
    to.state(totals);
    if totals.failed != named.failed || verbose && totals.passed < named.passed {
        to.disagreement(&format!(
            "Vitest's summary says {} passed and {} failed, its lines name {} and {}",
            totals.passed, totals.failed, named.passed, named.failed
        ));
    }
    if named.passed < totals.passed {
        to.odd(format!(
            "only counts are visible for {} of {} passed tests: run Vitest with --reporter=verbose, or let it write JUnit",
            totals.passed - named.passed,
            totals.passed
        ));
    }
    if files == 0
        && lines.iter().filter_map(|line| counted(line, "Test Files")).any(|t| t.failed > 0)
        && named.failed == 0
    {
        to.disagreement("Vitest's summary says that files failed, and none is named");
    }
}

/// The failures with their words: several may share one.
fn blocks<'t>(lines: &[&'t str]) -> Vec<(Vec<(&'t str, bool)>, String)> {
    let mut found: Vec<(Vec<(&str, bool)>, String)> = Vec::new();
    let mut open = false;
    for line in lines {
        if let Some(name) = failed(line) {
            match found.last_mut() {
                Some((names, block)) if open && block.is_empty() => names.push(name),
                _ => found.push((vec![name], String::new())),
            }
            open = true;
        } else if line.starts_with("⎯⎯") || line.starts_with(" Test Files  ") {
            open = false;
        } else if open
            && let Some((_, block)) = found.last_mut()
            && block.len() < limits::BLOCK_BYTES
        {
            block.push_str(line);
            block.push('\n');
        }
    }
    found
}
