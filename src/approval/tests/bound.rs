//! What was approved is what runs, byte for byte, or nothing does.

use super::fixtures::{at, proposal, standing, vote, voter};
use crate::approval::machine::{Event, step};
use crate::approval::policy::Policy;
use crate::approval::{canonical, digest};
use crate::domain::{Command, Human, Program, Proposal, ProposalState as State, Proposed, Requester, Role, RunId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

type Change = fn(&mut Proposed, &mut StdRng);

fn bytes(dice: &mut StdRng) -> Vec<u8> {
    (0..dice.random_range(1..12)).map(|_| dice.random_range(1..=255)).collect()
}

fn text(dice: &mut StdRng) -> String {
    (0..dice.random_range(1..12)).map(|_| char::from(dice.random_range(b' '..b'~'))).collect()
}

/// Every part of the record, each with a way to make it another one.
const CHANGES: [(&str, Change); 22] = [
    ("argv", |p, dice| {
        let Program::Argv { words } = &mut p.command.program else { return };
        match dice.random_range(0..3) {
            0 => words.push(bytes(dice)),
            1 => {
                let at = dice.random_range(0..words.len());
                let more = bytes(dice);
                words[at].extend(more);
            }
            // The same letters, cut elsewhere.
            _ => {
                let last = words.pop().unwrap();
                words.last_mut().unwrap().extend(last);
            }
        }
    }),
    ("script", |p, dice| p.command.program = Program::Script { bytes: bytes(dice) }),
    ("stdin", |p, dice| p.command.stdin = if dice.random() { Some(Vec::new()) } else { Some(bytes(dice)) }),
    ("env", |p, dice| p.command.env.push((text(dice), bytes(dice)))),
    ("cwd", |p, dice| p.command.cwd.push_str(&text(dice))),
    ("user", |p, dice| p.command.user = if dice.random() { None } else { Some(text(dice) + "x") }),
    ("timeout", |p, dice| p.command.timeout += dice.random_range(1..1000)),
    ("asset id", |p, dice| p.asset.id += dice.random_range(1..1000)),
    ("asset name", |p, dice| p.asset.name.push_str(&text(dice))),
    ("environment", |p, dice| p.asset.environment.push_str(&text(dice))),
    ("labels", |p, dice| drop(p.asset.labels.insert(text(dice) + "!", text(dice)))),
    ("critical", |p, _| p.asset.critical ^= true),
    ("host key", |p, dice| p.asset.host_key = if dice.random() { None } else { Some(text(dice)) }),
    ("asset version", |p, dice| p.asset.version += dice.random_range(1..1000)),
    ("means", |p, dice| p.asset.means.push_str(&text(dice))),
    ("requester", |p, dice| {
        p.requester = if dice.random() {
            Requester::Agent { role: Role::Coder }
        } else {
            Requester::Person {
                person: Human { uid: dice.random(), login_uid: None, name: text(dice), login_name: None },
            }
        };
    }),
    ("owners", |p, dice| {
        p.owners.push(Human { uid: dice.random(), login_uid: Some(dice.random()), name: text(dice), login_name: None })
    }),
    ("run", |p, dice| p.run = if dice.random() { None } else { Some(RunId(dice.random_range(6..10_000))) }),
    ("claims", |p, dice| p.claims.why.push_str(&text(dice))),
    ("policy", |p, dice| p.policy.push_str(&text(dice))),
    ("epoch", |p, dice| p.epoch += dice.random_range(1..1000)),
    ("nonce", |p, dice| p.nonce = format!("{:064x}", dice.random::<u128>() | 1)),
];

fn approved(policy: &Policy) -> Proposal {
    let fresh = proposal(false, policy);
    let yes = Event::Approve { vote: vote(&fresh, voter(2000), &at(10)), policy };
    let approved = step(&fresh, yes, &at(10)).unwrap();
    assert_eq!(approved.state, State::Approved);
    approved
}

#[test]
fn a_part_that_changes_after_the_vote_stops_it() {
    let policy = Policy::default();
    let approved = approved(&policy);
    let mut dice = StdRng::seed_from_u64(7);
    let mut refused = 0;
    for (name, change) in CHANGES {
        for round in 0..1_000 {
            let mut other = approved.clone();
            change(&mut other.proposed, &mut dice);
            assert_ne!(digest::digest(&other.proposed), approved.digest, "{name}, round {round}");
            let mut now = standing(&approved, &policy);
            now.command = Some(other.proposed.command.clone());
            now.asset = Some(other.proposed.asset.clone());
            let claimed = step(&other, Event::Claim { standing: &now, boot: "t1".to_owned() }, &at(20)).unwrap();
            assert_eq!(claimed.state, State::Voided, "{name}, round {round}");
            assert_eq!(claimed.execution, None);
            refused += 1;
        }
    }
    assert_eq!(refused, 22_000);
}

#[test]
fn what_nobody_changed_is_claimed_once_and_its_name_follows_from_it() {
    let policy = Policy::default();
    let approved = approved(&policy);
    let now = standing(&approved, &policy);
    let claimed = step(&approved, Event::Claim { standing: &now, boot: "t1".to_owned() }, &at(20)).unwrap();
    assert_eq!(claimed.state, State::Claimed);
    let id = claimed.execution.clone().unwrap();
    assert_eq!(
        Some(&id),
        step(&approved, Event::Claim { standing: &now, boot: "t1".to_owned() }, &at(99)).unwrap().execution.as_ref()
    );
    assert_eq!(id.as_str().len(), 64);
    assert!(step(&claimed, Event::Claim { standing: &now, boot: "t1".to_owned() }, &at(21)).is_err());
}

#[test]
fn commands_are_read_back_as_they_were_and_nothing_else_is() {
    let mut dice = StdRng::seed_from_u64(8);
    for _ in 0..2_000 {
        let program = if dice.random() {
            Program::Argv { words: (0..dice.random_range(1..5)).map(|_| bytes(&mut dice)).collect() }
        } else {
            Program::Script { bytes: bytes(&mut dice) }
        };
        let command = Command {
            program,
            stdin: dice.random::<bool>().then(|| bytes(&mut dice)),
            env: (0..dice.random_range(0..3)).map(|_| (text(&mut dice), bytes(&mut dice))).collect(),
            cwd: text(&mut dice),
            user: dice.random::<bool>().then(|| text(&mut dice)),
            timeout: dice.random(),
        };
        let written = canonical::encode(&command);
        assert_eq!(canonical::decode(&written).unwrap(), command);
        let mut broken = written.clone();
        let at = dice.random_range(0..broken.len());
        broken[at] ^= dice.random_range(1..=255);
        assert!(canonical::decode(&broken).is_ok_and(|other| other != command) || canonical::decode(&broken).is_err());
        broken = written.clone();
        broken.push(0);
        assert!(canonical::decode(&broken).is_err());
        assert!(canonical::decode(&written[..at]).is_err());
    }
}
