//! Every use of a tool by an agent.

use super::columns::{Word, word};
use super::{StoreError, Tx, View};
use crate::domain::{Millis, RunId, ToolCall};
use rusqlite::{Row, params};

fn call(row: &Row<'_>) -> rusqlite::Result<ToolCall> {
    Ok(ToolCall {
        id: row.get("id")?,
        run: RunId(row.get("run")?),
        iteration: row.get("iteration")?,
        tool: row.get("tool")?,
        asked: row.get("asked")?,
        outcome: word(row, "outcome")?,
        answer: row.get("answer")?,
        bytes: row.get("bytes")?,
        milliseconds: row.get("milliseconds")?,
        at: Millis(row.get("at")?),
    })
}

impl View<'_> {
    /// The newest uses of tools in a run, oldest first.
    pub fn tool_calls(&self, run: RunId, most: u32) -> Result<Vec<ToolCall>, StoreError> {
        let sql = "SELECT * FROM tool_calls WHERE run = ?1 ORDER BY id DESC LIMIT ?2";
        let mut found = self.many(sql, params![run.0, most], call)?;
        found.reverse();
        Ok(found)
    }

    /// How often a run used tools.
    pub fn tool_uses(&self, run: RunId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM tool_calls WHERE run = ?1";
        Ok(self.one(sql, [run.0], |row| row.get(0))?.unwrap_or_default())
    }
}

impl Tx<'_> {
    /// Stores the use of a tool; its id and time are ignored.
    pub fn insert_tool_call(&self, call: &ToolCall) -> Result<(), StoreError> {
        let ToolCall { run, iteration, tool, asked, outcome, answer, bytes, milliseconds, .. } = call;
        self.insert(
            "INSERT INTO tool_calls (run, iteration, tool, asked, outcome, answer, bytes, milliseconds, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![run.0, iteration, tool, asked, Word(outcome), answer, bytes, milliseconds, self.now().0],
        )?;
        Ok(())
    }
}
