//! One use of a tool of the engine's from inside the sandbox, as coding agents do it by MCP: a request of JSON over HTTP, without
//! a session.

use serde_json::{Value, json};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

/// How often an engine that is away for a moment is asked again.
const TRIES: u32 = 300;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);
/// The most that is read of an answer.
const MOST: u64 = 1 << 20;

/// Asks for a tool; what it says, or why it does not.
pub(super) fn call(url: &str, tool: &str, arguments: &Value) -> io::Result<String> {
    let params = json!({ "name": tool, "arguments": arguments });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
    let mut failure = io::Error::other(format!("nobody answers at {url}"));
    for _ in 0..TRIES {
        match request(url, &body) {
            Ok(answer) => return said(tool, &answer),
            // It was understood, and refused.
            Err(error) if error.kind() == ErrorKind::Other => return Err(error),
            Err(error) => failure = error,
        }
        sleep(PAUSE);
    }
    Err(failure)
}

/// Asks once. Version 1.0 of HTTP says that the answer ends with the connection, and comes in one piece.
fn request(url: &str, body: &str) -> io::Result<String> {
    let wrong = || io::Error::other(format!("{url} is no place of tools"));
    let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
    let (host, path) = rest.split_once('/').ok_or_else(wrong)?;
    let mut link = TcpStream::connect(host)?;
    write!(
        link,
        "POST /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nAccept: application/json, \
         text/event-stream\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    link.take(MOST).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
    if head.split(' ').nth(1) == Some("200") { Ok(body.to_owned()) } else { Err(io::Error::other(head.to_owned())) }
}

/// What an answer says in its text.
fn said(tool: &str, answer: &str) -> io::Result<String> {
    let answer: Value = serde_json::from_str(answer)?;
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str().map_or_else(|| answer.to_string(), str::to_owned);
    if result["isError"] == true || result.is_null() {
        return Err(io::Error::other(format!("{tool}: {text}")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::TcpListener;

    /// What a call comes to where the engine answers so.
    fn answered(status: &str, body: &str) -> (io::Result<String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let answer = format!("HTTP/1.0 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let engine = std::thread::spawn(move || {
            let (mut link, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut buffer = [0; 4096];
            while !asked.ends_with(b"}") {
                let count = link.read(&mut buffer).unwrap();
                asked.extend_from_slice(&buffer[..count]);
            }
            link.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(asked).unwrap()
        });
        let body = json!({ "method": "tools/call" }).to_string();
        let came = request(&url, &body).and_then(|answer| said("t", &answer));
        (came, engine.join().unwrap())
    }

    #[test]
    fn a_tool_is_asked_for_in_one_request() {
        let text = r#"{"result":{"content":[{"type":"text","text":"asked as x1"}],"isError":false}}"#;
        let (came, asked) = answered("200 OK", text);
        assert_eq!(came.unwrap(), "asked as x1");
        assert!(asked.starts_with("POST /mcp HTTP/1.0\r\nHost: 127.0.0.1:"), "{asked}");
    }

    #[test]
    fn refusals_are_told_in_their_own_words() {
        let refused = r#"{"result":{"content":[{"type":"text","text":"no such asset"}],"isError":true}}"#;
        for (status, body, words) in [
            ("200 OK", refused, "t: no such asset"),
            ("200 OK", r#"{"error":{"message":"unknown tool"}}"#, "unknown tool"),
            ("404 Not Found", "", "404"),
            ("200 OK", "no JSON", "expected"),
        ] {
            let error = answered(status, body).0.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
