//! Many proposals at once, and tasks that fail: what was granted is looked after whatever else there is.
#![allow(clippy::unwrap_used)]

use super::stories::play;
use super::{Sim, command, operator};
use crate::domain::{Claims, ProposalState as State};
use crate::engine::crash::Plan;
use crate::engine::proposals::{Change, Decision};
use std::sync::atomic::Ordering;
use std::time::Duration;

fn claims() -> Claims {
    Claims { why: "it is down".to_owned(), ..Claims::default() }
}

#[test]
fn what_was_granted_is_started_behind_a_thousand_newer_ones_and_older_ones_expire() {
    play(async {
        let sim = Sim::new(0);
        let engine = sim.engine(Plan::count());
        let asked = engine.propose("web-1".to_owned(), command("first"), claims(), None, operator(999));
        let first = asked.await.unwrap();
        // The first has waited for too long by then; the granted one was asked for shortly before.
        tokio::time::advance(Duration::from_millis(u64::try_from(first.wait).unwrap() - 30_000)).await;
        let granted = sim.approved("shop").await;
        for number in 0..1100_u32 {
            let who = operator(3000 + number / 50);
            engine.propose("web-1".to_owned(), command(&number.to_string()), claims(), None, who).await.unwrap();
        }
        sim.life(Plan::count(), Duration::from_mins(2)).await;
        assert_eq!((sim.read(granted).state, sim.read(first.id).state), (State::Succeeded, State::Expired));
    });
}

#[test]
fn a_person_has_so_many_that_wait_and_no_more() {
    play(async {
        let sim = Sim::new(0);
        let engine = sim.engine(Plan::count());
        let ask = async |word: u32, who| {
            let asked = engine.propose("web-1".to_owned(), command(&word.to_string()), claims(), None, operator(who));
            asked.await.map_err(|fault| fault.to_string())
        };
        let mut last = None;
        for number in 0..50 {
            last = Some(ask(number, 1000).await.unwrap());
        }
        let words = ask(50, 1000).await.unwrap_err();
        assert!(words.contains("50 proposals of yours wait"), "{words}");
        ask(51, 1001).await.unwrap();
        // What takes the place of another adds none; what is over makes room.
        let change = Change { command: command("better"), claims: claims(), asset: None };
        let edited = engine.edit(last.unwrap().id, change, operator(1000)).await.unwrap();
        engine.decide(edited.id, Decision::Deny { reason: "no".to_owned() }, operator(2000)).await.unwrap();
        ask(52, 1000).await.unwrap();
    });
}

#[test]
fn a_task_that_fails_is_begun_again_while_others_are_at_work() {
    play(async {
        let sim = Sim::new(0);
        let slow = sim.approved("slow").await;
        sim.life(Plan::count(), Duration::from_secs(30)).await;
        assert_eq!(sim.read(slow).state, State::Running);
        let other = sim.approved("shop").await;
        sim.target.haunted.store(2, Ordering::Relaxed);
        sim.life(Plan::count(), Duration::from_mins(5)).await;
        assert_eq!((sim.read(slow).state, sim.read(other).state), (State::Running, State::Succeeded));
        assert_eq!(sim.target.most_effects(), 1);
    });
}
