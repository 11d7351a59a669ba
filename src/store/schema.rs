//! Which tables there are: made by the migrations, and compared with what a database really has.

use include_dir::{Dir, include_dir};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite_migration::Migrations;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

static MIGRATIONS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// Each table, index, trigger and view by name, with the text that made it.
type Schema = BTreeMap<String, Option<String>>;

/// The newest schema this program knows: the number of migrations.
pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.dirs().count()).unwrap_or(i64::MAX)
}

/// Brings a database to the newest schema.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    Migrations::from_directory(&MIGRATIONS)?.to_latest(conn)
}

/// An empty database of the newest schema, made once: the simulator makes thousands of stores, and to copy pages is much
/// cheaper than to make every table again.
static EMPTY: Mutex<Option<Connection>> = Mutex::new(None);

/// Copies the newest schema into an empty database in memory.
pub(super) fn lay(conn: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    let mut empty = EMPTY.lock().unwrap_or_else(PoisonError::into_inner);
    let from = match &mut *empty {
        Some(made) => made,
        none => {
            let mut made = Connection::open_in_memory()?;
            migrate(&mut made)?;
            none.insert(made)
        }
    };
    let copied = Backup::new(from, conn)?.step(-1)?;
    // Nobody else has either of the two; should it be so all the same, the migrations make what is missing.
    if matches!(copied, StepResult::Done) { Ok(()) } else { migrate(conn) }
}

/// What differs from the schema with this number, in words. A trigger that somebody put in would write what no job did, and
/// a table that is missing would fail the first that needs it.
pub(super) fn difference(conn: &Connection, number: i64) -> Result<Option<String>, rusqlite_migration::Error> {
    let mut right = Connection::open_in_memory()?;
    let steps = usize::try_from(number).unwrap_or_default();
    Migrations::from_directory(&MIGRATIONS)?.to_version(&mut right, steps)?;
    let (right, found) = (schema(&right)?, schema(conn)?);
    let missing = right.iter().find(|(name, _)| !found.contains_key(*name)).map(|(name, _)| (name, "is missing"));
    let other = || found.iter().find(|(name, sql)| right.get(*name).is_some_and(|right| right != *sql));
    let more = || found.keys().find(|name| !right.contains_key(*name));
    let first = missing.or_else(|| other().map(|(name, _)| (name, "is another one")));
    let first = first.or_else(|| more().map(|name| (name, "does not belong there")));
    Ok(first.map(|(name, what)| format!("`{name}` of schema {number} {what}")))
}

fn schema(conn: &Connection) -> rusqlite::Result<Schema> {
    let mut statement = conn.prepare("SELECT name, sql FROM sqlite_schema")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_ledger_that_told_no_time_is_completed_from_the_runs() {
        let mut conn = Connection::open_in_memory().unwrap();
        Migrations::from_directory(&MIGRATIONS).unwrap().to_version(&mut conn, 3).unwrap();
        let run = |spent: (u32, u64), updated: i64| {
            format!(
                "INSERT INTO runs (project, task, criteria, owner, origin, agent, state, iteration, attempt, losses, troubles,
                     instant_failures, budget_iterations, spent_iterations, spent_milliseconds, spent_tokens, spent_microusd,
                     reason, version, created, updated)
                 VALUES (1, 't', '[]', '{{}}', '{{}}', 'a', 'succeeded', 4, 1, 0, 0, 0, 9, {}, {}, 7, 0, '', 1, 0, {updated});",
                spent.0, spent.1
            )
        };
        conn.execute_batch(&format!(
            "INSERT INTO projects (name, source, created) VALUES ('shop', '/shop', 0);
             {} {}
             INSERT INTO usage (run, iteration, kind, tokens, microusd, at) VALUES (1, 2, 'agent', 7, 0, 86400001);",
            run((3, 500), 2 * 86_400_000 + 5),
            run((0, 0), 5)
        ))
        .unwrap();
        migrate(&mut conn).unwrap();
        let mut rows =
            conn.prepare("SELECT run, kind, iterations, milliseconds, tokens, day FROM usage ORDER BY id").unwrap();
        let rows = rows.query_map([], |row| {
            let (run, kind): (i64, String) = (row.get(0)?, row.get(1)?);
            let numbers: [i64; 4] = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
            Ok((run, kind, numbers))
        });
        let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        assert_eq!(rows, [(1, "agent".to_owned(), [0, 0, 7, 1]), (1, "earlier".to_owned(), [3, 500, 0, 2])]);
    }

    #[test]
    fn bugs_that_runs_saw_keep_their_counts_when_people_may_tell_others() {
        let mut conn = Connection::open_in_memory().unwrap();
        Migrations::from_directory(&MIGRATIONS).unwrap().to_version(&mut conn, 3).unwrap();
        conn.execute_batch(
            "INSERT INTO projects (name, source, created) VALUES ('shop', '/shop', 0);
             INSERT INTO runs (project, task, criteria, owner, origin, agent, state, iteration, attempt, losses, troubles,
                 instant_failures, budget_iterations, spent_iterations, spent_milliseconds, spent_tokens, spent_microusd, reason,
                 version, created, updated) VALUES (1, 't', '[]', '{}', '{}', 'a', 'failed', 1, 1, 0, 0, 0, 9, 0, 0, 0, 0, '', 1, 0, 0);
             INSERT INTO bugs (exact, class, source, kind, message, stack, state, seen, first_run, first_seen, last_run, last_seen)
             VALUES ('e', 'c', 'test', 'KeyError', 'no price', '[]', 'open', 7, 1, 5, 1, 6);
             INSERT INTO findings (run, iteration, bug, source, kind, severity, message, stack, exact, class, count)
             VALUES (1, 1, 1, 'test', 'KeyError', 'error', 'no price', '[]', 'e', 'c', 1);",
        )
        .unwrap();
        migrate(&mut conn).unwrap();
        let kept: (i64, i64, i64, Option<i64>) = conn
            .query_row("SELECT seen, first_run, last_seen, merged_into FROM bugs", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .unwrap();
        assert_eq!(kept, (7, 1, 6, None));
        let words = "SELECT count(*) FROM bug_words WHERE bug_words MATCH 'price'";
        assert_eq!(conn.query_row(words, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }

    #[test]
    fn what_was_known_of_live_systems_as_text_becomes_assets_that_nothing_reaches() {
        let mut conn = Connection::open_in_memory().unwrap();
        Migrations::from_directory(&MIGRATIONS).unwrap().to_version(&mut conn, 13).unwrap();
        conn.execute_batch(
            "INSERT INTO entries (kind, project, name, text, criteria, by, at) VALUES
                 ('feature', NULL, 'refunds', 'give it back', '[]', '{\"kind\":\"engine\"}', 5),
                 ('asset', NULL, 'The DB; in the cellar', 'mind the step', '[]', '{\"kind\":\"engine\"}', 6);",
        )
        .unwrap();
        migrate(&mut conn).unwrap();
        let asset: (String, String, String) = conn
            .query_row("SELECT name, reach ->> 'by', note FROM assets", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        let told = ("entry-2".to_owned(), "nowhere".to_owned(), "The DB; in the cellar: mind the step".to_owned());
        assert_eq!(asset, told);
        let left: (i64, String) =
            conn.query_row("SELECT id, name FROM entries", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(left, (1, "refunds".to_owned()));
    }

    #[test]
    fn what_was_registered_as_a_feature_becomes_one_of_each_project_that_it_was_there_for() {
        let mut conn = Connection::open_in_memory().unwrap();
        Migrations::from_directory(&MIGRATIONS).unwrap().to_version(&mut conn, 20).unwrap();
        conn.execute_batch(
            "INSERT INTO projects (name, source, created) VALUES ('shop', '/shop', 0), ('farm', '/farm', 0);
             INSERT INTO entries (kind, project, name, text, criteria, by, at) VALUES
                 ('feature', NULL, 'dark', 'at night', '[]', '{\"kind\":\"engine\"}', 5),
                 ('feature', 1, 'refunds', 'give it back', '[\"in a day\"]', '{\"kind\":\"engine\"}', 6),
                 ('dataset', 1, 'orders', 'of May', '[]', '{\"kind\":\"engine\"}', 7);",
        )
        .unwrap();
        migrate(&mut conn).unwrap();
        let mut rows = conn.prepare("SELECT project, title, criteria FROM features ORDER BY id").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let rows: Vec<(i64, String, String)> = rows.unwrap().map(Result::unwrap).collect();
        let told = [(1, "dark", "[]"), (2, "dark", "[]"), (1, "refunds", "[\"in a day\"]")];
        assert_eq!(rows, told.map(|(project, title, criteria)| (project, title.to_owned(), criteria.to_owned())));
        let left: String = conn.query_row("SELECT group_concat(name) FROM entries", [], |row| row.get(0)).unwrap();
        assert_eq!(left, "orders");
    }
}
