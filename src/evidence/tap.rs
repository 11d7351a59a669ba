//! TAP as `node --test` prints it when its output is no terminal: nested subtests with YAML blocks.

use super::collector::Collector;
use super::node_counts::{Counts, blocks};
use super::problem::Problem;
use super::tap_yaml::{Yaml, scalar, yaml};
use super::totals::Totals;
use super::trace::{frames, place, tap_frame};
use super::{limits, tail};
use crate::domain::{Source, TestStatus};

/// Whether the text is TAP: not where the spec reporter closed it, whatever the tests printed.
pub fn is_tap(text: &str) -> bool {
    let lines: Vec<&str> = limits::lines(text).collect();
    let last = |mark| blocks(&lines, mark, true).last().map(|block| block.end);
    if let Some(spec) = last("ℹ ") {
        return last("# ").is_some_and(|tap| tap > spec);
    }
    lines.iter().any(|line| is_version(line))
        || !lines.iter().any(|line| line.trim_start().starts_with(['✔', '✖', '▶', 'ℹ']))
            && lines.iter().any(|line| point(line.trim_start()).is_some())
}

/// Reads a whole output, which may hold several runs one after the other.
pub fn read(to: &mut Collector, text: &str) {
    let lines: Vec<&str> = limits::lines(text).collect();
    // Node writes what tests print as comments, so only a run of its own brings a line with the version.
    let versions = lines.iter().enumerate().filter(|(_, line)| is_version(line)).map(|(at, _)| at);
    let mut from = 0;
    let ends: Vec<usize> = versions.skip(1).chain([lines.len()]).collect();
    for end in &ends {
        let part = lines.get(from..*end).unwrap_or_default();
        // A test that runs by itself may print such a line before node does; no run of node follows on that one.
        if ends.len() == 1 || is_run(part) {
            run(to, part);
        }
        from = *end;
    }
    if let Some(totals) = to.stated()
        && (to.has_cases() || totals.passed + totals.failed > 0)
    {
        to.compare("node's summary", totals);
    }
}

/// What is known while a run is read.
#[derive(Default)]
struct State<'t> {
    /// The titles of the subtests that are open, by depth, and whether they had subtests of their own.
    titles: Vec<String>,
    parents: Vec<bool>,
    comments: Vec<&'t str>,
    /// Test points at the outermost level, and how many there should be.
    points: usize,
    plan: Option<usize>,
    bailed: bool,
}

/// Reads one run.
fn run(to: &mut Collector, lines: &[&str]) {
    let counts = blocks(lines, "# ", false).pop();
    let mut state = State::default();
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
            state.open(depth, stable(&unescape(title)));
        } else if let Some(found) = point(body) {
            state.points += usize::from(depth == 0);
            let yaml = yaml(lines, &mut at, line.len() - body.len());
            state.point(to, depth, &found, &yaml);
        } else if depth == 0 && is_plan(body) {
            state.plan = body.strip_prefix("1..").and_then(|n| n.split(' ').next()?.parse().ok());
        } else if depth == 0
            && let Some(comment) = body.strip_prefix("# ")
        {
            let closing = counts.is_some_and(|counts| (counts.start..counts.end).contains(&(at - 1)));
            if !closing && state.comments.len() < 200 {
                state.comments.push(comment);
            }
        } else if let Some(reason) = body.strip_prefix("Bail out!").filter(|_| depth == 0) {
            state.bailed = true;
            to.disagreement("the run bailed out");
            to.problem(Problem::new(Source::Test, "bail_out", reason));
        }
    }
    match counts {
        Some(counts) => to.state(counts.totals),
        None => state.end(to, lines),
    }
}

impl State<'_> {
    fn open(&mut self, depth: usize, title: String) {
        self.titles.resize(depth, String::new());
        self.titles.push(title);
        self.parents.resize(depth, true);
        self.parents.push(false);
    }

    fn point(&mut self, to: &mut Collector, depth: usize, found: &Point<'_>, yaml: &Yaml) {
        let had_children = self.parents.get(depth).copied().unwrap_or(false);
        let title = stable(&unescape(found.title));
        if found.opens {
            // Vitest tells the tests of a group behind it, in braces.
            self.open(depth, title);
            return;
        }
        self.titles.truncate(depth);
        let id = self.titles.iter().map(String::as_str).chain([title.as_str()]).collect::<Vec<_>>().join(" > ");
        self.parents.truncate(depth + 1);
        let status = match found.directive {
            Some(_) => TestStatus::Skipped,
            None if found.passed => TestStatus::Passed,
            None => TestStatus::Failed,
        };
        let is_file = found.title.starts_with('/');
        let group = yaml.get("type") == Some("suite") || (had_children && is_file);
        let consequence = yaml.get("failureType") == Some("subtestsFailed");
        let failed = status == TestStatus::Failed && !consequence;
        if !group || failed {
            let id = to.case(&id, status);
            if failed {
                let problem = problem(&id, yaml, &self.comments);
                to.problem(problem);
            }
        }
        self.comments.clear();
    }

    /// A run without closing counts is whole if it has the tests of its plan.
    fn end(&self, to: &mut Collector, lines: &[&str]) {
        if self.plan.is_some_and(|plan| self.points >= plan) {
            return;
        }
        let began = self.points > 0 || lines.iter().any(|line| is_version(line));
        if !began || self.bailed {
            to.odd("the output has no closing counts");
            return;
        }
        unfinished(to, lines);
    }
}

/// Adds the failed test that stands for a run of node without its closing counts.
pub fn unfinished(to: &mut Collector, lines: &[&str]) {
    let words = "the output has no closing counts";
    let id = to.unfinished("node", words);
    let mut problem = Problem::new(Source::Test, "did_not_finish", words);
    because(&mut problem, lines.get(lines.len().saturating_sub(100)..).unwrap_or_default());
    problem.test = Some(id);
    to.problem(problem);
}

/// One test point.
pub struct Point<'t> {
    passed: bool,
    title: &'t str,
    directive: Option<&'t str>,
    opens: bool,
}

/// `ok 3 - title # SKIP why` or `not ok 4 - title`. Without a number it is no point: tests print such lines.
pub fn point(body: &str) -> Option<Point<'_>> {
    let (passed, rest) = match body.strip_prefix("not ok ") {
        Some(rest) => (false, rest),
        None => (true, body.strip_prefix("ok ")?),
    };
    let title = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if title.len() == rest.len() || !(title.is_empty() || title.starts_with(' ')) {
        return None;
    }
    let title = title.trim_start();
    let title = title.strip_prefix("- ").unwrap_or(title);
    let (title, opens) = title.strip_suffix(" {").map_or((title, false), |title| (title, true));
    // Vitest writes how long it took in the manner of a directive.
    let title = match title.rsplit_once(" # time=") {
        Some((title, time)) if time.ends_with("ms") && !time.contains(' ') => title,
        _ => title,
    };
    let (front, directive) = title.rsplit_once(" # ").map_or((title, None), |(front, words)| (front, Some(words)));
    let known = directive.filter(|d| {
        let word = d.split(' ').next().unwrap_or_default();
        word.eq_ignore_ascii_case("SKIP") || word.eq_ignore_ascii_case("SKIPPED") || word.eq_ignore_ascii_case("TODO")
    });
    Some(Point { passed, title: if known.is_some() { front } else { title }, directive: known, opens })
}

/// `1..3`.
pub fn is_plan(body: &str) -> bool {
    body.strip_prefix("1..").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
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

fn problem(id: &str, yaml: &Yaml, comments: &[&str]) -> Problem {
    let kind = yaml
        .get("name")
        .or_else(|| yaml.get("code").filter(|code| *code != "ERR_TEST_FAILURE"))
        .or_else(|| yaml.get("failureType").filter(|kind| *kind != "testCodeFailure"))
        .unwrap_or("Error");
    let error = yaml.get("error").or_else(|| yaml.get("plain")).unwrap_or("the test failed without a message").trim();
    let mut problem = Problem::new(Source::Test, kind, error);
    // Vitest has name and message below the error.
    for line in error.lines().filter(|_| yaml.get("name").is_none() && yaml.get("plain").is_none()) {
        match line.split_once(": ") {
            Some(("name", name)) => problem.kind = scalar(name),
            Some(("message", message)) => problem.message = scalar(message),
            _ => {}
        }
    }
    problem.stack = yaml.get("stack").unwrap_or_default().lines().filter_map(tap_frame).collect();
    if problem.stack.is_empty() {
        problem.stack = frames(yaml.get("plain").unwrap_or_default());
    }
    if problem.stack.is_empty() {
        problem.location = yaml.get("location").or_else(|| yaml.get("at")).and_then(place);
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

/// The counts of all runs in an output of node, whichever of its reporters closed the last one.
pub fn stated(text: &str) -> Option<Totals> {
    let lines: Vec<&str> = limits::lines(text).collect();
    let spec = blocks(&lines, "ℹ ", true);
    let mut tap = blocks(&lines, "# ", false);
    let versions: Vec<usize> = (0..lines.len()).filter(|at| lines.get(*at).is_some_and(|l| is_version(l))).collect();
    // Of several blocks in one run of TAP the last one is node's.
    let run = |block: &Counts| versions.partition_point(|version| *version < block.start);
    if !versions.is_empty() {
        let mut later = None;
        tap.reverse();
        tap.retain(|block| later.replace(run(block)) != Some(run(block)));
    }
    let end = |blocks: &[Counts]| blocks.iter().map(|block| block.end).max().unwrap_or(0);
    let last = if end(&tap) > end(&spec) { tap } else { spec };
    last.into_iter().map(|block| block.totals).reduce(Totals::plus)
}

fn is_run(lines: &[&str]) -> bool {
    lines.iter().any(|line| line.starts_with("# Subtest: ") || is_plan(line)) || !blocks(lines, "# ", false).is_empty()
}

fn is_version(line: &str) -> bool {
    line.starts_with("TAP version ")
}
