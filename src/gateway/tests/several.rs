//! Several providers of one API: the next is asked where one fails before anything of its answer went to the agent.

use super::*;
use crate::models::Took;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 48\r\n\r\n{\"usage\":{\"input_tokens\":10,\"output_tokens\":5 }}";
const EMPTY: &str = "Content-Length: 2\r\n\r\n{}";

/// Answers as a provider that always says the same would.
fn says(status: &str, headers: &str) -> &'static str {
    format!("HTTP/1.1 {status}\r\n{headers}{EMPTY}").leak()
}

fn tries(bench: &Bench) -> Vec<(String, String, u16)> {
    let all = bench.kept.all();
    all.into_iter()
        .map(|(asked, took)| (asked.provider, asked.model, took.map_or(999, |took: Took| took.status)))
        .collect()
}

fn tried(provider: &str, status: u16) -> (String, String, u16) {
    (provider.to_owned(), "m".to_owned(), status)
}

#[tokio::test]
async fn what_fails_by_itself_goes_to_the_next_and_each_try_is_on_record() {
    for fault in
        [says("503 Unavailable", ""), says("529 Overloaded", ""), says("429 Too Many", "retry-after: 3600\r\n")]
    {
        let (mut one, mut two) = (provider().await, provider().await);
        let bench = Bench::several(&[&one.url, &two.url], &[]);
        one.say.send(fault).unwrap();
        one.say.send(CUT).unwrap();
        two.say.send(OK).unwrap();
        two.say.send(CUT).unwrap();
        let answer = bench.answer(MESSAGES, END).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("}}"), "{answer}");
        one.asked.recv().await.unwrap();
        assert!(two.asked.recv().await.unwrap().ends_with(END));
        assert_eq!(tries(&bench)[0], tried("p1", fault[9..12].parse().unwrap()));
        assert_eq!((tries(&bench).len(), tries(&bench)[1].0.as_str()), (2, "p2"));
        // Nobody is told of a limit that was passed by.
        assert_eq!(bench.gateway.answered(RunId(1)).map(|last| (last.status, last.until)), Some((200, None)));
        // The one that failed is left out for a while.
        let seen = bench.gateway.providers_seen();
        let resting = seen[0].2.as_ref().unwrap();
        assert!(resting.why.contains("it answered with status") && !resting.left.is_zero(), "{seen:?}");
        assert_eq!(seen[1].2, None);
        two.say.send(OK).unwrap();
        two.say.send(CUT).unwrap();
        assert!(bench.answer(MESSAGES, END).await.starts_with("HTTP/1.1 200"));
        assert!(one.asked.try_recv().is_err());
    }
}

#[tokio::test]
async fn a_limit_whose_end_stands_in_the_body_alone_counts_too() {
    let body = r#"[{"error":{"code":429,"details":[{"retryDelay":"3600s"}]}}]"#;
    let fault: &str = format!("HTTP/1.1 429 Too Many\r\nContent-Length: {}\r\n\r\n{body}", body.len()).leak();
    let (mut one, mut two) = (provider().await, provider().await);
    let bench = Bench::several(&[&one.url, &two.url], &[]);
    one.say.send(fault).unwrap();
    one.say.send(CUT).unwrap();
    two.say.send(OK).unwrap();
    two.say.send(CUT).unwrap();
    assert!(bench.answer(MESSAGES, END).await.starts_with("HTTP/1.1 200 OK"));
    one.asked.recv().await.unwrap();
    two.asked.recv().await.unwrap();
    assert!(bench.gateway.providers_seen()[0].2.as_ref().unwrap().left.as_secs() > 3_000);
    // Where there is no other, the agent gets it as it is, and the run knows until when to wait.
    let one = provider().await;
    let bench = Bench::several(&[&one.url], &[]);
    one.say.send(fault).unwrap();
    one.say.send(CUT).unwrap();
    let answer = bench.answer(MESSAGES, END).await;
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains(body), "{answer}");
    let last = bench.gateway.answered(RunId(1)).unwrap();
    assert!(last.status == 429 && last.until.is_some(), "{last:?}");
}

#[tokio::test]
async fn one_that_is_not_there_or_has_no_key_is_passed_by_and_the_last_ones_word_counts() {
    let mut two = provider().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let bench = Bench::several(&[&format!("http://{closed}"), &two.url], &[]);
    two.say.send(says("500 Oh", "")).unwrap();
    two.say.send(CUT).unwrap();
    let answer = bench.answer(MESSAGES, END).await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.ends_with("{}"), "{answer}");
    two.asked.recv().await.unwrap();
    assert_eq!(tries(&bench)[0], tried("p1", 0));
    assert_eq!(bench.kept.all()[0].1.unwrap().tokens.all(), 0, "what was never sent costs nothing");
    assert_eq!(bench.gateway.answered(RunId(1)).map(|last| last.status), Some(500));
    // All failed of late: the one whose rest ends first is asked all the same.
    two.say.send(OK).unwrap();
    two.say.send(CUT).unwrap();
    let answer = bench.answer(MESSAGES, END).await;
    assert!(answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 502"), "{answer}");
}

#[tokio::test]
async fn nothing_goes_to_the_next_that_the_first_may_have_heard_or_began_to_answer() {
    // A limit that ends soon is the agent's to wait for.
    let (one, mut two) = (provider().await, provider().await);
    let bench = Bench::several(&[&one.url, &two.url], &[]);
    one.say.send(says("429 Too Many", "retry-after: 3\r\n")).unwrap();
    one.say.send(CUT).unwrap();
    assert!(bench.answer(MESSAGES, END).await.contains("retry-after: 3"));
    // So are mistakes of its own.
    one.say.send(says("400 Bad", "")).unwrap();
    one.say.send(CUT).unwrap();
    assert!(bench.answer(MESSAGES, END).await.starts_with("HTTP/1.1 400"));
    // One that was sent and has no answer may have cost something there.
    one.say.send(CUT).unwrap();
    assert!(bench.answer(MESSAGES, END).await.starts_with("HTTP/1.1 50"));
    assert!(two.asked.try_recv().is_err());
    let (one, mut two) = (provider().await, provider().await);
    let bench = Bench::several(&[&one.url, &two.url], &[]);
    one.say.send(STREAM).unwrap();
    one.say.send("5\r\nhalf.\r\n").unwrap();
    one.say.send(CUT).unwrap();
    let answer = bench.answer(MESSAGES, END).await;
    assert!(answer.contains("half.") && !answer.ends_with("0\r\n\r\n"), "{answer}");
    assert!(two.asked.try_recv().is_err());
}

#[tokio::test]
async fn models_have_the_name_that_each_provider_gives_them() {
    let (mut one, mut two) = (provider().await, provider().await);
    let bench = Bench::several(&[&one.url, &two.url], &[("m", "other/m:free")]);
    one.say.send(says("500 Oh", "")).unwrap();
    one.say.send(CUT).unwrap();
    two.say.send(OK).unwrap();
    two.say.send(CUT).unwrap();
    assert!(bench.answer(MESSAGES, END).await.starts_with("HTTP/1.1 200"));
    assert!(one.asked.recv().await.unwrap().ends_with(END));
    let asked = two.asked.recv().await.unwrap();
    let sent = "{\"model\": \"other/m:free\", \"x\": \"END\"}";
    assert!(asked.ends_with(sent) && asked.contains(&format!("content-length: {}\r\n", sent.len())), "{asked}");
    assert_eq!(tries(&bench)[1].1, "other/m:free");
}

#[tokio::test]
async fn lines_of_ollama_pass_as_they_come_and_cost_nothing() {
    let mut far = provider().await;
    let bench = Bench::of(ModelApi::Ollama, &[&far.url], &[]);
    let left = crate::models::TurnCaps { microusd: Some(1_000), tokens: None };
    let may =
        ModelUse { api: ModelApi::Ollama, models: Vec::new(), provider_tools: BTreeSet::new(), left, iteration: 1 };
    bench.gateway.open(RunId(1), &Ways { models: Some(may), ..Ways::default() }, &bench.gateway_dir()).unwrap();
    let mut stream = bench.ask("POST /api/chat HTTP/1.1", "{\"model\": \"qwen3:8b\", \"x\": \"END\"}").await;
    far.asked.recv().await.unwrap();
    far.say
        .send("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    let mut heard = String::new();
    for piece in [
        "15\r\n{\"done\":false,\"n\":1}\n\r\n",
        "36\r\n{\"done\":true,\"prompt_eval_count\":26,\"eval_count\":259}\n\r\n",
    ] {
        far.say.send(piece).unwrap();
        until(&mut stream, &mut heard, piece.split("\r\n").nth(1).unwrap()).await;
    }
    far.say.send("0\r\n\r\n").unwrap();
    until(&mut stream, &mut heard, "0\r\n\r\n").await;
    let (asked, took) = bench.kept.all()[0].clone();
    let took = took.unwrap();
    assert_eq!((asked.model.as_str(), asked.likely.1), ("qwen3:8b", 0));
    assert_eq!((took.tokens.input, took.tokens.output, took.microusd, took.said), (26, 259, 0, true));
    let refused = bench.answer("POST /api/pull HTTP/1.1", "{\"model\": \"x\"}").await;
    assert!(refused.starts_with("HTTP/1.1 404") && refused.contains("{\"error\":\"dogwatch"), "{refused}");
}
