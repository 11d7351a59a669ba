//! Nothing that operators can ask of the engine is on a run's socket, in whatever form it is asked for there.

use super::*;
use crate::domain::QuestionId;
use crate::protocol::Request;
use std::time::Duration;
use tokio::time::timeout;

/// The names of all that operators may ask for, as the protocol itself lists them.
fn routes() -> Vec<String> {
    let error = serde_json::from_value::<Request>(json!({"type": "?"})).unwrap_err().to_string();
    let (_, list) = error.split_once("expected one of ").unwrap();
    list.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

/// Arguments that fit as many of them as possible.
fn arguments() -> Value {
    json!({
        "run": "r1", "question": "q1", "approve": true, "reason": "yes", "text": "go", "iteration": 1, "project": "shop",
        "task": "t", "criteria": [], "priority": "high", "source": "/", "kind": "feature", "name": "n", "entry": 1, "bug": 1,
        "all": true, "dry_run": false, "how": {"branch": {"name": null, "force": true}}, "step": "s", "most": 1, "offset": 0,
    })
}

impl Bench {
    /// Says raw bytes and hears what comes back within a moment.
    async fn raw(&self, text: &str) -> String {
        let mut stream = UnixStream::connect(self.dir.path().join(GATEWAY_SOCKET)).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // A connection that is held open says nothing either.
        let _ended = timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

#[tokio::test]
async fn no_operators_route_is_on_a_runs_socket() {
    let bench = Bench::new(Role::Coder).await;
    let (failed, text) = bench.call("ask_operator", json!({"kind": "decide", "question": "may I?"})).await;
    assert!(!failed && text.contains("q1"), "{text}");
    let run = bench.run;
    let look = async || {
        let read = bench.store.read(move |view| {
            let (run, question) = (view.run(run)?.unwrap(), view.question(QuestionId(1))?.unwrap());
            Ok((run.state, run.version, question.state, view.runs(&crate::store::RunFilter::default())?.len()))
        });
        read.await.unwrap()
    };
    let before = look().await;
    let names = routes();
    assert!(names.len() > 30 && names.contains(&"answer".to_owned()), "{names:?}");
    let mut tried = 0;
    for name in &names {
        let mut object = arguments();
        object["type"] = json!(name);
        let body = object.to_string();
        // By HTTP, at every place where one might look for it.
        for path in ["", "v1/", "api/", "mcp/", "mcp/../", "%6dcp/", "mcp%2f", "operator/", "./", "/"] {
            for method in ["POST", "GET", "PUT", "DELETE", "PATCH"] {
                let head = format!(
                    "{method} /{path}{name} HTTP/1.1\r\nHost: 127.0.0.1:3649\r\nContent-Type: application/json"
                );
                let answer = bench.ask(&head, &body).await;
                assert!(answer.starts_with("HTTP/1.1 4"), "{head}: {answer}");
                tried += 1;
            }
        }
        for head in [
            format!("POST http://127.0.0.1/{name} HTTP/1.1\r\nHost: 127.0.0.1"),
            format!("POST unix:/engine.sock:/{name} HTTP/1.1\r\nHost: localhost"),
            format!("CONNECT {name}:443 HTTP/1.1\r\nHost: {name}:443"),
            format!("{} /mcp HTTP/1.1\r\nHost: 127.0.0.1:3649", name.to_uppercase().replace('_', "-")),
            format!(
                "POST /mcp?type={name} HTTP/1.1\r\nHost: 127.0.0.1:3649\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream"
            ),
        ] {
            let answer = bench.ask(&head, &body).await;
            assert!(answer.starts_with("HTTP/1.1 4"), "{head}: {answer}");
            tried += 1;
        }
        // In the operators' own language.
        let hello = json!({"hello": {"protocol": crate::protocol::VERSION, "program": "x"}});
        let ask = json!({"request": {"id": 1, "request": object}});
        for text in [format!("{hello}\n{ask}\n"), format!("{body}\n"), format!("{ask}\r\n\r\n")] {
            let answer = bench.raw(&text).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{text}: {answer}");
            tried += 1;
        }
        // By the protocol of tools: as a method, as a tool, as anything else that has a name there.
        let tools: Vec<&str> = crate::knowledge::Tool::ALL.into_iter().map(crate::knowledge::Tool::name).collect();
        for form in [
            name.clone(),
            format!("dogwatch/{name}"),
            format!("operator.{name}"),
            format!("tools/{name}"),
            name.to_uppercase(),
        ] {
            let (_, answer) =
                bench.say(&json!({"jsonrpc": "2.0", "id": 3, "method": form, "params": arguments()})).await;
            assert!(answer["result"].is_null(), "{form}: {answer}");
            let (failed, text) = bench.call(&form, arguments()).await;
            let own = tools.contains(&form.as_str());
            assert!(failed && (own || text.contains("has no tool")), "{form}: {text}");
            let wanted = json!({"uri": format!("dogwatch://{form}"), "name": form, "arguments": {}});
            for method in ["resources/read", "prompts/get", "completion/complete", "tasks/get"] {
                let (_, answer) =
                    bench.say(&json!({"jsonrpc": "2.0", "id": 4, "method": method, "params": wanted})).await;
                assert!(answer["result"].is_null(), "{method} {form}: {answer}");
            }
            tried += 6;
        }
        assert_eq!(look().await, before, "{name} changed something");
    }
    println!("{} routes of operators, {tried} ways to ask for them: none is there", names.len());
}

#[tokio::test]
async fn nothing_of_another_run_is_reached() {
    let bench = Bench::new(Role::Coder).await;
    // Another run of the same project, with a question and a note of its own.
    let store = bench.store.clone();
    let other = store
        .write(|tx| {
            tx.record(AuditEvent::new(Actor::Engine, "test"))?;
            let run = new_run_for_tests(crate::domain::ProjectId(1));
            tx.insert_run(&crate::domain::Run { state: RunState::Developing, ..run })
        })
        .await
        .unwrap()
        .id;
    let dir = tempfile::tempdir().unwrap();
    let ways = Ways { tools: Toolset::of(&Role::Coder.rules()), ..Ways::default() };
    bench.gateway.open(other, &ways, dir.path()).unwrap();
    let theirs = Bench {
        gateway: Gateway::new(&BTreeMap::new(), Prices::default(), Arc::new(NoMeter)).unwrap(),
        store,
        dir,
        run: other,
    };
    theirs.call("ask_operator", json!({"kind": "decide", "question": "their question"})).await;
    theirs.call("record_finding", json!({"title": "their note", "text": "their note"})).await;
    for run in ["r2", "2", "../r2"] {
        for (tool, more) in [("answers", "run"), ("notes", "run"), ("notes", "id"), ("bug", "run")] {
            let mut wanted = json!({});
            wanted[more] = json!(run);
            let (failed, text) = bench.call(tool, wanted).await;
            assert!(failed && !text.contains("their"), "{text}");
        }
    }
    for tool in ["answers", "notes"] {
        let (failed, text) = bench.call(tool, json!({})).await;
        assert!(!failed && !text.contains("their"), "{text}");
        assert!(theirs.call(tool, json!({})).await.1.contains("their"));
    }
}
