//! TAP as `node --test` prints it when its output is no terminal: nested subtests with YAML blocks.

use super::collector::Collector;
use super::problem::Problem;
use super::totals::{Totals, node_into};
use super::trace::{place, tap_frame};
use super::{limits, tail};
use crate::domain::{Source, TestStatus};

/// Whether the text is TAP.
pub fn is_tap(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("TAP version ") || point(line.trim_start()).is_some())
}

/// Reads a whole output.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    // The titles of the subtests that are open, by depth, and whether they had subtests of their own.
    let mut titles: Vec<String> = Vec::new();
    let mut parents: Vec<bool> = Vec::new();
    let mut comments: Vec<&str> = Vec::new();
    let mut totals: Option<Totals> = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let body = line.trim_start();
        let depth = (line.len() - body.len()) / 4;
        if depth >= limits::DEPTH {
            to.odd("subtests are nested too deeply");
            continue;
        }
        if let Some(title) = body.strip_prefix("# Subtest: ") {
            titles.resize(depth, String::new());
            titles.push(stable(&unescape(title)));
            parents.resize(depth, true);
            parents.push(false);
        } else if let Some((passed, title, directive)) = point(body) {
            let yaml = yaml(&lines, &mut at, line.len() - body.len());
            let had_children = parents.get(depth).copied().unwrap_or(false);
            titles.truncate(depth);
            let id = titles
                .iter()
                .map(String::as_str)
                .chain([stable(&unescape(title)).as_str()])
                .collect::<Vec<_>>()
                .join(" > ");
            parents.truncate(depth + 1);
            let status = match directive {
                Some(_) => TestStatus::Skipped,
                None if passed => TestStatus::Passed,
                None => TestStatus::Failed,
            };
            let is_file = title.starts_with('/');
            let group = yaml.get("type") == Some("suite") || (had_children && is_file);
            if !group {
                to.case(&id, status);
            }
            let consequence = yaml.get("failureType") == Some("subtestsFailed");
            if status == TestStatus::Failed && !consequence {
                if group {
                    to.case(&id, status);
                }
                to.problem(problem(&id, &yaml, &comments));
            }
            comments.clear();
        } else if depth == 0
            && let Some(comment) = body.strip_prefix("# ")
        {
            let mut here = totals.unwrap_or_default();
            if node_into(body, &mut here) {
                totals = Some(here);
            } else if comments.len() < 200 {
                comments.push(comment);
            }
        } else if let Some(reason) = body.strip_prefix("Bail out!") {
            to.odd("the run bailed out");
            to.problem(Problem::new(Source::Test, "bail_out", reason));
        }
    }
    if let Some(totals) = totals {
        to.state(totals);
        if to.has_cases() || totals.passed + totals.failed > 0 {
            to.compare("node's summary", totals);
        }
    } else {
        to.odd("the output has no closing counts");
    }
}

/// `ok 3 - title # SKIP why` or `not ok 4 - title`: the outcome, the title and the directive.
fn point(body: &str) -> Option<(bool, &str, Option<&str>)> {
    let (passed, rest) = match body.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, body.strip_prefix("ok")?),
    };
    let rest = rest.strip_prefix(' ')?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let rest = rest.strip_prefix("- ").unwrap_or(rest);
    let directive = rest.match_indices(" # ").map(|(at, _)| at).last();
    let (title, directive) = match directive {
        Some(at) => (rest.get(..at)?, rest.get(at + 3..)),
        None => (rest, None),
    };
    let known = directive.filter(|d| {
        let word = d.split(' ').next().unwrap_or_default();
        word.eq_ignore_ascii_case("SKIP") || word.eq_ignore_ascii_case("SKIPPED") || word.eq_ignore_ascii_case("TODO")
    });
    Some((passed, if known.is_some() { title } else { rest }, known))
}

fn unescape(title: &str) -> String {
    title.replace("\\#", "#").replace("\\\\", "\\")
}

/// A title that is a file's absolute path, as node gives to whole files, cut to its place in the tree.
pub fn stable(title: &str) -> String {
    if !title.starts_with('/') {
        return title.to_owned();
    }
    title.strip_prefix("/work/").unwrap_or_else(|| title.rsplit('/').next().unwrap_or(title)).to_owned()
}

/// The plain keys of a YAML block.
#[derive(Default)]
struct Yaml(Vec<(String, String)>);

impl Yaml {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// Reads the block below a test point, where there is one.
fn yaml(lines: &[&str], at: &mut usize, indent: usize) -> Yaml {
    let mut found = Yaml::default();
    let inner = indent + 2;
    let body = |line: &str| -> Option<String> {
        line.get(inner..).filter(|_| line.get(..inner).is_some_and(|i| i.trim().is_empty())).map(str::to_owned)
    };
    if lines.get(*at).and_then(|line| body(line)).as_deref() != Some("---") {
        return found;
    }
    *at += 1;
    let mut bytes = 0;
    while let Some(line) = lines.get(*at) {
        let Some(line) = body(line).or_else(|| line.trim().is_empty().then(String::new)) else { break };
        *at += 1;
        if line == "..." {
            break;
        }
        bytes += line.len();
        if bytes > limits::BLOCK_BYTES {
            continue;
        }
        match line.split_once(':') {
            Some((key, value)) if !line.starts_with(' ') => found.0.push((key.to_owned(), scalar(value.trim()))),
            _ => {
                if let Some((_, value)) = found.0.last_mut() {
                    value.push_str(line.trim_start_matches("  "));
                    value.push('\n');
                }
            }
        }
    }
    found
}

fn scalar(value: &str) -> String {
    if matches!(value, "|-" | "|" | ">" | ">-") {
        return String::new();
    }
    if let Some(inner) = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')) {
        return inner.replace("\\'", "'").replace("''", "'");
    }
    value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value).replace("\\\"", "\"")
}

fn problem(id: &str, yaml: &Yaml, comments: &[&str]) -> Problem {
    let kind = yaml
        .get("name")
        .or_else(|| yaml.get("code").filter(|code| *code != "ERR_TEST_FAILURE"))
        .or_else(|| yaml.get("failureType").filter(|kind| *kind != "testCodeFailure"))
        .unwrap_or("Error");
    let error = yaml.get("error").unwrap_or("the test failed without a message").trim();
    let mut problem = Problem::new(Source::Test, kind, error);
    problem.stack = yaml.get("stack").unwrap_or_default().lines().filter_map(tap_frame).collect();
    if problem.stack.is_empty() {
        problem.location = yaml.get("location").and_then(place);
    }
    if error == "test failed" {
        because(&mut problem, comments);
    }
    problem.test = Some(id.to_owned());
    problem
}

/// A file that broke as a whole says why in what it wrote before.
pub fn because(problem: &mut Problem, lines: &[&str]) {
    let mut told = Collector::default();
    tail::read(&mut told, &lines.join("\n"));
    if let Some(cause) = told.finish().0.findings.into_iter().next() {
        if !matches!(cause.kind.as_str(), "error_line" | "last_line") {
            problem.kind = cause.kind;
            problem.stack = cause.stack;
            problem.location = None;
        }
        problem.message = cause.message;
    }
}
