//! Logs by line: ranges on request, and the end of a run's logs as a stream. The stream never falls behind: where more was
//! printed than the client took, it gets the last of it, sees by the numbers what it has not, and asks for that when it is
//! wanted. So a slow client costs no memory and gets what is new.

use super::Server;
use super::answer::not_found;
use super::detail::blocking;
use super::outbox::{Gone, Outbox};
use crate::domain::{RunId, Step, StepLog, StepState};
use crate::engine::ports::World;
use crate::logs::{Line, LogError, LogReader, MAX_LINE};
use crate::protocol::{Bytes, Event, Fault, FaultCode, LogLine, LogLines};
use crate::sandbox::Sandbox;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

/// Most lines in one answer or event.
const MOST: u32 = 5000;
/// How often an open log is looked at for more.
const LOOK: Duration = Duration::from_millis(50);

/// How far the client has the log of the step that it is shown.
#[derive(Debug, Default)]
struct At {
    step: String,
    /// The next line, or the one that had no end yet.
    line: u64,
    part: u64,
    /// Bytes of the log when it was read last.
    bytes: u64,
    /// The step had ended before its log was read to its end.
    over: bool,
}

impl<S: Sandbox> Server<S> {
    pub(super) async fn lines(
        &self,
        run: RunId,
        step: &str,
        first: Option<u64>,
        part: u64,
        most: u32,
    ) -> Result<LogLines, Fault> {
        let found = self.step_with_log(run, step).await?;
        let path = self.engine.world.places().log(&found.key);
        let read = blocking(move || read(&path, first, part, most.min(MOST))).await?;
        let (lines, total, _) = read.map_err(|error| unreadable(&error))?;
        Ok(LogLines { run, step: step.to_owned(), lines, total, open: is_open(&found) })
    }

    /// A step whose log can be read.
    pub(super) async fn step_with_log(&self, run: RunId, step: &str) -> Result<Step, Fault> {
        let steps = self.engine.store.read(move |view| view.steps(run)).await?;
        let found = steps.into_iter().find(|one| one.key.to_string() == step);
        let found = found.ok_or_else(|| not_found("log", step))?;
        if let StepLog::Removing { reason, .. } | StepLog::Removed { reason, .. } = &found.log {
            let message = format!("the log of {step} was removed by retention: {reason}");
            return Err(Fault { code: FaultCode::NotFound, message });
        }
        Ok(found)
    }

    pub(super) async fn tail(&self, run: RunId, most: u32, outbox: &Outbox) -> Result<(), Gone> {
        match self.tail_to_its_end(run, most.clamp(1, MOST), outbox).await {
            Ok(()) => outbox.event(Event::End).await,
            Err(Some(fault)) => outbox.end(fault).await,
            Err(None) => Err(Gone),
        }
    }

    /// `Err(None)` when the client is gone.
    async fn tail_to_its_end(&self, run: RunId, most: u32, outbox: &Outbox) -> Result<(), Option<Fault>> {
        let mut commits = self.engine.commits();
        let mut at: Option<At> = None;
        let mut steps: Vec<Step> = Vec::new();
        let mut over = false;
        let mut stale = true;
        loop {
            if stale {
                commits.mark_unchanged();
                // Whether the run is over is read before its logs, so that nothing written in between is missed.
                over = self.engine.load(run).await.map_err(|error| Some(error.into()))?.state.is_final();
                let read = self.engine.store.read(move |view| view.steps(run)).await;
                steps = read.map_err(|error| Some(error.into()))?;
                // One after the other: what runs beside a step would keep the step itself from being seen.
                steps.retain(|step| !step.key.is_beside());
                steps.retain(|step| matches!(step.log, StepLog::Open | StepLog::Kept { .. } | StepLog::Damaged { .. }));
            }
            while self.next_lines(&steps, &mut at, most, outbox).await? {}
            if over {
                return Ok(());
            }
            let open = at.as_ref().is_some_and(|at| !at.over);
            tokio::select! {
                changed = commits.changed() => {
                    if changed.is_err() {
                        return Err(None);
                    }
                    stale = true;
                }
                () = tokio::time::sleep(LOOK), if open => stale = false,
                () = outbox.closed() => return Err(None),
            }
        }
    }

    /// Sends what is new in the log that is shown, and goes on to the next one. Gives whether there may be more at once.
    async fn next_lines(
        &self,
        steps: &[Step],
        at: &mut Option<At>,
        most: u32,
        outbox: &Outbox,
    ) -> Result<bool, Option<Fault>> {
        let place = at.as_ref().and_then(|at| steps.iter().position(|step| step.key.to_string() == at.step));
        let Some(place) = place.or_else(|| steps.len().checked_sub(1)) else { return Ok(false) };
        let Some(step) = steps.get(place) else { return Ok(false) };
        let now = at.get_or_insert_with(At::default);
        if now.step != step.key.to_string() {
            *now = At { step: step.key.to_string(), ..At::default() };
        }
        if now.over {
            let Some(next) = steps.get(place + 1) else { return Ok(false) };
            *now = At { step: next.key.to_string(), ..At::default() };
            return Ok(true);
        }
        let over = !is_open(step);
        let path = self.engine.world.places().log(&step.key);
        let (line, part, bytes) = (now.line, now.part, now.bytes);
        let read = blocking(move || news(&path, line, part, bytes, most)).await.map_err(Some)?;
        let found = read.map_err(|error| Some(unreadable(&error)))?;
        let mut all = true;
        if let Some((lines, total, bytes)) = found {
            if let Some(last) = lines.last() {
                (now.line, now.part) = if last.whole { (last.number + 1, 0) } else { (last.number, last.part) };
                // Long lines fill an answer early, and then more of the same log is there.
                all = last.number + 1 >= total && (last.whole || last.bytes.len() < MAX_LINE);
            }
            now.bytes = if all { bytes } else { 0 };
            let event = LogLines { run: step.key.run, step: now.step.clone(), lines, total, open: !over };
            outbox.event(Event::Lines(event)).await.map_err(|Gone| None)?;
        }
        now.over = over && all;
        Ok(over || !all)
    }
}

pub(super) fn is_open(step: &Step) -> bool {
    !matches!(step.state, StepState::Ended { .. })
}

pub(super) fn unreadable(error: &LogError) -> Fault {
    Fault { code: FaultCode::Engine, message: error.to_string() }
}

/// A log that is there; one of a step that has not started is not.
pub(super) fn open(path: &Path) -> Result<Option<LogReader>, LogError> {
    match LogReader::open(path) {
        Err(LogError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// Lines, how many there are, and the bytes of the log.
type Read = (Vec<LogLine>, u64, u64);

fn read(path: &Path, first: Option<u64>, part: u64, most: u32) -> Result<Read, LogError> {
    let Some(log) = open(path)? else { return Ok((Vec::new(), 0, 0)) };
    let (total, bytes) = size(&log)?;
    let first = first.unwrap_or_else(|| total.saturating_sub(u64::from(most)));
    let lines = log.lines(first, part, most as usize)?;
    Ok((lines.iter().map(line).collect(), total, bytes))
}

/// What is new behind a line, at most the last of it; `None` where the log has not grown.
fn news(path: &Path, line: u64, part: u64, bytes: u64, most: u32) -> Result<Option<Read>, LogError> {
    let Some(log) = open(path)? else { return Ok(None) };
    if bytes > 0 && log.end()? == bytes {
        return Ok(None);
    }
    let (total, _) = size(&log)?;
    let (first, part) = match total.saturating_sub(u64::from(most)) {
        last if last > line => (last, 0),
        _ => (line, part),
    };
    let read = read(path, Some(first), part, most)?;
    Ok(if read.2 == bytes { None } else { Some(read) })
}

/// How many lines there are, and bytes.
pub(super) fn size(log: &LogReader) -> Result<(u64, u64), LogError> {
    let mark = log.mark()?;
    let ended = mark.bytes == 0 || log.bytes(mark.bytes - 1..mark.bytes)? == b"\n";
    Ok((mark.lines + u64::from(!ended), mark.bytes))
}

pub(super) fn line(line: &Line) -> LogLine {
    LogLine {
        number: line.number,
        part: line.part,
        time_ms: line.time_ms,
        stream: line.stream.code(),
        bytes: Bytes::new(&line.bytes),
        whole: line.whole,
    }
}
