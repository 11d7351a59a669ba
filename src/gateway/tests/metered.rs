//! What requests take is written down before and after, whatever becomes of them, and no budget is passed by more than one.

use super::*;
use crate::domain::Tokens;
use crate::models::{Asked, Later, MeterError, Took, TurnCaps};
use std::sync::atomic::{AtomicBool, Ordering};

/// Keeps what is written down.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Vec<(Asked, Option<Took>)>>, AtomicBool);

impl Kept {
    pub fn all(&self) -> Vec<(Asked, Option<Took>)> {
        self.0.lock().unwrap().clone()
    }
}

impl Meter for Kept {
    fn may(self: Arc<Self>, _run: RunId) -> Later<Result<(), MeterError>> {
        let stopped = self.1.load(Ordering::Relaxed);
        Box::pin(std::future::ready(if stopped { Err(MeterError::Stopped) } else { Ok(()) }))
    }

    fn begin(self: Arc<Self>, asked: Asked) -> Later<Result<i64, MeterError>> {
        if self.1.load(Ordering::Relaxed) {
            return Box::pin(std::future::ready(Err(MeterError::Stopped)));
        }
        let mut all = self.0.lock().unwrap();
        all.push((asked, None));
        let number = i64::try_from(all.len()).unwrap() - 1;
        Box::pin(std::future::ready(Ok(number)))
    }

    fn settle(self: Arc<Self>, request: i64, took: Took) -> Later<Result<(), MeterError>> {
        self.0.lock().unwrap()[usize::try_from(request).unwrap()].1.get_or_insert(took);
        Box::pin(std::future::ready(Ok(())))
    }
}

const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 48\r\n\r\n{\"usage\":{\"input_tokens\":10,\"output_tokens\":5 }}";

fn caps(bench: &Bench, left: TurnCaps, models: &[&str]) {
    let models = models.iter().map(|&name| name.to_owned()).collect();
    let may = ModelUse { api: ModelApi::Anthropic, models, provider_tools: BTreeSet::new(), left, iteration: 3 };
    bench.gateway.open(RunId(1), &Ways { models: Some(may), ..Ways::default() }, &bench.gateway_dir()).unwrap();
}

async fn settled(bench: &Bench, number: usize) -> Took {
    loop {
        if let Some((_, Some(took))) = bench.kept.all().get(number) {
            return *took;
        }
        tokio::task::yield_now().await;
    }
}

fn tokens(input: u64, output: u64) -> Tokens {
    Tokens { input, output, ..Tokens::default() }
}

#[tokio::test]
async fn each_request_is_written_down_before_it_goes_and_when_it_is_over() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    let mut stream = bench.ask(MESSAGES, "{\"model\": \"m\", \"max_tokens\": 40, \"x\": \"END\"}").await;
    far.asked.recv().await.unwrap();
    let open = bench.kept.all();
    assert_eq!((open.len(), open[0].0.model.as_str(), open[0].0.likely), (1, "m", (tokens(15, 40), 95)));
    assert!(open[0].1.is_none());
    far.say.send(WHOLE).unwrap();
    let mut heard = String::new();
    until(&mut stream, &mut heard, "}}").await;
    assert_eq!(settled(&bench, 0).await, Took { status: 200, tokens: tokens(10, 5), microusd: 20, said: true });
    far.say.send(CUT).unwrap();
    // A refusal of the provider costs nothing.
    let _stream = bench.ask(MESSAGES, END).await;
    far.asked.recv().await.unwrap();
    far.say.send(CUT).unwrap();
    let cut = settled(&bench, 1).await;
    assert_eq!((cut.status, cut.tokens.output, cut.said), (0, 0, false));
    let _stream = bench.ask(MESSAGES, END).await;
    far.asked.recv().await.unwrap();
    far.say.send("HTTP/1.1 529 Overloaded\r\nContent-Length: 2\r\n\r\n{}").unwrap();
    assert_eq!(settled(&bench, 2).await, Took { status: 529, tokens: Tokens::default(), microusd: 0, said: true });
}

#[tokio::test]
async fn an_agent_that_leaves_in_the_middle_is_still_accounted_for() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    let mut stream = bench.ask(MESSAGES, END).await;
    far.asked.recv().await.unwrap();
    far.say.send(STREAM).unwrap();
    far.say
        .send("50\r\ndata: {\"message\":{\"usage\":{\"input_tokens\":700,\"output_tokens\":1}}, \"x\": 100}\r\n\r\n")
        .unwrap();
    let mut heard = String::new();
    until(&mut stream, &mut heard, "700").await;
    drop(stream);
    let took = settled(&bench, 0).await;
    far.say.send(CUT).unwrap();
    // One token is what the beginning says; nothing more was written yet, and it took no time to speak of.
    assert_eq!((took.tokens.input, took.said), (700, false));
    assert!((1..8_192).contains(&took.tokens.output), "{took:?}");
    // So is one whose run is over.
    let mut stream = bench.ask(MESSAGES, END).await;
    far.asked.recv().await.unwrap();
    bench.gateway.close(RunId(1));
    stream.read_to_end(&mut Vec::new()).await.ok();
    assert!(!settled(&bench, 1).await.said);
}

#[tokio::test]
async fn what_may_not_be_asked_is_not_sent() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    let no = TurnCaps::default();
    let dear = TurnCaps { microusd: Some(1_000_000), tokens: None };
    let spent = TurnCaps { microusd: Some(0), tokens: None };
    let other = END.replace("\"m\"", "\"other\"");
    for (left, models, body, words, why) in [
        (no, vec!["claude-*"], END, "may not ask this model", Some(Refused::Model("m".to_owned()))),
        (dear, vec![], other.as_str(), "under [prices]", Some(Refused::Price("other".to_owned()))),
        (spent, vec![], END, "used up", Some(Refused::UsedUp)),
        (no, vec![], "{\"model\":\"m\",\"model\":\"n\"}", "names a model once", None),
        (no, vec![], "no JSON", "names a model once", None),
    ] {
        caps(&bench, left, &models);
        let answer = bench.answer(MESSAGES, body).await;
        assert!(answer.starts_with("HTTP/1.1 40") && answer.contains(words), "{answer}");
        assert_eq!(bench.gateway.answered(RunId(1)).and_then(|last| last.refused), why, "{words}");
    }
    assert!(bench.kept.all().is_empty() && far.asked.try_recv().is_err());
    // Without a cap on money an unknown price is no reason to stop.
    caps(&bench, TurnCaps { tokens: Some(1_000_000), microusd: None }, &[]);
    let _stream = bench.ask(MESSAGES, &other).await;
    far.asked.recv().await.unwrap();
    assert_eq!(bench.kept.all()[0].0.likely.1, 0);
}

#[tokio::test]
async fn many_at_once_pass_the_cap_by_one_request_at_most() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    // Each may take 50 tokens and takes 15.
    caps(&bench, TurnCaps { tokens: Some(40), microusd: None }, &[]);
    let body = "{\"model\": \"m\", \"max_tokens\": 35, \"x\": \"END\"}";
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(bench.ask(MESSAGES, body).await);
    }
    let mut sent = 0;
    while let Some(()) = {
        let next = tokio::time::timeout(std::time::Duration::from_secs(5), far.asked.recv());
        if sent < 3 { next.await.unwrap().map(drop) } else { None }
    } {
        sent += 1;
        assert_eq!(bench.kept.all().len(), sent, "the next one waits for what this one takes");
        far.say.send(WHOLE).unwrap();
        far.say.send(CUT).unwrap();
        settled(&bench, sent - 1).await;
    }
    let mut refused = 0;
    for mut stream in streams {
        let mut heard = String::new();
        until(&mut stream, &mut heard, "}").await;
        refused += usize::from(heard.starts_with("HTTP/1.1 403") && heard.contains("used up"));
    }
    assert_eq!((sent, refused), (3, 7));
    let took: u64 = bench.kept.all().iter().map(|(_, took)| took.unwrap().tokens.all()).sum();
    assert_eq!(took, 45, "of 40");
}

#[tokio::test]
async fn a_stop_cuts_what_is_under_way_and_lets_nothing_more_pass() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    // One that is heard already, and one that has no answer yet.
    let mut heard = bench.ask(MESSAGES, END).await;
    far.asked.recv().await.unwrap();
    far.say.send(STREAM).unwrap();
    far.say.send("5\r\nhalf.\r\n").unwrap();
    let mut text = String::new();
    until(&mut heard, &mut text, "half.").await;
    far.say.send(CUT).unwrap();
    drop(heard);
    settled(&bench, 0).await;
    let waits = bench.ask(MESSAGES, END).await;
    far.asked.recv().await.unwrap();
    bench.kept.1.store(true, Ordering::Relaxed);
    bench.gateway.cut(RunId(1));
    let mut text = String::new();
    let mut waits = waits;
    until(&mut waits, &mut text, "\"type\":\"error\"}").await;
    assert!(text.starts_with("HTTP/1.1 503") && text.contains("retry-after: 30"), "{text}");
    assert!(text.contains("overloaded_error") && text.contains("wait and ask again"), "{text}");
    assert_eq!(settled(&bench, 1).await.status, 0);
    far.say.send(CUT).unwrap();
    // Neither what is metered nor what is not.
    for (head, body) in
        [(MESSAGES, END), ("GET /v1/models HTTP/1.1", ""), ("POST /v1/messages/count_tokens HTTP/1.1", END)]
    {
        let answer = bench.answer(head, body).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{head}: {answer}");
    }
    assert_eq!(bench.gateway.answered(RunId(1)).and_then(|last| last.refused), Some(Refused::Stopped));
    assert!(far.asked.try_recv().is_err());
    bench.kept.1.store(false, Ordering::Relaxed);
    let mut stream = bench.ask(MESSAGES, END).await;
    far.asked.recv().await.unwrap();
    far.say.send(WHOLE).unwrap();
    let mut text = String::new();
    until(&mut stream, &mut text, "}}").await;
    assert_eq!(bench.gateway.answered(RunId(1)).and_then(|last| last.refused), None);
}

#[tokio::test]
async fn a_stop_cuts_an_answer_in_its_middle() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    let mut stream = bench.ask(MESSAGES, END).await;
    far.asked.recv().await.unwrap();
    far.say.send(STREAM).unwrap();
    far.say.send("5\r\nhalf.\r\n").unwrap();
    let mut text = String::new();
    until(&mut stream, &mut text, "half.").await;
    bench.gateway.cut(RunId(1));
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.ok();
    assert!(!rest.ends_with(b"0\r\n\r\n"), "it ended as if it were whole");
    settled(&bench, 0).await;
}
