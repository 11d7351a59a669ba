//! What a test is known by: its name without what changes from run to run.

use super::made_up::is_worker;
use super::noise::clip;

/// Most bytes of a test's name.
const LONGEST_NAME: usize = 1024;

/// A test's name without what changes from run to run. Numbers stay, since `case 1` is not `case 2`.
pub fn test_name(name: &str) -> String {
    let mut name = clip(name, LONGEST_NAME).trim();
    // `[gw3] tests/test_a.py::test_b`, as parallel runs write it.
    while let Some((tag, rest)) = name.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        if !is_worker(tag) {
            break;
        }
        name = rest.trim_start();
    }
    let name = without_duration(name);
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_alphanumeric() {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            out.push_str(&steady(word));
            rest = after;
        } else {
            if !first.is_control() {
                out.push(first);
            }
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// A word of a test's name: ids and addresses in memory are replaced, anything else stays.
fn steady(word: &str) -> String {
    if word.len() < 5 {
        return word.to_owned();
    }
    let hex = word.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    let long = word.len() >= 12
        && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_alphabetic());
    if hex || long { "<id>".to_owned() } else { word.to_owned() }
}

/// Takes `(0.03s)` or `[12 ms]` off the end.
fn without_duration(name: &str) -> &str {
    let Some(inner) = name.strip_suffix([')', ']']) else { return name };
    let Some(open) = inner.rfind(['(', '[']) else { return name };
    let (front, inside) = inner.split_at(open);
    let inside = inside.get(1..).unwrap_or_default().replace(' ', "");
    let number = inside.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = inside.get(number.len()..).unwrap_or_default();
    let timed = matches!(unit, "s" | "ms" | "us" | "ns" | "sec" | "secs" | "seconds" | "m" | "min")
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if timed && front.ends_with(' ') { front.trim_end() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_test_keeps_its_numbers_and_loses_what_changes() {
        assert_eq!(test_name("[gw3] tests/a.py::test_1 (0.03s)"), "tests/a.py::test_1");
        assert_eq!(test_name("tests/a.py::test_1"), "tests/a.py::test_1");
        assert_ne!(test_name("case 1"), test_name("case 2"));
        assert_ne!(test_name("sum [1]"), test_name("sum [2]"));
        assert_eq!(test_name("t[<obj at 0x7f01>]"), test_name("t[<obj at 0x7f99>]"));
        let (a, b) = ("t[123e4567-e89b-12d3-a456-426614174000]", "t[00000000-e89b-12d3-a456-4266141740ff]");
        assert_eq!(test_name(a), test_name(b));
    }

    proptest! {
        #[test]
        fn any_name_is_read(name in any::<String>(), times in 1usize..40) {
            let _any = test_name(&name.repeat(times));
        }
    }
}
