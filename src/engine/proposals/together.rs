//! One person agrees to several proposals at once: to all of them, or where one cannot be agreed to, to none.

use super::Proposals;
use super::decide::DecideFault;
use super::ledger::take;
use crate::approval::machine::{Event, Refusal};
use crate::approval::together;
use crate::domain::{Agreed, Proposal, ProposalState as State, Vote, Voter};
use std::sync::Arc;

impl Proposals {
    /// A yes to each of these, to the bytes with its digest.
    pub async fn agree_to_all(&self, all: Vec<Agreed>, voter: Voter) -> Result<Vec<Proposal>, DecideFault> {
        let (you, policy) = (voter.person.actor(), Arc::clone(&self.desk.policy));
        let refused = |why: &dyn std::fmt::Display| DecideFault::Refused(why.to_string());
        if all.len() > together::MOST {
            return Err(refused(&together::Apart::Many(all.len())));
        }
        self.settle("together", move |tx| {
            let found = all.iter().map(|one| tx.proposal(one.proposal)?.ok_or(DecideFault::missing(one.proposal)));
            let found = found.collect::<Result<Vec<Proposal>, DecideFault>>()?;
            together::check(&found, &policy).map_err(|apart| refused(&apart))?;
            let number = u32::try_from(found.len()).unwrap_or(u32::MAX);
            let mut decided = Vec::new();
            for (one, Agreed { proposal: id, digest, seen }) in found.iter().zip(all) {
                let (voter, at) = (voter.clone(), tx.moment());
                let reason = String::new();
                let vote = Vote { voter, digest, at, seen, signature: None, glass: None, reason, together: number };
                let event = Event::Approve { vote, policy: &policy };
                let next = take(tx, one, event, you.clone())?
                    .map_err(|why: Refusal| refused(&format!("{id}: {why}; nothing was agreed to")))?;
                if !matches!(next.state, State::Partial | State::Approved) {
                    return Err(refused(&format!("{id} is {}; nothing was agreed to", next.state.name())));
                }
                decided.push(next);
            }
            Ok(decided)
        })
        .await
    }
}
