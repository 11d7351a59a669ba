//! What people do with a proposal: propose, agree, refuse, edit, take back, end what nobody knows, look at it afterwards.

use super::Proposals;
use super::ask::{Asked, ProposeFault, Request, propose};
use super::ledger::take;
use crate::approval::machine::{Event, Refusal, Resolution};
use crate::approval::policy::Policy;
use crate::approval::signature;
use crate::domain::{
    Claims, Command, Proposal, ProposalId, ProposalState as State, Requester, RunId, Seen, Vote, Voter,
};
use crate::engine::crash::Crashed;
use crate::store::{StoreError, Tx};
use std::sync::Arc;

/// Longest text that a person may give, in bytes.
const LONGEST: usize = 8 * 1024;

/// What a person decides.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Yes to the bytes with this digest.
    Approve {
        /// What they saw.
        digest: String,
        /// What was on their screen, where that is known.
        seen: Option<Seen>,
        /// Their signature, where one is needed.
        signature: Option<String>,
        /// Why they stand in for a second person, where they do.
        glass: Option<String>,
        /// Why, for the record.
        reason: String,
    },
    /// No.
    Deny {
        /// Why; who asked gets to read it.
        reason: String,
    },
    /// It is taken back.
    Withdraw {
        /// Why.
        reason: String,
    },
    /// What runs is to end.
    Stop {
        /// Why; who asked gets to read it.
        reason: String,
    },
    /// Nobody knows what became of it, but this person does, or takes it as it is.
    Resolve {
        /// As what.
        as_what: Resolution,
        /// What they know.
        note: String,
    },
    /// Somebody stood in for two, and this person has looked at it.
    Review,
}

impl Decision {
    /// What its crash points are called.
    fn name(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Deny { .. } => "deny",
            Self::Withdraw { .. } => "withdraw",
            Self::Stop { .. } => "stop",
            Self::Resolve { .. } => "resolve",
            Self::Review => "review",
        }
    }
}

/// What an edited proposal has instead of the old one's.
#[derive(Debug, Clone)]
pub struct Change {
    /// The command.
    pub command: Command,
    /// What is said of it.
    pub claims: Claims,
    /// The asset, where it is another one.
    pub asset: Option<String>,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideFault {
    /// No such thing.
    #[error("there is no {what} {id}")]
    Missing {
        /// Its kind.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// Refused, in words.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A test has the engine die here, so nobody hears this.
    #[error("the engine was told to die here")]
    Died(Crashed),
}

impl DecideFault {
    /// No such proposal.
    pub fn missing(id: ProposalId) -> Self {
        Self::Missing { what: "proposal", id: id.to_string() }
    }
}

impl From<Crashed> for DecideFault {
    fn from(crashed: Crashed) -> Self {
        Self::Died(crashed)
    }
}

impl From<ProposeFault> for DecideFault {
    fn from(fault: ProposeFault) -> Self {
        match fault {
            ProposeFault::Store(error) => Self::Store(error),
            ProposeFault::Missing { what, id } => Self::Missing { what, id },
            ProposeFault::Refused(_) | ProposeFault::Random(_) => Self::Refused(fault.to_string()),
        }
    }
}

impl Proposals {
    /// A person proposes.
    pub async fn propose(
        &self,
        asset: String,
        command: Command,
        claims: Claims,
        run: Option<RunId>,
        voter: Voter,
    ) -> Result<Proposal, DecideFault> {
        let requester = Requester::Person { person: voter.person.clone() };
        let request = Request { asset, command, claims, requester, voter: Some(voter), run, replaces: None };
        let desk = self.desk.clone();
        let asked = self.settle("ask", move |tx| Ok(propose(tx, &desk, request)?)).await?;
        let (Asked::New(one) | Asked::Known(one)) = asked;
        Ok(*one)
    }

    /// A person edits a proposal: theirs takes the place of the old one, whose votes are void.
    pub async fn edit(&self, id: ProposalId, change: Change, voter: Voter) -> Result<Proposal, DecideFault> {
        let desk = self.desk.clone();
        self.settle("edit", move |tx| {
            let old = tx.proposal(id)?.ok_or(DecideFault::missing(id))?;
            let asset = change.asset.unwrap_or_else(|| old.proposed.asset.name.clone());
            let by = voter.person.clone();
            let requester = Requester::Person { person: by.clone() };
            let run = old.proposed.run;
            let Change { command, claims, .. } = change;
            let request =
                Request { asset, command, claims, requester, voter: Some(voter), run, replaces: Some(old.clone()) };
            let (Asked::New(new) | Asked::Known(new)) = propose(tx, &desk, request)?;
            let event = Event::Replace { with: new.id, by: by.clone() };
            let old =
                take(tx, &old, event, by.actor())?.map_err(|refusal| DecideFault::Refused(refusal.to_string()))?;
            if old.state == State::Superseded {
                return Ok(*new);
            }
            Err(DecideFault::Refused(format!("{id} is {}: propose it anew", old.state.name())))
        })
        .await
    }

    /// A person decides.
    pub async fn decide(&self, id: ProposalId, decision: Decision, voter: Voter) -> Result<Proposal, DecideFault> {
        let texts = match &decision {
            Decision::Deny { reason: text }
            | Decision::Withdraw { reason: text }
            | Decision::Stop { reason: text }
            | Decision::Resolve { note: text, .. } => text.len(),
            Decision::Approve { glass, reason, .. } => glass.as_ref().map_or(0, String::len).max(reason.len()),
            Decision::Review => 0,
        };
        if texts > LONGEST {
            return Err(DecideFault::Refused(format!(
                "the text has {texts} bytes, at most {LONGEST} are kept: shorten it"
            )));
        }
        if let Decision::Deny { reason } | Decision::Stop { reason } = &decision
            && reason.trim().is_empty()
        {
            let what = if matches!(decision, Decision::Deny { .. }) { "denial" } else { "stop" };
            return Err(DecideFault::Refused(format!("a {what} needs a reason: whoever asked gets to read it")));
        }
        let (you, policy) = (voter.person.actor(), Arc::clone(&self.desk.policy));
        let approving = matches!(decision, Decision::Approve { .. });
        let decided = self
            .settle(decision.name(), move |tx| {
                let one = tx.proposal(id)?.ok_or(DecideFault::missing(id))?;
                if let (Decision::Approve { digest, signature: Some(signature), glass, .. }, true) =
                    (&decision, policy.need(&one.proposed.asset).critical)
                {
                    let (digest, signature, glass) = (digest.clone(), Some(signature.clone()), glass.clone());
                    let vote = Vote {
                        voter: voter.clone(),
                        digest,
                        at: tx.moment(),
                        seen: None,
                        signature,
                        glass,
                        reason: String::new(),
                        together: 0,
                    };
                    signature::check(&policy, id, &vote).map_err(|bad| DecideFault::Refused(bad.to_string()))?;
                }
                if matches!(decision, Decision::Stop { .. }) && one.state.is_final() {
                    // Whoever was a moment too late is told how it ended.
                    return Ok(one);
                }
                let event = event(tx, decision, voter, &policy);
                take(tx, &one, event, you)?.map_err(|refusal: Refusal| DecideFault::Refused(refusal.to_string()))
            })
            .await?;
        // Its end is on disk; who came too late is told so.
        match decided.state {
            State::Expired => Err(DecideFault::Refused(format!("{id} expired: {}", decided.reason))),
            state if approving && !matches!(state, State::Partial | State::Approved) => {
                Err(DecideFault::Refused(format!("{id} is {}", state.name())))
            }
            _ => Ok(decided),
        }
    }

    /// Runs a job whose refusal undoes it alone. It has the name of its crash points.
    pub(super) async fn settle<T: Send + 'static>(
        &self,
        name: &str,
        job: impl FnOnce(&Tx<'_>) -> Result<T, DecideFault> + Send + 'static,
    ) -> Result<T, DecideFault> {
        self.crash.at(format!("proposal.{name}.before"))?;
        let (said, why) = std::sync::mpsc::channel();
        let done = self.store.write(move |tx| {
            job(tx).map_err(|fault| match fault {
                DecideFault::Store(error) => error,
                fault => {
                    let words = fault.to_string();
                    // Where nobody listens any more nobody is told.
                    drop(said.send(fault));
                    StoreError::Refused(words)
                }
            })
        });
        match done.await {
            Ok(value) => {
                self.announce();
                self.crash.at(format!("proposal.{name}.after"))?;
                Ok(value)
            }
            Err(StoreError::Refused(words)) => Err(why.try_recv().unwrap_or(DecideFault::Refused(words))),
            Err(error) => Err(error.into()),
        }
    }
}

fn event<'p>(tx: &Tx<'_>, decision: Decision, voter: Voter, policy: &'p Policy) -> Event<'p> {
    match decision {
        Decision::Approve { digest, seen, signature, glass, reason } => Event::Approve {
            vote: Vote { voter, digest, at: tx.moment(), seen, signature, glass, reason, together: 0 },
            policy,
        },
        Decision::Deny { reason } => Event::Deny { voter, reason, policy },
        Decision::Stop { reason } => Event::Stop { voter, reason, policy },
        Decision::Withdraw { reason } => Event::Withdraw { by: Some(voter.person), reason },
        Decision::Resolve { as_what, note } => Event::Resolve { by: voter.person, as_what, note },
        Decision::Review => Event::Review { by: voter.person },
    }
}
