//! What an operator tells a run while it goes.

use super::{Actor, Millis, RunId};
use serde::{Deserialize, Serialize};

/// How far an instruction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuidanceState {
    /// Committed; the next iteration will quote it.
    Accepted,
    /// Quoted in the prompt of `applied_in`.
    Applied,
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
}
