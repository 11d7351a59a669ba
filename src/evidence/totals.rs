//! The counts that test tools print at their end, recognised in any output.

/// Counts of one or more test runs, as stated by the tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Passed.
    pub passed: usize,
    /// Failed, errors included.
    pub failed: usize,
    /// Not run on purpose, expected failures included.
    pub skipped: usize,
}

impl Totals {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
            skipped: self.skipped.saturating_add(other.skipped),
        }
    }
}

/// `test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.18s`.
pub fn libtest(line: &str) -> Option<Totals> {
    let rest = line.trim().strip_prefix("test result: ")?;
    let rest = rest.strip_prefix("ok. ").or_else(|| rest.strip_prefix("FAILED. "))?;
    let mut totals = Totals::default();
    for part in rest.split(';') {
        if let Some((number, what)) = counted(part) {
            match what {
                "passed" => totals.passed = number,
                "failed" => totals.failed = number,
                "ignored" => totals.skipped = number,
                _ => {}
            }
        }
    }
    Some(totals)
}

/// `==== 3 failed, 2 passed, 1 skipped in 0.03s ====`, with or without the rules at both sides.
pub fn pytest(line: &str) -> Option<Totals> {
    let body = line.trim().trim_matches('=').trim();
    let (counts, time) = body.rsplit_once(" in ")?;
    let time = time.split(' ').next()?;
    if !time.strip_suffix('s')?.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    if counts == "no tests ran" {
        return Some(Totals::default());
    }
    let mut totals = Totals::default();
    let mut known = false;
    for part in counts.split(", ") {
        let (number, what) = counted(part)?;
        match what {
            "passed" | "xpassed" => totals.passed = totals.passed.saturating_add(number),
            "failed" | "error" | "errors" | "subtests failed" => totals.failed = totals.failed.saturating_add(number),
            "skipped" | "xfailed" => totals.skipped = totals.skipped.saturating_add(number),
            "warning" | "warnings" | "deselected" | "rerun" | "subtests passed" | "subtests skipped" => {}
            _ => return None,
        }
        known = true;
    }
    known.then_some(totals)
}

/// One line of node's closing counts, `# pass 3` or `ℹ pass 3`: the word and the number.
pub fn node(line: &str) -> Option<(&str, usize)> {
    let rest = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (word, number) = rest.split_once(' ')?;
    Some((word, number.trim().parse().ok()?))
}

/// Adds one line of node's closing counts; whether it was one.
pub fn node_into(line: &str, totals: &mut Totals) -> bool {
    match node(line) {
        Some(("pass", n)) => totals.passed = totals.passed.saturating_add(n),
        Some(("fail" | "cancelled", n)) => totals.failed = totals.failed.saturating_add(n),
        Some(("skipped" | "todo", n)) => totals.skipped = totals.skipped.saturating_add(n),
        Some(("tests" | "suites" | "duration_ms", _)) => {}
        _ => return false,
    }
    true
}

/// `Tests:       1 failed, 2 skipped, 3 passed, 6 total`, as Jest prints it.
fn jest(line: &str) -> Option<Totals> {
    let rest = line.trim().strip_prefix("Tests:")?;
    let mut totals = Totals::default();
    let mut total = false;
    for part in rest.split(',') {
        let (number, what) = counted(part)?;
        match what {
            "passed" => totals.passed = number,
            "failed" => totals.failed = number,
            "skipped" | "todo" => totals.skipped = totals.skipped.saturating_add(number),
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
    })
}

/// What an output states in all: the sum over the summary lines of the tool that printed the last one.
pub fn stated(output: &str) -> Option<Totals> {
    let mut by_tool: [Option<Totals>; 5] = [None; 5];
    let mut last = None;
    let mut in_node = false;
    for line in output.lines() {
        let (tool, totals) = if let Some(totals) = libtest(line) {
            (0, totals)
        } else if let Some(totals) = pytest(line) {
            (1, totals)
        } else if let Some(totals) = jest(line) {
            (2, totals)
        } else if let Some(totals) = surefire(line) {
            (3, totals)
        } else if let Some((word, _)) = node(line) {
            in_node = in_node || word == "tests";
            let mut totals = Totals::default();
            if !in_node || !node_into(line, &mut totals) {
                continue;
            }
            (4, totals)
        } else {
            continue;
        };
        last = Some(tool);
        if let Some(slot) = by_tool.get_mut(tool) {
            *slot = Some(slot.unwrap_or_default().plus(totals));
        }
    }
    by_tool.get(last?).copied().flatten()
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
        let five = Totals { passed: 5, failed: 2, skipped: 1 };
        for text in [
            "test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "==== 1 failed, 5 passed, 1 skipped, 3 warnings, 1 error in 61.02s (0:01:01) ====",
            "1 failed, 5 passed, 1 xfailed, 1 error in 0.10s",
            "Tests:       2 failed, 1 skipped, 5 passed, 8 total",
            "[ERROR] Tests run: 8, Failures: 1, Errors: 1, Skipped: 1",
            "# tests 8\n# suites 2\n# pass 5\n# fail 1\n# cancelled 1\n# skipped 0\n# todo 1\n# duration_ms 3.5",
            "ℹ tests 8\nℹ pass 5\nℹ fail 2\nℹ skipped 1",
        ] {
            assert_eq!(stated(text), Some(five), "{text}");
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
        assert_eq!(stated(text).unwrap(), Totals { passed: 3, failed: 1, skipped: 0 });
    }
}
