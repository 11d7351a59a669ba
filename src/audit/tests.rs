//! The chain: every way of touching it shows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod verdicts;

use super::append::{Context, append};
use super::clock::{Clock, Stamp, SystemClock};
use super::{AuditEvent, Head, HeadFile, Verdict, VerifyError, export, verify, verify_export, verify_tail, write_head};
use crate::domain::{Actor, Millis, RunId};
use proptest::prelude::*;
use rusqlite::{Connection, params};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::TempDir;

fn context() -> Context {
    Context { engine: "0123456789abcdef".to_owned(), epoch: 1 }
}

fn stamp(wall: i64) -> Stamp {
    Stamp { wall: Millis(wall), boot: wall, boot_id: "boot".into() }
}

fn table() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    crate::store::migrate_for_tests(&mut conn);
    conn
}

fn add(conn: &Connection, n: i64) {
    let actor = Actor::operator(1000, "ada");
    let event = AuditEvent::new(actor, "run.moved").run(RunId(n)).detail(json!({"from": "queued", "n": n}));
    append(conn, &context(), &stamp(n), &event.provenance("operator")).unwrap();
}

/// A log of `count` events and its anchored head.
fn log(count: i64) -> (Connection, TempDir, PathBuf) {
    let conn = table();
    for n in 1..=count {
        add(&conn, n);
    }
    let dir = TempDir::new().unwrap();
    let head = dir.path().join("chain_head");
    anchor(&conn, &head);
    (conn, dir, head)
}

fn anchor(conn: &Connection, file: &Path) {
    write_head(file, super::chain_head(conn).unwrap().unwrap()).unwrap();
}

/// Makes every record after `from` again, as somebody would who wants an edit to go unseen.
fn chain_anew(conn: &Connection, from: i64) {
    let mut prev: Vec<u8> = conn.query_row("SELECT hash FROM audit WHERE seq = ?1", [from], |r| r.get(0)).unwrap();
    let last: i64 = conn.query_row("SELECT max(seq) FROM audit", [], |r| r.get(0)).unwrap();
    for seq in from + 1..=last {
        let record: Vec<u8> = conn.query_row("SELECT record FROM audit WHERE seq = ?1", [seq], |r| r.get(0)).unwrap();
        let text = String::from_utf8(record).unwrap();
        let at = text.find("\"prev\":\"").unwrap() + 8;
        let text = format!("{}{}{}", &text[..at], super::hex(&prev), &text[at + 64..]);
        prev = super::record::hash(text.as_bytes()).to_vec();
        let sql = "UPDATE audit SET record = ?2, hash = ?3 WHERE seq = ?1";
        conn.execute(sql, params![seq, text.as_bytes(), prev]).unwrap();
    }
}

fn edit(conn: &Connection, seq: i64) {
    let sql = "SELECT replace(CAST(record AS TEXT), 'queued', 'paused') FROM audit WHERE seq = ?1";
    let text: String = conn.query_row(sql, [seq], |row| row.get(0)).unwrap();
    let hash = super::record::hash(text.as_bytes());
    let sql = "UPDATE audit SET record = ?2, hash = ?3 WHERE seq = ?1";
    conn.execute(sql, params![seq, text.as_bytes(), hash]).unwrap();
}

#[test]
fn an_untouched_log_is_intact_and_anchored() {
    let (conn, _dir, head) = log(20);
    let verdict = verify(&conn, &head).unwrap();
    assert_eq!((verdict.clone(), verdict.exit_code()), (Verdict::Anchored { events: 20 }, 0));
    for count in [1, 5, 20, 1000] {
        assert_eq!(verify_tail(&conn, &head, count).unwrap(), verdict);
    }
}

#[test]
fn a_head_that_lags_is_missing_or_damaged_is_said_in_words() {
    let (conn, _dir, head) = log(20);
    for n in 21..=23 {
        add(&conn, n);
    }
    let verdict = verify(&conn, &head).unwrap();
    assert!(matches!(verdict, Verdict::NotAnchored { events: 23, since: 20, .. }), "{verdict}");
    assert_eq!(verdict.exit_code(), 10);
    let text = std::fs::read(&head).unwrap();
    for at in 0..text.len() {
        let mut damaged = text.clone();
        damaged[at] ^= 1;
        std::fs::write(&head, &damaged).unwrap();
        assert!(matches!(HeadFile::read(&head), HeadFile::Damaged(_)), "byte {at}");
        assert!(verify(&conn, &head).unwrap().to_string().contains("does not hold a chain head"));
    }
    std::fs::remove_file(&head).unwrap();
    assert!(verify(&conn, &head).unwrap().to_string().contains("there is no head file"));
}

#[test]
fn a_lost_anchor_is_told_as_long_as_the_log_is_there() {
    for kind in ["store.head_missing", "store.head_damaged"] {
        let (conn, dir, head) = log(20);
        append(&conn, &context(), &stamp(21), &AuditEvent::new(Actor::Engine, kind)).unwrap();
        for n in 22..=25 {
            add(&conn, n);
        }
        anchor(&conn, &head);
        let verdict = verify(&conn, &head).unwrap();
        assert!(matches!(verdict, Verdict::NotAnchored { events: 25, before: 21, since: 25, .. }), "{verdict}");
        assert!(verdict.to_string().starts_with("intact, not anchored before event 21: 25 events; "), "{verdict}");
        assert_eq!(verdict.exit_code(), 10);
        add(&conn, 26);
        let verdict = verify(&conn, &head).unwrap();
        assert!(
            verdict.to_string().starts_with("intact, not anchored before event 21 and since event 25: "),
            "{verdict}"
        );
        // An export tells it too, and nobody gets rid of it by taking the event out.
        let mut text = Vec::new();
        export(&conn, &mut text).unwrap();
        let HeadFile::Head(anchored) = HeadFile::read(&head) else { panic!("no head") };
        assert_eq!(verify_export(&mut &text[..], Some(anchored)).unwrap(), verdict);
        conn.execute("DELETE FROM audit WHERE seq = 21", []).unwrap();
        assert_eq!(verify(&conn, &head).unwrap().exit_code(), 12);
        drop(dir);
    }
}

#[test]
fn an_epoch_that_falls_or_another_engine_breaks_the_chain() {
    let later = Context { epoch: 7, ..context() };
    let other = Context { engine: "other".to_owned(), epoch: 9 };
    for odd in [context(), other] {
        let (conn, _dir, head) = log(20);
        let tick = AuditEvent::new(Actor::Engine, "tick");
        append(&conn, &later, &stamp(21), &tick).unwrap();
        anchor(&conn, &head);
        assert_eq!(verify(&conn, &head).unwrap(), Verdict::Anchored { events: 21 });
        append(&conn, &odd, &stamp(22), &tick).unwrap();
        anchor(&conn, &head);
        for verdict in [verify(&conn, &head).unwrap(), verify_tail(&conn, &head, 2).unwrap()] {
            assert!(matches!(verdict, Verdict::Broken { at: 22, .. }), "{verdict}");
        }
    }
}

#[test]
fn a_database_without_a_log_is_truncated_where_one_was_anchored() {
    let (_conn, _dir, head) = log(20);
    let empty = Connection::open_in_memory().unwrap();
    assert_eq!(verify(&empty, &head).unwrap(), Verdict::Truncated { events: 0, head: 20 });
    std::fs::remove_file(&head).unwrap();
    assert!(matches!(verify(&empty, &head), Err(VerifyError::NoLog)));
}

#[test]
fn a_cut_tail_is_truncated() {
    for left in 0..20_i64 {
        let (conn, _dir, head) = log(20);
        conn.execute("DELETE FROM audit WHERE seq > ?1", [left]).unwrap();
        let verdict = verify(&conn, &head).unwrap();
        assert_eq!(verdict, Verdict::Truncated { events: left.unsigned_abs(), head: 20 });
        assert_eq!(verdict.exit_code(), 11);
        assert_eq!(verify_tail(&conn, &head, 5).unwrap(), verdict);
    }
}

#[test]
fn a_deleted_event_breaks_the_chain_where_it_was() {
    for gone in 1..20 {
        let (conn, _dir, head) = log(20);
        conn.execute("DELETE FROM audit WHERE seq = ?1", [gone]).unwrap();
        let verdict = verify(&conn, &head).unwrap();
        assert!(matches!(verdict, Verdict::Broken { at, .. } if at == gone), "{verdict}");
        assert_eq!(verdict.exit_code(), 12);
    }
}

#[test]
fn events_changed_about_break_the_chain_at_the_first() {
    for first in 1..20_i64 {
        let (conn, _dir, head) = log(20);
        let swap = [(first, -1), (first + 1, first), (-1, first + 1)];
        // The column refuses numbers below 1, so the free place is far above.
        for (from, to) in swap.map(|(a, b)| (if a < 0 { 999 } else { a }, if b < 0 { 999 } else { b })) {
            conn.execute("UPDATE audit SET seq = ?2 WHERE seq = ?1", [from, to]).unwrap();
        }
        let verdict = verify(&conn, &head).unwrap();
        assert!(matches!(verdict, Verdict::Broken { at, .. } if at == first.unsigned_abs()), "{verdict}");
    }
}

#[test]
fn an_event_put_in_breaks_the_chain() {
    for place in 1..20_i64 {
        let (conn, _dir, head) = log(20);
        conn.execute("UPDATE audit SET seq = seq + 1000 WHERE seq >= ?1", [place]).unwrap();
        conn.execute("UPDATE audit SET seq = seq - 999 WHERE seq > 1000", []).unwrap();
        let sql =
            "INSERT INTO audit SELECT ?1, record, hash, wall, kind, project, run, question FROM audit WHERE seq = ?2";
        conn.execute(sql, [place, if place == 1 { 3 } else { 1 }]).unwrap();
        let verdict = verify(&conn, &head).unwrap();
        assert!(matches!(verdict, Verdict::Broken { at, .. } if at == place.unsigned_abs()), "{verdict}");
    }
}

#[test]
fn a_chain_made_anew_after_an_edit_is_rewritten() {
    for edited in 1..=20 {
        let (conn, _dir, head) = log(20);
        edit(&conn, edited);
        if edited < 20 {
            let verdict = verify(&conn, &head).unwrap();
            assert!(matches!(verdict, Verdict::Broken { at, .. } if at == edited.unsigned_abs() + 1), "{verdict}");
        }
        chain_anew(&conn, edited);
        let verdict = verify(&conn, &head).unwrap();
        assert_eq!((verdict.clone(), verdict.exit_code()), (Verdict::Rewritten { at: 20 }, 13));
        assert_eq!(verify_tail(&conn, &head, 3).unwrap(), verdict);
    }
}

#[test]
fn every_changed_byte_of_a_stored_record_and_every_look_up_column_shows() {
    let (conn, _dir, head) = log(5);
    let record: Vec<u8> = conn.query_row("SELECT record FROM audit WHERE seq = 3", [], |row| row.get(0)).unwrap();
    for at in 0..record.len() {
        let mut changed = record.clone();
        changed[at] ^= 0x20;
        conn.execute("UPDATE audit SET record = ?1 WHERE seq = 3", [changed]).unwrap();
        assert!(matches!(verify(&conn, &head).unwrap(), Verdict::Broken { at: 3, .. }), "byte {at}");
    }
    conn.execute("UPDATE audit SET record = ?1 WHERE seq = 3", [record]).unwrap();
    assert!(verify(&conn, &head).unwrap().is_intact());
    for column in ["wall = 9", "kind = 'x'", "project = 9", "run = 9", "question = 9", "run = NULL"] {
        conn.execute_batch("SAVEPOINT s").unwrap();
        conn.execute(&format!("UPDATE audit SET {column} WHERE seq = 3"), []).unwrap();
        assert!(matches!(verify(&conn, &head).unwrap(), Verdict::Broken { at: 3, .. }), "{column}");
        conn.execute_batch("ROLLBACK TO s").unwrap();
    }
}

#[test]
fn every_flipped_byte_of_an_exported_log_is_found_with_the_event() {
    let (conn, _dir, head) = log(200);
    let HeadFile::Head(anchor) = HeadFile::read(&head) else { panic!("no head") };
    let mut text = Vec::new();
    assert_eq!(export(&conn, &mut text).unwrap(), 200);
    assert_eq!(verify_export(&mut &text[..], Some(anchor)).unwrap(), Verdict::Anchored { events: 200 });
    // One walk a line: the lines before a flipped one are the same, so a log that begins there is as telling.
    let mut start = 0;
    for event in 1..=200_u64 {
        let end = start + text[start..].iter().position(|b| *b == b'\n').unwrap() + 1;
        let follow = text.len().min(end + 600);
        for at in start..end {
            let mut part = text[start..follow].to_vec();
            part[at - start] ^= 1 << (at % 8);
            let verdict = super::export::verify_part(&mut &part[..], event - 1).unwrap();
            assert!(matches!(verdict, Verdict::Broken { at, .. } if at == event), "event {event} byte {at}: {verdict}");
        }
        start = end;
    }
}

#[test]
fn a_cut_or_rewritten_export_shows_with_one_old_head() {
    let (conn, _dir, head) = log(30);
    let HeadFile::Head(old) = HeadFile::read(&head) else { panic!("no head") };
    let mut text = Vec::new();
    export(&conn, &mut text).unwrap();
    let lines: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
    let cut = lines[..25].concat();
    assert_eq!(verify_export(&mut &cut[..], Some(old)).unwrap(), Verdict::Truncated { events: 25, head: 30 });
    assert!(matches!(verify_export(&mut &cut[..], None).unwrap(), Verdict::NotAnchored { since: 0, .. }));
    edit(&conn, 7);
    chain_anew(&conn, 7);
    let mut text = Vec::new();
    export(&conn, &mut text).unwrap();
    assert_eq!(verify_export(&mut &text[..], Some(old)).unwrap(), Verdict::Rewritten { at: 30 });
}

#[test]
fn a_thousand_clock_jumps_leave_the_order_and_are_all_noted() {
    let conn = table();
    let mut expected = Vec::new();
    let mut wall = 1_000_000_000_000_i64;
    for n in 0..1000_i64 {
        let jump = (n * 7919 % 2003 - 1001) * 3_600_000;
        expected.push(n > 0 && jump < 0);
        wall += jump;
        let stamp = Stamp { wall: Millis(wall), boot: n, boot_id: "boot".into() };
        append(&conn, &context(), &stamp, &AuditEvent::new(Actor::Engine, "tick")).unwrap();
    }
    let mut statement = conn.prepare("SELECT CAST(record AS TEXT) FROM audit ORDER BY seq").unwrap();
    let texts = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let noted: Vec<bool> = texts.map(|text| text.unwrap().contains("\"back\":true")).collect();
    assert_eq!(noted, expected);
}

#[test]
fn a_boot_clock_that_goes_back_is_noted_within_one_boot_only() {
    let conn = table();
    for (boot, id) in [(50, "a"), (40, "a"), (10, "b")] {
        let stamp = Stamp { wall: Millis(9), boot, boot_id: id.into() };
        append(&conn, &context(), &stamp, &AuditEvent::new(Actor::Engine, "tick")).unwrap();
    }
    let sql = "SELECT group_concat(seq) FROM audit WHERE CAST(record AS TEXT) LIKE '%\"back\":true%'";
    assert_eq!(conn.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap(), "2");
}

#[test]
fn the_machine_has_both_clocks() {
    let clock = SystemClock::new();
    let (first, second) = (clock.now(), clock.now());
    assert!(first.wall.0 > 1_600_000_000_000 && first.boot > 0 && first.boot <= second.boot);
    assert_eq!(first.boot_id.len(), 36);
}

#[test]
fn records_out_of_bounds_are_refused() {
    let conn = table();
    let long = AuditEvent::new(Actor::Engine, "x").detail(json!("y".repeat(70_000)));
    assert!(append(&conn, &context(), &stamp(1), &long).unwrap_err().to_string().contains("at most 65536 bytes"));
    let nameless = AuditEvent::new(Actor::Engine, "");
    assert!(append(&conn, &context(), &stamp(1), &nameless).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_detail_stays_one_line_that_verifies(text in ".*", kind in "[ -~]{1,64}") {
        let conn = table();
        let event = AuditEvent::new(Actor::Engine, kind).detail(json!({"text": text})).provenance(text);
        append(&conn, &context(), &stamp(1), &event).unwrap();
        let mut out = Vec::new();
        export(&conn, &mut out).unwrap();
        prop_assert_eq!(out.split_inclusive(|b| *b == b'\n').count(), 1);
        prop_assert!(verify_export(&mut &out[..], None).unwrap().is_intact());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let head = Head { seq: 1, hash: [7; 32] };
        let anchored = verify_export(&mut &bytes[..], Some(head)).unwrap().exit_code() == 0;
        prop_assert!(!anchored);
    }
}

#[test]
#[ignore = "a measurement: run it in a release build with --ignored --nocapture"]
fn a_million_events_verify_within_ten_seconds() {
    let (conn, _dir, head) = log(1);
    let count: i64 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    conn.execute_batch("BEGIN").unwrap();
    for n in 2..=count {
        add(&conn, n);
    }
    conn.execute_batch("COMMIT").unwrap();
    anchor(&conn, &head);
    let began = Instant::now();
    assert_eq!(verify(&conn, &head).unwrap().exit_code(), 0);
    let seconds = began.elapsed().as_secs_f64();
    eprintln!("{count} events verified in {seconds:.2} s");
    assert!(cfg!(debug_assertions) || seconds <= 10.0);
}
