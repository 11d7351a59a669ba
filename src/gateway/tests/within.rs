//! A provider is asked for answers of its models; what it would do by itself is the operator's to allow.

use super::*;
use crate::domain::ProviderTool;
use crate::models::TurnCaps;

fn allow(bench: &Bench, tools: &[ProviderTool]) {
    let provider_tools = tools.iter().copied().collect();
    let left = TurnCaps::default();
    let may = ModelUse { api: ModelApi::Anthropic, models: Vec::new(), provider_tools, left, iteration: 1 };
    bench.gateway.open(RunId(1), &Ways { models: Some(may), ..Ways::default() }, &bench.gateway_dir()).unwrap();
}

const SEARCH: &str =
    "{\"model\": \"m\", \"tools\": [{\"type\": \"web_search_20250305\", \"name\": \"web_search\"}], \"x\": \"END\"}";

#[tokio::test]
async fn a_provider_reaches_nothing_by_itself_unless_the_role_may() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    let count = "POST /v1/messages/count_tokens HTTP/1.1";
    let link = "{\"model\": \"m\", \"messages\": [{\"content\": [{\"type\": \"image\", \"source\": {\"type\": \"url\", \"url\": \"https://a.example\"}}]}], \"x\": \"END\"}";
    for (head, body, words) in [
        (MESSAGES, SEARCH, "provider-tools = [\\\"web_search\\\"] under [roles.NAME] in config.toml"),
        (count, SEARCH, "provider-tools = [\\\"web_search\\\"]"),
        (MESSAGES, link, "the content of a message in the request"),
        (MESSAGES, "{\"model\": \"m\", \"mcp_servers\": [{\"url\": \"u\"}]}", "provider-tools = [\\\"mcp\\\"]"),
        (MESSAGES, "{\"model\": \"m\", \"tools\": [{\"type\": \"telephone\"}]}", "nobody can allow here"),
        (count, "no JSON", "names a model once"),
    ] {
        let answer = bench.answer(head, body).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("invalid_request_error"), "{answer}");
        assert!(answer.contains(words), "{answer}");
    }
    assert!(bench.kept.all().is_empty() && far.asked.try_recv().is_err(), "the provider was asked");
    allow(&bench, &[ProviderTool::WebSearch]);
    let _stream = bench.ask(MESSAGES, SEARCH).await;
    assert!(far.asked.recv().await.unwrap().ends_with(SEARCH));
    far.say.send(CUT).unwrap();
    allow(&bench, &[]);
    assert!(bench.answer(MESSAGES, SEARCH).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn headers_that_would_change_what_is_asked_stay_behind() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    let more = "anthropic-beta: a-1\r\nX-HTTP-Method-Override: DELETE\r\nx-stainless-lang: js\r\nuser-agent: it/1\r\nContent-Type: text/plain";
    let _stream = bench.ask(&format!("{MESSAGES}\r\n{more}"), END).await;
    let asked = far.asked.recv().await.unwrap();
    for kept in [
        "anthropic-beta: a-1\r\n",
        "x-stainless-lang: js\r\n",
        "user-agent: it/1\r\n",
        "content-type: application/json\r\n",
    ] {
        assert!(asked.contains(kept), "{asked}");
    }
    assert!(!asked.to_ascii_lowercase().contains("override"), "{asked}");
}

#[tokio::test]
async fn no_answer_is_made_after_its_request() {
    let mut far = provider().await;
    let bench = Bench::of(ModelApi::Openai, &[&far.url], &[]);
    let body = "{\"model\": \"m\", \"background\": true, \"x\": \"END\"}";
    let answer = bench.answer("POST /v1/responses HTTP/1.1", body).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("`background` in the request"), "{answer}");
    assert!(bench.kept.all().is_empty() && far.asked.try_recv().is_err(), "the provider was asked");
}
