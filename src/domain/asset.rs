//! Live systems: how each is reached, and what people say of it. To know of an asset is no leave to touch it. Everything that could
//! lead somewhere else is taken in one spelling only, since it ends up in arguments of programs and in what people decide on.

mod host;
mod key;
mod login;
mod name;

pub use host::{AssetHost, AssetHostFault};
pub use key::{HostKey, HostKeyFault};
pub use login::{AssetLogin, KeySource, SourceAddress};
pub use name::{AssetName, AssetPath, AssetWord, AssetWordFault, ContainerName, UserName};

use super::{Actor, AssetId, Millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Most labels of one asset.
const MOST_LABELS: usize = 32;
/// Most keys that one host may have.
const MOST_KEYS: usize = 8;
/// Longest value of a label and longest note, in bytes.
const LONGEST: (usize, usize) = (128, 8 * 1024);

/// How an asset is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Reach {
    /// A host, by SSH.
    Ssh {
        /// Who logs in; the engine's user where nobody is named.
        user: Option<UserName>,
        /// Where.
        host: AssetHost,
        /// Its port.
        port: u16,
        /// The keys that it may show; at least one.
        host_keys: Vec<HostKey>,
        /// With what the gate logs in.
        #[serde(flatten)]
        login: AssetLogin,
    },
    /// A container.
    Docker {
        /// Its name or id.
        container: ContainerName,
        /// The socket of its engine; the usual one where it is absent.
        engine: Option<AssetPath>,
    },
    /// The machine on which the engine runs, as the engine's user.
    Local,
    /// Not at all: it is known by words only.
    Nowhere,
}

/// What people say of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetSpec {
    /// Its name, its own among all assets.
    pub name: AssetName,
    /// How it is reached.
    pub reach: Reach,
    /// What it is called in rules and lists.
    #[serde(default)]
    pub labels: BTreeMap<AssetWord, String>,
    /// Such as `production`.
    #[serde(default)]
    pub environment: Option<AssetWord>,
    /// Whether what is done to it wants more than one person.
    #[serde(default)]
    pub critical: bool,
    /// What there is to know, for people and agents.
    #[serde(default)]
    pub note: String,
    /// The directory there that keeps the receipts of what ran; the usual one where it is absent.
    #[serde(default)]
    pub receipts: Option<AssetPath>,
}

/// One live system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Its number, never given twice.
    pub id: AssetId,
    /// How often it was said anew what it is, from 1. What is approved holds for one version.
    pub version: u32,
    /// What it is.
    pub spec: AssetSpec,
    /// Who said so last.
    pub by: Actor,
    /// When it was registered.
    pub added: Millis,
    /// When it was changed last.
    pub changed: Millis,
}

/// Why an asset is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssetFault {
    /// A host without a key.
    #[error(
        "a host needs at least one of its keys: `dogwatch asset scan` shows them, and you compare them with the host's own word"
    )]
    NoKey,
    /// Too many of them.
    #[error("a host may have at most {MOST_KEYS} keys")]
    Keys,
    /// No user.
    #[error("{0}")]
    User(AssetWordFault),
    /// No host.
    #[error("{0}")]
    Host(AssetHostFault),
    /// No port.
    #[error("a port lies between 1 and 65535")]
    Port,
    /// Two ways to log in.
    #[error("a host has one of `identity` and `authority`: a key that logs in, or one that certifies others for it")]
    TwoLogins,
    /// A certificate for nobody.
    #[error("with `authority` the user is named, as in deploy@db-1: certificates are for this one alone")]
    NoPrincipal,
    /// An address without a certificate.
    #[error("`source-address` belongs to an asset with `authority`: it is written into its certificates")]
    NoAuthority,
    /// Too many labels, or one that is too long.
    #[error("an asset has at most {MOST_LABELS} labels, each value one line of 1 to 128 bytes")]
    Labels,
    /// The note is too long.
    #[error("the note has at most 8192 bytes")]
    Note,
}

impl AssetSpec {
    /// Looks at what the types of its parts cannot say.
    pub fn check(&self) -> Result<(), AssetFault> {
        if let Reach::Ssh { user, port, host_keys, login, .. } = &self.reach {
            login.check(user.is_some())?;
            match host_keys.len() {
                0 => return Err(AssetFault::NoKey),
                many if many > MOST_KEYS => return Err(AssetFault::Keys),
                _ => {}
            }
            if *port == 0 {
                return Err(AssetFault::Port);
            }
        }
        let fine =
            |value: &String| !value.is_empty() && value.len() <= LONGEST.0 && !value.chars().any(char::is_control);
        if self.labels.len() > MOST_LABELS || !self.labels.values().all(fine) {
            return Err(AssetFault::Labels);
        }
        if self.note.len() > LONGEST.1 {
            return Err(AssetFault::Note);
        }
        Ok(())
    }
}

impl Reach {
    /// A host as people write it: `[USER@]HOST[:PORT]`, an address of version 6 in brackets where a port follows.
    pub fn ssh(place: &str, host_keys: Vec<HostKey>, login: AssetLogin) -> Result<Self, AssetFault> {
        let (user, rest) = match place.rsplit_once('@') {
            Some((user, rest)) => (Some(user.parse().map_err(AssetFault::User)?), rest),
            None => (None, place),
        };
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None if rest.matches(':').count() > 1 => (rest, None),
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            None => 22,
            Some(digits) => digits.parse().map_err(|_| AssetFault::Port)?,
        };
        Ok(Self::Ssh { user, host: AssetHost::parse(host).map_err(AssetFault::Host)?, port, host_keys, login })
    }

    /// The way in one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ssh { .. } => "ssh",
            Self::Docker { .. } => "docker",
            Self::Local => "local",
            Self::Nowhere => "nowhere",
        }
    }

    /// Where it leads, as people write it.
    pub fn place(&self) -> String {
        match self {
            Self::Ssh { user, host, port, .. } => {
                let mut text = user.as_ref().map_or_else(String::new, |user| format!("{user}@"));
                let _infallible = write!(text, "{}", host.with_port(*port));
                text
            }
            Self::Docker { container, engine: None } => container.to_string(),
            Self::Docker { container, engine: Some(engine) } => format!("{container} at {engine}"),
            Self::Local => "this machine".to_owned(),
            Self::Nowhere => String::new(),
        }
    }

    /// What an asset must show to be taken for this one: the fingerprints of its keys, in order. Part of what is approved.
    pub fn fingerprints(&self) -> Vec<String> {
        let Self::Ssh { host_keys, .. } = self else { return Vec::new() };
        let mut all: Vec<String> = host_keys.iter().map(HostKey::fingerprint).collect();
        all.sort_unstable();
        all
    }
}

#[cfg(test)]
mod tests;
