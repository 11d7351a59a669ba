//! What the agent of a run used its tools for.

use super::SaidOf;
use crate::domain::{Note, Standing, ToolCall};
use serde::{Deserialize, Serialize};

/// The use of tools in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolsUsed {
    /// How often tools were used.
    pub uses: u64,
    /// The newest uses, oldest first.
    pub calls: Vec<ToolCall>,
    /// What the agent noted, oldest first.
    pub notes: Vec<NoteView>,
    /// The run's criteria, each with the last that its agent said of it.
    #[serde(default)]
    pub criteria: Vec<SaidOf>,
}

/// A note, and what the engine's tests say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteView {
    /// It.
    #[serde(rename = "said")]
    pub note: Note,
    /// How it stands.
    pub standing: Standing,
}
