//! The blocks in which pytest shows failures and errors.

use super::collector::Collector;
use super::junit_problem::exception;
use super::limits;
use super::problem::Problem;
use super::pytest_lines::banner;
use super::trace::{frames, place};
use crate::domain::{Source, TestStatus};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A failed test as the session named it.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'t> {
    /// The test's id.
    pub id: &'t str,
    /// Whether its set-up or tear-down broke, or its file did not load.
    pub error: bool,
    /// Why, as the short summary has it.
    pub reason: &'t str,
}

/// Leaves one entry for each test and kind of failure, with the reason of whichever line told one.
pub fn distinct(failed: &mut Vec<Failed<'_>>) {
    let mut at: HashMap<(&str, bool), usize> = HashMap::new();
    let mut kept: Vec<Failed<'_>> = Vec::new();
    for one in failed.iter() {
        match at.get(&(one.id, one.error)).and_then(|at| kept.get_mut(*at)) {
            Some(known) if known.reason.is_empty() => known.reason = one.reason,
            Some(_) => {}
            None => {
                at.insert((one.id, one.error), kept.len());
                kept.push(*one);
            }
        }
    }
    *failed = kept;
}

/// Adds a finding for each block, and for each failed test that has none. Gives the number of tests that only their blocks
/// name; they are added too.
pub fn read(to: &mut Collector, lines: &[&str], mut claims: Claims<'_, '_>, ids: &BTreeMap<&str, String>) -> usize {
    let mut unnamed = 0;
    let kept = |id: &str| ids.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let mut inside = false;
    // Behind a heading of captured output only a block of a known test ends it, since tests may print headings too.
    let mut captured = false;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        if let Some(title) = banner(line, '=').filter(|_| !captured) {
            inside = matches!(title, "FAILURES" | "ERRORS");
        }
        let Some(title) = banner(line, '_').filter(|title| (inside || captured) && claims.knows(title)) else {
            continue;
        };
        let start = at;
        captured = false;
        while let Some(line) = lines.get(at) {
            captured |= is_captured(line);
            let ends = banner(line, '_').is_some_and(|title| !captured || claims.knows(title))
                || (!captured && banner(line, '=').is_some());
            if ends {
                break;
            }
            at += 1;
        }
        let block = lines.get(start..at).unwrap_or_default();
        let end = block.iter().position(|line| is_captured(line)).unwrap_or(block.len());
        let block = block.get(..end).unwrap_or_default();
        let id = if let Some(id) = claims.claim(title, block) {
            kept(&id)
        } else {
            unnamed += 1;
            to.case(&from_title(title, block), TestStatus::Failed)
        };
        if to.is_full() {
            to.drop_one();
            continue;
        }
        to.problem(problem(title, id, block));
    }
    for failed in claims.left() {
        if to.is_full() {
            // The blocks of some of these may have been left out already.
            break;
        }
        let mut problem = unshown(failed.reason);
        problem.test = Some(kept(failed.id));
        to.problem(problem);
    }
    unnamed
}

/// The id of a test that only its block names: the file is the one where the trace begins.
fn from_title(title: &str, block: &[&str]) -> String {
    let name = bare(title).0;
    let file = block
        .iter()
        .find_map(|line| place(line.split(": ").next()?).filter(|place| place.file.strip_suffix(".py").is_some()));
    match file {
        Some(place) if !name.contains(".py") => format!("{}::{}", place.file, parted(name)),
        _ => name.to_owned(),
    }
}

fn is_captured(line: &str) -> bool {
    line.starts_with("----") && line.contains(" Captured ")
}

/// The failed tests whose blocks have not been seen, by the titles that their blocks would have.
pub struct Claims<'f, 't> {
    failed: &'f [Failed<'t>],
    /// Whether every failed test is on the list.
    complete: bool,
    by_title: HashMap<String, Vec<usize>>,
    /// The first test of each title; this list stays as it is.
    parts: HashMap<String, usize>,
    taken: HashSet<usize>,
}

impl<'f, 't> Claims<'f, 't> {
    /// All of them.
    pub fn new(failed: &'f [Failed<'t>], complete: bool) -> Self {
        let mut by_title: HashMap<String, Vec<usize>> = HashMap::new();
        let mut parts = HashMap::new();
        for (at, one) in failed.iter().enumerate().rev() {
            let title = one.id.split_once("::").map_or_else(|| one.id.to_owned(), |(_, rest)| dotted(rest));
            parts.insert(title.clone(), at);
            by_title.entry(title).or_default().push(at);
        }
        Self { failed, complete, by_title, parts, taken: HashSet::new() }
    }

    fn knows(&self, title: &str) -> bool {
        !self.complete
            || self.by_title.get(&dotted(bare(title).0)).is_some_and(|at| !at.is_empty())
            || self.part(title).is_some()
    }

    /// The test of which a block shows a part: `test_x [message] (i=1)`.
    fn part(&self, title: &str) -> Option<usize> {
        let front = [" [", " ("].iter().filter_map(|mark| title.find(mark)).min().and_then(|at| title.get(..at))?;
        self.parts.get(&dotted(front)).copied()
    }

    /// Finds the test that a block is about and takes it off the list: of several with one name the one whose file the
    /// block speaks of.
    fn claim(&mut self, title: &str, block: &[&str]) -> Option<String> {
        let (name, error) = bare(title);
        if let Some(part) = self.part(title).filter(|_| self.by_title.get(&dotted(name)).is_none_or(Vec::is_empty)) {
            self.taken.insert(part);
            return self.failed.get(part).map(|one| one.id.to_owned());
        }
        let at = self.by_title.get_mut(&dotted(name))?;
        let files: HashSet<&str> = if at.len() > 1 {
            block
                .iter()
                .filter_map(|line| line.split_once(".py:"))
                .filter_map(|(front, _)| front.split(' ').next_back())
                .collect()
        } else {
            HashSet::new()
        };
        let failed = self.failed;
        let in_file = |one: &Failed<'_>| {
            one.id.split("::").next().and_then(|file| file.strip_suffix(".py")).is_some_and(|file| files.contains(file))
        };
        // The list is short enough to be looked through where names are honest; it ends with the first of its tests.
        let near = at.len().saturating_sub(LOOK)..at.len();
        let best = near.rev().max_by_key(|index| {
            let one = at.get(*index).and_then(|at| failed.get(*at));
            (one.is_some_and(|one| one.error == error), one.is_some_and(in_file), *index)
        });
        let found = at.remove(best?);
        self.taken.insert(found);
        Some(failed.get(found)?.id.to_owned())
    }

    fn left(&self) -> impl Iterator<Item = &Failed<'t>> {
        self.failed.iter().enumerate().filter(|(at, _)| !self.taken.contains(at)).map(|(_, one)| one)
    }
}

/// Tests of one name among which a block's is looked for.
const LOOK: usize = 256;

/// A title without what it says of errors, and whether it is one.
fn bare(title: &str) -> (&str, bool) {
    let starts = ["ERROR at setup of ", "ERROR at teardown of ", "ERROR collecting "];
    starts.iter().find_map(|start| title.strip_prefix(start)).map_or((title, false), |name| (name, true))
}

/// The name with its classes parted by dots, as titles have it; the parameters stay as they are.
fn dotted(name: &str) -> String {
    let (front, parameters) = name.find('[').map_or((name, ""), |at| name.split_at(at));
    format!("{}{parameters}", front.replace("::", "."))
}

/// The name with its classes parted as in ids.
fn parted(name: &str) -> String {
    let (front, parameters) = name.find('[').map_or((name, ""), |at| name.split_at(at));
    format!("{}{parameters}", front.replace('.', "::"))
}

fn problem(title: &str, id: String, block: &[&str]) -> Problem {
    let mut text = String::new();
    for line in block {
        if text.len() + line.len() > limits::BLOCK_BYTES {
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    let told: Vec<&str> =
        block.iter().filter_map(|l| l.strip_prefix("E  ").or((*l == "E").then_some(""))).map(str::trim_start).collect();
    let last = block.iter().rev().find(|l| !l.trim().is_empty()).copied().unwrap_or(title);
    let message = if told.is_empty() { last.trim().to_owned() } else { told.join("\n") };
    let mut problem = Problem::new(Source::Test, "failed", message);
    problem.stack = frames(&text);
    let (front, word) = last.rsplit_once(": ").unwrap_or(("", ""));
    if !word.contains(' ') && !word.is_empty() && place(front).is_some() {
        problem.location = place(front);
        word.clone_into(&mut problem.kind);
    } else if let Some(kind) = problem.message.split([':', '\n']).next().and_then(exception) {
        problem.kind = kind;
    }
    if title.starts_with("ERROR collecting ") {
        problem.source = Source::Build;
    }
    if problem.location.is_none() && problem.stack.is_empty() {
        problem.location = block.iter().rev().find_map(|line| place(line.split(": ").next().unwrap_or_default()));
    }
    problem.test = Some(id);
    problem
}

/// A failed test whose block is not shown: the short summary's reason.
fn unshown(reason: &str) -> Problem {
    let reason = if reason.is_empty() { "the test failed; its output does not say why" } else { reason };
    let kind = reason.split(':').next().and_then(exception).unwrap_or_else(|| "failed".to_owned());
    Problem::new(Source::Test, kind, reason)
}
