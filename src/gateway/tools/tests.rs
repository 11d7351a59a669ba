//! Tools over a run's socket, as an agent speaks to them.

#![allow(clippy::unwrap_used, clippy::panic)]

use crate::audit::AuditEvent;
use crate::domain::{Actor, Role, RunId, RunState};
use crate::gateway::{Gateway, Ways};
use crate::knowledge::{Knowledge, Toolset};
use crate::models::{NoMeter, Prices};
use crate::shim::GATEWAY_SOCKET;
use crate::store::{Options, Store, new_run_for_tests};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

struct Bench {
    gateway: Gateway,
    store: Store,
    dir: TempDir,
    run: RunId,
}

impl Bench {
    async fn new(role: Role) -> Self {
        let store = Store::in_memory(&Options::default()).unwrap();
        let run = store
            .write(|tx| {
                let project = tx.insert_project("shop", "/shop")?;
                tx.record(AuditEvent::new(Actor::Engine, "test"))?;
                let run = new_run_for_tests(project.id);
                tx.insert_run(&crate::domain::Run { state: RunState::Developing, ..run })
            })
            .await
            .unwrap()
            .id;
        let gateway = Gateway::new(&BTreeMap::new(), Prices::default(), Arc::new(NoMeter))
            .unwrap()
            .with_tools(Knowledge::new(store.clone()));
        let dir = tempfile::tempdir().unwrap();
        gateway.open(run, &Ways::default().with_tools(Toolset::of(&role.rules())), dir.path()).unwrap();
        Self { gateway, store, dir, run }
    }

    /// Asks by a whole head and hears the answer to its end.
    async fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = UnixStream::connect(self.dir.path().join(GATEWAY_SOCKET)).await.unwrap();
        let request = format!("{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        // One that is refused early may not take it all.
        stream.write_all(request.as_bytes()).await.ok();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// One request by the protocol.
    async fn say(&self, message: &Value) -> (u16, Value) {
        let head = "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:3649\r\nContent-Type: application/json\r\n\
                    Accept: application/json, text/event-stream";
        let answer = self.ask(head, &message.to_string()).await;
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    async fn call(&self, name: &str, arguments: Value) -> (bool, String) {
        let params = json!({"name": name, "arguments": arguments});
        let (status, answer) =
            self.say(&json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params})).await;
        assert_eq!((status, &answer["id"]), (200, &json!(7)), "{answer}");
        let result = &answer["result"];
        (result["isError"] == true, result["content"][0]["text"].as_str().unwrap_or_default().to_owned())
    }
}

fn hello(version: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "agent", "version": "1"}}})
}

#[tokio::test]
async fn an_agent_meets_its_tools_and_uses_them() {
    let bench = Bench::new(Role::Coder).await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let (status, met) = bench.say(&hello(version)).await;
        assert_eq!((status, &met["result"]["serverInfo"]["name"]), (200, &json!("dogwatch")), "{met}");
        assert_eq!(met["result"]["protocolVersion"], version);
        assert!(met["result"]["capabilities"]["tools"].is_object(), "{met}");
    }
    let (status, _) = bench.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    assert_eq!(status, 202);
    let (_, listed) = bench.say(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})).await;
    let names: Vec<&str> =
        listed["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"search_bugs") && names.contains(&"ask_operator") && !names.contains(&"assets"),
        "{names:?}"
    );
    let (failed, text) = bench.call("search_bugs", json!({"text": "anything"})).await;
    assert!(!failed && text.contains("\"bugs\":[]"), "{text}");
    let (failed, text) = bench.call("ask_operator", json!({"kind": "decide", "question": "which?"})).await;
    assert!(!failed && text.contains("asked as q1"), "{text}");
    let (failed, text) = bench.call("assets", json!({})).await;
    assert!(failed && text.contains("has no tool `assets`"), "{text}");
    let (failed, text) = bench.call("bug", json!({"id": "b1", "run": "r2"})).await;
    assert!(failed && text.contains("there is no argument `run`"), "{text}");
    let run = bench.run;
    assert_eq!(bench.store.read(move |view| view.tool_uses(run)).await.unwrap(), 4);
}

#[tokio::test]
async fn a_run_without_tools_has_none_and_neither_has_one_that_is_closed() {
    let bench = Bench::new(Role::Coder).await;
    bench.gateway.open(bench.run, &Ways::default(), bench.dir.path()).unwrap();
    let answer = bench.ask("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:3649", "{}").await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("this run has no tools"), "{answer}");
    bench.gateway.close(bench.run);
    assert!(UnixStream::connect(bench.dir.path().join(GATEWAY_SOCKET)).await.is_err());
}

#[tokio::test]
async fn what_is_no_use_of_a_tool_is_refused_in_order() {
    let bench = Bench::new(Role::Coder).await;
    let json = "Content-Type: application/json\r\nAccept: application/json, text/event-stream";
    for (head, body, status) in [
        ("GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:3649\r\nAccept: text/event-stream".to_owned(), "", "405"),
        ("DELETE /mcp HTTP/1.1\r\nHost: 127.0.0.1:3649".to_owned(), "", "405"),
        (format!("POST /mcp HTTP/1.1\r\nHost: example.org\r\n{json}"), "{}", "403"),
        (format!("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:3649\r\nOrigin: http://evil\r\n{json}"), "{}", "403"),
        (format!("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:3649\r\n{json}"), "no json", "4"),
        (format!("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:3649\r\n{json}"), "[]", "4"),
        (format!("POST /mcp/ HTTP/1.1\r\nHost: 127.0.0.1:3649\r\n{json}"), "{}", "403"),
        (format!("POST //mcp HTTP/1.1\r\nHost: 127.0.0.1:3649\r\n{json}"), "{}", "403"),
    ] {
        let answer = bench.ask(&head, body).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{head}: {answer}");
    }
    let huge = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{}\"}}", "x".repeat(3 << 20));
    let answer = bench.ask(&format!("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:3649\r\n{json}"), &huge).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{}", answer.chars().take(200).collect::<String>());
    for method in ["answer", "decide", "resources/list", "prompts/list", "tasks/list", "sampling/createMessage"] {
        let (_, answer) = bench.say(&json!({"jsonrpc": "2.0", "id": 3, "method": method, "params": {}})).await;
        assert!(
            answer["error"].is_object()
                || answer["result"]["resources"] == json!([])
                || answer["result"]["prompts"] == json!([]),
            "{method}: {answer}"
        );
    }
}
