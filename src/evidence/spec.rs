//! The spec reporter of `node --test`: a tree of marks, then counts, then the failed tests once more with their errors.

use super::collector::Collector;
use super::limits;
use super::problem::Problem;
use super::tap::{because, stable};
use super::totals::{Totals, node_into};
use super::trace::{frames, place};
use crate::domain::{Source, TestStatus};

/// Reads a whole output.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.iter().position(|line| line.trim_end() == "✖ failing tests:").unwrap_or(lines.len());
    let (tree, failing) = lines.split_at(end);
    let mut titles: Vec<String> = Vec::new();
    let mut failed: Vec<(String, usize)> = Vec::new();
    let mut totals: Option<Totals> = None;
    for (at, line) in tree.iter().enumerate() {
        let body = line.trim_start_matches(' ');
        let depth = (line.len() - body.len()) / 2;
        let mut here = totals.unwrap_or_default();
        if depth == 0 && body.starts_with('ℹ') && node_into(body, &mut here) {
            totals = Some(here);
            continue;
        }
        let Some((mark, rest)) = mark(body) else { continue };
        let (title, note) = title(rest);
        if depth > limits::DEPTH {
            to.odd("subtests are nested too deeply");
            continue;
        }
        let title = stable(title);
        if mark == '▶' {
            // A group opens, or, in older versions, closes with its time.
            if note.is_none() {
                titles.resize(depth, String::new());
                titles.push(title);
            }
            continue;
        }
        // A group's own closing line repeats its title at its depth.
        let closes = titles.get(depth).is_some_and(|open| *open == title);
        titles.truncate(depth);
        if closes {
            continue;
        }
        let id = titles.iter().map(String::as_str).chain([title.as_str()]).collect::<Vec<_>>().join(" > ");
        let marked = note.is_some_and(|note| note.contains("# ")) && rest.contains(") #");
        let status = match mark {
            '✔' if !marked => TestStatus::Passed,
            '✖' if !marked => TestStatus::Failed,
            _ => TestStatus::Skipped,
        };
        to.case(&id, status);
        if status == TestStatus::Failed {
            failed.push((id, at));
        }
    }
    problems(to, tree, failing, failed);
    match totals {
        Some(totals) => {
            to.state(totals);
            to.compare("node's summary", totals);
        }
        None => to.odd("the output has no closing counts"),
    }
}

/// The mark at a line's start.
fn mark(body: &str) -> Option<(char, &str)> {
    let first = body.chars().next().filter(|c| matches!(c, '✔' | '✖' | '﹣' | '▶' | '⚠'))?;
    Some((first, body.strip_prefix(first)?.strip_prefix(' ')?))
}

/// The title without its time, and what stood behind it.
fn title(rest: &str) -> (&str, Option<&str>) {
    for (at, _) in rest.rmatch_indices(" (") {
        let (title, note) = rest.split_at(at);
        let inside = note.get(2..).unwrap_or_default();
        if let Some((time, _)) = inside.split_once("ms)")
            && time.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        {
            return (title, Some(inside));
        }
    }
    (rest, None)
}

/// Adds a finding for each failed test, from the closing section where it names the test, otherwise from the tree.
fn problems(to: &mut Collector, tree: &[&str], failing: &[&str], failed: Vec<(String, usize)>) {
    let mut blocks: Vec<(&str, Option<&str>, Vec<&str>)> = Vec::new();
    let mut at_place = None;
    for line in failing.iter().skip(1) {
        if let Some(place) = line.strip_prefix("test at ") {
            at_place = Some(place);
        } else if let Some(('✖', rest)) = mark(line) {
            blocks.push((title(rest).0, at_place.take(), Vec::new()));
        } else if let Some((_, _, lines)) = blocks.last_mut() {
            lines.push(line);
        }
    }
    for (id, at) in failed {
        if to.is_full() {
            to.drop_one();
            continue;
        }
        let last = id.rsplit(" > ").next().unwrap_or_default();
        let block = blocks.iter().position(|(title, _, _)| stable(title) == last).map(|at| blocks.remove(at));
        let (place, lines) = match block {
            Some((_, place, lines)) => (place, lines),
            None => (None, tree.iter().skip(at + 1).take_while(|l| mark(l.trim_start()).is_none()).copied().collect()),
        };
        to.problem(problem(&id, place, &lines, tree, at));
    }
}

fn problem(id: &str, at_place: Option<&str>, lines: &[&str], tree: &[&str], at: usize) -> Problem {
    let body: Vec<&str> = lines.iter().map(|l| l.trim()).take_while(|l| !l.starts_with("generatedMessage:")).collect();
    let first = body.iter().position(|l| !l.is_empty()).unwrap_or(0);
    let head = body.get(first).copied().unwrap_or_default();
    let (word, message) = head.split_once(": ").unwrap_or(("", head));
    let kind = word.split(" [").next().unwrap_or_default();
    let rest = body.get(first + 1..).unwrap_or_default().iter().take_while(|l| !l.starts_with("at ")).copied();
    let kind = if kind.is_empty() || kind.contains(' ') { "Error" } else { kind };
    let message = std::iter::once(message).chain(rest).collect::<Vec<_>>().join("\n");
    let mut problem = Problem::new(Source::Test, kind, message.trim());
    problem.stack = frames(&lines.join("\n"));
    if problem.stack.is_empty() {
        problem.location = at_place.and_then(place);
    }
    if head == "'test failed'" || head.is_empty() {
        // What a file wrote before it broke stands above its line.
        let above: Vec<&str> =
            tree.iter().take(at).rev().take_while(|l| mark(l.trim_start()).is_none()).copied().collect();
        because(&mut problem, &above.into_iter().rev().collect::<Vec<_>>());
    }
    problem.test = Some(id.to_owned());
    problem
}
