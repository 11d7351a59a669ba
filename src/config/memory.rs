//! `[memory]` of `config.toml`: what agents are told of repairs of other bugs.

use super::reader::Section;
use super::schema;
use serde::{Deserialize, Serialize};

/// What agents are told of repairs of other bugs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Whether prompts quote them. What was tried is remembered anyway.
    pub offer: bool,
    /// Whether a project is told what runs of others found.
    pub across_projects: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self { offer: true, across_projects: true }
    }
}

/// Reads the section.
pub(super) fn read(top: &Section<'_, '_>) -> Memory {
    let usual = Memory::default();
    let Some(section) = top.table("memory", schema::MEMORY) else { return usual };
    Memory {
        offer: section.truth("offer").unwrap_or(usual.offer),
        across_projects: section.truth("across-projects").unwrap_or(usual.across_projects),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::EngineConfig;

    #[test]
    fn what_is_said_holds_and_the_rest_is_usual() {
        let read = |text: &str| EngineConfig::parse(text, "config.toml").map(|config| config.memory);
        assert_eq!(read("").unwrap(), Memory { offer: true, across_projects: true });
        let own = read("[memory]\nacross-projects = false\n").unwrap();
        assert_eq!(own, Memory { offer: true, across_projects: false });
        assert!(read("[memory]\noffer = \"no\"\n").unwrap_err().to_string().contains("config.toml:2"));
    }
}
