//! A wait ends by whichever clock comes first, and what has ended stays so.

use super::fixtures::{at, proposal, standing, vote, voter};
use crate::approval::machine::{Event, Refusal, step};
use crate::approval::policy::Policy;
use crate::domain::{Moment, Proposal, ProposalState as State};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Ten years.
const DECADE: i64 = 10 * 365 * 86_400_000;

/// Time as it truly passes, and clocks that somebody sets.
struct Clocks {
    truly: i64,
    wall: i64,
    booted: i64,
    boots: u32,
}

impl Clocks {
    fn read(&self) -> Moment {
        let mut moment = at(0);
        moment.wall.0 += self.wall;
        moment.boot = self.truly - self.booted + 50_000;
        moment.boot_id = format!("b{}", self.boots);
        moment
    }

    fn jump(&mut self, dice: &mut StdRng) {
        let passes = dice.random_range(0..400_000);
        self.truly += passes;
        self.wall += passes;
        match dice.random_range(0..6) {
            0 => self.wall += dice.random_range(-1_000..=1_000),
            1 => self.wall += dice.random_range(-DECADE..=DECADE),
            2 => self.wall -= passes,
            // Suspended: the boot clock goes on, the wall clock is set later.
            3 => self.truly += dice.random_range(0..7_200_000),
            4 if dice.random_range(0..4) == 0 => {
                self.boots += 1;
                self.booted = self.truly + 50_000;
            }
            _ => {}
        }
    }
}

#[test]
fn nothing_starts_after_either_deadline_whatever_becomes_of_the_clocks() {
    let policy = Policy::default();
    let mut dice = StdRng::seed_from_u64(11);
    let (mut jumps, mut ran, mut expired) = (0_u32, 0_u32, 0_u32);
    while jumps < 10_000 {
        let mut clocks = Clocks { truly: 0, wall: 0, booted: 0, boots: 1 };
        let mut now: Proposal = proposal(false, &policy);
        let mut granted = None;
        for _ in 0..40 {
            clocks.jump(&mut dice);
            jumps += 1;
            let moment = clocks.read();
            let yes = Event::Approve { vote: vote(&now, voter(2000), &moment), policy: &policy };
            let stands = standing(&now, &policy);
            let event = match now.state {
                State::Pending if dice.random_range(0..3) == 0 => yes,
                State::Approved if dice.random_range(0..2) == 0 => {
                    Event::Claim { standing: &stands, boot: "t1".to_owned() }
                }
                _ => Event::Look,
            };
            let before = now.state;
            match step(&now, event, &moment) {
                Ok(next) => now = next,
                Err(Refusal::Nothing) => {}
                Err(error) => panic!("{error}"),
            }
            if before == State::Pending && now.state == State::Approved {
                granted = Some((clocks.truly, clocks.boots));
            }
            if now.state == State::Claimed {
                let (from, boots) = granted.unwrap();
                assert!(clocks.truly - from < policy.granted(), "a grant ran after {} ms", clocks.truly - from);
                assert_eq!(boots, clocks.boots, "a grant outlived a boot");
                ran += 1;
                break;
            }
            if now.state == State::Expired {
                expired += 1;
                let stands = standing(&now, &policy);
                let yes = Event::Approve { vote: vote(&now, voter(2001), &at(0)), policy: &policy };
                assert!(step(&now, yes, &at(0)).is_err());
                assert!(step(&now, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &at(0)).is_err());
                break;
            }
        }
    }
    assert!(ran > 20 && expired > 20, "{ran} ran, {expired} expired");
}

#[test]
fn each_wait_has_its_bounds() {
    let policy = Policy { wait: 10 * 86_400, grant: 86_400, ..Policy::default() };
    assert_eq!((policy.waits(false), policy.granted()), (86_400_000, 900_000));
    assert_eq!(policy.waits(true), 3_600_000);
    let fresh = proposal(true, &Policy::default());
    let look = |milliseconds| step(&fresh, Event::Look, &at(milliseconds));
    assert!(look(3_599_999).is_err());
    assert_eq!(look(3_600_000).unwrap().state, State::Expired);
    // The wall clock was set back, the boot clock was not.
    let mut moment = at(-DECADE);
    moment.boot = at(3_600_000).boot;
    assert_eq!(step(&fresh, Event::Look, &moment).unwrap().state, State::Expired);
}

#[test]
fn an_engine_that_was_held_up_after_the_claim_starts_nothing() {
    let policy = Policy::default();
    let fresh = proposal(false, &policy);
    let yes = Event::Approve { vote: vote(&fresh, voter(2000), &at(0)), policy: &policy };
    let approved = step(&fresh, yes, &at(0)).unwrap();
    let stands = standing(&approved, &policy);
    let claimed = step(&approved, Event::Claim { standing: &stands, boot: "t1".to_owned() }, &at(10)).unwrap();
    assert_eq!(step(&claimed, Event::Dispatch, &at(299_999)).unwrap().state, State::Dispatched);
    assert_eq!(step(&claimed, Event::Dispatch, &at(300_000)).unwrap().state, State::Refused);
    let other_boot = Moment { boot_id: "b2".to_owned(), ..at(20) };
    assert_eq!(step(&claimed, Event::Dispatch, &other_boot).unwrap().state, State::Refused);
}
