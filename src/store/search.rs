//! Bugs that are like something, and where they were seen.

use super::findings::PARTS;
use super::{StoreError, View};
use crate::domain::{BugId, Fingerprint, ProjectId};
use rusqlite::{Row, params};
use std::collections::HashSet;
use std::fmt::Write as _;

/// Most different words that are looked for.
const MOST_WORDS: usize = 32;

/// A bug that was found, as far as a list tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBug {
    /// Which.
    pub id: BugId,
    /// A run of this project saw it, or a person told it of this project.
    pub here: bool,
}

fn found(row: &Row<'_>) -> rusqlite::Result<FoundBug> {
    Ok(FoundBug { id: BugId(row.get(0)?), here: row.get(1)? })
}

/// Whether any run of the project in ?1 saw the bug, or a person told it of that project.
const HERE: &str = "ifnull(b.project = ?1, 0)
    OR EXISTS (SELECT 1 FROM runs r WHERE r.project = ?1 AND (r.id = b.first_run OR r.id = b.last_run))
    OR EXISTS (SELECT 1 FROM findings f JOIN runs r ON r.id = f.run WHERE r.project = ?1
               AND f.exact IN (SELECT exact FROM bugs WHERE id = b.id OR merged_into = b.id))";

/// For whose agents bugs are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Their project.
    pub project: ProjectId,
    /// Whether they read of what other projects saw.
    pub across: bool,
}

impl From<ProjectId> for Reader {
    fn from(project: ProjectId) -> Self {
        Self { project, across: true }
    }
}

impl Reader {
    /// Whether agents of the project in ?1 may read of it: what a person told of one project stays there until a run has seen it.
    fn open(self) -> &'static str {
        if self.across { "(b.project IS NULL OR b.project = ?1 OR b.first_run IS NOT NULL)" } else { HERE }
    }
}

impl View<'_> {
    /// The bug with this exact fingerprint, then others of a class, the one seen last first.
    pub fn bugs_by_fingerprint(
        &self,
        reader: impl Into<Reader>,
        print: &Fingerprint,
        most: u32,
    ) -> Result<Vec<FoundBug>, StoreError> {
        let reader = reader.into();
        let open = reader.open();
        let sql = format!(
            "SELECT b.id, {HERE} FROM bugs w JOIN bugs b ON b.id = ifnull(w.merged_into, w.id)
             WHERE (w.exact = ?2 OR w.class = ?2 OR w.class = (SELECT class FROM bugs WHERE exact = ?2)) AND ({open})
             ORDER BY w.exact = ?2 DESC, b.last_seen DESC, b.id DESC LIMIT ?3"
        );
        Ok(once(self.many(&sql, params![reader.project.0, print.0, most], found)?))
    }

    /// Bugs in which words of a text are, the most alike first. Any text is fit to be looked for.
    pub fn bugs_like(&self, reader: impl Into<Reader>, text: &str, most: u32) -> Result<Vec<FoundBug>, StoreError> {
        let reader = reader.into();
        let open = reader.open();
        let Some(words) = query(text) else { return Ok(Vec::new()) };
        // The kind of a problem says more than a word of its message, and that more than a name in its stack.
        let sql = format!(
            "SELECT b.id, {HERE}
             FROM (SELECT rowid AS id, bm25(bug_words, 3.0, 2.0, 1.0) AS rank FROM bug_words WHERE bug_words MATCH ?2
                   ORDER BY rank LIMIT ?3) AS w
             JOIN bugs b ON b.id = (SELECT ifnull(merged_into, id) FROM bugs WHERE id = w.id)
             WHERE ({open}) ORDER BY w.rank, b.id DESC"
        );
        Ok(once(self.many(&sql, params![reader.project.0, words, most], found)?))
    }

    /// Whether agents of a project may read of a bug.
    pub fn may_read_bug(&self, reader: impl Into<Reader>, bug: BugId) -> Result<bool, StoreError> {
        let reader = reader.into();
        let sql = format!("SELECT 1 FROM bugs b WHERE b.id = ?2 AND ({})", reader.open());
        Ok(self.one(&sql, params![reader.project.0, bug.0], |_| Ok(()))?.is_some())
    }

    /// The projects that have a bug, by name: their runs saw it, or a person told it of them.
    pub fn projects_with(&self, bug: BugId, most: u32) -> Result<Vec<String>, StoreError> {
        let sql = format!(
            "SELECT p.name FROM projects p WHERE p.id IN
                 (SELECT r.project FROM findings f JOIN runs r ON r.id = f.run WHERE f.exact IN ({PARTS})
                  UNION SELECT project FROM bugs WHERE id = ?1 OR merged_into = ?1) ORDER BY p.name LIMIT ?2"
        );
        self.many(&sql, params![bug.0, most], |row| row.get(0))
    }
}

/// Each bug once, where it comes first: parts of one that were merged lead to it.
fn once(mut found: Vec<FoundBug>) -> Vec<FoundBug> {
    let mut seen = HashSet::new();
    found.retain(|one| seen.insert(one.id));
    found
}

/// The words of a text as an expression of the index; `None` where there are none. Nothing in a text is taken for an operator.
fn query(text: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        if !words.contains(&word) {
            words.push(word);
        }
        if words.len() == MOST_WORDS {
            break;
        }
    }
    let mut query = String::new();
    for word in words {
        let or = if query.is_empty() { "" } else { " OR " };
        let _infallible = write!(query, "{or}\"{word}\"");
    }
    (!query.is_empty()).then_some(query)
}
