//! Each of the five verdicts in twenty cases.

use super::*;
use crate::audit::{against, hash_at};

const CASES: i64 = 20;

fn of(conn: &Connection, head: &Path) -> (&'static str, u8) {
    let verdict = verify(conn, head).unwrap();
    (verdict.name(), verdict.exit_code())
}

#[test]
fn intact_and_anchored() {
    for case in 1..=CASES {
        let (conn, _dir, head) = log(case * 3);
        assert_eq!(of(&conn, &head).1, 0, "{case}");
    }
}

#[test]
fn intact_and_not_wholly_anchored() {
    for case in 1..=CASES {
        let (conn, _dir, head) = log(case * 2);
        match case % 3 {
            // The engine was killed before it wrote the head.
            0 => (0..case).for_each(|n| add(&conn, 1_000 + n)),
            1 => std::fs::remove_file(&head).unwrap(),
            _ => std::fs::write(&head, format!("damaged {case}")).unwrap(),
        }
        assert_eq!(of(&conn, &head).1, 10, "{case}");
    }
}

#[test]
fn truncated() {
    for case in 1..=CASES {
        let (conn, _dir, head) = log(CASES + 1);
        conn.execute("DELETE FROM audit WHERE seq > ?1", [CASES + 1 - case]).unwrap();
        assert_eq!(of(&conn, &head).1, 11, "{case}");
    }
}

#[test]
fn broken() {
    for case in 1..=CASES {
        let (conn, _dir, head) = log(CASES + 2);
        match case % 4 {
            0 => conn.execute("DELETE FROM audit WHERE seq = ?1", [case]).unwrap(),
            1 => conn.execute("UPDATE audit SET record = CAST('{}' AS BLOB) WHERE seq = ?1", [case]).unwrap(),
            2 => conn.execute("UPDATE audit SET kind = 'run.other' WHERE seq = ?1", [case]).unwrap(),
            // Its own hash is right and the next one does not follow it any more.
            _ => {
                edit(&conn, case);
                1
            }
        };
        let verdict = verify(&conn, &head).unwrap();
        assert_eq!(verdict.exit_code(), 12, "{case}");
        let Verdict::Broken { at, .. } = verdict else { panic!("{verdict}") };
        assert!((case..=case + 1).contains(&i64::try_from(at).unwrap()), "{case}: {at}");
    }
}

#[test]
fn rewritten() {
    for case in 1..=CASES {
        let (conn, _dir, head) = log(CASES + 1);
        edit(&conn, case);
        chain_anew(&conn, case);
        assert_eq!(of(&conn, &head).1, 13, "{case}");
    }
}

/// With the head file written anew as well, one old head that somebody remembers is enough, wherever the log was touched before it.
#[test]
fn one_old_head_finds_what_the_head_file_does_not() {
    for case in 1..=CASES {
        let (conn, _dir, head) = log(CASES + 5);
        let old = Head { seq: 21, hash: hash_at(&conn, 21).unwrap().unwrap() };
        let expected = if case % 2 == 0 {
            edit(&conn, case);
            chain_anew(&conn, case);
            13
        } else {
            conn.execute("DELETE FROM audit WHERE seq > ?1", [case]).unwrap();
            11
        };
        anchor(&conn, &head);
        let found = verify(&conn, &head).unwrap();
        assert_eq!(found.exit_code(), 0, "everything beside the log was made to fit");
        assert_eq!(against(&conn, found, &[old]).unwrap().exit_code(), expected, "{case}");
        // Who saw no further than what is left sees nothing wrong.
        let earlier = Head { seq: 1, hash: hash_at(&conn, 1).unwrap().unwrap() };
        let found = verify(&conn, &head).unwrap();
        assert_eq!(against(&conn, found, &[earlier]).unwrap().exit_code(), 0);
    }
}
