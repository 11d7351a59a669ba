//! What a browser saw, and what becomes of it beside the services' logs.

use super::compiler::{holds, shown};
use crate::domain::{Finding, Severity, Source};
use crate::evidence::frontend::{Asked, Console, Frontend, Logged, Seen, Thrown};
use crate::evidence::{Format, correlate, detect, parse};
use proptest::prelude::*;

pub const SHOP: &[u8] = include_bytes!("../../../tests/evidence/frontend/shop.jsonl");

fn told(piece: usize) -> crate::evidence::frontend::Told {
    let mut frontend = Frontend::default();
    for piece in SHOP.chunks(piece) {
        frontend.push(piece);
    }
    frontend.finish()
}

#[test]
fn both_sides_of_a_request_are_one_finding() {
    let report = parse(Format::Frontend, SHOP);
    holds("frontend", "shop.jsonl", &report);
    let joined = &report.findings[0];
    assert_eq!((joined.source, joined.kind.as_str()), (Source::Backend, "ZeroDivisionError"));
    for line in [
        "the service: GET /api/items/0",
        "the browser: GET /api/items/0 was answered with 500",
        "the page: items could not be loaded: 500",
        "the page: at static/shop.js:13:15",
        &format!("screenshot: sha256:{}", "ab".repeat(32)),
    ] {
        assert!(joined.message.lines().any(|known| known == line), "{line} is not in {}", joined.message);
    }
    let alone = report.findings.iter().find(|finding| finding.kind == "TypeError").unwrap();
    assert_eq!(alone.location.as_ref().unwrap().to_string(), "static/cart.js:4:20");
    // The fingerprint is the one that the service's problem has without any browser.
    let backend = told(usize::MAX).backend;
    assert_eq!(joined.exact, backend.iter().find(|one| one.finding.kind == "ZeroDivisionError").unwrap().finding.exact);
}

#[test]
fn pieces_make_no_difference() {
    assert_eq!(detect(SHOP), Format::Frontend);
    for piece in [1, 9, 100] {
        assert_eq!(told(piece), told(usize::MAX));
    }
}

fn request(at: i64, path: &str, status: u16, id: Option<&str>) -> Seen {
    Seen::Request(Asked {
        at: Some(at),
        page: "http://app/".into(),
        method: "GET".into(),
        url: format!("http://app{path}"),
        status: Some(status),
        ids: id.map(|id| ("X-Request-ID".to_owned(), id.to_owned())).into_iter().collect(),
        ..Asked::default()
    })
}

fn log(line: &str) -> Seen {
    Seen::Log(Logged { service: "app".into(), line: line.into() })
}

const TEN: i64 = 1_795_946_400_000;

fn findings(all: &[Seen]) -> Vec<Finding> {
    let mut frontend = Frontend::default();
    for seen in all {
        frontend.see(seen);
    }
    let told = frontend.finish();
    correlate(told.backend, told.frontend)
}

#[test]
fn ids_join_whatever_the_clocks_say_and_other_ids_keep_apart() {
    let error = log("2026-11-29T03:00:00Z ERROR no disk request_id=req-71");
    assert_eq!(findings(&[error.clone(), request(TEN, "/api/a", 500, Some("req-71"))]).len(), 1);
    assert_eq!(findings(&[error, request(TEN, "/api/a", 500, Some("req-72"))]).len(), 2);
    let named = log("2026-11-29T10:00:00Z ERROR GET /api/a failed request_id=req-71");
    assert_eq!(findings(&[named, request(TEN, "/api/a", 500, Some("req-72"))]).len(), 2);
}

#[test]
fn the_same_address_joins_only_at_about_the_same_time() {
    let error = log("2026-11-29T10:00:00Z ERROR GET /api/a?x=1 failed");
    assert_eq!(findings(&[error.clone(), request(TEN + 900, "/api/a?x=2", 500, None)]).len(), 1);
    assert_eq!(findings(&[error.clone(), request(TEN + 60_000, "/api/a", 500, None)]).len(), 2);
    assert_eq!(findings(&[error, request(TEN, "/api/b", 500, None)]).len(), 2);
    let clockless = log("ERROR: GET /api/a failed");
    assert_eq!(findings(&[clockless, request(TEN, "/api/a", 500, None)]).len(), 1);
}

#[test]
fn an_error_without_a_request_joins_the_only_failed_one() {
    let error = log("2026-11-29T10:00:00Z ERROR no disk");
    assert_eq!(findings(&[error.clone(), request(TEN, "/api/a", 500, None)]).len(), 1);
    assert_eq!(findings(&[error.clone(), request(TEN, "/api/a", 404, None)]).len(), 2);
    let other = log("2026-11-29T10:00:01Z ERROR no memory");
    assert_eq!(findings(&[error, other, request(TEN, "/api/a", 500, None)]).len(), 3);
}

#[test]
fn exceptions_of_the_page_join_only_what_they_are_about() {
    let thrown = |at, text: &str| {
        Seen::Exception(Thrown { at: Some(at), page: "http://app/".into(), text: text.into(), ..Thrown::default() })
    };
    let failed = request(TEN, "/api/a", 500, None);
    assert_eq!(findings(&[failed.clone(), thrown(TEN + 5, "Error: HTTP 500")]).len(), 1);
    assert_eq!(findings(&[failed.clone(), thrown(TEN + 5, "Error: no answer from http://app/api/a")]).len(), 1);
    assert_eq!(findings(&[failed.clone(), thrown(TEN + 5, "TypeError: x is undefined")]).len(), 2);
    assert_eq!(findings(&[failed.clone(), thrown(TEN - 5, "Error: HTTP 500")]).len(), 2);
    let two = [failed, request(TEN, "/api/b", 500, None), thrown(TEN + 5, "Error: HTTP 500")];
    assert_eq!(findings(&two).len(), 3);
}

#[test]
fn repetitions_are_counted_and_the_rest_is_bounded() {
    let mut all = Vec::new();
    for n in 0..1_000_u16 {
        all.push(request(TEN, "/api/a", 404, None));
        let word: String =
            (0..80).map(|at| char::from(b'a' + u8::try_from((n * 7 + at * (n % 97)) % 26).unwrap())).collect();
        all.push(Seen::Console(Console { level: "error".into(), text: word, ..Console::default() }));
    }
    let text: String = all.iter().map(|seen| serde_json::to_string(seen).unwrap() + "\n").collect();
    let report = parse(Format::Frontend, text.as_bytes());
    let bytes: usize = report.findings.iter().map(|finding| finding.message.len()).sum();
    assert!(report.findings.len() <= 200 && bytes <= 16 << 10, "{} {bytes}", report.findings.len());
    assert_eq!(report.findings[0].count, 1000);
    assert!(report.oddities.iter().any(|odd| odd.contains("more findings are not listed")), "{:?}", report.oddities);
    assert!(report.findings.iter().all(|finding| finding.severity == Severity::Error));
}

#[test]
fn what_cannot_be_read_is_said() {
    let report = parse(Format::Frontend, b"{\"kind\":\"telepathy\"}\nnonsense\n");
    assert_eq!(
        shown(&report),
        "odd: 2 lines of the browser's account cannot be read\nodd: the browser's account is empty\n"
    );
    let newer = b"{\"kind\":\"console\",\"at\":1,\"level\":\"error\",\"text\":\"x\",\"colour\":7}\n";
    assert_eq!(parse(Format::Frontend, newer).findings.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_is_written_is_read_again(at in any::<i64>(), text in ".{0,60}", status in any::<u16>(), id in "[a-z0-9-]{0,40}") {
        for seen in [
            Seen::Console(Console { at: Some(at), level: "error".into(), text: text.clone(), ..Console::default() }),
            Seen::Request(Asked { at: Some(at), url: text.clone(), status: Some(status), ids: [("rid".to_owned(), id)].into(), ..Asked::default() }),
            log(&text),
        ] {
            let line = serde_json::to_string(&seen).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Seen>(&line).unwrap(), &seen);
            findings(&[seen]);
        }
    }
}
