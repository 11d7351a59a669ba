//! What the engine says of models: who has stopped them.

use crate::domain::{ModelApi, ModelStop};
use serde::{Deserialize, Serialize};

/// Models as they are now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelsReport {
    /// Where they are stopped; the stop for all projects first.
    pub stopped: Vec<StoppedModels>,
    /// The providers, each API's in the order in which they are asked.
    #[serde(default)]
    pub providers: Vec<ProviderView>,
}

/// A provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderView {
    /// Its name in `config.toml`.
    pub name: String,
    /// What is spoken there.
    pub api: ModelApi,
    /// What failed there last, where nothing has succeeded since. Partly its own words.
    pub fault: Option<ProviderFault>,
}

/// What failed at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderFault {
    /// In words.
    pub why: String,
    /// How often in a row.
    pub failures: u32,
    /// For how many milliseconds it is still left out, where there are others of its API.
    pub left: u64,
}

/// A stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedModels {
    /// The project's name; absent where it holds for all.
    pub project: Option<String>,
    /// Who, why, since when.
    pub stop: ModelStop,
}
