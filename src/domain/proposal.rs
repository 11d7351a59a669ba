//! What somebody wants to have run on a live asset, and how far that has come. The bytes that would run, where, for whom and under
//! which rules are one record (`Proposed`) whose digest people vote on.

use super::{
    Actor, Asset, Command, ExecutionId, ExecutionOutcome, Millis, OperatorRole, ProposalId, QuestionId, Reach, Role,
    RunId, Stop, has_role,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a rule needs to know of an asset, and what the digest binds of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetFacts {
    /// Its number in the registry.
    pub id: i64,
    /// Its name there.
    pub name: String,
    /// Its environment, such as `production`.
    pub environment: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether two people have to agree.
    pub critical: bool,
    /// By what it proves who it is: the fingerprints of its host keys, or where it is on this machine.
    pub host_key: Option<String>,
    /// Grows with every change of it.
    pub version: i64,
    /// How it is reached.
    pub means: String,
}

impl AssetFacts {
    /// Those of a registered asset.
    pub fn of(asset: &Asset) -> Self {
        let Asset { id, version, spec, .. } = asset;
        let keys = spec.reach.fingerprints();
        Self {
            id: id.0,
            name: spec.name.to_string(),
            environment: spec.environment.as_ref().map(ToString::to_string).unwrap_or_default(),
            labels: spec.labels.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
            critical: spec.critical,
            host_key: match &spec.reach {
                Reach::Ssh { .. } => Some(keys.join(", ")),
                Reach::Docker { .. } | Reach::Local => Some(format!("{} {}", spec.reach.name(), spec.reach.place())),
                Reach::Nowhere => None,
            },
            version: i64::from(*version),
            means: means(&spec.reach),
        }
    }

    /// Whether nothing leads there, so that nothing can run there.
    pub fn leads_nowhere(&self) -> bool {
        self.means.starts_with(&means(&Reach::Nowhere))
    }
}

/// How something is reached, in words.
fn means(reach: &Reach) -> String {
    format!("{} {}", reach.name(), reach.place())
}

/// A person, as the kernel names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Human {
    /// The user that they act as.
    pub uid: u32,
    /// The user that they logged in as, where that is known.
    pub login_uid: Option<u32>,
    /// The name of the user that they act as.
    pub name: String,
    /// The name of the user that they logged in as.
    pub login_name: Option<String>,
}

impl Human {
    /// The person behind an actor, where there is one.
    pub fn of(actor: &Actor) -> Option<Self> {
        match actor {
            Actor::Engine => None,
            Actor::Operator { uid, name, login_uid, login_name } => {
                Some(Self { uid: *uid, login_uid: *login_uid, name: name.clone(), login_name: login_name.clone() })
            }
        }
    }

    /// The author of what they do.
    pub fn actor(&self) -> Actor {
        let Self { uid, login_uid, name, login_name } = self.clone();
        Actor::Operator { uid, name, login_uid, login_name }
    }
}

/// A person with the roles that they have at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voter {
    /// Who.
    pub person: Human,
    /// Their roles.
    pub roles: BTreeSet<OperatorRole>,
}

impl Voter {
    /// Whether they have one of these roles, or one that includes it.
    pub fn has_one_of(&self, roles: &BTreeSet<OperatorRole>) -> bool {
        roles.iter().any(|role| has_role(&self.roles, *role))
    }
}

/// Who proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Requester {
    /// The agent of the run.
    Agent {
        /// What it is there for.
        role: Role,
    },
    /// A person.
    Person {
        /// Who.
        person: Human,
    },
}

/// What the requester says of it. Nobody has checked it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Why.
    pub why: String,
    /// What it should bring about.
    pub expect: String,
    /// How it would be undone.
    pub undo: String,
}

/// Everything that a vote binds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// What would run.
    pub command: Command,
    /// Where.
    pub asset: AssetFacts,
    /// Who wants it.
    pub requester: Requester,
    /// Who started, redirected or edited what it comes from: their own votes are told from others'.
    pub owners: Vec<Human>,
    /// The run that it is for.
    pub run: Option<RunId>,
    /// Its iteration then.
    pub iteration: u32,
    /// What is said of it.
    pub claims: Claims,
    /// The digest of the rules that held then.
    pub policy: String,
    /// The engine's instance.
    pub engine: String,
    /// The engine's epoch.
    pub epoch: u64,
    /// 64 hexadecimal digits that were never used before.
    pub nonce: String,
}

/// A moment by both clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The wall clock, which may be set.
    pub wall: Millis,
    /// Milliseconds since the boot, sleep included.
    pub boot: i64,
    /// Which boot.
    pub boot_id: String,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// Nobody has voted.
    Pending,
    /// Some have, and more must.
    Partial,
    /// It may be claimed, for a short time.
    Approved,
    /// Somebody said no.
    Denied,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Withdrawn,
    /// An edited one stands in its place.
    Superseded,
    /// What it was bound to is no longer so.
    Voided,
    /// The grant is used up; nothing has left yet.
    Claimed,
    /// Its first byte may have left.
    Dispatched,
    /// The asset has said that it runs.
    Running,
    /// Nothing tells whether it ran.
    OutcomeUnknown,
    /// A person says that it ran.
    ResolvedRan,
    /// A person says that it did not run.
    ResolvedNotRun,
    /// A person takes it as it is, without knowing.
    ResolvedAccepted,
    /// It ended with 0.
    Succeeded,
    /// It ended with something else.
    Failed,
    /// It was ended after its time.
    TimedOut,
    /// It was claimed and then refused, before anything left.
    Refused,
    /// It did not run and never will.
    NotRun,
}

impl ProposalState {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Pending,
        Self::Partial,
        Self::Approved,
        Self::Denied,
        Self::Expired,
        Self::Withdrawn,
        Self::Superseded,
        Self::Voided,
        Self::Claimed,
        Self::Dispatched,
        Self::Running,
        Self::OutcomeUnknown,
        Self::ResolvedRan,
        Self::ResolvedNotRun,
        Self::ResolvedAccepted,
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Refused,
        Self::NotRun,
    ];

    /// Whether it still waits for votes.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Partial)
    }

    /// Whether the grant is used and its end not known yet.
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Claimed | Self::Dispatched | Self::Running | Self::OutcomeUnknown)
    }

    /// Whether nothing follows.
    pub fn is_final(self) -> bool {
        !self.is_open() && !self.is_under_way() && self != Self::Approved
    }

    /// The stored name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Partial => "partial",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
            Self::Voided => "voided",
            Self::Claimed => "claimed",
            Self::Dispatched => "dispatched",
            Self::Running => "running",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::ResolvedRan => "resolved_ran",
            Self::ResolvedNotRun => "resolved_not_run",
            Self::ResolvedAccepted => "resolved_accepted",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Refused => "refused",
            Self::NotRun => "not_run",
        }
    }
}

/// What was in front of a person who voted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// For how long, in milliseconds.
    pub milliseconds: u64,
    /// How many rows the text took.
    pub rows: u32,
    /// How wide the screen was.
    pub columns: u32,
}

/// One of several that a person agrees to at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// Which.
    pub proposal: ProposalId,
    /// The digest of what was shown, computed from it.
    pub digest: String,
    /// What was on the screen, where that is known.
    #[serde(default)]
    pub seen: Option<Seen>,
}

/// One person's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Who, with the roles of that moment.
    pub voter: Voter,
    /// The digest that they saw.
    pub digest: String,
    /// When.
    pub at: Moment,
    /// What was on their screen, where that is known.
    pub seen: Option<Seen>,
    /// Their signature of the decision, as OpenSSH writes it.
    pub signature: Option<String>,
    /// Why they stand in for the second person as well, where they do.
    pub glass: Option<String>,
    /// Why they say yes; empty where they did not say. It is for people: no rule and no signature looks at it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How many proposals were decided at once with this one among them; 0 where it was decided by itself.
    #[serde(default, skip_serializing_if = "is_none")]
    pub together: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_none(number: &u32) -> bool {
    *number == 0
}

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// Grows with every change of this row.
    pub version: i64,
    /// What it is.
    pub proposed: Proposed,
    /// Its digest, 64 hexadecimal digits.
    pub digest: String,
    /// How far it has come.
    pub state: ProposalState,
    /// The question by which people are asked.
    pub question: QuestionId,
    /// The question by which people are asked what became of it, where nothing tells.
    pub unknown: Option<QuestionId>,
    /// The question by which people are told that one person decided it for two, until somebody else has looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<QuestionId>,
    /// When it was proposed.
    pub asked: Moment,
    /// How long it may wait for votes, in milliseconds.
    pub wait: i64,
    /// When it was approved, and for how many milliseconds that holds.
    pub granted: Option<(Moment, i64)>,
    /// Who said yes.
    pub votes: Vec<Vote>,
    /// Who ended it, where a person did.
    pub by: Option<Human>,
    /// Why it is as it is, in words; a person's where one decided.
    pub reason: String,
    /// The one that it was edited from.
    pub replaces: Option<ProposalId>,
    /// The one that it was edited into.
    pub replaced_by: Option<ProposalId>,
    /// Its name on the asset, once it was claimed.
    pub execution: Option<ExecutionId>,
    /// The boot of the asset, as it was read before anything left.
    pub boot: Option<String>,
    /// What came of it, as far as that is known.
    pub outcome: Option<ExecutionOutcome>,
    /// Who looked at it afterwards, where one person stood in for two.
    pub reviewed: Option<Human>,
    /// The last stop that was asked for while it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// Some of its output could not be kept, so what is there of it is not all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gap: bool,
}

impl Proposal {
    /// Whether a stop was asked for and nobody knows yet whether it has reached the asset.
    pub fn is_to_stop(&self) -> bool {
        self.state.is_under_way() && self.stop.as_ref().is_some_and(|stop| stop.told.is_none())
    }

    /// Whether somebody stood in for a second person, and nobody else has looked at it since.
    pub fn wants_review(&self) -> bool {
        self.reviewed.is_none()
            && self.state >= ProposalState::Claimed
            && self.votes.iter().any(|vote| vote.glass.is_some())
    }
}
