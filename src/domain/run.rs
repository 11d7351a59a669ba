//! A run and its states.

use super::{
    Actor, Budget, FeatureId, Millis, Need, Needs, Plan, Predecessor, Priority, ProjectId, QuestionId, Role, RunId,
    ScheduleId, Spent,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a run stands. The transitions between these are in `engine/machine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits for its turn.
    Queued,
    /// The image is pulled or built, the repository fetched.
    Preparing,
    /// The agent writes a plan.
    Planning,
    /// The agent works.
    Developing,
    /// The engine runs the test suites on a clean checkout.
    Testing,
    /// Reports become findings.
    Gathering,
    /// Findings are compared with the base and with what went before.
    Analysing,
    /// Quality gates are asked.
    Gating,
    /// Green, and another agent looks at the result.
    Reviewing,
    /// Green, but a person must look first.
    AwaitingReview,
    /// The result goes to the source repository.
    Delivering,
    /// Stuck: waits for a redirect.
    AwaitingRedirect,
    /// Something needs a person: budget, credentials, infrastructure.
    Escalated,
    /// Stopped by an operator; containers are frozen.
    Paused,
    /// Containers are being removed.
    Cancelling,
    /// Done and verified.
    Succeeded,
    /// Stopped for good by an operator.
    Cancelled,
    /// Given up.
    Failed,
}

impl RunState {
    /// Every state, for tests and for the store's checks.
    pub const ALL: [Self; 18] = [
        Self::Queued,
        Self::Preparing,
        Self::Planning,
        Self::Developing,
        Self::Testing,
        Self::Gathering,
        Self::Analysing,
        Self::Gating,
        Self::Reviewing,
        Self::AwaitingReview,
        Self::Delivering,
        Self::AwaitingRedirect,
        Self::Escalated,
        Self::Paused,
        Self::Cancelling,
        Self::Succeeded,
        Self::Cancelled,
        Self::Failed,
    ];

    /// The stored name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Preparing => "preparing",
            Self::Planning => "planning",
            Self::Developing => "developing",
            Self::Testing => "testing",
            Self::Gathering => "gathering",
            Self::Analysing => "analysing",
            Self::Gating => "gating",
            Self::Reviewing => "reviewing",
            Self::AwaitingReview => "awaiting_review",
            Self::Delivering => "delivering",
            Self::AwaitingRedirect => "awaiting_redirect",
            Self::Escalated => "escalated",
            Self::Paused => "paused",
            Self::Cancelling => "cancelling",
            Self::Succeeded => "succeeded",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Nothing ever happens again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Cancelled | Self::Failed)
    }

    /// A person is needed before anything happens.
    pub fn awaits_person(self) -> bool {
        matches!(self, Self::AwaitingReview | Self::AwaitingRedirect | Self::Escalated | Self::Paused)
    }
}

/// What image a run works in, recorded once it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageUsed {
    /// What `dogwatch.toml` asked for: a reference or `Dockerfile`.
    pub asked: String,
    /// The content id (`sha256:...`) that containers are created from.
    pub id: String,
    /// The registry digest that came with a pull.
    pub digest: Option<String>,
    /// The content ids of the images of services that have one of their own, by the services' names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, String>,
}

/// Where a run came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum Origin {
    /// An operator typed it.
    Operator,
    /// It is to build a feature.
    Feature {
        /// Which.
        feature: FeatureId,
        /// The version of its words that the task was made of.
        version: i64,
    },
    /// A clock started it, only to test: no agent works.
    Schedule {
        /// Which.
        schedule: ScheduleId,
        /// When it was due.
        due: Millis,
        /// The suites that run; all where none is named.
        suites: Vec<String>,
    },
}

impl Origin {
    /// The suites to which a run keeps that only tests: all where none is named. `None` where an agent works.
    pub fn only_tests(&self) -> Option<&[String]> {
        match self {
            Self::Schedule { suites, .. } => Some(suites),
            Self::Operator | Self::Feature { .. } => None,
        }
    }
}

/// Suites whose result is in doubt, so that they run a second time on the same tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rerun {
    /// Their names.
    pub suites: Vec<String>,
    /// The attempt from which on steps belong to the second time; those before belong to the first.
    pub from: u32,
}

/// One attempt to finish a work item: the row that a transition compares and sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Its project.
    pub project: ProjectId,
    /// What is to be done, in the operator's words.
    pub task: String,
    /// Acceptance criteria, one a line, in the operator's words.
    pub criteria: Vec<String>,
    /// Who started it.
    pub owner: Actor,
    /// Where it came from.
    pub origin: Origin,
    /// The agent's name, as configured.
    pub agent: String,
    /// What its agent is there for.
    #[serde(default)]
    pub role: Role,
    /// The container engine that its steps run on, as config.toml calls it; empty for the usual one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub engine: String,
    /// How much people want it, against others that wait for a place.
    pub priority: Priority,
    /// What it needs of the machine while it works.
    pub needs: Needs,
    /// The runs that it follows: it starts when they have succeeded.
    pub after: Vec<Predecessor>,
    /// Since when nothing but its turn keeps it from working, as far as people are concerned.
    pub waits_since: Millis,
    /// Whether it writes a plan before it changes anything.
    pub plan: Plan,
    /// Whether another agent looks at its result before that is delivered.
    #[serde(default)]
    pub audit: bool,
    /// Where it stands.
    pub state: RunState,
    /// Where it goes on when a pause or a question ends.
    pub resume_to: Option<RunState>,
    /// The present iteration; 0 while the base is tested.
    pub iteration: u32,
    /// The attempt of the present step, from 1.
    pub attempt: u32,
    /// Losses of a container that nothing explains, and turns without the plan that was wanted, in the present step.
    pub losses: u32,
    /// The suites of the present iteration that run a second time, while they do.
    #[serde(default)]
    pub rerun: Option<Rerun>,
    /// Failures of the container engine, the image or the provider in a row, in the present step.
    pub troubles: u32,
    /// Instant failures of the agent in a row.
    pub instant_failures: u32,
    /// Nothing is dispatched before this instant (account limits, back-off).
    pub not_before: Option<Millis>,
    /// The commit the work started from.
    pub base: Option<String>,
    /// The last checkpoint, where the next iteration starts.
    pub head: Option<String>,
    /// The image, once known.
    pub image: Option<ImageUsed>,
    /// Caps.
    pub budget: Budget,
    /// What was used.
    pub spent: Spent,
    /// The open question it waits for.
    pub question: Option<QuestionId>,
    /// Why it is where it is, in words for people. May quote outside text.
    pub reason: String,
    /// Grows with each transition; compared and set.
    pub version: i64,
    /// When it was created.
    pub created: Millis,
    /// When it last changed.
    pub updated: Millis,
}

impl Run {
    /// The branch that holds its checkpoints.
    pub fn branch(&self) -> String {
        format!("dogwatch/run-{}", self.id.0)
    }

    /// The feature that it is to build.
    pub fn feature(&self) -> Option<FeatureId> {
        match self.origin {
            Origin::Operator | Origin::Schedule { .. } => None,
            Origin::Feature { feature, .. } => Some(feature),
        }
    }

    /// The suites to which it keeps where it only tests: all where none is named. `None` where an agent works.
    pub fn only_tests(&self) -> Option<&[String]> {
        self.origin.only_tests()
    }

    /// The runs that it follows and that stand so with it.
    pub fn follows(&self, need: Need) -> impl Iterator<Item = RunId> + '_ {
        self.after.iter().filter(move |one| one.need == need).map(|one| one.run)
    }
}
