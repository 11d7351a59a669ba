//! What the way through the engine costs: per piece of a stream, in bytes a second, in memory. Upstream, client, shim's forward and
//! gateway share this process and its processors, so the figures are upper bounds.

use super::*;
use crate::shim::forward_for_tests as forward;
use crate::text::{Out, exact};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// Pieces of a stream whose latency is measured, and the pause between two.
const PIECES: usize = 1_500;
const PAUSE: Duration = Duration::from_millis(3);
/// What a stream carries whose throughput is measured.
const HEAVY: usize = 96 << 20;

fn tell(text: &str) {
    drop(Out::stderr().line(&exact::encode(text.as_bytes())));
}

/// Answers by the path's parameter: pieces with the time in them, as much as it can, or one piece and then silence.
async fn upstream(base: Instant) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                let mut heard = Vec::new();
                while !heard.ends_with(b"END\"}") {
                    let mut piece = [0; 4096];
                    let count = stream.read(&mut piece).await.unwrap();
                    heard.extend_from_slice(&piece[..count]);
                }
                stream.write_all(STREAM.as_bytes()).await.unwrap();
                let asked = String::from_utf8(heard).unwrap();
                if asked.contains("beta=slow") {
                    for _ in 0..PIECES {
                        tokio::time::sleep(PAUSE).await;
                        let text = format!("data: {:020} {}\n\n", base.elapsed().as_nanos(), "x".repeat(120));
                        let piece = format!("{:x}\r\n{text}\r\n", text.len());
                        stream.write_all(piece.as_bytes()).await.unwrap();
                    }
                } else if asked.contains("beta=heavy") {
                    let text = format!("data: {}\n\n", "some words of a model ".repeat(744));
                    let piece = format!("{:x}\r\n{text}\r\n", text.len());
                    for _ in 0..HEAVY / text.len() {
                        stream.write_all(piece.as_bytes()).await.unwrap();
                    }
                } else {
                    stream.write_all(b"9\r\ndata: 1\n\n\r\n").await.unwrap();
                    tokio::time::sleep(Duration::from_hours(1)).await;
                }
                stream.write_all(b"0\r\n\r\n").await.unwrap();
            });
        }
    });
    url
}

async fn ask(at: &str, what: &str) -> TcpStream {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let length = END.len();
    let head =
        format!("POST /v1/messages?beta={what} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n{END}");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// How long each piece took from its writing to its reading, in microseconds, shortest first.
async fn latencies(at: &str, base: Instant) -> Vec<u128> {
    let (mut stream, mut text, mut took) = (ask(at, "slow").await, Vec::new(), Vec::new());
    while took.len() < PIECES {
        let mut piece = vec![0; 16384];
        let count = stream.read(&mut piece).await.unwrap();
        let now = base.elapsed().as_nanos();
        text.extend_from_slice(&piece[..count]);
        while let Some(found) = text.windows(6).position(|part| part == b"data: ") {
            let Some(stamp) = text.get(found + 6..found + 26) else { break };
            took.push((now - std::str::from_utf8(stamp).unwrap().parse::<u128>().unwrap()) / 1_000);
            text.drain(..found + 26);
        }
    }
    took.sort_unstable();
    took
}

/// Megabytes a second of so many streams at once.
async fn throughput(at: &str, streams: usize) -> f64 {
    let begun = Instant::now();
    let readers: Vec<_> = (0..streams)
        .map(|_| {
            let at = at.to_owned();
            tokio::spawn(async move {
                let (mut stream, mut all, mut piece) = (ask(&at, "heavy").await, 0, vec![0; 1 << 16]);
                let mut end = Vec::new();
                while !end.ends_with(b"0\r\n\r\n") {
                    let count = stream.read(&mut piece).await.unwrap();
                    assert!(count > 0, "it was cut after {all} bytes");
                    all += count;
                    end = piece[count.saturating_sub(5)..count].to_vec();
                }
                all
            })
        })
        .collect();
    let mut all = 0;
    for reader in readers {
        all += reader.await.unwrap();
    }
    f64::from(u32::try_from(all >> 10).unwrap()) / 1024.0 / begun.elapsed().as_secs_f64()
}

/// Resident memory of this process, in KiB.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn load() -> String {
    std::fs::read_to_string(Path::new("/proc/loadavg"))
        .unwrap()
        .split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "figures: cargo test --release --lib gateway::tests::figures -- --ignored --nocapture"]
async fn what_the_way_costs() {
    let base = Instant::now();
    let url = upstream(base).await;
    let bench = Bench::new(&url);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    forward(port, bench.gateway_dir().join(GATEWAY_SOCKET)).unwrap();
    let (direct, through) = (url.trim_start_matches("http://").to_owned(), format!("127.0.0.1:{port}"));
    tell(&format!("load at the beginning {}", load()));
    for round in 1..=2 {
        let (one, two) = (latencies(&direct, base).await, latencies(&through, base).await);
        let at = |all: &[u128], of: usize| all[all.len() * of / 1000];
        tell(&format!(
            "round {round}, {PIECES} pieces of 150 bytes, {PAUSE:?} apart, in microseconds: direct p50 {} p99 {}; through shim, \
             socket and gateway p50 {} p99 {}; added p50 {} p99 {}",
            at(&one, 500),
            at(&one, 990),
            at(&two, 500),
            at(&two, 990),
            at(&two, 500).saturating_sub(at(&one, 500)),
            at(&two, 990).saturating_sub(at(&one, 990)),
        ));
    }
    for streams in [1, 8] {
        let (one, two) = (throughput(&direct, streams).await, throughput(&through, streams).await);
        tell(&format!("{streams} streams of {} MiB: direct {one:.0} MiB/s, through {two:.0} MiB/s", HEAVY >> 20));
    }
    let before = resident();
    let mut streams = Vec::new();
    for _ in 0..50 {
        let mut stream = ask(&through, "quiet").await;
        let mut heard = Vec::new();
        while !heard.windows(7).any(|part| part == b"data: 1") {
            let mut piece = [0; 1024];
            let count = stream.read(&mut piece).await.unwrap();
            heard.extend_from_slice(&piece[..count]);
        }
        streams.push(stream);
    }
    let all = resident() - before;
    tell(&format!(
        "50 streams at once: {all} KiB more resident, {} KiB each, both ends and the shim's forward included",
        all / 50
    ));
    tell(&format!("load at the end {}", load()));
    drop(streams);
}
