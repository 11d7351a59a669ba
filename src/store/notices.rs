//! Which questions people were told of, and by which way.

use super::{StoreError, Tx, View};
use crate::domain::{Millis, Question, QuestionId, QuestionState};
use rusqlite::{OptionalExtension, params};

impl View<'_> {
    /// Open questions that a way has not told yet, or last told before an instant, the oldest first, with how often they were told.
    pub fn untold(&self, way: &str, again: Option<Millis>, most: usize) -> Result<Vec<(Question, u32)>, StoreError> {
        let mut statement =
            self.connection().prepare_cached("SELECT told, at FROM notices WHERE question = ?1 AND way = ?2")?;
        let mut untold = Vec::new();
        for question in self.questions(Some(QuestionState::Open), usize::MAX)? {
            let seen = statement.query_row(params![question.id.0, way], |row| Ok((row.get(0)?, Millis(row.get(1)?))));
            match seen.optional()? {
                None => untold.push((question, 0)),
                Some((told, at)) if again.is_some_and(|again| at < again) => untold.push((question, told)),
                Some(_) => {}
            }
            if untold.len() >= most {
                break;
            }
        }
        Ok(untold)
    }
}

impl Tx<'_> {
    /// A way has told of a question.
    pub fn tell(&self, question: QuestionId, way: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO notices (question, way, told, at) VALUES (?1, ?2, 1, ?3)
                   ON CONFLICT (question, way) DO UPDATE SET told = told + 1, at = excluded.at";
        self.insert(sql, params![question.0, way, self.now().0])?;
        Ok(())
    }
}
