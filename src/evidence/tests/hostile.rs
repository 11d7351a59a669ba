//! No input makes a reader panic, hang or grow without bound.

use super::{compiler, frontend, golden, logs, runners};
use crate::domain::TestStatus::{Failed, Passed, Skipped};
use crate::evidence::{Format, debug, detect, parse};
use proptest::prelude::*;

/// All recordings of all tools.
fn recordings() -> Vec<(&'static str, Format, &'static [u8])> {
    let mut all = golden::all();
    all.extend(compiler::all().into_iter().map(|(name, bytes)| (name, Format::Compiler, bytes)));
    all.extend(logs::all().into_iter().map(|(name, bytes)| (name, Format::ServiceLog, bytes)));
    all.extend(runners::all().into_iter().map(|(name, format, bytes, _)| (name, format, bytes)));
    all.push(("shop.jsonl", Format::Frontend, frontend::SHOP));
    all
}

fn read_all(bytes: &[u8]) {
    detect(bytes);
    for format in Format::ALL {
        let report = parse(format, bytes);
        assert!(report.findings.len() <= 200);
        assert!(report.findings.iter().all(|f| f.message.len() <= 4096 && f.stack.len() <= 50));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn damaged_recordings_are_read(which in 0..recordings().len(), cut in 0.0_f64..1.0, at in 0.0_f64..1.0, new in any::<[u8; 3]>()) {
        let (_, format, bytes) = recordings().swap_remove(which);
        let mut bytes = bytes.to_vec();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let index = |share: f64, len: usize| (share * len as f64) as usize;
        bytes.truncate(index(cut, bytes.len()));
        let at = index(at, bytes.len());
        for (offset, byte) in new.into_iter().enumerate() {
            if let Some(slot) = bytes.get_mut(at + offset) {
                *slot = byte;
            }
        }
        parse(format, &bytes);
        debug(None, &bytes);
        debug(Some(Format::ExitCode), &bytes);
    }
}

#[test]
fn a_report_that_breaks_off_keeps_its_first_part() {
    let (_, _, bytes) = golden::all().swap_remove(0);
    let report = parse(Format::Junit, &bytes[..bytes.len() * 2 / 3]);
    assert!(report.cases.len() >= 4, "{:?}", report.cases);
    assert!(report.oddities.iter().any(|o| o.contains("breaks off")), "{:?}", report.oddities);
}

#[test]
fn bombs_and_towers_are_refused() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><testsuite><testcase name=\"&b;\"/></testsuite>";
    let tower = format!("{}{}", "<testsuite>".repeat(50_000), "</testsuite>".repeat(50_000));
    for text in [bomb, tower.as_str()] {
        let report = parse(Format::Junit, text.as_bytes());
        assert!(report.cases.is_empty() && report.oddities.len() == 1, "{:?}", report.oddities);
    }
    parse(Format::Junit, "<a ".repeat(100_000).as_bytes());
    parse(Format::NodeTest, format!("TAP version 13\n{}ok 1 - x\n", " ".repeat(100_000)).as_bytes());
}

#[test]
fn odd_junit_reports_are_understood() {
    let text = "<?xml version='1.0'?><testsuite name='s' tests='2'><testcase name='a'/><testcase name='a'><failure/></testcase></testsuite>\n\
        <?xml version='1.0'?><testsuites><testsuite><testcase classname='c' name='b'><skipped/></testcase>\
        <testcase class='d' name='e'><system-out><![CDATA[<testcase name=\"fake\"/>]]></system-out></testcase></testsuite></testsuites>";
    let report = parse(Format::Junit, text.as_bytes());
    let ids: Vec<_> = report.cases.iter().map(|c| (c.id.as_str(), c.status)).collect();
    assert_eq!(ids, [("s::a", Passed), ("s::a#2", Failed), ("c::b", Skipped), ("d::e", Passed)]);
    assert!(report.oddities.iter().any(|o| o.contains("different outcomes")), "{:?}", report.oddities);
    let lying = "<testsuite tests='5' failures='3'><testcase name='a'/></testsuite>";
    assert!(parse(Format::Junit, lying.as_bytes()).oddities.iter().any(|o| o.starts_with(crate::evidence::DISAGREES)));
}

#[test]
fn findings_are_bounded_and_the_rest_is_counted() {
    let cases: String = (0..500).map(|n| format!("<testcase name='t{n}'><failure message='m'/></testcase>")).collect();
    let report = parse(Format::Junit, format!("<testsuite>{cases}</testsuite>").as_bytes());
    assert_eq!((report.findings.len(), report.cases.len()), (200, 500));
    assert!(report.oddities.contains(&"300 more findings are not listed".to_owned()));
}

/// Prints how fast each reader goes over a large input made of its recording.
#[test]
#[ignore = "a measurement, not a check: run it alone and in release mode"]
#[allow(clippy::print_stdout, clippy::cast_precision_loss)]
fn throughput() {
    let quiet: String =
        (0..200).map(|n| format!("2026-11-29 10:00:00,{n:03} INFO [app] request {n} was answered\n")).collect();
    let long = [quiet.as_bytes(), logs::all()[1].1].concat();
    let mut all = recordings();
    all.push(("a long log", Format::ServiceLog, &long));
    for (name, format, bytes) in all {
        let times = if format == Format::Junit { 1 } else { (8 << 20) / bytes.len() };
        let input = bytes.repeat(times);
        let start = std::time::Instant::now();
        let mut rounds = 0_u32;
        while start.elapsed().as_millis() < 300 {
            std::hint::black_box(parse(format, &input));
            rounds += 1;
        }
        let speed = f64::from(rounds) * input.len() as f64 / start.elapsed().as_secs_f64() / 1e6;
        println!("{name}: {speed:.1} MB/s");
    }
}

#[test]
fn made_up_names_do_not_cost_the_square_of_their_number() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for n in 0..5_000 {
        writeln!(text, "a.py::t#{n} FAILED\na.py::t{n} FAILED\nFooError").unwrap();
    }
    let mut junit = String::from("<testsuite>");
    for n in 0..5_000 {
        write!(junit, "<testcase name='a#{n}'/><testcase name='a'/>").unwrap();
    }
    junit.push_str("</testsuite>");
    let go: String =
        (0..5_000).map(|n| format!("{{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"T/{n}/x\"}}\n")).collect();
    let start = std::time::Instant::now();
    assert_eq!(parse(Format::Pytest, text.as_bytes()).findings.len(), 200);
    parse(Format::ExitCode, text.as_bytes());
    assert_eq!(parse(Format::Junit, junit.as_bytes()).cases.len(), 10_000);
    parse(Format::GoTestJson, go.as_bytes());
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

/// Asks no more of a reader than that its time grows with the input and not with its square.
#[test]
fn crafted_inputs_cost_no_square() {
    let attributes: String = (0..20_000).map(|n| format!(" a{n}=''")).collect();
    let names: String = (0..60).map(|n| format!(" xmlns:a{n} = 'u'")).collect();
    let list = "failures:\n    zz\n\ntest result: FAILED. 19999 passed; 1 failed; 0 ignored\n";
    let tests: String = (0..20_000).map(|n| format!("test t{n} ... ok\n")).collect();
    let inputs = [
        (Format::Junit, format!("<testsuite{attributes}/>")),
        (Format::Junit, format!("<testsuite>{}</testsuite>", format!("<testsuite{names}>").repeat(60))),
        (Format::Junit, "<?xml version='1.0'?><testsuite/>".repeat(20_000)),
        (Format::Junit, format!("<testsuite>{}", "&x".repeat(200_000))),
        (Format::NodeTest, format!("✔ x{}\n", " (".repeat(200_000))),
        (Format::NodeTest, format!("✖ x{} (1.5ms)\n", " (1ms) #".repeat(8_000)).repeat(20)),
        (Format::NodeTest, "ℹ tests 1\nℹ pass 1\nℹ duration_ms 1.5\n✖ failing tests:\n✖ a (1.5ms)\n".repeat(10_000)),
        (Format::NodeTest, "TAP version 13\n".repeat(100_000)),
        (Format::Pytest, format!("FAILED a.py::t[{}\n", " - ".repeat(100_000))),
        (Format::Pytest, "=== test session starts ===\n".repeat(50_000)),
        (Format::Pytest, "=== test session starts ===\n=== 1 passed in 1s ===\n1 passed in 1s\n".repeat(20_000)),
        (Format::CargoTest, format!("running 20000 tests\n{tests}{}", list.repeat(20_000))),
        (
            Format::CargoTest,
            "running 1 test\n".repeat(100_000) + &"test result: ok. 9 passed; 0 failed\n".repeat(50_000),
        ),
        (Format::CargoTest, "     Running tests/a.rs (target/debug/deps/a-abf)\n\nrunning 0 tests\n\n".repeat(50_000)),
        (Format::Vitest, format!("{}Error: x\n{}", " FAIL  a.js > b\n".repeat(50_000), "  at x\n".repeat(9_000))),
        (Format::Vitest, (0..50_000).map(|n| format!(" FAIL  a.js > b{n}\n")).collect::<String>() + &"x\n".repeat(30_000)),
        (Format::Jest, format!("FAIL a.js\n{}", (1..2_000).map(|n| format!("{}g\n  ✓ t\n", " ".repeat(n))).collect::<String>())),
        (Format::Nextest, format!(" Nextest run ID 1\n{}", "        FAIL [   0.1s] (1/1) a b\n    x\n".repeat(50_000))),
        (Format::JestJson, format!("{{\"numTotalTestSuites\":1,{}", "[".repeat(200_000))),
        (Format::Compiler, "a.c:1:2: error: x\n  y\n".repeat(100_000)),
        (Format::Compiler, format!("a.c:1:2: error: x\n{}", "a.c:1:2: note: y\nIn file included from a:\n".repeat(100_000))),
        (Format::Compiler, format!("a.c:1:2: {}", "error: ".repeat(100_000))),
        (Format::Compiler, "Traceback (most recent call last):\n  File \"a\", line 1, in f\n".repeat(50_000)),
        (Format::ServiceLog, "rid=".repeat(100_000)),
        (Format::ServiceLog, format!("ERROR {}\n", "rid=a1b2 ".repeat(10_000)).repeat(20)),
        (Format::ServiceLog, format!("ERROR x\n{}", "  at a.b(c.js:1:2)\n".repeat(100_000))),
        (Format::ServiceLog, "ERROR x\nTypeError: y\n    at a (b.js:1:2)\n\n".repeat(50_000)),
        (Format::ServiceLog, format!("{{\"level\":50,\"err\":{}", "[".repeat(200_000))),
        (Format::ServiceLog, "panic: x\n\ngoroutine 1 [running]:\nmain.f()\n".repeat(50_000)),
        (
            Format::Frontend,
            (0..2_000)
                .map(|n| {
                    let ids: String = (0..50).map(|id| format!("\"rid{id}\":\"x{id}-{n}\",")).collect();
                    format!("{{\"kind\":\"request\",\"at\":1,\"method\":\"GET\",\"url\":\"/a\",\"status\":500,\"error\":\"e{n}\",\"ids\":{{{ids}\"rid\":\"y\"}}}}\n{{\"kind\":\"log\",\"service\":\"a\",\"line\":\"ERROR GET /a {}\"}}\n", "z".repeat(n % 300))
                })
                .collect::<String>(),
        ),
        (Format::CargoTest, format!("running 1 test\ntest a ... x\n{}", "test b ...\n\n".repeat(50_000))),
    ];
    for (format, text) in inputs {
        let start = std::time::Instant::now();
        debug(Some(format), text.as_bytes());
        debug(None, text.as_bytes());
        let spent = start.elapsed();
        assert!(spent.as_secs() < 10, "{format} took {spent:?}: {}", &text[..text.floor_char_boundary(60)]);
    }
}
