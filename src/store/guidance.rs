//! What operators tell a run while it goes.

use super::columns::{Json, json, maybe_json, word};
use super::{StoreError, Tx, View};
use crate::domain::{Actor, Guidance, GuidanceState, Live, LiveFate, Millis, RunId, TermsFrom};
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
        live: maybe_json(row, "live")?,
        terms: maybe_json(row, "terms")?,
    })
}

/// How far the guidance of a run has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoFar {
    /// The number of the last one.
    pub count: u32,
    /// That of the last one that a prompt has quoted; 0 where none has.
    pub applied: u32,
    /// That prompt's iteration.
    pub applied_in: Option<u32>,
    /// How it went with giving the last one to an agent at work.
    pub live: Option<Live>,
}

impl View<'_> {
    /// All guidance of a run, oldest first.
    pub fn guidance(&self, run: RunId) -> Result<Vec<Guidance>, StoreError> {
        self.many("SELECT * FROM guidance WHERE run = ?1 ORDER BY number", [run.0], guidance)
    }

    /// How far the guidance of a run has come; `None` where there is none.
    pub fn guidance_so_far(&self, run: RunId) -> Result<Option<SoFar>, StoreError> {
        let far = "SELECT max(number) AS count, coalesce(max(number) FILTER (WHERE state = 'applied'), 0) AS applied,
                          max(applied_in) AS applied_in,
                          (SELECT live FROM guidance WHERE run = ?1 ORDER BY number DESC LIMIT 1) AS live
                   FROM guidance WHERE run = ?1 HAVING count(*) > 0";
        self.one(far, [run.0], |row| {
            Ok(SoFar {
                count: row.get("count")?,
                applied: row.get("applied")?,
                applied_in: row.get("applied_in")?,
                live: maybe_json(row, "live")?,
            })
        })
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
        let (by, text) = (by.clone(), text.to_owned());
        Ok(Guidance { run, number, by, text, at, state, applied_in: None, live: None, terms: None })
    }

    /// Keeps what an instruction changes beside its words.
    pub fn set_terms(&self, run: RunId, number: u32, terms: &TermsFrom) -> Result<(), StoreError> {
        let kept = "UPDATE guidance SET terms = ?3 WHERE run = ?1 AND number = ?2";
        self.change(kept, params![run.0, number, Json(terms)]).map(drop)
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

impl Tx<'_> {
    /// Keeps how it went with giving an instruction to an agent at work.
    pub fn set_live(&self, run: RunId, number: u32, live: &Live) -> Result<(), StoreError> {
        let kept = "UPDATE guidance SET live = ?3 WHERE run = ?1 AND number = ?2";
        self.change(kept, params![run.0, number, Json(live)]).map(drop)
    }

    /// The turn of an agent is over: of what is still on its way to it nobody will know any more. Gives the numbers.
    pub fn lose_sight_of_guidance(&self, run: RunId) -> Result<Vec<u32>, StoreError> {
        let mut lost = Vec::new();
        for one in self.guidance(run)? {
            if let Some(live) = one.live.filter(|live| live.fate == LiveFate::Sending) {
                self.set_live(run, one.number, &Live { at: self.now(), fate: LiveFate::Unknown, ..live })?;
                lost.push(one.number);
            }
        }
        Ok(lost)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::domain::{Actor, Live, LiveFate, Millis};
    use crate::store::tests::fixtures::{event, seed};
    use crate::store::{Options, SoFar, Store};

    #[test]
    fn how_far_guidance_has_come_is_told_step_by_step() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let run = store.write_sync(|tx| seed(tx, "one")).unwrap().id;
        let far = || store.read_sync(move |view| view.guidance_so_far(run)).unwrap();
        let so_far = |count, applied, applied_in| Some(SoFar { count, applied, applied_in, live: None });
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
        assert_eq!(far(), so_far(2, 0, None));
        let applied = store.write_sync(move |tx| {
            tx.record(event("applied"))?;
            tx.apply_guidance(run, 1, 4)
        });
        assert_eq!(applied.unwrap(), 1);
        assert_eq!(far(), so_far(2, 1, Some(4)));
        tell("third");
        assert_eq!(far(), so_far(3, 1, Some(4)));
    }
    #[test]
    fn what_is_on_its_way_when_a_turn_ends_is_unknown_and_nothing_else_changes() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let run = store.write_sync(|tx| seed(tx, "one")).unwrap().id;
        let live = |fate| Live { iteration: 2, step: "r1-i2-develop-a1".to_owned(), at: Millis(7), fate };
        let missed = LiveFate::Missed { reason: "it had ended".to_owned() };
        let fates = [LiveFate::Delivered, missed, LiveFate::Sending];
        let written = fates.clone();
        let lost = store.write_sync(move |tx| {
            tx.record(event("told"))?;
            for (number, fate) in (1..).zip(written) {
                tx.insert_guidance(run, &Actor::Engine, "text")?;
                tx.set_live(run, number, &live(fate))?;
            }
            tx.insert_guidance(run, &Actor::Engine, "text")?;
            tx.lose_sight_of_guidance(run)
        });
        assert_eq!(lost.unwrap(), [3]);
        let kept = store.read_sync(move |view| view.guidance(run)).unwrap();
        let kept: Vec<_> = kept.into_iter().map(|one| one.live.map(|live| live.fate)).collect();
        let [delivered, missed, _] = fates;
        assert_eq!(kept, [Some(delivered), Some(missed), Some(LiveFate::Unknown), None]);
    }
}
