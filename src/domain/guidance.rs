//! What an operator tells a run while it goes.

use super::{Actor, Millis, RunId, TermsFrom};
use serde::{Deserialize, Serialize};

/// How a prompt begins that quotes any. What comes from outside stands further down and between fences, so nothing else begins so.
pub const GUIDANCE_HEADING: &str = "# Guidance from the operator";

/// How far an instruction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuidanceState {
    /// Committed; the next iteration will quote it.
    Accepted,
    /// Quoted in the prompt of `applied_in`.
    Applied,
}

/// What became of guidance that was to reach an agent at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum LiveFate {
    /// It is on its way.
    Sending,
    /// It was written to the agent's standard input. Whether the agent heeds it is its own affair.
    Delivered,
    /// The agent did not get it.
    Missed {
        /// Why, in words.
        reason: String,
    },
    /// It is not known whether the agent got it.
    Unknown,
}

/// How it went with giving guidance to an agent while it worked. Whatever came of it, the next prompt quotes the guidance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The iteration in which the agent worked.
    pub iteration: u32,
    /// The step in which it did.
    pub step: String,
    /// When that became known.
    pub at: Millis,
    /// What became of it.
    #[serde(flatten)]
    pub fate: LiveFate,
}

/// One redirect. It is quoted first in every prompt from `applied_in` on, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guidance {
    /// The run.
    pub run: RunId,
    /// Order within the run, from 1.
    pub number: u32,
    /// Who said it.
    pub by: Actor,
    /// The exact text.
    pub text: String,
    /// When it was committed.
    pub at: Millis,
    /// How far it has come.
    pub state: GuidanceState,
    /// The iteration whose prompt quoted it first.
    pub applied_in: Option<u32>,
    /// How it went with giving it to an agent that was at work when it came; `None` where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Live>,
    /// What it changed beside the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<TermsFrom>,
}
