//! Who may stop what runs, and when.

use super::fixtures::{at, person, proposal, voter};
use crate::approval::machine::{Event, Refusal, step};
use crate::approval::policy::Policy;
use crate::domain::{ExecutionOutcome, OperatorRole, Proposal, ProposalState as State, Voter};

fn with(uid: u32, roles: &[OperatorRole]) -> Voter {
    Voter { person: person(uid, Some(uid)), roles: roles.iter().copied().collect() }
}

fn stop(one: &Proposal, voter: Voter, policy: &Policy) -> Result<Proposal, Refusal> {
    step(one, Event::Stop { voter, reason: "enough".to_owned(), policy }, &at(5))
}

#[test]
fn whoever_operates_decides_or_asked_for_it_stops_it_and_nobody_else() {
    use OperatorRole::{Approver, Auditor, CriticalApprover, Operator, Viewer};
    let policy = Policy::default();
    for critical in [false, true] {
        let running = Proposal { state: State::Running, ..proposal(critical, &policy) };
        // The owner needs no role for it.
        for voter in [with(1000, &[]), with(3000, &[Operator]), with(3000, &[CriticalApprover])] {
            let next = stop(&running, voter.clone(), &policy).unwrap();
            assert_eq!((next.state, next.stop.unwrap().by), (State::Running, voter.person));
        }
        for roles in [&[][..], &[Viewer], &[Auditor]] {
            assert!(matches!(stop(&running, with(3000, roles), &policy), Err(Refusal::Vote(_))), "{roles:?}");
        }
        assert_eq!(stop(&running, with(3000, &[Approver]), &policy).is_ok(), !critical);
    }
}

#[test]
fn only_what_is_under_way_is_stopped_and_once_until_the_asset_has_answered() {
    let policy = Policy::default();
    for state in State::ALL {
        let one = Proposal { state, granted: Some((at(0), 300_000)), ..proposal(false, &policy) };
        let stopped = stop(&one, voter(2000), &policy);
        assert_eq!(stopped.is_ok(), state.is_under_way(), "{state:?}: {stopped:?}");
    }
    let running = Proposal { state: State::Running, ..proposal(false, &policy) };
    let told = |one: &Proposal, words: &str| step(one, Event::StopTold { words: words.to_owned() }, &at(6));
    assert!(told(&running, "it is over").is_err(), "nobody asked");
    let first = stop(&running, voter(2000), &policy).unwrap();
    assert!(first.is_to_stop());
    let again = stop(&first, voter(2001), &policy).unwrap_err().to_string();
    assert!(again.contains("on its way"), "{again}");
    let answered = told(&first, "it runs on").unwrap();
    assert!(!answered.is_to_stop() && told(&answered, "something else").is_err());
    // It did not help, so somebody may try again; and an answer that comes after the end is kept.
    assert_eq!(stop(&answered, voter(2001), &policy).unwrap().stop.unwrap().by.uid, 2001);
    let over = step(&first, Event::Come { outcome: ExecutionOutcome::Ran { code: 143 }, gap: false }, &at(7)).unwrap();
    assert_eq!((over.state, over.is_to_stop()), (State::Failed, false));
    let late = told(&over, "it is over").unwrap();
    assert_eq!((late.state, late.stop.unwrap().told.as_deref()), (State::Failed, Some("it is over")));
}
