//! A log that was cut or written anew, with everything beside it: whoever saw it before is told.

use crate::support::bare::Bare;
use dogwatch::audit::hex;
use rusqlite::{Connection, params};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs;

/// A log of some events, seen by this user, and no engine at work.
fn seen() -> Bare {
    let bare = Bare::new();
    let engine = bare.start();
    let mut link = bare.connect();
    link.line().unwrap();
    for number in 0..5 {
        let name = format!("d{number}");
        let entry = json!({ "type": "add_entry", "kind": "dataset", "project": null, "name": name, "text": "t" });
        link.request(number + 1, &entry);
        assert!(link.line().unwrap()["reply"].is_object());
    }
    assert_eq!(bare.cmd(&["ps"]).code, Some(0));
    assert_eq!(bare.cmd(&["audit", "verify"]).code, Some(0));
    assert_eq!(engine.stop(), Some(0));
    bare
}

fn database(bare: &Bare) -> Connection {
    Connection::open(bare.file("dogwatch.db")).unwrap()
}

/// What somebody does who may write all of the engine's files.
fn cover(bare: &Bare) {
    fs::remove_file(bare.file("chain-head")).unwrap();
    fs::remove_file(bare.file("checkpoints")).unwrap();
}

#[test]
fn a_log_whose_end_was_cut_is_told_by_what_was_seen() {
    let bare = seen();
    let last: i64 = {
        let conn = database(&bare);
        let last = conn.query_row("SELECT max(seq) FROM audit", [], |row| row.get(0)).unwrap();
        conn.execute("DELETE FROM audit WHERE seq > ?1 - 3", [last]).unwrap();
        last
    };
    cover(&bare);
    // Nothing that lies beside the log knows better any more.
    assert_eq!(bare.cmd(&["audit", "verify"]).code, Some(10));
    let _engine = bare.start();
    let told = bare.cmd(&["ps"]);
    assert!(told.code == Some(9) && told.stdout.contains("no run is at work"), "{told:?}");
    assert!(
        told.stderr.contains("NOT THE ONE YOU SAW") && told.stderr.contains(&format!("you saw event {last}")),
        "{told:?}"
    );
    let json = bare.cmd(&["ps", "--json"]);
    assert!(json.stderr.contains("\"code\":9"), "{json:?}");
    // It stays told until a person takes it.
    assert_eq!(bare.cmd(&["ps"]).code, Some(9));
    assert_eq!(bare.cmd(&["audit", "witness", "--accept"]).code, Some(0));
    assert_eq!(bare.cmd(&["ps"]).code, Some(0));
}

#[test]
fn a_log_that_was_written_anew_is_told_by_what_was_seen_and_by_checkpoints() {
    let bare = seen();
    let kept = bare.path().join("elsewhere");
    fs::copy(bare.file("checkpoints"), &kept).unwrap();
    {
        let conn = database(&bare);
        let mut statement = conn.prepare("SELECT seq, record FROM audit ORDER BY seq").unwrap();
        let rows: Vec<(i64, Vec<u8>)> =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        let mut prev = "0".repeat(64);
        for (seq, record) in rows {
            let text = String::from_utf8(record).unwrap();
            let at = text.find("\"prev\":\"").unwrap() + 8;
            // Somebody else did it.
            let text = format!("{}{prev}{}", &text[..at], &text[at + 64..]).replace("\"uid\":", "\"uid\":7");
            let hash = Sha256::digest(text.as_bytes());
            prev = hex(&hash);
            let sql = "UPDATE audit SET record = ?2, hash = ?3 WHERE seq = ?1";
            conn.execute(sql, params![seq, text.as_bytes(), hash.to_vec()]).unwrap();
        }
    }
    fs::remove_file(bare.file("chain-head")).unwrap();
    // The checkpoints beside it tell, and once they are gone those that were kept elsewhere.
    assert_eq!(bare.cmd(&["audit", "verify"]).code, Some(13));
    fs::remove_file(bare.file("checkpoints")).unwrap();
    assert_eq!(bare.cmd(&["audit", "verify"]).code, Some(10));
    let kept = kept.to_str().unwrap();
    assert_eq!(bare.cmd(&["audit", "verify", "--checkpoints", kept]).code, Some(13));
    let _engine = bare.start();
    let told = bare.cmd(&["status"]);
    assert!(told.code == Some(9) && told.stderr.contains("it was rewritten"), "{told:?}");
}

#[test]
fn events_are_found_by_who_and_what_and_shown_with_their_hash() {
    let bare = Bare::new();
    fs::create_dir_all(bare.config().parent().unwrap()).unwrap();
    let anchor = bare.path().join("anchor");
    fs::write(bare.config(), format!("[audit]\nanchor-file = \"{}\"\n", anchor.display())).unwrap();
    let mut engine = Some(bare.start());
    bare.cmd(&["asset", "add", "web1", "--local"]).expect_code(0);
    let user = dogwatch::people::user_name(rustix::process::geteuid().as_raw());
    for running in [true, false] {
        let of = |args: &[&str]| bare.cmd(&[&["audit", "log"], args].concat()).expect_code(0).to_owned();
        assert!(of(&["--asset", "web1"]).contains("asset.added"), "{running}");
        assert!(of(&["--by", &user, "--kind", "asset."]).contains("web1"));
        assert!(of(&["--asset", "web2"]).contains("no event"));
        assert!(of(&["--until", "1980-01-01"]).contains("no event"));
        assert!(of(&["--by", "engine", "-n", "1", "--since", "1h"]).lines().count() >= 1);
        let first: serde_json::Value = serde_json::from_str(of(&["--json"]).lines().next().unwrap()).unwrap();
        let number = first["seq"].to_string();
        assert!(bare.cmd(&["audit", "show", &number]).expect_code(0).contains("has its hash"));
        assert_eq!(bare.cmd(&["audit", "show", "99999"]).code, Some(4));
        if running {
            let made = fs::read_to_string(&anchor).unwrap();
            assert!(made.lines().all(|line| line.starts_with("dogwatch-checkpoint 1 ")) && !made.is_empty(), "{made}");
            drop(engine.take());
        }
    }
}
