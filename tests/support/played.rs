//! An engine for the played coding agent (`tests/agents/claude`), which lies in the repository.

use super::model::Model;
use super::{DockerEnv, Engine};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// An engine that knows the model and how the played agent is started; `more` is the rest of its `config.toml`.
pub fn played_engine(docker: &DockerEnv, model: &Model, more: &str) -> Engine {
    let mut engine = Engine::start(docker);
    let key = engine.config().join("key");
    fs::write(&key, "sk-test-0123456789abcdef\n").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let config = format!(
        "[models.anthropic]\nurl = \"{}\"\nkey-file = \"{}\"\n\n[agents.claude]\nadapter = \"claude\"\n\
         command = [\"python3\", \"claude\"]\n{more}",
        model.url,
        key.display()
    );
    fs::write(engine.config().join("config.toml"), config).unwrap();
    engine.restart();
    engine
}
