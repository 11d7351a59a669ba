//! `[fleet]` of `config.toml`: how often the engine looks at live systems.

use super::reader::Section;
use super::{rules, schema};

/// Seconds where nobody says anything.
pub(super) const USUAL: u64 = 300;
/// The shortest time between two looks.
const LEAST: u64 = 10;

/// Seconds between two looks; none where nobody looks.
pub(super) fn read(top: &Section<'_, '_>) -> Option<u64> {
    let Some(section) = top.table("fleet", schema::FLEET) else { return Some(USUAL) };
    let Some(text) = section.string("look") else { return Some(USUAL) };
    if text.value == "off" {
        return None;
    }
    let seconds = rules::duration_text(&section, "look", &text, rules::DAY)?;
    if seconds < LEAST {
        section.note(text.at, format!("`look` must be at least \"{LEAST}s\""));
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::config::EngineConfig;

    #[test]
    fn it_looks_every_few_minutes_unless_told_otherwise() {
        let read = |text: &str| EngineConfig::parse(text, "config.toml").map(|config| config.look_every);
        assert_eq!(read("").unwrap(), Some(300));
        assert_eq!(read("[fleet]\nlook = \"30s\"").unwrap(), Some(30));
        assert_eq!(read("[fleet]\nlook = \"off\"").unwrap(), None);
        for bad in
            ["[fleet]\nlook = \"1s\"", "[fleet]\nlook = 5", "[fleet]\nlock = \"5m\"", "[fleet]\nlook = \"often\""]
        {
            assert!(read(bad).unwrap_err().to_string().starts_with("config.toml:2:"), "{bad}");
        }
    }
}
