//! What doctor says of the providers of models that `config.toml` names, without asking them anything.

use super::Finding;
use crate::config::EngineConfig;
use crate::gateway::Gateway;
use crate::models::NoMeter;
use std::sync::Arc;

/// A finding for each provider; none where no coding agent is wanted.
pub(super) fn look(config: &EngineConfig) -> Vec<Finding> {
    const CHECK: &str = "models";
    let gateway = match Gateway::new(&config.models, config.prices.clone(), Arc::new(NoMeter)) {
        Ok(gateway) => gateway,
        Err(error) => {
            return vec![Finding::fail(CHECK, error.to_string(), "correct config.toml; the engine does not start")];
        }
    };
    let judge = |(name, models): (&String, &crate::config::ModelsAt)| match gateway.check_named(name) {
        Ok(()) => {
            Finding::ok(CHECK, format!("[models.{name}] can be used, as far as this machine can tell: {}", models.url))
        }
        Err(error) => Finding::fail(
            CHECK,
            error.to_string(),
            "put that right; a variable has to be in the engine's environment as well as in that of this command",
        ),
    };
    config.models.iter().map(judge).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Level;
    use super::*;

    #[test]
    fn a_key_that_cannot_be_read_is_told() {
        assert!(look(&EngineConfig::default()).is_empty());
        let text = "[models.openai]\nurl = \"http://127.0.0.1:9\"\n[models.gemini]\nkey-file = \"/nonexistent/key\"\n";
        let found = look(&EngineConfig::parse(text, "c").unwrap());
        let levels: Vec<Level> = found.iter().map(|finding| finding.level).collect();
        assert_eq!(levels, [Level::Fail, Level::Ok], "{found:?}");
        assert!(found[0].words.contains("/nonexistent/key"), "{found:?}");
    }
}
