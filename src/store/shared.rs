//! Questions for which several runs wait, because one and the same trouble holds them all.

use super::{StoreError, Tx, View};
use crate::domain::{QuestionId, RunId};
use rusqlite::params;

impl View<'_> {
    /// The runs that share a question; none where no other could have joined.
    pub fn sharing(&self, question: QuestionId) -> Result<Vec<RunId>, StoreError> {
        let sql = "SELECT run FROM question_runs WHERE question = ?1 ORDER BY run";
        self.many(sql, [question.0], |row| row.get(0).map(RunId))
    }

    /// The open question about a cause that runs share.
    pub fn question_about(&self, cause: &str) -> Result<Option<QuestionId>, StoreError> {
        let sql = "SELECT id FROM questions WHERE cause = ?1 AND state = 'open' ORDER BY id LIMIT 1";
        self.one(sql, [cause], |row| row.get(0).map(QuestionId))
    }
}

impl Tx<'_> {
    /// Makes a new question one that other runs may join, by its cause.
    pub fn share_question(&self, question: QuestionId, cause: &str, run: RunId) -> Result<(), StoreError> {
        self.change("UPDATE questions SET cause = ?2 WHERE id = ?1", params![question.0, cause])?;
        self.join_question(question, run)
    }

    /// Lets a run wait for the answer of a question that was asked for another one.
    pub fn join_question(&self, question: QuestionId, run: RunId) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO question_runs (question, run) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            [question.0, run.0],
        )?;
        Ok(())
    }

    /// Asks the same once more, for runs that the answer to a question was not meant for; it is about the first of them.
    pub fn part_question(&self, question: QuestionId, first: RunId) -> Result<QuestionId, StoreError> {
        let id = self.insert(
            "INSERT INTO questions (run, iteration, kind, title, facts, payload, digest, deadline, cause, state, asked)
             SELECT ?2, iteration, kind, title, facts, payload, digest, deadline, cause, 'open', ?3 FROM questions WHERE id = ?1",
            params![question.0, first.0, self.now().0],
        )?;
        Ok(QuestionId(id))
    }

    /// Lets a run wait for the answer of another question.
    pub fn move_to_question(&self, from: QuestionId, to: QuestionId, run: RunId) -> Result<(), StoreError> {
        self.change("DELETE FROM question_runs WHERE question = ?1 AND run = ?2", [from.0, run.0])?;
        self.join_question(to, run)
    }

    /// A run needs no answer any more. The question is withdrawn unless others wait for it; then it is about the first of them,
    /// which is given.
    pub fn leave_question(&self, question: QuestionId, run: RunId) -> Result<Option<RunId>, StoreError> {
        self.change("DELETE FROM question_runs WHERE question = ?1 AND run = ?2", [question.0, run.0])?;
        let Some(first) = self.sharing(question)?.first().copied() else {
            self.withdraw_question(question)?;
            return Ok(None);
        };
        self.change("UPDATE questions SET run = ?2 WHERE id = ?1 AND run = ?3", [question.0, first.0, run.0])?;
        Ok(Some(first))
    }
}
