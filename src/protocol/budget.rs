//! What runs, projects and days have used and reserved of what they may.

use crate::domain::{Account, Budget, Day, Millis, RunId, RunState, Spent};
use serde::{Deserialize, Serialize};

/// All budgets as they stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetReport {
    /// The day in UTC, counted from 1970-01-01.
    pub day: Day,
    /// Its date.
    pub date: String,
    /// When it turns.
    pub turns: Millis,
    /// All projects together, today.
    pub engine: Account,
    /// Each project.
    pub projects: Vec<ProjectBudget>,
    /// Runs that are not over, newest first.
    pub runs: Vec<RunBudget>,
    /// Projects that the configuration names and that nobody has registered: what it says of them holds for nothing.
    pub unknown: Vec<String>,
}

/// The accounts of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectBudget {
    /// Its name.
    pub name: String,
    /// Today.
    pub day: Account,
    /// In all.
    pub total: Account,
}

/// What a run has used and reserved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBudget {
    /// The run.
    pub run: RunId,
    /// Its project's name.
    pub project: String,
    /// Where it stands.
    pub state: RunState,
    /// Its own caps.
    pub budget: Budget,
    /// What it has used.
    pub used: Spent,
    /// What its iteration under way may still use.
    pub reserved: Spent,
}
