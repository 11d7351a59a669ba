//! What a run may reach through its socket. The engine composes it of the run's role and the operator's configuration; nothing
//! of it comes from inside.

use crate::domain::ModelApi;

/// The ways that are open to one run. What is not named is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ways {
    /// The models that its agent works with.
    pub models: Option<ModelApi>,
}

impl Ways {
    /// The way to models of an API, and no other.
    pub fn to_models(api: ModelApi) -> Self {
        Self { models: Some(api) }
    }
}
