//! A proposal, people and rules to begin with.

use crate::approval::policy::Policy;
use crate::approval::recheck::Standing;
use crate::approval::{digest, vote};
use crate::domain::{
    AssetFacts, Claims, Command, Human, Millis, Moment, OperatorRole, Program, Proposal, ProposalId, ProposalState,
    Proposed, QuestionId, Requester, Role, RunId, Vote, Voter,
};
use std::collections::BTreeMap;

pub(crate) fn at(milliseconds: i64) -> Moment {
    Moment { wall: Millis(1_000_000_000_000 + milliseconds), boot: 50_000 + milliseconds, boot_id: "b1".to_owned() }
}

pub(crate) fn person(uid: u32, login: Option<u32>) -> Human {
    Human { uid, login_uid: login, name: format!("user{uid}"), login_name: login.map(|uid| format!("user{uid}")) }
}

/// A person with every role, logged in as themselves.
pub(crate) fn voter(uid: u32) -> Voter {
    Voter { person: person(uid, Some(uid)), roles: OperatorRole::ALL.into() }
}

pub(crate) fn command(words: &[&str]) -> Command {
    Command {
        program: Program::Argv { words: words.iter().map(|word| word.as_bytes().to_vec()).collect() },
        stdin: None,
        env: vec![("LANG".to_owned(), b"C".to_vec())],
        cwd: "/srv/shop".to_owned(),
        user: Some("shop".to_owned()),
        timeout: 60,
    }
}

pub(crate) fn asset(critical: bool) -> AssetFacts {
    AssetFacts {
        id: 7,
        name: "web-1".to_owned(),
        environment: "production".to_owned(),
        labels: BTreeMap::from([("team".to_owned(), "shop".to_owned())]),
        critical,
        host_key: Some("SHA256:abc".to_owned()),
        version: 3,
        means: "m1".to_owned(),
    }
}

pub(crate) fn proposed(critical: bool, policy: &Policy) -> Proposed {
    Proposed {
        command: command(&["systemctl", "restart", "shop"]),
        asset: asset(critical),
        requester: Requester::Agent { role: Role::Remedy },
        owners: vec![person(1000, Some(1000))],
        run: Some(RunId(5)),
        iteration: 2,
        claims: Claims { why: "it is down".to_owned(), expect: "it answers".to_owned(), undo: "none".to_owned() },
        policy: policy.version(),
        engine: "e1".to_owned(),
        epoch: 4,
        nonce: "0".repeat(64),
    }
}

pub(crate) fn proposal_of(proposed: Proposed, policy: &Policy) -> Proposal {
    Proposal {
        id: ProposalId(1),
        version: 1,
        digest: digest::digest(&proposed),
        wait: policy.waits(proposed.asset.critical),
        proposed,
        state: ProposalState::Pending,
        question: QuestionId(1),
        unknown: None,
        glass: None,
        asked: at(0),
        granted: None,
        votes: Vec::new(),
        by: None,
        reason: String::new(),
        replaces: None,
        replaced_by: None,
        execution: None,
        boot: None,
        outcome: None,
        reviewed: None,
        gap: false,
        stop: None,
    }
}

pub(crate) fn proposal(critical: bool, policy: &Policy) -> Proposal {
    proposal_of(proposed(critical, policy), policy)
}

pub(crate) fn vote(proposal: &Proposal, voter: Voter, now: &Moment) -> Vote {
    let signature = proposal.proposed.asset.critical.then(|| "signed".to_owned());
    let (digest, at, reason) = (proposal.digest.clone(), now.clone(), String::new());
    Vote { voter, digest, at, seen: None, signature, glass: None, reason, together: 0 }
}

/// Everything as it was when it was proposed.
pub(crate) fn standing<'p>(proposal: &Proposal, policy: &'p Policy) -> Standing<'p> {
    Standing {
        policy,
        asset: Some(proposal.proposed.asset.clone()),
        voters: proposal.votes.iter().map(|vote| vote.voter.clone()).collect(),
        run_lives: true,
        engine: "e1",
        epoch: 4,
        command: Some(proposal.proposed.command.clone()),
        signed: true,
        halt: None,
        unknown: None,
    }
}

/// Whether enough different people who are none of the owners said yes to exactly this: written anew, without the code under test
/// for more than who is who.
pub(crate) fn met(proposal: &Proposal, needed: usize, own: bool) -> bool {
    let mut people: Vec<&Human> = Vec::new();
    for one in &proposal.votes {
        let person = &one.voter.person;
        let owner = proposal.proposed.owners.iter().any(|owner| vote::same(owner, person));
        if one.digest == digest::digest(&proposal.proposed)
            && (own || !owner)
            && !people.iter().any(|other| vote::same(other, person))
        {
            people.push(person);
        }
    }
    people.len() >= needed
}
