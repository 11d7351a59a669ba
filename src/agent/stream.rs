//! What a coding agent prints as it works, read as it comes: lines of JSON on its standard output become events, and at the
//! end an ending. The error stream is kept for the case that the program never began. Memory has a bound, whatever comes.
//!
//! Only the agent's own events decide. What the model writes, and what its tools print, are texts inside of events.

pub(super) mod event;
pub(super) mod fault;
pub(super) mod soft;
pub(super) mod verdict;
pub(super) mod wait;

pub(super) use crate::lines::{LONGEST, Line, Lines};
pub use event::{Counts, Damage, Event, Tokens};

use super::{TurnReader, end};
use crate::domain::{AgentReport, Conversation, Millis, StepEnd};
use crate::logs::Stream;
use std::collections::VecDeque;
use verdict::{Exit, Exits, Facts, decide};

/// How much of the end of the error stream is kept.
const ERRORS: usize = 16 * 1024;

/// One agent's way to write events.
pub(super) trait Dialect: Send {
    /// What its exits mean.
    fn exits(&self) -> Exits;

    /// Reads one line that is no blank: hands on its events and takes up what they say. An error is a line that is no event
    /// at all; one that is of a newer version is [`Event::Unknown`].
    fn read(&mut self, line: &str, facts: &mut Facts, emit: &mut dyn FnMut(Event)) -> Result<(), serde_json::Error>;

    /// There are no more lines.
    fn close(&mut self, _facts: &mut Facts, _emit: &mut dyn FnMut(Event)) {}
}

/// Reads the output of one turn.
pub struct EventReader {
    dialect: Box<dyn Dialect>,
    lines: Lines,
    facts: Facts,
    counts: Counts,
    errors: VecDeque<u8>,
    /// What earlier turns of the conversation took.
    used: Tokens,
    /// The name that it was given, for agents that say it late or not at all.
    given: String,
    /// There were earlier turns.
    resumed: bool,
}

/// What a whole turn came to, for whoever looks into it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Summary {
    /// The class of ending and what it is made from.
    #[serde(flatten)]
    pub report: FlatReport,
    /// The agent's name for the session; empty where it said none.
    pub session: String,
    /// Tokens by kind.
    pub tokens: Tokens,
    /// What the lines came to.
    #[serde(flatten)]
    pub counts: Counts,
    /// The model said or did anything.
    #[serde(skip)]
    pub worked: bool,
}

/// An [`AgentReport`] without levels.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FlatReport {
    #[serde(flatten)]
    ending: crate::domain::Ending,
    detail: String,
    microusd: u64,
}

impl EventReader {
    /// A reader of one agent's dialect.
    pub(super) fn new(dialect: Box<dyn Dialect>, used: Tokens) -> Self {
        Self {
            dialect,
            lines: Lines::new(LONGEST),
            facts: Facts::default(),
            counts: Counts::default(),
            errors: VecDeque::new(),
            used,
            given: String::new(),
            resumed: false,
        }
    }

    /// The same for a conversation that was given this name, and maybe had turns before.
    pub(super) fn named(self, given: &str, resumed: bool) -> Self {
        Self { given: given.to_owned(), resumed, ..self }
    }

    /// Takes some more output and hands on the events in it.
    pub fn take(&mut self, stream: Stream, bytes: &[u8], emit: &mut dyn FnMut(Event)) {
        match stream {
            Stream::Stdout => {
                let Self { dialect, lines, facts, counts, .. } = self;
                lines.push(bytes, |line| read(&line, dialect.as_mut(), facts, counts, emit));
            }
            Stream::Stderr => {
                let bytes = bytes.get(bytes.len().saturating_sub(ERRORS)..).unwrap_or_default();
                self.errors.extend(bytes);
                self.errors.drain(..self.errors.len().saturating_sub(ERRORS));
            }
            Stream::Engine => {}
        }
    }

    /// There is no more; hands on what was held back. `ended` is when the program ended, if that is known.
    pub fn close(mut self, end: &StepEnd, ended: Option<Millis>, emit: &mut dyn FnMut(Event)) -> Summary {
        let Self { dialect, lines, facts, counts, .. } = &mut self;
        lines.finish(|line| read(&line, dialect.as_mut(), facts, counts, emit));
        dialect.close(facts, &mut |event| count(event, counts, emit));
        let errors = String::from_utf8_lossy(self.errors.make_contiguous()).into_owned();
        let exits = self.dialect.exits();
        let (ending, detail) = end::of(end, |code| decide(&self.facts, Exit { code, errors: &errors, ended }, &exits));
        Summary {
            report: FlatReport { ending, detail: end::detail(&detail), microusd: self.facts.microusd },
            session: self.facts.session,
            tokens: self.facts.tokens,
            counts: self.counts,
            worked: self.facts.worked,
        }
    }
}

impl TurnReader for EventReader {
    fn push(&mut self, stream: Stream, bytes: &[u8]) {
        self.take(stream, bytes, &mut drop);
    }

    fn finish(self: Box<Self>, end: &StepEnd, ended: Option<Millis>) -> AgentReport {
        let (mut used, given, resumed) = (self.used, self.given.clone(), self.resumed);
        let Summary { report, session, tokens, worked, .. } = self.close(end, ended, &mut drop);
        let usage = event::usage(tokens, report.microusd);
        used.add(tokens);
        let session = if session.is_empty() { given } else { session };
        // One in which the model said nothing is none that could be gone on with.
        let conversation =
            (!session.is_empty() && (worked || resumed)).then_some(Conversation { id: session, used, kept: None });
        AgentReport { conversation, ..AgentReport::new(report.ending, report.detail, usage) }
    }
}

fn read(
    line: &Line<'_>,
    dialect: &mut dyn Dialect,
    facts: &mut Facts,
    counts: &mut Counts,
    emit: &mut dyn FnMut(Event),
) {
    let bytes = match line {
        Line::Whole(bytes) => bytes.trim_ascii(),
        Line::TooLong => {
            counts.lines += 1;
            counts.too_long += 1;
            return damaged(Damage::TooLong, counts, emit);
        }
    };
    if bytes.is_empty() {
        return;
    }
    counts.lines += 1;
    let Ok(text) = std::str::from_utf8(bytes) else { return damaged(Damage::NotUtf8, counts, emit) };
    let result = dialect.read(text, facts, &mut |event| count(event, counts, emit));
    if result.is_err() {
        damaged(Damage::NotJson, counts, emit);
    }
}

fn damaged(why: Damage, counts: &mut Counts, emit: &mut dyn FnMut(Event)) {
    counts.damaged += 1;
    emit(Event::Damaged { line: counts.lines, why });
}

fn count(event: Event, counts: &mut Counts, emit: &mut dyn FnMut(Event)) {
    match &event {
        Event::Unknown { .. } => counts.unknown += 1,
        Event::ToolUse { .. } => counts.tools += 1,
        Event::Denied { .. } => counts.denied += 1,
        _ => {}
    }
    emit(event);
}
