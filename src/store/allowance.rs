//! What counts against the caps of projects and days: uses, what is reserved, and what people allowed beyond a cap. All of it
//! is summed up from rows, so that there is no total that could be another than its parts.

use super::columns::Word;
use super::{StoreError, Tx, View};
use crate::domain::{
    Account, Caps, Day, Left, Measure, ProjectId, QuestionId, Reached, Reservation, RunId, Scope, Spent,
};
use rusqlite::{Row, params};

/// So many of a project's last iterations tell what one may use.
const TELLING: u32 = 20;

/// Sums of the amounts in a table that goes by the name `t`. One that has no room in an integer is the greatest that has:
/// agents may state what they like.
const SUMS: &str = "CAST(total(t.iterations) AS INTEGER), CAST(total(t.milliseconds) AS INTEGER),
    CAST(total(t.tokens) AS INTEGER), CAST(total(t.microusd) AS INTEGER)";

fn amounts(row: &Row<'_>, first: usize) -> rusqlite::Result<Spent> {
    Ok(Spent {
        iterations: u32::try_from(row.get::<_, i64>(first)?).unwrap_or(u32::MAX),
        milliseconds: row.get(first + 1)?,
        tokens: row.get(first + 2)?,
        microusd: row.get(first + 3)?,
    })
}

fn reservation(row: &Row<'_>) -> rusqlite::Result<Reservation> {
    Ok(Reservation {
        run: RunId(row.get("run")?),
        iteration: row.get("iteration")?,
        attempt: row.get("attempt")?,
        day: Day(row.get("day")?),
        held: Spent {
            iterations: row.get("iterations")?,
            milliseconds: row.get("milliseconds")?,
            tokens: row.get("tokens")?,
            microusd: row.get("microusd")?,
        },
    })
}

/// Day and project of a scope, for the columns.
fn place(scope: Scope) -> (Option<i64>, Option<i64>) {
    (scope.day().map(|day| day.0), scope.project().map(|project| project.0))
}

impl View<'_> {
    /// How things stand in a scope that has these caps.
    pub fn account(&self, scope: Scope, caps: Caps) -> Result<Account, StoreError> {
        Ok(Account {
            scope,
            caps,
            granted: self.granted(scope)?,
            used: self.sum("usage", scope)?,
            reserved: self.sum("reservations", scope)?,
        })
    }

    fn sum(&self, table: &str, scope: Scope) -> Result<Spent, StoreError> {
        let (day, project) = place(scope);
        let from = match scope {
            Scope::Day { .. } => format!("{table} AS t WHERE t.day = ?1 AND ?2 IS NULL"),
            Scope::Project { .. } => {
                format!("runs JOIN {table} AS t ON t.run = runs.id WHERE ?1 IS NULL AND runs.project = ?2")
            }
            Scope::ProjectDay { .. } => {
                format!("{table} AS t JOIN runs ON runs.id = t.run WHERE t.day = ?1 AND runs.project = ?2")
            }
        };
        let sums = self.one(&format!("SELECT {SUMS} FROM {from}"), params![day, project], |row| amounts(row, 0))?;
        Ok(sums.unwrap_or_default())
    }

    /// What people allowed in a scope beyond the cap.
    fn granted(&self, scope: Scope) -> Result<Spent, StoreError> {
        let (day, project) = place(scope);
        let rows = self.many(
            "SELECT measure, CAST(total(amount) AS INTEGER) FROM grants WHERE day IS ?1 AND project IS ?2 GROUP BY measure",
            params![day, project],
            |row| Ok((row.get::<_, Word<Measure>>(0)?.0, row.get::<_, u64>(1)?)),
        )?;
        let mut granted = Spent::default();
        for (measure, amount) in rows {
            granted.set(measure, amount);
        }
        Ok(granted)
    }

    /// What is reserved for a run's iteration under way.
    pub fn reservation(&self, run: RunId) -> Result<Option<Reservation>, StoreError> {
        self.one("SELECT * FROM reservations WHERE run = ?1", [run.0], reservation)
    }

    /// Everything that is reserved, by run.
    pub fn reservations(&self) -> Result<Vec<Reservation>, StoreError> {
        self.many("SELECT * FROM reservations ORDER BY run", [], reservation)
    }

    /// The most that one of a project's last iterations has used, measure by measure; `None` where none has used anything yet.
    pub fn greatest_use(&self, project: ProjectId) -> Result<Option<Spent>, StoreError> {
        let sql = format!(
            "SELECT {SUMS} FROM usage AS t WHERE t.iteration > 0 AND t.kind <> 'earlier' AND t.run IN
                 (SELECT id FROM runs WHERE project = ?1 AND spent_milliseconds > 0 ORDER BY id DESC LIMIT ?2)
             GROUP BY t.run, t.iteration ORDER BY max(t.id) DESC LIMIT ?2"
        );
        let last = self.many(&sql, params![project.0, TELLING], |row| amounts(row, 0))?;
        Ok(last.into_iter().reduce(|a, b| Spent {
            iterations: a.iterations.max(b.iterations),
            milliseconds: a.milliseconds.max(b.milliseconds),
            tokens: a.tokens.max(b.tokens),
            microusd: a.microusd.max(b.microusd),
        }))
    }
}

impl Tx<'_> {
    /// Reserves what a run's next iteration may use; what was reserved for it before is given back.
    pub fn reserve(&self, new: &Reservation) -> Result<(), StoreError> {
        let held = new.held;
        self.change(
            "INSERT OR REPLACE INTO reservations (run, iteration, attempt, day, iterations, milliseconds, tokens, microusd)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                new.run.0,
                new.iteration,
                new.attempt,
                new.day.0,
                held.iterations,
                held.milliseconds,
                held.tokens,
                held.microusd
            ],
        )?;
        Ok(())
    }

    /// Gives back what is not needed any more of a run's reservation, after `used` was entered into the ledger.
    pub fn settle_reservation(&self, run: RunId, used: Spent, left: Left) -> Result<(), StoreError> {
        let Some(mut reservation) = self.reservation(run)? else { return Ok(()) };
        let held = reservation.held;
        reservation.held = match left {
            Left::Tests => Spent { milliseconds: held.milliseconds.saturating_sub(used.milliseconds), ..one(held) },
            Left::Gates => one(held),
            Left::Nothing => {
                self.change("DELETE FROM reservations WHERE run = ?1", [run.0])?;
                return Ok(());
            }
        };
        self.reserve(&reservation)
    }

    /// Allows what a question asked for, once: not where the cap has been raised since, and not on a day that is over, for
    /// which nobody needs it any more.
    pub fn grant(&self, question: QuestionId, reached: &Reached) -> Result<bool, StoreError> {
        let now = self.now();
        let (day, project) = place(reached.scope);
        let over = reached.scope.day().is_some_and(|day| day < Day::of(now));
        if over || self.granted(reached.scope)?.of(reached.measure) != reached.granted {
            return Ok(false);
        }
        self.insert(
            "INSERT INTO grants (question, project, day, measure, amount, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![question.0, project, day, Word(reached.measure), reached.more, now.0],
        )?;
        Ok(true)
    }
}

/// The iteration of a reservation alone.
fn one(held: Spent) -> Spent {
    Spent { iterations: held.iterations, ..Spent::default() }
}
