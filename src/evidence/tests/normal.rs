//! What normalisation strips and what it keeps.

use crate::domain::Source;
use crate::evidence::{Problem, normalise};
use proptest::prelude::*;

#[test]
fn what_changes_goes_and_what_names_stays() {
    for (line, want) in [
        ("thread 'main' (16895) panicked at /build/x/src/f10.rs:13:26:", "thread 'main' (<n>) panicked at f10.rs:"),
        (
            "2026-11-22 18:39:00,123 ERROR db at 10.0.0.3:5432 refused after 1.5s",
            "<time> ERROR db at <ip> refused after <n>",
        ),
        ("Nov 22 18:39:00 app[123]: E0308 TS2345", "<time> app[<n>]: E0308 TS2345"),
        ("SQLSTATE[23505]: duplicate key 42", "SQLSTATE[<n>]: duplicate key <n>"),
        ("id 123e4567-e89b-12d3-a456-426614174000 at 0x7fd4ae8aaed0", "id <id> at <n>"),
        ("\x1b[31mred\x1b[0m   libtiny-b8411d1b6389d6df.rlib", "red libtiny-<n>.rlib"),
        ("GET http://127.0.0.1:8080/users/12 500", "GET http://<ip>/users/<n> <n>"),
        ("cannot open /tmp/tmpab12cd for x", "cannot open <tmp> for x"),
    ] {
        let want = want.replace("SQLSTATE[<n>]", "SQLSTATE[23505]");
        assert_eq!(normalise(line), want);
    }
}

fn exact(message: &str) -> String {
    Problem::new(Source::Test, "failed", message).finding().exact.0
}

#[test]
fn fingerprints_keep_apart_what_differs() {
    let all = [
        "E0308 in f10.rs",
        "E0308 in f11.rs",
        "E0309 in f10.rs",
        "SQLSTATE 23505",
        "SQLSTATE 23503",
        "name `a`",
        "name `b`",
    ];
    let names: std::collections::BTreeSet<_> = all.iter().map(|m| exact(m)).collect();
    assert_eq!(names.len(), all.len());
    let a = Problem::new(Source::Test, "E1", "same").finding();
    let b = Problem::new(Source::Build, "E1", "same").finding();
    let c = Problem { test: Some("t".into()), ..Problem::new(Source::Test, "E1", "same") }.finding();
    let d = Problem::new(Source::Test, "E1", "other").finding();
    assert!(a.exact != b.exact && a.exact != c.exact && a.exact != d.exact);
    assert!(a.class == b.class && a.class == c.class && a.class == d.class);
    assert_eq!(a.exact.0.len(), 32);
}

#[test]
fn what_changes_from_run_to_run_goes() {
    for (a, b) in [
        ("assert <object objec...x7fc834864de0> == 5", "assert <object objec...x7f00cc7a4de0> == 5"),
        ("sha256:aabbccddeeff00112233 x", "sha256:99887766554433221100 x"),
        ("Mon Jan  1 10:00:00 2024 x", "Tue Feb 20 11:10:00 2025 x"),
        ("Mon, 01 Jan 2024 10:00:00 GMT x", "Tue, 20 Feb 2025 11:00:00 GMT x"),
        ("20240101T100000Z x", "20250202T111111Z x"),
        ("com.x.Foo@1b2c3d bad", "com.x.Foo@5a6b7c bad"),
        ("com.sun.proxy.$Proxy12 x", "com.sun.proxy.$Proxy13 x"),
        ("A$$Lambda$14/0x0000000800c8 x", "A$$Lambda$15/0x0000000800d9 x"),
        ("tmpabcd1234 gone", "tmpzz_z99ab gone"),
        ("[::1]:8080 refused", "[::1]:9090 refused"),
        ("worker-17 died", "worker-3 died"),
        ("pool-1-thread-3 x", "pool-2-thread-11 x"),
        ("req_8fK2mQ9x gone", "req_1aB3cD4e gone"),
        ("address already in use :::43121", "address already in use :::50001"),
    ] {
        assert_eq!(normalise(a), normalise(b));
    }
}

#[test]
fn codes_stay_where_a_word_announces_them() {
    for (a, b) in [
        ("[Errno 2] No such", "[Errno 13] No such"),
        ("HTTP 404", "HTTP 500"),
        ("HTTP/1.1 404", "HTTP/1.1 500"),
        ("exit code 1", "exit code 137"),
        ("exit code: 1", "exit code: 137"),
        ("\"code\": 1", "\"code\": 2"),
        ("status=404", "status=500"),
        ("signal 9", "signal 11"),
        ("ERR 1045 (28000)", "ERR 1064 (42000)"),
        ("open /work/a/mod.rs", "open /work/b/mod.rs"),
        ("thread_1 is unknown", "thread_2 is unknown"),
        ("step-1 failed", "step-2 failed"),
        ("get_user2Id is unknown", "get_user3Id is unknown"),
    ] {
        assert_ne!(normalise(a), normalise(b));
    }
    assert_eq!(normalise("open /work/a/mod.rs"), "open a/mod.rs");
    assert_eq!(normalise("code 1700000000123"), normalise("code 1711111111111"));
}

fn stamp() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        (0_u32..9_999_999, 0_u32..99).prop_map(|(a, b)| (a.to_string(), b.to_string())),
        (0_u8..24, 0_u8..60)
            .prop_map(|(h, m)| (format!("2026-11-22T{h:02}:{m:02}:00.5Z"), "2025-01-02 03:04:05".into())),
        any::<(u128, u128)>().prop_map(|(a, b)| (format!("{a:032x}"), format!("{b:032x}"))),
        any::<(u8, u8)>().prop_map(|(a, b)| (format!("10.0.{a}.1:80{b}"), format!("192.168.{b}.{a}"))),
        (0_u32..5000, 0_u32..90).prop_map(|(a, b)| (format!("{a}ms"), format!("{b}.25s"))),
        (0_u32..500, 0_u32..500).prop_map(|(a, b)| (format!("/home/u{a}/x/f.rs:{a}:{b}"), format!("/srv/f.rs:{b}"))),
        any::<(u32, u32)>().prop_map(|(a, b)| (format!("0x{a:x}"), format!("0x{b:x}"))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn twice_is_once(line in "\\PC{0,80}") {
        let once = normalise(&line);
        prop_assert_eq!(normalise(&once), once);
    }

    #[test]
    fn twice_is_once_on_likely_words(line in "([0-9a-f:./ @$=,\\-]|ms|SQLSTATE|code|HTTP|<n>|::|/tmp/|/work/|tmpab12|http://|Nov |Mon,? |GMT|Proxy1|2024|10:00:00|T|\\[|\\]){0,24}") {
        let once = normalise(&line);
        prop_assert_eq!(normalise(&once), once);
    }

    #[test]
    fn what_changes_makes_no_difference((a, b) in stamp(), before in "[a-z]{1,8}", after in "[a-z]{1,8}") {
        prop_assert_eq!(normalise(&format!("{before} {a} {after}")), normalise(&format!("{before} {b} {after}")));
    }

    #[test]
    fn names_make_a_difference(a in "[A-Z]{1,3}[0-9]{2,4}", b in "[a-su-z][a-z]{2,7}[0-9]{1,2}\\.rs") {
        let line = format!("error {a} in src/{b}");
        prop_assert_eq!(normalise(&line), line);
    }
}
