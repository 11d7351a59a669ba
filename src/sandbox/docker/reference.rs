//! Image references: which registry, which repository, which tag or digest.
//!
//! The grammar is that of the distribution project (`[registry/]path[:tag][@digest]`); as with Docker, a first part that has
//! no dot, no colon and is not `localhost` belongs to the path, and Docker Hub's short names stand for `library/`.

use crate::config::HOST_ROOT;
use std::fmt;

/// Where names without a registry live.
const DOCKER_HUB: &str = "docker.io";
/// Longest reference that is looked at.
const LENGTH_MAX: usize = 512;
/// Longest tag.
const TAG_MAX: usize = 128;
/// Hexadecimal digits of a SHA-256 digest.
const DIGEST_DIGITS: usize = 64;

/// A reference in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// A content id of an image on this machine; such a thing is never pulled.
    Id(String),
    /// A name.
    Named {
        /// Host and port of the registry.
        registry: String,
        /// The path in that registry.
        repository: String,
        /// The tag, if one is given; with neither tag nor digest it is `latest`.
        tag: Option<String>,
        /// The digest (`sha256:...`), which goes before the tag.
        digest: Option<String>,
    },
}

impl Reference {
    /// Reads a reference. The error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LENGTH_MAX {
            return Err("the reference is too long".to_owned());
        }
        if text == HOST_ROOT {
            return Err(format!(
                "`{HOST_ROOT}` means this machine's own programs, which only the process sandbox shows; name an image, or set \
                 `kind = \"process\"` under [sandbox] in config.toml"
            ));
        }
        if is_digest(text) {
            return Ok(Self::Id(text.to_owned()));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) if is_digest(digest) => (rest, Some(digest.to_owned())),
            Some(_) => return Err("a digest is written as @sha256: and 64 lower-case hexadecimal digits".to_owned()),
            None => (text, None),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err("a tag has at most 128 letters, digits, dots, dashes and underscores".to_owned());
        }
        let (registry, path) = match name.split_once('/') {
            Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => (first, path),
            _ => (DOCKER_HUB, name),
        };
        if !is_registry(registry) {
            return Err("the registry is not a host name with an optional port".to_owned());
        }
        if path.is_empty() || !path.split('/').all(is_component) {
            return Err("the name has lower-case letters, digits and single separators between slashes".to_owned());
        }
        let registry = if registry == "index.docker.io" { DOCKER_HUB } else { registry };
        let official = registry == DOCKER_HUB && !path.contains('/');
        let repository = if official { format!("library/{path}") } else { path.to_owned() };
        let tag = match (tag, &digest) {
            (None, None) => Some("latest".to_owned()),
            (tag, _) => tag.map(str::to_owned),
        };
        Ok(Self::Named { registry: registry.to_owned(), repository, tag, digest })
    }

    /// Whether its registry is among those allowed. Ids need none.
    pub(super) fn allowed(&self, registries: &[String]) -> bool {
        match self {
            Self::Id(_) => true,
            Self::Named { registry, .. } => registries.iter().any(|allowed| allowed.eq_ignore_ascii_case(registry)),
        }
    }

    /// Registry and repository, as Docker writes them before the digest of a pulled image.
    pub(super) fn familiar(&self) -> Option<String> {
        let Self::Named { registry, repository, .. } = self else { return None };
        if registry != DOCKER_HUB {
            return Some(format!("{registry}/{repository}"));
        }
        Some(repository.strip_prefix("library/").unwrap_or(repository).to_owned())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id),
            Self::Named { registry, repository, tag, digest } => {
                write!(f, "{registry}/{repository}")?;
                match (digest, tag) {
                    (Some(digest), _) => write!(f, "@{digest}"),
                    (None, Some(tag)) => write!(f, ":{tag}"),
                    (None, None) => Ok(()),
                }
            }
        }
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| {
        digits.len() == DIGEST_DIGITS && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= TAG_MAX
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// Lower-case letters and digits, with single separators (`.`, `_`, `__`, dashes) between them.
fn is_component(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edges = text.bytes().next().is_some_and(plain) && text.bytes().last().is_some_and(plain);
    edges
        && text.bytes().all(|b| plain(b) || matches!(b, b'.' | b'_' | b'-'))
        && text
            .split(|c: char| c.is_ascii_alphanumeric())
            .all(|run| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn full(text: &str) -> String {
        Reference::parse(text).unwrap().to_string()
    }

    #[test]
    fn short_names_are_completed() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        assert_eq!(full("rust"), "docker.io/library/rust:latest");
        assert_eq!(full("rust:1.90-slim"), "docker.io/library/rust:1.90-slim");
        assert_eq!(full("grafana/loki"), "docker.io/grafana/loki:latest");
        assert_eq!(full("index.docker.io/rust"), "docker.io/library/rust:latest");
        assert_eq!(full("ghcr.io/a/b:v1"), "ghcr.io/a/b:v1");
        assert_eq!(full("localhost:5000/x"), "localhost:5000/x:latest");
        assert_eq!(full("localhost/x"), "localhost/x:latest");
        assert_eq!(full(&format!("rust:1@{digest}")), format!("docker.io/library/rust@{digest}"));
        assert_eq!(Reference::parse(&digest).unwrap(), Reference::Id(digest));
        assert_eq!(Reference::parse("rust").unwrap().familiar().as_deref(), Some("rust"));
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for bad in [
            "",
            "/",
            "Rust",
            "rust:",
            "rust::1",
            "rust@sha256:12",
            "a//b",
            "a..b",
            "-a",
            "a-",
            "ghcr.io/",
            "rust:-x",
            "http://x.io/y",
            "x.io:99999/y",
            "a b",
            "a\nb",
            "../etc",
            "rust?x=1",
            "rust#frag",
            "a___b",
            "rust:1/2:",
        ] {
            assert!(Reference::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn registries_are_matched_whole() {
        let allowed = ["docker.io".to_owned(), "ghcr.io".to_owned()];
        let asks = |text: &str| Reference::parse(text).unwrap().allowed(&allowed);
        assert!(asks("rust") && asks("ghcr.io/a/b"));
        assert!(!asks("evil.ghcr.io/a/b") && !asks("ghcr.io.evil.org/a") && !asks("localhost:5000/a"));
        assert!(!Reference::parse("rust").unwrap().allowed(&[]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn what_is_taken_means_the_same_in_full(text in "[a-z0-9./:@_-]{0,40}") {
            if let Ok(reference) = Reference::parse(&text) {
                let full = reference.to_string();
                prop_assert_eq!(Reference::parse(&full).unwrap().to_string(), full);
            }
        }
    }
}
