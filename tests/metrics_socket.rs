//! Collectors of metrics at the engine's socket: real HTTP by hyper, and by curl where there is one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;
use support::bare::{Bare, output};
use support::filled::fill;
use support::openmetrics::samples;

const PATIENCE: Duration = Duration::from_secs(30);

fn ask(bare: &Bare, method: Method, target: &str) -> (StatusCode, String, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::UnixStream::connect(bare.file("sock/engine.sock")).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driven = tokio::spawn(connection);
        let request = Request::builder().method(method).uri(target).header("host", "dogwatch");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let response = tokio::time::timeout(PATIENCE, sender.send_request(request)).await.unwrap().unwrap();
        let status = response.status();
        let kind = response.headers().get("content-type").unwrap().to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        drop(sender);
        driven.await.unwrap().unwrap();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    })
}

#[test]
fn collectors_read_what_the_command_prints_and_can_do_nothing_else() {
    let bare = Bare::new();
    fill(&bare, 12, "do it");
    let _engine = bare.start();
    let (status, kind, body) = ask(&bare, Method::GET, "/metrics");
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let found = samples(&body).unwrap_or_else(|wrong| panic!("{wrong}\n{body}"));
    assert!(found.iter().any(|(name, _)| name == "dogwatch_runs_ended{state=\"succeeded\"}"), "{body}");
    let printed = output(&mut bare.through(env!("CARGO_BIN_EXE_dogwatch"), &["metrics", "--openmetrics"]));
    assert_eq!(body, printed.expect_code(0));
    let (status, _, all) = ask(&bare, Method::GET, "/metrics?days=3650");
    assert!(status == StatusCode::OK && samples(&all).is_ok(), "{all}");
    assert_eq!(ask(&bare, Method::HEAD, "/metrics").2, "");
    for (method, target, status) in [
        (Method::GET, "/", StatusCode::NOT_FOUND),
        (Method::GET, "/metrics/../runs", StatusCode::NOT_FOUND),
        (Method::POST, "/metrics", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/metrics?days=0", StatusCode::BAD_REQUEST),
    ] {
        let (answered, _, words) = ask(&bare, method, target);
        assert_eq!(answered, status, "{target}: {words}");
    }

    // The protocol of the socket is as it was, also where its first line comes in pieces.
    let mut raw = bare.connect();
    raw.request(1, &json!({ "type": "who_am_i" }));
    assert!(raw.line().is_some());
    let reply = raw.line().unwrap().to_string();
    assert!(reply.contains("\"id\":1"), "{reply}");
    let mut slow = UnixStream::connect(bare.file("sock/engine.sock")).unwrap();
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    slow.write_all(b"GE").unwrap();
    slow.write_all(b"T /metrics HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("# EOF\n"), "{answer}");
    let mut odd = UnixStream::connect(bare.file("sock/engine.sock")).unwrap();
    odd.set_read_timeout(Some(PATIENCE)).unwrap();
    odd.write_all(b"NOT HTTP AT ALL\r\n\r\n").unwrap();
    let mut answer = String::new();
    odd.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");

    let socket = bare.file("sock/engine.sock");
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "--unix-socket"]).arg(socket).arg("http://dogwatch/metrics");
    match curl.output() {
        Ok(read) => assert_eq!(String::from_utf8(read.stdout).unwrap(), body, "{}", read.status),
        Err(error) => eprintln!("not tried with curl: {error}"),
    }
}

#[test]
fn the_check_of_the_format_finds_what_is_wrong() {
    let fine = "# TYPE a gauge\n# HELP a What.\na{b=\"c\\\"\\\\\\n, d\",e=\"\"} 1\na 2.5\n# EOF\n";
    assert_eq!(samples(fine).unwrap().len(), 2);
    for wrong in [
        "# TYPE a gauge\na 1\n",
        "a 1\n# EOF\n",
        "# TYPE a gauge\na{b=\"\\x\"} 1\n# EOF\n",
        "# TYPE a gauge\na{b=\"c\"d\"} 1\n# EOF\n",
        "# TYPE a gauge\na{b=\"c\",} 1\n# EOF\n",
        "# TYPE a gauge\na one\n# EOF\n",
        "# TYPE a gauge\n\na 1\n# EOF\n",
        "# TYPE a gauge\na 1\na 1\n# EOF\n",
        "# TYPE a gauge\n# TYPE a gauge\n# EOF\n",
    ] {
        assert!(samples(wrong).is_err(), "{wrong}");
    }
}
