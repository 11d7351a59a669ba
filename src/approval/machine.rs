//! The transition function of proposals: `(proposal, event, now) → proposal`. A no, the end of a wait and taking back win against
//! every yes, since each event meets the deadlines first. No state leads back to one from which something could be started
//! again.

use super::deadline;
use super::policy::Policy;
use super::recheck::{Objection, Standing, objection};
use super::vote::{self, BadVote};
use crate::domain::{
    ExecutionOutcome, Human, Moment, OperatorRole, Proposal, ProposalId, ProposalState as State, Stop, Vote, Voter,
};

/// What happens to a proposal.
#[derive(Debug, Clone)]
pub enum Event<'e> {
    /// The clocks are looked at.
    Look,
    /// Somebody says yes.
    Approve {
        /// The vote.
        vote: Vote,
        /// The rules.
        policy: &'e Policy,
    },
    /// Somebody says no.
    Deny {
        /// Who.
        voter: Voter,
        /// Why.
        reason: String,
        /// The rules.
        policy: &'e Policy,
    },
    /// Who asked for it takes it back; nobody where the run does so by ending.
    Withdraw {
        /// Who.
        by: Option<Human>,
        /// Why.
        reason: String,
    },
    /// An edited one takes its place.
    Replace {
        /// Which.
        with: ProposalId,
        /// Whose.
        by: Human,
    },
    /// The grant is to be used up.
    Claim {
        /// How everything is now.
        standing: &'e Standing<'e>,
        /// The boot of the asset, as it was just read.
        boot: String,
    },
    /// The first byte is about to leave.
    Dispatch,
    /// The asset has said that it runs.
    Begin,
    /// Evidence of what came of it.
    Come {
        /// What.
        outcome: ExecutionOutcome,
        /// Some of its output could not be kept.
        gap: bool,
    },
    /// Somebody wants that it stops.
    Stop {
        /// Who.
        voter: Voter,
        /// Why.
        reason: String,
        /// The rules.
        policy: &'e Policy,
    },
    /// The asset has answered whoever wanted that.
    StopTold {
        /// What came of it, in words.
        words: String,
    },
    /// A person ends what nothing tells about.
    Resolve {
        /// Who.
        by: Human,
        /// As what.
        as_what: Resolution,
        /// What they know.
        note: String,
    },
    /// Somebody else looks at what one person decided for two.
    Review {
        /// Who.
        by: Human,
    },
}

/// What a person says of an outcome that nothing tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It ran.
    Ran,
    /// It did not.
    NotRun,
    /// Nobody knows, and it is taken as it is.
    Accepted,
}

/// Why an event does nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not in this state.
    #[error("{id} is {state}, so this cannot be done any more")]
    NotNow {
        /// Which.
        id: ProposalId,
        /// How far it is.
        state: &'static str,
    },
    /// The vote does not count.
    #[error(transparent)]
    Vote(#[from] BadVote),
    /// The person may not.
    #[error("{0}")]
    Forbidden(String),
    /// It cannot be started now, but perhaps soon.
    #[error("{0}")]
    Later(String),
    /// Nothing changes.
    #[error("nothing changes")]
    Nothing,
}

/// Takes one step. Where a deadline has passed the proposal comes back as expired, whatever the event was.
pub fn step(proposal: &Proposal, event: Event<'_>, now: &Moment) -> Result<Proposal, Refusal> {
    if let Some(expired) = expired(proposal, now) {
        return Ok(expired);
    }
    let mut next = proposal.clone();
    next.version += 1;
    let state = proposal.state;
    let not_now = not_now(proposal);
    let may_end = state.is_open() || state == State::Approved;
    match event {
        Event::Look => return Err(Refusal::Nothing),
        Event::Approve { vote, policy } => approve(&mut next, vote, policy, now)?,
        Event::Deny { voter, reason, policy } => {
            if !may_end {
                return Err(not_now);
            }
            let need = policy.need(&proposal.proposed.asset);
            if !voter.has_one_of(&need.by) && !vote::is_owner(proposal, &voter.person) {
                let roles = need.by.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
                return Err(BadVote::Role(roles).into());
            }
            (next.state, next.by, next.reason) = (State::Denied, Some(voter.person), reason);
        }
        Event::Withdraw { by, reason } => {
            if !may_end {
                return Err(not_now);
            }
            if by.as_ref().is_some_and(|person| !vote::is_owner(proposal, person)) {
                let words =
                    "only who proposed this, or owns the run that it comes from, takes it back: deny it instead";
                return Err(Refusal::Forbidden(words.to_owned()));
            }
            (next.state, next.by, next.reason) = (State::Withdrawn, by, reason);
        }
        Event::Replace { with, by } => {
            if !may_end {
                return Err(not_now);
            }
            (next.state, next.by, next.replaced_by) = (State::Superseded, Some(by), Some(with));
            next.reason = format!("{with} stands in its place");
        }
        Event::Claim { standing, boot } => {
            if state != State::Approved {
                return Err(not_now);
            }
            match objection(proposal, standing, now) {
                None => {
                    next.execution = Some(super::digest::execution(&proposal.digest, &proposal.proposed.nonce));
                    (next.state, next.boot) = (State::Claimed, Some(boot));
                }
                Some(Objection::Later(why)) => return Err(Refusal::Later(why)),
                Some(Objection::Void(why)) => (next.state, next.reason) = (State::Voided, why),
            }
        }
        Event::Dispatch => {
            if state != State::Claimed {
                return Err(not_now);
            }
            // Whatever held this engine up since the claim, a grant that is over starts nothing.
            if over(proposal, now) {
                let why = "its time ran out between the claim and the start; nothing had left".to_owned();
                (next.state, next.reason) = (State::Refused, why);
            } else {
                next.state = State::Dispatched;
            }
        }
        Event::Begin => {
            if state != State::Dispatched {
                return Err(not_now);
            }
            next.state = State::Running;
        }
        Event::Come { outcome, gap } => heard(&mut next, outcome, gap).ok_or(not_now)?,
        Event::Resolve { by, as_what, note } => {
            if state != State::OutcomeUnknown {
                return Err(not_now);
            }
            if note.trim().is_empty() {
                return Err(Refusal::Forbidden(
                    "say what you know and from where: it is all that is left of it".to_owned(),
                ));
            }
            next.state = match as_what {
                Resolution::Ran => State::ResolvedRan,
                Resolution::NotRun => State::ResolvedNotRun,
                Resolution::Accepted => State::ResolvedAccepted,
            };
            (next.by, next.reason) = (Some(by), note);
        }
        Event::Review { by } => review(&mut next, by)?,
        Event::Stop { voter, reason, policy } => stop(&mut next, voter, (reason, policy), now)?,
        Event::StopTold { words } => match &mut next.stop {
            Some(stop) if stop.told.is_none() => stop.told = Some(words),
            _ => return Err(not_now),
        },
    }
    Ok(next)
}

fn not_now(one: &Proposal) -> Refusal {
    Refusal::NotNow { id: one.id, state: one.state.name() }
}

fn approve(next: &mut Proposal, vote: Vote, policy: &Policy, now: &Moment) -> Result<(), Refusal> {
    if !next.state.is_open() {
        return Err(not_now(next));
    }
    let need = policy.need(&next.proposed.asset);
    vote::check(next, &need, &policy.break_glass, &vote)?;
    next.votes.push(vote);
    if vote::missing(next, &need, &policy.break_glass, None) == 0 {
        next.state = State::Approved;
        next.granted = Some((now.clone(), policy.granted()));
    } else {
        next.state = State::Partial;
    }
    Ok(())
}

/// Whoever sees that something goes wrong may stop it, and so may all who could have said no to it. It is a word to what runs already:
/// it starts nothing, and takes nothing back of what was done.
fn stop(next: &mut Proposal, voter: Voter, (reason, policy): (String, &Policy), now: &Moment) -> Result<(), Refusal> {
    let mut roles = policy.need(&next.proposed.asset).by;
    roles.insert(OperatorRole::Operator);
    if !voter.has_one_of(&roles) && !vote::is_owner(next, &voter.person) {
        let roles = roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
        return Err(BadVote::Role(roles).into());
    }
    if next.state.is_open() || next.state == State::Approved {
        let words = format!("{} has not started: deny it, or take it back", next.id);
        return Err(Refusal::Forbidden(words));
    }
    if !next.state.is_under_way() {
        return Err(not_now(next));
    }
    if next.is_to_stop() {
        return Err(Refusal::Forbidden(format!("a stop of {} is on its way already", next.id)));
    }
    next.stop = Some(Stop { by: voter.person, reason, at: now.clone(), told: None });
    Ok(())
}

fn review(next: &mut Proposal, by: Human) -> Result<(), Refusal> {
    if !next.wants_review() {
        return Err(not_now(next));
    }
    let decided = next.votes.iter().any(|vote| vote::same(&vote.voter.person, &by));
    if decided || vote::is_owner(next, &by) {
        return Err(Refusal::Forbidden("somebody else than who decided must look at it".to_owned()));
    }
    next.reviewed = Some(by);
    Ok(())
}

/// The proposal as its deadlines leave it, where one has passed.
fn expired(proposal: &Proposal, now: &Moment) -> Option<Proposal> {
    let waited = proposal.state.is_open() && deadline::passed(&proposal.asked, proposal.wait, false, now);
    let granted = proposal.state == State::Approved && over(proposal, now);
    let reason = match (waited, granted) {
        (true, _) => "nobody decided in time",
        (_, true) => "it was approved and could not be started in time",
        _ => return None,
    };
    let mut next = proposal.clone();
    next.version += 1;
    (next.state, next.reason) = (State::Expired, reason.to_owned());
    Some(next)
}

/// Whether the grant is over.
fn over(proposal: &Proposal, now: &Moment) -> bool {
    proposal.granted.as_ref().is_none_or(|(from, span)| deadline::passed(from, *span, true, now))
}

/// What comes from the asset: evidence, and that some of its output is missing. Either alone is news.
fn heard(next: &mut Proposal, outcome: ExecutionOutcome, gap: bool) -> Option<()> {
    let news = gap && !next.gap && next.state.is_under_way();
    next.gap |= news;
    come(next, outcome).or(news.then_some(()))
}

/// What evidence makes of it. Nothing takes back what is final, and nothing leads to another start.
fn come(next: &mut Proposal, outcome: ExecutionOutcome) -> Option<()> {
    if !next.state.is_under_way() || next.outcome.as_ref() == Some(&outcome) {
        return None;
    }
    if next.state == State::OutcomeUnknown && matches!(outcome, ExecutionOutcome::Unknown { .. }) {
        return None;
    }
    next.state = match &outcome {
        ExecutionOutcome::Ran { code: 0 } => State::Succeeded,
        ExecutionOutcome::Ran { .. } => State::Failed,
        ExecutionOutcome::TimedOut => State::TimedOut,
        ExecutionOutcome::StillRunning => State::Running,
        ExecutionOutcome::NotRun { .. } => State::NotRun,
        ExecutionOutcome::Unknown { .. } => State::OutcomeUnknown,
    };
    if let ExecutionOutcome::NotRun { why } | ExecutionOutcome::Unknown { why } = &outcome {
        next.reason.clone_from(why);
    }
    next.outcome = Some(outcome);
    Some(())
}
