//! Edits of tests beside the code are told from work on the code and from new tests.

use super::{declares_for_tests, declaring_files, edits_inline_tests, inline_test_names};

const BASE: &str = "fn add(a: i32, b: i32) -> i32 { a - b }\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    \
                    #[test]\n    fn adds() {\n        assert_eq!(add(2, 3), 5);\n    }\n}\n";
const ZERO: &str = "    #[test]\n    fn zero() {\n        assert_eq!(add(0, 0), 0);\n    }\n";

#[test]
fn work_on_the_code_is_no_edit_of_tests() {
    assert!(!edits_inline_tests(BASE, &BASE.replace("a - b", "a + b")));
    assert!(!edits_inline_tests("fn a() {}", "fn b() {}"));
    assert!(!edits_inline_tests(BASE, &BASE.replace("assert_eq!(", "// Adds.\n assert_eq!( ")));
}

#[test]
fn a_changed_expectation_is_an_edit() {
    for (old, new) in [
        ("5)", "-1)"),
        ("assert_eq!(add(2, 3), 5);", ""),
        ("assert_eq!", "return;\n        assert_eq!"),
        ("#[test]", "#[ignore]\n    #[test]"),
        ("#[cfg(test)]", "#[cfg(all(test, feature = \"slow\"))]"),
        ("use super::*;", "#![cfg(any())]\n    use super::*;"),
        ("use super::*;", "use super::*;\n    use crate::fake::add;"),
        ("use super::*;", "use crate::fake::*;"),
        ("use super::*;", "use super::*;\n    use crate::quiet as assert_eq;"),
        ("use super::*;", "use super::*;\n    macro_rules! assert_eq { ($($any:tt)*) => {} }"),
        ("use super::*;", "use super::*;\n    fn add(a: i32, b: i32) -> i32 { a + b }"),
        ("use super::*;", "use super::*;\n    impl PartialEq<Sum> for i32 { fn eq(&self, _: &Sum) -> bool { true } }"),
    ] {
        assert!(edits_inline_tests(BASE, &BASE.replace(old, new)), "{new}");
    }
    assert!(edits_inline_tests(BASE, "fn add() {}"));
}

#[test]
fn braces_in_literals_hide_nothing() {
    let base =
        BASE.replace("assert_eq!(add(2, 3), 5);", "let end = \"}}\";\n        assert_eq!(add(2, 3), 5, \"{end}\");");
    assert!(edits_inline_tests(&base, &base.replace("assert_eq!(add(2, 3), 5, \"{end}\");", "let _ = end;")));
    assert!(!edits_inline_tests(&base, &base.replace("a - b", "a + b")));
}

#[test]
fn code_below_a_declared_test_module_is_no_test() {
    let base = "#[cfg(test)]\nmod tests;\n\nfn add() { a - b }\n";
    assert!(!edits_inline_tests(base, &base.replace("a - b", "a + b")));
    assert!(edits_inline_tests(base, &base.replace("mod tests;", "mod tests {}")));
}

#[test]
fn a_module_pulled_into_another_file_is_an_edit() {
    let base = "mod calc;\nmod other;\n";
    assert!(edits_inline_tests(base, "mod calc { #[cfg(test)] mod tests { #[test] fn adds() {} } }\nmod other;\n"));
    assert!(!edits_inline_tests(base, "mod calc;\n"));
}

#[test]
fn an_example_in_a_document_is_a_test() {
    let base = "/// Adds.\n///\n/// ```\n/// let sum = add(2, 2)?;\n/// assert_eq!(sum, 4);\n/// ```\nfn add() { 5 }\n";
    let block = "/** Adds.\n\n```\nassert_eq!(add(2, 2), 4);\n```\n*/\nfn add() { 5 }\n";
    for (base, old, new) in [
        (base, "4);", "5);"),
        (base, "/// ```\n/// let", "/// ```no_run\n/// let"),
        (base, "/// ```\n/// let", "/// ```should_panic\n/// let"),
        (base, "/// ```\n/// let", "/// ```text\n/// let"),
        (base, "/// let", "/// # return;\n/// let"),
        (base, "let sum = add(2, 2)?;", "let sum = 4;"),
        (base, "///\n", "///\n/// ````text\n"),
        (base, "///\n", "///\n/// <!--\n"),
        (base, "///\n", "///\n/// <div>\n"),
        (base, "/// Adds", "#![doc(test(attr(cfg(any()))))]\n/// Adds"),
        (block, "4);", "5);"),
        (block, "```\nassert", "```ignore\nassert"),
    ] {
        assert!(base.contains(old) && edits_inline_tests(base, &base.replacen(old, new, 1)), "{new}");
    }
    let text = base.replace("/// ```\n/// let", "/// ```text\n/// let");
    for (base, old, new) in [
        (base, "{ 5 }", "{ 4 }"),
        (base, "/// Adds.", "/// Adds two\n/// numbers."),
        (base, "/// ```\nfn", "/// ```\n///\n/// ```\n/// assert_eq!(add(1, 1), 2);\n/// ```\nfn"),
        (base, "fn add", "/// ```text\n/// 4\n/// ```\nfn more() {}\nfn add"),
        (block, "Adds.", "Adds two numbers."),
        (&text, "4);", "5);"),
    ] {
        assert!(base.contains(old) && !edits_inline_tests(base, &base.replace(old, new)), "{new}");
    }
    let indented = format!("mod a {{\n{}}}\n", base.replace("/// ", "    /// ").replace("fn ", "    fn "));
    assert!(!edits_inline_tests(base, &indented), "{indented}");
}

#[test]
fn names_of_tests_are_found() {
    let more = "#[tokio::test(flavor = \"x\")]\nasync fn waits() {}\nmod a { #[rstest] fn b() {} fn c() {} }";
    assert_eq!(inline_test_names(&format!("{BASE}{more}")), ["adds", "waits", "b"]);
}

#[test]
fn a_function_cut_in_two_is_an_edit() {
    let cut = "return;\n    }\n\n    #[test]\n    fn b() {\n        assert_eq!";
    assert!(edits_inline_tests(BASE, &BASE.replace("assert_eq!", cut)));
}

#[test]
fn new_tests_are_no_edit() {
    let first = BASE.replace("    #[test]\n", &format!("{ZERO}\n    #[test]\n"));
    let last = BASE.replace("5);\n    }\n", &format!("5);\n    }}\n\n{ZERO}"));
    let both = first.replace("5);\n    }\n", &format!("5);\n    }}\n\n{}", ZERO.replace("zero", "naught")));
    let helped = BASE.replace(
        "    #[test]\n",
        &format!(
            "    const N: i32 = 0;\n    struct One;\n    impl One {{ fn n() -> i32 {{ N }} }}\n{ZERO}\n    #[test]\n"
        ),
    );
    for text in [first, last, both, helped, format!("{BASE}\n#[cfg(test)]\nmod more {{\n{ZERO}}}\n")] {
        assert!(!edits_inline_tests(BASE, &text), "{text}");
    }
    let base = BASE.replace("use super::*;", "use super::add;");
    let more = base.replace("use super::add;", "use super::{add, twice};\n    use std::fmt::Write;");
    assert!(!edits_inline_tests(&base, &more.replace("    #[test]\n", &format!("{ZERO}\n    #[test]\n"))));
}

#[test]
fn modules_for_tests_only_are_found_by_those_who_declare_them() {
    let files = declaring_files("src/a/b.rs");
    assert!(files.contains(&("src/a.rs".into(), "b".into())) && files.contains(&("src/lib.rs".into(), "a".into())));
    assert!(declaring_files("src/b/mod.rs").contains(&("src/lib.rs".into(), "b".into())));
    assert!(declares_for_tests("#[cfg(test)]\npub(crate) mod testutil;\nmod x;", "testutil"));
    assert!(declares_for_tests("#[cfg(any(test, feature = \"testing\"))]\nmod b;", "b"));
    assert!(!declares_for_tests("#[cfg(not(test))]\nmod b;\nmod c;\n#[cfg(test)]\nmod tests {}", "b"));
}
