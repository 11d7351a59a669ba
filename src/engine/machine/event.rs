//! What can happen to a run.

use crate::domain::{
    Actor, AgentReport, Audit, ImageUsed, Priority, QuestionId, QuestionKind, Reached, RunId, RunState, Suspicion,
    Terms,
};

/// What the gates say of an iteration as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Every gate is met.
    Green,
    /// At least one gate is not met.
    Red,
    /// Met, but a person must look first.
    NeedsPerson,
    /// Met, but a person must say first whether it may bring packages.
    BringsPackages,
}

/// Something that happened: reported by the driver, or asked for by an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The scheduler gave the run its turn.
    Admitted,
    /// Runs that the run was to follow are over without success.
    Blocked {
        /// Which, and how they ended.
        by: Vec<(RunId, RunState)>,
    },
    /// The image is there.
    Prepared {
        /// What was used.
        image: ImageUsed,
    },
    /// The image cannot be had, or the setup failed.
    PrepareFailed {
        /// Why, in words.
        reason: String,
        /// Whether a later try may help.
        retry: bool,
    },
    /// The agent's turn is over and its tree is committed.
    AgentEnded {
        /// How it ended and what it used.
        report: AgentReport,
        /// The checkpoint.
        commit: String,
        /// The checkpoint's tree.
        tree: String,
        /// Things found in the agent's tree that try to run on the host or to fool it.
        planted: Vec<String>,
        /// Why nothing of that tree was taken, if so: then the commit is the one before.
        not_taken: Option<String>,
        /// How long the turn took.
        milliseconds: u64,
    },
    /// The agent's turn about the plan is over; nothing but the plan is taken from it.
    Planned {
        /// How it ended and what it used.
        report: AgentReport,
        /// The plan, where there is one.
        plan: Option<String>,
        /// How long the turn took.
        milliseconds: u64,
    },
    /// The auditor's turn about the result is over; nothing but what it says is taken from it.
    Audited {
        /// How it ended and what it used.
        report: AgentReport,
        /// What it says.
        audit: Audit,
        /// How long the turn took.
        milliseconds: u64,
        /// An operator gave guidance that no prompt has quoted yet. Only the transaction that commits the event can know, so that
        /// is where it is filled in.
        guided: bool,
    },
    /// The agent's turn ended for a reason that says nothing about the work: it is repeated.
    AgentHeld {
        /// How it ended and what it used.
        report: AgentReport,
        /// Partial work worth going on from, where there is any.
        commit: Option<String>,
        /// It failed at once: no tokens, under five seconds.
        instant: bool,
        /// How long the turn took.
        milliseconds: u64,
    },
    /// The container of the present step vanished.
    StepLost {
        /// What is known.
        reason: String,
        /// A daemon restart explains it.
        explained: bool,
    },
    /// The container engine, the disk or something else outside the work failed; the step is tried again.
    Trouble {
        /// What failed, in words.
        reason: String,
        /// No later try helps before a person has done something.
        lasting: bool,
    },
    /// The present iteration has no room under the caps of its project or of the day, so nothing was begun.
    Capped {
        /// The project's name.
        project: String,
        /// Which caps.
        reached: Vec<Reached>,
    },
    /// Every suite has run.
    Tested {
        /// How long it took.
        milliseconds: u64,
    },
    /// What suites say cannot be told from luck, so they run a second time on the same tree. Once in an iteration.
    Doubted {
        /// Their names.
        suites: Vec<String>,
        /// An attempt that no step of the iteration has had.
        attempt: u32,
    },
    /// Reports became findings.
    Gathered {
        /// Passed, failed and skipped tests over all suites.
        tests: (u32, u32, u32),
        /// Tests that failed and passed on this iteration's tree.
        disagrees: Vec<String>,
    },
    /// Findings and changes were compared.
    Analysed {
        /// Why green would not be success.
        suspicions: Vec<Suspicion>,
    },
    /// The gates were asked.
    Gated {
        /// What they say together.
        judgement: Judgement,
        /// The question's facts, or the reasons for red; in words.
        evidence: Vec<String>,
        /// An operator gave guidance that this iteration's prompt did not quote yet. Only the transaction that commits the
        /// event can know, so that is where it is filled in.
        guided: bool,
        /// Why the run must wait for a person although it is only red, in words; empty where it may go on.
        standstill: Vec<String>,
        /// The same in a few words that go on from `and`, for the question's title, where there is more to say than that it does
        /// not move.
        headline: Option<String>,
    },
    /// The result is where it should be.
    Delivered {
        /// Where, in words.
        to: String,
    },
    /// The result could not be delivered.
    DeliveryFailed {
        /// Why, in words.
        reason: String,
        /// Whether a later try may help.
        retry: bool,
    },
    /// Every container and workspace of a cancelled run is gone.
    Cleaned,
    /// An operator pauses the run.
    Pause {
        /// Who.
        by: Actor,
    },
    /// An operator lets it go on.
    Resume {
        /// Who.
        by: Actor,
    },
    /// An operator gives new guidance.
    Redirect {
        /// Who.
        by: Actor,
        /// What.
        text: String,
        /// What the work is measured by from now on, if that changes.
        criteria: Option<Vec<String>>,
        /// What else changes.
        terms: Terms,
    },
    /// An operator stops it for good.
    Cancel {
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// An operator takes the work back to an earlier checkpoint.
    Rollback {
        /// Who.
        by: Actor,
        /// The iteration.
        iteration: u32,
        /// Its checkpoint.
        commit: String,
    },
    /// An operator wants the run more than others, or less.
    Prioritise {
        /// Who.
        by: Actor,
        /// How much.
        priority: Priority,
    },
    /// A person answers a question.
    Answer {
        /// Which.
        question: QuestionId,
        /// What kind it is, from its row.
        kind: QuestionKind,
        /// Yes or no.
        approve: bool,
        /// Why.
        reason: String,
        /// Who.
        by: Actor,
    },
    /// A person lets a run that asks for more on a day wait for the next one.
    AwaitDay {
        /// The question that it answers.
        question: QuestionId,
        /// The caps that it is about, from its row.
        reached: Vec<Reached>,
        /// Who.
        by: Actor,
    },
}

impl Event {
    /// The names of all events.
    pub const NAMES: [&'static str; 27] = [
        "admitted",
        "blocked",
        "prepared",
        "prepare_failed",
        "agent_ended",
        "planned",
        "audited",
        "agent_held",
        "step_lost",
        "trouble",
        "capped",
        "tested",
        "doubted",
        "gathered",
        "analysed",
        "gated",
        "delivered",
        "delivery_failed",
        "cleaned",
        "pause",
        "resume",
        "redirect",
        "cancel",
        "rollback",
        "prioritise",
        "answer",
        "await_day",
    ];

    /// The name in the audit log and of the crash points around its commit.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Admitted => "admitted",
            Self::Blocked { .. } => "blocked",
            Self::Prepared { .. } => "prepared",
            Self::PrepareFailed { .. } => "prepare_failed",
            Self::AgentEnded { .. } => "agent_ended",
            Self::Planned { .. } => "planned",
            Self::Audited { .. } => "audited",
            Self::AgentHeld { .. } => "agent_held",
            Self::StepLost { .. } => "step_lost",
            Self::Trouble { .. } => "trouble",
            Self::Capped { .. } => "capped",
            Self::Tested { .. } => "tested",
            Self::Doubted { .. } => "doubted",
            Self::Gathered { .. } => "gathered",
            Self::Analysed { .. } => "analysed",
            Self::Gated { .. } => "gated",
            Self::Delivered { .. } => "delivered",
            Self::DeliveryFailed { .. } => "delivery_failed",
            Self::Cleaned => "cleaned",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::Redirect { .. } => "redirect",
            Self::Cancel { .. } => "cancel",
            Self::Rollback { .. } => "rollback",
            Self::Prioritise { .. } => "prioritise",
            Self::Answer { .. } => "answer",
            Self::AwaitDay { .. } => "await_day",
        }
    }

    /// The person behind it, where there is one.
    pub fn operator(&self) -> Option<&Actor> {
        match self {
            Self::Pause { by }
            | Self::Resume { by }
            | Self::Redirect { by, .. }
            | Self::Cancel { by, .. }
            | Self::Rollback { by, .. }
            | Self::Prioritise { by, .. }
            | Self::Answer { by, .. }
            | Self::AwaitDay { by, .. } => Some(by),
            _ => None,
        }
    }
}
