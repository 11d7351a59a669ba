//! Looking for lines in a log on request.

use super::Server;
use super::detail::blocking;
use super::lines::{is_open, line, open, size, unreadable};
use crate::domain::RunId;
use crate::domain::sought::Sought;
use crate::engine::ports::World;
use crate::logs::{LogError, Matcher, Scan};
use crate::protocol::{Fault, FaultCode, LogHits, LogLine};
use crate::sandbox::Sandbox;
use std::path::Path;

/// Most lines in one answer, and bytes of them after which no other is added.
const MOST: u32 = 1000;
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Parts of one long line that are sent.
const MOST_PARTS: usize = 4;

/// From where, whereto and how much.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub from: u64,
    pub backward: bool,
    pub most: u32,
}

impl<S: Sandbox> Server<S> {
    pub(super) async fn search_lines(
        &self,
        run: RunId,
        step: String,
        sought: Sought,
        way: Way,
    ) -> Result<LogHits, Fault> {
        let refused = |error: crate::logs::SoughtError| Fault { code: FaultCode::Refused, message: error.to_string() };
        let matcher = Matcher::new(&sought).map_err(refused)?;
        let found = self.step_with_log(run, &step).await?;
        let path = self.engine.world.places().log(&found.key);
        let open = is_open(&found);
        let read = blocking(move || search(&path, matcher, way, open)).await?;
        let hits = read.map_err(|error| unreadable(&error))?;
        Ok(LogHits { run, step, open, ..hits })
    }
}

fn search(path: &Path, matcher: Matcher, way: Way, unfinished: bool) -> Result<LogHits, LogError> {
    let mut hits = LogHits {
        run: RunId(0),
        step: String::new(),
        lines: Vec::new(),
        count: 0,
        next: 0,
        end: true,
        total: 0,
        open: unfinished,
    };
    let Some(log) = open(path)? else { return Ok(hits) };
    (hits.total, _) = size(&log)?;
    // A line without an end is looked at once it has one, so that it is never counted twice.
    let lines = if unfinished { log.mark()?.lines } else { hits.total };
    let most = way.most.min(MOST) as usize;
    let done = log.search(&Scan { matcher, from: way.from, backward: way.backward, most, lines })?;
    (hits.count, hits.next) = (done.count, done.next);
    let mut found = done.found;
    if way.backward {
        found.reverse();
    }
    let mut bytes = 0;
    let mut taken: Vec<Vec<LogLine>> = Vec::new();
    for number in found {
        if bytes >= MOST_BYTES {
            // Those that there is no room for come with the next answer.
            hits.next = if way.backward { number + 1 } else { number };
            break;
        }
        let parts = log.lines(number, 0, MOST_PARTS)?;
        let parts: Vec<LogLine> = parts.iter().filter(|part| part.number == number).map(line).collect();
        bytes += parts.iter().map(|part| part.bytes.len()).sum::<usize>();
        taken.push(parts);
    }
    if most > 0 {
        hits.count = taken.len() as u64;
    }
    if way.backward {
        taken.reverse();
    }
    hits.lines = taken.into_iter().flatten().collect();
    hits.end = if way.backward { hits.next == 0 } else { hits.next >= lines };
    Ok(hits)
}
