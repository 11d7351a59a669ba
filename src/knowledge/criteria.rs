//! What an agent says of the criteria of its task. It is its word: nothing follows from it.

use super::field::Arguments;
use super::{Given, ToolFault, Who, limits};
use crate::domain::{CriterionReport, Fulfilment, shortened};
use crate::store::Tx;
use serde_json::json;

/// Takes what is said of one criterion. Nothing else changes.
pub(super) fn take(tx: &Tx<'_>, who: Who, arguments: &Arguments) -> Given {
    let criteria = tx.run(who.run)?.map(|run| run.criteria).unwrap_or_default();
    let number = arguments.number("criterion").unwrap_or_default();
    let Some(criterion) = criteria.get(number.saturating_sub(1) as usize) else {
        return Err(ToolFault::refused(match criteria.len() {
            0 => "your task has no acceptance criteria, so there is nothing to report against".to_owned(),
            count => format!("your task has no criterion {number}: they are numbered from 1 to {count}"),
        }));
    };
    let verdict = arguments.text("verdict").and_then(Fulfilment::named).unwrap_or(Fulfilment::Unclear);
    let words = arguments.text("words").unwrap_or_default().to_owned();
    let said = tx.criterion_reports(who.run)?;
    if said.len() >= limits::REPORTS {
        return Err(ToolFault::refused(format!(
            "criteria were reported on {} times in this run, which is the most",
            limits::REPORTS
        )));
    }
    let Who { run, iteration, now, .. } = who;
    let report = CriterionReport { run, iteration, number, criterion: criterion.clone(), verdict, words, at: now };
    tx.insert_criterion_report(&report)?;
    let open = |(place, criterion): &(usize, &String)| {
        let about = |one: &CriterionReport| one.number as usize == place + 1 && one.criterion == **criterion;
        *place + 1 != number as usize && !said.iter().any(about)
    };
    let open: Vec<usize> = criteria.iter().enumerate().filter(open).map(|(place, _)| place + 1).collect();
    Ok(json!({
        "criterion": shortened(criterion, limits::TEXT), "verdict": verdict, "not_reported_yet": open,
        "says": "taken as your word: people see it beside what the engine's own tests say",
    }))
}
