//! A day on which everything happens to proposals that can. It is played anew for each crash point, which lies somewhere on it. Whoever
//! does something and hears nothing looks whether it is done, and does it again where it is not.
#![allow(clippy::unwrap_used)]

use super::asked::run_of;
use super::stories::{play, size};
use super::target::TERMINATED;
use super::{End, Sim, operator};
use crate::approval::machine::Resolution;
use crate::approval::policy::Rule;
use crate::domain::{
    Actor, Agreed, Claims, ExecutionOutcome, OperatorRole, Program, ProposalId, ProposalState as State, RunId,
    RunState, StepKey, StepKind,
};
use crate::engine::crash::{self, CrashPoints, Crashed, Plan};
use crate::engine::proposals::{Change, DecideFault, Decision, Proposals, delivered};
use crate::store::{AuditFilter, Which};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// So many lives are more than any proposal needs.
const LIVES: u32 = 80;
/// What happens to a proposal once at most, as the trail calls it.
const ONCE: [&str; 13] = [
    "asked",
    "denied",
    "withdrawn",
    "superseded",
    "approved",
    "claimed",
    "dispatched",
    "expired",
    "break_glass",
    "reviewed",
    "resolved_accepted",
    "stop_asked",
    "stop_told",
];

struct Day {
    sim: Sim,
    plan: Arc<Plan>,
    dice: StdRng,
    deaths: u32,
}

fn claims() -> Claims {
    Claims { why: "it is down".to_owned(), ..Claims::default() }
}

impl Day {
    fn new(seed: u64, plan: Arc<Plan>) -> Self {
        let mut sim = Sim::new(seed);
        sim.policy.rules.push(Rule { approvals: 2, ..Rule::default() });
        sim.policy.break_glass = [OperatorRole::Admin].into();
        Self { sim, plan, dice: StdRng::seed_from_u64(seed ^ 0x5a5a), deaths: 0 }
    }

    async fn act<T>(
        &mut self,
        job: impl AsyncFn(Arc<Proposals>) -> Result<T, DecideFault>,
        done: impl Fn(&Sim) -> bool,
    ) {
        loop {
            match job(self.sim.engine(Arc::clone(&self.plan))).await {
                Ok(_) => break,
                Err(DecideFault::Died(_)) => self.deaths += 1,
                Err(fault) => panic!("{fault}"),
            }
            if done(&self.sim) {
                break;
            }
        }
        assert!(done(&self.sim));
    }

    fn find(sim: &Sim, word: &str) -> Option<ProposalId> {
        let all = sim.store.read_sync(|view| view.proposals(Which::All, 100)).unwrap();
        let named = all.into_iter().filter(|one| match &one.proposed.command.program {
            Program::Argv { words } => words[1] == word.as_bytes(),
            Program::Script { .. } => false,
        });
        let found: Vec<ProposalId> = named.map(|one| one.id).collect();
        assert!(found.len() <= 1, "{word} was proposed twice");
        found.first().copied()
    }

    async fn propose(&mut self, word: &str) -> ProposalId {
        let job = async |engine: Arc<Proposals>| {
            engine.propose("web-1".to_owned(), super::command(word), claims(), None, operator(1000)).await
        };
        self.act(job, |sim| Self::find(sim, word).is_some()).await;
        Self::find(&self.sim, word).unwrap()
    }

    async fn decide(&mut self, id: ProposalId, uid: u32, decision: Decision, done: impl Fn(&Sim) -> bool) {
        self.act(async |engine| engine.decide(id, decision.clone(), operator(uid)).await, done).await;
    }

    async fn agree(&mut self, id: ProposalId, uid: u32, glass: Option<&str>) {
        let digest = self.sim.read(id).digest;
        let (glass, reason) = (glass.map(str::to_owned), String::new());
        let yes = Decision::Approve { digest, seen: None, signature: None, glass, reason };
        self.decide(id, uid, yes, |sim| voted(sim, id, uid)).await;
    }

    async fn live(&mut self, lease: Duration) {
        self.deaths += u32::from(self.sim.life(Arc::clone(&self.plan), lease).await == End::Crashed);
    }

    /// Lives until it is so.
    async fn until(&mut self, id: ProposalId, so: impl Fn(State) -> bool) {
        for _ in 0..LIVES {
            if so(self.sim.read(id).state) {
                return;
            }
            let lease = Duration::from_secs(self.dice.random_range(1..900));
            self.live(lease).await;
            if self.dice.random_range(0..4) == 0 {
                self.sim.target.deliver_late();
            }
        }
        panic!("it stays as it is: {:?}", self.sim.read(id));
    }

    /// What people decide on, and whoever was faster.
    async fn morning(&mut self) {
        let first = self.propose("first").await;
        let change = Change { command: super::command("edited"), claims: claims(), asset: None };
        let edit = async |engine: Arc<Proposals>| engine.edit(first, change.clone(), operator(2000)).await;
        self.act(edit, |sim| sim.read(first).replaced_by.is_some()).await;
        let edited = Self::find(&self.sim, "edited").unwrap();
        for uid in [2001, 2002] {
            self.agree(edited, uid, None).await;
        }
        self.until(edited, State::is_final).await;
        let (no, back) = (self.propose("no").await, self.propose("back").await);
        let deny = Decision::Deny { reason: "not on a Friday".to_owned() };
        self.decide(no, 2001, deny, |sim| sim.read(no).state == State::Denied).await;
        let withdraw = Decision::Withdraw { reason: "it works again".to_owned() };
        self.decide(back, 1000, withdraw, |sim| sim.read(back).state == State::Withdrawn).await;
        let both = [self.propose("one").await, self.propose("other").await];
        let yes = both.map(|id| Agreed { proposal: id, digest: self.sim.read(id).digest, seen: None });
        let agree = async |engine: Arc<Proposals>| engine.agree_to_all(yes.to_vec(), operator(2001)).await;
        self.act(agree, |sim| both.iter().all(|id| voted(sim, *id, 2001))).await;
        for id in both {
            self.agree(id, 2002, None).await;
        }
        for id in both {
            self.until(id, State::is_final).await;
        }
    }

    /// What people have to look at afterwards.
    async fn noon(&mut self) {
        let alone = self.propose("alone").await;
        self.agree(alone, 2001, Some("nobody else answers the phone")).await;
        self.until(alone, State::is_final).await;
        if self.sim.read(alone).wants_review() {
            self.decide(alone, 2002, Decision::Review, |sim| sim.read(alone).reviewed.is_some()).await;
        }
        let lost = self.propose("forgotten").await;
        for uid in [2001, 2002] {
            self.agree(lost, uid, None).await;
        }
        self.until(lost, |state| state.is_final() || state == State::OutcomeUnknown).await;
        if self.sim.read(lost).state == State::OutcomeUnknown {
            let resolve = Decision::Resolve { as_what: Resolution::Accepted, note: "nobody knows".to_owned() };
            self.decide(lost, 2001, resolve, |sim| sim.read(lost).state == State::ResolvedAccepted).await;
        }
    }

    /// What somebody stops.
    async fn afternoon(&mut self) {
        let long = self.propose("long").await;
        for uid in [2001, 2002] {
            self.agree(long, uid, None).await;
        }
        self.live(Duration::from_secs(5)).await;
        let stop = Decision::Stop { reason: "it is the wrong shop".to_owned() };
        // A life in which it is claimed late, or an asset that was not reached, has nothing to stop yet.
        for _ in 0..LIVES {
            if self.sim.read(long).state != State::Approved {
                break;
            }
            self.live(Duration::from_secs(1)).await;
        }
        let done = |sim: &Sim| sim.read(long).stop.is_some() || sim.read(long).state.is_final();
        self.decide(long, 3000, stop.clone(), done).await;
        self.until(long, State::is_final).await;
        let one = self.sim.read(long);
        if self.sim.target.calm {
            let ended = Some(ExecutionOutcome::Ran { code: TERMINATED });
            assert_eq!((one.state, &one.outcome), (State::Failed, &ended), "{one:?}");
        }
        assert!(one.stop.as_ref().is_none_or(|stop| stop.by.uid == 3000), "{one:?}");
        // Whoever is too late is answered from the record.
        let again = self.sim.engine(Plan::count()).decide(long, stop, operator(3001)).await.unwrap();
        assert_eq!(again, one);
    }

    /// All of it.
    async fn pass(&mut self) {
        self.morning().await;
        self.noon().await;
        self.afternoon().await;
        self.evening().await;
        self.check();
    }

    /// What takes its time, and what nobody waits for.
    async fn evening(&mut self) {
        let slow = self.propose("slow").await;
        for uid in [2001, 2002] {
            self.agree(slow, uid, None).await;
        }
        self.live(Duration::from_secs(5)).await;
        self.sim.target.reach(false);
        self.live(Duration::from_mins(10)).await;
        self.sim.target.reach(true);
        self.until(slow, State::is_final).await;
        let run = run_of(&self.sim).await;
        self.told_once(run).await;
        self.sim.ask_as_agent(run, "agent").await.unwrap();
        let agents = Self::find(&self.sim, "agent").unwrap();
        let ended = self.sim.store.write(move |tx| {
            let mut run = tx.run(run)?.unwrap();
            run.state = RunState::Cancelled;
            tx.update_run(&run)?;
            tx.record(crate::audit::AuditEvent::new(Actor::Engine, "run.cancelled"))?;
            Ok(())
        });
        ended.await.unwrap();
        self.until(agents, |state| state == State::Withdrawn).await;
        let late = self.propose("late").await;
        tokio::time::advance(Duration::from_hours(9)).await;
        self.until(late, |state| state == State::Expired).await;
    }

    /// What became of what an agent proposed is told in one turn of its, wherever an engine dies that delivers it.
    async fn told_once(&mut self, run: RunId) {
        for word in ["told", "turned-down"] {
            self.sim.ask_as_agent(run, word).await.unwrap();
        }
        let [told, down] = ["told", "turned-down"].map(|word| Self::find(&self.sim, word).unwrap());
        let deny = Decision::Deny { reason: "that is another shop".to_owned() };
        self.decide(down, 2001, deny, |sim| sim.read(down).state == State::Denied).await;
        assert_eq!(self.turn(run, 1).await, [down], "what nobody has decided yet is told to nobody");
        for uid in [2001, 2002] {
            self.agree(told, uid, None).await;
        }
        self.until(told, State::is_final).await;
        assert_eq!([self.turn(run, 2).await, self.turn(run, 3).await], [vec![told], vec![]]);
    }

    /// One turn of an agent, taken up by the next engine where one dies: what its prompt tells, as the driver has it.
    async fn turn(&mut self, run: RunId, iteration: u32) -> Vec<ProposalId> {
        let key = StepKey { run, iteration, kind: StepKind::Develop, suite: String::new(), attempt: 1 };
        let crash: CrashPoints = Arc::clone(&self.plan).into();
        for _ in 0..LIVES {
            let (intended, tells) = self
                .sim
                .store
                .read_sync(|view| Ok((view.step(&key)?.is_some(), view.proposals_to_tell(run, iteration)?)))
                .unwrap();
            let tells: Vec<ProposalId> = tells.iter().map(|one| one.id).collect();
            // Its prompt is kept with its intent, so nothing is delivered again.
            if intended {
                return tells;
            }
            let (step, ids) = (key.clone(), tells.clone());
            let intent = self.sim.store.write(move |tx| {
                tx.insert_step(&step)?;
                tx.proposals_told(&ids, iteration)?;
                tx.record(crate::audit::AuditEvent::new(Actor::Engine, "step.intended"))?;
                Ok(())
            });
            let intent = async {
                intent.await.unwrap();
                Ok::<(), Crashed>(())
            };
            let died = delivered(&crash, !tells.is_empty(), intent).await.is_err();
            self.deaths += u32::from(died);
        }
        panic!("the turn never begins");
    }

    /// What must hold of all of it.
    fn check(&self) {
        let all = self.sim.store.read_sync(|view| view.proposals(Which::All, 100)).unwrap();
        let filter = AuditFilter { most: 1000, kind: Some("proposal.".to_owned()), ..AuditFilter::default() };
        let trail = self.sim.store.read_sync(|view| view.audit_page(&filter)).unwrap().records;
        assert_eq!((all.len(), self.sim.target.most_effects()), (14, 1));
        for one in all {
            assert!(one.state.is_final(), "{one:?}");
            let voters: BTreeSet<u32> = one.votes.iter().map(|vote| vote.voter.person.uid).collect();
            assert_eq!(voters.len(), one.votes.len(), "somebody's yes counts twice: {one:?}");
            let effects = one.execution.as_ref().map_or(0, |id| self.sim.target.effects(id));
            match one.state {
                State::Succeeded | State::Failed => assert_eq!(effects, 1, "{one:?}"),
                State::ResolvedAccepted => assert!(effects <= 1),
                _ => assert_eq!(effects, 0, "{one:?}"),
            }
            let named = format!("\"proposal\":\"{}\"", one.id);
            let its: Vec<_> = trail.iter().filter(|record| record.record.contains(&named)).collect();
            assert!(!its.is_empty(), "{one:?}");
            for word in ONCE {
                let kind = format!("\"proposal.{word}\"");
                let count = its.iter().filter(|record| record.record.contains(&kind)).count();
                assert!(count <= 1, "{} has {count} events {word}", one.id);
            }
        }
    }
}

fn voted(sim: &Sim, id: ProposalId, uid: u32) -> bool {
    sim.read(id).votes.iter().any(|vote| vote.voter.person.uid == uid)
}

#[test]
fn whoever_dies_anywhere_on_the_way_loses_and_doubles_nothing() {
    let (seeds, points) = (size(2, 25), crash::of_executions());
    let mut fired: BTreeMap<&str, u32> = BTreeMap::new();
    let mut deaths = 0;
    for point in &points {
        for seed in 0..seeds {
            let plan = Plan::error(point, 1);
            deaths += play(async {
                let mut day = Day::new(seed, Arc::clone(&plan));
                day.pass().await;
                day.deaths
            });
            *fired.entry(point).or_default() += u32::from(plan.seen().contains_key(point));
        }
    }
    let least = fired.values().min().copied().unwrap_or_default();
    eprintln!(
        "{} crash points from a proposal to its receipt x {seeds} seeds: {deaths} deaths of the engine, each point reached in {least} \
         days at least",
        points.len()
    );
    assert!(points.len() >= 40 && fired.len() == points.len(), "{}", points.len());
    let missed: Vec<_> = fired.iter().filter(|(_, times)| **times == 0).collect();
    assert!(missed.is_empty(), "nobody passes {missed:?}");
}

#[test]
fn a_day_passes_no_point_that_is_not_in_the_list() {
    let plan = Plan::count();
    play(async {
        let mut day = Day::new(0, Arc::clone(&plan));
        day.pass().await;
    });
    let listed: BTreeSet<String> = crash::of_executions().into_iter().collect();
    let seen: BTreeSet<String> = plan.seen().into_keys().collect();
    assert_eq!(seen, listed);
}
