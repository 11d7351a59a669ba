//! Bugs that are like something, and where they were seen.

use super::{StoreError, View};
use crate::domain::{BugId, Fingerprint, ProjectId};
use rusqlite::{Row, params};
use std::fmt::Write as _;

/// Most different words that are looked for.
const MOST_WORDS: usize = 32;

/// A bug that was found, as far as a list tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBug {
    /// Which.
    pub id: BugId,
    /// A run of this project saw it.
    pub here: bool,
}

fn found(row: &Row<'_>) -> rusqlite::Result<FoundBug> {
    Ok(FoundBug { id: BugId(row.get(0)?), here: row.get(1)? })
}

/// Whether any run of the project in ?1 saw the bug.
const HERE: &str = "EXISTS (SELECT 1 FROM runs r WHERE r.project = ?1 AND (r.id = b.first_run OR r.id = b.last_run))
    OR EXISTS (SELECT 1 FROM findings f JOIN runs r ON r.id = f.run WHERE f.exact = b.exact AND r.project = ?1)";

impl View<'_> {
    /// The bug with this exact fingerprint, then others of a class, the one seen last first.
    pub fn bugs_by_fingerprint(
        &self,
        project: ProjectId,
        print: &Fingerprint,
        most: u32,
    ) -> Result<Vec<FoundBug>, StoreError> {
        let sql = format!(
            "SELECT b.id, {HERE} FROM bugs b
             WHERE b.exact = ?2 OR b.class = ?2 OR b.class = (SELECT class FROM bugs WHERE exact = ?2)
             ORDER BY b.exact = ?2 DESC, b.last_seen DESC, b.id DESC LIMIT ?3"
        );
        self.many(&sql, params![project.0, print.0, most], found)
    }

    /// Bugs in which words of a text are, the most alike first. Any text is fit to be looked for.
    pub fn bugs_like(&self, project: ProjectId, text: &str, most: u32) -> Result<Vec<FoundBug>, StoreError> {
        let Some(words) = query(text) else { return Ok(Vec::new()) };
        // The kind of a problem says more than a word of its message, and that more than a name in its stack.
        let sql = format!(
            "SELECT b.id, {HERE}
             FROM (SELECT rowid AS id, bm25(bug_words, 3.0, 2.0, 1.0) AS rank FROM bug_words WHERE bug_words MATCH ?2
                   ORDER BY rank LIMIT ?3) AS w
             JOIN bugs b ON b.id = w.id ORDER BY w.rank, b.id DESC"
        );
        self.many(&sql, params![project.0, words, most], found)
    }

    /// Which projects' runs saw a bug, by name.
    pub fn projects_that_saw(&self, exact: &Fingerprint, most: u32) -> Result<Vec<String>, StoreError> {
        let sql =
            "SELECT DISTINCT p.name FROM findings f JOIN runs r ON r.id = f.run JOIN projects p ON p.id = r.project
                   WHERE f.exact = ?1 ORDER BY p.name LIMIT ?2";
        self.many(sql, params![exact.0, most], |row| row.get(0))
    }
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
