//! Reservations over any history of several runs, compared with a second account of it that is kept in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::reserve;
use crate::audit::{AuditEvent, Clock, Stamp};
use crate::domain::*;
use crate::store::{OpenError, Options, Paths, Store, StoreError, View, new_run_for_tests};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// A clock that stands until it is set.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Stamp {
        let now = self.0.load(Ordering::Relaxed);
        Stamp { wall: Millis(now), boot: now, boot_id: "test".into() }
    }
}

/// Something that happens; the numbers choose a run.
#[derive(Debug, Clone)]
enum Deed {
    /// A turn begins.
    Begin(usize),
    /// The turn is over and used so much.
    Turn(usize, u64, u64),
    /// Its tests have run and took so long.
    Tests(usize, u64),
    /// The iteration is over and counts.
    Count(usize),
    /// The turn is lost, or the run is cancelled or ends.
    Lose(usize),
    /// A person allows what was asked for last.
    Approve,
    /// So many hours pass.
    Pass(i64),
    /// The engine is killed and started again.
    Restart,
}

fn deed() -> impl Strategy<Value = Deed> {
    let run = 0..4_usize;
    prop_oneof![
        4 => run.clone().prop_map(Deed::Begin),
        3 => (run.clone(), 0..8_u64, 0..40_u64).prop_map(|(run, tokens, time)| Deed::Turn(run, tokens, time)),
        2 => (run.clone(), 0..20_u64).prop_map(|(run, time)| Deed::Tests(run, time)),
        3 => run.clone().prop_map(Deed::Count),
        1 => run.prop_map(Deed::Lose),
        1 => Just(Deed::Approve),
        1 => (1..30_i64).prop_map(Deed::Pass),
        1 => Just(Deed::Restart),
    ]
}

fn caps() -> impl Strategy<Value = Caps> {
    let cap = |most: u64| proptest::option::of(1..most);
    (cap(8), cap(30), cap(2)).prop_map(|(iterations, tokens, seconds)| Caps {
        iterations,
        tokens,
        seconds,
        microusd: None,
    })
}

fn allowances() -> impl Strategy<Value = Allowances> {
    (caps(), caps(), caps(), caps()).prop_map(|(day, total, project_day, iteration)| Allowances {
        day,
        iteration: Caps { iterations: None, ..iteration },
        projects: [("p0".to_owned(), ProjectAllowance { total, day: project_day, iteration: Caps::default() })].into(),
    })
}

/// The second account.
#[derive(Default)]
struct Books {
    used: BTreeMap<(usize, Day), Spent>,
    held: BTreeMap<usize, (Day, Spent)>,
    granted: BTreeMap<(Scope, Measure), u64>,
}

fn plus(sum: &mut Spent, more: Spent) {
    for measure in Measure::ALL {
        sum.set(measure, sum.of(measure) + more.of(measure));
    }
}

impl Books {
    /// Runs 0 and 2 are of the first project, the others of the second.
    fn sum(&self, scope: Scope, projects: &[ProjectId]) -> (Spent, Spent) {
        let counts = |run: usize, on: Day| {
            scope.day().is_none_or(|day| day == on) && scope.project().is_none_or(|id| id == projects[run % 2])
        };
        let (mut used, mut held) = (Spent::default(), Spent::default());
        self.used.iter().filter(|((run, on), _)| counts(*run, *on)).for_each(|(_, amount)| plus(&mut used, *amount));
        self.held
            .iter()
            .filter(|(run, (on, _))| counts(**run, *on))
            .for_each(|(_, (_, amount))| plus(&mut held, *amount));
        (used, held)
    }

    fn enter(&mut self, run: usize, today: Day, used: Spent) {
        let day = self.held.get(&run).map_or(today, |(day, _)| *day);
        plus(self.used.entry((run, day)).or_default(), used);
    }
}

/// A store, and how it is opened again.
struct Place {
    paths: Paths,
    clock: Arc<Hand>,
    _dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
        Self { paths: Paths::in_dir(&dir.path().join("state")), clock: Arc::new(Hand(AtomicI64::new(0))), _dir: dir }
    }

    /// A program that another test starts just then holds a copy of the lock until it is loaded.
    fn open(&self) -> Store {
        let begun = Instant::now();
        loop {
            let options = Options { clock: Arc::<Hand>::clone(&self.clock), ..Options::default() };
            match Store::open(&self.paths, &options) {
                Err(OpenError::Locked { .. }) if begun.elapsed() < Duration::from_mins(1) => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                opened => return opened.unwrap(),
            }
        }
    }
}

fn reservations(view: &View<'_>) -> Result<Vec<Reservation>, StoreError> {
    view.reservations()
}

fn event() -> AuditEvent {
    AuditEvent::new(Actor::Engine, "test")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever happens in whatever order to several runs at once: what is used and reserved is never beyond a cap when a turn
    /// begins, none is refused while there is room, every sum is that of the second account, and nothing stays reserved for
    /// what is over. A restart changes nothing.
    #[test]
    fn no_turn_begins_beyond_a_cap(allowances in allowances(), deeds in proptest::collection::vec(deed(), 0..60)) {
        let place = Place::new();
        let mut store = place.open();
        let (projects, runs) = store.write_sync(|tx| {
            let projects = [tx.insert_project("p0", "/a")?, tx.insert_project("p1", "/b")?];
            let run = |at: usize| tx.insert_run(&new_run_for_tests(projects[at % 2].id));
            let runs: Vec<Run> = (0..4).map(run).collect::<Result<_, _>>()?;
            tx.record(event())?;
            Ok((projects, runs))
        }).unwrap();
        let ids: Vec<ProjectId> = projects.iter().map(|project| project.id).collect();
        let mut books = Books::default();
        let mut asked: Vec<Reached> = Vec::new();
        for (attempt, deed) in (1..).zip(deeds) {
            let today = Day::of(Millis(place.clock.0.load(Ordering::Relaxed)));
            match deed {
                Deed::Begin(run) if !books.held.contains_key(&run) => {
                    let (key, project) = (StepKey {
                        run: runs[run].id, iteration: 1, kind: StepKind::Develop, suite: String::new(), attempt,
                    }, projects[run % 2].clone());
                    let allowed = allowances.clone();
                    let begun = store.write_sync(move |tx| {
                        let begun = reserve(tx, &allowed, &project, &key)?;
                        tx.record(event())?;
                        Ok(begun)
                    }).unwrap();
                    let room = |scope: Scope, wanted: Spent| {
                        let (mut sum, held) = books.sum(scope, &ids);
                        plus(&mut sum, held);
                        let full = sum;
                        plus(&mut sum, wanted);
                        let caps = allowances.caps(scope, &projects[run % 2].name);
                        Measure::ALL.into_iter().all(|measure| caps.of(measure).is_none_or(|cap| {
                            let cap = cap + books.granted.get(&(scope, measure)).copied().unwrap_or(0);
                            full.of(measure) < cap && sum.of(measure) <= cap
                        }))
                    };
                    let scopes = Scope::all(ids[run % 2], today);
                    match begun {
                        Ok(reservation) => {
                            prop_assert_eq!((reservation.day, reservation.held.iterations), (today, 1));
                            prop_assert!(scopes.into_iter().all(|scope| room(scope, reservation.held)));
                            books.held.insert(run, (today, reservation.held));
                        }
                        Err(reached) => {
                            let mut wanted = Spent { iterations: 1, ..Spent::default() };
                            for one in &reached {
                                wanted.set(one.measure, one.wanted);
                            }
                            prop_assert!(!scopes.into_iter().all(|scope| room(scope, wanted)));
                            asked = reached;
                        }
                    }
                }
                Deed::Turn(run, tokens, time) if books.held.contains_key(&run) => {
                    let used = Spent { tokens, milliseconds: time * 10, ..Spent::default() };
                    spend(&store, &mut books, (run, &runs[run]), today, (used, Left::Tests));
                }
                Deed::Tests(run, time) => {
                    let used = Spent { milliseconds: time * 10, ..Spent::default() };
                    spend(&store, &mut books, (run, &runs[run]), today, (used, Left::Gates));
                }
                Deed::Count(run) if books.held.contains_key(&run) => {
                    let used = Spent { iterations: 1, ..Spent::default() };
                    spend(&store, &mut books, (run, &runs[run]), today, (used, Left::Nothing));
                }
                Deed::Lose(run) => spend(&store, &mut books, (run, &runs[run]), today, (Spent::default(), Left::Nothing)),
                Deed::Approve => approve(&store, &mut books, &runs[0], today, &std::mem::take(&mut asked)),
                Deed::Pass(hours) => drop(place.clock.0.fetch_add(hours * HOUR, Ordering::Relaxed)),
                Deed::Restart => {
                    drop(store);
                    store = place.open();
                }
                Deed::Begin(_) | Deed::Turn(..) | Deed::Count(_) => {}
            }
            let scopes = ids.iter().flat_map(|id| Scope::all(*id, today));
            for scope in scopes {
                let account = store.read_sync(|view| view.account(scope, Caps::default())).unwrap();
                prop_assert_eq!((account.used, account.reserved), books.sum(scope, &ids), "{:?}", scope);
            }
            let reserved = store.read_sync(reservations).unwrap();
            prop_assert_eq!(reserved.len(), books.held.len());
        }
    }
}

/// Enters a use into both accounts and gives back what is not needed any more.
fn spend(store: &Store, books: &mut Books, (at, run): (usize, &Run), today: Day, (used, left): (Spent, Left)) {
    let id = run.id;
    store
        .write_sync(move |tx| {
            tx.insert_usage(id, 1, "test", used)?;
            tx.settle_reservation(id, used, left)?;
            tx.record(event())
        })
        .unwrap();
    books.enter(at, today, used);
    let Some((_, held)) = books.held.get_mut(&at) else { return };
    match left {
        Left::Tests => {
            held.milliseconds = held.milliseconds.saturating_sub(used.milliseconds);
            held.tokens = 0;
            held.microusd = 0;
        }
        Left::Gates => *held = Spent { iterations: 1, ..Spent::default() },
        Left::Nothing => drop(books.held.remove(&at)),
    }
}

/// Answers the same question twice: the second yes allows nothing more, nor does one for a day that is over.
fn approve(store: &Store, books: &mut Books, run: &Run, today: Day, asked: &[Reached]) {
    let (id, about) = (run.id, asked.to_vec());
    let granted = store.write_sync(move |tx| {
        let ask = crate::store::Ask {
            run: Some(id),
            iteration: 1,
            kind: QuestionKind::Budget,
            title: "more".to_owned(),
            facts: Vec::new(),
            reached: about.clone(),
            digest: None,
            deadline: None,
        };
        let question = tx.insert_question(&ask)?;
        assert_eq!(tx.question(question)?.unwrap().reached, about);
        let granted: Vec<bool> = about.iter().map(|one| tx.grant(question, one)).collect::<Result<_, _>>()?;
        for one in &about {
            assert!(!tx.grant(question, one)?);
        }
        tx.record(event())?;
        Ok(granted)
    });
    for (one, granted) in asked.iter().zip(granted.unwrap()) {
        let over = one.scope.day().is_some_and(|day| day < today);
        let before = books.granted.get(&(one.scope, one.measure)).copied().unwrap_or(0);
        assert_eq!(granted, !over && before == one.granted, "{one:?}");
        if granted {
            books.granted.insert((one.scope, one.measure), before + one.more);
        }
    }
}
