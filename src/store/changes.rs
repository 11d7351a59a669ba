//! What changed since a client last looked. The audit chain numbers every change, so its numbers are the cursors.

use super::{StoreError, View};
use crate::domain::{QuestionId, RunId};

impl View<'_> {
    /// The number of the last audit record; 0 while there is none.
    pub fn audit_head(&self) -> Result<u64, StoreError> {
        Ok(self.one("SELECT coalesce(max(seq), 0) FROM audit", [], |row| row.get(0))?.unwrap_or(0))
    }

    /// Questions of no run that audit records after `cursor` are about, in order.
    pub fn questions_touched_since(&self, cursor: u64) -> Result<Vec<QuestionId>, StoreError> {
        let sql = "SELECT DISTINCT question FROM audit WHERE seq > ?1 AND run IS NULL AND question IS NOT NULL ORDER BY question";
        self.many(sql, [cursor], |row| row.get(0).map(QuestionId))
    }

    /// Runs that audit records after `cursor` are about, in order.
    pub fn runs_touched_since(&self, cursor: u64) -> Result<Vec<RunId>, StoreError> {
        let sql = "SELECT DISTINCT run FROM audit WHERE seq > ?1 AND run IS NOT NULL ORDER BY run";
        self.many(sql, [cursor], |row| row.get(0).map(RunId))
    }
}
