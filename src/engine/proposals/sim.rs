//! Plays executions on assets that crash, lose replies, reboot and lie about nothing, with engines that die at every point. The real
//! rules, rows, claims and probes are at work; only the asset and the clocks are played.

mod asked;
mod crowd;
mod day;
mod stories;
mod target;

use super::{Desk, Proposals, Request, Roles, propose};
use crate::approval::policy::Policy;
use crate::audit::{Clock, Stamp};
use crate::domain::{
    AssetFacts, Claims, Command, Human, Millis, OperatorRole, Program, Proposal, ProposalId, Requester, Voter,
};
use crate::engine::crash::{CrashPoints, Crashed, Plan};
use crate::store::{Faults, Options, Paths, Store};
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;
use target::Target;
use tokio::sync::watch;

/// A clock that goes on with tokio's and can be set.
pub(super) struct SimClock {
    begun: tokio::time::Instant,
    wall: AtomicI64,
    boots: AtomicU32,
}

impl Clock for SimClock {
    fn now(&self) -> Stamp {
        let passed = i64::try_from(self.begun.elapsed().as_millis()).unwrap();
        let wall = Millis(1_800_000_000_000 + passed + self.wall.load(Ordering::Relaxed));
        let boot_id = format!("engine-boot-{}", self.boots.load(Ordering::Relaxed));
        Stamp { wall, boot: 1_000_000 + passed, boot_id: boot_id.into() }
    }
}

/// Everybody has every role.
struct Everybody;

impl Roles for Everybody {
    fn of(&self, _: u32) -> BoxFuture<'_, BTreeSet<OperatorRole>> {
        Box::pin(async { OperatorRole::ALL.into() })
    }
}

pub(super) fn operator(uid: u32) -> Voter {
    let name = format!("user{uid}");
    let person = Human { uid, login_uid: Some(uid), login_name: Some(name.clone()), name };
    Voter { person, roles: OperatorRole::ALL.into() }
}

fn web() -> AssetFacts {
    AssetFacts {
        id: 1,
        name: "web-1".to_owned(),
        environment: "test".to_owned(),
        labels: std::collections::BTreeMap::new(),
        critical: false,
        host_key: Some("SHA256:x".to_owned()),
        version: 1,
        means: "m".to_owned(),
    }
}

pub(super) fn command(word: &str) -> Command {
    let program = Program::Argv { words: vec![b"restart".to_vec(), word.as_bytes().to_vec()] };
    Command { program, stdin: None, env: Vec::new(), cwd: "/".to_owned(), user: None, timeout: 60 }
}

/// One played world.
pub(super) struct Sim {
    pub store: Store,
    pub target: Arc<Target>,
    pub clock: Arc<SimClock>,
    pub policy: Policy,
    pub faults: Arc<Faults>,
    dir: tempfile::TempDir,
}

/// How a life of an engine ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    Crashed,
    Lived,
}

impl Sim {
    pub fn new(seed: u64) -> Self {
        let begun = tokio::time::Instant::now();
        let clock = Arc::new(SimClock { begun, wall: AtomicI64::new(0), boots: AtomicU32::new(1) });
        let faults = Arc::new(Faults::default());
        let options = Options {
            clock: Arc::<SimClock>::clone(&clock),
            faults: Arc::clone(&faults),
            instance: Some("sim".to_owned()),
            ..Options::default()
        };
        let store = Store::in_memory(&options).unwrap();
        let target = Arc::new(Target::new(seed, web()));
        Self { store, target, clock, policy: Policy::default(), faults, dir: place() }
    }

    /// One whose store lies in files, so that it can be copied.
    pub fn in_files(seed: u64, dir: &std::path::Path) -> Self {
        let mut sim = Self::new(seed);
        sim.store = sim.open(dir);
        sim
    }

    pub fn open(&self, dir: &std::path::Path) -> Store {
        let options = Options {
            clock: Arc::<SimClock>::clone(&self.clock),
            instance: Some("sim".to_owned()),
            ..Options::default()
        };
        Store::open_inline(&Paths::in_dir(dir), &options).unwrap()
    }

    pub fn engine(&self, crash: impl Into<CrashPoints>) -> Arc<Proposals> {
        let desk = Desk {
            policy: Arc::new(self.policy.clone()),
            fleet: Arc::<Target>::clone(&self.target),
            engine: "sim".to_owned(),
            epoch: self.store.epoch(),
        };
        let (roles, clock) = (Arc::new(Everybody), Arc::<SimClock>::clone(&self.clock));
        let logs = self.dir.path().to_owned();
        Proposals::new(self.store.clone(), desk, (roles, clock), crash.into(), logs, watch::Sender::new(0))
    }

    /// Somebody proposes and somebody else agrees.
    pub async fn approved(&self, word: &str) -> ProposalId {
        let engine = self.engine(Plan::count());
        let claims = Claims { why: "it is down".to_owned(), ..Claims::default() };
        let one = engine.propose("web-1".to_owned(), command(word), claims, None, operator(1000)).await.unwrap();
        let yes = super::Decision::Approve {
            digest: one.digest.clone(),
            seen: None,
            signature: None,
            glass: None,
            reason: String::new(),
        };
        engine.decide(one.id, yes, operator(2000)).await.unwrap();
        one.id
    }

    /// One life of an engine, at most so long.
    pub async fn life(&self, crash: impl Into<CrashPoints>, lease: Duration) -> End {
        let crash = crash.into();
        self.target.live(crash.clone());
        let lived = tokio::time::timeout(lease, self.engine(crash).serve());
        let lived = tokio::select! {
            () = self.target.died() => return End::Crashed,
            lived = lived => lived,
        };
        match lived {
            Ok(Err(Crashed)) => End::Crashed,
            Ok(Ok(())) => panic!("it never ends by itself"),
            Err(_) => End::Lived,
        }
    }

    pub fn read(&self, id: ProposalId) -> Proposal {
        self.store.read_sync(|view| view.proposal(id)).unwrap().unwrap()
    }

    /// As the agent of a run.
    pub async fn ask_as_agent(&self, run: crate::domain::RunId, word: &str) -> Result<super::Asked, String> {
        let engine = self.engine(Plan::count());
        let requester = Requester::Agent { role: crate::domain::Role::Remedy };
        let claims = Claims { why: "it is down".to_owned(), ..Claims::default() };
        let request = Request {
            asset: "web-1".to_owned(),
            command: command(word),
            claims,
            requester,
            voter: None,
            run: Some(run),
            replaces: None,
        };
        let desk = engine.desk().clone();
        let asked = self.store.write(move |tx| {
            propose(tx, &desk, request).map_err(|fault| crate::store::StoreError::Refused(fault.to_string()))
        });
        asked.await.map_err(|error| error.to_string())
    }
}

/// A proposal of this run's agent to which a person said no, in a store of others.
pub(in crate::engine) async fn denied(store: &Store, run: crate::domain::RunId) -> ProposalId {
    let sim = Sim { store: store.clone(), ..Sim::new(0) };
    let super::Asked::New(one) = sim.ask_as_agent(run, "shop").await.unwrap() else { panic!("asked before") };
    let no = super::Decision::Deny { reason: "not on a Friday".to_owned() };
    sim.engine(Plan::count()).decide(one.id, no, operator(2000)).await.unwrap().id
}

/// A directory in memory where there is one.
fn place() -> tempfile::TempDir {
    let shared = std::path::Path::new("/dev/shm");
    if shared.is_dir() { tempfile::tempdir_in(shared).unwrap() } else { tempfile::tempdir().unwrap() }
}
