//! A provider of models on this machine: it records what it is asked and answers what a test tells it.

use super::speech::{Words, offers_tools, speak};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

/// What it answers next.
#[derive(Debug, Clone)]
pub enum Say {
    /// A whole answer as a stream of events, in two pieces; it says that it took 120 tokens.
    Done(String),
    /// Its first piece, and nothing more until the connection is gone.
    Hang,
    /// A status with an error in it, and headers.
    Refuse(u16, &'static str, &'static str),
    /// What a model says to an agent, in the language of the agent. Requests that offer no tools take none of these.
    Words(Words),
    /// Nothing at all, until the connection is gone.
    Silence,
}

impl Say {
    /// What the played agent (`tests/agents/claude`) is ordered to do, as a whole answer.
    pub fn order(order: &serde_json::Value) -> Self {
        Self::Done(order.to_string())
    }
}

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method, path and parameters.
    pub line: String,
    /// Headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
struct Held {
    answers: Mutex<Vec<Say>>,
    asked: Mutex<Vec<Asked>>,
}

/// The provider. Its threads end with the test's process.
#[derive(Debug)]
pub struct Model {
    /// Where it is.
    pub url: String,
    held: Arc<Held>,
}

impl Model {
    /// One that gives these answers, one a request, the last one for ever.
    pub fn start(answers: Vec<Say>) -> Self {
        Self::begin(answers, None)
    }

    /// The same over TLS, under the name `localhost`; and the certificate to know it by, in PEM.
    pub fn start_tls(answers: Vec<Say>) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(ring).with_safe_default_protocol_versions();
        let config = config.expect("versions of TLS").with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("a certificate with its key");
        (Self::begin(answers, Some(Arc::new(config))), made.cert.pem())
    }

    fn begin(answers: Vec<Say>, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let url = if tls.is_some() { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let held = Arc::new(Held { answers: Mutex::new(answers), ..Held::default() });
        let shared = Arc::clone(&held);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, held, tls) = (stream.expect("a connection"), Arc::clone(&shared), tls.clone());
                // Whoever leaves in the middle is what some tests are about.
                thread::spawn(move || match tls {
                    None => drop(serve(stream, &held)),
                    Some(config) => {
                        let session = rustls::ServerConnection::new(config).expect("a session");
                        drop(serve(rustls::StreamOwned::new(session, stream), &held));
                    }
                });
            }
        });
        Self { url, held }
    }

    /// What it was asked up to now.
    pub fn asked(&self) -> Vec<Asked> {
        self.held.asked.lock().expect("no panic").clone()
    }

    /// What it answers from now on.
    pub fn now_say(&self, answers: Vec<Say>) {
        *self.held.answers.lock().expect("no panic") = answers;
    }
}

/// A body of a stated length, or one in pieces.
fn read_body(reader: &mut impl BufRead, asked: &Asked) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if asked.header("transfer-encoding").is_none() {
        let length: usize = asked.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        return Ok(body);
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).expect("a size");
        let mut piece = vec![0; size + 2];
        reader.read_exact(&mut piece)?;
        body.extend_from_slice(&piece[..size]);
        if size == 0 {
            return Ok(body);
        }
    }
}

fn serve(stream: impl Read + Write, held: &Held) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut asked = Asked { line: line.trim_end().to_owned(), headers, body: String::new() };
        let body = read_body(&mut reader, &asked)?;
        asked.body = String::from_utf8(body).expect("UTF-8");
        let json = serde_json::from_str(&asked.body).unwrap_or_default();
        let path = asked.line.split(' ').nth(1).unwrap_or_default().to_owned();
        let answer = {
            let mut answers = held.answers.lock().expect("no panic");
            match answers.first() {
                Some(Say::Words(_)) if !offers_tools(&json) => Say::Words(Words { text: "ok".to_owned(), shell: None }),
                _ if asked.line.starts_with("GET") || path.contains("ount") => {
                    Say::Words(Words { text: "ok".to_owned(), shell: None })
                }
                _ if answers.len() > 1 => answers.remove(0),
                first => first.cloned().expect("an answer"),
            }
        };
        held.asked.lock().expect("no panic").push(asked);
        let opening = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let out = reader.get_mut();
        match answer {
            Say::Done(text) => {
                let (first, rest) = text.split_at(text.len() / 2);
                write!(out, "{opening}")?;
                for piece in [first, rest] {
                    let event = format!("data: {piece}\n\n");
                    write!(out, "{:x}\r\n{event}\r\n", event.len())?;
                    out.flush()?;
                }
                let took =
                    "data: {\"type\":\"message_delta\",\"usage\":{\"input_tokens\":100,\"output_tokens\":20}}\n\n";
                write!(out, "{:x}\r\n{took}\r\n0\r\n\r\n", took.len())?;
            }
            Say::Hang => {
                write!(out, "{opening}7\r\ndata: {{\r\n")?;
                out.flush()?;
                // Until the other side is gone.
                std::io::copy(&mut reader, &mut std::io::sink())?;
                return Ok(());
            }
            Say::Silence => {
                std::io::copy(&mut reader, &mut std::io::sink())?;
                return Ok(());
            }
            Say::Words(words) => {
                let (kind, text) = speak(&path, &json, &words);
                write!(out, "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n")?;
                for event in text.split_inclusive("\n\n") {
                    write!(out, "{:x}\r\n{event}\r\n", event.len())?;
                    out.flush()?;
                }
                write!(out, "0\r\n\r\n")?;
            }
            Say::Refuse(status, header, body) => {
                write!(
                    out,
                    "HTTP/1.1 {status} No\r\n{header}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )?;
            }
        }
        out.flush()?;
    }
}
