//! What became of the agent's proposals for live assets: each in the one prompt after it was known.

use super::MAX_MESSAGE;
use super::quote::{fenced, push_bounded};
use crate::domain::{ExecutionOutcome, Proposal, ProposalState as State};
use std::fmt::Write as _;

/// The section, where there is anything to tell.
pub(super) fn section(text: &mut String, proposals: &[Proposal]) {
    if proposals.is_empty() {
        return;
    }
    text.push_str("# What became of your proposals for live assets\n\n");
    for one in proposals {
        let _infallible = writeln!(text, "{} for {}: {}.", one.id, one.proposed.asset.name, words(one));
        if let Some(stop) = &one.stop {
            // A person's words to the agent, as below.
            let _infallible =
                write!(text, "The operator {} wanted it stopped while it ran, and says why: ", stop.by.name);
            push_bounded(text, &stop.reason, MAX_MESSAGE * 4);
            text.push('\n');
        }
        if one.reason.trim().is_empty() {
            text.push('\n');
            continue;
        }
        if let (State::Denied, Some(by)) = (one.state, &one.by) {
            // A person's words to the agent, as guidance is.
            let _infallible = write!(text, "The operator {} says why: ", by.name);
            push_bounded(text, &one.reason, MAX_MESSAGE * 4);
            text.push_str("\nDo not propose the same again.\n\n");
        } else {
            let mut body = String::new();
            push_bounded(&mut body, &one.reason, MAX_MESSAGE);
            body.push('\n');
            let _infallible = writeln!(text, "\n{}\n", fenced(&body).trim_end());
        }
    }
}

fn words(one: &Proposal) -> String {
    match (one.state, &one.outcome) {
        (State::Denied, _) => "denied by a person".to_owned(),
        (State::Expired, _) => "nobody decided in time, or it could not be started in time; it did not run".to_owned(),
        (State::Withdrawn, _) => "taken back; it did not run".to_owned(),
        (State::Superseded, _) => match one.replaced_by {
            Some(other) => format!("a person put {other} in its place; it did not run"),
            None => "a person put another in its place; it did not run".to_owned(),
        },
        (State::Voided, _) => "void, since something that it was bound to had changed; it did not run".to_owned(),
        (State::Succeeded, _) => "it ran and ended with 0".to_owned(),
        (State::Failed, Some(ExecutionOutcome::Ran { code })) => format!("it ran and ended with {code}"),
        (State::Failed, _) => "it ran and failed".to_owned(),
        (State::TimedOut, _) => "it ran and was ended after its time".to_owned(),
        (State::NotRun | State::Refused, _) => "it did not run and never will".to_owned(),
        (State::ResolvedRan, _) => "a person found that it ran".to_owned(),
        (State::ResolvedNotRun, _) => "a person found that it did not run".to_owned(),
        (State::ResolvedAccepted, _) => "nobody knows whether it ran, and a person left it at that".to_owned(),
        (State::OutcomeUnknown, _) => "nobody knows whether it ran; it is never started again by itself".to_owned(),
        (
            State::Pending | State::Partial | State::Approved | State::Claimed | State::Dispatched | State::Running,
            _,
        ) => "it is on its way".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::approval::policy::Policy;
    use crate::approval::tests::fixtures;
    use crate::domain::Stop;

    #[test]
    fn an_agent_hears_who_had_it_stopped_why_and_how_it_ended() {
        let mut one = fixtures::proposal(false, &Policy::default());
        (one.state, one.outcome) = (State::Failed, Some(ExecutionOutcome::Ran { code: 143 }));
        let by = fixtures::person(2000, Some(2000));
        one.stop = Some(Stop { by, reason: "it was the wrong shop".to_owned(), at: fixtures::at(0), told: None });
        let mut text = String::new();
        section(&mut text, &[one]);
        assert!(text.contains("it ran and ended with 143."), "{text}");
        assert!(text.contains("wanted it stopped while it ran, and says why: it was the wrong shop\n\n"), "{text}");
    }
}
