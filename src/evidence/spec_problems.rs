//! The errors of failed tests in the output of node's spec reporter.

use super::collector::Collector;
use super::limits;
use super::problem::Problem;
use super::spec::{mark, title};
use super::tap::{because, stable};
use super::trace::{frames, place};
use crate::domain::Source;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// A failed test of the tree.
pub struct Failed {
    /// Its id.
    pub id: String,
    /// Its own title.
    pub title: String,
    /// Its line in the tree.
    pub line: usize,
}

/// One failed test in such a section.
struct Block<'t> {
    title: &'t str,
    place: Option<&'t str>,
    lines: Range<usize>,
}

/// Finds the section that shows the failed tests once more, behind a block of counts. It ends where the tree of another
/// run begins.
pub fn section(lines: &[&str], within: Range<usize>) -> Range<usize> {
    let from = within.start;
    let rest = lines.get(within.clone()).unwrap_or_default();
    let start = rest.iter().take(4).position(|line| line.trim_end() == "✖ failing tests:");
    let Some(start) = start.map(|offset| from + offset + 1) else { return from..from };
    let mut placed = false;
    let mut announced = false;
    for (offset, line) in lines.get(start..within.end).unwrap_or_default().iter().enumerate() {
        let ends = match mark(line) {
            // Node 20 and later says where each test is; a mark without that is one of the next tree.
            Some(('✖', _)) => placed && !std::mem::take(&mut announced),
            Some(_) => true,
            None => {
                announced |= line.starts_with("test at ");
                placed |= announced;
                false
            }
        };
        if ends {
            return start..start + offset;
        }
    }
    start..within.end
}

/// Adds a finding for each failed test, from the closing sections where they name the test, otherwise from the tree.
pub fn problems(to: &mut Collector, lines: &[&str], sections: impl Iterator<Item = Range<usize>>, failed: Vec<Failed>) {
    let mut by_title: HashMap<String, VecDeque<Block<'_>>> = HashMap::new();
    for range in sections {
        for block in blocks(lines, range) {
            by_title.entry(stable(block.title)).or_default().push_back(block);
        }
    }
    for Failed { id, title, line } in failed {
        if to.is_full() {
            to.drop_one();
            continue;
        }
        let block = by_title.get_mut(&title).and_then(VecDeque::pop_front);
        let (place, below) = if let Some(block) = block {
            (block.place, lines.get(block.lines).unwrap_or_default().to_vec())
        } else {
            let below = lines.iter().skip(line + 1).take_while(|l| mark(l.trim_start()).is_none());
            (None, below.take(LONGEST).copied().collect())
        };
        to.problem(problem(&id, place, &below, lines, line));
    }
}

/// Lines of one error that are looked at.
const LONGEST: usize = 4096;

/// The failed tests of one section; those that are only planned are shown there too.
fn blocks<'t>(lines: &[&'t str], range: Range<usize>) -> Vec<Block<'t>> {
    let mut found: Vec<Block<'t>> = Vec::new();
    let mut place = None;
    let mut planned = false;
    for at in range {
        let Some(line) = lines.get(at) else { break };
        if let Some(words) = line.strip_prefix("test at ") {
            place = Some(words);
        } else if let Some(('✖', rest)) = mark(line) {
            let (title, note) = title(rest);
            planned = note.is_some_and(|note| note.contains(") #"));
            if !planned {
                found.push(Block { title, place: place.take(), lines: at + 1..at + 1 });
            }
        } else if let Some(block) = found.last_mut().filter(|block| !planned && block.lines.len() < LONGEST) {
            block.lines.end = at + 1;
        }
    }
    found
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
    let told = lines.join("\n");
    problem.stack = frames(limits::head(&told, limits::BLOCK_BYTES));
    if problem.stack.is_empty() {
        problem.location = at_place.and_then(place);
    }
    if head == "'test failed'" || head.is_empty() {
        // What a file wrote before it broke stands above its line.
        let above: Vec<&str> =
            tree.iter().take(at).rev().take_while(|l| mark(l.trim_start()).is_none()).take(LONGEST).copied().collect();
        because(&mut problem, &above.into_iter().rev().collect::<Vec<_>>());
    }
    if problem.message.is_empty() {
        "the test failed without a message".clone_into(&mut problem.message);
    }
    problem.test = Some(id.to_owned());
    problem
}
