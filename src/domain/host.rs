//! Names of hosts that sandboxes may be let out to, and patterns of them. One spelling only is taken of each, since every
//! second one is a chance that two parts of a way understand two different hosts.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest name in bytes, as DNS has it.
const LONGEST: usize = 253;
/// Longest part between two dots.
const LONGEST_LABEL: usize = 63;

/// Why a text is no name of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostFault {
    /// Nothing, or too much of it.
    #[error("a host has 1 to 253 letters")]
    Length,
    /// Anything but letters, digits, dashes and dots.
    #[error("a host is written with the letters a to z, digits, dashes and dots only")]
    Letters,
    /// A part that is empty, too long, or has a dash at an end.
    #[error("each part of a host between two dots has 1 to 63 letters, no dash first or last, and no dot comes last")]
    Label,
    /// No dot in it.
    #[error("a host has at least two parts with a dot between them")]
    Single,
    /// Some address.
    #[error("a host is a name, and no address in any spelling")]
    Address,
}

/// The name of a host in lower case: at least two parts, no dot at the end, and never an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

impl HostName {
    /// Takes a name as it was written, in upper or lower case.
    pub fn parse(text: &str) -> Result<Self, HostFault> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(HostFault::Length);
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.') {
            return Err(HostFault::Letters);
        }
        let labels = || text.split('.');
        let fine = |label: &str| {
            (1..=LONGEST_LABEL).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
        };
        if !labels().all(fine) {
            return Err(HostFault::Label);
        }
        // Resolvers take what ends in a number for an address: `1.2.3.4`, `0x7f.1`, `127.0.0.0x1`.
        if labels().next_back().is_some_and(is_number) {
            return Err(HostFault::Address);
        }
        if labels().count() < 2 {
            return Err(HostFault::Single);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Decimal, octal or hexadecimal, as the functions of C libraries take numbers in addresses.
fn is_number(label: &str) -> bool {
    let digits = |text: &str, is: fn(&u8) -> bool| text.as_bytes().iter().all(is);
    let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    digits(label, u8::is_ascii_digit) || hexadecimal.is_some_and(|rest| digits(rest, u8::is_ascii_hexdigit))
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for HostName {
    type Error = HostFault;

    fn try_from(text: String) -> Result<Self, HostFault> {
        Self::parse(&text)
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0
    }
}

/// One host, or all that are under one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum HostPattern {
    /// This one and no other.
    Exactly(HostName),
    /// Whatever has further parts before these: `*.example.org` is not `example.org`.
    Under(HostName),
}

impl HostPattern {
    /// Takes `host` or `*.host`.
    pub fn parse(text: &str) -> Result<Self, HostFault> {
        match text.strip_prefix("*.") {
            Some(rest) => HostName::parse(rest).map(Self::Under),
            None => HostName::parse(text).map(Self::Exactly),
        }
    }

    /// Whether a host is meant.
    pub fn holds(&self, host: &HostName) -> bool {
        match self {
            Self::Exactly(name) => name == host,
            Self::Under(name) => {
                host.as_str().strip_suffix(name.as_str()).is_some_and(|front| front.len() > 1 && front.ends_with('.'))
            }
        }
    }

    /// Whether every host that the other means is meant by this one.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exactly(name)) => self.holds(name),
            (Self::Under(name), Self::Under(inner)) => name == inner || self.holds(inner),
            (Self::Exactly(_), Self::Under(_)) => false,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(name) => write!(f, "{name}"),
            Self::Under(name) => write!(f, "*.{name}"),
        }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = HostFault;

    fn try_from(text: String) -> Result<Self, HostFault> {
        Self::parse(&text)
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling_of_a_host_is_taken() {
        for (text, name) in [
            ("pypi.org", "pypi.org"),
            ("PyPI.Org", "pypi.org"),
            ("a-b.c1.example", "a-b.c1.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("1.2.3.example", "1.2.3.example"),
            ("0x7f.com", "0x7f.com"),
        ] {
            assert_eq!(HostName::parse(text).unwrap().as_str(), name);
        }
        let long = format!("{}.org", "a".repeat(64));
        let longer = format!("{}org", "abcdefg.".repeat(32));
        for (text, fault) in [
            ("", HostFault::Length),
            (longer.as_str(), HostFault::Length),
            ("bücher.example", HostFault::Letters),
            ("a_b.example", HostFault::Letters),
            ("user@pypi.org", HostFault::Letters),
            ("pypi.org:443", HostFault::Letters),
            ("pypi.org%00", HostFault::Letters),
            ("pypi.org\0", HostFault::Letters),
            (" pypi.org", HostFault::Letters),
            ("pypi.org\r\n", HostFault::Letters),
            ("pypi。org", HostFault::Letters),
            ("[::1]", HostFault::Letters),
            ("::1", HostFault::Letters),
            ("pypi.org.", HostFault::Label),
            (".pypi.org", HostFault::Label),
            ("pypi..org", HostFault::Label),
            ("-pypi.org", HostFault::Label),
            ("pypi-.org", HostFault::Label),
            (long.as_str(), HostFault::Label),
            ("127.0.0.1", HostFault::Address),
            ("127.1", HostFault::Address),
            ("2130706433", HostFault::Address),
            ("0x7f000001", HostFault::Address),
            ("0x7f.0.0.0X1", HostFault::Address),
            ("example.0x", HostFault::Address),
            ("0177.0.0.01", HostFault::Address),
            ("example.1", HostFault::Address),
            ("localhost", HostFault::Single),
        ] {
            assert_eq!(HostName::parse(text).unwrap_err(), fault, "{text:?}");
        }
    }

    #[test]
    fn a_pattern_means_what_is_under_a_host_and_not_the_host() {
        let holds =
            |pattern: &str, host: &str| HostPattern::parse(pattern).unwrap().holds(&HostName::parse(host).unwrap());
        assert!(holds("pypi.org", "PYPI.org") && !holds("pypi.org", "a.pypi.org"));
        assert!(holds("*.example.org", "a.example.org") && holds("*.example.org", "a.b.example.org"));
        assert!(!holds("*.example.org", "example.org") && !holds("*.example.org", "evilexample.org"));
        let covers =
            |one: &str, other: &str| HostPattern::parse(one).unwrap().covers(&HostPattern::parse(other).unwrap());
        assert!(covers("*.example.org", "*.a.example.org") && covers("*.example.org", "*.example.org"));
        assert!(covers("*.example.org", "a.example.org") && !covers("a.example.org", "*.a.example.org"));
        assert!(!covers("*.a.example.org", "*.example.org"));
        for bad in ["*", "*.", "*.org", "a.*.org", "*.*.example.org", "**.example.org", "*example.org"] {
            assert!(HostPattern::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_plain_and_stays_the_same(text in "\\PC{0,40}|[a-zA-Z0-9.:%@\\[\\]_-]{0,40}") {
            if let Ok(name) = HostName::parse(&text) {
                prop_assert!(name.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b)));
                prop_assert!(name.as_str().parse::<std::net::IpAddr>().is_err());
                prop_assert_eq!(HostName::parse(name.as_str()).unwrap(), name.clone());
                prop_assert!(HostPattern::parse(&text).unwrap().holds(&name));
            }
        }
    }
}
