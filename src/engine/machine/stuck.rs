//! A run that does not move: it waits for a person, costs nothing meanwhile, and is never a success.

use super::transition::{Refused, Transition};
use crate::domain::{QuestionKind, RunState};

/// Most characters of all criteria together.
const LONGEST: usize = 8 * 1024;

/// Asks what should become of it. `why` is what the watchdog says, in words.
pub(super) fn ask(next: &mut Transition, headline: Option<&str>, why: &[String], evidence: &[String]) {
    let (id, number) = (next.run.id, next.run.iteration);
    let mut facts = why.to_vec();
    facts.push("nothing is spent while it waits; this is what can be done:".to_owned());
    facts.push(format!("- give it new guidance: dogwatch redirect {id} TEXT"));
    facts.push(format!("- change what it is measured by: dogwatch redirect {id} TEXT --criterion LINE"));
    facts.push(format!("- go back to the best iteration, or to another one: dogwatch rollback {id} [NUMBER]"));
    facts.push(format!(
        "- have another agent or model work on it: dogwatch redirect {id} TEXT --agent NAME --model NAME"
    ));
    facts.push(format!("- give it more iterations: dogwatch redirect {id} TEXT --more-iterations NUMBER"));
    facts.push("- approve: it goes on as it is, and the counting begins anew".to_owned());
    facts.push("- deny: it is given up as failed, for the reason that you give".to_owned());
    let title = format!("iteration {number} is red, and {}", headline.unwrap_or("the run does not move"));
    next.ask(RunState::AwaitingRedirect, RunState::Developing, QuestionKind::Stuck, title, facts);
    next.explain(&format!("iteration {number} is red:"), evidence);
}

/// A person's answer.
pub(super) fn answered(next: &mut Transition, approve: bool, reason: &str) {
    if approve {
        next.next_iteration();
    } else {
        next.end(RunState::Failed, format!("given up: {reason}"));
    }
}

/// Other criteria, in a person's words; the next prompt has them.
pub(super) fn measure_by(next: &mut Transition, criteria: Option<&[String]>) -> Result<(), Refused> {
    let Some(criteria) = criteria else { return Ok(()) };
    if criteria.iter().any(|line| line.trim().is_empty() || line.contains('\n')) {
        return Err(Refused::Incomplete("a criterion is one line with words in it"));
    }
    if criteria.iter().map(String::len).sum::<usize>() > LONGEST {
        return Err(Refused::Incomplete(
            "the criteria have more than 8 KiB: put the rest into a file of the repository",
        ));
    }
    next.run.criteria = criteria.to_vec();
    Ok(())
}
