//! What the gateway lets through, and what not, against a provider on this machine.

#![allow(clippy::unwrap_used, clippy::panic)]

mod figures;
mod metered;
mod several;
mod within;

use super::*;
use crate::config::{KeyPlace, KeyScheme};
use crate::models::Price;
use crate::shim::GATEWAY_SOCKET;
use metered::Kept;
use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::mpsc;

const KEY: &str = "sk-canary-0123456789abcdef";

/// A provider that records what it is asked and answers what it is told, piece by piece: each piece waits for a word.
struct Played {
    url: String,
    asked: mpsc::UnboundedReceiver<String>,
    say: mpsc::UnboundedSender<&'static str>,
}

/// Ends the connection without a word.
const CUT: &str = "\u{0}";

async fn provider() -> Played {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asks, asked) = mpsc::unbounded_channel();
    let (say, mut words) = mpsc::unbounded_channel::<&str>();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            // The requests of these tests end so.
            while !heard.ends_with(b"END\"}") {
                let mut piece = [0; 4096];
                match stream.read(&mut piece).await {
                    Ok(count @ 1..) => heard.extend_from_slice(&piece[..count]),
                    _ => break,
                }
            }
            asks.send(String::from_utf8(heard).unwrap()).ok();
            while let Some(word) = words.recv().await {
                if word == CUT {
                    break;
                }
                stream.write_all(word.as_bytes()).await.unwrap();
            }
        }
    });
    Played { url, asked, say }
}

struct Bench {
    gateway: Gateway,
    dir: TempDir,
    key: PathBuf,
    kept: Arc<Kept>,
}

impl Bench {
    fn new(url: &str) -> Self {
        Self::with(url, KeyScheme::Key)
    }

    fn with(url: &str, scheme: KeyScheme) -> Self {
        Self::made(ModelApi::Anthropic, &[url], &[], scheme)
    }

    /// One provider after the other, of which the last calls models by other names.
    fn several(urls: &[&str], names: &[(&str, &str)]) -> Self {
        Self::of(ModelApi::Anthropic, urls, names)
    }

    fn of(api: ModelApi, urls: &[&str], names: &[(&str, &str)]) -> Self {
        Self::made(api, urls, names, KeyScheme::Key)
    }

    fn made(api: ModelApi, urls: &[&str], names: &[(&str, &str)], scheme: KeyScheme) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key");
        std::fs::write(&key, KEY).unwrap();
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        let mut all = BTreeMap::new();
        for (order, url) in (1..).zip(urls) {
            let last = usize::try_from(order).unwrap() == urls.len();
            let names = names.iter().filter(|_| last).map(|(asked, there)| ((*asked).to_owned(), (*there).to_owned()));
            let (url, names) = ((*url).to_owned(), names.collect());
            let models = ModelsAt { api, url, key: Some(KeyPlace::File(key.clone())), scheme, order, names };
            all.insert(if urls.len() > 1 { format!("p{order}") } else { api.name().to_owned() }, models);
        }
        let kept = Arc::new(Kept::default());
        let price = Price { input: 1_000_000, output: 2_000_000, ..Price::default() };
        let prices = Prices::new(BTreeMap::from([("m".to_owned(), price)]));
        let gateway = Gateway::new(&all, prices, Arc::clone(&kept) as Arc<dyn Meter>).unwrap();
        let bench = Self { gateway, dir, key, kept };
        bench.gateway.open(RunId(1), &Ways::to_models(api), &bench.gateway_dir()).unwrap();
        bench
    }

    fn gateway_dir(&self) -> PathBuf {
        self.dir.path().join("gateway")
    }

    fn open(&self) {
        self.gateway.open(RunId(1), &Ways::to_models(ModelApi::Anthropic), &self.gateway_dir()).unwrap();
    }

    async fn ask(&self, head: &str, body: &str) -> UnixStream {
        let mut stream = UnixStream::connect(self.gateway_dir().join(GATEWAY_SOCKET)).await.unwrap();
        let length = body.len();
        let request = format!("{head}\r\nHost: 127.0.0.1:3649\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Asks, and hears the answer to its end.
    async fn answer(&self, head: &str, body: &str) -> String {
        let mut stream = self.ask(&format!("{head}\r\nConnection: close"), body).await;
        let mut answer = String::new();
        // One that is cut ends the same way.
        stream.read_to_string(&mut answer).await.ok();
        answer
    }
}

/// Reads until a text is there.
async fn until(stream: &mut UnixStream, heard: &mut String, text: &str) {
    while !heard.contains(text) {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "it ended at: {heard}");
        heard.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
}

/// A body that this provider knows the end of.
const END: &str = "{\"model\": \"m\", \"x\": \"END\"}";
const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const MESSAGES: &str = "POST /v1/messages?beta=true HTTP/1.1\r\nx-api-key: dogwatch\r\nAuthorization: Bearer theirs\r\nanthropic-version: 1";

#[tokio::test]
async fn the_key_is_added_and_pieces_pass_as_they_come() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    let mut stream = bench.ask(MESSAGES, "{\"say\": \"ä\", \"model\": \"m\", \"x\": \"END\"}").await;
    let asked = far.asked.recv().await.unwrap();
    assert!(asked.starts_with("POST /v1/messages?beta=true HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("x-api-key: {KEY}\r\n")) && asked.contains("anthropic-version: 1\r\n"), "{asked}");
    assert!(!asked.contains("theirs") && !asked.contains("x-api-key: dogwatch"), "{asked}");
    assert!(asked.ends_with("{\"say\": \"ä\", \"model\": \"m\", \"x\": \"END\"}"), "{asked}");
    let mut heard = String::new();
    far.say.send(STREAM).unwrap();
    // Each piece arrives before the next one is said.
    for piece in ["d\r\ndata: {\"a\":1}\r\n", "d\r\ndata: {\"b\":2}\r\n"] {
        far.say.send(piece).unwrap();
        until(&mut stream, &mut heard, piece.split("\r\n").nth(1).unwrap()).await;
    }
    far.say.send("0\r\n\r\n").unwrap();
    until(&mut stream, &mut heard, "0\r\n\r\n").await;
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n") && heard.contains("content-type: text/event-stream"), "{heard}");
}

#[tokio::test]
async fn a_token_of_a_login_is_sent_as_one() {
    let mut far = provider().await;
    let bench = Bench::with(&far.url, KeyScheme::Bearer);
    let beta = "anthropic-beta: other-1,oauth-2025-04-20\r\nanthropic-beta: other-2";
    let _stream = bench.ask(&format!("{MESSAGES}\r\n{beta}"), END).await;
    let asked = far.asked.recv().await.unwrap();
    assert!(asked.contains(&format!("authorization: Bearer {KEY}\r\n")) && !asked.contains("x-api-key"), "{asked}");
    assert!(
        asked.contains("anthropic-beta: other-1,other-2,oauth-2025-04-20\r\n")
            && asked.matches("anthropic-beta").count() == 1,
        "{asked}"
    );
}

#[tokio::test]
async fn a_key_that_a_provider_quotes_stays_outside() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    let mut stream = bench.ask(MESSAGES, END).await;
    far.asked.recv().await.unwrap();
    far.say.send("HTTP/1.1 401 Unauthorized\r\nx-echo: sk-canary-0123456789abcdef\r\nretry-after: 7\r\nContent-Length: 36\r\n\r\nbad key: sk-canary-").unwrap();
    let mut heard = String::new();
    until(&mut stream, &mut heard, "bad key: ").await;
    far.say.send("0123456789abcdef.").unwrap();
    until(&mut stream, &mut heard, "*.").await;
    assert!(!heard.contains("canary") && !heard.contains("x-echo"), "{heard}");
    assert!(heard.contains("401") && heard.contains("retry-after: 7"), "{heard}");
    assert!(heard.ends_with(&format!("bad key: {}.", "*".repeat(KEY.len()))), "{heard}");
}

#[tokio::test]
async fn what_is_cut_on_the_way_is_cut_inside() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    let mut stream = bench.ask(MESSAGES, END).await;
    far.asked.recv().await.unwrap();
    far.say.send(STREAM).unwrap();
    far.say.send("5\r\nhalf.\r\n").unwrap();
    far.say.send(CUT).unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.ok();
    let heard = String::from_utf8(heard).unwrap();
    assert!(heard.contains("half.") && !heard.ends_with("0\r\n\r\n"), "{heard}");
}

#[tokio::test]
async fn nothing_but_the_api_is_on_the_socket() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    for (head, status, words) in [
        ("POST /v1/files HTTP/1.1", "404", "not_found_error"),
        ("GET /v1/organizations HTTP/1.1", "404", "not part of the API"),
        ("GET / HTTP/1.1", "200", ""),
        ("POST http://example.org/v1/messages HTTP/1.1", "403", "no other host"),
        ("CONNECT example.org:443 HTTP/1.1", "403", "no other host"),
        ("POST /v1/messages HTTP/1.1\r\nHost: example.org", "40", ""),
    ] {
        let answer = bench.answer(head, "").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(words), "{head}: {answer}");
    }
    let huge = "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n";
    let mut stream = UnixStream::connect(bench.gateway_dir().join(GATEWAY_SOCKET)).await.unwrap();
    stream.write_all(huge.as_bytes()).await.unwrap();
    let mut heard = String::new();
    until(&mut stream, &mut heard, "request_too_large").await;
    assert!(far.asked.try_recv().is_err(), "the provider was asked");
}

#[tokio::test]
async fn a_refusal_arrives_also_where_the_request_comes_late() {
    let far = provider().await;
    let bench = Bench::new(&far.url);
    for _ in 0..20 {
        let mut stream = UnixStream::connect(bench.gateway_dir().join(GATEWAY_SOCKET)).await.unwrap();
        stream.write_all(b"POST /no HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n").await.unwrap();
        tokio::task::yield_now().await;
        // As one that passes it on does: it writes all, and only then looks.
        stream.write_all(&vec![b'x'; 200_000]).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    }
}

#[tokio::test]
async fn without_a_key_or_a_provider_nothing_is_sent_and_no_place_is_told() {
    let mut far = provider().await;
    let bench = Bench::new(&far.url);
    std::fs::set_permissions(&bench.key, Permissions::from_mode(0o644)).unwrap();
    let error = bench.gateway.check(ModelApi::Anthropic).unwrap_err().to_string();
    assert!(error.contains("chmod 600") && !error.contains("canary"), "{error}");
    let answer = bench.answer(MESSAGES, END).await;
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("authentication_error"), "{answer}");
    assert!(!answer.contains(bench.key.to_str().unwrap()) && far.asked.try_recv().is_err(), "{answer}");
    assert!(bench.gateway.check(ModelApi::Gemini).unwrap_err().to_string().contains("add [models.gemini]"));
    // Nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let bench = Bench::new(&format!("http://{closed}"));
    let answer = bench.answer(MESSAGES, END).await;
    assert!(answer.starts_with("HTTP/1.1 502") && answer.contains("cannot be reached"), "{answer}");
}

#[tokio::test]
async fn a_socket_is_made_again_under_the_same_name_and_goes_with_its_run() {
    let far = provider().await;
    let bench = Bench::new(&far.url);
    let socket = bench.gateway_dir().join(GATEWAY_SOCKET);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&bench.gateway_dir()), mode(&socket)), (0o755, 0o666));
    bench.open();
    assert!(bench.answer("HEAD / HTTP/1.1", "").await.starts_with("HTTP/1.1 200"));
    bench.gateway.close(RunId(1));
    assert!(!socket.exists());
    // As an engine that died leaves it.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    bench.open();
    assert!(bench.answer("HEAD / HTTP/1.1", "").await.starts_with("HTTP/1.1 200"));
}
