//! How well the loops do without people: everything is counted from the rows that there are, no total is kept.

use super::{StoreError, View};
use crate::domain::{Day, LoopMetrics, Tally};
use rusqlite::params;
use std::collections::BTreeMap;

/// Runs that ended in a span, each with what is counted of it.
const ENDED: &str = "SELECT r.state, r.updated, r.spent_iterations,
    r.updated - (SELECT min(s.started) FROM steps s WHERE s.run = r.id) AS took,
    EXISTS (SELECT 1 FROM questions q JOIN answers a ON a.question = q.id WHERE q.run = r.id)
        OR EXISTS (SELECT 1 FROM question_runs s JOIN answers a ON a.question = s.question WHERE s.run = r.id)
        OR EXISTS (SELECT 1 FROM guidance g WHERE g.run = r.id) AS helped,
    EXISTS (SELECT 1 FROM questions q WHERE q.run = r.id AND q.kind = 'stuck') AS stuck
    FROM runs r WHERE r.origin ->> 'origin' <> 'schedule' AND r.state IN ('succeeded', 'failed', 'cancelled') AND r.updated >= ?1";

impl View<'_> {
    /// What came of the runs that ended since the beginning of a day.
    pub fn metrics(&self, from: Day, today: Day) -> Result<LoopMetrics, StoreError> {
        let begin = from.begin().0;
        let mut days: BTreeMap<Day, Tally> = BTreeMap::new();
        let mut green = Vec::new();
        let rows = self.many(ENDED, [begin], |row| {
            Ok((
                row.get::<_, String>("state")?,
                Day::of(crate::domain::Millis(row.get("updated")?)),
                row.get::<_, u64>("spent_iterations")?,
                row.get::<_, Option<i64>>("took")?,
                row.get::<_, bool>("helped")?,
                row.get::<_, bool>("stuck")?,
            ))
        })?;
        for (state, day, iterations, took, helped, stuck) in rows {
            let tally = days.entry(day).or_default();
            tally.stuck += u64::from(stuck);
            match state.as_str() {
                "succeeded" => {
                    tally.succeeded += 1;
                    tally.iterations += iterations;
                    tally.alone += u64::from(!helped);
                    green.extend(took.and_then(|took| u64::try_from(took).ok()));
                }
                "failed" => tally.failed += 1,
                _ => tally.cancelled += 1,
            }
        }
        let spent = "SELECT day, sum(tokens), sum(microusd) FROM usage WHERE day >= ?1 GROUP BY day
                     HAVING sum(tokens) > 0 OR sum(microusd) > 0";
        for (day, tokens, microusd) in
            self.many(spent, [from.0], |row| Ok((Day(row.get(0)?), row.get::<_, u64>(1)?, row.get::<_, u64>(2)?)))?
        {
            let tally = days.entry(day).or_default();
            (tally.tokens, tally.microusd) = (tokens, microusd);
        }
        let mut total = Tally::default();
        for tally in days.values() {
            total.add(tally);
        }
        Ok(LoopMetrics {
            days: (from, today),
            total,
            by_day: days.into_iter().collect(),
            interventions: self.interventions(begin)?,
            to_green: middle_and_most(green),
            memory: self.counted("SELECT outcome, count(*) FROM offers WHERE at >= ?1 GROUP BY outcome", begin)?,
        })
    }

    /// What people did since an instant, by kind.
    fn interventions(&self, begin: i64) -> Result<BTreeMap<String, u64>, StoreError> {
        let answered = "SELECT q.kind, count(*) FROM answers a JOIN questions q ON q.id = a.question WHERE a.at >= ?1 GROUP BY q.kind";
        let mut all = self.counted(answered, begin)?;
        let redirects = self.one("SELECT count(*) FROM guidance WHERE at >= ?1", params![begin], |row| row.get(0))?;
        if let Some(redirects) = redirects.filter(|count| *count > 0) {
            all.insert("redirect".to_owned(), redirects);
        }
        Ok(all)
    }

    fn counted(&self, sql: &str, begin: i64) -> Result<BTreeMap<String, u64>, StoreError> {
        Ok(self.many(sql, [begin], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
    }
}

/// The middle one of some spans, and the one that nineteen of twenty do not pass.
fn middle_and_most(mut spans: Vec<u64>) -> Option<(u64, u64)> {
    spans.sort_unstable();
    let last = spans.len().checked_sub(1)?;
    Some((*spans.get(last / 2)?, *spans.get(last * 19 / 20)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::{Actor, Millis, QuestionKind, RunState};
    use crate::store::tests::fixtures::{event, seed};
    use crate::store::{Ask, Options, Store};

    #[test]
    fn who_needed_nobody_is_told_from_who_was_helped() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let metrics = store.write_sync(|tx| {
            for n in 0..5_u32 {
                let mut run = seed(tx, &format!("p{n}"))?;
                if n == 1 || n == 2 {
                    let kind = if n == 1 { QuestionKind::Stuck } else { QuestionKind::Review };
                    let question = tx.insert_question(&Ask {
                        run: Some(run.id),
                        iteration: 1,
                        kind,
                        title: "t".to_owned(),
                        facts: Vec::new(),
                        reached: Vec::new(),
                        digest: None,
                        deadline: None,
                    })?;
                    tx.answer_question(question, true, "", &Actor::Engine)?;
                }
                run.state =
                    [RunState::Succeeded, RunState::Succeeded, RunState::Failed, RunState::Cancelled, RunState::Queued]
                        [n as usize];
                run.spent.iterations = n + 1;
                run.updated = tx.now();
                tx.update_run(&run)?;
            }
            tx.record(event("filled"))?;
            let today = Day::of(tx.now());
            tx.metrics(today, today)
        });
        let metrics = metrics.unwrap();
        let told =
            Tally { succeeded: 2, failed: 1, cancelled: 1, alone: 1, stuck: 1, iterations: 3, tokens: 0, microusd: 0 };
        assert_eq!((metrics.total, metrics.by_day.len()), (told, 1));
        assert_eq!(
            (told.autonomy(), told.iterations_each(), Tally::default().autonomy()),
            (Some(250), Some(1500), None)
        );
        assert_eq!(
            metrics.interventions.into_iter().collect::<Vec<_>>(),
            [("review".to_owned(), 1), ("stuck".to_owned(), 1)]
        );
        let tomorrow = Day::of(Millis(i64::MAX / 2));
        let later = store.read_sync(move |view| view.metrics(tomorrow, tomorrow)).unwrap();
        assert_eq!((later.total, later.by_day.len(), later.to_green), (Tally::default(), 0, None));
    }

    #[test]
    fn spans_are_ordered_before_they_are_told() {
        assert_eq!(middle_and_most(Vec::new()), None);
        assert_eq!(middle_and_most(vec![7]), Some((7, 7)));
        assert_eq!(middle_and_most((1..=100).rev().collect()), Some((50, 95)));
    }
}
