//! What the engine has to look after among all proposals, however many there are: those that were granted, and those that wait for
//! people. Their commands are not read for it.

use super::Standing;
use crate::domain::{Human, Moment, ProposalId, RunState};
use crate::store::columns::{json, maybe_word};
use crate::store::{StoreError, View};
use rusqlite::params;

/// One that waits for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// Which.
    pub id: ProposalId,
    /// Since when.
    pub asked: Moment,
    /// How long it may, in milliseconds.
    pub wait: i64,
    /// The run that it was for is over, or gone.
    pub over: bool,
}

impl View<'_> {
    /// All that were granted and whose end is not known, oldest first, and whether each still has to be told to stop.
    pub fn proposals_under_way(&self) -> Result<Vec<(ProposalId, bool)>, StoreError> {
        let sql = "SELECT id, standing, state <> 'approved' AS begun FROM proposals
                   WHERE state IN ('approved', 'claimed', 'dispatched', 'running', 'outcome_unknown') ORDER BY id";
        self.many(sql, [], |row| {
            let standing: Standing = json(row, "standing")?;
            let begun: bool = row.get("begun")?;
            let to_stop = begun && standing.stop.is_some_and(|stop| stop.told.is_none());
            Ok((ProposalId(row.get("id")?), to_stop))
        })
    }

    /// All that wait for people, oldest first.
    pub fn proposals_waiting(&self) -> Result<Vec<Waits>, StoreError> {
        let sql = "SELECT proposals.id, proposals.standing, proposals.run, runs.state AS run_state
                   FROM proposals LEFT JOIN runs ON runs.id = proposals.run
                   WHERE proposals.state IN ('pending', 'partial') ORDER BY proposals.id";
        self.many(sql, [], |row| {
            let standing: Standing = json(row, "standing")?;
            let run: Option<i64> = row.get("run")?;
            let state = maybe_word::<RunState>(row, "run_state")?;
            let over = run.is_some() && state.is_none_or(RunState::is_final);
            Ok(Waits { id: ProposalId(row.get("id")?), asked: standing.asked, wait: standing.wait, over })
        })
    }

    /// How many of a person's own wait for people.
    pub fn waiting_of(&self, person: &Human) -> Result<u32, StoreError> {
        // Whoever logged in as somebody is that one, whatever user they act as.
        let sql = "SELECT count(*) FROM proposals WHERE state IN ('pending', 'partial')
                   AND json_extract(record, '$.requester.kind') = 'person'
                   AND coalesce(json_extract(record, '$.requester.person.login_uid'), json_extract(record, '$.requester.person.uid')) = ?1";
        let who = person.login_uid.unwrap_or(person.uid);
        Ok(self.one(sql, params![who], |row| row.get(0))?.unwrap_or_default())
    }
}
