//! Recorded logs of real services in several languages (those of .NET and `words.txt` are written after documentation).

use super::compiler::{holds, shown};
use crate::evidence::{Format, Request, ServiceLog, Sighted, detect, parse};
use std::fmt::Write as _;

macro_rules! recordings {
    ($($name:literal),* $(,)?) => {
        [$(($name, &include_bytes!(concat!("../../../tests/evidence/logs/", $name))[..])),*]
    };
}

pub fn all() -> Vec<(&'static str, &'static [u8])> {
    recordings![
        "dotnet.txt",
        "flask.txt",
        "go.txt",
        "java.txt",
        "node.txt",
        "php-log.txt",
        "php.txt",
        "pino.jsonl",
        "ruby.txt",
        "rust.txt",
        "winston.jsonl",
        "words.txt",
    ]
    .to_vec()
}

fn sighted(bytes: &[u8], piece: usize) -> Vec<Sighted> {
    let mut log = ServiceLog::default();
    for piece in bytes.chunks(piece) {
        log.push(piece);
    }
    log.finish().0
}

#[test]
fn recordings_are_read_as_written_down() {
    for (name, bytes) in all() {
        holds("logs", name, &parse(Format::ServiceLog, bytes));
    }
}

#[test]
fn pieces_make_no_difference() {
    for (name, bytes) in all() {
        let whole = sighted(bytes, usize::MAX);
        for piece in [1, 7, 100, 4096] {
            assert_eq!(sighted(bytes, piece), whole, "{name} in pieces of {piece}");
        }
    }
}

#[test]
fn logs_are_recognised() {
    for (name, bytes) in all() {
        let expected = match name {
            "dotnet.txt" | "java.txt" | "php.txt" => Format::ExitCode,
            _ => Format::ServiceLog,
        };
        assert_eq!(detect(bytes), expected, "{name}");
    }
}

fn of(name: &str, kind: &str) -> Sighted {
    let (_, bytes) = all().into_iter().find(|(known, _)| *known == name).unwrap();
    sighted(bytes, usize::MAX).into_iter().find(|one| one.finding.kind == kind).unwrap()
}

#[test]
fn problems_know_their_requests() {
    let flask = of("flask.txt", "ZeroDivisionError");
    let request = Request { method: Some("GET".into()), path: "/api/items/0".into(), status: Some(500) };
    assert_eq!(flask.ties.len(), 2);
    assert!(flask.ties.iter().all(|ties| ties.request.as_ref() == Some(&request) && ties.when.is_some()), "{flask:?}");
    let pino = of("pino.jsonl", "TypeError");
    assert_eq!(pino.ties.iter().flat_map(|ties| ties.ids.clone()).collect::<Vec<_>>(), ["req-2", "req-3"]);
    assert_eq!(pino.ties[0].request.as_ref().unwrap().path, "/api/items/3");
    assert_eq!(of("winston.jsonl", "error").ties[0].ids, ["4bf92f3577b34da6a3ce929d0e0e4736"]);
    let nginx = &of("words.txt", "error").ties[0].request.clone().unwrap();
    assert_eq!((nginx.path.as_str(), nginx.status), ("/api/items", Some(502)));
    assert_eq!(of("words.txt", "HTTP 503").ties[0].request.as_ref().unwrap().path, "/api/orders");
}

#[test]
fn chains_tell_their_root_first_and_the_rest_below() {
    let java = of("java.txt", "java.lang.NumberFormatException").finding;
    assert!(
        java.message.contains("in the chain of: java.lang.IllegalStateException: cannot load abc"),
        "{}",
        java.message
    );
    assert_eq!(java.location.unwrap().to_string(), "Main.java:4");
    let python = of("flask.txt", "RuntimeError").finding;
    assert!(python.message.contains("in the chain of: KeyError: 'missing'"), "{}", python.message);
}

#[test]
fn a_long_log_is_bounded_and_what_is_left_out_is_counted() {
    let mut text = String::new();
    for n in 0..400 {
        let word: String =
            (0..60).map(|at| char::from(b'a' + u8::try_from((n * 7 + at * n / 3) % 26).unwrap())).collect();
        writeln!(text, "2026-11-29T10:00:00Z ERROR {word} w{n}x").unwrap();
    }
    let report = parse(Format::ServiceLog, text.as_bytes());
    let bytes: usize = report.findings.iter().map(|finding| finding.message.len()).sum();
    assert!(report.findings.len() <= 200 && bytes <= 16 << 10, "{} {bytes}", report.findings.len());
    let left_out = 400 - report.findings.len();
    assert!(report.oddities.contains(&format!("{left_out} more findings are not listed")), "{:?}", report.oddities);
}

#[test]
fn words_of_sentences_are_no_levels_and_quiet_lines_no_problems() {
    let quiet = "2026-11-29 10:00:00 INFO no error here\n  indented\nGET /ERROR HTTP/1.1 200\n{\"level\":30,\"msg\":\"error\"}\n{not json\n";
    assert_eq!(shown(&parse(Format::ServiceLog, quiet.as_bytes())), "");
}
