//! The blocks in which pytest shows failures and errors.

use super::collector::Collector;
use super::junit::exception;
use super::limits;
use super::problem::Problem;
use super::trace::{frames, place};
use crate::domain::Source;

/// Adds a finding for each block, and for each failed test that has none.
pub fn read(to: &mut Collector, lines: &[&str], failed: &[&str]) {
    let mut unclaimed: Vec<&str> = failed.to_vec();
    let mut inside = false;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        if let Some(title) = banner(line, '=') {
            inside = matches!(title, "FAILURES" | "ERRORS");
        } else if inside && let Some(title) = banner(line, '_') {
            let start = at;
            while lines.get(at).is_some_and(|l| banner(l, '_').is_none() && banner(l, '=').is_none()) {
                at += 1;
            }
            let block = lines.get(start..at).unwrap_or_default();
            if to.is_full() {
                to.drop_one();
                continue;
            }
            let id = claim(title, &mut unclaimed);
            to.problem(problem(title, id, block));
        }
    }
    for id in unclaimed {
        if to.is_full() {
            // The blocks of some of these may have been left out already.
            break;
        }
        let mut problem = reason(lines, id);
        problem.test = Some(id.to_owned());
        to.problem(problem);
    }
}

/// The title of a line such as `==== FAILURES ====` or `____ test_x ____`.
fn banner(line: &str, rule: char) -> Option<&str> {
    let rest = line.trim_end().strip_prefix(rule)?;
    let rest = rest.trim_start_matches(rule).strip_prefix(' ')?;
    let title = rest.trim_end_matches(rule).strip_suffix(' ')?;
    // A rule of single characters between blanks parts the levels of one trace.
    (!title.is_empty() && !title.starts_with(&format!("{rule} ")) && title != rule.to_string()).then_some(title)
}

/// Finds the test that a block is about and takes it off the list.
fn claim(title: &str, unclaimed: &mut Vec<&str>) -> String {
    let name = ["ERROR at setup of ", "ERROR at teardown of ", "ERROR collecting "]
        .iter()
        .find_map(|start| title.strip_prefix(start))
        .unwrap_or(title);
    let (front, parameters) = name.find('[').map_or((name, ""), |at| name.split_at(at));
    let wanted = format!("{}{parameters}", front.replace('.', "::"));
    let fits = |id: &&str| *id == name || id.split_once("::").is_some_and(|(_, rest)| rest == wanted || rest == name);
    if let Some(at) = unclaimed.iter().position(fits) {
        return unclaimed.remove(at).to_owned();
    }
    name.to_owned()
}

fn problem(title: &str, id: String, block: &[&str]) -> Problem {
    let end =
        block.iter().position(|line| line.starts_with("----") && line.contains(" Captured ")).unwrap_or(block.len());
    let block = block.get(..end).unwrap_or_default();
    let mut text = String::new();
    for line in block {
        if text.len() + line.len() > limits::BLOCK_BYTES {
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    let told: Vec<&str> =
        block.iter().filter_map(|l| l.strip_prefix("E  ").or((*l == "E").then_some(""))).map(dedent).collect();
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

fn dedent(line: &str) -> &str {
    line.trim_start()
}

/// A failed test whose block is not shown: the short summary's reason.
fn reason(lines: &[&str], id: &str) -> Problem {
    let reason = lines.iter().rev().find_map(|line| {
        let rest = line.strip_prefix("FAILED ").or_else(|| line.strip_prefix("ERROR "))?;
        rest.strip_prefix(id)?.strip_prefix(" - ")
    });
    let reason = reason.unwrap_or("the test failed; its output does not say why");
    let kind = reason.split(':').next().and_then(exception).unwrap_or_else(|| "failed".to_owned());
    Problem::new(Source::Test, kind, reason)
}
