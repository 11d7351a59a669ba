//! Requests to models.

use super::{StoreError, Tx, View};
use crate::domain::{Millis, RequestSum, RunId, Tokens, Usage};
use crate::models::{Asked, Took};
use rusqlite::params;
use std::collections::HashMap;

/// Most sums that are given at once.
const MOST: u32 = 500;

impl View<'_> {
    /// What a run asked of models, by iteration and model, newest last.
    pub fn requests(&self, run: RunId) -> Result<Vec<RequestSum>, StoreError> {
        let sql = "SELECT iteration, provider, model, count(*), sum(state <> 'open' AND status NOT BETWEEN 200 AND 299), sum(said = 0),
                 sum(input), sum(output), sum(cached), sum(cache_write), sum(microusd), max(started), max(id) AS newest
             FROM requests WHERE run = ?1 GROUP BY iteration, provider, model ORDER BY newest DESC LIMIT ?2";
        let mut sums = self.many(sql, params![run.0, MOST], |row| {
            Ok(RequestSum {
                iteration: row.get(0)?,
                provider: row.get(1)?,
                model: row.get(2)?,
                requests: row.get(3)?,
                failed: row.get(4)?,
                reckoned: row.get(5)?,
                tokens: Tokens {
                    input: row.get(6)?,
                    output: row.get(7)?,
                    cached: row.get(8)?,
                    cache_write: row.get(9)?,
                },
                microusd: row.get(10)?,
                last: Millis(row.get(11)?),
            })
        })?;
        sums.reverse();
        Ok(sums)
    }

    /// What the requests of all runs took that are not in what the runs have spent yet.
    pub fn pending(&self) -> Result<HashMap<RunId, Usage>, StoreError> {
        let sql = "SELECT run, sum(input + output + cached + cache_write), sum(microusd) FROM requests WHERE counted < 2 GROUP BY run";
        let sums =
            self.many(sql, [], |row| Ok((RunId(row.get(0)?), Usage { tokens: row.get(1)?, microusd: row.get(2)? })))?;
        Ok(sums.into_iter().collect())
    }

    /// What a run's requests took that are not in what it has spent yet; nothing where there are none.
    pub fn uncounted(&self, run: RunId) -> Result<Option<Usage>, StoreError> {
        let sql = "SELECT count(*), coalesce(sum(input + output + cached + cache_write), 0), coalesce(sum(microusd), 0)
             FROM requests WHERE run = ?1 AND counted < 2";
        let sum = self.one(sql, [run.0], |row| {
            let count: u64 = row.get(0)?;
            Ok((count > 0).then_some(Usage { tokens: row.get(1)?, microusd: row.get(2)? }))
        })?;
        Ok(sum.flatten())
    }
}

impl Tx<'_> {
    /// Stores a request that is about to be sent, with what it may take.
    pub fn begin_request(&self, asked: &Asked) -> Result<i64, StoreError> {
        let (tokens, microusd) = asked.likely;
        self.insert(
            "INSERT INTO requests (run, iteration, provider, model, state, status, input, output, cached, cache_write, microusd, said,
                 counted, started)
             VALUES (?1, ?2, ?3, ?4, 'open', 0, ?5, ?6, ?7, ?8, ?9, 0, 0, ?10)",
            params![
                asked.run.0,
                asked.iteration,
                asked.provider,
                asked.model,
                tokens.input,
                tokens.output,
                tokens.cached,
                tokens.cache_write,
                microusd,
                self.now().0
            ],
        )
    }

    /// Stores what a request took, and gives its run. Nothing where it is over already.
    pub fn settle_request(&self, id: i64, took: &Took) -> Result<Option<RunId>, StoreError> {
        let Tokens { input, output, cached, cache_write } = took.tokens;
        let changed = self.change(
            "UPDATE requests SET state = 'settled', status = ?2, input = ?3, output = ?4, cached = ?5, cache_write = ?6, microusd = ?7,
                 said = ?8, ended = ?9
             WHERE id = ?1 AND state = 'open'",
            params![id, took.status, input, output, cached, cache_write, took.microusd, took.said, self.now().0],
        )?;
        if changed == 0 {
            return Ok(None);
        }
        self.one("SELECT run FROM requests WHERE id = ?1", [id], |row| row.get(0).map(RunId))
    }

    /// Ends the requests of a run that nobody sees the end of any more: they count with what they might have taken. Then puts
    /// all that is not in what the run has spent into one sum, and gives that; nothing where there are none. Repeating it
    /// gives the same and what came meanwhile.
    pub fn sum_requests(&self, run: RunId) -> Result<Option<Usage>, StoreError> {
        self.change(
            "UPDATE requests SET state = 'cut', ended = ?2 WHERE run = ?1 AND state = 'open'",
            params![run.0, self.now().0],
        )?;
        self.change("UPDATE requests SET counted = 1 WHERE run = ?1 AND counted = 0", [run.0])?;
        self.uncounted(run)
    }

    /// Says that the sum is in what the run has spent now.
    pub fn book_requests(&self, run: RunId) -> Result<(), StoreError> {
        self.change("UPDATE requests SET counted = 2 WHERE run = ?1 AND counted = 1", [run.0]).map(drop)
    }
}
