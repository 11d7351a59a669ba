//! One yes to several proposals: each was read to its end, and the code is that of the moment.

use super::*;

/// Two that are alike.
fn both() -> [ProposalDetail; 2] {
    [(3, 4), (5, 6)].map(|(id, question)| {
        let mut one = proposal(false, usual());
        (one.id, one.question) = (ProposalId(id), QuestionId(question));
        one.proposed.nonce = id.to_string().repeat(64);
        one.digest = digest::digest(&one.proposed);
        detail(one)
    })
}

fn tell(app: &mut App, all: &[ProposalDetail]) {
    for _ in 0..6 {
        app.want();
        answer(app, |request| match request {
            Request::Proposals { .. } => {
                Some(Reply::Proposals { proposals: all.iter().map(brief).collect(), more: false })
            }
            Request::Proposal { proposal } => {
                let found = all.iter().find(|one| one.proposal.id == *proposal).unwrap();
                Some(Reply::Proposal { detail: Box::new(found.clone()) })
            }
            _ => None,
        });
    }
}

/// Opens one and presses a key, after all of it was read or before.
fn at(app: &mut App, all: &[ProposalDetail], number: usize, whole: bool, key: &str) {
    press(app, "2");
    app.question = Some(all[number].proposal.question);
    press(app, "enter");
    tell(app, all);
    assert!(app.page == Page::Proposal && app.dialog.id == Some(all[number].proposal.id));
    if whole {
        read(app, 80, 24);
    } else {
        frame(app, 80, 24);
    }
    press(app, key);
}

fn knowing_both(all: &[ProposalDetail]) -> App {
    let mut app = busy();
    app.refresh();
    tell(&mut app, all);
    app
}

/// Types what the field for all asks for, and gives what was sent.
fn yes(app: &mut App, text: &str) -> Vec<Request> {
    press(app, "Y");
    if app.layer.is_some() {
        assert!(app.effects.contains(&Effect::Code));
        app.coded(CODE.to_owned());
        frame(app, 80, 24);
        app.now = Millis(app.now.0 + 500);
        type_in(app, text);
        press(app, "enter");
    }
    let sent = asked(app).into_iter().filter(|one| matches!(one, Request::AgreeToAll { .. })).cloned().collect();
    app.orders.clear();
    sent
}

#[test]
fn one_yes_names_the_bytes_of_each_that_was_read_and_takes_the_code() {
    let all = both();
    let mut app = knowing_both(&all);
    // Not before it was read, and not one alone.
    at(&mut app, &all, 0, false, "t");
    assert!(app.basket.is_empty() && app.said.is_some());
    at(&mut app, &all, 0, true, "t");
    assert_eq!(yes(&mut app, CODE), []);
    assert!(app.layer.is_none());
    at(&mut app, &all, 1, true, "t");
    assert_eq!(app.put().as_str(), "x3 x5");
    insta::assert_snapshot!("together-80x24", picture(&mut app, 80, 24, LOOK));
    press(&mut app, "Y");
    app.coded(CODE.to_owned());
    insta::assert_snapshot!("together-yes-80x24", picture(&mut app, 80, 24, LOOK));
    app.paste(CODE);
    press(&mut app, "esc");
    assert_eq!(yes(&mut app, "kwhx"), []);
    let sent = yes(&mut app, CODE);
    let [Request::AgreeToAll { yes: sent }] = &sent[..] else { panic!("{sent:?}") };
    for (agreed, one) in sent.iter().zip(&all) {
        assert_eq!((agreed.proposal, &agreed.digest), (one.proposal.id, &one.proposal.digest));
        assert_eq!(agreed.seen.as_ref().unwrap().columns, 78, "{agreed:?}");
    }
    assert_eq!(sent.len(), 2);
    // The same key takes one away again.
    press(&mut app, "t");
    assert_eq!(app.put().as_str(), "x3");
}

#[test]
fn what_is_critical_or_decided_meanwhile_is_not_among_them() {
    let mut all = both();
    let mut app = knowing_both(&all);
    for number in [0, 1] {
        at(&mut app, &all, number, true, "t");
    }
    all[0].proposal.state = State::Denied;
    app.refresh();
    tell(&mut app, &all);
    assert_eq!(yes(&mut app, CODE), []);
    assert_eq!(app.put().as_str(), "x5");
    let critical = [detail(proposal(true, usual()))];
    let mut app = knowing_both(&critical);
    at(&mut app, &critical, 0, true, "t");
    assert!(app.basket.is_empty() && app.said.is_some());
}
