//! What operators tell a run while it goes.

use super::columns::{Json, json, word};
use super::{StoreError, Tx, View};
use crate::domain::{Actor, Guidance, GuidanceState, Millis, RunId};
use rusqlite::{Row, params};

fn guidance(row: &Row<'_>) -> rusqlite::Result<Guidance> {
    Ok(Guidance {
        run: RunId(row.get("run")?),
        number: row.get("number")?,
        by: json(row, "by")?,
        text: row.get("text")?,
        at: Millis(row.get("at")?),
        state: word(row, "state")?,
        applied_in: row.get("applied_in")?,
    })
}

impl View<'_> {
    /// All guidance of a run, oldest first.
    pub fn guidance(&self, run: RunId) -> Result<Vec<Guidance>, StoreError> {
        self.many("SELECT * FROM guidance WHERE run = ?1 ORDER BY number", [run.0], guidance)
    }

    /// How far the guidance of a run has come: the number of the last one, and of the last one that a prompt has quoted, with
    /// that prompt's iteration. `None` where there is none.
    pub fn guidance_so_far(&self, run: RunId) -> Result<Option<(u32, u32, Option<u32>)>, StoreError> {
        let far = "SELECT max(number), coalesce(max(number) FILTER (WHERE state = 'applied'), 0), max(applied_in)
                   FROM guidance WHERE run = ?1 HAVING count(*) > 0";
        self.one(far, [run.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }
}

impl Tx<'_> {
    /// Accepts one instruction as the run's next.
    pub fn insert_guidance(&self, run: RunId, by: &Actor, text: &str) -> Result<Guidance, StoreError> {
        let at = self.now();
        let next = "SELECT coalesce(max(number), 0) + 1 FROM guidance WHERE run = ?1";
        let number: u32 = self.one(next, [run.0], |row| row.get(0))?.unwrap_or(1);
        self.insert(
            "INSERT INTO guidance (run, number, by, text, at, state) VALUES (?1, ?2, ?3, ?4, ?5, 'accepted')",
            params![run.0, number, Json(by), text, at.0],
        )?;
        let state = GuidanceState::Accepted;
        Ok(Guidance { run, number, by: by.clone(), text: text.to_owned(), at, state, applied_in: None })
    }

    /// Marks every accepted instruction of a run up to `up_to` as quoted first in this iteration's prompt. Gives the
    /// number of instructions marked.
    pub fn apply_guidance(&self, run: RunId, up_to: u32, iteration: u32) -> Result<usize, StoreError> {
        self.change(
            "UPDATE guidance SET state = 'applied', applied_in = ?3
             WHERE run = ?1 AND number <= ?2 AND state = 'accepted'",
            params![run.0, up_to, iteration],
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::domain::Actor;
    use crate::store::tests::fixtures::{event, seed};
    use crate::store::{Options, Store};

    #[test]
    fn how_far_guidance_has_come_is_told_step_by_step() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let run = store.write_sync(|tx| seed(tx, "one")).unwrap().id;
        let far = || store.read_sync(move |view| view.guidance_so_far(run)).unwrap();
        let tell = |text: &'static str| {
            let told = store.write_sync(move |tx| {
                tx.record(event("told"))?;
                tx.insert_guidance(run, &Actor::Engine, text)
            });
            told.unwrap();
        };
        assert_eq!(far(), None);
        tell("first");
        tell("second");
        assert_eq!(far(), Some((2, 0, None)));
        let applied = store.write_sync(move |tx| {
            tx.record(event("applied"))?;
            tx.apply_guidance(run, 1, 4)
        });
        assert_eq!(applied.unwrap(), 1);
        assert_eq!(far(), Some((2, 1, Some(4))));
        tell("third");
        assert_eq!(far(), Some((3, 1, Some(4))));
    }
}
