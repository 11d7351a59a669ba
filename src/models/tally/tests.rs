//! Answers in the words of each API, whole and in pieces.

#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

const MESSAGES: &str = "event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":25,\"cache_creation_input_tokens\":7,\"cache_read_input_tokens\":300,\"output_tokens\":1}}}\r\n\r\nevent: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"usage\"}}\r\n\r\nevent: message_delta\r\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":15}}\r\n\r\n";
const RESPONSES: &str = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"usage\":null}}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":100,\"input_tokens_details\":{\"cached_tokens\":40},\"output_tokens\":20,\"output_tokens_details\":{\"reasoning_tokens\":9},\"total_tokens\":120}}}\n\n";
const CHAT: &str = "data: {\"choices\":[],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\ndata: [DONE]\n\n";
const GEMINI: &str = "data: {\"candidates\":[],\"usageMetadata\":{\"promptTokenCount\":50,\"candidatesTokenCount\":1}}\r\n\r\ndata: {\"usageMetadata\":{\"promptTokenCount\":50,\"candidatesTokenCount\":8,\"thoughtsTokenCount\":3,\"cachedContentTokenCount\":10,\"totalTokenCount\":61}}\r\n\r\n";

fn tokens(input: u64, output: u64, cached: u64, cache_write: u64) -> Tokens {
    Tokens { input, output, cached, cache_write }
}

fn took(api: ModelApi, stream: bool, pieces: &[&[u8]]) -> (Tokens, bool) {
    let mut tally = Tally::new(api, if stream { Form::Events } else { Form::Text });
    for piece in pieces {
        tally.push(piece);
    }
    tally.finish(tokens(90, 70, 0, 0), true, 0)
}

#[test]
fn streams_of_each_api_say_what_they_took() {
    for (api, text, sum) in [
        (ModelApi::Anthropic, MESSAGES, tokens(25, 15, 300, 7)),
        (ModelApi::Openai, RESPONSES, tokens(60, 20, 40, 0)),
        (ModelApi::Openai, CHAT, tokens(7, 2, 4, 0)),
        (ModelApi::Gemini, GEMINI, tokens(40, 11, 10, 0)),
    ] {
        assert_eq!(took(api, true, &[text.as_bytes()]), (sum, true), "{text}");
    }
}

#[test]
fn lines_of_ollama_say_it_in_the_last_one() {
    let lines = "{\"model\":\"q\",\"response\":\"The\",\"done\":false}\n{\"model\":\"q\",\"response\":\"\",\"done\":true,\
                 \"context\":[1],\"prompt_eval_count\":26,\"eval_count\":259}\n";
    let chat = "{\"message\":{\"role\":\"assistant\",\"content\":\"eval_count\"},\"done\":false}\n{\"message\":{\"content\":\"\"},\
                \"done\":true,\"eval_count\":5}";
    for (text, sum) in [(lines, tokens(26, 259, 0, 0)), (chat, tokens(0, 5, 0, 0))] {
        for cut in 0..text.len() {
            let mut tally = Tally::new(ModelApi::Ollama, Form::Lines);
            tally.push(&text.as_bytes()[..cut]);
            tally.push(&text.as_bytes()[cut..]);
            assert_eq!(tally.finish(tokens(90, 70, 0, 0), true, 0), (sum, true), "{text} cut at {cut}");
        }
    }
    assert_eq!(took(ModelApi::Ollama, true, &[CHAT.as_bytes()]), (tokens(7, 2, 4, 0), true));
    let whole = r#"{"model":"q","response":"ok","done":true,"prompt_eval_count":3,"eval_count":2}"#;
    assert_eq!(took(ModelApi::Ollama, false, &[whole.as_bytes()]), (tokens(3, 2, 0, 0), true));
}

#[test]
fn so_do_answers_in_one_piece() {
    let message = r#"{"type":"message","content":[],"usage":{"input_tokens":3,"output_tokens":4}}"#;
    assert_eq!(took(ModelApi::Anthropic, false, &[message.as_bytes()]), (tokens(3, 4, 0, 0), true));
    let list = r#"[{"usageMetadata":{"promptTokenCount":5}},{"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":6}}]"#;
    assert_eq!(took(ModelApi::Gemini, false, &[list.as_bytes()]), (tokens(5, 6, 0, 0), true));
}

/// Of a stream that the agent left after this much of it.
fn left(api: ModelApi, text: &str, unseen: u64) -> (Tokens, bool) {
    let mut tally = Tally::new(api, Form::Events);
    tally.push(text.as_bytes());
    tally.finish(tokens(90, 70, 0, 0), false, unseen)
}

#[test]
fn who_leaves_early_pays_for_what_was_written() {
    let before_the_end = |text: &str, end: &str| text[..text.find(end).unwrap()].to_owned();
    let many = |text: &str, event: &str| format!("{text}{}", event.repeat(20));
    let messages = many(
        &before_the_end(MESSAGES, "event: message_delta"),
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"ten bytes.\"}}\n\n",
    );
    // It begins by saying that one was written; 205 bytes were.
    assert_eq!(left(ModelApi::Anthropic, &messages, 0), (tokens(25, 69, 300, 7), false));
    let responses = many(
        &before_the_end(RESPONSES, "event: response.completed"),
        "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1234567890\",\"delta\":\"six by\"}\n\n",
    );
    assert_eq!(left(ModelApi::Openai, &responses, 0), (tokens(90, 40, 0, 0), false));
    let again = "data: {\"type\":\"response.output_text.done\",\"text\":\"six bysix bysix by\"}\n\n";
    assert_eq!(left(ModelApi::Openai, again, 0), (tokens(90, 0, 0, 0), false));
    let gemini = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"args\":{\"a\":\"123456\",\"type\":\"123\"}}}]}}],\
                  \"usageMetadata\":{\"promptTokenCount\":50,\"candidatesTokenCount\":1}}\n\n";
    assert_eq!(left(ModelApi::Gemini, gemini, 0), (tokens(50, 3, 0, 0), false));
    // What is not sent is reckoned by the time that it took, up to what was allowed.
    assert_eq!(left(ModelApi::Openai, "", 33), (tokens(90, 33, 0, 0), false));
    assert_eq!(left(ModelApi::Openai, "", 5_000), (tokens(90, 70, 0, 0), false));
    // Whoever has heard the end may leave.
    for (api, text, sum) in [
        (ModelApi::Anthropic, MESSAGES, tokens(25, 15, 300, 7)),
        (ModelApi::Openai, RESPONSES, tokens(60, 20, 40, 0)),
        (ModelApi::Openai, CHAT, tokens(7, 2, 4, 0)),
    ] {
        assert_eq!(left(api, text, 50), (sum, true), "{text}");
    }
}

#[test]
fn a_whole_answer_without_an_account_takes_what_it_may() {
    let null = r#"{"id":"r","status":"queued","usage":null}"#;
    assert_eq!(took(ModelApi::Openai, false, &[null.as_bytes()]), (tokens(90, 70, 0, 0), false));
    assert_eq!(took(ModelApi::Anthropic, true, &[b"data: {}\n\n"]), (tokens(90, 70, 0, 0), false));
    // One that breaks off in the middle, by the provider's doing, says no more than it said.
    let begun = MESSAGES.split("event: message_delta").next().unwrap();
    assert_eq!(took(ModelApi::Anthropic, true, &[begun.as_bytes()]), (tokens(25, 2, 300, 7), false));
}

#[test]
fn what_is_not_said_is_reckoned_and_called_so() {
    assert_eq!(took(ModelApi::Openai, true, &[]), (tokens(90, 0, 0, 0), false));
    // Never more than the request allowed.
    let long = "data: {\"choices\":[{\"delta\":{\"content\":\"word\"}}]}\n\n".repeat(1_000);
    assert_eq!(took(ModelApi::Openai, true, &[long.as_bytes()]), (tokens(90, 70, 0, 0), false));
    // The model's own words are no account of anything.
    assert_eq!(left(ModelApi::Openai, &long[..long.len() / 200], 0), (tokens(90, 7, 0, 0), false));
    let words = "data: {\"delta\":{\"text\":\"{\\\"usage\\\":{\\\"input_tokens\\\":1}}\"}}\n\n";
    assert!(!took(ModelApi::Anthropic, true, &[words.as_bytes()]).1);
    let huge = "data: {\"type\":\"message_delta\",\"usage\":{\"input_tokens\":18446744073709551615,\"output_tokens\":18446744073709551615}}\n";
    assert_eq!(took(ModelApi::Anthropic, true, &[huge.as_bytes()]), (tokens(Tokens::MOST, Tokens::MOST, 0, 0), true));
}

proptest! {
    #[test]
    fn pieces_make_no_difference(cut in 0..400usize, second in 0..400usize, which in 0..4usize) {
        let (api, text) = [(ModelApi::Anthropic, MESSAGES), (ModelApi::Openai, RESPONSES), (ModelApi::Openai, CHAT), (ModelApi::Gemini, GEMINI)][which];
        let bytes = text.as_bytes();
        let (cut, second) = (cut.min(bytes.len()), second.min(bytes.len()));
        let (a, b) = (cut.min(second), cut.max(second));
        prop_assert_eq!(took(api, true, &[&bytes[..a], &bytes[a..b], &bytes[b..]]), took(api, true, &[bytes]));
    }

    #[test]
    fn nothing_that_comes_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300), stream: bool) {
        for api in ModelApi::ALL {
            let (sum, _) = took(api, stream, &[&bytes]);
            prop_assert!(sum.all() < 1 << 53);
        }
    }
}
