//! A person opens a host to a project: its other runs may reach it, and nobody is asked about it any more.

use super::life::{Sim, ada, play};
use super::plot::Plot;
use crate::audit::AuditEvent;
use crate::domain::{Actor, HostName, Project, QuestionId, QuestionKind, QuestionState, RunId};
use crate::engine::crash::Plan;
use crate::engine::room::tests::places;
use crate::engine::{AskError, Engine};
use crate::store::Ask;

fn host() -> HostName {
    HostName::parse("new.example.com").unwrap()
}

/// Has a run ask for the host, as the way out does where nobody has said anything about it.
async fn asked(sim: &Sim, run: RunId) -> QuestionId {
    let asked = sim.store.write(move |tx| {
        let ask = Ask {
            run: Some(run),
            iteration: 0,
            kind: QuestionKind::Egress,
            title: "may it reach new.example.com?".to_owned(),
            facts: Vec::new(),
            reached: Vec::new(),
            digest: None,
            deadline: None,
        };
        let question = tx.insert_question(&ask)?;
        tx.link_host(question, run, &host())?;
        tx.record(AuditEvent::new(Actor::Engine, "question.asked").run(run).question(question))?;
        Ok(question)
    });
    asked.await.unwrap()
}

fn allowed(sim: &Sim, run: RunId) -> Option<QuestionId> {
    sim.store.read_sync(move |view| view.host_allowed(run, &host())).unwrap()
}

fn state(sim: &Sim, question: QuestionId) -> QuestionState {
    sim.store.read_sync(move |view| Ok(view.question(question)?.unwrap().state)).unwrap()
}

fn project(sim: &Sim, name: &'static str) -> Project {
    sim.store.read_sync(|view| Ok(view.project_named(name)?.unwrap())).unwrap()
}

#[test]
fn a_host_is_open_to_every_run_of_the_project_until_it_is_closed() {
    play(async {
        let sim = Sim::new(Plot::plain("a host is opened", 3)).await;
        sim.world.account_in(&sim.store);
        let engine = Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), places(1));
        let denied = engine.submit(sim.another().await).await.unwrap().id;
        let silent = engine.submit(sim.another().await).await.unwrap().id;
        let waiting = engine.submit(sim.another().await).await.unwrap().id;
        let mut new = sim.another().await;
        new.project = project(&sim, "elsewhere");
        let elsewhere = engine.submit(new).await.unwrap().id;
        let (first, no) = (asked(&sim, sim.run).await, asked(&sim, denied).await);
        let (open, other) = (asked(&sim, waiting).await, asked(&sim, elsewhere).await);
        engine.answer(no, false, ("not this one".to_owned(), Vec::new()), ada()).await.unwrap();
        assert_eq!((allowed(&sim, sim.run), allowed(&sim, silent)), (None, None));

        engine.open_host(first, "the project's own mirror".to_owned(), ada()).await.unwrap();
        assert!([sim.run, silent, waiting].into_iter().all(|run| allowed(&sim, run) == Some(first)));
        // What was said of one run alone stands, and other projects have their own.
        assert_eq!((allowed(&sim, denied), allowed(&sim, elsewhere)), (None, None));
        let states = [first, no, open, other].map(|question| state(&sim, question));
        let (answered, withdrawn) = (QuestionState::Answered, QuestionState::Withdrawn);
        assert_eq!(states, [answered, answered, withdrawn, QuestionState::Open]);
        let twice = engine.open_host(first, String::new(), ada()).await;
        assert!(matches!(twice, Err(AskError::Refused(_))), "{twice:?}");
        let played = project(&sim, "played");
        let hosts = sim.store.read_sync(|view| view.hosts_of(played.id)).unwrap();
        assert_eq!((hosts.len(), hosts[0].question, &hosts[0].by), (1, first, &ada()));
        assert_eq!(hosts[0].reason, "the project's own mirror");

        engine.close_host(played.clone(), host(), String::new(), ada()).await.unwrap();
        assert_eq!((allowed(&sim, sim.run), allowed(&sim, silent)), (None, None));
        let none = engine.close_host(played, host(), String::new(), ada()).await;
        assert!(matches!(none, Err(AskError::Unfit(_))), "{none:?}");
        let events = |kind: &'static str| {
            let sql = "SELECT count(*) FROM audit WHERE kind = ?1";
            sim.store
                .read_sync(|view| Ok(view.connection().query_row(sql, [kind], |row| row.get::<_, u32>(0))?))
                .unwrap()
        };
        assert_eq!(["host.opened", "host.closed", "question.withdrawn"].map(events), [1, 1, 1]);
    });
}
