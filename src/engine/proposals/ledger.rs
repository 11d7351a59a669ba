//! The one way in which a proposal moves: the machine's step, its row, the question that stands for it, and its audit event, in one
//! transaction.

use crate::approval::machine::{Event, Refusal, step};
use crate::audit::AuditEvent;
use crate::domain::{Actor, Proposal, ProposalState as State, QuestionId, QuestionKind, bounded_facts};
use crate::store::{Ask, StoreError, Tx};
use serde_json::json;

/// Takes a step and writes down all of it. A step that the machine refuses writes nothing.
pub(super) fn take(
    tx: &Tx<'_>,
    from: &Proposal,
    event: Event<'_>,
    actor: Actor,
) -> Result<Result<Proposal, Refusal>, StoreError> {
    let word = match &event {
        Event::Review { .. } => Some("reviewed"),
        Event::Stop { .. } => Some("stop_asked"),
        Event::StopTold { .. } => Some("stop_told"),
        _ => None,
    };
    let mut to = match step(from, event, &tx.moment()) {
        Ok(to) => to,
        Err(refusal) => return Ok(Err(refusal)),
    };
    settle(tx, from, &mut to, &actor)?;
    tx.move_proposal(from, &to)?;
    let alone = to.votes.get(from.votes.len()).is_some_and(|vote| vote.glass.is_some());
    let kind = match (word, alone) {
        // Where there was such a deadline the event did nothing and this one happened.
        (Some(word), _) if to.state == from.state => format!("proposal.{word}"),
        // Whoever reads the log is to see it without reading details.
        (_, true) => "proposal.break_glass".to_owned(),
        (_, false) => format!("proposal.{}", to.state.name()),
    };
    record(tx, &to, kind, actor, from)?;
    Ok(Ok(to))
}

/// Closes the question where people are not needed any more, and asks another where they are needed again.
fn settle(tx: &Tx<'_>, from: &Proposal, to: &mut Proposal, actor: &Actor) -> Result<(), StoreError> {
    if from.state.is_open() && !to.state.is_open() {
        match to.state {
            State::Approved => {
                let reason = to.votes.last().map_or("", |vote| vote.reason.as_str());
                tx.answer_question(to.question, true, reason, actor)?;
            }
            State::Denied => {
                tx.answer_question(to.question, false, &to.reason, actor)?;
            }
            _ => tx.withdraw_question(to.question)?,
        }
    }
    glass(tx, from, to, actor)?;
    if to.state == State::OutcomeUnknown && to.unknown.is_none() {
        to.unknown = Some(ask_outcome(tx, to)?);
    }
    if let (State::OutcomeUnknown, Some(question)) = (from.state, from.unknown)
        && to.state != State::OutcomeUnknown
    {
        match to.state {
            State::ResolvedRan | State::ResolvedAccepted => {
                tx.answer_question(question, true, &to.reason, actor)?;
            }
            State::ResolvedNotRun => {
                tx.answer_question(question, false, &to.reason, actor)?;
            }
            _ => tx.withdraw_question(question)?,
        }
        to.unknown = None;
    }
    Ok(())
}

/// Tells people that one person decided for two, by a question that stands until somebody else has looked at it, or it came to nothing.
fn glass(tx: &Tx<'_>, from: &Proposal, to: &mut Proposal, actor: &Actor) -> Result<(), StoreError> {
    if let Some(vote) = to.votes.get(from.votes.len()).filter(|vote| vote.glass.is_some()) {
        let (who, why) = (vote.voter.person.name.clone(), vote.glass.clone().unwrap_or_default());
        to.glass = Some(ask_to_look(tx, to, &who, &why)?);
    }
    let Some(question) = to.glass else { return Ok(()) };
    if to.reviewed.is_some() {
        tx.answer_question(question, true, "", actor)?;
        to.glass = None;
    } else if to.state.is_final() && to.execution.is_none() {
        tx.withdraw_question(question)?;
        to.glass = None;
    }
    Ok(())
}

fn ask_to_look(tx: &Tx<'_>, one: &Proposal, who: &str, why: &str) -> Result<QuestionId, StoreError> {
    let asset = &one.proposed.asset.name;
    let facts = [
        format!("BREAK-GLASS: {who} alone said yes to {} on {asset}, where more people must", one.id),
        format!("{who} says why: {why}"),
        format!("`dogwatch approvals show {}` shows what it is", one.id),
        format!("somebody else looks at it afterwards, then: dogwatch approvals review {}", one.id),
    ];
    tx.insert_question(&Ask {
        run: one.proposed.run,
        iteration: one.proposed.iteration,
        kind: QuestionKind::Glass,
        title: format!("BREAK-GLASS: {who} alone decided {} on {asset}", one.id),
        facts: bounded_facts(&facts),
        reached: Vec::new(),
        digest: Some(one.digest.clone()),
        deadline: None,
    })
}

fn ask_outcome(tx: &Tx<'_>, one: &Proposal) -> Result<QuestionId, StoreError> {
    let asset = &one.proposed.asset.name;
    let facts = [
        format!("{} was started on {asset}, and nothing tells whether it ran: {}", one.id, one.reason),
        "it is never started again; the engine goes on asking the asset for evidence".to_owned(),
        format!("`dogwatch approvals show {}` shows what it was", one.id),
        format!(
            "look at {asset}, then: dogwatch approvals resolve {} ran|not-run|accepted --reason WHAT-YOU-FOUND",
            one.id
        ),
    ];
    tx.insert_question(&Ask {
        run: one.proposed.run,
        iteration: one.proposed.iteration,
        kind: QuestionKind::Outcome,
        title: format!("did {} run on {asset}?", one.id),
        facts: bounded_facts(&facts),
        reached: Vec::new(),
        digest: Some(one.digest.clone()),
        deadline: None,
    })
}

/// Writes the event of a step.
pub(super) fn record(
    tx: &Tx<'_>,
    to: &Proposal,
    kind: String,
    actor: Actor,
    from: &Proposal,
) -> Result<(), StoreError> {
    let mut detail = json!({
        "proposal": to.id.to_string(), "asset": to.proposed.asset.name, "digest": to.digest, "reason": to.reason,
    });
    let mut put = |name: &str, value: serde_json::Value| {
        if let Some(object) = detail.as_object_mut() {
            object.insert(name.to_owned(), value);
        }
    };
    if let Some(vote) = to.votes.get(from.votes.len()) {
        put("person", json!(vote.voter.person));
        put("seen", json!(vote.seen));
        put("signature", json!(vote.signature));
        put("glass", json!(vote.glass));
        if !vote.reason.is_empty() {
            put("reason", json!(vote.reason));
        }
        if vote.together > 0 {
            put("together", json!(vote.together));
        }
        let owner = crate::approval::vote::is_owner(to, &vote.voter.person);
        put("owner_approved", json!(owner));
    }
    if let Some(by) = to.by.as_ref().filter(|_| from.by.is_none()) {
        put("person", json!(by));
    }
    if let Some(stop) = &to.stop {
        if from.stop.as_ref() != Some(stop) && stop.told.is_none() {
            put("person", json!(stop.by));
        }
        put("stop", json!(stop));
    }
    if let Some(execution) = &to.execution {
        put("execution", json!(execution));
        put("boot", json!(to.boot));
        put("outcome", json!(to.outcome));
        if to.gap {
            put("gap", json!(true));
        }
    }
    let mut event = AuditEvent::new(actor, kind).question(to.question).detail(detail);
    if let Some(run) = to.proposed.run {
        event = event.run(run);
    }
    tx.record(event)?;
    Ok(())
}
