//! What agents get to read of bugs.

use super::field::Arguments;
use super::{DATA, Given, ToolFault, Who, limits, notes};
use crate::domain::{Bug, Finding, Fingerprint, Frame, RunId, shortened};
use crate::store::{FoundBug, StoreError, View};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Runs that are told of a bug, the newest.
const RUNS: usize = 8;
/// Turns that are told of.
const TURNS: usize = 20;
/// Frames of a stack.
const FRAMES: usize = 12;

/// Bugs that are like something: by fingerprint, then by words.
pub(super) fn search(view: &View<'_>, who: Who, arguments: &Arguments) -> Given {
    let most = arguments.number("limit").unwrap_or(limits::ROWS);
    let (text, print) = (arguments.text("text"), arguments.text("fingerprint"));
    if text.is_none_or(|text| text.trim().is_empty()) && print.is_none() {
        return Err(ToolFault::refused("say what to look for: `text` or `fingerprint`".to_owned()));
    }
    let mut found: Vec<(FoundBug, &str)> = Vec::new();
    if let Some(print) = print {
        let print = Fingerprint(print.to_lowercase());
        found.extend(
            view.bugs_by_fingerprint(who.reader(), &print, most + 1)?.into_iter().map(|one| (one, "fingerprint")),
        );
    }
    if let Some(text) = text {
        found.extend(view.bugs_like(who.reader(), text, most + 1)?.into_iter().map(|one| (one, "words")));
    }
    let mut seen = HashSet::new();
    found.retain(|(one, _)| seen.insert(one.id));
    let more = found.len() > most as usize;
    found.truncate(most as usize);
    let mut rows = Vec::new();
    for (one, by) in found {
        let Some(bug) = view.bug(one.id)? else { continue };
        rows.push(row(view, who, &bug, &one, by)?);
    }
    Ok(json!({ "says": DATA, "bugs": rows, "more": more }))
}

fn row(view: &View<'_>, who: Who, bug: &Bug, found: &FoundBug, by: &str) -> Result<Value, StoreError> {
    let gone = turns(view, who, bug, &mut Vec::new())?.iter().any(|turn| turn["gone"] == true);
    let mut row = json!({
        "id": bug.id.to_string(), "found_by": by, "this_project": found.here, "source": bug.source, "kind": bug.kind,
        "message": shortened(&message(view, who, bug)?, limits::TEXT), "seen": bug.seen, "last_seen": bug.last_seen.rfc3339(),
        "repaired_before": gone, "from": from(bug),
    });
    if !found.here
        && let Some(object) = row.as_object_mut()
    {
        object.insert("projects".to_owned(), json!(view.projects_with(bug.id, 5)?));
    }
    let noted = notes::about(view, who, bug.id)?.len();
    if noted > 0
        && let Some(object) = row.as_object_mut()
    {
        object.insert("notes".to_owned(), json!(noted));
    }
    Ok(row)
}

/// Everything of one bug.
pub(super) fn one(view: &View<'_>, who: Who, arguments: &Arguments) -> Given {
    let id = notes::bug(view, who, arguments.text("id").unwrap_or_default())?;
    let Some(bug) = view.bug(id)? else { return Err(ToolFault::refused(format!("there is no bug {id}"))) };
    let mut runs = Vec::new();
    let turns = turns(view, who, &bug, &mut runs)?;
    let mut projects = view.projects_with(bug.id, 5)?;
    if let Some(own) = who.only() {
        let own = view.project(own)?.map(|project| project.name);
        projects = own.into_iter().collect();
    }
    let solutions: Vec<&Value> = turns.iter().filter(|turn| turn["gone"] == true).collect();
    Ok(json!({
        "says": DATA,
        "id": bug.id.to_string(), "source": bug.source, "kind": bug.kind,
        "message": shortened(&message(view, who, &bug)?, limits::LONG_TEXT),
        "exact": bug.exact, "class": bug.class, "seen": bug.seen,
        "first_seen": bug.first_seen.rfc3339(), "last_seen": bug.last_seen.rfc3339(),
        "projects": projects,
        "runs": runs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "latest": view.latest_finding(bug.id, who.only())?.map(|finding| finding_told(&finding)),
        "attempts": turns, "solutions": solutions,
        "notes": notes::about(view, who, bug.id)?,
        "from": format!("{}, but for `agent_said` and `notes`", from(&bug)),
    }))
}

/// Its words: those of the one who saw it first, or of the project's own runs where it reads of no others.
fn message(view: &View<'_>, who: Who, bug: &Bug) -> Result<String, StoreError> {
    let own = match who.only() {
        Some(project) => view.latest_finding(bug.id, Some(project))?,
        None => None,
    };
    Ok(own.map_or_else(|| bug.message.clone(), |finding| finding.message))
}

/// Whose word it is.
fn from(bug: &Bug) -> &'static str {
    match (&bug.told, bug.first_run) {
        (None, _) => "the engine's evidence",
        (Some(_), None) => "a person told it, and no run has seen it yet",
        (Some(_), Some(_)) => "a person told it, and runs saw it: the engine's evidence",
    }
}

/// The turns that began where a bug was, the newest run first, and whether it was gone after each by the engine's tests.
fn turns(view: &View<'_>, who: Who, bug: &Bug, runs: &mut Vec<RunId>) -> Result<Vec<Value>, StoreError> {
    let mut told = Vec::new();
    for run in view.runs_that_saw(bug.id, who.only(), RUNS)? {
        runs.push(run);
        let had = view.iterations_with(run, bug.id)?;
        let tested: Vec<u32> = view.tested(run)?.into_iter().collect();
        for pair in tested.windows(2).rev() {
            let [before, number] = pair else { continue };
            if !had.contains(before) || told.len() >= TURNS {
                continue;
            }
            let iteration = view.iteration(run, *number)?;
            let said = iteration.as_ref().and_then(|one| one.report.as_ref()).map(|report| report.detail.as_str());
            told.push(json!({
                "run": run.to_string(), "iteration": number, "gone": !had.contains(number),
                "commit": iteration.as_ref().and_then(|one| one.commit.clone()),
                "agent_said": said.map(|said| shortened(said, limits::TEXT)),
            }));
        }
    }
    Ok(told)
}

fn finding_told(finding: &Finding) -> Value {
    let frame = |frame: &Frame| {
        let place = frame.location.as_ref().map(ToString::to_string).unwrap_or_default();
        shortened(&format!("{} {place}", frame.function.as_deref().unwrap_or("?")), 300)
    };
    json!({
        "test": finding.test.as_deref().map(|test| shortened(test, limits::TEXT)),
        "place": finding.location.as_ref().map(|place| shortened(&place.to_string(), limits::TEXT)),
        "stack": finding.stack.iter().take(FRAMES).map(frame).collect::<Vec<_>>(),
        "severity": finding.severity,
    })
}
