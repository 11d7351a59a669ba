//! What the watchdog was told of each iteration, and what it said.

use super::columns::{Json, json};
use super::{StoreError, Tx, View};
use crate::domain::RunId;
use crate::watchdog::{Round, Verdict};
use rusqlite::params;

impl View<'_> {
    /// What the watchdog was told of a run, in order, and what it said each time.
    pub fn watched(&self, run: RunId) -> Result<Vec<(Round, Verdict)>, StoreError> {
        let sql = "SELECT round, verdict FROM watched WHERE run = ?1 ORDER BY iteration";
        self.many(sql, [run.0], |row| Ok((json(row, "round")?, json(row, "verdict")?)))
    }

    /// What the watchdog said of a run, in order.
    pub fn watch_verdicts(&self, run: RunId) -> Result<Vec<Verdict>, StoreError> {
        self.many("SELECT verdict FROM watched WHERE run = ?1 ORDER BY iteration", [run.0], |row| json(row, "verdict"))
    }
}

impl Tx<'_> {
    /// Stores what the watchdog was told of an iteration and what it said; judging the same iteration again replaces it.
    pub fn put_watched(&self, run: RunId, iteration: u32, round: &Round, verdict: &Verdict) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO watched (run, iteration, round, verdict) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (run, iteration) DO UPDATE SET round = excluded.round, verdict = excluded.verdict",
            params![run.0, iteration, Json(round), Json(verdict)],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::store::tests::fixtures::{event, seed};
    use crate::store::{Options, Store};
    use crate::watchdog::{Event, Round, Thresholds, Verdict, Watchdog};

    #[test]
    fn what_was_told_and_said_is_given_in_order() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let run = store.write_sync(|tx| seed(tx, "one")).unwrap().id;
        let mut watchdog = Watchdog::new(Thresholds::default());
        let mut put = |n: u64, failing: &str| -> (Round, Verdict) {
            let round = Round { n, failing: Some(vec![failing.to_owned()]), cost_usd: Some(0.25), ..Round::default() };
            let verdict = watchdog.take(&Event::Iteration(Box::new(round.clone()))).unwrap();
            let kept = (round.clone(), verdict.clone());
            let write = store.write_sync(move |tx| {
                tx.record(event("told"))?;
                tx.put_watched(run, u32::try_from(n).unwrap(), &round, &verdict)
            });
            write.unwrap();
            kept
        };
        let all = vec![put(1, "a"), put(10, "b"), put(11, "c")];
        let read = store.read_sync(move |view| Ok((view.watched(run)?, view.watch_verdicts(run)?))).unwrap();
        assert_eq!(read.0, all);
        assert_eq!(read.1, all.iter().map(|(_, verdict)| verdict.clone()).collect::<Vec<_>>());
        let again = put(11, "a");
        assert_eq!(store.read_sync(move |view| view.watched(run)).unwrap().last(), Some(&again));
    }
}
