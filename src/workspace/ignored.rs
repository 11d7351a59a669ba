//! The project's ignore rules as of one commit, and the attribute files it had there.

use super::error::WorkspaceError;
use super::names::shown;
use super::read::{EntryKind, blob, each};
use git2::{Oid, Repository, Tree};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// Bytes of all rule files that differ, together.
const MAX_RULES: usize = 4 << 20;
/// Lines of them.
const MAX_PATTERNS: usize = 50_000;
/// Rule files that differ. Each becomes a matcher of its own.
const MAX_MATCHERS: usize = 5_000;

/// What a commit says about untracked files.
pub(super) struct Ignores {
    /// The matcher of every directory that has a `.gitignore`; files with the same bytes share one.
    rules: HashMap<Vec<u8>, Arc<Gitignore>>,
    /// Blob of every `.gitattributes` by path.
    attributes: HashMap<Vec<u8>, Oid>,
}

impl Ignores {
    /// Reads the `.gitignore` files of a tree. Lines that are not UTF-8 or no proper pattern ignore nothing.
    pub(super) fn of(bare: &Repository, tree: &Tree<'_>) -> Result<Self, WorkspaceError> {
        let mut found = Self { rules: HashMap::new(), attributes: HashMap::new() };
        let (mut size, mut matchers) = (RulesSize::default(), HashMap::<Oid, Arc<Gitignore>>::new());
        each(bare, tree, |path, kind, id| {
            let (directory, name) = split(path);
            if kind == EntryKind::Link || kind == EntryKind::Submodule {
                return Ok(());
            }
            if name.eq_ignore_ascii_case(b".gitattributes") {
                found.attributes.insert(path.to_vec(), id);
            }
            if name == b".gitignore" {
                if let Some(text) = size.add(bare, id, path)? {
                    matchers.insert(id, Arc::new(matcher(&text)));
                }
                let shared = matchers.get(&id).map(Arc::clone);
                found.rules.extend(shared.map(|shared| (directory.to_vec(), shared)));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Whether an untracked path is ignored, its parent directories not being so: the deepest rule file that says
    /// something decides.
    pub(super) fn ignored(&self, path: &[u8], directory: bool) -> bool {
        let mut place = split(path).0;
        loop {
            if let Some(rules) = self.rules.get(place) {
                let inner = path.get(if place.is_empty() { 0 } else { place.len() + 1 }..).unwrap_or_default();
                match rules.matched(Path::new(OsStr::from_bytes(inner)), directory) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
            if place.is_empty() {
                return false;
            }
            place = split(place).0;
        }
    }

    /// Whether the rules cover a file or a directory above it.
    pub(super) fn covers(&self, path: &[u8]) -> bool {
        let above = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').filter_map(|(at, _)| path.get(..at));
        above.into_iter().any(|directory| self.ignored(directory, true)) || self.ignored(path, false)
    }

    /// Whether an attribute file is as the commit had it.
    pub(super) fn knows_attributes(&self, path: &[u8], blob: Oid) -> bool {
        self.attributes.get(path) == Some(&blob)
    }
}

/// What the rule files of a commit come to. An agent or a stranger may have written them, one file in as many directories as fit
/// into a commit, and a matcher takes many times the bytes of its text.
#[derive(Default)]
pub(super) struct RulesSize {
    known: HashSet<Oid>,
    bytes: usize,
    patterns: usize,
}

impl RulesSize {
    /// Counts a rule file; its text where these bytes were not met before. An error where they are too many together.
    pub(super) fn add(&mut self, bare: &Repository, id: Oid, path: &[u8]) -> Result<Option<Vec<u8>>, WorkspaceError> {
        if self.known.contains(&id) {
            return Ok(None);
        }
        let text = blob(bare, id, MAX_RULES, path)?;
        self.known.insert(id);
        self.bytes += text.len();
        self.patterns += text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count();
        if self.bytes > MAX_RULES || self.patterns > MAX_PATTERNS || self.known.len() > MAX_MATCHERS {
            let reason = format!(
                "the .gitignore files up to this one are more than {} MiB, {MAX_PATTERNS} lines or {MAX_MATCHERS} different \
                 files together: write fewer rules, or larger ones",
                MAX_RULES >> 20
            );
            return Err(WorkspaceError::Unsupported { path: shown(path), reason });
        }
        Ok(Some(text))
    }
}

fn matcher(text: &[u8]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for line in text.split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if let Ok(line) = std::str::from_utf8(line) {
            // A pattern that cannot be read ignores nothing, as in git; the files then count, which is the safe side.
            let _ = builder.add_line(None, line);
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// Directory and name of a path.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&b| b == b'/') {
        Some(at) => (path.get(..at).unwrap_or_default(), path.get(at + 1..).unwrap_or_default()),
        None => (&[], path),
    }
}
