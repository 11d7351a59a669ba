//! A bug that a person told, in the bug table and in full.

use super::*;
use crate::domain::Told;
use crate::protocol::BugDetail;

fn told(id: i64) -> Bug {
    Bug {
        source: Source::Person,
        kind: "told".to_owned(),
        seen: 0,
        first_run: None,
        last_seen: Millis(NOW.0 - 120_000),
        first_seen: Millis(NOW.0 - 120_000),
        told: Some(Told { by: operator(), project: "shop".to_owned() }),
        ..bug(id, "Refunds go to the wrong card\n\nSeen by support since March; only where the order had two payments.")
    }
}

#[test]
fn a_bug_that_a_person_told_says_so_and_which_others_it_may_be() {
    let mut app = busy();
    app.bugs.insert(0, told(9));
    press(&mut app, "3 g");
    app.want();
    answer(&mut app, |request| match request {
        Request::Bug { bug: id } => Some(Reply::Bug {
            detail: Box::new(BugDetail {
                bug: told(id.0),
                latest: None,
                runs: Vec::new(),
                attempts: Vec::new(),
                repairs: Vec::new(),
                merged: vec![BugId(4), BugId(6)],
                alike: vec![bug(2, "refund of 5 to card 2, expected card 1")],
                more: false,
            }),
        }),
        _ => None,
    });
    insta::assert_snapshot!("told-80x24", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "/ t o l d enter");
    assert_eq!(app.listed_bugs().len(), 1);
}
