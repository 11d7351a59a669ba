//! The spec reporter of `node --test`: a tree of marks, then counts, then the failed tests once more with their errors.
//!
//! What tests print stands between the marks as it is, so a mark counts only with its time, at a depth where a group is
//! open, and the section of failed tests only behind a whole block of counts.

use super::collector::Collector;
use super::limits;
use super::node_counts::blocks;
use super::spec_problems::{Failed, problems, section};
use super::tap::{stable, unfinished};
use super::totals::Totals;
use crate::domain::TestStatus;

/// Reads a whole output, which may hold several runs one after the other.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = limits::lines(text).collect();
    let counts = blocks(&lines, "ℹ ", true);
    let totals = counts.iter().map(|block| block.totals).reduce(Totals::plus);
    let mut tree = Tree { lenient: counts.is_empty(), ..Tree::default() };
    let mut sections = Vec::new();
    let mut from = 0;
    let starts = counts.iter().skip(1).map(|block| block.start).chain([lines.len()]);
    for (block, next) in counts.iter().zip(starts) {
        tree.read(to, &lines, from..block.start);
        let section = section(&lines, block.end..next);
        from = section.end;
        sections.push(section);
    }
    // What follows on the last run may be the start of one that never ended.
    let before = tree.found.len();
    tree.read(to, &lines, from..lines.len());
    let cut = tree.found.len() > before;
    let failed = tree.add(to, totals);
    problems(to, &lines, sections.into_iter(), failed);
    if let Some(totals) = totals {
        to.state(totals);
        to.compare("node's summary", totals);
    }
    if cut {
        unfinished(to, &lines);
    } else if totals.is_none() {
        to.odd("the output has no closing counts");
    }
}

/// A test of the tree.
struct Found<'t> {
    id: String,
    status: TestStatus,
    line: usize,
    /// What stands behind the title.
    note: &'t str,
}

/// A group that is open.
struct Group {
    title: String,
    failed: bool,
}

#[derive(Default)]
struct Tree<'t> {
    /// Whether marks without a time count too, as other tools print them.
    lenient: bool,
    groups: Vec<Group>,
    found: Vec<Found<'t>>,
}

impl<'t> Tree<'t> {
    fn read(&mut self, to: &mut Collector, lines: &[&'t str], range: std::ops::Range<usize>) {
        self.groups.clear();
        for at in range {
            let Some(line) = lines.get(at) else { break };
            let body = line.trim_start_matches(' ');
            let Some((mark, rest)) = mark(body) else { continue };
            let depth = (line.len() - body.len()) / 2;
            if depth > limits::DEPTH {
                to.odd("subtests are nested too deeply");
            } else if depth <= self.groups.len() {
                self.mark(lines, at, depth, mark, rest);
            }
        }
    }

    fn mark(&mut self, lines: &[&str], at: usize, depth: usize, mark: char, rest: &'t str) {
        let (title, note) = title(rest);
        let title = stable(title);
        if mark == '▶' && note.is_none() {
            self.groups.truncate(depth);
            self.groups.push(Group { title, failed: false });
            return;
        }
        let Some(note) = note.or(self.lenient.then_some("")) else { return };
        // A group's own closing line repeats its title at its depth.
        let closed = self.groups.get(depth).filter(|open| open.title == title).map(|open| open.failed);
        self.groups.truncate(depth);
        let status = match mark {
            _ if note.contains(") #") => TestStatus::Skipped,
            '✔' => TestStatus::Passed,
            '✖' => TestStatus::Failed,
            // Older versions close a group with the mark that opened it, whatever came of it.
            '▶' if closed.is_some() && own_failure(lines, at, depth) => TestStatus::Failed,
            '▶' => return,
            _ => TestStatus::Skipped,
        };
        if let Some(child_failed) = closed {
            let own = status == TestStatus::Failed && (!child_failed || own_failure(lines, at, depth));
            if !own {
                return;
            }
        }
        if status == TestStatus::Failed {
            self.groups.iter_mut().for_each(|group| group.failed = true);
        }
        let id = self.groups.iter().map(|group| group.title.as_str()).chain([title.as_str()]).collect::<Vec<_>>();
        self.found.push(Found { id: id.join(" > "), status, line: at, note });
    }

    /// Adds the tests; gives the failed ones.
    fn add(self, to: &mut Collector, totals: Option<Totals>) -> Vec<Failed> {
        let passed = self.found.iter().filter(|found| found.status == TestStatus::Passed).count();
        let mut excess = totals.map_or(0, |totals| passed.saturating_sub(totals.passed));
        let mut failed = Vec::new();
        for found in self.found {
            // Programs print such marks for what they do themselves; node's times have a fraction.
            if excess > 0 && found.status == TestStatus::Passed && !found.note.contains('.') {
                excess -= 1;
                continue;
            }
            let title = found.id.rsplit(" > ").next().unwrap_or_default().to_owned();
            let id = to.case(&found.id, found.status);
            if found.status == TestStatus::Failed {
                failed.push(Failed { id, title, line: found.line });
            }
        }
        failed
    }
}

/// Whether a closed group shows an error of its own below its line, and not only that tests in it failed.
fn own_failure(lines: &[&str], at: usize, depth: usize) -> bool {
    let below = lines.get(at + 1..).unwrap_or_default().iter().take(3).find(|line| !line.trim().is_empty());
    below.is_some_and(|line| {
        let body = line.trim_start_matches(' ');
        let inside = line.len() - body.len() >= 2 * (depth + 1);
        inside && mark(body).is_none() && !(body.contains("subtest") && body.contains(" failed"))
    })
}

/// The mark at a line's start.
pub fn mark(body: &str) -> Option<(char, &str)> {
    let first = body.chars().next().filter(|c| matches!(c, '✔' | '✖' | '﹣' | '▶' | '⚠'))?;
    Some((first, body.strip_prefix(first)?.strip_prefix(' ')?))
}

/// The title without its time, and the time with what stands behind it: `x (1.5ms) # SKIP why`.
pub fn title(rest: &str) -> (&str, Option<&str>) {
    let split = |end: usize| {
        let front = rest.get(..end)?;
        let title = front.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let timed = title.len() < front.len();
        Some((title.strip_suffix(" (").filter(|_| timed)?, rest.get(title.len()..)))
    };
    let directive = rest.find("ms) # ").and_then(split);
    let last = || split(rest.strip_suffix("ms)")?.len());
    directive.or_else(last).unwrap_or((rest, None))
}
