//! The way out over a real socket of a run, with an outside that is played and counts every look-up and every dialling.

#![allow(clippy::unwrap_used, clippy::panic)]

mod cost;
mod refused;
mod tunnels;

use super::super::dispatch::Far;
use super::super::listen::Listening;
use super::super::ways::Ways;
use super::outside::Outside;
use super::*;
use crate::config::{EgressConfig, egress_rules};
use crate::domain::HostName;
use crate::shim::GATEWAY_SOCKET;
use crate::store::{Options, Store, seed_for_tests};
use futures_util::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};

/// An address of the public internet, which stands for the test's own server.
const PUBLIC: &str = "93.184.216.34";

/// Answers that a name has, one look-up after the other; the last one stays.
type Answers = HashMap<String, Vec<Vec<IpAddr>>>;

/// What is outside in these tests.
#[derive(Debug)]
struct Played {
    names: Mutex<Answers>,
    /// Names that were looked up.
    asked: Mutex<Vec<String>>,
    /// Addresses that were dialled.
    dialled: Mutex<Vec<SocketAddr>>,
    /// Where public addresses lead.
    server: SocketAddr,
}

impl Outside for Played {
    fn look_up<'a>(&'a self, host: &'a HostName) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.asked.lock().unwrap().push(host.to_string());
        let mut names = self.names.lock().unwrap();
        let found = match names.get_mut(host.as_str()) {
            Some(answers) if answers.len() > 1 => Ok(answers.remove(0)),
            Some(answers) => Ok(answers[0].clone()),
            None => Err(io::Error::other("no such name")),
        };
        Box::pin(async move { found })
    }

    fn dial(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        self.dialled.lock().unwrap().push(to);
        let real = if to.ip().to_string() == PUBLIC { self.server } else { to };
        Box::pin(TcpStream::connect(real))
    }
}

/// A run with a way out, and what is at its other end.
struct Bench {
    _listening: Listening,
    dir: TempDir,
    outside: Arc<Played>,
    books: Books,
    store: Store,
    run: RunId,
}

impl Bench {
    /// A way out by these words of a list, to a server; `mirror.example.com` is at the server's own address.
    async fn new(words: &[&str], server: SocketAddr, config: EgressConfig) -> Self {
        let store = Store::in_memory(&Options::default()).unwrap();
        let run = store.write(|tx| seed_for_tests(tx, "one")).await.unwrap().id;
        let (names, asked, dialled) = (Mutex::default(), Mutex::default(), Mutex::default());
        let outside = Arc::new(Played { names, asked, dialled, server });
        let words: BTreeSet<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mirror = HostName::parse("mirror.example.com").unwrap();
        let config = EgressConfig { private: BTreeMap::from([(mirror, server)]), ..config };
        let policy = Arc::new(Policy::new(egress_rules(&words), &config));
        let books = Books::new(store.clone());
        let out = WayOut::over(run, Arc::clone(&policy), books.clone(), Arc::clone(&outside) as Arc<dyn Outside>);
        let dir = tempfile::tempdir().unwrap();
        let ways = Ways { egress: Some(policy), ..Ways::default() };
        let listening =
            Listening::begin(&ways, Far { run, models: None, out: Some(out), tools: None }, dir.path()).unwrap();
        Self { _listening: listening, dir, outside, books, store, run }
    }

    fn name(&self, host: &str, answers: &[&[&str]]) {
        let parsed = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        self.outside.names.lock().unwrap().insert(host.to_owned(), answers.iter().map(parsed).collect());
    }

    async fn connect(&self) -> UnixStream {
        UnixStream::connect(self.dir.path().join(GATEWAY_SOCKET)).await.unwrap()
    }

    /// Sends a head, and gives the answer to its end.
    async fn ask(&self, head: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // One that is cut ends the same way.
        stream.read_to_end(&mut answer).await.ok();
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn get(&self, host: &str, path: &str) -> String {
        self.ask(&format!("GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await
    }

    async fn tunnel(&self, host: &str) -> String {
        self.ask(&format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await
    }

    fn dialled(&self) -> Vec<SocketAddr> {
        self.outside.dialled.lock().unwrap().clone()
    }

    /// What the store knows, when everything is stored.
    async fn seen(&self) -> Vec<EgressSeen> {
        self.books.spent(self.run).await.unwrap();
        let run = self.run;
        self.store.read(move |view| view.egress(run)).await.unwrap()
    }
}

/// A server of HTTP that answers `/to/X` with a redirect to `X`, and anything else with the request that it got.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut heard = Vec::new();
                while !heard.windows(4).any(|end| end == b"\r\n\r\n") {
                    if !matches!(stream.read_buf(&mut heard).await, Ok(1..)) {
                        return;
                    }
                }
                let heard = String::from_utf8_lossy(&heard).into_owned();
                let path = heard.split(' ').nth(1).unwrap_or_default();
                let answer = match path.strip_prefix("/to/") {
                    Some(to) => format!("HTTP/1.1 302 Found\r\nLocation: http://{to}/\r\nContent-Length: 0\r\n\r\n"),
                    None => {
                        format!("HTTP/1.1 200 OK\r\nKeep-Alive: 5\r\nContent-Length: {}\r\n\r\n{heard}", heard.len())
                    }
                };
                stream.write_all(answer.as_bytes()).await.ok();
            });
        }
    });
    at
}

#[tokio::test]
async fn what_is_on_the_list_is_fetched_and_recorded() {
    let bench = Bench::new(&["*.example.org", "mirror.example.com"], server().await, EgressConfig::default()).await;
    bench.name("deb.example.org", &[&[PUBLIC]]);
    let head = "GET http://deb.example.org/a?b=c HTTP/1.1\r\nHost: DEB.example.org:80\r\nProxy-Authorization: x\r\n\
                X-Kept: yes\r\nX-Hop: no\r\nConnection: close, x-hop\r\n\r\n";
    let answer = bench.ask(head).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && !answer.contains("keep-alive"), "{answer}");
    let asked = answer.split_once("\r\n\r\n").unwrap().1;
    assert!(asked.starts_with("GET /a?b=c HTTP/1.1\r\n") && asked.contains("host: deb.example.org\r\n"), "{asked}");
    assert!(asked.contains("x-kept: yes") && !asked.contains("x-hop") && !asked.contains("proxy-"), "{asked}");
    assert_eq!(bench.dialled(), [format!("{PUBLIC}:80").parse().unwrap()]);
    // One that the operator named is dialled where it is, without any look-up.
    let port = bench.outside.server.port();
    let answer = bench.get(&format!("mirror.example.com:{port}"), "/x").await;
    assert!(answer.contains(&format!("host: mirror.example.com:{port}\r\n")), "{answer}");
    assert_eq!(*bench.outside.asked.lock().unwrap(), ["deb.example.org"]);
    let answer = bench.get("evil.net", "/").await;
    assert!(answer.starts_with("HTTP/1.1 403 dogwatch: host not on the list\r\n"), "{answer}");
    let seen = bench.seen().await;
    let rows: Vec<_> = seen.iter().map(|row| (row.host.as_str(), row.port, row.allowed, row.rule.as_str())).collect();
    let expected = [
        ("deb.example.org", 80, true, "*.example.org"),
        ("mirror.example.com", port, true, "mirror.example.com"),
        ("evil.net", 80, false, "not on the list"),
    ];
    assert_eq!(rows, expected);
    assert!(seen.iter().all(|row| row.requests == 1));
    assert!(seen[0].up > 40 && seen[0].down > 100 && seen[2].up + seen[2].down == 0, "{seen:?}");
}

#[tokio::test]
async fn a_budget_ends_what_is_under_way_and_outlives_the_socket() {
    let config = EgressConfig { up_mib: 1, down_mib: 1, ..EgressConfig::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                stream.read_buf(&mut Vec::new()).await.ok();
                stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await.ok();
                // Without an end, if nobody stops it.
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            });
        }
    });
    let bench = Bench::new(&["*.example.org"], at, config).await;
    bench.name("big.example.org", &[&[PUBLIC]]);
    let answer = bench.get("big.example.org", "/").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.len() < (1 << 20) + 64 * 1024, "{}", answer.len());
    let answer = bench.get("big.example.org", "/").await;
    assert!(answer.starts_with("HTTP/1.1 403 dogwatch: budget spent"), "{answer}");
    let spent = bench.books.spent(bench.run).await.unwrap();
    assert!(spent.down <= 1 << 20 && spent.down > (1 << 20) - 64 * 1024, "{spent:?}");
    // Another socket of the run, as the next step has it, knows what the store knows.
    let policy = Arc::new(Policy::new(Vec::new(), &EgressConfig { down_mib: 1, ..EgressConfig::default() }));
    let out = WayOut::new(bench.run, policy, bench.books.clone());
    assert!(!out.budget().await.unwrap().take(budget::Way::Down, 64 * 1024));
    let rows = bench.seen().await;
    let rows: Vec<_> = rows.iter().map(|row| (row.rule.as_str(), row.requests)).collect();
    assert_eq!(rows, [("*.example.org", 0), ("budget spent", 2)]);
}
