//! `[sandbox]` of `config.toml`: which sandbox steps run in, and what a process sandbox shows of this machine. Both are the
//! operator's to decide: a repository only names what is there.

use super::reader::{Placed, Section, clip};
use super::{rules, schema};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// The name that means the machine's own programs and can be no other root's.
pub const HOST_ROOT: &str = "host";
/// Where a step has things of its own, or sockets of the host's lie that would lead out.
const TAKEN: [&str; 10] =
    ["/dev", "/dogwatch", "/etc", "/proc", "/run", "/sys", "/tmp", "/var/run", "/var/tmp", "/work"];

/// Which sandbox steps run in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SandboxKind {
    /// Docker where there is anything of it on this machine, otherwise the process sandbox.
    #[default]
    Auto,
    /// Docker.
    Docker,
    /// The process sandbox.
    Process,
}

/// `[sandbox]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxConfig {
    /// Which one.
    pub kind: SandboxKind,
    /// The runtime of Docker's containers; `None` for its usual one.
    pub runtime: Option<String>,
    /// Runtimes that repositories may ask for.
    pub projects_may_ask: BTreeSet<String>,
    /// Directories that serve as images of the process sandbox, by the name that `reference` gives.
    pub roots: BTreeMap<String, PathBuf>,
    /// Further directories that its image `host` shows, read-only, under their own paths.
    pub visible: BTreeSet<PathBuf>,
}

impl SandboxConfig {
    /// Whether a repository may ask for this runtime; none is asked for without leave.
    pub fn admits(&self, runtime: Option<&str>) -> bool {
        runtime.is_none_or(|name| self.projects_may_ask.contains(name) || self.runtime.as_deref() == Some(name))
    }
}

/// Reads the section.
pub(super) fn read(top: &Section<'_, '_>) -> SandboxConfig {
    let Some(section) = top.table("sandbox", schema::SANDBOX) else { return SandboxConfig::default() };
    let kind = match rules::one_of(&section, "kind", &["auto", "docker", "process"]) {
        Some("docker") => SandboxKind::Docker,
        Some("process") => SandboxKind::Process,
        _ => SandboxKind::Auto,
    };
    let runtime = section.string("runtime").and_then(|text| runtime_name(&section, "runtime", &text));
    let may = section.strings("projects-may-ask").map_or_else(Vec::new, |list| list.value);
    let projects_may_ask = may.iter().filter_map(|text| runtime_name(&section, "projects-may-ask", text)).collect();
    let mut roots = BTreeMap::new();
    for (name, path) in section.string_table("roots") {
        if name.value == HOST_ROOT {
            section.note(name.at, format!("the root \"{HOST_ROOT}\" is this machine itself: choose another name"));
        } else if let (Some(name), Some(path)) = (rules::name(&section, name), directory(&section, "roots", &path)) {
            roots.insert(name.value, path);
        }
    }
    let listed = section.strings("visible").map_or_else(Vec::new, |list| list.value);
    let visible = listed.iter().filter_map(|path| visible(&section, path)).collect();
    SandboxConfig { kind, runtime, projects_may_ask, roots, visible }
}

/// A name by which Docker may know a runtime.
pub(in crate::config) fn runtime_name(section: &Section<'_, '_>, key: &str, text: &Placed<String>) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let fits = (1..=100).contains(&text.value.len())
        && text.value.chars().all(plain)
        && text.value.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !fits {
        section.note(
            text.at,
            format!("`{key}` has \"{}\"; it must be a name by which Docker knows a runtime", clip(&text.value)),
        );
        return None;
    }
    Some(text.value.clone())
}

fn visible(section: &Section<'_, '_>, text: &Placed<String>) -> Option<PathBuf> {
    let path = directory(section, "visible", text)?;
    // What holds one of them is as bad as one of them.
    let taken = TAKEN.iter().find(|taken| Path::new(taken).starts_with(&path) || within(&path, taken));
    if let Some(taken) = taken {
        section.note(
            text.at,
            format!(
                "`visible` has \"{}\"; it cannot take in {taken}: name what programs need and no more",
                clip(&text.value)
            ),
        );
        return None;
    }
    Some(path)
}

/// Single directories of `/etc` may be shown; all else of what is taken may not.
fn within(path: &Path, taken: &str) -> bool {
    taken != "/etc" && path.starts_with(taken)
}

fn directory(section: &Section<'_, '_>, name: &str, text: &Placed<String>) -> Option<PathBuf> {
    let path = Path::new(&text.value);
    let plain = path.is_absolute()
        && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
        && !text.value.chars().any(char::is_control)
        && path.parent().is_some();
    if !plain {
        section.note(
            text.at,
            format!(
                "`{name}` has \"{}\"; it must be an absolute path of a directory other than /, without ..",
                clip(&text.value)
            ),
        );
        return None;
    }
    Some(path.components().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::EngineConfig;

    #[test]
    fn what_the_operator_decides_is_read() {
        assert_eq!(EngineConfig::parse("", "c").unwrap().sandbox, SandboxConfig::default());
        let runtime = EngineConfig::parse("[sandbox]\nruntime = \"sysbox-runc\"\n", "c").unwrap().sandbox.runtime;
        assert_eq!(runtime.as_deref(), Some("sysbox-runc"));
        let may = EngineConfig::parse("[sandbox]\nprojects-may-ask = [\"runsc\", \"crun\"]\n", "c").unwrap().sandbox;
        assert!(may.admits(None) && may.admits(Some("runsc")) && !may.admits(Some("runc")));
        for bad in ["", "a b", "--x", "../runc", "r\u{fc}nc"] {
            let errors =
                EngineConfig::parse(&format!("[sandbox]\nruntime = \"{bad}\"\n"), "c").unwrap_err().to_string();
            assert!(errors.contains("a name by which Docker knows"), "{errors}");
        }
        let text = "[sandbox]\nkind = \"process\"\nroots = { trixie = \"/srv/roots/trixie/\" }\n\
                    visible = [\"/opt/rust\", \"/etc/ssl\"]\n";
        let sandbox = EngineConfig::parse(text, "c").unwrap().sandbox;
        assert_eq!(sandbox.kind, SandboxKind::Process);
        assert_eq!(sandbox.roots, BTreeMap::from([("trixie".to_owned(), PathBuf::from("/srv/roots/trixie"))]));
        assert_eq!(sandbox.visible, BTreeSet::from(["/opt/rust".into(), "/etc/ssl".into()]));
    }

    #[test]
    fn nothing_that_leads_out_can_be_shown() {
        for bad in [
            "/",
            "/var",
            "/run",
            "/run/docker.sock",
            "/var/run/x",
            "/etc",
            "/proc/1",
            "opt",
            "/opt/../etc",
            "/dev/x",
            "",
        ] {
            let text = format!("[sandbox]\nvisible = [\"{bad}\"]\n");
            let error = EngineConfig::parse(&text, "c").unwrap_err().to_string();
            assert!(error.contains("c:2:") && error.contains("`visible`"), "{bad}: {error}");
        }
        for bad in ["host = \"/srv\"", "UP = \"/srv\"", "a = \"/\"", "a = \"srv\""] {
            assert!(EngineConfig::parse(&format!("[sandbox]\nroots = {{ {bad} }}\n"), "c").is_err(), "{bad}");
        }
        let error = EngineConfig::parse("[sandbox]\nkind = \"dokcer\"\n", "c").unwrap_err().to_string();
        assert!(error.contains("did you mean \"docker\"?"), "{error}");
    }
}
