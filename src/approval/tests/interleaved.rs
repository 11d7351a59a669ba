//! Every order in which three people can decide, edit and take back, to a depth of six.

use super::fixtures::{asset, at, command, met, proposal, proposal_of, standing, vote, voter};
use crate::approval::digest;
use crate::approval::machine::{Event, step};
use crate::approval::policy::Policy;
use crate::domain::{Claims, Program, Proposal, ProposalId, ProposalState as State, Proposed, Requester};

/// The uids of the three; the first owns the run.
const PEOPLE: [u32; 3] = [1000, 2000, 2001];
/// What each can do: yes, no, edit, take back. And the engine looks for what may be claimed.
const DEEDS: usize = PEOPLE.len() * 4 + 1;

/// One world: the proposal, and those that it was edited from.
#[derive(Clone)]
struct World {
    now: Proposal,
    gone: Vec<Proposal>,
}

impl World {
    fn after(&self, deed: usize, policy: &Policy, when: i64) -> Option<Self> {
        let now = at(when);
        let mut next = self.clone();
        let Some(uid) = PEOPLE.get(deed / 4) else {
            let stands = standing(&self.now, policy);
            next.now = step(&self.now, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &now).ok()?;
            return Some(next);
        };
        let voter = voter(*uid);
        let reason = "because".to_owned();
        match deed % 4 {
            0 => {
                let vote = vote(&self.now, voter, &now);
                next.now = step(&self.now, Event::Approve { vote, policy }, &now).ok()?;
            }
            1 => next.now = step(&self.now, Event::Deny { voter, reason, policy }, &now).ok()?,
            2 => {
                let with = ProposalId(self.now.id.0 + 1);
                let replaced = step(&self.now, Event::Replace { with, by: voter.person.clone() }, &now).ok()?;
                let mut edited = edited(&self.now.proposed, &voter.person, with);
                if let Program::Argv { words } = &mut edited.command.program {
                    words.push(format!("by-{uid}-at-{when}").into_bytes());
                }
                next.gone.push(replaced);
                next.now = Proposal { id: with, asked: now, ..proposal_of(edited, policy) };
            }
            _ => {
                let by = Some(voter.person);
                next.now = step(&self.now, Event::Withdraw { by, reason }, &now).ok()?;
            }
        }
        Some(next)
    }
}

fn edited(from: &Proposed, by: &crate::domain::Human, with: ProposalId) -> Proposed {
    let mut owners = from.owners.clone();
    owners.push(by.clone());
    let requester = Requester::Person { person: by.clone() };
    Proposed { requester, owners, claims: Claims::default(), nonce: format!("{:064x}", with.0), ..from.clone() }
}

fn check(world: &World, denied: bool) {
    let one = &world.now;
    if one.state == State::Claimed {
        assert!(met(one, 2, false), "claimed without its votes: {:?}", one.votes);
        assert!(!denied, "claimed after a no");
        assert!(one.votes.iter().all(|vote| vote.digest == one.digest));
    }
    if one.state == State::Approved {
        assert!(met(one, 2, false));
    }
    for old in &world.gone {
        assert_eq!(old.state, State::Superseded);
        assert_eq!(old.execution, None);
        // Votes for the old bytes are not among those for the new.
        assert!(one.votes.iter().all(|vote| vote.digest != old.digest));
    }
}

#[test]
fn no_order_of_deeds_starts_what_two_others_have_not_agreed_to() {
    let policy = Policy::default();
    let first = World { now: proposal(true, &policy), gone: Vec::new() };
    let (mut seen, mut claimed, mut refused) = (0_u64, 0_u64, 0_u64);
    let mut stack = vec![(first, 0, false)];
    while let Some((world, depth, denied)) = stack.pop() {
        check(&world, denied);
        seen += 1;
        claimed += u64::from(world.now.state == State::Claimed);
        if depth == 6 {
            continue;
        }
        for deed in 0..DEEDS {
            match world.after(deed, &policy, i64::from(depth) + 1) {
                Some(next) => {
                    let denied = denied || next.now.state == State::Denied;
                    stack.push((next, depth + 1, denied));
                }
                None => refused += 1,
            }
        }
    }
    assert!(seen > 10_000 && claimed > 10 && refused > 10_000, "{seen} worlds, {claimed} claimed, {refused} refused");
}

#[test]
fn who_edits_is_who_asks_and_votes_do_not_follow() {
    let policy = Policy::default();
    for round in 0..1_000_i64 {
        let fresh = proposal(false, &policy);
        let yes = vote(&fresh, voter(2000), &at(1));
        let by = voter(2001).person;
        let mut new = edited(&fresh.proposed, &by, ProposalId(2));
        new.command = command(&["true", &round.to_string()]);
        let edited = Proposal { id: ProposalId(2), ..proposal_of(new, &policy) };
        assert_ne!(edited.digest, fresh.digest);
        let replace = |one: &Proposal| step(one, Event::Replace { with: ProposalId(2), by: by.clone() }, &at(2));
        // The yes and the edit race: whichever is first, the old one never runs after the edit.
        let old = if round % 2 == 0 {
            let approved = step(&fresh, Event::Approve { vote: yes.clone(), policy: &policy }, &at(1)).unwrap();
            replace(&approved).unwrap()
        } else {
            let replaced = replace(&fresh).unwrap();
            assert!(step(&replaced, Event::Approve { vote: yes.clone(), policy: &policy }, &at(3)).is_err());
            replaced
        };
        let stands = standing(&old, &policy);
        assert!(step(&old, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &at(3)).is_err());
        // The yes to the old bytes is none to the new.
        assert!(step(&edited, Event::Approve { vote: yes, policy: &policy }, &at(3)).is_err());
        let stands = standing(&edited, &policy);
        assert!(step(&edited, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &at(3)).is_err());
    }
}

#[test]
fn a_no_wins_even_after_enough_have_said_yes() {
    let policy = Policy::default();
    let fresh = proposal(true, &policy);
    let mut one = fresh.clone();
    for uid in [2000, 2001] {
        one = step(&one, Event::Approve { vote: vote(&fresh, voter(uid), &at(1)), policy: &policy }, &at(1)).unwrap();
    }
    assert_eq!(one.state, State::Approved);
    let no = Event::Deny { voter: voter(2002), reason: "not today".to_owned(), policy: &policy };
    let denied = step(&one, no, &at(2)).unwrap();
    assert_eq!((denied.state, denied.reason.as_str()), (State::Denied, "not today"));
    let stands = standing(&denied, &policy);
    assert!(step(&denied, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &at(3)).is_err());
    assert_eq!(digest::digest(&denied.proposed), fresh.digest);
    assert_eq!(asset(true).id, denied.proposed.asset.id);
}
