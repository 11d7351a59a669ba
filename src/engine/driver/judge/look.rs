//! What the contents of the changed files say, beyond that they changed, and which files the suites' commands run.

use super::super::{Context, Engine, Halt};
use crate::config::Suite;
use crate::engine::ports::{TreeFault, Trees, World};
use crate::gates::{self, Change, ChangeKind, Reached, Reads};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Changed files that are looked through; more call for a person.
const MOST_LOOKED_THROUGH: usize = 2_000;
/// Files that the commands may run and that are looked up.
const MOST_REACHED: usize = 200;
/// How many files one after the other are followed from a command.
const DEEPEST: usize = 4;

/// What was found in the changed files.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// What is new and reaches into the test run, in words.
    pub meddling: Vec<String>,
    /// Files of which tests were edited, though their path does not say that they hold some.
    pub inline_tests: Vec<String>,
    /// Files that differ in remarks and blanks only.
    pub same_programs: Vec<String>,
}

/// One file in both versions.
struct Pair<'a> {
    change: &'a Change,
    base: String,
    now: String,
}

impl<W: World> Engine<W> {
    /// Looks through the changed files.
    pub(super) async fn look_through(
        &self,
        context: &Context,
        head: &str,
        changes: &[Change],
        reports: &[String],
    ) -> Result<Look, Halt> {
        let mut look = Look::default();
        let mut rust = Vec::new();
        for (number, change) in changes.iter().enumerate() {
            if number >= MOST_LOOKED_THROUGH {
                look.meddling.push(format!(
                    "more than {MOST_LOOKED_THROUGH} files changed, and the rest was not looked through"
                ));
                break;
            }
            let (before, now) = match self.both(context, head, change, changes).await {
                Ok(both) => both,
                // Too large, for the most part. Not looking is no reason to let it pass.
                Err(fault) => {
                    look.meddling.push(format!("not looked through: {}", fault.0));
                    continue;
                }
            };
            if change.kind != ChangeKind::Deleted && !change.link {
                if now.is_none() {
                    look.meddling.push(format!("{} was not found and not looked through", change.path));
                }
                let (before, now) = (before.as_deref().unwrap_or_default(), now.as_deref().unwrap_or_default());
                look.meddling.extend(gates::meddling(&change.path, before, now, reports));
            }
            let text = |bytes: Option<Vec<u8>>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
            let before = before.filter(|_| change.kind != ChangeKind::Added);
            let pair = Pair { change, base: text(before), now: text(now) };
            if change.kind == ChangeKind::Modified && gates::same_program(&change.path, &pair.base, &pair.now) {
                look.same_programs.push(change.path.clone());
            }
            if Path::new(&change.path).extension().is_some_and(|end| end == "rs") {
                if change.kind != ChangeKind::Added && self.is_for_tests(context, &change.path).await? {
                    look.inline_tests.push(change.path.clone());
                }
                rust.push(pair);
            }
        }
        look.inline_tests.extend(edited_inline_tests(&rust));
        Ok(look)
    }

    /// A changed file as it was and as it is. A new file that bears the name of one that is gone was that one.
    async fn both(
        &self,
        context: &Context,
        head: &str,
        change: &Change,
        changes: &[Change],
    ) -> Result<(Option<Vec<u8>>, Option<Vec<u8>>), TreeFault> {
        let trees = self.world.trees();
        let name = |path: &[u8]| path.rsplit(|byte| *byte == b'/').next().map(<[u8]>::to_vec);
        let was = |other: &&Change| other.kind == ChangeKind::Deleted && name(&other.raw) == name(&change.raw);
        let moved = if change.kind == ChangeKind::Added { changes.iter().find(was) } else { None };
        let before = moved.map_or(&change.raw, |other| &other.raw);
        let before = trees.file_at(&context.project, &context.base, before).await?;
        Ok((before, trees.file_at(&context.project, head, &change.raw).await?))
    }

    /// Whether another file of the base has this Rust file, or a module around it, for tests only.
    async fn is_for_tests(&self, context: &Context, path: &str) -> Result<bool, Halt> {
        for (file, name) in gates::declaring_files(path) {
            let text = self.world.trees().file_at(&context.project, &context.base, file.as_bytes()).await?;
            if text.is_some_and(|text| gates::declares_for_tests(&String::from_utf8_lossy(&text), &name)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Files of the repository that the suites' commands name or run, as of the base.
    pub(super) async fn command_files(&self, context: &Context) -> Result<Vec<String>, Halt> {
        let mut found: BTreeSet<String> = context.config.suites.iter().flat_map(named_files).collect();
        let mut seen = BTreeSet::new();
        let mut next: Vec<Reached> = Vec::new();
        for suite in &context.config.suites {
            let command = suite.command.argv().join(" ");
            next.extend(gates::reached(&command, &Reads::Shell, "", &suite.directory));
        }
        for _ in 0..DEEPEST {
            for one in std::mem::take(&mut next) {
                if seen.len() >= MOST_REACHED || !seen.insert(one.clone()) {
                    continue;
                }
                let trees = self.world.trees();
                let Ok(Some(text)) = trees.file_at(&context.project, &context.base, one.path.as_bytes()).await else {
                    // What is no file of the base cannot be edited.
                    continue;
                };
                next.extend(gates::reached(&String::from_utf8_lossy(&text), &one.reads, &one.path, &one.directory));
                found.insert(one.path);
            }
        }
        Ok(found.into_iter().collect())
    }
}

/// Words of a suite's command that may be files of the repository: editing them changes what the command does.
fn named_files(suite: &Suite) -> Vec<String> {
    let words = suite.command.argv();
    let prefix = if suite.directory == "." { String::new() } else { format!("{}/", suite.directory) };
    words
        .iter()
        .flat_map(|word| word.split_whitespace())
        .map(|word| word.trim_start_matches("./").trim_matches(['"', '\'', ';', '(', ')']))
        .filter(|word| !word.is_empty() && !word.starts_with('-') && !word.starts_with('/'))
        .map(|word| format!("{prefix}{word}"))
        .collect()
}

/// Rust source files in which tests beside the code were edited. A file of tests that went elsewhere as it was is none.
fn edited_inline_tests(files: &[Pair<'_>]) -> BTreeSet<String> {
    let mut edited = BTreeSet::new();
    // The tests that vanished from a file, each with that file's text.
    let mut vanished: BTreeMap<String, &str> = BTreeMap::new();
    for pair in files {
        if !gates::edits_inline_tests(&pair.base, &pair.now) {
            continue;
        }
        let names = gates::inline_test_names(&pair.base);
        let taken_in = |other: &&Pair<'_>| {
            let there = gates::inline_test_names(&other.now);
            other.change.kind == ChangeKind::Added
                && names.iter().all(|name| there.contains(name))
                && !gates::edits_inline_tests(&pair.base, &other.now)
        };
        if pair.change.kind == ChangeKind::Deleted && !names.is_empty() && files.iter().any(|other| taken_in(&other)) {
            continue;
        }
        edited.insert(pair.change.path.clone());
        let left = gates::inline_test_names(&pair.now);
        vanished.extend(names.into_iter().filter(|name| !left.contains(name)).map(|name| (name, pair.base.as_str())));
    }
    // A module put elsewhere keeps the ids of its tests, whatever has become of them.
    for pair in files.iter().filter(|pair| pair.change.kind == ChangeKind::Added) {
        if gates::inline_test_names(&pair.now).iter().any(|name| vanished.contains_key(name)) {
            edited.insert(pair.change.path.clone());
        }
    }
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair<'a>(change: &'a Change, base: &str, now: &str) -> Pair<'a> {
        Pair { change, base: base.to_owned(), now: now.to_owned() }
    }

    fn change(path: &str, kind: ChangeKind) -> Change {
        Change { path: path.to_owned(), raw: path.into(), kind, link: false }
    }

    #[test]
    fn tests_that_go_elsewhere_are_edits_unless_they_stay_as_they_were() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests { #[test]\nfn works() { assert!(f()); } }\n";
        let (old, new) = (change("src/a.rs", ChangeKind::Deleted), change("src/a/mod.rs", ChangeKind::Added));
        let weak = text.replace("assert!(f());", "f();");
        assert_eq!(edited_inline_tests(&[pair(&old, text, ""), pair(&new, "", text)]).len(), 0);
        let edited = edited_inline_tests(&[pair(&old, text, ""), pair(&new, "", &weak)]);
        assert_eq!(edited.into_iter().collect::<Vec<_>>(), ["src/a.rs", "src/a/mod.rs"]);
    }

    #[test]
    fn a_new_module_may_name_its_tests_as_others_do() {
        let text = "#[cfg(test)]\nmod tests { #[test]\nfn works() {} }\n";
        let (kept, new) = (change("src/a.rs", ChangeKind::Modified), change("src/b.rs", ChangeKind::Added));
        let now = format!("fn f() {{}}\n{text}");
        assert_eq!(edited_inline_tests(&[pair(&kept, text, &now), pair(&new, "", text)]).len(), 0);
    }
}
