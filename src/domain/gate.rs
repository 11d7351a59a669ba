//! Results of quality gates.

use serde::{Deserialize, Serialize};

/// What a gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateVerdict {
    /// Met.
    Pass,
    /// Not met: the loop goes on.
    Fail,
    /// A person must look before it may count as met.
    NeedsPerson,
    /// The gate could not be run; never read as met.
    Unavailable,
}

/// One gate in one iteration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateResult {
    /// The gate's name.
    pub gate: String,
    /// What it says.
    pub verdict: GateVerdict,
    /// Why, in words a person can check. May quote outside text.
    pub evidence: Vec<String>,
}
