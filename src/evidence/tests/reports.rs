//! `JUnit` reports as the tools of several languages write them.

use crate::domain::{Finding, TestStatus};
use crate::evidence::{Format, parse};

fn findings(report: &str) -> Vec<Finding> {
    parse(Format::Junit, format!("<testsuite>{report}</testsuite>").as_bytes()).findings
}

fn place(finding: &Finding) -> String {
    finding.location.as_ref().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn nextest_and_gtest() {
    let found = findings(
        "<testcase name='bad' classname='tiny'><failure message='thread &apos;bad&apos; panicked at src/lib.rs:5:9' type='test failure with exit code 101'>\
         thread 'bad' panicked at src/lib.rs:5:9:\nassertion `left == right` failed\n  left: 1</failure></testcase>\
         <testcase name='Sub' file='m.cc' line='7' classname='Math'><failure message='m.cc:8&#10;Expected' type=''><![CDATA[m.cc:8\nExpected]]></failure>\
         <failure message='m.cc:9&#10;second' type=''><![CDATA[m.cc:9\nsecond]]></failure></testcase>",
    );
    assert_eq!((found[0].kind.as_str(), place(&found[0]).as_str()), ("panic", "src/lib.rs:5:9"));
    assert!(found[0].message.starts_with("assertion `left == right` failed\n"), "{}", found[0].message);
    assert_eq!((found[1].message.as_str(), place(&found[1]).as_str()), ("Expected\nm.cc:9\nsecond", "m.cc:8"));
}

#[test]
fn gradle_phpunit_and_vitest() {
    let found = findings(
        "<testcase name='breaks()' classname='com.x.BarTest'><failure message='no' type='org.opentest4j.AssertionFailedError'>\
         org.opentest4j.AssertionFailedError: no\n\tat app//org.junit.jupiter.api.A.build(A.java:151)\n\tat app//com.x.BarTest.breaks(BarTest.java:9)\n\
         \tat java.base@17/java.lang.reflect.Method.invoke(Method.java:568)\n</failure></testcase>\
         <testcase name='testB' class='Tests\\FooTest' file='/work/tests/FooTest.php' line='14'><failure type='X\\Failed'>Tests\\FooTest::testB\n\
         Failed asserting.\n\n/work/src/Foo.php:7\n/work/tests/FooTest.php:16\n</failure></testcase>\
         <testcase name='g' classname='a.test.mjs'><failure message='no' type='AssertionError'>\nAssertionError: no\n \u{276f} f src/a.ts:3:4\n \u{276f} a.test.mjs:1:113\n</failure></testcase>",
    );
    assert_eq!(place(&found[0]), "BarTest.java:9");
    assert_eq!(found[0].stack[1].function.as_deref(), Some("com.x.BarTest.breaks"));
    assert_eq!(place(&found[1]), "/work/src/Foo.php:7");
    assert!(found[1].message.starts_with("Failed asserting."));
    assert_eq!((place(&found[2]), found[2].stack.len()), ("src/a.ts:3:4".into(), 2));
}

#[test]
fn failures_beside_skips_and_repeated_ids() {
    let text = "<testsuite><testcase name='a'><skipped/><failure message='real'/></testcase>\
                <testcase name='b'><skipped type='todo'/><failure message='planned'/></testcase>\
                <testcase name='c'><failure message='m'/></testcase><testcase name='c'><failure message='m'/></testcase></testsuite>";
    let report = parse(Format::Junit, text.as_bytes());
    let status: Vec<_> = report.cases.iter().map(|c| (c.id.as_str(), c.status)).collect();
    let failed = TestStatus::Failed;
    assert_eq!(status, [("a", failed), ("b", TestStatus::Skipped), ("c", failed), ("c#2", failed)]);
    assert_eq!(report.findings.iter().filter_map(|f| f.test.as_deref()).collect::<Vec<_>>(), ["a", "c", "c#2"]);
}

#[test]
fn documents_inside_and_behind_documents() {
    let text = "<?xml version='1.0'?><testsuite><testcase name='a'><system-out><![CDATA[<?xml version='1.0'?><soap/>]]></system-out></testcase>\
                <!-- <?xml ?> --><testcase name='b'><failure message='no'/></testcase></testsuite>\n<?xml version='1.0'?><testsuite><testcase name='c'/></testsuite>";
    let report = parse(Format::Junit, text.as_bytes());
    assert_eq!(report.cases.len(), 3, "{:?}", report.oddities);
    assert_eq!(report.oddities, Vec::<String>::new());
}

#[test]
fn characters_and_encodings_that_xml_does_not_know() {
    let found = findings("<testcase name='a'><failure message='esc &#x1b;[31mred &nbsp; &#0; a & b'/></testcase>");
    assert_eq!(found[0].message, "esc \u{fffd}[31mred &nbsp; \u{fffd} a & b");
    let wide: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(
            "<?xml version='1.0' encoding='UTF-16'?><testsuite><testcase name='ä'/></testsuite>"
                .encode_utf16()
                .flat_map(u16::to_le_bytes),
        )
        .collect();
    assert_eq!(parse(Format::Junit, &wide).cases[0].id, "ä");
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><testsuite><testcase name='\xe4'/></testsuite>";
    assert_eq!(parse(Format::Junit, latin).cases[0].id, "ä");
}

#[test]
fn files_of_one_name_in_several_directories() {
    let at = |path: &str| {
        let found =
            findings(&format!("<testcase name='t'><failure message='m'>at x ({path}:1:1)</failure></testcase>"));
        found[0].exact.clone()
    };
    assert_ne!(at("src/a/index.js"), at("src/b/index.js"));
    assert_eq!(at("/work/src/a/index.js"), at("src/a/index.js"));
    assert_eq!(at("./src/a/index.js"), at("src/a/index.js"));
    assert_eq!(at("/usr/lib/x/index.js"), at("/opt/y/index.js"));
}

#[test]
fn what_a_runner_ran_again_is_named() {
    let text = br#"<testsuite tests="3" failures="1"><testcase classname="c" name="a"><flakyFailure message="once"/></testcase>
        <testcase classname="c" name="b"/><testcase classname="c" name="d"><failure/><rerunFailure/></testcase></testsuite>"#;
    let report = parse(Format::Junit, text);
    assert_eq!(report.flaky.iter().collect::<Vec<_>>(), ["c::a"]);
    assert_eq!((report.count(TestStatus::Passed), report.count(TestStatus::Failed)), (2, 1));
    assert!(report.oddities[0].contains("`c::a` failed first and passed"), "{:?}", report.oddities);
}
