//! What another agent says of a result that nothing else holds. Its word delivers nothing that people held, and denies nothing:
//! where it does not plainly agree, a person decides.

use super::MAX_AUDIT_TRIES;
use super::iterate::back_off;
use super::transition::{Transition, Write};
use crate::domain::{Audit, Millis, Opinion, QuestionKind, RunState};

/// Tests, gates and people have let the result through: it is delivered, after an audit where one is wanted.
pub(super) fn passed(next: &mut Transition) {
    if next.run.audit {
        next.go(RunState::Reviewing);
        next.check_budget();
    } else {
        next.go(RunState::Delivering);
    }
}

/// The auditor's turn is over. Guidance that came meanwhile is done first, whatever the auditor says: it was given of a result that
/// does not know it.
pub(super) fn audited(next: &mut Transition, audit: &Audit, detail: &str, guided: bool, now: Millis) {
    let capped = !next.run.spent.reached(&next.run.budget).is_empty();
    if guided && !capped {
        next.writes.push(Write::Audited { audit: Some(audit.clone()) });
        next.next_iteration();
        return;
    }
    if audit.opinion == Opinion::Silent && next.run.losses + 1 < MAX_AUDIT_TRIES {
        next.writes.push(Write::Audited { audit: None });
        silent(next, detail, now);
        return;
    }
    next.writes.push(Write::Audited { audit: Some(audit.clone()) });
    if audit.opinion == Opinion::Agrees && !guided {
        next.go(RunState::Delivering);
        return;
    }
    ask(next, audit, detail, guided);
}

/// It wrote nothing, which may be a slip: it is asked again.
fn silent(next: &mut Transition, detail: &str, now: Millis) {
    next.run.attempt += 1;
    // Not counted as troubles, which outages add to.
    next.run.losses += 1;
    if next.check_budget() {
        return;
    }
    next.run.not_before = Some(now.plus(back_off(1_000, next.run.losses)));
    next.run.reason = format!("the auditor left no opinion: {detail}");
}

fn ask(next: &mut Transition, audit: &Audit, detail: &str, guided: bool) {
    let number = next.run.iteration;
    let mut facts = audit.facts();
    if audit.opinion == Opinion::Silent {
        facts.push(format!("it was asked {MAX_AUDIT_TRIES} times; the last turn: {detail}"));
    }
    if guided {
        facts.push("the latest guidance came too late for this iteration, and the budget is used up".to_owned());
    }
    facts.push(
        "approve counts the result all the same, and delivers it; deny sends your reason to the agent, with the auditor's words \
         beside it, and goes on"
            .to_owned(),
    );
    let title = format!("iteration {number} passes, and its auditor {}: shall it count?", audit.opinion.words());
    next.ask(RunState::AwaitingReview, RunState::Delivering, QuestionKind::Audit, title, facts);
}
