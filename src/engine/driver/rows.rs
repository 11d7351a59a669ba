//! What a transition and a step leave in the store: the rows beside the run, and the audit event of the same transaction.

use crate::audit::AuditEvent;
use crate::domain::{Actor, Iteration, Left, QuestionKind, Run, RunId, Spent, StepKey, bounded_facts};
use crate::engine::machine::{Event, Write};
use crate::store::{Ask, BlobOrigin, StoreError, Tx};
use serde_json::json;
use sha2::{Digest, Sha256};

/// What a blob is called that holds a run's plan.
pub(super) const PLAN: &str = "plan";

/// Writes the rows of a transition; a question that is asked gives the run its id.
pub(super) fn write_rows(tx: &Tx<'_>, before: &Run, after: &mut Run, writes: &[Write]) -> Result<(), StoreError> {
    let id = before.id;
    for write in writes {
        match write {
            Write::OpenIteration { number, base } => {
                let opened = Iteration::new(id, *number, base.clone(), tx.now());
                tx.put_iteration(&opened)?;
            }
            Write::AgentTurn { report, checkpoint } => {
                // What its requests took is in the report, and so in what the run has spent now.
                tx.book_requests(id)?;
                change(tx, id, before.iteration, |one| {
                    one.report = Some(report.clone());
                    if let Some((commit, tree)) = checkpoint {
                        one.commit = Some(commit.clone());
                        one.tree = Some(tree.clone());
                    }
                })?;
            }
            Write::Audited { audit } => {
                tx.book_requests(id)?;
                if let Some(audit) = audit {
                    change(tx, id, before.iteration, |one| one.audit = Some(audit.clone()))?;
                }
            }
            Write::Rerun { suites } => change(tx, id, before.iteration, |one| one.rerun.clone_from(suites))?,
            Write::Counts { tests, disagrees } => change(tx, id, before.iteration, |one| {
                one.tests = *tests;
                one.rerun_disagrees.clone_from(disagrees);
            })?,
            Write::Suspect { suspicions } => {
                change(tx, id, before.iteration, |one| one.suspicions.clone_from(suspicions))?;
            }
            Write::CloseIteration { number, outcome } => {
                let now = tx.now();
                change(tx, id, *number, |one| {
                    if one.ended.is_none() {
                        one.outcome = Some(*outcome);
                        one.ended = Some(now);
                    }
                })?;
            }
            Write::Ask { cause: Some(cause), .. } if tx.question_about(cause)?.is_some() => {
                // Another run has asked already, and one answer is for both.
                after.question = tx.question_about(cause)?;
                after.question.map_or(Ok(()), |question| tx.join_question(question, id))?;
            }
            Write::Ask { kind, title, facts, reached, cause } => {
                let question = tx.insert_question(&Ask {
                    run: Some(id),
                    iteration: after.iteration,
                    kind: *kind,
                    title: title.clone(),
                    facts: bounded_facts(facts),
                    reached: reached.clone(),
                    digest: None,
                    deadline: None,
                })?;
                after.question = Some(question);
                if let Some(cause) = cause {
                    tx.share_question(question, cause, id)?;
                }
            }
            Write::RecordAnswer { question, approve, reason, by } => {
                tx.answer_question(*question, *approve, reason, by)?;
            }
            Write::Grant { question } => {
                let reached = tx.question(*question)?.map_or_else(Vec::new, |question| question.reached);
                for one in &reached {
                    tx.grant(*question, one)?;
                }
            }
            Write::Withdraw { question } => {
                if let Some(other) = tx.leave_question(*question, id)? {
                    // It is told by other words now, to whoever watches those that still wait.
                    let detail = json!({ "left_by": id });
                    tx.record(
                        AuditEvent::new(Actor::Engine, "question.left").run(other).question(*question).detail(detail),
                    )?;
                }
            }
            Write::Guide { by, text, terms } => {
                let told = tx.insert_guidance(id, by, text)?;
                if let Some(terms) = terms {
                    tx.set_terms(id, told.number, terms)?;
                }
            }
            Write::Use { part, used, left } => {
                if *used != Spent::default() {
                    tx.insert_usage(id, before.iteration, part, *used)?;
                }
                tx.settle_reservation(id, *used, *left)?;
            }
            Write::KeepPlan { text } => {
                let origin = BlobOrigin { kind: PLAN.to_owned(), run: Some(id), step: None };
                tx.put_blob(text.as_bytes(), &origin)?;
            }
            Write::Release => tx.settle_reservation(id, Spent::default(), Left::Nothing)?,
        }
    }
    Ok(())
}

/// Changes an iteration that exists; a run that never came so far has none.
fn change(tx: &Tx<'_>, run: RunId, number: u32, edit: impl FnOnce(&mut Iteration)) -> Result<(), StoreError> {
    let Some(mut iteration) = tx.iteration(run, number)? else { return Ok(()) };
    edit(&mut iteration);
    tx.put_iteration(&iteration)
}

pub(super) fn audit_event(before: &Run, after: &Run, event: &Event) -> AuditEvent {
    let actor = event.operator().cloned().unwrap_or(Actor::Engine);
    let mut detail = json!({
        "from": before.state.name(),
        "to": after.state.name(),
        "iteration": after.iteration,
        "attempt": after.attempt,
        // A record has room for 64 KiB; the whole reason is in the run's row.
        "reason": after.reason.chars().take(2_000).collect::<String>(),
    });
    if let Some(object) = detail.as_object_mut() {
        if let Some(question) = after.question.filter(|_| before.question.is_none()) {
            object.insert("asks".to_owned(), json!(question));
        }
        match event {
            Event::Redirect { text, criteria, .. } => {
                object.insert("guidance".to_owned(), json!(text));
                if let Some(criteria) = criteria {
                    object.insert("criteria".to_owned(), json!(criteria));
                }
            }
            Event::Answer { question, kind, approve, reason, .. } => {
                object.insert("question".to_owned(), json!(question));
                object.insert("kind".to_owned(), json!(QuestionKind::name(*kind)));
                object.insert("approve".to_owned(), json!(approve));
                object.insert("answer".to_owned(), json!(reason));
            }
            Event::Capped { reached, .. } => {
                object.insert("reached".to_owned(), json!(reached));
            }
            Event::AwaitDay { question, .. } => {
                object.insert("question".to_owned(), json!(question));
                object.insert("until".to_owned(), json!(after.not_before));
            }
            Event::Rollback { iteration, commit, .. } => {
                object.insert("rollback_to".to_owned(), json!({ "iteration": iteration, "commit": commit }));
            }
            Event::Prioritise { priority, .. } => {
                object.insert("priority".to_owned(), json!({ "from": before.priority, "to": priority }));
            }
            Event::Blocked { by } => {
                object.insert("blocked_by".to_owned(), json!(by));
            }
            Event::Prepared { image } => {
                object.insert("image".to_owned(), json!(image));
            }
            // The run's own reason may be another one: a cancelled run keeps its operator's.
            Event::Trouble { reason, .. } | Event::StepLost { reason, .. } | Event::PrepareFailed { reason, .. } => {
                object.insert("trouble".to_owned(), json!(reason.chars().take(2_000).collect::<String>()));
            }
            Event::Planned { report, plan, .. } => {
                let digest = plan.as_ref().map(|plan| crate::audit::hex(&Sha256::digest(plan.as_bytes())));
                object.insert("plan_sha256".to_owned(), json!(digest));
                object.insert("agent".to_owned(), json!(report));
            }
            Event::Audited { report, audit, .. } => {
                let digest = crate::audit::hex(&Sha256::digest(audit.words.as_bytes()));
                let said = json!({
                    "opinion": audit.opinion, "agent": audit.agent, "model": audit.model, "usage": audit.usage, "words_sha256": digest,
                });
                object.insert("audit".to_owned(), said);
                object.insert("agent".to_owned(), json!(report));
            }
            Event::Doubted { suites, .. } => {
                object.insert("suites".to_owned(), json!(suites));
            }
            Event::Gathered { disagrees, .. } if !disagrees.is_empty() => {
                object.insert("disagrees".to_owned(), json!(disagrees.len()));
                // The iteration's row has all of them.
                object.insert("for_example".to_owned(), json!(disagrees.iter().take(10).collect::<Vec<_>>()));
            }
            Event::AgentEnded { report, commit, .. } => {
                object.insert("commit".to_owned(), json!(commit));
                object.insert("agent".to_owned(), json!(report));
            }
            _ => {}
        }
    }
    AuditEvent::new(actor, format!("run.{}", event.name())).run(before.id).project(before.project).detail(detail)
}

pub(in crate::engine) fn step_event(key: &StepKey, what: &str, detail: serde_json::Value) -> AuditEvent {
    let mut detail = detail;
    if let Some(object) = detail.as_object_mut() {
        object.insert("step".to_owned(), json!(key.to_string()));
    }
    AuditEvent::new(Actor::Engine, format!("step.{what}")).run(key.run).detail(detail)
}
