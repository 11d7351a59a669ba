//! What clients ask about features, and what they are told.

use crate::domain::{CriterionReport, Feature, FeatureId, FeatureState, RunId, RunState};
use serde::{Deserialize, Serialize};

/// What is asked about features.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum FeatureAsk {
    /// Them, newest first.
    List {
        /// Only those of this project, by name or id.
        project: Option<String>,
        /// Closed ones as well.
        all: bool,
    },
    /// One in full.
    One {
        /// Which.
        feature: FeatureId,
    },
    /// Add one.
    Add {
        /// The project's name or id.
        project: String,
        /// One line.
        title: String,
        /// What is wanted.
        text: String,
        /// By what it is judged, one a line.
        criteria: Vec<String>,
        /// What whoever builds it should know.
        notes: String,
    },
    /// Say its words anew; what is left out stays.
    Edit {
        /// Which.
        feature: FeatureId,
        /// One line.
        title: Option<String>,
        /// What is wanted.
        text: Option<String>,
        /// All criteria, in the place of those that there are.
        criteria: Option<Vec<String>>,
        /// What whoever builds it should know.
        notes: Option<String>,
    },
    /// Close it.
    Close {
        /// Which.
        feature: FeatureId,
        /// Why.
        reason: String,
    },
    /// Open one again that was closed.
    Reopen {
        /// Which.
        feature: FeatureId,
    },
}

/// A feature as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureView {
    /// It.
    pub feature: Feature,
    /// The name of its project.
    pub project: String,
    /// How far it is.
    pub state: FeatureState,
    /// How many runs were started from it.
    pub runs: u32,
}

/// A feature in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureDetail {
    /// It.
    pub view: FeatureView,
    /// The runs that were started from it, newest first.
    pub runs: Vec<FeatureRun>,
    /// There are older ones, which were left out.
    pub more: bool,
}

/// What the engine found of a run of a feature, and what its agent says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureRun {
    /// Which.
    pub run: RunId,
    /// Where it stands.
    pub state: RunState,
    /// Tests that passed, failed and were skipped when the engine tested last.
    pub tests: Option<(u32, u32, u32)>,
    /// Why it stands there.
    pub reason: String,
    /// The feature's words were changed after the run was started.
    pub edited: bool,
    /// The run's criteria, each with the last that its agent said of it: the agent's word.
    pub criteria: Vec<SaidOf>,
}

/// A criterion, and the last that an agent said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidOf {
    /// It.
    pub criterion: String,
    /// What the agent says.
    pub said: Option<CriterionReport>,
}
