//! Which files of the repository the suites' commands run.

use super::super::super::{Context, Engine, Halt};
use crate::engine::ports::{TreeFault, Trees, World};
use crate::gates::{self, Reached, Reads};
use std::collections::BTreeSet;

/// Files that the commands may run and that are looked up.
const MOST_REACHED: usize = 2_000;
/// Most directories that one command changes to.
const MOST_DIRECTORIES: usize = 16;
/// How many files one after the other are followed from a command.
const DEEPEST: usize = 4;

impl<W: World> Engine<W> {
    /// Files of the repository that the suites' commands name or run, as of the base, and in words why these may not be all.
    pub(in super::super) async fn command_files(&self, context: &Context) -> Result<(Vec<String>, Vec<String>), Halt> {
        let mut found: BTreeSet<String> = BTreeSet::new();
        let mut unseen = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next: Vec<Reached> = Vec::new();
        for suite in &context.config.suites {
            let command = suite.command.argv().join(" ");
            found.extend(named_files(&command, &suite.directory));
            next.extend(gates::reached(&command, &Reads::Shell, "", &suite.directory));
        }
        for _ in 0..DEEPEST {
            for one in std::mem::take(&mut next) {
                if seen.contains(&one) {
                    continue;
                }
                if seen.len() >= MOST_REACHED {
                    unseen.push(format!(
                        "the suites' commands run more than {MOST_REACHED} files, not all of which are known"
                    ));
                    return Ok((found.into_iter().collect(), unseen));
                }
                seen.insert(one.clone());
                let trees = self.world.trees();
                match trees.file_at(&context.project, &context.base, one.path.as_bytes()).await {
                    Ok(Some(text)) => {
                        let text = String::from_utf8_lossy(&text);
                        next.extend(gates::reached(&text, &one.reads, &one.path, &one.directory));
                        found.insert(one.path);
                    }
                    // What is no file of the base cannot be edited.
                    Ok(None) => {}
                    // What is as large as that is a program, which is not followed.
                    Err(fault) if is_too_large(&fault) => {
                        found.insert(one.path);
                    }
                    Err(fault) => return Err(fault.into()),
                }
            }
        }
        Ok((found.into_iter().collect(), unseen))
    }
}

/// Words of a suite's command that may be files of the repository: editing them changes what the command does.
fn named_files(command: &str, directory: &str) -> Vec<String> {
    let words = command.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';', '(', ')', '&']));
    let words = words.filter(|word| !word.is_empty() && !word.starts_with('-'));
    let mut directories = vec![directory.to_owned()];
    let mut found = Vec::new();
    let mut enters = false;
    for word in words {
        if std::mem::replace(&mut enters, matches!(word, "cd" | "pushd")) {
            let new: Vec<String> = directories.iter().flat_map(|one| gates::inner(word, "", one)).collect();
            directories.extend(new);
            directories.truncate(MOST_DIRECTORIES);
        }
        if !word.starts_with('/') {
            found.extend(directories.iter().map(|one| gates::below(one, word)).filter(|path| !path.is_empty()));
        }
    }
    found
}

/// Whether a file passed the bound of what is read.
fn is_too_large(fault: &TreeFault) -> bool {
    fault.0.contains(": more than ") && fault.0.ends_with(" bytes")
}

#[cfg(test)]
mod tests {
    use super::{is_too_large, named_files};
    use crate::engine::ports::TreeFault;
    use crate::workspace::WorkspaceError;

    #[test]
    fn a_word_is_a_file_where_the_command_has_gone() {
        assert!(named_files("cd web && sh check.sh", ".").contains(&"web/check.sh".to_owned()));
        let above = named_files("sh ./check.sh ../top.sh", "web");
        assert!(above.ends_with(&["web/check.sh".to_owned(), "top.sh".to_owned()]), "{above:?}");
        assert!(!named_files("cd /tmp && sh check.sh", ".").iter().any(|path| path.contains("tmp")));
    }

    #[test]
    fn a_bound_is_told_from_a_fault() {
        let large = WorkspaceError::TooLarge { what: "bin/tool".to_owned(), limit: "16777216 bytes".to_owned() };
        assert!(is_too_large(&large.into()));
        assert!(!is_too_large(&TreeFault("reading bin/tool: object not found".to_owned())));
    }
}
