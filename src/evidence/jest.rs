//! What Jest prints. Only `--verbose` names the tests that pass, unless one file alone is run.

use super::collector::Collector;
use super::jest_json::problem;
use super::limits;
use super::totals::{self, Totals};
use crate::domain::{Source, TestStatus};
use std::collections::HashMap;

/// Whether a line is surely Jest's.
pub fn begins(line: &str) -> bool {
    line.strip_prefix("Test Suites: ").is_some_and(|rest| rest.ends_with(" total"))
}

/// `PASS ./a.test.js` or `FAIL a.test.js (5.1 s)`: the file, and whether it passed.
fn file(line: &str) -> Option<(&str, bool)> {
    // With colours there are blanks around the word.
    let (word, rest) = line.strip_prefix(' ').unwrap_or(line).split_once(' ')?;
    let passed = match word {
        "PASS" => true,
        "FAIL" => false,
        _ => return None,
    };
    let name = rest.split(" (").next()?.trim();
    let name = name.strip_prefix("./").unwrap_or(name);
    (name.contains('.') && !name.contains(": ")).then_some((name, passed))
}

/// `    ✓ works (8 ms)`: the depth, the outcome and the title.
fn verbose(line: &str) -> Option<(usize, TestStatus, &str)> {
    let trimmed = line.trim_start();
    let depth = (line.len() - trimmed.len()) / 2;
    let (mark, rest) = trimmed.split_once(' ')?;
    let (status, rest) = match mark {
        "✓" | "√" => (TestStatus::Passed, rest),
        "✕" | "×" => (TestStatus::Failed, rest),
        "○" => (TestStatus::Skipped, rest.strip_prefix("skipped ").unwrap_or(rest)),
        "✎" => (TestStatus::Skipped, rest.strip_prefix("todo ").unwrap_or(rest)),
        _ => return None,
    };
    let title = match rest.rsplit_once(" (") {
        Some((title, time)) if is_time(time) => title,
        _ => rest,
    };
    (depth > 0).then_some((depth, status, title.trim()))
}

/// `8 ms)`, `1.2 s)`. Titles end in brackets, too: `(3 items)`.
fn is_time(text: &str) -> bool {
    let number = text.strip_suffix("ms)").or_else(|| text.strip_suffix("s)")).unwrap_or_default();
    let number = number.strip_suffix(' ').unwrap_or(number);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    [whole, part].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Reads the output.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = limits::lines(text).collect();
    let mut reader = Reader::default();
    // Where many tests fail, all failures are listed a second time.
    let end = lines.iter().position(|line| *line == "Summary of all failing tests").unwrap_or(lines.len());
    for line in lines.iter().take(end) {
        reader.line(to, line);
    }
    reader.close(to);
    // Tests may print such a line, but not below Jest's own.
    let stated = lines.windows(2).filter_map(|pair| match pair {
        [above, line] if begins(above) => totals::jest(line),
        _ => None,
    });
    let totals = stated.fold(None, |all: Option<Totals>, one| Some(all.unwrap_or_default().plus(one)));
    let Some(totals) = totals else {
        if lines.iter().any(|line| line.starts_with("No tests found, exiting with code")) {
            to.odd("Jest found no tests");
            return;
        }
        to.unfinished("jest", "Jest's output has no summary, so the run did not finish");
        return;
    };
    to.state(totals);
    let named = reader.named;
    if totals.failed != named.failed || totals.passed < named.passed {
        to.disagreement(&format!(
            "Jest's summary says {} passed and {} failed, its lines name {} and {}",
            totals.passed, totals.failed, named.passed, named.failed
        ));
    }
    if named.passed < totals.passed {
        to.odd(format!(
            "only counts are visible for {} of {} passed tests: run Jest with --verbose, or let it write JSON or JUnit",
            totals.passed - named.passed,
            totals.passed
        ));
    }
}

#[derive(Default)]
struct Reader {
    /// The file that the lines are about.
    file: String,
    /// The titles of the groups around the next test.
    groups: Vec<String>,
    /// Whether the tests of the file are still listed.
    listing: bool,
    named: Totals,
    ids: HashMap<String, String>,
    /// The failure whose words still come.
    open: Option<(String, Source, String)>,
}

impl Reader {
    fn line(&mut self, to: &mut Collector, line: &str) {
        if let Some((name, _)) = file(line) {
            self.close(to);
            name.clone_into(&mut self.file);
            self.groups.clear();
            self.listing = true;
            return;
        }
        if self.file.is_empty() {
            return;
        }
        if let Some(title) = line.strip_prefix("  ● ") {
            self.close(to);
            self.listing = false;
            if title != "Console" {
                self.failure(to, title);
            }
            return;
        }
        if begins(line) {
            self.close(to);
            self.file.clear();
            return;
        }
        if let Some((_, _, block)) = &mut self.open {
            if block.len() < limits::BLOCK_BYTES {
                block.push_str(line.strip_prefix("    ").unwrap_or(line));
                block.push('\n');
            }
            return;
        }
        if !self.listing {
            return;
        }
        if line.is_empty() {
            self.listing = false;
        } else if let Some((depth, status, title)) = verbose(line) {
            self.groups.truncate(depth - 1);
            let id = self.id(title);
            let kept = to.case(&id, status);
            self.ids.insert(id, kept);
            self.count(status);
        } else if line.starts_with("  ") {
            let trimmed = line.trim_start();
            self.groups.truncate((line.len() - trimmed.len()) / 2 - 1);
            if self.groups.len() < limits::DEPTH {
                self.groups.push(trimmed.to_owned());
            }
        }
    }

    fn id(&self, title: &str) -> String {
        let parts = std::iter::once(self.file.as_str()).chain(self.groups.iter().map(String::as_str));
        parts.chain([title]).collect::<Vec<_>>().join(" > ")
    }

    fn count(&mut self, status: TestStatus) {
        match status {
            TestStatus::Passed => self.named.passed += 1,
            TestStatus::Failed => self.named.failed += 1,
            TestStatus::Skipped => self.named.skipped += 1,
        }
    }

    /// `● group › throws`, or `● Test suite failed to run`.
    fn failure(&mut self, to: &mut Collector, title: &str) {
        if title == "Test suite failed to run" {
            let id = to.case(&self.file, TestStatus::Failed);
            self.open = Some((id, Source::Build, String::new()));
            return;
        }
        self.groups.clear();
        let id = self.id(&title.replace(" › ", " > "));
        let kept = if let Some(kept) = self.ids.get(&id) {
            kept.clone()
        } else {
            self.count(TestStatus::Failed);
            let kept = to.case(&id, TestStatus::Failed);
            self.ids.insert(id, kept.clone());
            kept
        };
        self.open = Some((kept, Source::Test, String::new()));
    }

    fn close(&mut self, to: &mut Collector) {
        if let Some((id, source, block)) = self.open.take() {
            to.problem(problem(&id, &block, source));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::verbose;

    #[test]
    fn a_time_is_told_from_the_end_of_a_title() {
        fn title(line: &str) -> Option<&str> {
            verbose(line).map(|(_, _, title)| title)
        }
        for line in ["  ✓ adds (8 ms)", "  ✓ adds (8ms)", "  ✓ adds (1.25 s)", "  ✓ adds (12s)", "  ✓ adds"] {
            assert_eq!(title(line), Some("adds"), "{line}");
        }
        for named in ["adds (3 items)", "adds (2 rows s)", "adds (1.2.3 s)", "adds ( ms)"] {
            assert_eq!(title(&format!("  ✓ {named}")), Some(named));
            assert_eq!(title(&format!("  ✓ {named} (8 ms)")), Some(named));
        }
    }
}
