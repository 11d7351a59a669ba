//! What the quality gates said in each iteration.

use super::columns::{Json, Word, json, word};
use super::{StoreError, Tx, View};
use crate::domain::{GateResult, RunId};
use rusqlite::params;

impl View<'_> {
    /// All gates of one iteration by name.
    pub fn gate_results(&self, run: RunId, iteration: u32) -> Result<Vec<GateResult>, StoreError> {
        self.many(
            "SELECT * FROM gate_results WHERE run = ?1 AND iteration = ?2 ORDER BY gate",
            params![run.0, iteration],
            |row| {
                Ok(GateResult {
                    gate: row.get("gate")?,
                    verdict: word(row, "verdict")?,
                    evidence: json(row, "evidence")?,
                })
            },
        )
    }
}

impl Tx<'_> {
    /// Stores what a gate said; asking the same gate again in the same iteration replaces it.
    pub fn put_gate_result(&self, run: RunId, iteration: u32, result: &GateResult) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO gate_results (run, iteration, gate, verdict, evidence) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (run, iteration, gate) DO UPDATE SET verdict = excluded.verdict, evidence = excluded.evidence",
            params![run.0, iteration, result.gate, Word(result.verdict), Json(&result.evidence)],
        )?;
        Ok(())
    }
}
