//! The counts with which `node --test` closes, `# pass 3` or `ℹ pass 3`. Tests may print such lines too, so only a whole
//! block of them counts.

use super::totals::Totals;

/// The lines of a block in their order; older versions and other tools leave some out.
const WORDS: [&str; 8] = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo", "duration_ms"];

/// One block of closing counts.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Its first line.
    pub start: usize,
    /// Behind its last line.
    pub end: usize,
    /// What it says.
    pub totals: Totals,
}

/// Finds the whole blocks whose lines begin with this mark. With `timed` they have to end with the time that it took.
pub fn blocks(lines: &[&str], mark: &str, timed: bool) -> Vec<Counts> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let start = at;
        at += 1;
        if !line.strip_prefix(mark).is_some_and(|rest| rest.starts_with("tests ")) {
            continue;
        }
        let mut seen = [None; WORDS.len()];
        let mut last = None;
        let mut end = start;
        while let Some((word, number)) = lines.get(end).and_then(|line| count(line, mark))
            && last.is_none_or(|last| word > last)
        {
            last = Some(word);
            if let Some(slot) = seen.get_mut(word) {
                *slot = Some(number);
            }
            end += 1;
        }
        at = end.max(at);
        let number = |word: usize| seen.get(word).copied().flatten();
        let (Some(_), Some(passed)) = (number(0), number(2)) else { continue };
        if timed && number(7).is_none() {
            continue;
        }
        let both = |a: usize, b: usize| number(a).unwrap_or(0).saturating_add(number(b).unwrap_or(0));
        found.push(Counts { start, end, totals: Totals { passed, failed: both(3, 4), skipped: both(5, 6), todo: 0 } });
    }
    found
}

/// Whether the line is the first one of a block.
pub fn begins(line: &str) -> bool {
    ["# ", "ℹ "].iter().any(|mark| count(line, mark).is_some_and(|(word, _)| word == 0))
}

/// Which of the words, and its number.
fn count(line: &str, mark: &str) -> Option<(usize, usize)> {
    let (word, number) = line.strip_prefix(mark)?.split_once(' ')?;
    let word = WORDS.iter().position(|known| *known == word)?;
    let number = number.trim();
    // The time has a fraction, and its size does not matter.
    let whole = if word == 7 { number.split('.').next()? } else { number };
    Some((word, whole.parse().ok()?))
}
