//! Hosts that people were asked about. The answer is the question's.

use super::{StoreError, Tx, View};
use crate::domain::{HostName, QuestionId, RunId};
use rusqlite::params;

impl View<'_> {
    /// The question whose answer opens a host for a run.
    pub fn host_allowed(&self, run: RunId, host: &HostName) -> Result<Option<QuestionId>, StoreError> {
        let sql = "SELECT h.question FROM egress_questions h
                   JOIN answers a ON a.id = (SELECT max(id) FROM answers WHERE question = h.question)
                   WHERE h.run = ?1 AND h.host = ?2 AND a.approve = 1";
        self.one(sql, params![run.0, host.as_str()], |row| row.get(0).map(QuestionId))
    }

    /// Hosts of a run that people are asked about now, and that they were ever asked about.
    pub fn asked_of_hosts(&self, run: RunId) -> Result<(usize, usize), StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE q.state = 'open'), count(*) FROM egress_questions h
                   JOIN questions q ON q.id = h.question WHERE h.run = ?1";
        Ok(self.one(sql, [run.0], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or_default())
    }

    /// Whether people were asked about a host already.
    pub fn is_asked_of_host(&self, run: RunId, host: &HostName) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM egress_questions WHERE run = ?1 AND host = ?2";
        Ok(self.one(sql, params![run.0, host.as_str()], |_| Ok(()))?.is_some())
    }
}

impl Tx<'_> {
    /// Says which host a question is about.
    pub fn link_host(&self, question: QuestionId, run: RunId, host: &HostName) -> Result<(), StoreError> {
        let sql = "INSERT INTO egress_questions (question, run, host) VALUES (?1, ?2, ?3)";
        self.insert(sql, params![question.0, run.0, host.as_str()])?;
        Ok(())
    }
}
