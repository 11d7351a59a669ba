//! What is asked and answered about proposals, over restarts: edits, reasons, caps, and what one person decided for two.
#![allow(clippy::unwrap_used)]

use super::stories::play;
use super::{Sim, operator};
use crate::domain::{
    Agreed, Claims, OperatorRole, Proposal, ProposalId, ProposalState as State, QuestionKind, QuestionState, Seen,
    Voter,
};
use crate::engine::crash::Plan;
use crate::engine::proposals::{Asked, Change, Decision};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn an_edit_is_a_proposal_of_its_own_and_a_no_has_a_reason() {
    play(async {
        let sim = Sim::new(0);
        let engine = sim.engine(Plan::count());
        let (claims, ada) = (Claims { why: "it is down".to_owned(), ..Claims::default() }, operator(1000));
        let proposed = engine.propose("web-1".to_owned(), super::command("shop"), claims.clone(), None, ada);
        let one = proposed.await.unwrap();
        let change = Change { command: super::command("shop2"), claims: claims.clone(), asset: None };
        let edited = engine.edit(one.id, change.clone(), operator(2000)).await.unwrap();
        let old = sim.read(one.id);
        assert_eq!((old.state, old.replaced_by, edited.replaces), (State::Superseded, Some(edited.id), Some(one.id)));
        assert_eq!(edited.proposed.owners.len(), 1);
        let yes = |digest: &str| Decision::Approve {
            digest: digest.to_owned(),
            seen: None,
            signature: None,
            glass: None,
            reason: String::new(),
        };
        assert!(engine.decide(one.id, yes(&one.digest), operator(2001)).await.is_err());
        assert!(engine.decide(edited.id, yes(&one.digest), operator(2001)).await.is_err());
        assert!(engine.edit(one.id, change, operator(2000)).await.is_err());
        let no = |reason: &str| Decision::Deny { reason: reason.to_owned() };
        assert!(engine.decide(edited.id, no(""), operator(2001)).await.is_err());
        let denied = engine.decide(edited.id, no("not on a Friday"), operator(2001)).await.unwrap();
        assert_eq!(denied.state, State::Denied);
        assert!(
            engine.propose("db-9".to_owned(), super::command("x"), claims.clone(), None, operator(1)).await.is_err()
        );
    });
}

#[test]
fn caps_and_refusals_of_agents_survive_restarts() {
    play(async {
        let sim = Sim::new(0);
        let run = run_of(&sim).await;
        let deny = |id: ProposalId| {
            let engine = sim.engine(Plan::count());
            async move { engine.decide(id, Decision::Deny { reason: "no".to_owned() }, operator(2000)).await }
        };
        let (mut taken, mut refused) = (0, 0);
        // Each try is made by another engine: nothing is kept in memory.
        for restart in 0..50 {
            for number in 0..6 {
                match sim.ask_as_agent(run, &format!("{restart}-{number}")).await {
                    Ok(Asked::New(_)) => taken += 1,
                    Ok(Asked::Known(_)) => panic!("never asked before"),
                    Err(words) => {
                        assert!(words.contains("which is the most"), "{words}");
                        refused += 1;
                    }
                }
                let (waiting, hourly, all) = sim
                    .store
                    .read_sync(|view| view.proposed_by_agent(run, crate::domain::Millis(i64::MIN / 2)))
                    .unwrap();
                assert!(waiting <= 3 && all <= 50 && hourly == all);
            }
            let open = sim.store.read_sync(|view| view.proposals(crate::store::Which::Open, 100)).unwrap();
            for one in open {
                deny(one.id).await.unwrap();
                // The same again is answered from the record.
                let crate::domain::Program::Argv { words } = &one.proposed.command.program else { panic!() };
                let word = String::from_utf8(words[1].clone()).unwrap();
                let Ok(Asked::Known(known)) = sim.ask_as_agent(run, &word).await else { panic!("asked again") };
                assert_eq!((known.id, known.state), (one.id, State::Denied));
            }
            tokio::time::advance(HOUR / 4).await;
        }
        assert_eq!(taken, 50);
        assert!(refused > 200, "{refused}");
    });
}

/// A run whose agent may propose.
pub(super) async fn run_of(sim: &Sim) -> crate::domain::RunId {
    let made = sim.store.write(|tx| {
        let project = tx.insert_project("shop", "/shop")?;
        let run = tx.insert_run(&crate::store::new_run_for_tests(project.id))?;
        tx.record(crate::audit::AuditEvent::new(crate::domain::Actor::Engine, "run.queued"))?;
        Ok(run.id)
    });
    made.await.unwrap()
}

#[test]
fn each_reason_is_told_in_one_prompt_whatever_restarts_between() {
    play(async {
        let mut told = 0;
        // A run may propose 50 times at most.
        for number in 0..200_u32 {
            let sim = Sim::new(0);
            let run = run_of(&sim).await;
            let Ok(Asked::New(one)) = sim.ask_as_agent(run, "shop").await else { panic!("not taken") };
            let waits = |iteration| sim.store.read_sync(move |view| view.proposals_to_tell(run, iteration)).unwrap();
            assert!(waits(1).is_empty());
            let reason = format!("no, {number}");
            let no = Decision::Deny { reason: reason.clone() };
            sim.engine(Plan::count()).decide(one.id, no, operator(2000)).await.unwrap();
            // A prompt that was made and never used tells nothing.
            for _ in 0..(number % 3) {
                assert_eq!(waits(1)[0].reason, reason);
            }
            let id = one.id;
            let tell = |iteration| {
                sim.store.write(move |tx| {
                    tx.proposals_told(&[id], iteration)?;
                    tx.record(crate::audit::AuditEvent::new(crate::domain::Actor::Engine, "step.intended"))?;
                    Ok(())
                })
            };
            tell(1).await.unwrap();
            // The same turn, repeated after a crash, is told the same; the next one is not.
            assert_eq!(waits(1)[0].reason, reason);
            tell(1).await.unwrap();
            assert!(waits(2).is_empty());
            told += 1;
        }
        assert_eq!(told, 200);
    });
}

#[test]
fn several_that_are_alike_are_agreed_to_at_once_or_none_of_them() {
    play(async {
        let sim = Sim::new(0);
        let engine = sim.engine(Plan::count());
        let mut all = Vec::new();
        for word in ["shop", "blog", "wiki"] {
            let claims = Claims { why: "it is down".to_owned(), ..Claims::default() };
            let asked = engine.propose("web-1".to_owned(), super::command(word), claims, None, operator(1000));
            all.push(asked.await.unwrap());
        }
        let seen = Some(Seen { milliseconds: 900, rows: 40, columns: 80 });
        let agreed = |one: &Proposal| Agreed { proposal: one.id, digest: one.digest.clone(), seen };
        let yes = |all: &[Proposal]| all.iter().map(agreed).collect::<Vec<_>>();
        let states = || all.iter().map(|one| sim.read(one.id).state).collect::<Vec<_>>();
        // One of them is something else than what was shown.
        let mut other = yes(&all);
        other[2].digest = "0".repeat(64);
        let refused = engine.agree_to_all(other, operator(2000)).await.unwrap_err().to_string();
        assert!(refused.contains("x3") && refused.contains("nothing was agreed to"), "{refused}");
        assert_eq!(states(), [State::Pending; 3]);
        // Not by somebody who decides nothing, nor one alone.
        let viewer = Voter { roles: [OperatorRole::Viewer].into(), ..operator(2000) };
        assert!(engine.agree_to_all(yes(&all), viewer).await.is_err());
        assert!(engine.agree_to_all(yes(&all[..1]), operator(2000)).await.is_err());
        let agreed = engine.agree_to_all(yes(&all), operator(2000)).await.unwrap();
        assert!(agreed.iter().all(|one| one.state == State::Approved && one.votes[0].together == 3), "{agreed:?}");
        assert!(agreed.iter().all(|one| one.votes[0].seen == seen), "what was on the screen is on record: {agreed:?}");
        let times = async |uid: u32, most| {
            sim.store.read(move |view| view.reading_times(&operator(uid).person, most)).await.unwrap()
        };
        assert_eq!((times(2000, 2).await, times(2000, 9).await), (vec![900; 2], vec![900; 3]));
        assert!(times(2001, 9).await.is_empty(), "somebody else's answers are not theirs");
        for _ in 0..3 {
            sim.life(Plan::count(), Duration::from_mins(1)).await;
        }
        assert_eq!((states(), sim.target.most_effects()), (vec![State::Succeeded; 3], 1));
        assert!(engine.agree_to_all(yes(&all), operator(2001)).await.is_err(), "a grant is used once");
    });
}

/// An agent whose proposal was put right by a person has to know whether it ran.
#[test]
fn what_people_made_of_a_proposal_is_told_as_well() {
    play(async {
        let sim = Sim::new(0);
        let run = run_of(&sim).await;
        let Ok(Asked::New(one)) = sim.ask_as_agent(run, "shp").await else { panic!("not taken") };
        let engine = sim.engine(Plan::count());
        let edit = |id, word: &str| {
            let claims = Claims { why: "its name".to_owned(), ..Claims::default() };
            engine.edit(id, Change { command: super::command(word), claims, asset: None }, operator(2000))
        };
        let two = edit(one.id, "sop").await.unwrap();
        let three = edit(two.id, "shop").await.unwrap();
        // What people propose by themselves is none of the agent's business.
        let claims = Claims { why: "because".to_owned(), ..Claims::default() };
        let own = engine.propose("web-1".to_owned(), super::command("other"), claims, Some(run), operator(2000));
        let own = own.await.unwrap();
        for id in [three.id, own.id] {
            let no = Decision::Deny { reason: "no".to_owned() };
            engine.decide(id, no, operator(2001)).await.unwrap();
        }
        let told = sim.store.read_sync(move |view| view.proposals_to_tell(run, 1)).unwrap();
        let told: Vec<_> = told.iter().map(|one| (one.id, one.state)).collect();
        let expected = [(one.id, State::Superseded), (two.id, State::Superseded), (three.id, State::Denied)];
        assert_eq!(told, expected);
    });
}

#[test]
fn what_one_person_decided_for_two_is_listed_until_somebody_else_has_looked() {
    play(async {
        let mut sim = Sim::new(0);
        let two = crate::approval::policy::Rule { approvals: 2, ..Default::default() };
        sim.policy.rules.push(two);
        sim.policy.break_glass = [crate::domain::OperatorRole::Admin].into();
        let engine = sim.engine(Plan::count());
        let claims = Claims { why: "it is down".to_owned(), ..Claims::default() };
        let asked = engine.propose("web-1".to_owned(), super::command("shop"), claims, None, operator(1000));
        let one = asked.await.unwrap();
        let yes = |glass: Option<&str>| {
            let glass = glass.map(str::to_owned);
            Decision::Approve { digest: one.digest.clone(), seen: None, signature: None, glass, reason: String::new() }
        };
        assert!(engine.decide(one.id, yes(Some("short")), operator(2000)).await.is_err());
        let approved = engine.decide(one.id, yes(Some("nobody else answers the phone")), operator(2000)).await.unwrap();
        assert_eq!(approved.state, State::Approved);
        // Everybody is told by a question of its own, which nobody answers but by looking at it.
        let told = sim.store.read_sync(|view| view.questions(Some(QuestionState::Open), 10)).unwrap();
        let told: Vec<_> = told.iter().filter(|one| one.kind == QuestionKind::Glass).collect();
        assert!(told.len() == 1 && told[0].title.starts_with("BREAK-GLASS: "), "{told:?}");
        assert_eq!(approved.glass, Some(told[0].id));
        sim.life(Plan::count(), Duration::from_mins(1)).await;
        assert_eq!(sim.read(one.id).state, State::Succeeded);
        let listed = || sim.store.read_sync(|view| view.proposals(crate::store::Which::Open, 10)).unwrap().len();
        assert_eq!(listed(), 1);
        for own in [1000, 2000] {
            assert!(engine.decide(one.id, Decision::Review, operator(own)).await.is_err());
        }
        assert_eq!(listed(), 1);
        engine.decide(one.id, Decision::Review, operator(2001)).await.unwrap();
        assert_eq!((listed(), sim.read(one.id).glass), (0, None));
        let left = sim.store.read_sync(|view| view.questions(Some(QuestionState::Open), 10)).unwrap();
        assert!(left.is_empty(), "{left:?}");
        let events = sim.store.read_sync(|view| {
            view.audit_page(&crate::store::AuditFilter {
                before: None,
                most: 100,
                run: None,
                kind: Some("proposal.".to_owned()),
                text: Some("answers the phone".to_owned()),
                about: crate::domain::AuditAbout::default(),
            })
        });
        assert_eq!(events.unwrap().records.len(), 1);
    });
}
