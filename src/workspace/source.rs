//! Where a project comes from: a repository on this machine, or a URL.

use super::error::WorkspaceError;
use std::path::PathBuf;

/// A project's source, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A repository on this machine, bare or with a work tree; absolute, links resolved.
    Local(PathBuf),
    /// `https://`, `ssh://` or `user@host:path`.
    Url(String),
}

impl Source {
    /// Takes a path or URL apart. Nothing that could be read as an option or a helper's name gets through.
    pub(super) fn parse(text: &str) -> Result<Self, WorkspaceError> {
        let bad = |reason: &str| WorkspaceError::Source { name: redacted(text), reason: reason.into() };
        if text.is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
            return Err(bad("not a path or URL: write a path, https://host/path, ssh://host/path or git@host:path"));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let user = rest.split(['/', '?', '#']).next().and_then(|all| all.rsplit_once('@')).map(|(user, _)| user);
            return match scheme {
                "https" if user.is_some() => Err(bad(
                    "a URL with a user or a password in it would be seen in logs and process lists: leave it out and let \
                     git's askpass or ssh answer",
                )),
                "ssh" if user.is_some_and(|user| user.contains(':')) => {
                    Err(bad("leave the password out; ssh uses keys"))
                }
                "https" | "ssh" if is_host(authority(rest)) => Ok(Self::Url(text.into())),
                "https" | "ssh" => Err(bad("the URL names no proper host")),
                "file" => Err(bad("write the plain path instead of a file URL")),
                _ => Err(bad("only https:// and ssh:// URLs are fetched")),
            };
        }
        if let Some((user_host, path)) = text.split_once(':')
            && let Some((user, host)) = user_host.split_once('@')
            && !user_host.contains('/')
        {
            let plain = user.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            return if plain && !user.is_empty() && is_host(host) && !path.is_empty() && !path.starts_with(['-', ':']) {
                Ok(Self::Url(text.into()))
            } else {
                Err(bad("not of the form user@host:path"))
            };
        }
        let path = std::fs::canonicalize(text).map_err(|error| bad(&format!("{error}: give an existing directory")))?;
        if path.to_str().is_none() {
            return Err(bad("its real path is not valid UTF-8: use another path"));
        }
        Ok(Self::Local(path))
    }
}

/// The host part of what follows `://`.
fn authority(rest: &str) -> &str {
    let all = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = all.rsplit_once('@').map_or(all, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_host(host: &str) -> bool {
    !host.is_empty()
        && !host.starts_with('-')
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_[]:".contains(&b))
}

/// Whether a source could be fetched, as far as it tells by itself. To be asked before anything of it is written down: what is refused
/// may hold a password.
pub fn check_source(text: &str) -> Result<(), WorkspaceError> {
    Source::parse(text).map(drop)
}

/// The source without user name and password, for messages and records. It is still text from outside.
pub fn redacted(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (all, path) = rest.split_at(end);
    match all.rsplit_once('@') {
        Some((_, host)) if !scheme.is_empty() => format!("{scheme}://{host}{path}"),
        // The short form may name a user, but no password.
        Some((user, host)) if user.contains(':') => format!("{host}{path}"),
        _ => text.to_owned(),
    }
}
