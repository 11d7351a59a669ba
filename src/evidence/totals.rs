//! The counts that test tools print at their end, recognised in any output.

use super::{cargo, jest, limits, nextest, node_counts, pytest, tap, vitest};

/// Counts of one or more test runs, as stated by the tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Passed.
    pub passed: usize,
    /// Failed, errors included.
    pub failed: usize,
    /// Not run on purpose, expected failures included.
    pub skipped: usize,
    /// Of these the ones that are only planned, which some reports list as passed.
    pub todo: usize,
}

impl Totals {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
            skipped: self.skipped.saturating_add(other.skipped),
            todo: self.todo.saturating_add(other.todo),
        }
    }
}

/// `test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.18s`: the counts, and how many
/// tests were run or passed over in all.
pub fn libtest(line: &str) -> Option<(Totals, usize)> {
    let rest = line.strip_prefix("test result: ")?;
    let rest = rest.strip_prefix("ok. ").or_else(|| rest.strip_prefix("FAILED. "))?;
    let mut totals = Totals::default();
    let mut measured = 0_usize;
    for part in rest.split(';') {
        if let Some((number, what)) = counted(part) {
            match what {
                "passed" => totals.passed = number,
                "failed" => totals.failed = number,
                "ignored" => totals.skipped = number,
                "measured" => measured = number,
                _ => {}
            }
        }
    }
    let all = totals.passed.saturating_add(totals.failed).saturating_add(totals.skipped).saturating_add(measured);
    Some((totals, all))
}

/// `==== 3 failed, 2 passed, 1 skipped in 0.03s ====`, with or without the rules at both sides. Between rules there may be
/// words that only a plugin knows.
pub fn pytest(line: &str) -> Option<Totals> {
    let line = line.trim_end();
    let ruled = line.starts_with('=') && line.ends_with('=');
    let body = line.trim_matches('=').trim_matches(' ');
    let (counts, time) = body.rsplit_once(" in ")?;
    // `0.03s`, `61.02s (0:01:01)`, and until pytest 5.1 `0.03 seconds`.
    let (time, rest) = time.split_once(' ').unwrap_or((time, ""));
    let time = if rest == "seconds" { time } else { time.strip_suffix('s')? };
    if time.is_empty() || !time.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    if counts == "no tests ran" || counts.starts_with("no tests collected") {
        return Some(Totals::default());
    }
    let mut totals = Totals::default();
    let mut known = false;
    for part in counts.split(", ") {
        let (number, what) = part.trim().split_once(' ').unwrap_or_default();
        // `2/5 tests collected (3 deselected)` stands where tests are only listed.
        let number = number.split('/').next().unwrap_or_default().parse::<usize>().ok()?;
        match what {
            "passed" | "xpassed" => totals.passed = totals.passed.saturating_add(number),
            "failed" | "error" | "errors" | "subtests failed" | "subtest failed" => {
                totals.failed = totals.failed.saturating_add(number);
            }
            "skipped" | "xfailed" => totals.skipped = totals.skipped.saturating_add(number),
            "warning" | "warnings" | "deselected" | "rerun" | "reruns" | "subtests passed" | "subtests skipped" => {}
            _ if what.starts_with("tests collected") || what.starts_with("test collected") => {}
            _ if ruled => continue,
            _ => return None,
        }
        known = true;
    }
    known.then_some(totals)
}

/// How often the same line says that pytest ran a test again.
pub fn reruns(line: &str) -> Option<usize> {
    pytest(line)?;
    let (counts, _) = line.trim_matches('=').trim().rsplit_once(" in ")?;
    counts.split(", ").find_map(|part| match counted(part) {
        Some((number, "rerun" | "reruns")) => Some(number),
        _ => None,
    })
}

/// `Tests:       1 failed, 2 skipped, 3 passed, 6 total`, as Jest prints it.
pub fn jest(line: &str) -> Option<Totals> {
    let rest = line.strip_prefix("Tests:")?;
    let mut totals = Totals::default();
    let mut total = false;
    for part in rest.split(',') {
        let (number, what) = counted(part)?;
        match what {
            "passed" => totals.passed = number,
            "failed" => totals.failed = number,
            "skipped" => totals.skipped = totals.skipped.saturating_add(number),
            "todo" => {
                totals.skipped = totals.skipped.saturating_add(number);
                totals.todo = number;
            }
            "total" => total = true,
            _ => return None,
        }
    }
    total.then_some(totals)
}

/// `Tests run: 5, Failures: 1, Errors: 0, Skipped: 0`, as Surefire prints it after `Results:`. The lines of single classes
/// go on with a time and are not the sum.
fn surefire(line: &str) -> Option<Totals> {
    let at = line.find("Tests run: ")?;
    let mut numbers = [0_usize; 4];
    let mut parts = line.get(at..)?.split(", ");
    for (slot, label) in numbers.iter_mut().zip(["Tests run: ", "Failures: ", "Errors: ", "Skipped: "]) {
        *slot = parts.next()?.trim().strip_prefix(label)?.parse().ok()?;
    }
    let [run, failures, errors, skipped] = numbers;
    let failed = failures.saturating_add(errors);
    parts.next().is_none().then(|| Totals {
        passed: run.saturating_sub(failed).saturating_sub(skipped),
        failed,
        skipped,
        todo: 0,
    })
}

/// What an output states in all: the sum over the runs of the tool that closed the last one. Where a tool's output has a
/// shape, only lines at their place in it count, since the tests themselves may print lines that look the same.
pub fn stated(output: &str) -> Option<Totals> {
    let mut last = None;
    let mut suites_failed = false;
    let (mut jests, mut surefires): (Option<Totals>, Option<Totals>) = (None, None);
    let mut before = "";
    for line in limits::lines(output) {
        let above = std::mem::replace(&mut before, line);
        if libtest(line).is_some() {
            last = Some(Tool::Libtest);
        } else if pytest(line).is_some() {
            last = Some(Tool::Pytest);
        } else if let Some(totals) = jest(line).filter(|_| jest::begins(above)) {
            jests = Some(jests.unwrap_or_default().plus(totals));
            last = Some(Tool::Jest);
        } else if let Some(totals) = surefire(line) {
            surefires = Some(surefires.unwrap_or_default().plus(totals));
            last = Some(Tool::Surefire);
        } else if node_counts::begins(line) {
            last = Some(Tool::Node);
        } else if nextest::summary(line).is_some() {
            last = Some(Tool::Nextest);
        } else if vitest::summary(line).is_some() {
            last = Some(Tool::Vitest);
        } else if vitest::begins(line) || jest::begins(line) {
            suites_failed |= line.contains(" failed");
        } else if vitest::has_errors(line) {
            suites_failed = true;
        }
    }
    let stated = match last? {
        Tool::Libtest => cargo::stated(output),
        Tool::Pytest => pytest::stated(output),
        Tool::Jest => jests,
        Tool::Surefire => surefires,
        Tool::Node => tap::stated(output),
        Tool::Nextest => nextest::stated(output),
        Tool::Vitest => vitest::stated(output),
    }?;
    // Files that could not be run hold no tests that were counted, and reports differ in how they tell of them.
    (!suites_failed || stated.failed > 0).then_some(stated)
}

/// The tools whose closing words are known.
#[derive(Clone, Copy)]
enum Tool {
    Libtest,
    Pytest,
    Jest,
    Surefire,
    Node,
    Nextest,
    Vitest,
}

/// `3 failed` as number and word.
fn counted(part: &str) -> Option<(usize, &str)> {
    let (number, what) = part.trim().split_once(' ')?;
    Some((number.parse().ok()?, what.trim()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_tools_last_words_are_understood() {
        let five = Totals { passed: 5, failed: 2, skipped: 1, todo: 0 };
        for text in [
            "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "==== 1 failed, 5 passed, 1 skipped, 3 warnings, 1 error in 61.02s (0:01:01) ====",
            "1 failed, 5 passed, 1 xfailed, 1 error in 0.10s",
            "Test Suites: 1 failed, 1 total\nTests:       2 failed, 1 skipped, 5 passed, 8 total",
            "[ERROR] Tests run: 8, Failures: 1, Errors: 1, Skipped: 1",
            "# tests 8\n# suites 2\n# pass 5\n# fail 1\n# cancelled 1\n# skipped 0\n# todo 1\n# duration_ms 3.5",
            "     Summary [   1.554s] 8 tests run: 5 passed (1 slow, 1 flaky), 1 failed (1 due to being leaky), 1 timed out, 1 skipped",
            "      Tests  2 failed | 5 passed | 1 skipped (8)",
            "ℹ tests 8\nℹ pass 5\nℹ fail 2\nℹ skipped 1\nℹ duration_ms 3.5",
        ] {
            let stated = stated(text).map(|totals| Totals { todo: 0, ..totals });
            assert_eq!(stated, Some(five), "{text}");
        }
        for text in [
            "",
            "3 failed",
            "Tests run: 8, Failures: 1, Errors: 1, Skipped: 1, Time elapsed: 1 s",
            "done in 3s",
            "# pass 5",
        ] {
            assert_eq!(stated(text), None, "{text}");
        }
    }

    #[test]
    fn several_runs_in_one_output_add_up() {
        let text =
            "test result: ok. 2 passed; 0 failed; 0 ignored\ntest result: FAILED. 1 passed; 1 failed; 0 ignored\n";
        assert_eq!(stated(text).unwrap(), Totals { passed: 3, failed: 1, skipped: 0, todo: 0 });
    }
}
