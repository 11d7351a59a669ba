//! Logs of services: what is wrong in them, with stacks joined, repetitions counted, and what ties each problem to a request.
//!
//! A log comes in pieces of any size for as long as a service runs; what is kept of it is bounded.

pub mod exception;
pub mod ids;
mod json;
mod level;
pub mod record;
mod when;

use self::exception::Exception;
use self::level::Level;
use self::record::Record;
use super::limits;
use super::lines::Lines;
use super::problem::Problem;
use super::sighting::{Sighted, Sightings, Tied, Ties};
use crate::domain::{Location, Severity, Source};

/// Records between a problem and the line of the request that it belongs to.
const NEAR: u32 = 6;
/// Milliseconds between both, where they tell the time.
const SOON: i64 = 2_000;

/// What one record tells.
#[derive(Debug, Default)]
struct Told {
    level: Option<Level>,
    message: String,
    /// What a field for the error says, where it is no exception.
    detail: Option<String>,
    exception: Option<Exception>,
    ties: Ties,
}

/// Reads the log of one service.
#[derive(Debug, Default)]
pub struct ServiceLog {
    lines: Lines,
    records: Records,
}

impl ServiceLog {
    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        let records = &mut self.records;
        self.lines.push(bytes, &mut |line| records.line(line));
    }

    /// Ends the log: all problems, errors first, and how many were left out.
    pub fn finish(&mut self) -> (Vec<Sighted>, usize) {
        let records = &mut self.records;
        self.lines.end(&mut |line| records.line(line));
        records.close();
        records.give_up_waiting();
        records.sightings.finish()
    }
}

#[derive(Debug, Default)]
struct Records {
    open: Record,
    sightings: Sightings,
    /// Records so far.
    number: u32,
    /// The last error whose request's line has not come, and its record.
    lonely: Option<(Tied, u32)>,
    /// The last failed request whose error has not come, and its record.
    waiting: Option<(Ties, u32)>,
}

impl Records {
    fn line(&mut self, line: &str) {
        if self.open.takes(line) {
            return;
        }
        self.close();
        self.open.begin(line);
    }

    /// Looks at the record that is over.
    fn close(&mut self) {
        if !self.open.is_begun() {
            return;
        }
        self.number = self.number.wrapping_add(1);
        if self.waiting.as_ref().is_some_and(|(_, at)| self.number.wrapping_sub(*at) > NEAR) {
            self.give_up_waiting();
        }
        let told = if self.open.head.starts_with('{') { json::read(&self.open.head) } else { text(&self.open) };
        if let Some(told) = told {
            self.add(told);
        }
    }

    fn add(&mut self, told: Told) {
        let status = told.ties.request.as_ref().and_then(|request| request.status);
        let severity = told.level.and_then(|level| level.severity);
        if told.exception.is_none() && severity.is_none() {
            if status.is_some_and(|status| status >= 500) {
                self.failed_request(told.ties);
            }
            return;
        }
        let mut ties = told.ties.clone();
        let severity = if told.exception.is_some() { Severity::Error } else { severity.unwrap_or(Severity::Error) };
        if severity == Severity::Error
            && let Some((waiting, _)) = self.waiting.take()
        {
            if together(&waiting, &ties) {
                join(&mut ties, waiting);
            } else {
                self.sightings.add(unexplained(&waiting), waiting);
            }
        }
        let complete = ties.request.as_ref().is_some_and(|request| request.status.is_some());
        let place = self.sightings.add(problem(told, severity), ties);
        if severity == Severity::Error {
            self.lonely = place.filter(|_| !complete).map(|place| (place, self.number));
        }
    }

    /// A line that only says that a request failed belongs to the error beside it, where there is one.
    fn failed_request(&mut self, request: Ties) {
        if let Some((tied, at)) = self.lonely.take()
            && self.number.wrapping_sub(at) <= NEAR
            && let Some(ties) = self.sightings.ties(tied)
            && together(ties, &request)
        {
            join(ties, request);
            return;
        }
        self.give_up_waiting();
        self.waiting = Some((request, self.number));
    }

    fn give_up_waiting(&mut self) {
        if let Some((waiting, _)) = self.waiting.take() {
            self.sightings.add(unexplained(&waiting), waiting);
        }
    }
}

/// Whether an error and a request's line can belong together.
fn together(one: &Ties, two: &Ties) -> bool {
    let same = match (&one.request, &two.request) {
        (Some(one), Some(two)) => one.fits(two),
        _ => true,
    };
    let soon = match (one.when, two.when) {
        (Some(one), Some(two)) => one.abs_diff(two) <= SOON.unsigned_abs(),
        _ => true,
    };
    same && soon
}

/// Adds what the request's line says.
fn join(ties: &mut Ties, line: Ties) {
    ties.when = ties.when.or(line.when);
    for id in line.ids {
        if !ties.ids.contains(&id) {
            ties.ids.push(id);
        }
    }
    ties.request = line.request.or_else(|| ties.request.take());
}

/// A failed request of which no error was logged.
fn unexplained(ties: &Ties) -> Problem {
    let request = ties.request.clone().unwrap_or_default();
    let status = request.status.unwrap_or(500);
    let method = request.method.unwrap_or_else(|| "a request to".to_owned());
    let words = format!("{method} {} was answered with {status}, and no error was logged", request.path);
    Problem::new(Source::Backend, format!("HTTP {status}"), words)
}

/// A record of plain text.
fn text(record: &Record) -> Option<Told> {
    let head = record.head.as_str();
    let level = record.level.map(|(level, _)| level);
    let bad = level.is_some_and(|level| level.severity.is_some());
    let traced = record.is_traced();
    let failed = !bad && !traced && head.contains(" HTTP/") && (head.contains(" 5") || head.contains("status=5"));
    if !bad && !traced && !failed {
        return None;
    }
    let message = match record.level {
        Some((_, from)) => level::message(head, from),
        None => head,
    };
    let mut ties = Ties { when: when::when(head), ids: Vec::new(), request: ids::request(head) };
    ids::ids(head, &mut ties.ids);
    for line in record.lines.iter().take(8).filter(|line| !record::is_frame(line)) {
        ids::ids(line, &mut ties.ids);
    }
    let exception = match (bad || traced, record::is_panic(head)) {
        (true, true) => exception::read(head, &record.lines),
        (true, false) => exception::read(message, &record.lines),
        (false, _) => None,
    };
    let message = match record.lines.first() {
        // .NET tells the category first and the message below it.
        Some(below) if exception.is_none() && message.ends_with(']') && !message.contains(' ') => below.trim(),
        _ => message,
    };
    let words = in_fields(message);
    let message = words.as_deref().unwrap_or(message);
    let level = if failed { None } else { level };
    // The same problem under another id is the same.
    let message = ties.ids.iter().fold(message.to_owned(), |words, id| words.replace(id.as_str(), "<id>"));
    Some(Told { level, message, detail: None, exception, ties })
}

/// `msg="cannot answer" err="no such table"`: both values, as a sentence.
fn in_fields(message: &str) -> Option<String> {
    let told = ids::value(message, "msg=").or_else(|| ids::value(message, "message="))?;
    let why = ids::value(message, "err=").or_else(|| ids::value(message, "error="));
    Some(why.map_or_else(|| told.to_owned(), |why| format!("{told}: {why}")))
}

/// The problem of a record: the exception's own words first, since the line that logged it names requests and times.
fn problem(told: Told, severity: Severity) -> Problem {
    let name = told.level.map_or("error", |level| level.name);
    let Some(exception) = told.exception else {
        let mut words = if told.message.is_empty() { told.detail.clone().unwrap_or_default() } else { told.message };
        if let Some(detail) = told.detail.filter(|detail| !words.contains(detail.as_str())) {
            words.push_str(": ");
            words.push_str(&detail);
        }
        let mut problem = Problem::new(Source::Backend, name, words);
        problem.severity = severity;
        problem.location = php_place(&mut problem.message);
        return problem;
    };
    let mut words = if exception.message.is_empty() { exception.kind.clone() } else { exception.message.clone() };
    for link in &exception.chain {
        words.push_str("\nin the chain of: ");
        words.push_str(link);
    }
    let logged = told.message.trim();
    // The first line of a panic names its thread and place only.
    let logged = if record::is_panic(logged) || logged.contains(" panicked at ") { "" } else { logged };
    if !logged.is_empty() && !words.contains(logged) && !logged.contains(&exception.message) {
        words.push_str("\nlogged as: ");
        words.push_str(logged);
    }
    let kind = if exception.kind.is_empty() { name.to_owned() } else { exception.kind };
    let mut problem = Problem::new(Source::Backend, kind, words);
    problem.severity = severity;
    problem.stack = exception.stack;
    problem.location = exception.location;
    problem
}

/// Takes PHP's ` in /a.php on line 3` off a message.
fn php_place(message: &mut String) -> Option<Location> {
    let (front, line) = message.rsplit_once(" on line ")?;
    let (words, file) = front.rsplit_once(" in ")?;
    let line = line.trim().parse().ok()?;
    let location = Location { file: limits::head(file, limits::NAME_BYTES).to_owned(), line: Some(line), column: None };
    *message = words.to_owned();
    Some(location)
}

/// Whether a line is surely a log's: it begins with a time and names its level, or is JSON with both.
pub fn sure(line: &str) -> bool {
    if line.starts_with('{') {
        return (line.contains("\"level\":") || line.contains("\"severity\":"))
            && (line.contains("\"msg\":") || line.contains("\"message\":"));
    }
    let dated = line.trim_start_matches('[').starts_with(|c: char| c.is_ascii_digit()) || line.get(1..4) == Some(", [");
    dated && level::at_start(line).is_some() && when::when(line).is_some()
}
