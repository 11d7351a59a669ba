//! Looks at a repository and tells which tools it uses, in which directories, and how its tests are probably run.
//!
//! The walk is bounded: three levels down, 500 directories, small files, no links. One small file an ecosystem.

mod go;
mod jvm;
mod make;
mod node;
mod php;
mod python;

mod ruby;
mod rust;

use super::tree::{Entry, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// How far below the top directories are looked at.
const DEEPEST: usize = 3;
const MOST_DIRECTORIES: usize = 500;
/// Directories that hold other people's code, examples or things that were built.
const PASSED_OVER: [&str; 13] = [
    "node_modules",
    "vendor",
    "target",
    "dist",
    "build",
    "out",
    "venv",
    "env",
    "__pycache__",
    "testdata",
    "fixtures",
    "third_party",
    "examples",
];

/// A family of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ecosystem {
    /// Rust with Cargo.
    Cargo,
    /// JavaScript or TypeScript with npm, pnpm, yarn or bun.
    Node,
    /// Python.
    Python,
    /// Go.
    Go,
    /// Java and its relatives with Maven.
    Maven,
    /// Java and its relatives with Gradle.
    Gradle,
    /// PHP with Composer or `PHPUnit`.
    Php,
    /// Ruby with Bundler or `RSpec`.
    Ruby,
    /// A Makefile with a test target, looked for only where nothing else was found.
    Make,
}

impl Ecosystem {
    /// The words for the registries that its packages come from, as `egress` of a setup takes them.
    pub fn registries(self) -> &'static [&'static str] {
        match self {
            Self::Cargo => &["crates"],
            Self::Node => &["npm", "yarn"],
            Self::Python => &["pypi"],
            Self::Go => &["go"],
            Self::Maven => &["maven"],
            Self::Gradle => &["gradle", "maven"],
            Self::Php => &["packagist"],
            Self::Ruby => &["rubygems"],
            Self::Make => &[],
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Cargo => "Rust (Cargo)",
            Self::Node => "JavaScript (Node)",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::Maven => "Java (Maven)",
            Self::Gradle => "Java (Gradle)",
            Self::Php => "PHP",
            Self::Ruby => "Ruby",
            Self::Make => "Makefile",
        }
    }
}

/// A test suite that was probably found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuiteHint {
    /// A name for it: letters, digits and dashes. No two of a repository have the same.
    pub name: String,
    /// The shell line.
    pub command: String,
    /// A format of `dogwatch.toml`.
    pub format: &'static str,
    /// Where the report appears, relative to the directory.
    pub report: Option<String>,
    /// Environment variables that it needs.
    pub env: BTreeMap<String, String>,
    /// What the reader of the file should know. Words of ours.
    pub note: Option<String>,
}

/// What has to be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupHint {
    /// The shell line, to be run in the directory.
    pub command: String,
    /// What it makes in the directory that later steps need.
    pub keep: Vec<String>,
    /// What the reader of the file should know. Words of ours.
    pub note: Option<String>,
}

/// One ecosystem in one directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub ecosystem: Ecosystem,
    /// Where, relative to the top; `.` for the top itself. Plain characters only, safe in a shell line.
    pub directory: String,
    /// Its suites; empty when there is no sign of tests.
    pub suites: Vec<SuiteHint>,
    /// A public image that holds its tools.
    pub image: &'static str,
    /// What has to be installed.
    pub setup: Option<SetupHint>,
    /// What was seen. Words of ours with file names of ours.
    pub why: String,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// In the order of the directories.
    pub found: Vec<Found>,
    /// Directories that were not looked at: their names are hard to write down, or they lie too deep, or there were too many.
    pub passed_over: Vec<String>,
    /// No suite was found, so a run of this project cannot count as done until a person writes one.
    pub unknown: bool,
}

/// One directory under inspection.
struct Here<'a> {
    tree: &'a dyn Tree,
    directory: &'a str,
    entries: &'a [Entry],
}

impl Here<'_> {
    fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| !entry.directory && entry.name == name)
    }

    fn has_directory(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.directory && entry.name == name)
    }

    fn files(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|entry| !entry.directory).map(|entry| entry.name.as_str())
    }

    fn read(&self, name: &str) -> Option<String> {
        if !self.has(name) {
            return None;
        }
        let text = self.tree.read(&join(self.directory, name))?;
        // Some editors put a byte order mark in front, which no reader wants.
        Some(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned))
    }

    fn found(&self, ecosystem: Ecosystem, image: &'static str, why: impl Into<String>) -> Found {
        let directory = if self.directory.is_empty() { "." } else { self.directory };
        Found { ecosystem, directory: directory.to_owned(), suites: Vec::new(), image, setup: None, why: why.into() }
    }
}

/// Looks at the repository.
pub fn detect(tree: &dyn Tree) -> Detection {
    let mut found: Vec<Found> = Vec::new();
    let mut makefiles: Vec<Found> = Vec::new();
    let mut waiting = vec![(String::new(), 0)];
    let mut seen = 0;
    let mut passed_over = Vec::new();
    while let Some((directory, depth)) = waiting.pop() {
        seen += 1;
        if seen > MOST_DIRECTORIES {
            passed_over.push(directory);
            continue;
        }
        let entries = tree.list(&directory);
        let here = Here { tree, directory: &directory, entries: &entries };
        for look in [rust::look, node::look, python::look, go::look, jvm::look, php::look, ruby::look] {
            if let Some(new) = look(&here).filter(|new| !covered(&found, new)) {
                found.push(new);
            }
        }
        makefiles.extend(make::look(&here));
        // Taken from the end, so the names go in backwards.
        for inner in entries.iter().rev().filter(|entry| entry.directory && worth_entering(&entry.name)) {
            let path = join(&directory, &inner.name);
            if depth < DEEPEST && is_plain(&inner.name) {
                waiting.push((path, depth + 1));
            } else {
                passed_over.push(path);
            }
        }
    }
    passed_over.sort();
    if found.is_empty() {
        // The outermost Makefile usually calls the others.
        makefiles.sort_by_key(|make| make.directory.matches('/').count() + usize::from(make.directory != "."));
        found.extend(makefiles.into_iter().next());
    }
    let unknown = found.iter().all(|one| one.suites.is_empty());
    let mut taken = BTreeSet::new();
    for one in &mut found {
        for suite in &mut one.suites {
            suite.name = unique(&one.directory, &suite.name, &mut taken);
        }
    }
    Detection { found, passed_over, unknown }
}

/// A name of at most 32 characters that no other suite has: the directory in front where there is one.
fn unique(directory: &str, suite: &str, taken: &mut BTreeSet<String>) -> String {
    let wanted = if directory == "." { suite.to_owned() } else { format!("{directory}-{suite}") };
    let plain: String =
        wanted.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let plain = plain.trim_matches('-');
    // The end tells more than the beginning of a long path; 28 characters leave room for a number.
    let start = plain.len().saturating_sub(28);
    let short = plain.get(start..).unwrap_or("suite").trim_matches('-');
    let short = if short.is_empty() { "suite" } else { short };
    let mut name = short.to_owned();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{short}-{number}");
        number += 1;
    }
    name
}

// Tests that are found above are taken to include those below, except in Go, where each module stands alone.
fn covered(found: &[Found], new: &Found) -> bool {
    let above = |outer: &Found| {
        outer.directory == "." || new.directory.strip_prefix(&outer.directory).is_some_and(|rest| rest.starts_with('/'))
    };
    new.ecosystem != Ecosystem::Go
        && found.iter().any(|outer| outer.ecosystem == new.ecosystem && !outer.suites.is_empty() && above(outer))
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

fn worth_entering(name: &str) -> bool {
    !name.starts_with('.') && !PASSED_OVER.contains(&name)
}

// Names with other characters would need quoting in shell lines; a project can still be set up by hand there.
fn is_plain(name: &str) -> bool {
    !name.starts_with('-')
        && name.len() <= 100
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+@".contains(&b))
}
