//! The rule of the queue over random queues, and the cases that matter by name.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::Predecessor;
use crate::domain::RunState::{Cancelled, Failed, Paused, Queued, Succeeded};
use crate::engine::machine::tests::queued;
use crate::engine::room::Amount;
use crate::engine::room::tests::places;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;

fn one(run: i64, project: i64, priority: Priority, since: i64) -> Waiting {
    Waiting { run: RunId(run), project: ProjectId(project), priority, since: Millis(since), needs: Needs::default() }
}

fn mib(memory_mib: u64) -> Needs {
    Needs { memory_mib, millicpus: 0 }
}

fn at_work(projects: &[i64]) -> Vec<(ProjectId, Needs)> {
    projects.iter().map(|id| (ProjectId(*id), Needs::default())).collect()
}

fn ids(line: &[Waiting]) -> Vec<i64> {
    line.iter().map(|one| one.run.0).collect()
}

#[test]
fn priority_goes_before_fairness_and_fairness_before_waiting() {
    let waiting = [
        one(1, 1, Priority::Low, 0),
        one(2, 1, Priority::Normal, 0),
        one(3, 1, Priority::Normal, 1),
        one(4, 2, Priority::Normal, 9),
        one(5, 1, Priority::High, 8),
    ];
    let line = decide(&waiting, &at_work(&[1]), &places(4), Millis(10));
    assert_eq!((ids(&line.start), ids(&line.wait)), (vec![5, 4, 2], vec![3, 1]));
    assert_eq!(ids(&decide(&waiting, &at_work(&[2, 2, 2]), &places(5), Millis(10)).start), [5, 2]);
    assert_eq!(decide(&waiting, &at_work(&[2]), &places(1), Millis(10)).start, []);
}

#[test]
fn nobody_overtakes_one_that_is_too_large_for_what_is_left() {
    let room = Room { memory_mib: Amount { most: 10, stated: true }, ..places(4) };
    let sized = |run, since, memory| Waiting { needs: mib(memory), ..one(run, 1, Priority::Normal, since) };
    let waiting = [sized(1, 0, 2), sized(2, 1, 6), sized(3, 2, 1)];
    let line = decide(&waiting, &[(ProjectId(9), mib(4))], &room, Millis(10));
    assert_eq!((ids(&line.start), ids(&line.wait), line.lack), (vec![1], vec![2, 3], Some(Lack::Memory)));
    let line = decide(&waiting, &[], &room, Millis(10));
    assert_eq!((ids(&line.start), line.lack), (vec![1, 2, 3], None));
}

#[test]
fn waiting_lifts_a_run_by_steps_and_a_clock_that_goes_back_lowers_none() {
    let low = one(1, 1, Priority::Low, 100 * HOUR);
    let rank = |hours: i64| low.rank(Millis((100 + hours) * HOUR));
    let ranks = [Priority::Low, Priority::Normal, Priority::Normal, Priority::High, Priority::High];
    assert_eq!([11, 12, 23, 24, 10_000].map(rank), ranks);
    assert_eq!(rank(-50), Priority::Low);
}

#[test]
fn a_run_follows_those_that_succeed_and_stands_still_behind_those_that_do_not() {
    let follow = |run, need| Predecessor { run: RunId(run), need };
    let mut run = queued();
    run.waits_since = Millis(5);
    run.after = vec![follow(2, Need::Success), follow(3, Need::Success)];
    let states = |two, three| BTreeMap::from([(RunId(2), (two, Millis(9))), (RunId(3), (three, Millis(7)))]);
    assert_eq!(standing(&run, &states(Succeeded, Succeeded)), Standing::Free(Millis(9)));
    assert_eq!(standing(&run, &states(Paused, Queued)), Standing::Follows(vec![RunId(2), RunId(3)]));
    let blocked = Standing::Blocked(vec![(RunId(2), Failed)]);
    assert_eq!(standing(&run, &states(Failed, Queued)), blocked);
    run.after[0].need = Need::Asked;
    assert_eq!(standing(&run, &states(Failed, Queued)), blocked);
    run.after[0].need = Need::Waived;
    assert_eq!(standing(&run, &states(Failed, Queued)), Standing::Follows(vec![RunId(3)]));
    assert_eq!(standing(&run, &states(Cancelled, Succeeded)), Standing::Free(Millis(7)));
}

fn any_waiting() -> impl Strategy<Value = Vec<Waiting>> {
    let priority = prop_oneof![Just(Priority::Low), Just(Priority::Normal), Just(Priority::High)];
    proptest::collection::vec((1..4_i64, priority, 0..60 * HOUR), 0..20).prop_map(|all| {
        let numbered = all.into_iter().zip(1..);
        numbered.map(|((project, priority, since), run)| one(run, project, priority, since)).collect()
    })
}

proptest! {
    /// Everybody is in the line once; as many start as can; nobody is passed by one of lower rank; and among equal ranks
    /// nobody is passed by one whose project has more places, or as many and who came later.
    #[test]
    fn the_line_keeps_its_rule(
        waiting in any_waiting(),
        taken in proptest::collection::vec(1..4_i64, 0..6),
        free in 0..6_usize,
    ) {
        let now = Millis(60 * HOUR);
        let line = decide(&waiting, &at_work(&taken), &places(taken.len() + free), now);
        prop_assert_eq!(line.start.len(), free.min(waiting.len()));
        let all: Vec<Waiting> = line.start.iter().chain(&line.wait).copied().collect();
        let mut sorted = ids(&all);
        sorted.sort_unstable();
        prop_assert_eq!(sorted, ids(&waiting));
        let mut held: HashMap<i64, usize> = HashMap::new();
        for project in &taken { *held.entry(*project).or_default() += 1; }
        for (at, first) in all.iter().enumerate() {
            for later in &all[at + 1..] {
                let of = |one: &Waiting| {
                    let places = held.get(&one.project.0).copied().unwrap_or_default();
                    (Reverse(one.rank(now)), places, one.since, one.run)
                };
                prop_assert!(of(first) < of(later), "{:?} before {:?}", first, later);
            }
            *held.entry(first.project.0).or_default() += 1;
        }
        let mut turned = waiting;
        turned.reverse();
        prop_assert_eq!(decide(&turned, &at_work(&taken), &places(taken.len() + free), now), line);
    }

    /// However many runs of high priority come, in however many projects: a low one starts within the time that lifts it
    /// and the turns of those that were there before it could pass for high.
    #[test]
    fn a_low_run_starts_in_the_end(
        runs in 1..4_usize,
        lasts in 1..30_i64,
        projects in 1..5_i64,
        burst in 1..4_i64,
    ) {
        let mut next = 1;
        let memory_mib = Amount { most: 8, stated: true };
        let room = Room { memory_mib, ..places(runs) };
        // It needs all the memory, the others an eighth.
        let mut waiting = vec![Waiting { needs: mib(8), ..one(0, 0, Priority::Low, 0) }];
        let mut working: Vec<(Waiting, i64)> = Vec::new();
        let mut started = None;
        // An hour at a time: more work comes than there are places for, and never anything but high.
        for hour in 0.. {
            for _ in 0..burst {
                waiting.push(Waiting { needs: mib(1), ..one(next, next % projects, Priority::High, hour * HOUR) });
                next += 1;
            }
            working.retain(|(_, until)| *until > hour);
            let taken: Vec<_> = working.iter().map(|(one, _)| (one.project, one.needs)).collect();
            let line = decide(&waiting, &taken, &room, Millis(hour * HOUR));
            working.extend(line.start.iter().map(|one| (*one, hour + lasts)));
            waiting = line.wait;
            if line.start.iter().any(|one| one.run == RunId(0)) {
                started = Some(hour);
                break;
            }
            // Lifted, it is the one that has waited longest of all: it goes with its project's next turn.
            if hour > 2 * LIFT / HOUR + lasts * (projects + 2) { break; }
        }
        prop_assert!(started.is_some());
    }
}
