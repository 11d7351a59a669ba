//! What an agent's statement may do: read the tables that were copied, by functions that only compute. Whatever is not named
//! here is refused, so a newer `SQLite` brings nothing in.

use super::Asked;
use super::tables;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long a statement may take.
pub(super) const TIME: Duration = Duration::from_secs(2);
/// Longest statement in bytes.
const LONGEST: usize = 16 * 1024;
/// Largest single value in bytes.
const VALUE: i32 = 1 << 20;
/// Instructions of `SQLite` between two looks at the clock.
const STEPS: i32 = 1_000;
/// Memory that `SQLite` may use, the copied rows included.
const HEAP: &str = "PRAGMA hard_heap_limit = 100663296; PRAGMA query_only = ON;";

/// Functions that only compute, and whose results are no larger than a value may be.
const FUNCTIONS: &[&str] = &[
    "->",
    "->>",
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json_array_length",
    "json_extract",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "printf",
    "quote",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "time",
    "timediff",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unicode",
    "unixepoch",
    "upper",
];

/// Why a statement is not even read, if so.
pub(super) fn unreadable(sql: &str) -> Option<String> {
    let unfit = sql.len() > LONGEST || sql.contains('\0');
    unfit.then(|| format!("a statement is text of at most {LONGEST} bytes"))
}

/// Puts the walls around a connection, for one statement from now on.
pub(super) fn raise(conn: &Connection, asked: &Asked) -> rusqlite::Result<()> {
    conn.execute_batch(HEAP)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A misspelt column is an error, not a text.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, VALUE),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, i32::try_from(LONGEST).unwrap_or(i32::MAX)),
        (Limit::SQLITE_LIMIT_COLUMN, 100),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 20),
        (Limit::SQLITE_LIMIT_VDBE_OP, 50_000),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 20),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 0),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        conn.set_limit(limit, most)?;
    }
    let names: Vec<&'static str> = tables::of(&asked.data).map(|table| table.name).collect();
    let modules = modules(conn)?;
    conn.authorizer(Some(move |context: AuthContext<'_>| judge(&names, &modules, &context)))?;
    let end = Instant::now() + TIME;
    conn.progress_handler(STEPS, Some(move || Instant::now() > end))
}

/// The names of tables that are there without having been made; those of pragmas and of JSON come only when they are used.
fn modules(conn: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = conn.prepare("SELECT lower(name) FROM pragma_module_list")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn judge(names: &[&str], modules: &BTreeSet<String>, context: &AuthContext<'_>) -> Authorization {
    let allowed = match &context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Read { table_name, .. } if names.contains(table_name) => {
            context.database_name.is_none_or(|name| name == "main")
        }
        // No column is read, only rows are counted: so it is also said of a table that the statement itself defines.
        AuthAction::Read { table_name, column_name: "" } => {
            let name = table_name.to_ascii_lowercase();
            !["sqlite_", "pragma_", "json"].iter().any(|own| name.starts_with(own)) && !modules.contains(&name)
        }
        AuthAction::Function { function_name } => {
            FUNCTIONS.binary_search(&function_name.to_ascii_lowercase().as_str()).is_ok()
        }
        _ => false,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_in_order() {
        assert!(FUNCTIONS.is_sorted());
    }
}
