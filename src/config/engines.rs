//! `[engines.NAME]` of `config.toml`: further Docker engines that runs may be given. Which ones there are is the operator's to
//! decide: a repository names none.

use super::reader::{Placed, Section, clip};
use super::{rules, schema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where Docker listens unless told otherwise.
const USUAL_SOCKET: &str = "/var/run/docker.sock";
/// The port of an sshd where none is written.
const USUAL_PORT: u16 = 22;
/// Kinds of keys by which a host may prove itself.
const KINDS: [&str; 6] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
];

/// A Docker engine beside the usual one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineAt {
    /// On this machine, seeing its files: the path of its socket.
    Here(String),
    /// On another machine.
    Far(SshPlace),
}

/// A machine with sshd and Docker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshPlace {
    /// The user to log in as.
    pub user: String,
    /// The host.
    pub host: String,
    /// The port of its sshd.
    pub port: u16,
    /// The key by which the host proves itself: its kind and the key.
    pub host_key: String,
    /// The private key to log in with.
    pub identity: Option<PathBuf>,
    /// Docker's socket there.
    pub socket: String,
}

/// What `--engine` calls the usual one.
pub const USUAL_ENGINE: &str = "here";

/// Reads the tables: the engines by their names, and the names of the engines of projects by theirs.
pub(super) fn read(top: &Section<'_, '_>) -> (BTreeMap<String, EngineAt>, BTreeMap<String, String>) {
    let (mut engines, mut projects) = (BTreeMap::new(), BTreeMap::new());
    for (name, section) in top.named_tables("engines", schema::NAMED_ENGINE) {
        if name.value == USUAL_ENGINE {
            section.note(name.at, format!("the name \"{USUAL_ENGINE}\" means the usual engine: choose another"));
            continue;
        }
        if let Some(list) = section.strings("projects") {
            for project in list.value {
                if projects.insert(project.value.clone(), name.value.clone()).is_some() {
                    let words = format!(
                        "`projects` has \"{}\", which another engine has too: name it in one",
                        clip(&project.value)
                    );
                    section.note(project.at, words);
                }
            }
        }
        if let (Some(name), Some(engine)) = (rules::name(&section, name), engine(&section)) {
            engines.insert(name.value, engine);
        }
    }
    (engines, projects)
}

fn engine(section: &Section<'_, '_>) -> Option<EngineAt> {
    let Some(url) = section.string("url") else {
        if !section.has("url") {
            section.missing("url");
        }
        return None;
    };
    let refuse = |why: &str| {
        section.note(url.at, format!("`url` is \"{}\"; {why}", clip(&url.value)));
        None
    };
    if let Some(path) = url.value.strip_prefix("unix://") {
        for key in ["host-key", "identity", "socket"].into_iter().filter(|key| section.has(key)) {
            section.note(section.place_of(key), format!("`{key}` belongs to an engine that is reached by ssh://"));
        }
        return if is_socket(path) { Some(EngineAt::Here(path.to_owned())) } else { refuse(SOCKET) };
    }
    if let Some(rest) = url.value.strip_prefix("ssh://") {
        let Some((user, host, port)) = address(rest) else {
            return refuse("write it as ssh://USER@HOST or ssh://USER@HOST:PORT, without anything after that");
        };
        let host_key = host_key(section);
        let identity = identity(section);
        let socket = socket(section);
        return Some(EngineAt::Far(SshPlace { user, host, port, host_key: host_key?, identity, socket: socket? }));
    }
    if ["tcp://", "http://", "https://"].iter().any(|start| url.value.starts_with(start)) {
        return refuse(
            "Docker's own port cannot carry the sockets by which a step reaches its models and hands its output over, with TLS \
             or without: have an sshd on that machine and write ssh://USER@HOST",
        );
    }
    refuse("it must begin with ssh:// for another machine or unix:// for this one")
}

/// What a socket's path must be.
const SOCKET: &str = "it must name a socket by an absolute path shorter than 100 bytes, without a colon";

fn is_socket(path: &str) -> bool {
    Path::new(path).is_absolute()
        && path.len() > 1
        && path.len() < 100
        && !path.contains(|c: char| c.is_control() || c == ':')
}

/// User, host and port. All of it becomes words of a file that `ssh` reads, so nothing but plain names passes.
fn address(text: &str) -> Option<(String, String, u16)> {
    let (user, place) = text.split_once('@')?;
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
        None => (place, USUAL_PORT),
    };
    let plain = |text: &str, more: &[char]| {
        (1..=253).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(&c))
    };
    (plain(user, &['-', '_', '.']) && plain(host, &['-', '.'])).then(|| (user.to_owned(), host.to_owned(), port))
}

fn host_key(section: &Section<'_, '_>) -> Option<String> {
    let Some(text) = section.string("host-key") else {
        if !section.has("host-key") {
            section.missing("host-key");
        }
        return None;
    };
    let words: Vec<&str> = text.value.split_whitespace().collect();
    let base64 =
        |key: &str| key.len() > 40 && key.chars().all(|c| c.is_ascii_alphanumeric() || ['+', '/', '='].contains(&c));
    match words.as_slice() {
        // A comment at its end says nothing.
        [kind, key, ..] if KINDS.contains(kind) && base64(key) && text.value.lines().count() == 1 => {
            Some(format!("{kind} {key}"))
        }
        _ => {
            section.note(
                text.at,
                format!(
                    "`host-key` is \"{}\"; write the line of /etc/ssh/ssh_host_ed25519_key.pub of that machine, such as \
                     \"ssh-ed25519 AAAA...\"",
                    clip(&text.value)
                ),
            );
            None
        }
    }
}

/// The private key, where one is named; a wrong one is noted.
fn identity(section: &Section<'_, '_>) -> Option<PathBuf> {
    let text = section.string("identity")?;
    let plain =
        Path::new(&text.value).is_absolute() && !text.value.contains(|c: char| c.is_control() || c == '"' || c == '%');
    if !plain {
        note_path(section, "identity", &text, "it must be the absolute path of a private key, without quotes or %");
        return None;
    }
    Some(PathBuf::from(text.value))
}

fn socket(section: &Section<'_, '_>) -> Option<String> {
    let Some(text) = section.string("socket") else {
        return (!section.has("socket")).then(|| USUAL_SOCKET.to_owned());
    };
    if !is_socket(&text.value) {
        note_path(section, "socket", &text, SOCKET);
        return None;
    }
    Some(text.value)
}

fn note_path(section: &Section<'_, '_>, key: &str, text: &Placed<String>, why: &str) {
    section.note(text.at, format!("`{key}` is \"{}\"; {why}", clip(&text.value)));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::config::EngineConfig;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHl0sc1pZ0sZyVtq3X2b1o0b0b0b0b0b0b0b0b0b0b0b";

    #[test]
    fn engines_are_read() {
        let text = format!(
            "[engines.big]\nurl = \"ssh://dog@10.0.0.2:2222\"\nhost-key = \"{KEY} root@big\"\nidentity = \"/k/id\"\n\
             [engines.other]\nurl = \"unix:///run/other.sock\"\nprojects = [\"shop\"]\n"
        );
        let config = EngineConfig::parse(&text, "c").unwrap();
        assert_eq!(config.engine_of("shop", None), "other");
        assert_eq!(config.engine_of("shop", Some("big")), "big");
        assert_eq!((config.engine_of("shop", Some("here")), config.engine_of("else", None)), ("", ""));
        let engines = config.engines;
        let EngineAt::Far(big) = &engines["big"] else { panic!("not far") };
        assert_eq!((big.user.as_str(), big.host.as_str(), big.port), ("dog", "10.0.0.2", 2222));
        assert_eq!((big.host_key.as_str(), big.socket.as_str()), (KEY, USUAL_SOCKET));
        assert_eq!(big.identity.as_deref(), Some(Path::new("/k/id")));
        assert_eq!(engines["other"], EngineAt::Here("/run/other.sock".to_owned()));
    }

    #[test]
    fn what_cannot_be_done_well_is_refused_with_the_reason() {
        let key = format!("host-key = \"{KEY}\"\n");
        for (lines, words) in [
            ("url = \"tcp://10.0.0.2:2376\"\n".to_owned(), "cannot carry the sockets"),
            ("url = \"https://10.0.0.2\"\n".to_owned(), "cannot carry the sockets"),
            ("url = \"docker.sock\"\n".to_owned(), "must begin with ssh://"),
            (format!("url = \"ssh://10.0.0.2\"\n{key}"), "ssh://USER@HOST"),
            (format!("url = \"ssh://-oProxyCommand=x@h\"\n{key}"), "ssh://USER@HOST"),
            (format!("url = \"ssh://a@-oProxyCommand=x\"\n{key}"), "ssh://USER@HOST"),
            (format!("url = \"ssh://a@h/path\"\n{key}"), "ssh://USER@HOST"),
            (format!("url = \"ssh://a@h:0\"\n{key}"), "ssh://USER@HOST"),
            ("url = \"ssh://a@h\"\n".to_owned(), "host-key"),
            ("url = \"ssh://a@h\"\nhost-key = \"AAAA\"\n".to_owned(), "ssh_host_ed25519_key.pub"),
            (format!("url = \"ssh://a@h\"\n{key}identity = \"id\"\n"), "absolute path"),
            (format!("url = \"ssh://a@h\"\n{key}socket = \"/a:b\"\n"), "without a colon"),
            ("url = \"unix://x\"\n".to_owned(), "absolute path"),
            (format!("url = \"unix:///x\"\n{key}"), "belongs to an engine that is reached by ssh://"),
            (key.clone(), "url"),
            (
                "url = \"unix:///x\"\nprojects = [\"a\"]\n[engines.too]\nurl = \"unix:///y\"\nprojects = [\"a\"]\n"
                    .to_owned(),
                "another engine has too",
            ),
            ("url = \"unix:///x\"\n[engines.here]\nurl = \"unix:///y\"\n".to_owned(), "means the usual engine"),
        ] {
            let error = EngineConfig::parse(&format!("[engines.big]\n{lines}"), "c").unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("c:"), "{lines}: {error}");
        }
    }
}
