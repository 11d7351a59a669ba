//! Whether a place outside may be reached, before anything is looked up or dialled. Pure.

use super::denied::Denied;
use crate::config::{EgressConfig, EgressRule, egress_rules};
use crate::domain::{EgressBytes, HostName};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Ports outside: TLS, and HTTP without.
pub(super) const TLS: u16 = 443;
pub(super) const PLAIN: u16 = 80;

/// What a run may reach, composed of a role's or project's list and the operator's exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<EgressRule>,
    private: BTreeMap<HostName, SocketAddr>,
    most: EgressBytes,
}

/// A host and its port, as they were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub host: HostName,
    pub port: u16,
}

/// What is spoken on a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    /// Inside of a tunnel.
    Tls,
    /// Request by request.
    Http,
}

/// A way that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Road {
    /// The word of the list that opens it.
    pub word: String,
    /// The address that the operator named, which is dialled as it stands.
    pub fixed: Option<SocketAddr>,
}

impl Policy {
    /// What these rules open, on this engine.
    pub fn new(rules: Vec<EgressRule>, config: &EgressConfig) -> Self {
        Self { rules, private: config.private.clone(), most: config.most() }
    }

    /// What a list opens; nothing where it is empty.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a String>, config: &EgressConfig) -> Option<Arc<Self>> {
        let rules = egress_rules(words);
        (!rules.is_empty()).then(|| Arc::new(Self::new(rules, config)))
    }

    /// Bytes that a run may send and fetch.
    pub(super) fn most(&self) -> EgressBytes {
        self.most
    }

    /// Whether a way is open.
    pub(super) fn judge(&self, target: &Target, speech: Speech) -> Result<Road, Denied> {
        let rule = self.rules.iter().find(|rule| rule.pattern.holds(&target.host)).ok_or(Denied::Unlisted)?;
        let fixed = self.private.get(&target.host).copied();
        let port = match (fixed, speech) {
            (Some(address), _) => address.port(),
            (None, Speech::Tls) => TLS,
            (None, Speech::Http) => PLAIN,
        };
        if port == target.port { Ok(Road { word: rule.word.clone(), fixed }) } else { Err(Denied::Port) }
    }
}

impl Target {
    /// Takes `host:port`, or a host alone where there is a usual port.
    pub fn parse(text: &str, usual: Option<u16>) -> Result<Self, Denied> {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        let host = HostName::parse(host).map_err(|_| Denied::Spelling)?;
        let port = match port {
            // No sign, no blank, no zero in front.
            Some(digits) if digits.starts_with(|c: char| ('1'..='9').contains(&c)) => digits.parse().ok(),
            Some(_) => None,
            None => usual,
        };
        Ok(Self { host, port: port.ok_or(Denied::Port)? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    fn policy() -> Policy {
        let words = ["pypi", "*.example.org", "mirror.example.com"].map(str::to_owned);
        let host = HostName::parse("mirror.example.com").unwrap();
        let private = BTreeMap::from([(host, "127.0.0.1:8080".parse().unwrap())]);
        let config = EgressConfig { private, ..EgressConfig::default() };
        Policy::new(egress_rules(&BTreeSet::from(words)), &config)
    }

    #[test]
    fn what_is_on_no_list_is_refused_and_so_is_any_other_port() {
        let judged = |text: &str, speech| policy().judge(&Target::parse(text, None)?, speech).map(|road| road.word);
        let word = |word: &str| Ok(word.to_owned());
        assert_eq!(judged("files.pythonhosted.org:443", Speech::Tls), word("pypi"));
        assert_eq!(judged("a.example.org:80", Speech::Http), word("*.example.org"));
        assert_eq!(judged("mirror.example.com:8080", Speech::Http), word("mirror.example.com"));
        assert_eq!(judged("mirror.example.com:8080", Speech::Tls), word("mirror.example.com"));
        assert_eq!(judged("mirror.example.com:443", Speech::Tls), Err(Denied::Port));
        assert_eq!(judged("pypi.org:80", Speech::Tls), Err(Denied::Port), "a tunnel to a port without TLS");
        assert_eq!(judged("pypi.org:443", Speech::Http), Err(Denied::Port));
        assert_eq!(judged("pypi.org:22", Speech::Tls), Err(Denied::Port));
        assert_eq!(judged("example.org:443", Speech::Tls), Err(Denied::Unlisted));
        assert_eq!(judged("evil.net:443", Speech::Tls), Err(Denied::Unlisted));
        for bad in ["pypi.org:", "pypi.org:0443", "pypi.org:+443", "pypi.org: 443", "pypi.org:65979", "pypi.org"] {
            assert_eq!(judged(bad, Speech::Tls), Err(Denied::Port), "{bad}");
        }
        for bad in ["a@pypi.org:443", "pypi.org:443:443", "[::1]:443", "pypi.org.:443", ":443", ""] {
            assert!(judged(bad, Speech::Tls).is_err(), "{bad}");
        }
    }
}
