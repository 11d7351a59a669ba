//! The link beside an engine that only this test plays.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{News, Order, WATCH, keep};
use crate::domain::{Actor, RunId};
use crate::protocol::{ClientLine, EngineLine, Event, Fault, FaultCode, Request, Snapshot, VERSION, Welcome};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::codec::{Framed, LinesCodec};

const PATIENCE: Duration = Duration::from_mins(1);

struct Played {
    line: Framed<UnixStream, LinesCodec>,
    /// What the console knows already.
    since: Option<(String, u64)>,
}

impl Played {
    /// Takes the next connection and hears it ask for changes.
    async fn accept(listener: &UnixListener) -> Self {
        let (stream, _) = timeout(PATIENCE, listener.accept()).await.expect("nobody comes").unwrap();
        let mut played = Self { line: Framed::new(stream, LinesCodec::new()), since: None };
        assert!(matches!(played.hear().await, ClientLine::Hello(_)));
        let you = Actor::operator(1000, "ada");
        let (engine, instance) = ("dogwatch".to_owned(), "abcdef12".to_owned());
        played.say(&EngineLine::Welcome(Welcome { protocol: VERSION, engine, instance, you })).await;
        match played.hear().await {
            ClientLine::Request { id: WATCH, request: Request::Watch { since } } => played.since = since,
            other => panic!("{other:?}"),
        }
        played
    }

    async fn hear(&mut self) -> ClientLine {
        let text = timeout(PATIENCE, self.line.next()).await.expect("nothing is said").unwrap().unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn say(&mut self, line: &EngineLine) {
        self.line.send(serde_json::to_string(line).unwrap()).await.unwrap();
    }

    async fn know(&mut self, cursor: u64) {
        let event = Box::new(Event::Changed(Snapshot { cursor, ..Snapshot::default() }));
        self.say(&EngineLine::Event { id: WATCH, event }).await;
    }

    async fn fail(&mut self, id: u64) {
        let fault = Fault { code: FaultCode::Engine, message: "the store cannot be read".to_owned() };
        self.say(&EngineLine::Fault { id, fault }).await;
    }
}

async fn next(news: &mut mpsc::Receiver<News>) -> News {
    timeout(PATIENCE, news.recv()).await.expect("no news").unwrap()
}

#[tokio::test]
async fn a_fault_of_the_stream_of_changes_alone_is_the_end_of_the_connection() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    let (news_in, mut news) = mpsc::channel(64);
    let (_orders, orders) = mpsc::unbounded_channel::<Order>();
    let link = tokio::spawn(keep((socket.clone(), socket, None), None, orders, news_in));
    let mut known = None;
    for (round, id) in [(1, WATCH), (2, 0), (3, WATCH)] {
        let mut engine = Played::accept(&listener).await;
        assert_eq!(engine.since, known, "what happened meanwhile would be missing");
        engine.know(10 * round).await;
        known = Some(("abcdef12".to_owned(), 10 * round));
        assert!(matches!(next(&mut news).await, News::Up(_)));
        assert!(matches!(next(&mut news).await, News::Changed(_)));
        engine.fail(id).await;
        let down = next(&mut news).await;
        assert_eq!(down, News::Down("the store cannot be read".to_owned()));
    }
    link.abort();
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_at_once_again_and_again_is_asked_for_ever_less_often() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    let (news_in, mut news) = mpsc::channel(64);
    let (_orders, orders) = mpsc::unbounded_channel::<Order>();
    let link = tokio::spawn(keep((socket.clone(), socket, None), None, orders, news_in));
    let mut waits = Vec::new();
    let mut last = tokio::time::Instant::now();
    for _ in 0..7 {
        let (stream, _) = listener.accept().await.unwrap();
        waits.push(last.elapsed());
        last = tokio::time::Instant::now();
        let mut engine = Played { line: Framed::new(stream, LinesCodec::new()), since: None };
        assert!(matches!(engine.hear().await, ClientLine::Hello(_)));
        let you = Actor::Engine;
        let (engine_name, instance) = ("dogwatch".to_owned(), "abcdef12".to_owned());
        engine.say(&EngineLine::Welcome(Welcome { protocol: VERSION, engine: engine_name, instance, you })).await;
        engine.hear().await;
        engine.fail(WATCH).await;
        assert!(matches!(next(&mut news).await, News::Up(_)));
        assert!(matches!(next(&mut news).await, News::Down(_)));
    }
    assert!(waits.last().unwrap() >= &Duration::from_secs(2), "{waits:?}");
    link.abort();
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_owes_an_answer_and_says_nothing_is_told_as_silent() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    let (news_in, mut news) = mpsc::channel(64);
    let (orders_in, orders) = mpsc::unbounded_channel::<Order>();
    let link = tokio::spawn(keep((socket.clone(), socket, None), None, orders, news_in));
    let mut engine = Played::accept(&listener).await;
    assert!(matches!(next(&mut news).await, News::Up(_)));
    orders_in.send(Order::Ask(7, Request::Bugs { all: false })).unwrap();
    assert!(matches!(engine.hear().await, ClientLine::Request { id: 7, .. }));
    assert_eq!(next(&mut news).await, News::Slow);
    engine.fail(7).await;
    assert_eq!(next(&mut news).await, News::Heard);
    assert!(matches!(next(&mut news).await, News::Reply(7, Err(_))));
    // It owes nothing, so it is asked whether it is there; what it says to that is nobody's news.
    for _ in 0..2 {
        let ClientLine::Request { id, request: Request::Status } = engine.hear().await else { panic!("no ping") };
        engine.fail(id).await;
    }
    let ClientLine::Request { request: Request::Status, .. } = engine.hear().await else { panic!("no ping") };
    assert_eq!(next(&mut news).await, News::Slow);
    link.abort();
}

#[tokio::test]
async fn a_log_that_is_wanted_while_there_is_no_engine_is_not_taken_for_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("s");
    let (news_in, mut news) = mpsc::channel(64);
    let (orders_in, orders) = mpsc::unbounded_channel::<Order>();
    let link = tokio::spawn(keep((socket.clone(), socket, None), None, orders, news_in));
    assert!(matches!(next(&mut news).await, News::Down(_)));
    orders_in.send(Order::Tail(RunId(3), 10)).unwrap();
    loop {
        match next(&mut news).await {
            News::TailOver(RunId(3), Some(reason)) => break assert!(reason.contains("no engine")),
            News::Down(_) => {}
            other => panic!("{other:?}"),
        }
    }
    link.abort();
}

#[tokio::test(start_paused = true)]
async fn a_log_that_breaks_off_is_followed_again() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    let (news_in, mut news) = mpsc::channel(64);
    let (orders_in, orders) = mpsc::unbounded_channel::<Order>();
    let link = tokio::spawn(keep((socket.clone(), socket, None), None, orders, news_in));
    let _engine = Played::accept(&listener).await;
    assert!(matches!(next(&mut news).await, News::Up(_)));
    orders_in.send(Order::Tail(RunId(3), 10)).unwrap();
    let mut broken = 0;
    while broken < 3 {
        // Each is closed before it has said a word.
        let (stream, _) = listener.accept().await.unwrap();
        drop(stream);
        loop {
            match next(&mut news).await {
                News::TailOver(RunId(3), Some(_)) => break broken += 1,
                News::Slow => {}
                other => panic!("{other:?}"),
            }
        }
    }
    link.abort();
}
