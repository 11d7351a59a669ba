//! `[audit]` of `config.toml`: where checkpoints of the audit log go beside the engine's own files.

use super::reader::{Section, clip};
use super::schema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The anchor elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditConfig {
    /// A file that each checkpoint is added to.
    pub file: Option<PathBuf>,
    /// A program that gets each checkpoint on its standard input; empty for none.
    pub command: Vec<String>,
}

/// Reads the section.
pub(super) fn read(top: &Section<'_, '_>) -> AuditConfig {
    let Some(section) = top.table("audit", schema::AUDIT) else { return AuditConfig::default() };
    let file = section.string("anchor-file").and_then(|text| {
        let path = PathBuf::from(&text.value);
        if path.is_absolute() && !text.value.contains('\0') {
            return Some(path);
        }
        section.note(text.at, format!("`anchor-file` is \"{}\"; it must be an absolute path", clip(&text.value)));
        None
    });
    let mut command = Vec::new();
    if let Some(list) = section.strings("anchor-command") {
        command = list.value.into_iter().map(|word| word.value).collect();
        if !command.first().is_some_and(|program: &String| program.starts_with('/')) {
            section.note(
                list.at,
                "`anchor-command` must begin with the absolute path of a program, such as [\"/usr/bin/ssh\", \"log@elsewhere\"]"
                    .to_owned(),
            );
        }
    }
    AuditConfig { file, command }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::config::EngineConfig;

    #[test]
    fn an_anchor_is_named_in_full() {
        let text = "[audit]\nanchor-file = \"/mnt/worm/log\"\nanchor-command = [\"/usr/bin/ssh\", \"log@elsewhere\"]\n";
        let read = EngineConfig::parse(text, "c").unwrap().audit;
        assert_eq!((read.file.unwrap().to_str().unwrap(), read.command.len()), ("/mnt/worm/log", 2));
        for wrong in ["anchor-file = \"log\"", "anchor-command = [\"ssh\"]", "anchor-command = []"] {
            let error = EngineConfig::parse(&format!("[audit]\n{wrong}\n"), "c").unwrap_err().to_string();
            assert!(error.starts_with("c:2:") && error.contains("absolute path"), "{error}");
        }
    }
}
