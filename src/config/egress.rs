//! `[egress]` of `config.toml`: what repositories may ask to reach, which hosts lie on private addresses all the same, and how
//! much a run may send and fetch. A list names presets (`pypi`), hosts, and `*.host` for what is under one.

mod presets;

pub use presets::{PRESETS, Preset, preset};

use super::reader::{Placed, Section, clip};
use super::suggest::nearest;
use super::{rules, schema};
use crate::domain::{EgressBytes, HostName, HostPattern};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// Most words of one list.
const MOST_WORDS: usize = 200;
/// What a run may send where nobody says anything, in MiB: requests are small, and what leaks is, too.
const USUAL_UP: u64 = 16;
/// What it may fetch.
const USUAL_DOWN: u64 = 8 * 1024;
/// The most that can be allowed.
const MOST: u64 = 1 << 20;

/// A host that is let through, and the word of the list that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressRule {
    /// Which hosts.
    pub pattern: HostPattern,
    /// The word.
    pub word: String,
}

/// What the operator decides about ways out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressConfig {
    /// What repositories may ask for.
    pub projects_may_ask: BTreeSet<String>,
    /// Hosts at an address that is dialled as it stands, though it may be a private one.
    pub private: BTreeMap<HostName, SocketAddr>,
    /// MiB that a run may send.
    pub up_mib: u64,
    /// MiB that it may fetch.
    pub down_mib: u64,
}

impl Default for EgressConfig {
    fn default() -> Self {
        let packages = PRESETS.iter().filter(|preset| preset.packages);
        Self {
            projects_may_ask: packages.map(|preset| preset.word.to_owned()).collect(),
            private: BTreeMap::new(),
            up_mib: USUAL_UP,
            down_mib: USUAL_DOWN,
        }
    }
}

impl EgressConfig {
    /// Bytes that a run may send and fetch.
    pub fn most(&self) -> EgressBytes {
        let bytes = |mib: u64| mib.saturating_mul(1 << 20);
        EgressBytes { up: bytes(self.up_mib), down: bytes(self.down_mib) }
    }

    /// The first word that a repository may not ask for.
    pub fn forbidden<'a>(&self, asked: &'a BTreeSet<String>) -> Option<&'a str> {
        let all = egress_rules(&self.projects_may_ask);
        let fine = |word: &String| {
            let wanted = egress_rules([word]);
            self.projects_may_ask.contains(word)
                || wanted.iter().all(|rule| all.iter().any(|known| known.pattern.covers(&rule.pattern)))
        };
        asked.iter().find(|word| !fine(word)).map(String::as_str)
    }
}

/// What words of a list mean. Each was checked when it was read; one that means nothing lets nothing through.
pub fn egress_rules<'a>(words: impl IntoIterator<Item = &'a String>) -> Vec<EgressRule> {
    let hosts = |word: &String| match preset(word) {
        Some(preset) => preset.hosts.iter().map(|host| (*host).to_owned()).collect(),
        None => vec![word.clone()],
    };
    let rules = words.into_iter().flat_map(|word| {
        let patterns = hosts(word).into_iter().filter_map(|host| HostPattern::parse(&host).ok());
        patterns.map(|pattern| EgressRule { pattern, word: word.clone() }).collect::<Vec<_>>()
    });
    rules.collect()
}

/// Reads the table.
pub(super) fn read(top: &Section<'_, '_>) -> EgressConfig {
    let usual = EgressConfig::default();
    let Some(section) = top.table("egress", schema::EGRESS) else { return usual };
    let private = section.string_table("private").into_iter().filter_map(|(host, at)| exception(&section, &host, &at));
    EgressConfig {
        private: private.collect(),
        projects_may_ask: words(&section, "projects-may-ask").unwrap_or(usual.projects_may_ask),
        up_mib: rules::size(&section, "up", 1, MOST).unwrap_or(usual.up_mib),
        down_mib: rules::size(&section, "down", 1, MOST).unwrap_or(usual.down_mib),
    }
}

/// A list of presets and hosts.
pub(super) fn words(section: &Section<'_, '_>, name: &str) -> Option<BTreeSet<String>> {
    let list = section.strings(name)?;
    if list.value.len() > MOST_WORDS {
        section.note(list.at, format!("`{name}` has {} words in it; at most {MOST_WORDS} are read", list.value.len()));
    }
    Some(list.value.iter().filter_map(|text| word(section, name, text)).collect())
}

/// A preset, a host or a pattern of hosts, in the spelling that is kept.
fn word(section: &Section<'_, '_>, name: &str, text: &Placed<String>) -> Option<String> {
    if preset(&text.value).is_some() {
        return Some(text.value.clone());
    }
    let remedy = match HostPattern::parse(&text.value) {
        Ok(pattern) => return Some(pattern.to_string()),
        Err(_) if !text.value.contains(['.', ':']) => {
            let known = PRESETS.iter().map(|preset| preset.word);
            match nearest(&text.value, known.clone()) {
                Some(word) => format!("did you mean \"{word}\"?"),
                None => format!("write a host, or one of {}", known.collect::<Vec<_>>().join(", ")),
            }
        }
        Err(fault) => format!("{fault}; write a host such as \"pypi.org\", or \"*.example.org\" for those under one"),
    };
    section.note(text.at, format!("`{name}` has \"{}\" in it: {remedy}", clip(&text.value)));
    None
}

/// A host and where it is.
fn exception(section: &Section<'_, '_>, host: &Placed<String>, at: &Placed<String>) -> Option<(HostName, SocketAddr)> {
    let name = HostName::parse(&host.value);
    if let Err(fault) = &name {
        section.note(host.at, format!("`private` names \"{}\": {fault}", clip(&host.value)));
    }
    let address = at.value.parse::<SocketAddr>().ok().filter(|address| address.port() > 0);
    if address.is_none() {
        section.note(
            at.at,
            format!(
                "`private.{}` is \"{}\"; it must be an address with a port, such as \"10.0.0.5:8080\"",
                clip(&host.value),
                clip(&at.value)
            ),
        );
    }
    Some((name.ok()?, address?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::EngineConfig;

    fn asked(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn every_preset_means_hosts() {
        let mut words: Vec<&str> = PRESETS.iter().map(|preset| preset.word).collect();
        words.dedup();
        assert_eq!(words.len(), PRESETS.len());
        for preset in PRESETS {
            assert!(!preset.word.contains('.'), "a word is never taken for a host");
            assert_eq!(egress_rules(&asked(&[preset.word])).len(), preset.hosts.len(), "{}", preset.word);
        }
    }

    #[test]
    fn a_repository_may_ask_for_what_the_operator_lists() {
        let usual = EgressConfig::default();
        assert_eq!(usual.forbidden(&asked(&["npm", "pypi"])), None);
        assert_eq!(usual.forbidden(&asked(&["files.pythonhosted.org"])), None);
        assert_eq!(usual.forbidden(&asked(&["docs", "pypi"])), Some("docs"));
        assert_eq!(usual.forbidden(&asked(&["example.org"])), Some("example.org"));
        let text = "[egress]\nprojects-may-ask = [\"*.Example.org\", \"pypi\"]\nup = \"1MiB\"\n\
                    private = { \"mirror.example.org\" = \"10.0.0.5:8080\" }\n";
        let config = EngineConfig::parse(text, "c").unwrap().egress;
        assert_eq!(config.forbidden(&asked(&["a.example.org", "*.b.example.org", "pypi"])), None);
        assert_eq!(config.forbidden(&asked(&["example.org"])), Some("example.org"));
        assert_eq!(config.forbidden(&asked(&["npm"])), Some("npm"));
        assert_eq!((config.up_mib, config.down_mib), (1, USUAL_DOWN));
        let host = HostName::parse("mirror.example.org").unwrap();
        assert_eq!(config.private.get(&host), Some(&"10.0.0.5:8080".parse().unwrap()));
    }

    #[test]
    fn mistakes_are_told_with_their_remedy() {
        let text = "[egress]\nprojects-may-ask = [\"pipy\", \"127.0.0.1\", \"*.org\", \"https://a.org\"]\n\
                    private = { localhost = \"10.0.0.5\", \"a.b\" = \"10.0.0.5:0\" }\nup = \"0MiB\"\n";
        let told = EngineConfig::parse(text, "c").unwrap_err().to_string();
        for part in [
            "c:2:21: `projects-may-ask` has \"pipy\" in it: did you mean \"pypi\"?",
            "\"127.0.0.1\" in it: a host is a name, and no address in any spelling; write a host",
            "\"*.org\" in it: a host has at least two parts",
            "\"https://a.org\" in it: a host is written with",
            "`private` names \"localhost\": a host has at least two parts",
            "`private.localhost` is \"10.0.0.5\"; it must be an address with a port",
            "`private.a.b` is \"10.0.0.5:0\"",
            "`up` must lie between",
        ] {
            assert!(told.contains(part), "{part}\n{told}");
        }
    }
}
