//! Nobody approves their own, by whatever account they come.

use super::fixtures::{at, person, proposal, vote, voter};
use crate::approval::machine::{Event, Refusal, step};
use crate::approval::policy::Policy;
use crate::approval::vote::{BadVote, same};
use crate::domain::{Human, OperatorRole, Proposal, ProposalState as State, Voter};

fn say_yes(proposal: &Proposal, voter: Voter, policy: &Policy) -> Result<Proposal, Refusal> {
    step(proposal, Event::Approve { vote: vote(proposal, voter, &at(1)), policy }, &at(1))
}

fn all_roles(person: Human) -> Voter {
    Voter { person, roles: OperatorRole::ALL.into() }
}

/// Ways in which one human comes with two accounts: what they own it as, and what they vote as. By the numbers of users; 0 is root,
/// 4000 an account that several people share.
const LAYOUTS: [(&str, (u32, Option<u32>), (u32, Option<u32>)); 40] = [
    ("the same session", (1000, Some(1000)), (1000, Some(1000))),
    ("su to another user", (1000, Some(1000)), (1001, Some(1000))),
    ("su to root", (1000, Some(1000)), (0, Some(1000))),
    ("sudo -u", (1000, Some(1000)), (1002, Some(1000))),
    ("sudo and then su", (1000, Some(1000)), (1003, Some(1000))),
    ("owned by su, voted as oneself", (1001, Some(1000)), (1000, Some(1000))),
    ("owned by sudo, voted as oneself", (0, Some(1000)), (1000, Some(1000))),
    ("owned by su, voted by another su", (1001, Some(1000)), (1002, Some(1000))),
    ("owned as root, voted by su", (0, Some(1000)), (1001, Some(1000))),
    ("owned by su, voted as root", (1001, Some(1000)), (0, Some(1000))),
    ("a shared account twice", (4000, Some(4000)), (4000, Some(4000))),
    ("a shared account by su", (4000, Some(1000)), (4000, Some(1000))),
    ("a shared account, then oneself", (4000, Some(1000)), (1000, Some(1000))),
    ("oneself, then a shared account", (1000, Some(1000)), (4000, Some(1000))),
    ("root logged in twice", (0, Some(0)), (0, Some(0))),
    ("root, then su to a user", (0, Some(0)), (1000, Some(0))),
    ("root by su twice to two users", (1001, Some(0)), (1002, Some(0))),
    ("a second group of the same user", (1000, Some(1000)), (1000, Some(1000))),
    ("newgrp in the other session", (1000, Some(1000)), (1000, Some(1000))),
    ("tmux of the same login", (1000, Some(1000)), (1000, Some(1000))),
    ("voter without a login", (1000, Some(1000)), (1000, None)),
    ("voter without a login, by another user", (1000, Some(1000)), (1001, None)),
    ("voter without a login, as root", (1000, Some(1000)), (0, None)),
    ("voter from cron", (1000, Some(1000)), (1000, None)),
    ("voter from a container", (1000, Some(1000)), (1005, None)),
    ("voter from a service", (1000, Some(1000)), (998, None)),
    ("owner without a login", (1000, None), (1000, Some(1000))),
    ("owner without a login, by another user", (1001, None), (1000, Some(1000))),
    ("owner without a login, as root", (0, None), (1000, Some(1000))),
    ("owner from cron, voter by su", (1000, None), (1001, Some(1000))),
    ("owner from a service, voter by sudo", (998, None), (0, Some(1000))),
    ("owner from a shared account without a login", (4000, None), (4000, Some(1000))),
    ("neither with a login, one user", (1000, None), (1000, None)),
    ("neither with a login, two users", (1000, None), (1001, None)),
    ("neither with a login, root votes", (1000, None), (0, None)),
    ("neither with a login, root owns", (0, None), (1000, None)),
    ("neither with a login, shared", (4000, None), (4000, None)),
    ("the unset number as a login", (1000, Some(1000)), (u32::MAX, None)),
    ("nobody", (65_534, Some(1000)), (1000, Some(1000))),
    ("nobody votes", (1000, Some(1000)), (65_534, Some(1000))),
];

#[test]
fn no_layout_of_accounts_lets_one_human_approve_their_own_on_a_critical_asset() {
    let policy = Policy::default();
    let mut kept = 0;
    for (name, owner, second) in LAYOUTS {
        let mut mine = proposal(true, &policy);
        mine.proposed.owners = vec![person(owner.0, owner.1)];
        mine.digest = crate::approval::digest::digest(&mine.proposed);
        // Somebody else agrees, so that one more is enough.
        if let Ok(other) = say_yes(&mine, voter(3000), &policy) {
            mine = other;
        }
        let outcome = say_yes(&mine, all_roles(person(second.0, second.1)), &policy);
        assert!(outcome.is_err(), "{name}: {:?}", outcome.map(|one| one.state));
        // And alone the owner is no two people either.
        assert!(say_yes(&mine, all_roles(person(owner.0, owner.1)), &policy).is_err(), "{name}");
        kept += 1;
    }
    assert_eq!(kept, 40);
}

#[test]
fn two_accounts_of_one_human_are_one_vote() {
    let policy = Policy::default();
    let fresh = proposal(true, &policy);
    let once = say_yes(&fresh, voter(2000), &policy).unwrap();
    assert_eq!(once.state, State::Partial);
    for uid in [2000, 0, 1001] {
        let again = say_yes(&once, all_roles(person(uid, Some(2000))), &policy);
        assert_eq!(again, Err(Refusal::Vote(BadVote::Again)), "{uid}");
    }
    assert_eq!(say_yes(&once, voter(2001), &policy).unwrap().state, State::Approved);
}

#[test]
fn who_is_one_person_is_the_same_from_both_sides() {
    let all: Vec<Human> = [0, 1000, 1001]
        .into_iter()
        .flat_map(|uid| [None, Some(0), Some(1000)].map(|login| person(uid, login)))
        .collect();
    for one in &all {
        assert!(same(one, one));
        for other in &all {
            assert_eq!(same(one, other), same(other, one));
        }
    }
}

#[test]
fn the_owner_of_what_is_not_critical_may_where_the_rule_says_so() {
    let mut policy = Policy::default();
    let own = |policy: &Policy| say_yes(&proposal(false, policy), voter(1000), policy);
    assert_eq!(own(&policy).unwrap().state, State::Approved);
    let strict = crate::approval::policy::Rule { own_vote: false, ..Default::default() };
    policy.rules.push(strict);
    assert_eq!(own(&policy), Err(Refusal::Vote(BadVote::Own)));
}

#[test]
fn breaking_the_glass_stands_in_for_the_second_person_and_for_nothing_else() {
    let mut policy = Policy { break_glass: [OperatorRole::Admin].into(), ..Policy::default() };
    let fresh = proposal(true, &policy);
    let glass = |voter: Voter, reason: &str| {
        let vote = crate::domain::Vote { glass: Some(reason.to_owned()), ..vote(&fresh, voter, &at(1)) };
        (vote, fresh.clone())
    };
    let tried = |(vote, fresh): (crate::domain::Vote, Proposal), policy: &Policy| {
        step(&fresh, Event::Approve { vote, policy }, &at(1))
    };
    let long = "the shop is down and nobody answers";
    let yes = tried(glass(voter(2000), long), &policy).unwrap();
    assert_eq!(yes.state, State::Approved);
    let critical = Voter { roles: [OperatorRole::CriticalApprover].into(), ..voter(2000) };
    let plain = Voter { roles: [OperatorRole::Approver].into(), ..voter(2000) };
    let other_digest = {
        let (mut vote, fresh) = glass(voter(2000), long);
        vote.digest = "0".repeat(64);
        (vote, fresh)
    };
    let unsigned = {
        let (mut vote, fresh) = glass(voter(2000), long);
        vote.signature = None;
        (vote, fresh)
    };
    for (name, attempt) in [
        ("a short reason", glass(voter(2000), "it is down")),
        ("a reason of blanks", glass(voter(2000), &" ".repeat(60))),
        ("a reason of dots", glass(voter(2000), &".".repeat(60))),
        ("without the role for it", glass(critical, long)),
        ("without the role that decides", glass(plain, long)),
        ("one's own", glass(voter(1000), long)),
        ("one's own by su", glass(all_roles(person(1001, Some(1000))), long)),
        ("without a login", glass(all_roles(person(2000, None)), long)),
        ("other bytes", other_digest),
        ("without a signature", unsigned),
    ] {
        assert!(tried(attempt, &policy).is_err(), "{name}");
    }
    // Nor does it lift what is refused or frozen at the start.
    let now = |policy: &Policy| {
        let stands = super::fixtures::standing(&yes, policy);
        step(&yes, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &at(2)).unwrap().state
    };
    assert_eq!(now(&policy), State::Claimed);
    policy.deny = vec!["systemctl restart".to_owned()];
    assert_eq!(now(&policy), State::Voided);
    policy.break_glass.clear();
    assert!(tried(glass(voter(2000), long), &policy).is_err());
}

#[test]
fn what_one_person_decided_for_two_waits_for_somebody_else_to_look_at_it() {
    let policy = Policy { break_glass: [OperatorRole::Admin].into(), ..Policy::default() };
    let fresh = proposal(true, &policy);
    let long = "the shop is down and nobody answers".to_owned();
    let vote = crate::domain::Vote { glass: Some(long), ..vote(&fresh, voter(2000), &at(1)) };
    let yes = step(&fresh, Event::Approve { vote, policy: &policy }, &at(1)).unwrap();
    let stands = super::fixtures::standing(&yes, &policy);
    let claimed = step(&yes, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &at(2)).unwrap();
    assert!(claimed.wants_review());
    let review = |uid| step(&claimed, Event::Review { by: person(uid, Some(uid)) }, &at(3));
    assert!(review(2000).is_err() && review(1000).is_err());
    assert!(!review(2001).unwrap().wants_review());
}
