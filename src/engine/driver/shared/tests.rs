//! One item in the queue for trouble that several runs have, whatever happens to them meanwhile.

#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::domain::{Actor, Question, QuestionState, Run, RunState, Terms};
use crate::engine::machine::MAX_TROUBLES;
use crate::store::{Options, Store, new_run_for_tests};
use proptest::prelude::*;

const RUNS: i64 = 6;

fn ada() -> Actor {
    Actor::operator(1000, "ada")
}

/// Runs of two projects, each at the work of its first iteration.
fn store() -> Store {
    let store = Store::in_memory(&Options::default()).unwrap();
    store
        .write_sync(|tx| {
            let projects = [tx.insert_project("shop", "/shop")?, tx.insert_project("farm", "/farm")?];
            tx.record(crate::audit::AuditEvent::new(Actor::Engine, "test"))?;
            for number in 0..RUNS {
                let project = projects[usize::try_from(number % 2).unwrap()].id;
                let run = Run { state: RunState::Developing, iteration: 1, ..new_run_for_tests(project) };
                tx.insert_run(&run)?;
            }
            Ok(())
        })
        .unwrap();
    store
}

/// What the same thing says to each run is not word for word the same.
fn reason(run: i64, cause: usize) -> String {
    match cause {
        0 => format!("r{run}-i1-develop-a{run} cannot be created: dial unix /run/docker.sock: connection refused"),
        _ => format!("checking out /var/lib/dogwatch/workspaces/r{run}-i1: no space left on device"),
    }
}

fn event(store: &Store, run: RunId, event: Event) -> bool {
    store
        .write_sync(move |tx| {
            let before = tx.run(run)?.unwrap();
            let done = apply(tx, before, &event, false, |_| Ok(()))?.is_ok();
            if let (true, Event::Answer { question, .. }) = (done, &event) {
                answer_others(tx, run, *question, &event)?;
            }
            if !done {
                tx.record(crate::audit::AuditEvent::new(Actor::Engine, "test"))?;
            }
            Ok(done)
        })
        .unwrap()
}

/// Trouble until a person is asked.
fn trouble(store: &Store, run: i64, cause: usize) {
    for _ in 0..MAX_TROUBLES {
        event(store, RunId(run), Event::Trouble { reason: reason(run, cause), lasting: false });
    }
}

fn answer(store: &Store, question: &Question, approve: bool) {
    let reason = if approve { "" } else { "enough" }.to_owned();
    let of = question.run.unwrap();
    let answer = Event::Answer { question: question.id, kind: question.kind, approve, reason, by: ada() };
    assert!(event(store, of, answer), "{question:?}");
}

fn open(store: &Store) -> Vec<Question> {
    store.read_sync(|view| view.questions(Some(QuestionState::Open), 99)).unwrap()
}

fn run(store: &Store, id: i64) -> Run {
    store.read_sync(move |view| view.run(RunId(id))).unwrap().unwrap()
}

#[test]
fn ten_runs_without_docker_are_one_item_and_one_answer_holds_for_all() {
    for approve in [true, false] {
        let store = store();
        (1..=RUNS).for_each(|id| trouble(&store, id, 0));
        let asked = open(&store);
        assert_eq!(asked.len(), 1, "{asked:#?}");
        assert_eq!(asked[0].title, "6 runs: something outside the work keeps failing");
        let last = asked[0].facts.last().unwrap();
        assert_eq!(last, "r1, r2, r3, r4, r5 and r6 wait for the answer, which holds for all of them");
        for id in 1..=RUNS {
            let told = store.read_sync(move |view| view.questions_of(RunId(id))).unwrap();
            assert_eq!(told, asked, "each run shows it");
        }
        answer(&store, &asked[0], approve);
        let state = if approve { RunState::Developing } else { RunState::Failed };
        for id in 1..=RUNS {
            assert_eq!((run(&store, id).state, run(&store, id).question), (state, None));
        }
        assert!(open(&store).is_empty());
        let told = store.read_sync(|view| view.question(asked[0].id)).unwrap().unwrap();
        assert_eq!(told.answer.map(|answer| answer.approve), Some(approve), "it is answered once");
    }
}

#[test]
fn other_trouble_is_another_item_with_its_name_and_who_leaves_is_no_longer_named() {
    let store = store();
    for (id, cause) in [(1, 0), (2, 1), (3, 0), (4, 1)] {
        trouble(&store, id, cause);
    }
    let titles = |store: &Store| open(store).into_iter().map(|one| one.title).collect::<Vec<_>>();
    let full = "2 runs: something outside the work keeps failing: a disk is full";
    assert_eq!(titles(&store), ["2 runs: something outside the work keeps failing", full]);
    event(&store, RunId(1), Event::Cancel { by: ada(), reason: "no".to_owned() });
    event(
        &store,
        RunId(2),
        Event::Redirect { by: ada(), text: "go on".to_owned(), criteria: None, terms: Terms::default() },
    );
    let left = open(&store);
    assert_eq!(left.iter().map(|one| one.run).collect::<Vec<_>>(), [Some(RunId(3)), Some(RunId(4))]);
    assert_eq!(titles(&store)[0], "something outside the work keeps failing", "one run alone is not counted");
    event(&store, RunId(3), Event::Cancel { by: ada(), reason: "no".to_owned() });
    assert_eq!(open(&store).len(), 1, "nobody waits for the first one any more");
}

#[derive(Debug, Clone)]
enum Deed {
    Trouble(i64, usize),
    Answer(usize, bool),
    Cancel(i64),
    Redirect(i64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let id = 1..=RUNS;
    prop_oneof![
        6 => (id.clone(), 0..2_usize).prop_map(|(run, cause)| Deed::Trouble(run, cause)),
        3 => (0..3_usize, any::<bool>()).prop_map(|(at, yes)| Deed::Answer(at, yes)),
        1 => id.clone().prop_map(Deed::Cancel),
        1 => id.prop_map(Deed::Redirect),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn nobody_waits_unseen_and_nobody_is_asked_twice_for_one_cause(deeds in proptest::collection::vec(deed(), 1..14)) {
        let store = store();
        for deed in deeds {
            match deed {
                Deed::Trouble(id, cause) => trouble(&store, id, cause),
                Deed::Answer(at, approve) => {
                    if let Some(question) = open(&store).get(at) {
                        answer(&store, question, approve);
                    }
                }
                Deed::Cancel(id) => {
                    event(&store, RunId(id), Event::Cancel { by: ada(), reason: "no".to_owned() });
                }
                Deed::Redirect(id) => {
                    event(&store, RunId(id), Event::Redirect { by: ada(), text: "x".to_owned(), criteria: None, terms: Terms::default() });
                }
            }
            let asked = open(&store);
            let waiting: Vec<Run> = (1..=RUNS).map(|id| run(&store, id)).filter(|run| run.question.is_some()).collect();
            prop_assert!(asked.len() <= 2, "an item for each cause: {asked:#?}");
            for one in &asked {
                let of: Vec<RunId> = waiting.iter().filter(|run| run.question == Some(one.id)).map(|run| run.id).collect();
                prop_assert!(one.run.is_some_and(|run| of.contains(&run)), "{one:?} asks in vain");
                prop_assert_eq!(of.clone(), store.read_sync({ let id = one.id; move |view| view.sharing(id) }).unwrap());
                prop_assert_eq!(one.title.starts_with(&format!("{} runs: ", of.len())), of.len() > 1);
            }
            for run in waiting {
                prop_assert!(run.state == RunState::Escalated && asked.iter().any(|one| Some(one.id) == run.question));
            }
        }
    }
}

#[test]
fn a_no_ends_the_runs_that_were_shown_and_the_others_are_asked_about_anew() {
    let store = store();
    trouble(&store, 1, 0);
    trouble(&store, 2, 0);
    let shown = open(&store).remove(0);
    assert_eq!(shown.sharing, [RunId(1), RunId(2)]);
    // This one joins after somebody looked.
    trouble(&store, 3, 0);
    let now = open(&store).remove(0);
    let words = meant(&now, &[]).unwrap_err().to_string();
    assert!(words.starts_with("r1, r2, r3 wait") && words.contains("--run r1 --run r2 --run r3 --reason"), "{words}");
    assert!(meant(&now, &[RunId(9)]).is_err());
    let one = meant(&now, &shown.sharing).unwrap();
    let reason = "enough".to_owned();
    let event = Event::Answer { question: now.id, kind: now.kind, approve: false, reason, by: ada() };
    store
        .write_sync(move |tx| {
            let before = tx.run(one)?.unwrap();
            let also = |tx: &Tx<'_>| part(tx, (now.id, one), &shown.sharing, &ada());
            assert!(apply(tx, before, &event, false, also)?.is_ok());
            answer_others(tx, one, now.id, &event)
        })
        .unwrap();
    assert_eq!([1, 2, 3].map(|id| run(&store, id).state), [RunState::Failed, RunState::Failed, RunState::Escalated]);
    let left = open(&store);
    assert_eq!((left.len(), run(&store, 3).question, left[0].run), (1, Some(left[0].id), Some(RunId(3))));
    assert_eq!(left[0].title, "something outside the work keeps failing", "it is asked of one run again");
    // Whoever has the same trouble joins it as before.
    trouble(&store, 4, 0);
    assert_eq!(open(&store)[0].sharing, [RunId(3), RunId(4)]);
    answer(&store, &open(&store)[0], true);
    assert_eq!([3, 4].map(|id| run(&store, id).state), [RunState::Developing; 2]);
}

#[test]
fn a_no_to_what_one_run_alone_asks_is_for_that_run() {
    let store = store();
    trouble(&store, 1, 0);
    let asked = open(&store).remove(0);
    assert!(asked.sharing.is_empty());
    let one = meant(&asked, &[]).unwrap();
    store
        .write_sync(move |tx| {
            let before = tx.run(one)?.unwrap();
            let reason = "enough".to_owned();
            let event = Event::Answer { question: asked.id, kind: asked.kind, approve: false, reason, by: ada() };
            let also = |tx: &Tx<'_>| part(tx, (asked.id, one), &[], &ada());
            assert!(apply(tx, before, &event, false, also)?.is_ok());
            answer_others(tx, one, asked.id, &event)
        })
        .unwrap();
    assert_eq!((run(&store, 1).state, open(&store).len()), (RunState::Failed, 0));
}
