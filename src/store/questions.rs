//! What people are asked and what they answered.

use super::columns::{Json, Word, json, word};
use super::{StoreError, Tx, View};
use crate::domain::{Actor, Answer, Millis, Question, QuestionId, QuestionKind, QuestionState, Reached, RunId};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

/// A question to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The run that it is about, where there is one.
    pub run: Option<RunId>,
    /// The iteration it is about.
    pub iteration: u32,
    /// What is asked.
    pub kind: QuestionKind,
    /// One line.
    pub title: String,
    /// The facts, one a line.
    pub facts: Vec<String>,
    /// The caps of projects and days that are reached, where it is about such.
    pub reached: Vec<Reached>,
    /// What the answer binds, for kinds that bind exact bytes.
    pub digest: Option<String>,
    /// When nobody's answer counts any more.
    pub deadline: Option<Millis>,
}

/// What is kept of a question beside its facts.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    #[serde(default)]
    reached: Vec<Reached>,
}

/// `null` where there is nothing to keep.
type Payload = Option<Stored>;

const SELECT: &str = "SELECT q.*, a.approve, a.reason, a.by, a.at,
    (SELECT json_group_array(s.run ORDER BY s.run) FROM question_runs s WHERE s.question = q.id) AS sharing FROM questions q
    LEFT JOIN answers a ON a.id = (SELECT max(id) FROM answers WHERE question = q.id)";

fn question(row: &Row<'_>) -> rusqlite::Result<Question> {
    let answer = match row.get::<_, Option<bool>>("approve")? {
        Some(approve) => {
            Some(Answer { approve, reason: row.get("reason")?, by: json(row, "by")?, at: Millis(row.get("at")?) })
        }
        None => None,
    };
    let sharing: Vec<i64> = json(row, "sharing")?;
    let sharing: Vec<RunId> = sharing.into_iter().map(RunId).collect();
    let question = Question {
        id: QuestionId(row.get("id")?),
        run: row.get::<_, Option<i64>>("run")?.map(RunId),
        iteration: row.get("iteration")?,
        kind: word(row, "kind")?,
        title: row.get("title")?,
        facts: json(row, "facts")?,
        reached: json::<Payload>(row, "payload")?.map_or_else(Vec::new, |payload| payload.reached),
        sharing: Vec::new(),
        state: word(row, "state")?,
        asked: Millis(row.get("asked")?),
        answer,
    };
    Ok(question.shared_by(&sharing))
}

impl View<'_> {
    /// The question with this id.
    pub fn question(&self, id: QuestionId) -> Result<Option<Question>, StoreError> {
        self.one(&format!("{SELECT} WHERE q.id = ?1"), [id.0], question)
    }

    /// Questions in this state over all runs, or all questions when no state is given: the newest `most`, oldest first.
    pub fn questions(&self, state: Option<QuestionState>, most: usize) -> Result<Vec<Question>, StoreError> {
        let sql = format!("{SELECT} WHERE ?1 IS NULL OR q.state = ?1 ORDER BY q.id DESC LIMIT ?2");
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut found = self.many(&sql, params![state.map(Word), most], question)?;
        found.reverse();
        Ok(found)
    }

    /// How many questions wait.
    pub fn open_questions(&self) -> Result<u32, StoreError> {
        let sql = "SELECT count(*) FROM questions WHERE state = 'open'";
        Ok(self.one(sql, [], |row| row.get(0))?.unwrap_or_default())
    }

    /// All questions of a run, oldest first, with those that it shares with others.
    pub fn questions_of(&self, run: RunId) -> Result<Vec<Question>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE q.run = ?1 OR q.id IN (SELECT question FROM question_runs WHERE run = ?1) ORDER BY q.id"
        );
        self.many(&sql, [run.0], question)
    }

    /// How many questions an agent asked in a run: those that wait, those since an instant, and all.
    pub fn asked_by_agent(&self, run: RunId, since: Millis) -> Result<(u32, u32, u32), StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE asked > ?2), count(*)
                   FROM questions WHERE run = ?1 AND kind = 'agent'";
        let counted = self.one(sql, params![run.0, since.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(counted.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Asks people.
    pub fn insert_question(&self, ask: &Ask) -> Result<QuestionId, StoreError> {
        let payload: Payload = (!ask.reached.is_empty()).then(|| Stored { reached: ask.reached.clone() });
        let id = self.insert(
            "INSERT INTO questions (run, iteration, kind, title, facts, payload, digest, deadline, state, asked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', ?9)",
            params![
                ask.run.map(|run| run.0),
                ask.iteration,
                ask.kind.name(),
                ask.title,
                Json(&ask.facts),
                Json(&payload),
                ask.digest,
                ask.deadline.map(|at| at.0),
                self.now().0,
            ],
        )?;
        Ok(QuestionId(id))
    }

    /// Stores the answer that settles an open question. An answer to a settled question is refused.
    pub fn answer_question(
        &self,
        id: QuestionId,
        approve: bool,
        reason: &str,
        by: &Actor,
    ) -> Result<Answer, StoreError> {
        self.settle(id, QuestionState::Answered)?;
        let at = self.now();
        self.insert(
            "INSERT INTO answers (question, approve, reason, by, digest, at)
             VALUES (?1, ?2, ?3, ?4, (SELECT digest FROM questions WHERE id = ?1), ?5)",
            params![id.0, approve, reason, Json(by), at.0],
        )?;
        Ok(Answer { approve, reason: reason.to_owned(), by: by.clone(), at })
    }

    /// Takes an open question back, because nobody needs its answer any more.
    pub fn withdraw_question(&self, id: QuestionId) -> Result<(), StoreError> {
        self.settle(id, QuestionState::Withdrawn)
    }

    /// Takes back what was asked beside the work of a run and nobody answered. Gives how many there were.
    pub fn withdraw_asked_beside(&self, run: RunId) -> Result<usize, StoreError> {
        let sql = "UPDATE questions SET state = 'withdrawn'
                   WHERE run = ?1 AND kind IN ('agent', 'egress') AND state = 'open'";
        self.change(sql, [run.0])
    }

    fn settle(&self, id: QuestionId, state: QuestionState) -> Result<(), StoreError> {
        let changed = self
            .change("UPDATE questions SET state = ?2 WHERE id = ?1 AND state = 'open'", params![id.0, Word(state)])?;
        if changed == 1 {
            return Ok(());
        }
        match self.one("SELECT state FROM questions WHERE id = ?1", [id.0], |row| row.get::<_, String>(0))? {
            Some(found) => Err(StoreError::Refused(format!("question {id} is {found} already"))),
            None => Err(StoreError::Missing { what: "question", id: id.to_string() }),
        }
    }
}
