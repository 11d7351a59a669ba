//! Test runs of the project that people have by a clock, as agents read them.

use super::field::Arguments;
use super::{DATA, Given, Who, limits};
use crate::domain::{Firing, Schedule, shortened};
use crate::store::{StoreError, View};
use serde_json::{Value, json};

/// Times of each that are told, the newest.
const FIRINGS: u32 = 3;

pub(super) fn list(view: &View<'_>, who: Who, arguments: &Arguments) -> Given {
    let most = arguments.number("limit").unwrap_or(limits::ROWS);
    let all = view.schedules(Some(who.project), most.saturating_add(1))?;
    let rows = all.iter().take(most as usize).map(|one| told(view, one));
    let rows: Vec<Value> = rows.collect::<Result<_, StoreError>>()?;
    Ok(json!({ "says": DATA, "scheduled_tests": rows, "more": all.len() > most as usize }))
}

fn told(view: &View<'_>, schedule: &Schedule) -> Result<Value, StoreError> {
    let firings = view.firings(schedule.id, FIRINGS)?;
    let times: Vec<Value> = firings.iter().map(|firing| time(view, firing)).collect::<Result<_, StoreError>>()?;
    Ok(json!({
        "id": schedule.id.to_string(), "suites": schedule.suites, "revision": schedule.revision, "timing": schedule.timing,
        "paused": schedule.paused, "next": schedule.next.map(crate::domain::Millis::rfc3339), "newest_first": times,
        "from": format!("asked for by the operator {}", shortened(schedule.by.label(), 60)),
    }))
}

fn time(view: &View<'_>, firing: &Firing) -> Result<Value, StoreError> {
    let run = firing.run.map(|run| view.run(run)).transpose()?.flatten();
    let Some(run) = run else {
        return Ok(json!({ "due": firing.due.rfc3339(), "not_started": firing.fault }));
    };
    let tests = view.newest_tests(run.id, 1)?.last().copied();
    let tests =
        tests.map(|(passed, failed, skipped)| json!({ "passed": passed, "failed": failed, "skipped": skipped }));
    Ok(json!({
        "due": firing.due.rfc3339(), "run": run.id.to_string(), "commit": run.base, "state": run.state, "tests": tests,
        "says": shortened(&run.reason, limits::TEXT),
    }))
}
