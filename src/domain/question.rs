//! Questions to people: one table for approvals of every kind.

use super::{Actor, Millis, QuestionId, Reached, RunId};
use serde::{Deserialize, Serialize};

/// What is asked. Later parts add kinds, not tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// The tests pass but something speaks against calling it success. Approve: it counts. Deny: the loop goes on
    /// with the reason as guidance.
    Review,
    /// The tests pass and the result brings packages. Approve: it may have them, and is delivered. Deny: the loop goes on with the
    /// reason as guidance.
    Dependency,
    /// A cap is reached. Approve: more once. Deny: the run fails. Where the cap is that of a day, the run may also wait for the
    /// next one.
    Budget,
    /// Something outside the work is broken. Approve: try again. Deny: the run fails.
    Trouble,
    /// The agent has written a plan. Approve: the work follows it. Deny: it is written anew, with the reason as guidance.
    Plan,
    /// Another agent looked at a result that is green, and does not plainly agree with it. Approve: it counts all the same, and is
    /// delivered. Deny: the loop goes on with the reason as guidance, and with the auditor's words beside it.
    Audit,
    /// A run that this one follows did not succeed. Approve: it starts all the same. Deny: it is cancelled.
    Predecessor,
    /// The run does not move. Approve: it goes on as it is. Deny: it is given up. People may also redirect it, or roll it back.
    Stuck,
    /// The agent asks something by its tools. The run does not wait for it. Approve: yes, in words where there are some. Deny: no.
    Agent,
    /// A sandbox wants to reach a host that is on no list; the run does not wait for it. Approve: this run may. Deny: it stays refused.
    Egress,
    /// Something wants to run on a live asset. It is decided by the proposal, whose votes are not answers of a question.
    Execution,
    /// One person decided for two what runs on a live asset. Somebody else looks at it; it is decided by the proposal.
    Glass,
    /// Nobody knows whether something ran on a live asset. A person says what they found out.
    Outcome,
    /// For a while there has been no space for anything new, whichever run. Nobody answers it: it is withdrawn once there is space.
    Disk,
}

impl QuestionKind {
    /// The stored name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Dependency => "dependency",
            Self::Budget => "budget",
            Self::Trouble => "trouble",
            Self::Plan => "plan",
            Self::Audit => "audit",
            Self::Predecessor => "predecessor",
            Self::Stuck => "stuck",
            Self::Agent => "agent",
            Self::Egress => "egress",
            Self::Execution => "execution",
            Self::Glass => "glass",
            Self::Outcome => "outcome",
            Self::Disk => "disk",
        }
    }
}

impl QuestionKind {
    /// Whether an answer does no more than operators may do anyway by redirecting, cancelling and resubmitting: then they may answer,
    /// too. What lets something out, in, through or beyond a cap is an approver's to decide.
    pub fn steers(self) -> bool {
        match self {
            Self::Trouble | Self::Predecessor | Self::Stuck | Self::Agent => true,
            Self::Review
            | Self::Dependency
            | Self::Budget
            | Self::Plan
            | Self::Audit
            | Self::Egress
            | Self::Execution
            | Self::Glass
            | Self::Outcome
            | Self::Disk => false,
        }
    }
}

/// Whether it still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionState {
    /// Waits for a person.
    Open,
    /// Answered.
    Answered,
    /// Nobody needs the answer any more: cancelled, redirected, rolled back.
    Withdrawn,
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Yes or no.
    pub approve: bool,
    /// Why; required for a denial.
    pub reason: String,
    /// Who, from the kernel.
    pub by: Actor,
    /// When it was committed.
    pub at: Millis,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// The run that it is about, where there is one.
    pub run: Option<RunId>,
    /// The iteration it is about.
    pub iteration: u32,
    /// What is asked.
    pub kind: QuestionKind,
    /// One line, written by the engine; it may quote outside text.
    pub title: String,
    /// The facts, one a line, written by the engine; they may quote outside text.
    pub facts: Vec<String>,
    /// The caps of projects and days that are reached, where it is about such.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reached>,
    /// Whether it still waits.
    pub state: QuestionState,
    /// When it was asked.
    pub asked: Millis,
    /// The answer, once there is one.
    pub answer: Option<Answer>,
}

/// Runs that are named where several wait for one answer.
const NAMED: usize = 12;

impl Question {
    /// The same as people read it where several runs wait for the answer.
    #[must_use]
    pub fn shared_by(mut self, runs: &[RunId]) -> Self {
        if runs.len() < 2 {
            return self;
        }
        let mut names: Vec<String> = runs.iter().take(NAMED).map(ToString::to_string).collect();
        if runs.len() > NAMED {
            names.push(format!("{} others", runs.len() - NAMED));
        }
        let last = names.pop().unwrap_or_default();
        let names = format!("{} and {last}", names.join(", "));
        self.title = format!("{} runs: {}", runs.len(), self.title);
        self.facts.push(format!("{names} wait for the answer, which holds for all of them"));
        self
    }

    /// Whether the run may also wait for the next day: everything that is asked about turns with it.
    pub fn may_wait(&self) -> bool {
        !self.reached.is_empty() && self.reached.iter().all(|one| one.scope.day().is_some())
    }
}
