//! SQL of agents, answered by a process of its own.
//!
//! An agent's statement never meets the engine's database. For each one the engine starts this executable once more
//! (`answer-sql`), with bounds on memory and time. That child copies the rows that the run's role may read into a database in
//! memory, by statements of its own (`tables`), and closes the engine's database. Then it gives up every system call but
//! those that computing and answering take (`confine`), and only then reads what the agent wrote, behind limits and a list
//! of what a statement may do (`walls`). So nothing that an agent finds to say can reach a row that was not copied.
//!
//! Views over the database itself would not do: `SQLite` tells an authorizer on behalf of which view a table is read, but
//! a common table expression with the view's name says the same. Nor would a copy in the engine: a query that finds a fault
//! in `SQLite` would have found it in the process that holds everything.
//!
//! A child of its own rather than a copy of the engine by fork(2): a database that is open must not be carried into another
//! process.

mod answer;
mod ask;
mod child;
mod confine;
mod copy;
mod tables;
mod walls;

pub use ask::Queries;
pub use child::main;
pub(crate) use tables::told as tables_told;

use crate::domain::{Data, ProjectId, RunId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The word by which the executable is told to be the child.
pub const WORD: &str = "answer-sql";

/// What the child is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The engine's database.
    pub database: PathBuf,
    /// Whose rows are read.
    pub project: ProjectId,
    /// Whether what other projects saw is read, too.
    pub across: bool,
    /// Whose notes are read.
    pub run: RunId,
    /// What of them.
    pub data: BTreeSet<Data>,
    /// What the agent wrote.
    pub sql: String,
    /// How many rows it wants.
    pub most: u32,
}

/// What the child says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// What was selected.
    Rows(Rows),
    /// Why nothing is, in words for the agent.
    Refused(String),
    /// What went wrong, in words for the operator.
    Failed(String),
}

/// What was selected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
    /// There are more of them.
    pub more: bool,
}
