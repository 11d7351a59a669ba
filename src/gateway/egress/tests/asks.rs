//! Hosts that people are asked about.

use super::*;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Question, QuestionKind, QuestionState};

async fn questions(bench: &Bench) -> Vec<Question> {
    bench.books.settle().await;
    let run = bench.run;
    bench.store.read(move |view| view.questions_of(run)).await.unwrap()
}

async fn answer(bench: &Bench, question: &Question, approve: bool) {
    let id = question.id;
    let answered = bench.store.write(move |tx| {
        tx.answer_question(id, approve, "as a test will have it", &Actor::Engine)?;
        tx.record(AuditEvent::new(Actor::Engine, "question.answered").question(id))
    });
    answered.await.unwrap();
}

#[tokio::test]
async fn a_host_is_asked_about_once_and_a_yes_opens_it_for_this_run() {
    let bench = Bench::new(&["*.example.org"], server().await, EgressConfig::default()).await;
    for host in ["new.example.com", "inside.example.com"] {
        bench.name(host, &[&[if host.starts_with("new") { PUBLIC } else { "10.0.0.1" }]]);
    }
    let (sender, mut heard) = tokio::sync::watch::channel(0);
    bench.books.tell(sender);
    for _ in 0..3 {
        assert!(bench.get("new.example.com", "/").await.starts_with("HTTP/1.1 403 dogwatch: host not on the list"));
        assert_eq!(questions(&bench).await.len(), 1, "once");
    }
    assert!(heard.has_changed().unwrap() && *heard.borrow_and_update() == 1);
    let asked = questions(&bench).await;
    assert_eq!((asked[0].kind, asked[0].title.as_str()), (QuestionKind::Egress, "may it reach new.example.com?"));
    assert!(bench.dialled().is_empty() && bench.outside.asked.lock().unwrap().is_empty());
    answer(&bench, &asked[0], true).await;
    assert!(bench.get("new.example.com", "/").await.starts_with("HTTP/1.1 200"));
    assert!(bench.tunnel("new.example.com:22").await.starts_with("HTTP/1.1 403 dogwatch: port not open"));
    let word = format!("allowed by {}", asked[0].id);
    assert!(bench.seen().await.iter().any(|row| row.allowed && row.rule == word));
    // A yes opens no private address, and a no is remembered.
    assert!(bench.get("inside.example.com", "/").await.contains("403"));
    answer(&bench, &questions(&bench).await[1], true).await;
    assert!(bench.get("inside.example.com", "/").await.starts_with("HTTP/1.1 403 dogwatch: private address"));
    assert!(bench.get("no.example.com", "/").await.contains("403"));
    answer(&bench, &questions(&bench).await[2], false).await;
    assert!(bench.get("no.example.com", "/").await.starts_with("HTTP/1.1 403 dogwatch: host not on the list"));
    assert_eq!(questions(&bench).await.len(), 3);
}

#[tokio::test]
async fn nobody_is_asked_about_what_no_answer_would_open_nor_about_a_flood() {
    let bench = Bench::new(&["*.example.org"], server().await, EgressConfig::default()).await;
    for host in ["127.0.0.1", "evil.net.", "evil.net:8080", "localhost", "evil_net.com"] {
        bench.get(host, "/").await;
        bench.tunnel(host).await;
    }
    assert_eq!(questions(&bench).await, []);
    for number in 0..40 {
        bench.get(&format!("host{number}.example.com"), "/").await;
    }
    assert_eq!(questions(&bench).await.len(), 5);
    // Where people answer, others are asked about, but not for ever.
    for _ in 0..10 {
        for question in questions(&bench).await.iter().filter(|one| one.state == QuestionState::Open) {
            answer(&bench, question, false).await;
        }
        for number in 0..40 {
            bench.get(&format!("host{number}.example.com"), "/").await;
        }
    }
    assert_eq!(questions(&bench).await.len(), 20);
    let run = bench.run;
    let withdrawn = bench.store.write(move |tx| {
        tx.withdraw_asked_beside(run)?;
        tx.record(AuditEvent::new(Actor::Engine, "run.ended").run(run))
    });
    withdrawn.await.unwrap();
    assert!(questions(&bench).await.iter().all(|one| one.state != QuestionState::Open));
}
