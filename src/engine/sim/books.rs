//! What must hold of uses, reservations and caps whenever anybody looks: they are added up here once more, by other means than
//! the store's.

use crate::domain::{Allowances, Caps, Day, Measure, ProjectId, Run, RunId, RunState, Spent};
use crate::store::{RunFilter, Store, StoreError, View};
use std::collections::BTreeMap;

/// Uses and reservations of a project on a day.
type Books = BTreeMap<(ProjectId, Day), Spent>;

/// Looks at everything that is committed.
pub(super) async fn balance(store: &Store, allowances: &Allowances) {
    let allowances = allowances.clone();
    let look = move |view: &View<'_>| {
        check(view, &allowances);
        Ok(())
    };
    store.read(look).await.unwrap();
}

fn plus(sum: &mut Spent, more: Spent) {
    sum.iterations += more.iterations;
    sum.milliseconds += more.milliseconds;
    sum.tokens += more.tokens;
    sum.microusd += more.microusd;
}

/// Tokens of a run's requests: those that are booked, and all.
pub(super) fn requests(view: &View<'_>, run: RunId) -> Result<(u64, u64), StoreError> {
    let all: u64 = view.requests(run)?.iter().map(|sum| sum.tokens.all()).sum();
    let open = view.uncounted(run)?.map_or(0, |open| open.tokens);
    Ok((all - open, all))
}

fn check(view: &View<'_>, allowances: &Allowances) {
    let runs = view.runs(&RunFilter::default()).unwrap();
    let mut books = Books::new();
    for run in &runs {
        let mut spent = Spent::default();
        for row in view.usage(run.id).unwrap() {
            plus(&mut spent, row.used);
            plus(books.entry((run.project, row.day)).or_default(), row.used);
        }
        // The ledger and the run's own row tell the same.
        assert_eq!(spent, run.spent, "{run:?}");
        // Nothing is left to be booked of a run that is over; one that a person's answer ended is tidied up soon after.
        let over = matches!(run.state, RunState::Succeeded | RunState::Cancelled);
        assert!(!over || view.uncounted(run.id).unwrap().is_none(), "requests were never booked: {run:?}");
        if let Some(reservation) = view.reservation(run.id).unwrap() {
            assert!(under_way(run), "something stays reserved: {reservation:?} {run:?}");
            assert_eq!(reservation.iteration, run.iteration, "{reservation:?} {run:?}");
            plus(books.entry((run.project, reservation.day)).or_default(), reservation.held);
        }
    }
    let days: Vec<Day> = books.keys().map(|(_, day)| *day).collect();
    for day in days {
        let sum = sum_of(&books, |(_, other)| *other == day);
        within(view, "day", sum, &allowances.day, (Some(day), None));
    }
    for project in view.projects().unwrap() {
        let own = allowances.project(&project.name);
        let sum = sum_of(&books, |(other, _)| *other == project.id);
        within(view, "project", sum, &own.total, (None, Some(project.id)));
        for (id, day) in books.keys().filter(|(id, _)| *id == project.id) {
            within(view, "project's day", books[&(*id, *day)], &own.day, (Some(*day), Some(*id)));
        }
    }
}

/// Whether the run has an iteration under way.
fn under_way(run: &Run) -> bool {
    use RunState::{
        Analysing, Cancelling, Developing, Escalated, Gathering, Gating, Paused, Planning, Reviewing, Testing,
    };
    matches!(
        run.state,
        Analysing | Cancelling | Developing | Escalated | Gathering | Gating | Paused | Planning | Reviewing | Testing
    )
}

fn sum_of(books: &Books, counts: impl Fn(&(ProjectId, Day)) -> bool) -> Spent {
    let mut sum = Spent::default();
    books.iter().filter(|(place, _)| counts(place)).for_each(|(_, amount)| plus(&mut sum, *amount));
    sum
}

/// No turn here uses more iterations or tokens than were reserved for it, so these two are never beyond their caps.
fn within(view: &View<'_>, what: &str, sum: Spent, caps: &Caps, place: (Option<Day>, Option<ProjectId>)) {
    for measure in [Measure::Iterations, Measure::Tokens] {
        let Some(cap) = caps.of(measure) else { continue };
        let word = if measure == Measure::Iterations { "iterations" } else { "tokens" };
        let sql = "SELECT coalesce(sum(amount), 0) FROM grants WHERE measure = ?1 AND day IS ?2 AND project IS ?3";
        let mut statement = view.connection().prepare_cached(sql).unwrap();
        let (day, project) = (place.0.map(|day| day.0), place.1.map(|id| id.0));
        let granted: u64 = statement.query_row(rusqlite::params![word, day, project], |row| row.get(0)).unwrap();
        assert!(sum.of(measure) <= cap + granted, "{what} {place:?}: {sum:?} of {cap} {word} and {granted} more");
    }
}
