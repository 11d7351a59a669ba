//! Finds the sessions in what pytest prints.
//!
//! Tests may print whole sessions, or lines that look like the end of one. A session with a heading ends with the last line
//! of counts between rules before the next heading; a quiet one with its line of counts.

use super::pytest_lines::{banner, starts};
use super::totals::{Totals, pytest as totals};
use std::ops::Range;

/// Where a session's parts are, by line.
#[derive(Debug, Default)]
pub struct Session {
    /// Its first line.
    pub start: usize,
    /// Behind its last line.
    pub end: usize,
    /// Whether it began with its heading, as all but quiet ones do.
    pub headed: bool,
    /// The first heading below the verdicts.
    pub body: usize,
    /// The heading of the short summary.
    pub short: Option<usize>,
    /// What its last line says.
    pub stated: Option<Totals>,
    /// Sessions that a test printed.
    pub nested: Vec<Range<usize>>,
}

impl Session {
    /// The lines of a part of it, without those that a test printed as a session of their own.
    pub fn own<'t>(&self, lines: &[&'t str], part: Range<usize>) -> Vec<&'t str> {
        let mut own = Vec::with_capacity(part.len());
        let mut from = part.start;
        for inner in self.nested.iter().filter(|inner| inner.start >= part.start && inner.start < part.end) {
            own.extend_from_slice(lines.get(from..inner.start).unwrap_or_default());
            from = inner.end;
        }
        own.extend_from_slice(lines.get(from..part.end).unwrap_or_default());
        own
    }
}

/// The heading of the short summary.
const SHORT: &str = "short test summary info";

/// Finds the sessions.
pub fn sessions(lines: &[&str]) -> Vec<Session> {
    let mut scan = Scan { lines, found: Vec::new(), now: Open::default() };
    for (at, line) in lines.iter().enumerate() {
        scan.line(at, line);
    }
    scan.end();
    scan.found
}

struct Scan<'t, 'l> {
    lines: &'l [&'t str],
    found: Vec<Session>,
    now: Open,
}

/// The session that has not ended yet.
#[derive(Default)]
struct Open {
    start: usize,
    headed: bool,
    /// How many tests it set out to run.
    selected: Option<usize>,
    /// Whether it said that it stops early.
    stopped: bool,
    /// Whether a quiet one showed progress since the last line of counts.
    progress: bool,
    /// The last line of counts that may be its end.
    closed: Option<(usize, Totals)>,
    /// Counts without rules since then: quiet sessions that follow on it, or what a test printed.
    quiet: Vec<(usize, Totals)>,
    /// Where the sessions began that are open inside it.
    inner: Vec<usize>,
    nested: Vec<Range<usize>>,
}

impl Scan<'_, '_> {
    fn line(&mut self, at: usize, line: &str) {
        let now = &mut self.now;
        if starts(line) {
            if now.headed && !now.is_over() {
                // The heading may stand behind the name of the test that prints it.
                now.inner.push(at + 1);
                return;
            }
            // Lines above the first heading belong to its session.
            let start = if now.headed || now.closed.is_some() || !self.found.is_empty() { at } else { 0 };
            if now.headed || now.closed.is_some() {
                self.finish(at);
            }
            self.now = Open { start, headed: true, ..Open::default() };
        } else if let Some(totals) = totals(line) {
            if !line.starts_with('=') {
                if now.headed {
                    now.quiet.push((at, totals));
                } else {
                    // Only behind progress of its own a second line of counts is that of a second session.
                    if let Some((end, _)) = now.closed.filter(|_| now.progress) {
                        self.finish(end + 1);
                    }
                    self.now.closed = Some((at, totals));
                    self.now.progress = false;
                }
            } else if let Some(from) = now.inner.pop() {
                if now.inner.is_empty() {
                    now.nested.push(from..at + 1);
                }
            } else {
                now.closed = Some((at, totals));
                now.progress = false;
                now.quiet.clear();
            }
        } else if now.headed && now.selected.is_none() {
            now.selected = selected(line);
        } else if line.starts_with("!!!") {
            now.stopped = true;
        } else if !now.headed && line.ends_with("%]") {
            now.progress = true;
        }
    }

    fn end(&mut self) {
        let now = &mut self.now;
        if now.headed && (now.closed.is_none() || !now.inner.is_empty()) {
            // A session that a test printed may lack its summary, and then took the one of this session for its own.
            let mut ruled =
                self.lines.iter().enumerate().skip(now.start).rev().filter(|(_, line)| line.starts_with('='));
            now.closed = ruled.find_map(|(at, line)| Some((at, totals(line)?)));
            now.quiet.retain(|(at, _)| now.closed.is_none_or(|(closed, _)| *at > closed));
            now.nested.retain(|inner| now.closed.is_none_or(|(closed, _)| inner.end <= closed));
        }
        self.finish(self.lines.len());
    }

    /// Notes the session that is over, and quiet ones behind it. The next one begins here.
    fn finish(&mut self, end: usize) {
        let now = std::mem::replace(&mut self.now, Open { start: end, ..Open::default() });
        let mut from = now.closed.map_or(end, |(at, _)| at + 1);
        let session = Session { start: now.start, headed: now.headed, nested: now.nested, ..Session::default() };
        self.found.push(self.parts(session, now.closed, end));
        if now.closed.is_some() {
            for (at, totals) in now.quiet {
                let session = Session { start: from, ..Session::default() };
                self.found.push(self.parts(session, Some((at, totals)), at + 1));
                from = at + 1;
            }
        }
    }

    /// Finds the parts of a session.
    fn parts(&self, mut session: Session, closed: Option<(usize, Totals)>, end: usize) -> Session {
        const BODY: [&str; 5] = ["FAILURES", "ERRORS", "PASSES", "warnings summary", SHORT];
        session.stated = closed.map(|(_, totals)| totals);
        session.end = closed.map_or(end, |(at, _)| at);
        let within = || self.lines.iter().enumerate().take(session.end).skip(session.start);
        let own = |at: usize| {
            // The sessions inside are in order and apart from each other.
            let next = session.nested.partition_point(|inner| inner.end <= at);
            session.nested.get(next).is_none_or(|inner| at < inner.start)
        };
        let title = |at: usize, line: &str| banner(line, '=').filter(|_| own(at)).map(str::to_owned);
        let heading = |title: &str| BODY.iter().any(|known| title.starts_with(known));
        let body = within().find(|(at, line)| title(*at, line).is_some_and(|title| heading(&title)));
        let body = body.map_or(session.end, |(at, _)| at);
        let short = within().rev().find(|(at, line)| title(*at, line).as_deref() == Some(SHORT)).map(|(at, _)| at);
        (session.body, session.short) = (body, short);
        session
    }
}

impl Open {
    /// Whether the counts that were seen can be the end: of all tests, unless the session said that it stops early.
    fn is_over(&self) -> bool {
        let Some((_, totals)) = self.closed else { return false };
        let all = totals.passed.saturating_add(totals.failed).saturating_add(totals.skipped);
        self.inner.is_empty() && (self.stopped || self.selected.is_none_or(|selected| all >= selected))
    }
}

/// `collected 20 items / 3 deselected / 17 selected`, and `2 workers [20 items]` of a parallel run.
fn selected(line: &str) -> Option<usize> {
    let number = |text: &str| text.split(' ').next()?.parse().ok();
    if let Some((_, items)) = line.split_once(" workers [") {
        return items.ends_with(" items]").then(|| number(items))?;
    }
    let rest = line.strip_prefix("collecting ... ").unwrap_or(line).strip_prefix("collected ")?;
    match rest.rsplit_once(" / ") {
        Some((_, last)) if last.ends_with(" selected") => number(last),
        _ => number(rest),
    }
}
