//! A simulation from its start to its end, over as many lives of the engine as it takes.

use super::check::{self, Witness};
use super::dice::Dice;
use super::ground::Ground;
use super::operator::{Operator, Over};
use super::plot::Plot;
use super::world::SimWorld;
use crate::domain::{Actor, Origin, Priority, Project, Role, Run, RunId, RunState, Spent};
use crate::engine::crash::Plan;
use crate::engine::room::tests::places;
use crate::engine::{Engine, NewRun};
use crate::store::{Faults, Options, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;

/// What a run came to. Two simulations are the same when these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finish {
    pub state: RunState,
    /// The files of the last checkpoint.
    pub tree: String,
    pub iteration: u32,
    pub iterations: u32,
    pub tokens: u64,
    pub budget: u32,
    /// Questions by kind and answer.
    pub questions: Vec<String>,
    /// How iterations ended.
    pub outcomes: Vec<String>,
    /// What was delivered, by its files.
    pub delivered: Option<String>,
    /// What operators said, and the iteration whose prompt quoted it first.
    pub guidance: Vec<String>,
}

/// How one life of the engine ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was killed at a crash point.
    Crashed,
    /// The run is over and everything is tidy.
    Over,
    /// It was killed after its time.
    Expired,
    /// The machine lost power.
    Dark,
}

/// A store, an outside, and one run.
pub(super) struct Sim {
    pub plot: Arc<Plot>,
    pub store: Store,
    pub faults: Arc<Faults>,
    pub world: SimWorld,
    pub run: RunId,
    /// Runs beside it, oldest first.
    pub others: Vec<RunId>,
    /// The one that it follows, which is one of them.
    pub leader: Option<RunId>,
    pub witness: Witness,
    /// The files of the store, where it is not in memory.
    pub ground: Option<Ground>,
}

/// The person behind everything that operators do here.
pub(super) fn ada() -> Actor {
    Actor::operator(1000, "ada")
}

/// Runs a simulation in a runtime whose time stands still while anything works.
pub(super) fn play<T>(simulation: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(simulation)
}

impl Sim {
    /// A simulation whose run waits in the queue.
    pub async fn new(plot: Plot) -> Self {
        Self::over(plot, |options| (None, Store::in_memory(&options).unwrap())).await
    }

    /// As [`Sim::new`], over files whose power can be taken away.
    pub async fn on_disk(plot: Plot) -> Self {
        let seed = plot.seed;
        Self::over(plot, |options| {
            let (ground, store) = Ground::new(seed, options);
            (Some(ground), store)
        })
        .await
    }

    async fn over(plot: Plot, open: impl FnOnce(Options) -> (Option<Ground>, Store)) -> Self {
        let plot = Arc::new(plot);
        let (world, base) = SimWorld::new(&plot);
        let faults = Arc::<Faults>::default();
        let options = Options {
            clock: world.clock.clone(),
            faults: Arc::clone(&faults),
            instance: Some("simulated".to_owned()),
            ..Options::default()
        };
        let (ground, store) = open(options);
        let mut projects = Vec::new();
        for name in ["played", "elsewhere"] {
            let added = store.write(move |tx| {
                let project = tx.insert_project(name, "/played/source")?;
                tx.record(crate::audit::AuditEvent::new(ada(), "project.added").project(project.id))?;
                Ok(project)
            });
            projects.push(added.await.unwrap());
        }
        let engine = Engine::new(store.clone(), world.clone(), Plan::count().into(), places(plot.places));
        let mut dice = Dice::of(plot.seed, "queue");
        let new = |project: &Project, priority, after| NewRun {
            role: Role::Coder,
            engine: None,
            project: project.clone(),
            task: "repair every part".to_owned(),
            criteria: Vec::new(),
            origin: Origin::Operator,
            base: base.clone(),
            agent: String::new(),
            iterations: None,
            priority,
            plan: Some(plot.plan),
            after,
            owner: ada(),
        };
        let mut others = Vec::new();
        for rival in 0..plot.rivals {
            let project = &projects[usize::try_from(rival % 2).unwrap()];
            let rival = new(project, dice.pick(&Priority::ALL), Vec::new());
            others.push(engine.submit(rival).await.unwrap().id);
        }
        let mut leader = None;
        if plot.leader.is_some() {
            let id = engine.submit(new(&projects[1], dice.pick(&Priority::ALL), Vec::new())).await.unwrap().id;
            others.push(id);
            leader = Some(id);
        }
        let follows = leader.into_iter().collect();
        let run = engine.submit(new(&projects[0], plot.priority, follows)).await.unwrap();
        let witness = Witness::new(run.id, &plot);
        Self { plot, store, faults, world, run: run.id, others, leader, witness, ground }
    }

    /// A run as the store has it.
    pub fn stored(&self, id: RunId) -> Run {
        self.store.read_sync(move |view| Ok(view.run(id)?.unwrap())).unwrap()
    }

    /// A further run with the same task.
    pub async fn another(&self) -> NewRun {
        let first = self.stored(self.run);
        let project = first.project;
        let project = self.store.read(move |view| Ok(view.project(project)?.unwrap())).await.unwrap();
        NewRun {
            role: Role::Coder,
            engine: None,
            project,
            task: first.task,
            criteria: Vec::new(),
            origin: Origin::Operator,
            base: first.base.unwrap(),
            agent: String::new(),
            iterations: None,
            priority: Priority::Normal,
            plan: None,
            after: Vec::new(),
            owner: ada(),
        }
    }

    /// One life of the engine: until it crashes, everything is over, or its lease ends.
    pub async fn life(&mut self, plan: Arc<Plan>, lease: Option<Duration>) -> End {
        let engine = Engine::new(self.store.clone(), self.world.clone(), plan.into(), places(self.plot.places));
        let end = {
            self.witness.begin();
            if self.plot.asks_models {
                self.world.account_in(&self.store);
            }
            let mut operator =
                Operator::new(&self.plot, &engine, self.run, (&self.others, self.leader), &mut self.witness);
            let lease = lease.unwrap_or(Duration::from_secs(1_000_000_000));
            let mut darkness = self.ground.as_ref().map(Ground::darkness);
            let dark = async {
                match &mut darkness {
                    Some(darkness) => darkness.wait_for(|dark| *dark).await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                true = dark => End::Dark,
                served = Arc::clone(&engine).serve() => {
                    assert!(served.is_err(), "an engine that is not killed never ends");
                    End::Crashed
                }
                over = operator.work() => match over {
                    Over::Done => End::Over,
                    Over::EngineDied => End::Crashed,
                },
                () = tokio::time::sleep(lease) => End::Expired,
            }
        };
        // Its tasks die with it.
        self.world.orphan();
        for _ in 0..1000 {
            if Arc::strong_count(&engine) == 1 {
                break;
            }
            tokio::task::yield_now().await;
        }
        assert_eq!(Arc::strong_count(&engine), 1, "something of a dead engine lives on");
        drop(engine);
        if end != End::Dark {
            self.witness.look(&self.store, &self.world).await;
        }
        end
    }

    /// Lives with nothing in the way until all is over, then checks everything.
    pub async fn finish(&mut self) -> Finish {
        assert_eq!(self.life(Plan::count(), None).await, End::Over);
        check::whole(self).await;
        self.outcome().await
    }

    /// How many transitions the run has made.
    pub fn transitions(&self) -> u64 {
        let run = self.store.read_sync(|view| view.run(self.run)).unwrap().unwrap();
        u64::try_from(run.version).unwrap()
    }

    /// What the run has come to.
    pub async fn outcome(&self) -> Finish {
        let id = self.run;
        let (run, questions, iterations, guidance) = self
            .store
            .read(move |view| {
                Ok((view.run(id)?.unwrap(), view.questions_of(id)?, view.iterations(id)?, view.guidance(id)?))
            })
            .await
            .unwrap();
        let held = self.world.disk.held();
        let files = |commit: &Option<String>| {
            commit.as_ref().and_then(|commit| held.commits.get(commit)).map(super::disk::tree_name)
        };
        let Spent { iterations: spent, tokens, .. } = run.spent;
        Finish {
            state: run.state,
            tree: files(&run.head).unwrap_or_default(),
            iteration: run.iteration,
            iterations: spent,
            tokens,
            budget: run.budget.iterations,
            questions: questions
                .iter()
                .map(|one| format!("{} {:?} {:?}", one.kind.name(), one.state, one.answer.as_ref().map(|a| a.approve)))
                .collect(),
            outcomes: iterations
                .iter()
                .map(|one| format!("{:?} {:?} {:?}", one.outcome, one.tests, one.audit.as_ref().map(|a| a.opinion)))
                .collect(),
            delivered: files(&held.delivered.get(&run.branch()).cloned()),
            guidance: guidance.iter().map(|one| format!("{} {:?}", one.text, one.applied_in)).collect(),
        }
    }
}

/// A plot played without a crash; also how often each crash point was reached.
pub(super) fn undisturbed(plot: &Plot) -> (Finish, std::collections::BTreeMap<String, u32>) {
    play(async {
        let mut sim = Sim::new(plot.clone()).await;
        let plan = Plan::count();
        assert_eq!(sim.life(Arc::clone(&plan), None).await, End::Over, "{plot:?}");
        check::whole(&sim).await;
        (sim.outcome().await, plan.seen())
    })
}

/// A plot played with one crash; after it the engine is started again, and before that `starts - 1` times for a moment only.
pub(super) fn crashed(plot: &Plot, point: &str, nth: u32, moments: &[Duration]) -> Finish {
    play(async {
        let mut sim = Sim::new(plot.clone()).await;
        assert_eq!(sim.life(Plan::error(point, nth), None).await, End::Crashed, "{point} {nth} of {plot:?}");
        tokio::time::sleep(plot.dead).await;
        for moment in moments {
            if sim.life(Plan::count(), Some(*moment)).await == End::Over {
                break;
            }
        }
        sim.finish().await
    })
}
