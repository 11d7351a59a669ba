//! What a run may reach through its socket. The engine composes it of the run's role and the operator's configuration; nothing
//! of it comes from inside.

use super::egress::Policy;
use crate::domain::{ModelApi, ProviderTool, RoleRules};
use crate::knowledge::Toolset;
use crate::models::TurnCaps;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The ways that are open to one run. What is not named is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// The models that its agent works with.
    pub models: Option<ModelUse>,
    /// The hosts outside that it may reach.
    pub egress: Option<Arc<Policy>>,
    /// The tools that its agent has.
    pub tools: Toolset,
}

/// What an agent may ask of models in one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUse {
    /// The language.
    pub api: ModelApi,
    /// Names, or beginnings of names that end in `*`; any where there is none.
    pub models: Vec<String>,
    /// What the provider may do by itself.
    pub provider_tools: BTreeSet<ProviderTool>,
    /// What the turn may take.
    pub left: TurnCaps,
    /// The iteration that it counts to.
    pub iteration: u32,
}

impl ModelUse {
    /// Whether a model may be asked.
    pub fn admits(&self, model: &str) -> bool {
        RoleRules::admitted(&self.models, model)
    }
}

impl Ways {
    /// The way to models of an API without any bound, and no other.
    pub fn to_models(api: ModelApi) -> Self {
        let (models, provider_tools) = (Vec::new(), BTreeSet::new());
        let may = ModelUse { api, models, provider_tools, left: TurnCaps::default(), iteration: 0 };
        Self { models: Some(may), ..Self::default() }
    }

    /// The same, and the way to tools.
    pub fn with_tools(self, tools: Toolset) -> Self {
        Self { tools, ..self }
    }
}
