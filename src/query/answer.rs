//! Runs one statement behind the walls.

use super::{Asked, Rows, Told, tables_told, walls};
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Connection, Error, ErrorCode, Statement};
use serde_json::{Value, json};

/// Most bytes of an answer.
const BYTES: usize = 1 << 20;
/// Most rows of an answer.
pub(super) const ROWS: u32 = 1_000;

/// What a statement selects. The walls are up already.
pub(super) fn answer(conn: &Connection, asked: &Asked) -> Told {
    if let Some(refused) = walls::unreadable(&asked.sql) {
        return Told::Refused(refused);
    }
    match selected(conn, asked) {
        Ok(told) => told,
        Err(error) => Told::Refused(words(&error, asked)),
    }
}

fn selected(conn: &Connection, asked: &Asked) -> rusqlite::Result<Told> {
    let refused = |words: &str| Ok(Told::Refused(words.to_owned()));
    let mut batch = Batch::new(conn, &asked.sql);
    let Some(mut statement) = batch.next()? else { return refused("this is no statement: write one SELECT") };
    // What comes after the first is never compiled where that alone would be refused.
    match batch.next() {
        Ok(None) => {}
        _ => return refused("this is more than one statement: write one SELECT"),
    }
    if !statement.readonly() || statement.is_explain() != 0 || statement.column_count() == 0 {
        return refused("only SELECT is answered");
    }
    rows(&mut statement, asked.most.min(ROWS) as usize)
}

fn rows(statement: &mut Statement<'_>, most: usize) -> rusqlite::Result<Told> {
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let count = columns.len();
    let mut bytes: usize = columns.iter().map(String::len).sum();
    let mut told = Rows { columns, ..Rows::default() };
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if told.rows.len() == most {
            told.more = true;
            break;
        }
        let mut cells = Vec::with_capacity(count);
        for place in 0..count {
            let cell = cell(row.get_ref(place)?);
            bytes += cell.as_str().map_or(16, str::len) + 4;
            cells.push(cell);
        }
        if bytes > BYTES {
            let words =
                "the answer would be larger than 1 MiB: select fewer rows or columns, or parts of texts by substr";
            return Ok(Told::Refused(words.to_owned()));
        }
        told.rows.push(cells);
    }
    Ok(Told::Rows(told))
}

fn cell(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!(number),
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => json!(format!("{} bytes that are no text", bytes.len())),
    }
}

/// Why `SQLite` refuses, in words that help.
fn words(error: &Error, asked: &Asked) -> String {
    let said = match error {
        Error::SqliteFailure(_, Some(said)) => said.clone(),
        Error::SqlInputError { msg, .. } => msg.clone(),
        error => error.to_string(),
    };
    let code = error.sqlite_error_code();
    match code {
        Some(ErrorCode::OperationInterrupted) => {
            format!("the statement took longer than {} s and was stopped: ask for less", walls::TIME.as_secs())
        }
        Some(ErrorCode::OutOfMemory) => "the statement needs more memory than it may: ask for less".to_owned(),
        Some(ErrorCode::TooBig) => "a value in it is larger than 1 MiB: ask for less".to_owned(),
        Some(ErrorCode::AuthorizationForStatementDenied) => format!(
            "{said}: one SELECT may read these tables, with functions that only compute: {}",
            tables_told(&asked.data)
        ),
        _ if said.starts_with("no such table") => format!("{said}: there are {}", tables_told(&asked.data)),
        _ => said,
    }
}
