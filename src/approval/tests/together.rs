//! What is decided at once looks alike, is no critical asset's, and is not much.

use super::fixtures::{proposal_of, proposed};
use crate::approval::policy::{Policy, Rule};
use crate::approval::together::{Apart, MOST, check, digest};
use crate::domain::{Program, Proposal, ProposalId};
use proptest::prelude::*;

/// A proposal of this number with these words for an asset of this environment.
fn one(number: i64, words: &[&str], environment: &str, critical: bool, policy: &Policy) -> Proposal {
    let mut made = proposed(critical, policy);
    made.command.program = Program::Argv { words: words.iter().map(|word| word.as_bytes().to_vec()).collect() };
    made.asset.environment = environment.to_owned();
    made.asset.id = number;
    Proposal { id: ProposalId(number), ..proposal_of(made, policy) }
}

#[test]
fn only_what_is_alike_is_decided_at_once() {
    let policy = Policy::default();
    let plain = |number| one(number, &["systemctl", "restart", "shop"], "test", false, &policy);
    let (a, b) = (plain(1), plain(2));
    assert_eq!(check([&a, &b], &policy), Ok(()));
    assert_eq!(check([&a], &policy), Err(Apart::Few));
    assert_eq!(check([&a, &b, &a], &policy), Err(Apart::Twice(a.id)));
    let many: Vec<Proposal> = (1..=11).map(plain).collect();
    assert_eq!(check(&many, &policy), Err(Apart::Many(MOST + 1)));
    assert_eq!(check(&many[1..], &policy), Ok(()));
    let critical = one(3, &["systemctl", "restart", "shop"], "test", true, &policy);
    assert_eq!(check([&a, &critical], &policy), Err(Apart::Critical(critical.id)));
    let unlike =
        |other: &Proposal, what| assert_eq!(check([&a, &b, other], &policy), Err(Apart::Unlike(a.id, other.id, what)));
    unlike(&one(4, &["systemctl", "restart", "shop"], "production", false, &policy), "their environment");
    unlike(&one(5, &["rm", "-r", "/srv/shop"], "test", false, &policy), "what they look like they do");
    let mut root = plain(6);
    root.proposed.command.user = Some("root".to_owned());
    unlike(&root, "the user that they run as");
    // Other rules for one of them.
    let mut strict = Policy::default();
    let rule = Rule {
        name: "two".to_owned(),
        labels: [("tier".to_owned(), "db".to_owned())].into(),
        approvals: 2,
        ..Rule::default()
    };
    strict.rules.push(rule);
    let mut db = plain(7);
    db.proposed.asset.labels = [("tier".to_owned(), "db".to_owned())].into();
    let mut web = plain(8);
    web.proposed.asset.labels.clear();
    assert_eq!(check([&web, &db], &strict), Err(Apart::Unlike(web.id, db.id, "who must agree")));
}

proptest! {
    /// Whatever one of them is other bytes, the whole stands for something else; their order says nothing.
    #[test]
    fn several_are_told_apart_by_each_of_them(
        one in proptest::collection::btree_map(1_i64..50, "[0-9a-f]{0,8}", 0..6),
        two in proptest::collection::btree_map(1_i64..50, "[0-9a-f]{0,8}", 0..6),
    ) {
        let of = |all: &std::collections::BTreeMap<i64, String>| digest(all.iter().map(|(id, text)| (ProposalId(*id), text.as_str())));
        let back = digest(one.iter().rev().map(|(id, text)| (ProposalId(*id), text.as_str())));
        prop_assert_eq!(of(&one), back);
        prop_assert_eq!(of(&one) == of(&two), one == two);
    }
}
