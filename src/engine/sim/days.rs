//! Several runs at once under caps of projects and days, over a day and more: the engine is killed and started again, people
//! come and go, and whatever is committed is added up at each look.

use super::books;
use super::campaign::allowances;
use super::dice::Dice;
use super::life::{Sim, ada, play};
use super::plot::{Plot, Turn};
use crate::domain::{Origin, Priority, Project, QuestionState, Role, Run, RunId, RunState};
use crate::engine::crash::{self, Plan};
use crate::engine::machine::Event;
use crate::engine::room::tests::places;
use crate::engine::{AskError, Engine, NewRun};
use crate::store::{RunFilter, View};
use crate::text::{Out, exact};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long each is played, in milliseconds.
const LONG: i64 = 24 * 3_600_000;
/// Runs beside the first.
const MORE: usize = 3;

/// What happened.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    over: usize,
    capped: usize,
    waited: usize,
    deaths: usize,
}

fn plot(seed: u64) -> Plot {
    let mut dice = Dice::of(seed, "days");
    let odd = [Turn::Nothing, Turn::Limited(3600), Turn::Overloaded, Turn::Instant, Turn::Silent, Turn::CheatTests];
    let turns = (0..dice.below(3)).map(|_| {
        let iteration = u32::try_from(dice.between(1, 4)).unwrap();
        (iteration, 1, dice.pick(&odd))
    });
    let turns = turns.collect();
    let parts = dice.between(1, 4);
    Plot { parts, turns, iterations: 6, allowances: allowances(&mut dice, 1), ..Plot::plain("days", seed) }
}

fn runs(view: &View<'_>) -> Vec<Run> {
    view.runs(&RunFilter::default()).unwrap()
}

/// Starts further runs, every other one of another project.
async fn submit(sim: &Sim) {
    let engine = Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), places(3));
    let first = engine.load(sim.run).await.unwrap();
    let other = sim.store.write(|tx| {
        let project = tx.insert_project("other", "/played/source")?;
        tx.record(crate::audit::AuditEvent::new(ada(), "project.added").project(project.id))?;
        Ok(project)
    });
    let projects: [Project; 2] = [other.await.unwrap(), engine.project(first.project).await.unwrap()];
    for at in 0..MORE {
        let new = NewRun {
            role: Role::Coder,
            engine: None,
            project: projects[at % 2].clone(),
            task: first.task.clone(),
            criteria: Vec::new(),
            origin: Origin::Operator,
            base: first.base.clone().unwrap(),
            agent: String::new(),
            iterations: None,
            priority: Priority::Normal,
            plan: None,
            after: Vec::new(),
            owner: ada(),
        };
        engine.submit(new).await.unwrap();
    }
}

/// People who look at what is committed, answer some of what is asked, and now and then do something by themselves.
async fn people(sim: &Sim, engine: &Engine<super::world::SimWorld>, dice: &mut Dice) {
    let mut commits = engine.commits();
    loop {
        commits.mark_unchanged();
        books::balance(&sim.store, &sim.plot.allowances).await;
        let open = sim.store.read(|view| view.questions(Some(QuestionState::Open), 100)).await.unwrap();
        for question in open {
            let done = match dice.below(10) {
                0..5 => continue,
                5..=8 if question.may_wait() => engine.await_day(question.id, ada()).await,
                9 => engine.answer(question.id, false, ("not like this".to_owned(), question.sharing), ada()).await,
                _ => engine.answer(question.id, true, Default::default(), ada()).await,
            };
            if matches!(done, Err(AskError::Down)) {
                return;
            }
        }
        if dice.percent(3) {
            let id = RunId(i64::try_from(dice.between(1, 1 + MORE as u64)).unwrap());
            let by = ada();
            let done = match dice.below(8) {
                0..3 => engine.ask(id, Event::Pause { by }).await,
                3..6 => engine.ask(id, Event::Resume { by }).await,
                6 => engine.roll_back(id, 0, by).await,
                _ => engine.ask(id, Event::Cancel { by, reason: "enough".to_owned() }).await,
            };
            if matches!(done, Err(AskError::Down)) {
                return;
            }
        }
        tokio::select! {
            _ = commits.changed() => {}
            () = tokio::time::sleep(Duration::from_mins(5)) => {}
        }
    }
}

fn one(seed: u64) -> Tally {
    let mut dice = Dice::of(seed, "days lived");
    let points = crash::of_runs();
    play(async {
        let sim = Sim::new(plot(seed)).await;
        submit(&sim).await;
        let mut tally = Tally::default();
        while sim.world.clock.passed() < LONG {
            let chosen = usize::try_from(dice.below(points.len() as u64)).unwrap();
            let plan = Plan::error(&points[chosen], u32::try_from(dice.between(1, 4)).unwrap());
            let engine = Engine::new(sim.store.clone(), sim.world.clone(), plan.into(), places(3));
            let lease = Duration::from_secs(dice.between(1, 4 * 3600));
            tokio::select! {
                served = Arc::clone(&engine).serve() => assert!(served.is_err()),
                () = people(&sim, &engine, &mut dice) => {}
                () = tokio::time::sleep(lease) => {}
            }
            tally.deaths += 1;
            while Arc::strong_count(&engine) > 1 {
                tokio::task::yield_now().await;
            }
            books::balance(&sim.store, &sim.plot.allowances).await;
            tokio::time::sleep(Duration::from_secs(dice.below(1800))).await;
        }
        sim.store
            .read(move |view| {
                let events = |kind: &str| {
                    let mut statement =
                        view.connection().prepare("SELECT count(*) FROM audit WHERE kind = ?1").unwrap();
                    statement.query_row([kind], |row| row.get(0)).unwrap()
                };
                tally.capped = events("run.capped");
                tally.waited = events("run.await_day");
                tally.over = runs(view).iter().filter(|run| run.state.is_final()).count();
                Ok(tally)
            })
            .await
            .unwrap()
    })
}

fn campaign(seeds: std::ops::Range<u64>) {
    let begun = Instant::now();
    let count = seeds.clone().count();
    let mut all = Tally::default();
    for seed in seeds {
        let played = std::panic::catch_unwind(|| one(seed));
        let Ok(tally) = played else { panic!("seed {seed} fails") };
        all.over += tally.over;
        all.capped += tally.capped;
        all.waited += tally.waited;
        all.deaths += tally.deaths;
    }
    let text = format!("{count} days of {} runs: {all:?} in {:?}", MORE + 1, begun.elapsed());
    drop(Out::stderr().line(&exact::encode(text.as_bytes())));
    assert!(all.capped > 0 && all.waited > 0 && all.over > 0, "nothing of it happened: {all:?}");
}

#[test]
fn days_keep_their_caps_whatever_happens() {
    campaign(0..8);
}

#[test]
#[ignore = "minutes: cargo test --release --lib engine::sim -- --ignored --nocapture"]
fn a_thousand_days_keep_their_caps() {
    campaign(1_000..2_000);
}

/// One place, and each run comes to the limit of its account in its first turn: all have had that turn before the first goes on.
#[test]
fn a_run_that_waits_for_long_leaves_its_place_to_others() {
    let plot = Plot { turns: vec![(1, 1, Turn::Limited(7200))], parts: 1, ..Plot::plain("long wait", 1) };
    play(async {
        let sim = Sim::new(plot).await;
        submit(&sim).await;
        let engine = Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), places(1));
        let done = async {
            loop {
                let runs = sim.store.read(|view| Ok(runs(view))).await.unwrap();
                let waiting = |run: &Run| run.state == RunState::Developing && run.not_before.is_some();
                if runs.iter().all(waiting) {
                    return;
                }
                assert!(sim.world.clock.passed() < 7_000_000, "{runs:?}");
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
        };
        tokio::select! {
            served = Arc::clone(&engine).serve() => panic!("{served:?}"),
            () = done => {}
        }
        let over = async {
            while sim.store.read(|view| Ok(runs(view))).await.unwrap().iter().any(|run| !run.state.is_final()) {
                assert!(sim.world.clock.passed() < 20_000_000);
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
        };
        tokio::select! {
            served = Arc::clone(&engine).serve() => panic!("{served:?}"),
            () = over => {}
        }
    });
}
