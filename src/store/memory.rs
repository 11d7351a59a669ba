//! What is remembered of bugs, by what it is like, and what came of quoting it.

use super::bugs::solution;
use super::columns::Word;
use super::{StoreError, Tx, View};
use crate::domain::{
    BugId, Finding, Fingerprint, Likeness, Millis, Offer, OfferOutcome, ProjectId, Remembered, RunId, Solution,
};
use rusqlite::{Row, params};
use std::collections::HashSet;
use std::fmt::Write as _;

/// Words that are looked for: those that the fewest bugs have, since they say most and cost least.
const WORDS: usize = 8;
/// Most different words of a text that are counted.
const COUNTED: usize = 64;
/// Bugs that are like a text and are looked at.
const BUGS: u32 = 24;
/// Repairs of one bug that are looked at, the newest.
const REPAIRS: u32 = 2;

/// An offer whose iteration is not judged yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOffer {
    /// The bug at hand.
    pub about: Fingerprint,
    /// The repair that was quoted.
    pub solution: i64,
    /// What that changed, as lines of a patch.
    pub patch: String,
    /// Whether the agent got to read it.
    pub quoted: bool,
}

const COLUMNS: &str =
    "s.id AS solution, s.run, s.iteration, s.summary, s.at, s.bug, b.exact, b.class, b.kind, b.message,
    p.name AS project, p.id = ?1 AS here,
    (SELECT count(*) FROM offers o WHERE o.solution = s.id AND o.outcome = 'helped') AS helped,
    (SELECT count(*) FROM offers o WHERE o.solution = s.id AND o.outcome = 'failed') AS failed,
    (SELECT max(o.at) FROM offers o WHERE o.solution = s.id AND o.outcome = 'helped') AS helped_at
    FROM bug_solutions s JOIN bugs b ON b.id = ?5 JOIN runs r ON r.id = s.run JOIN projects p ON p.id = r.project";

fn remembered(row: &Row<'_>) -> rusqlite::Result<Remembered> {
    let (found, helped): (i64, Option<i64>) = (row.get("at")?, row.get("helped_at")?);
    Ok(Remembered {
        solution: row.get("solution")?,
        bug: BugId(row.get("bug")?),
        exact: Fingerprint(row.get("exact")?),
        class: Fingerprint(row.get("class")?),
        kind: row.get("kind")?,
        message: row.get("message")?,
        project: row.get("project")?,
        here: row.get("here")?,
        run: RunId(row.get("run")?),
        iteration: row.get("iteration")?,
        patch: row.get("summary")?,
        borne_out: Millis(helped.map_or(found, |helped| helped.max(found))),
        helped: row.get("helped")?,
        failed: row.get("failed")?,
    })
}

impl View<'_> {
    /// Repairs that may help with a finding: those of the same bug, then those of bugs in which its words are. Without `across`
    /// only what runs of the same project found.
    pub fn repairs_like(
        &self,
        project: ProjectId,
        finding: &Finding,
        across: bool,
    ) -> Result<Vec<Remembered>, StoreError> {
        // What was merged into another bug is compared by its own words, and leads to what repaired the other.
        let both = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let sql = "SELECT id, ifnull(merged_into, id) FROM bugs WHERE exact = ?1";
        let mut bugs: Vec<(i64, i64)> = self.many(sql, [&finding.exact.0], both)?;
        if let Some(query) = self.telling_words(&format!("{} {}", finding.kind, finding.message))? {
            let sql = "SELECT b.id, ifnull(b.merged_into, b.id)
                       FROM (SELECT rowid AS id, bm25(repaired_words, 3.0, 2.0) AS rank FROM repaired_words
                             WHERE repaired_words MATCH ?1 ORDER BY rank LIMIT ?2) AS w
                       JOIN bugs b ON b.id = w.id ORDER BY w.rank";
            bugs.extend(self.many(sql, params![query, BUGS], both)?);
        }
        let mut seen = HashSet::new();
        bugs.retain(|(_, bug)| seen.insert(*bug));
        let mut repairs = Vec::new();
        let sql = format!("SELECT {COLUMNS} WHERE s.bug = ?2 AND (?3 OR p.id = ?1) ORDER BY s.id DESC LIMIT ?4");
        for (part, bug) in bugs {
            repairs.extend(self.many(&sql, params![project.0, bug, across, REPAIRS, part], remembered)?);
        }
        Ok(repairs)
    }

    /// The words of a text that the fewest repaired bugs have, as an expression of the index. Nothing in it is an operator.
    fn telling_words(&self, text: &str) -> Result<Option<String>, StoreError> {
        let mut seen = HashSet::new();
        let split = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.chars().nth(1).is_some());
        let words = split.map(str::to_lowercase).filter(|word| seen.insert(word.clone())).take(COUNTED);
        let mut counted: Vec<(i64, String)> = Vec::new();
        for word in words {
            let sql = "SELECT doc FROM repaired_counts WHERE term = ?1";
            // The index folds letters in its own way; a word that it has otherwise is found by others.
            if let Some(count) = self.one(sql, [&word], |row| row.get(0))? {
                counted.push((count, word));
            }
        }
        counted.sort();
        counted.truncate(WORDS);
        let mut query = String::new();
        for (_, word) in counted {
            let or = if query.is_empty() { "" } else { " OR " };
            let _infallible = write!(query, "{or}\"{word}\"");
        }
        Ok((!query.is_empty()).then_some(query))
    }

    /// What repaired a bug, the newest first, how often that helped others and how often it did not.
    pub fn repairs_of(&self, bug: BugId, most: u32) -> Result<Vec<(Solution, u32, u32)>, StoreError> {
        let sql =
            "SELECT s.*, (SELECT count(*) FROM offers o WHERE o.solution = s.id AND o.outcome = 'helped') AS helped,
                   (SELECT count(*) FROM offers o WHERE o.solution = s.id AND o.outcome = 'failed') AS failed
                   FROM bug_solutions s WHERE s.bug = ?1 ORDER BY s.id DESC LIMIT ?2";
        self.many(sql, params![bug.0, most], |row| Ok((solution(row)?, row.get("helped")?, row.get("failed")?)))
    }

    /// Repairs that were quoted in a run, were followed, and did not help.
    pub fn spent_repairs(&self, run: RunId) -> Result<HashSet<i64>, StoreError> {
        let sql = "SELECT DISTINCT solution FROM offers WHERE run = ?1 AND outcome = 'failed' AND quoted";
        Ok(self.many(sql, [run.0], |row| row.get(0))?.into_iter().collect())
    }

    /// What was quoted in an iteration that is not judged yet.
    pub fn open_offers(&self, run: RunId, iteration: u32) -> Result<Vec<OpenOffer>, StoreError> {
        let sql = "SELECT b.exact, o.solution, s.summary, o.quoted FROM offers o JOIN bugs b ON b.id = o.bug
                   JOIN bug_solutions s ON s.id = o.solution
                   WHERE o.run = ?1 AND o.iteration = ?2 AND o.outcome = 'open' ORDER BY o.solution";
        self.many(sql, params![run.0, iteration], |row| {
            let (about, solution) = (Fingerprint(row.get(0)?), row.get(1)?);
            Ok(OpenOffer { about, solution, patch: row.get(2)?, quoted: row.get(3)? })
        })
    }

    /// How many of the latest judged offers by words helped, and how many did not.
    pub fn record_of_words(&self, most: u32) -> Result<(u32, u32), StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE outcome = 'helped'), count(*) FILTER (WHERE outcome = 'failed') FROM
                   (SELECT outcome FROM offers WHERE likeness IN ('class', 'words') AND outcome IN ('helped', 'failed')
                    ORDER BY at DESC LIMIT ?1)";
        Ok(self.one(sql, [most], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Stores that these repairs are quoted in an iteration; the same ones once.
    pub fn insert_offers(&self, run: RunId, iteration: u32, offers: &[Offer]) -> Result<(), StoreError> {
        for offer in offers {
            self.change(
                "INSERT INTO offers (run, iteration, bug, solution, quoted, likeness, outcome, at)
                 SELECT ?1, ?2, id, ?4, ?7, ?5, 'open', ?6 FROM bugs WHERE exact = ?3
                 ON CONFLICT DO NOTHING",
                params![
                    run.0,
                    iteration,
                    offer.about.0,
                    offer.repair.solution,
                    Word::<Likeness>(offer.likeness),
                    self.now().0,
                    offer.quoted
                ],
            )?;
        }
        Ok(())
    }

    /// Stores what came of a repair that was quoted for a bug.
    pub fn settle_offer(
        &self,
        (run, iteration): (RunId, u32),
        about: &Fingerprint,
        solution: i64,
        outcome: OfferOutcome,
    ) -> Result<(), StoreError> {
        self.change(
            "UPDATE offers SET outcome = ?5, at = ?6 WHERE run = ?1 AND iteration = ?2 AND solution = ?4
             AND bug = (SELECT id FROM bugs WHERE exact = ?3)",
            params![run.0, iteration, about.0, solution, Word(outcome), self.now().0],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
