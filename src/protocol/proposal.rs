//! What clients and the engine say of proposals for live assets. A proposal crosses whole: who decides computes the digest of what
//! was in fact shown, so that an answer to other bytes does nothing.

use super::Bytes;
use crate::approval::machine::Resolution;
use crate::approval::policy::Need;
use crate::domain::{
    AssetFacts, Claims, Command, Human, Millis, Proposal, ProposalId, ProposalState, Proposed, QuestionId, RunId, Seen,
    Voter,
};
use serde::{Deserialize, Serialize};

/// What a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Approve {
        /// The digest of what was shown, computed from it.
        digest: String,
        /// What was on the screen, where that is known.
        #[serde(default)]
        seen: Option<Seen>,
        /// The signature of [`crate::approval::signature::message`], as `ssh-keygen -Y sign` writes it; critical assets need it.
        #[serde(default)]
        signature: Option<String>,
        /// Why the second person is not waited for, where somebody may stand in for them.
        #[serde(default)]
        glass: Option<String>,
        /// Why, for the record.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// No.
    Deny {
        /// Why; whoever asked gets to read it.
        reason: String,
    },
    /// It is taken back by whoever asked.
    Withdraw {
        /// Why.
        #[serde(default)]
        reason: String,
    },
    /// What runs is to end.
    Stop {
        /// Why; whoever asked gets to read it.
        reason: String,
    },
    /// Ends an outcome that nobody knows.
    Resolve {
        /// As what.
        as_what: Resolution,
        /// What was found out, and how.
        note: String,
    },
    /// Somebody stood in for two, and this person has looked at it.
    Review,
}

/// One proposal in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalBrief {
    /// Its id.
    pub id: ProposalId,
    /// Grows with each change.
    pub version: i64,
    /// How far it is.
    pub state: ProposalState,
    /// The asset's name.
    pub asset: String,
    /// Its environment.
    pub environment: String,
    /// Whether two people must agree.
    pub critical: bool,
    /// The run that it is for.
    pub run: Option<RunId>,
    /// The question that stands for it.
    pub question: QuestionId,
    /// Who wants it: `agent` or a name.
    pub requester: String,
    /// When it was asked.
    pub asked: Millis,
    /// How many people more must agree.
    pub missing: u32,
    /// Of how many.
    #[serde(default)]
    pub approvals: u32,
    /// The question by which people are asked what became of it, where nothing tells.
    #[serde(default)]
    pub unknown: Option<QuestionId>,
    /// The question by which people are told that one person decided it for two.
    #[serde(default)]
    pub glass: Option<QuestionId>,
    /// What it looks like, one short word each.
    #[serde(default)]
    pub risks: Vec<String>,
    /// Milliseconds until it expires, as it is now; absent where nothing expires.
    pub left: Option<i64>,
    /// The beginning of what would run. Never decide on it: it is cut.
    pub beginning: Bytes,
    /// One person decided for two, and nobody else has looked at it.
    #[serde(default)]
    pub wants_review: bool,
}

/// One proposal in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalDetail {
    /// It.
    pub proposal: Proposal,
    /// What it needs.
    pub need: Need,
    /// How many people more must agree.
    pub missing: u32,
    /// Milliseconds until it expires; absent where nothing expires.
    pub left: Option<i64>,
    /// Milliseconds within which it must start once it is approved.
    #[serde(default)]
    pub grant: i64,
    /// The client's user, as the engine knows them.
    pub you: Option<Voter>,
    /// Why this user's yes would not count now, if so. A signature is not asked for here.
    pub hindrance: Option<String>,
    /// Milliseconds that this user's last answers took, where that is too few for a reading.
    #[serde(default)]
    pub hurried: Option<u64>,
    /// Whether the asset is as it was when it was proposed; absent where it is not registered any more.
    pub asset: Option<AssetFacts>,
    /// The freeze that holds now, in which nothing would be started.
    pub freeze: Option<String>,
    /// What it is compared with: the one that it was edited from, or the last one before it on the same asset.
    pub before: Option<Box<Before>>,
    /// The public keys with which this user may sign.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Bytes of its output.
    pub output: u64,
}

/// An earlier proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Its id.
    pub id: ProposalId,
    /// How it ended.
    pub state: ProposalState,
    /// What it was.
    pub proposed: Proposed,
}

/// What somebody proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewProposal {
    /// The asset's name.
    pub asset: String,
    /// What would run.
    pub command: Command,
    /// What is said of it.
    #[serde(default)]
    pub claims: Claims,
    /// The run that it is for.
    #[serde(default)]
    pub run: Option<RunId>,
}

/// A name for whoever asked.
pub fn requester(proposed: &Proposed) -> String {
    match &proposed.requester {
        crate::domain::Requester::Agent { role } => format!("agent ({role})"),
        crate::domain::Requester::Person { person: Human { name, .. } } => name.clone(),
    }
}
