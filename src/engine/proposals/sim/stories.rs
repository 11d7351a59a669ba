//! What is played, and what must hold whatever happens.
#![allow(clippy::unwrap_used)]

use super::{End, Sim, operator};
use crate::approval::machine::Resolution;
use crate::domain::{ExecutionOutcome, ProposalId, ProposalState as State};
use crate::engine::crash::{self, Plan};
use crate::engine::proposals::Decision;
use crate::engine::proposals::carry::Claim;
use crate::store::FaultKind;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

/// How much is played: little, or all of it with `DOGWATCH_FULL=1`.
pub(super) fn size(short: u64, full: u64) -> u64 {
    if std::env::var_os("DOGWATCH_FULL").is_some() { full } else { short }
}

pub(super) fn play<T>(simulation: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(simulation)
}

/// Lives until it is over or a day has passed; the asset goes through trouble between lives.
async fn to_the_end(sim: &Sim, id: ProposalId, plan: Option<Arc<Plan>>, dice: &mut StdRng) -> u32 {
    let mut crashes = 0;
    let mut plan = plan;
    for life in 0..40 {
        let crash = plan.take().unwrap_or_else(Plan::count);
        let lease = Duration::from_secs(dice.random_range(1..900));
        crashes += u32::from(sim.life(crash, lease).await == End::Crashed);
        assert!(sim.target.most_effects() <= 1, "it had an effect twice");
        if sim.read(id).state.is_final() {
            break;
        }
        match dice.random_range(0..6) {
            0 => sim.target.deliver_late(),
            1 if life < 20 => sim.target.reboot(dice.random()),
            2 if life < 20 => sim.target.reach(false),
            _ => sim.target.reach(true),
        }
        assert!(sim.target.most_effects() <= 1, "what came late had an effect twice");
    }
    sim.target.deliver_late();
    crashes
}

/// What must hold at the end of every story.
fn check(sim: &Sim, id: ProposalId) {
    let one = sim.read(id);
    let effects = one.execution.as_ref().map_or(0, |id| sim.target.effects(id));
    assert!(effects <= 1 && sim.target.most_effects() <= 1);
    match one.state {
        State::Succeeded | State::Failed => assert_eq!(effects, 1, "{one:?}"),
        State::NotRun | State::Refused | State::Voided | State::Expired => assert_eq!(effects, 0, "{one:?}"),
        State::OutcomeUnknown => assert!(one.unknown.is_some() && !one.reason.is_empty(), "{one:?}"),
        state => panic!("ends as {state:?}"),
    }
    // The trail has one claim at most, and one word before the first byte.
    let kinds = sim.store.read_sync(|view| {
        view.audit_page(&crate::store::AuditFilter {
            most: 1000,
            kind: Some("proposal.".to_owned()),
            ..crate::store::AuditFilter::default()
        })
    });
    let records = kinds.unwrap().records;
    for once in ["\"proposal.claimed\"", "\"proposal.dispatched\""] {
        assert!(records.iter().filter(|record| record.record.contains(once)).count() <= 1, "{records:?}");
    }
}

#[test]
fn every_crash_point_leaves_one_effect_at_most() {
    let seeds = size(5, 25);
    let (mut lives, mut crashes) = (0, 0);
    let mut ends: BTreeMap<State, u32> = BTreeMap::new();
    let mut reached: BTreeMap<String, u32> = BTreeMap::new();
    for point in crash::of_executions() {
        for seed in 0..seeds {
            let deaths = play(async {
                let sim = Sim::new(seed);
                let mut dice = StdRng::seed_from_u64(seed ^ 0xa5a5);
                let id = sim.approved("shop").await;
                if point.contains("over") || point.contains("look") {
                    sim.target.reach(false);
                }
                let deaths = to_the_end(&sim, id, Some(Plan::error(&point, 1)), &mut dice).await;
                check(&sim, id);
                *ends.entry(sim.read(id).state).or_default() += 1;
                deaths
            });
            *reached.entry(point.clone()).or_default() += deaths;
            crashes += deaths;
            lives += 1;
        }
    }
    eprintln!("{} crash points x {seeds} seeds: {lives} stories, {crashes} crashes, ends {ends:?}", reached.len());
    let never: Vec<&String> = reached.iter().filter(|(_, count)| **count == 0).map(|(point, _)| point).collect();
    // What people do, and what an asset that answers never brings about, a whole `day` has.
    let elsewhere = |point: &&&String| point.starts_with("proposal.") || point.contains("stop");
    assert!(never.iter().all(|point| elsewhere(&point)), "never reached: {never:?}");
}

#[test]
fn random_trouble_leaves_one_effect_at_most() {
    let stories = size(300, 10_000);
    let points = crash::of_executions();
    let mut ends: BTreeMap<State, u32> = BTreeMap::new();
    for seed in 1..=stories {
        play(async {
            let sim = Sim::new(seed);
            let mut dice = StdRng::seed_from_u64(seed);
            let id = sim.approved("shop").await;
            for _ in 0..dice.random_range(0..4) {
                let point = &points[dice.random_range(0..points.len())];
                to_the_end(&sim, id, Some(Plan::error(point, dice.random_range(1..3))), &mut dice).await;
            }
            to_the_end(&sim, id, None, &mut dice).await;
            check(&sim, id);
            *ends.entry(sim.read(id).state).or_default() += 1;
        });
    }
    eprintln!("{stories} stories end as {ends:?}");
    assert!(ends.contains_key(&State::Succeeded) && ends.contains_key(&State::OutcomeUnknown), "{ends:?}");
}

#[test]
fn a_calm_asset_runs_it_and_keeps_its_output() {
    play(async {
        let sim = Sim::new(0);
        let id = sim.approved("shop").await;
        sim.life(Plan::count(), Duration::from_mins(1)).await;
        let one = sim.read(id);
        assert_eq!(one.outcome, Some(ExecutionOutcome::Ran { code: 0 }));
        assert_eq!(one.state, State::Succeeded);
        let engine = sim.engine(Plan::count());
        let log = crate::logs::LogReader::open(&engine.log(id)).unwrap();
        assert_eq!(log.bytes(0..100).unwrap(), b"restarting\n");
        let question = one.question;
        let question = sim.store.read_sync(|view| view.question(question)).unwrap().unwrap();
        assert!(question.answer.unwrap().approve);
    });
}

/// Whether it ran since or not. A file system that was set back has nothing that would tell it from one that was not; there it meets
/// its own receipt.
#[test]
fn a_copy_that_is_put_back_starts_nothing_again() {
    for (noticed, runs) in [(true, true), (true, false), (false, true)] {
        play(async {
            let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let mut sim = Sim::in_files(0, first.path());
            let id = sim.approved("shop").await;
            let copy = |from: &std::path::Path, to: &std::path::Path| {
                for entry in walk(from) {
                    let target = to.join(entry.strip_prefix(from).unwrap());
                    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
                    std::fs::copy(&entry, target).unwrap();
                }
            };
            // A copy of the moment before it ran.
            drop(std::mem::replace(
                &mut sim.store,
                crate::store::Store::in_memory(&crate::store::Options::default()).unwrap(),
            ));
            copy(first.path(), second.path());
            sim.store = sim.open(first.path());
            if runs {
                sim.life(Plan::count(), Duration::from_mins(1)).await;
                assert_eq!(sim.read(id).state, State::Succeeded);
            }
            let ran = sim.read(id);
            // It is put back, within the five minutes.
            if !noticed {
                crate::audit::own_head_for_tests(&crate::store::Paths::in_dir(second.path()).chain_head);
            }
            sim.store = sim.open(second.path());
            assert_eq!(sim.read(id).state, State::Approved);
            sim.life(Plan::count(), Duration::from_mins(1)).await;
            let again = sim.read(id);
            assert_eq!(sim.target.most_effects(), u32::from(runs));
            if noticed {
                assert_eq!(again.state, State::Voided, "{again:?}");
            } else {
                // It met its own receipt.
                assert_eq!((again.state, again.execution), (State::Succeeded, ran.execution));
            }
        });
    }
}

/// What people agreed to before a backup is void after it was put back, whether it ran meanwhile or not.
#[test]
fn a_backup_that_is_put_back_revives_no_grant() {
    use crate::backup;
    for round in 0..size(10, 100) {
        play(async {
            let dir = tempfile::tempdir().unwrap();
            let mut sim = Sim::in_files(round, dir.path());
            let id = sim.approved("shop").await;
            let paths = crate::store::Paths::in_dir(dir.path());
            let now = crate::domain::Millis(1_800_000_000_000);
            let made = backup::make(&sim.store, &paths.blobs, &dir.path().join("backups"), 0, now).unwrap();
            if round % 2 == 0 {
                sim.life(Plan::count(), Duration::from_mins(1)).await;
                assert_ne!(sim.read(id).state, State::Approved);
            }
            let effects = sim.target.most_effects();
            let closed = crate::store::Store::in_memory(&crate::store::Options::default()).unwrap();
            drop(std::mem::replace(&mut sim.store, closed));
            let hold = loop {
                // What the engine had begun is dropped when it would have its turn again, and a program that another test starts
                // just then holds a copy of the lock for a moment.
                match crate::store::Hold::take(&paths) {
                    Err(crate::store::OpenError::Locked { .. }) => tokio::task::yield_now().await,
                    taken => break taken.unwrap(),
                }
            };
            let plan = backup::plan(&hold, &made.dir).unwrap();
            backup::carry_out(&hold, &plan, &crate::domain::Actor::Engine, now).unwrap();
            drop(hold);
            sim.store = sim.open(dir.path());
            assert_eq!(sim.read(id).state, State::Approved);
            sim.life(Plan::count(), Duration::from_mins(1)).await;
            assert_eq!(sim.read(id).state, State::Voided, "round {round}");
            assert_eq!(sim.target.most_effects(), effects, "round {round}");
        });
    }
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(walk(&path)) } else { all.push(path) }
    }
    all
}

#[test]
fn a_thousand_claims_at_once_are_one_start() {
    let rounds = size(3, 100);
    let mut starts = 0;
    for _ in 0..rounds {
        play(async {
            let sim = Sim::new(0);
            let id = sim.approved("shop").await;
            let approved = sim.read(id);
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..1_000 {
                let (engine, approved) = (sim.engine(Plan::count()), approved.clone());
                tasks.spawn(async move {
                    let claim = engine.begin(&approved).await.unwrap();
                    (engine, claim)
                });
            }
            while let Some(done) = tasks.join_next().await {
                let (engine, claim) = done.unwrap();
                if let Claim::Ours(one) = claim {
                    engine.start(*one).await.unwrap();
                    starts += 1;
                }
            }
            assert_eq!(sim.read(id).state, State::Succeeded);
            check(&sim, id);
        });
    }
    assert_eq!(starts, rounds);
}

#[test]
fn what_nobody_knows_is_asked_and_a_person_ends_it() {
    play(async {
        let sim = Sim::new(0);
        let id = sim.approved("shop").await;
        // It dies after the start, and the asset forgets.
        assert_eq!(sim.life(Plan::error("execution.dispatched", 1), HOUR).await, End::Crashed);
        sim.target.reboot(true);
        sim.life(Plan::count(), Duration::from_mins(5)).await;
        let one = sim.read(id);
        assert_eq!(one.state, State::OutcomeUnknown);
        let question = sim.store.read_sync(|view| view.question(one.unknown.unwrap())).unwrap().unwrap();
        assert_eq!(question.kind, crate::domain::QuestionKind::Outcome);
        assert!(question.answer.is_none());
        let engine = sim.engine(Plan::count());
        let resolve = |note: &str| Decision::Resolve { as_what: Resolution::Ran, note: note.to_owned() };
        assert!(engine.decide(id, resolve(" "), operator(2000)).await.is_err());
        let one = engine.decide(id, resolve("its log says so"), operator(2000)).await.unwrap();
        assert_eq!((one.state, one.by.unwrap().uid), (State::ResolvedRan, 2000));
        let question = sim.store.read_sync(|view| view.question(question.id)).unwrap().unwrap();
        assert_eq!(question.answer.unwrap().reason, "its log says so");
        assert!(sim.target.most_effects() == 1);
    });
}

#[test]
fn a_store_that_refuses_at_any_write_has_no_effect_without_its_rows() {
    let most = size(40, 300);
    for (number, kind) in (0..most).zip([FaultKind::DiskFull, FaultKind::Io].into_iter().cycle()) {
        play(async {
            let sim = Sim::new(number % 2);
            let id = sim.approved("shop").await;
            for next in 0..=(number / 20) {
                sim.faults.fail_commit(1 + number % 6 + next, kind);
            }
            let mut dice = StdRng::seed_from_u64(number);
            let engine = sim.engine(Plan::count());
            // Whatever had an effect stands in the store as at least about to leave, at every moment.
            let watching = async {
                for _ in 0..200 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    let one = sim.read(id);
                    if sim.target.most_effects() > 0 {
                        assert!(one.state >= State::Dispatched, "it had an effect while it was {:?}", one.state);
                    }
                }
            };
            tokio::select! {
                () = watching => {}
                ended = engine.serve() => panic!("{ended:?}"),
            }
            to_the_end(&sim, id, None, &mut dice).await;
            check(&sim, id);
        });
    }
}
