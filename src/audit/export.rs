//! The log as text that stands on its own: one line a record, its hash, a space, its exact bytes.

use super::record;
use super::verify::Walk;
use super::{Head, Verdict, VerifyError};
use rusqlite::Connection;
use std::io::{BufRead, Read, Write};

/// A line's longest form: 64 digits, a space, a record, a line break.
const LINE: u64 = record::LIMIT as u64 + 66;

/// Writes the whole log and gives the number of records.
pub fn export(conn: &Connection, out: &mut dyn Write) -> Result<u64, VerifyError> {
    let mut statement = conn.prepare("SELECT hash, record FROM audit ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut events = 0;
    while let Some(row) = rows.next()? {
        let hash: Vec<u8> = row.get(0)?;
        let record: Vec<u8> = row.get(1)?;
        out.write_all(record::hex(&hash).as_bytes())?;
        out.write_all(b" ")?;
        out.write_all(&record)?;
        out.write_all(b"\n")?;
        events += 1;
    }
    out.flush()?;
    Ok(events)
}

/// Checks an export, against a head where one is known.
pub fn verify_export(input: &mut dyn BufRead, head: Option<Head>) -> Result<Verdict, VerifyError> {
    walk_lines(input, Walk::from_start(head))
}

/// Checks lines that begin after the record `after`.
#[cfg(test)]
pub(super) fn verify_part(input: &mut dyn BufRead, after: u64) -> Result<Verdict, VerifyError> {
    walk_lines(input, if after == 0 { Walk::from_start(None) } else { Walk::from_middle(after, None) })
}

fn walk_lines(input: &mut dyn BufRead, mut walk: Walk) -> Result<Verdict, VerifyError> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut *input).take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(walk.verdict("no head was given to check against"));
        }
        let at = walk.next();
        let broken = |reason: &str| Ok(Verdict::Broken { at, reason: reason.to_owned() });
        let Some(text) = line.strip_suffix(b"\n") else {
            return broken("its line is cut off or too long");
        };
        let Some((digits, rest)) = text.split_at_checked(64) else {
            return broken("its line is too short");
        };
        let (Some(hash), Some(bytes)) = (record::parse_hash(digits), rest.strip_prefix(b" ")) else {
            return broken("its line does not begin with a hash and a space");
        };
        if let Err(reason) = walk.step(bytes, &hash) {
            return broken(&reason);
        }
    }
}
