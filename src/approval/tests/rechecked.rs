//! What changes between a yes and the start stops it, whenever it changes; and states move along their table only.

use super::fixtures::{at, person, proposal, standing, vote, voter};
use crate::approval::freeze::Freeze;
use crate::approval::machine::{Event, Refusal, Resolution, step};
use crate::approval::policy::Policy;
use crate::approval::recheck::Standing;
use crate::domain::{ExecutionOutcome, Moment, Proposal, ProposalState as State};

/// What can change, and how.
const FLIPS: [&str; 9] = ["role", "asset", "host key", "rules", "run", "freeze", "epoch", "command", "record"];

/// The world with one thing changed. The freeze is a matter of the clock, and the record one of the row.
fn flipped<'p>(what: &str, one: &mut Proposal, stands: &mut Standing<'p>, other: &'p Policy, now: &mut Moment) {
    match what {
        "role" => stands.voters.iter_mut().for_each(|voter| voter.roles.clear()),
        "asset" => stands.asset.as_mut().unwrap().version += 1,
        "host key" => stands.asset.as_mut().unwrap().host_key = Some("SHA256:other".to_owned()),
        "rules" => stands.policy = other,
        "run" => stands.run_lives = false,
        "freeze" => now.wall.0 += 60_000,
        "epoch" => stands.epoch += 1,
        "command" => stands.command.as_mut().unwrap().cwd.push('x'),
        _ => one.proposed.claims.undo.push('x'),
    }
}

#[test]
fn nine_facts_at_four_moments_are_thirty_six_refusals() {
    // A minute after what follows nothing is started any more.
    let freeze = Freeze::Once { from: at(60_000).wall, until: at(600_000).wall };
    let policy = Policy { freeze: vec![freeze], ..Policy::default() };
    let other = Policy { grant: 240, ..policy.clone() };
    let mut refused = 0;
    for what in FLIPS {
        for moment in 0..4 {
            let mut now = at(10);
            let mut one = proposal(true, &policy);
            let flip = |one: &mut Proposal, now: &mut Moment| {
                let mut stands = standing(one, &policy);
                flipped(what, one, &mut stands, &other, now);
            };
            for (steps, uid) in [2000, 2001].into_iter().enumerate() {
                if moment == steps {
                    flip(&mut one, &mut now);
                }
                let yes = vote(&one, voter(uid), &now);
                match step(&one, Event::Approve { vote: yes, policy: &policy }, &now) {
                    Ok(next) => one = next,
                    Err(Refusal::Vote(_)) => {}
                    Err(error) => panic!("{what}: {error}"),
                }
            }
            if moment == 2 {
                flip(&mut one, &mut now);
            }
            // At the latest in the claim everything stands as it is by then.
            let mut stands = standing(&one, &policy);
            let (mut row, mut then) = (one.clone(), now.clone());
            let untouched = step(&one, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &at(10));
            if !["freeze", "record"].contains(&what) || moment == 3 {
                assert_eq!(untouched.unwrap().state, State::Claimed, "{what} at {moment}");
                flipped(what, &mut row, &mut stands, &other, &mut then);
            }
            let outcome = step(&row, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &then).unwrap();
            assert_eq!(outcome.state, State::Voided, "{what} at {moment}");
            assert!(outcome.execution.is_none() && !outcome.reason.is_empty(), "{what} at {moment}");
            refused += 1;
        }
    }
    assert_eq!(refused, 36);
}

#[test]
fn other_things_that_stand_against_it() {
    let policy = Policy::default();
    let fresh = proposal(false, &policy);
    let one =
        step(&fresh, Event::Approve { vote: vote(&fresh, voter(2000), &at(1)), policy: &policy }, &at(1)).unwrap();
    let claim = |change: fn(&mut Standing<'_>)| {
        let mut stands = standing(&one, &policy);
        change(&mut stands);
        step(&one, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &at(2))
    };
    let state = |change| claim(change).unwrap().state;
    assert_eq!(state(|_| ()), State::Claimed);
    assert_eq!(state(|stands| stands.asset = None), State::Voided);
    assert_eq!(state(|stands| stands.command = None), State::Voided);
    assert_eq!(state(|stands| stands.voters.clear()), State::Voided);
    assert_eq!(state(|stands| stands.engine = "e2"), State::Voided);
    assert_eq!(state(|stands| stands.unknown = Some("x3".to_owned())), State::Voided);
    // A full disk may pass; the grant's end does not wait for it.
    let full = claim(|stands| stands.halt = Some("the disk is full".to_owned()));
    assert!(matches!(full, Err(Refusal::Later(_))));
}

#[test]
fn states_move_along_the_table_only() {
    let policy = Policy::default();
    let fresh = proposal(false, &policy);
    let outcomes = [
        ExecutionOutcome::Ran { code: 0 },
        ExecutionOutcome::Ran { code: 3 },
        ExecutionOutcome::TimedOut,
        ExecutionOutcome::StillRunning,
        ExecutionOutcome::NotRun { why: "fenced".to_owned() },
        ExecutionOutcome::Unknown { why: "rebooted".to_owned() },
    ];
    for from in State::ALL {
        let mut one = Proposal { state: from, granted: Some((at(0), 300_000)), ..fresh.clone() };
        one.votes.push(vote(&one, voter(2000), &at(0)));
        let stands = standing(&one, &policy);
        let mut events = vec![
            Event::Look,
            Event::Approve { vote: vote(&one, voter(2001), &at(1)), policy: &policy },
            Event::Deny { voter: voter(2002), reason: "no".to_owned(), policy: &policy },
            Event::Withdraw { by: None, reason: "over".to_owned() },
            Event::Replace { with: crate::domain::ProposalId(9), by: person(2000, None) },
            Event::Claim { standing: &stands, boot: "t1".to_owned() },
            Event::Dispatch,
            Event::Begin,
            Event::Stop { voter: voter(2000), reason: "enough".to_owned(), policy: &policy },
            Event::StopTold { words: "it is over".to_owned() },
        ];
        events.extend(outcomes.iter().map(|outcome| Event::Come { outcome: outcome.clone(), gap: false }));
        for as_what in [Resolution::Ran, Resolution::NotRun, Resolution::Accepted] {
            events.push(Event::Resolve { by: person(2000, None), as_what, note: "I looked".to_owned() });
        }
        for event in events {
            let name = format!("{event:?}");
            let Ok(next) = step(&one, event, &at(1)) else { continue };
            let to = next.state;
            assert!(!from.is_final() || to == from, "{from:?} is over, but {name} leads to {to:?}");
            if name.starts_with("Stop") {
                assert!(to == from && from.is_under_way(), "{from:?} to {to:?} by {name}");
                assert_eq!(next.version, one.version + 1);
                continue;
            }
            let fine = match to {
                State::Claimed | State::Voided => from == State::Approved,
                State::Dispatched | State::Refused => from == State::Claimed,
                State::Partial | State::Approved => from.is_open(),
                State::Denied | State::Withdrawn | State::Superseded => from.is_open() || from == State::Approved,
                State::ResolvedRan | State::ResolvedNotRun | State::ResolvedAccepted => from == State::OutcomeUnknown,
                State::OutcomeUnknown => from.is_under_way(),
                State::Running | State::Succeeded | State::Failed | State::TimedOut | State::NotRun => {
                    from.is_under_way()
                }
                State::Pending | State::Expired => false,
            };
            assert!(fine, "{from:?} to {to:?} by {name}");
            assert_eq!(next.version, one.version + 1);
        }
    }
}

#[test]
fn that_some_output_is_missing_is_kept_though_nothing_else_is_new() {
    let policy = Policy::default();
    let fresh = Proposal { state: State::Running, granted: Some((at(0), 300_000)), ..proposal(false, &policy) };
    let come = |one: &Proposal, gap| step(one, Event::Come { outcome: ExecutionOutcome::StillRunning, gap }, &at(1));
    let runs = come(&fresh, false).unwrap();
    assert!(come(&runs, false).is_err() && !runs.gap);
    let gap = come(&runs, true).unwrap();
    assert!(gap.gap && gap.state == State::Running && come(&gap, true).is_err());
    let over = step(&gap, Event::Come { outcome: ExecutionOutcome::Ran { code: 0 }, gap: false }, &at(2)).unwrap();
    assert!(over.gap && over.state == State::Succeeded);
}
