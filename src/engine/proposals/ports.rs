//! What is needed of live assets: which there are, and the one way in which something is started there.

use crate::approval::policy::Policy;
use crate::approval::{digest, signature, vote};
use crate::domain::{AssetFacts, ExecutionId, ExecutionOutcome, Human, ProposalId, Proposed, Vote};
use crate::store::{StoreError, View};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// An order for an asset. Whoever carries it out can check all of it: the digest is that of `proposed`, the votes are for the digest,
/// and the name of the execution follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The proposal that it comes from.
    pub proposal: ProposalId,
    /// Its name on the asset.
    pub execution: ExecutionId,
    /// What was approved: the command, the asset with its host key, and the rest.
    pub proposed: Proposed,
    /// Its digest.
    pub digest: String,
    /// Who said yes, with their signatures.
    pub votes: Vec<Vote>,
    /// The boot of the asset as it was read just before anything left.
    pub boot: Option<String>,
}

impl Order {
    /// Looks whether all of it belongs together and enough people said yes to it, by the rules alone: for whoever holds the keys to
    /// assets, and takes nobody's word.
    pub fn check(&self, policy: &Policy) -> Result<(), String> {
        if digest::digest(&self.proposed) != self.digest {
            return Err("what is ordered is not what was approved".to_owned());
        }
        if digest::execution(&self.digest, &self.proposed.nonce) != self.execution {
            return Err("the name of the execution is not that of what was approved".to_owned());
        }
        let need = policy.need(&self.proposed.asset);
        let mut people: Vec<&Human> = Vec::new();
        for vote in self.votes.iter().filter(|vote| vote.digest == self.digest) {
            if !people.iter().any(|other| vote::same(other, &vote.voter.person)) {
                people.push(&vote.voter.person);
            }
        }
        let alone = self.votes.iter().any(|vote| vote::stands_in(vote, &policy.break_glass) == Ok(true));
        let needed = if alone { 1 } else { need.approvals };
        if u32::try_from(people.len()).unwrap_or(u32::MAX) < needed {
            return Err("too few people said yes to it".to_owned());
        }
        if need.critical && !self.votes.iter().all(|vote| signature::check(policy, self.proposal, vote).is_ok()) {
            return Err("a signature of those who said yes does not hold".to_owned());
        }
        Ok(())
    }
}

/// What comes from an asset while something runs there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Its receipt is there: it runs.
    Begun,
    /// Output, with the number of its first byte within its stream.
    Output {
        /// Whether it is standard error.
        error: bool,
        /// The number of its first byte.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// The live assets.
pub trait Fleet: Send + Sync + 'static {
    /// The asset of this name, as it is registered now. It is asked within transactions, so it reads what they read.
    fn asset(&self, view: &View<'_>, name: &str) -> Result<Option<AssetFacts>, StoreError> {
        Ok(view.asset_named(name)?.as_ref().map(AssetFacts::of))
    }

    /// Looks whether an asset answers and is who it should be, without starting anything; its boot. In words why not.
    fn ready<'f>(&'f self, order: &'f Order) -> BoxFuture<'f, Result<String, String>>;

    /// Starts an order, once. What cannot be told is `Unknown`, never tried again.
    fn dispatch(&self, order: Order, pieces: mpsc::Sender<Piece>) -> BoxFuture<'_, ExecutionOutcome>;

    /// Asks what became of an order, and makes sure that one which has not begun never will. `Err` where the asset does not
    /// answer, so that nothing is known that was not known before.
    fn probe(&self, order: Order, pieces: mpsc::Sender<Piece>) -> BoxFuture<'_, Result<ExecutionOutcome, String>>;

    /// Tells what runs to end, and ends it where it does not; one that has not begun never will. What is known of it then; `Err` where
    /// the asset does not answer. It may be told so again: this starts nothing.
    fn stop(&self, order: Order) -> BoxFuture<'_, Result<ExecutionOutcome, String>>;
}
