//! Tests that live inside source files, as Rust has them: whether an edit touched them.
//!
//! Paths do not tell such edits apart from work on the code itself, so the texts are compared: everything from the first
//! line that marks tests on. A block put in between counts as new tests, and not as an edit, when it brings a test of its
//! own, is closed in itself, and stands outside every function.

/// Lines that mark tests in a source file.
const MARKS: [&str; 3] = ["#[cfg(test)]", "#[test]", "#[tokio::test"];

/// Whether `now` edits tests that are inside `base`, two versions of one Rust source file.
pub fn edits_inline_tests(base: &str, now: &str) -> bool {
    let base = tests_of(base);
    if base.is_empty() {
        return false;
    }
    let now = tests_of(now);
    let same_head = base.iter().zip(&now).take_while(|(a, b)| a == b).count();
    let (base_rest, now_rest) = (&base[same_head..], &now[same_head..]);
    let same_tail = base_rest.iter().rev().zip(now_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    if same_tail < base_rest.len() {
        return true;
    }
    let added = &now_rest[..now_rest.len() - same_tail];
    !added.is_empty() && !is_new_test(&now[..same_head], added)
}

/// The lines that hold tests: from each mark to the end of the item that it stands before.
fn tests_of(text: &str) -> Vec<&str> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_remark(line)).peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if is_example(line) {
            found.push(line);
            continue;
        }
        if !MARKS.iter().any(|mark| line.starts_with(mark)) {
            continue;
        }
        found.push(line);
        let mut open = depth(&[line]);
        let mut opened = line.contains('{');
        while !(opened && open <= 0) {
            let Some(line) = lines.next() else { break };
            found.push(line);
            open += depth(&[line]);
            opened |= line.contains('{');
            if !opened && line.ends_with(';') {
                break;
            }
        }
    }
    found
}

/// Comments say nothing, but the examples in documents are tests.
fn is_remark(line: &str) -> bool {
    line.starts_with("//") && !is_example(line)
}

/// A line of a document that asserts something.
fn is_example(line: &str) -> bool {
    (line.starts_with("///") || line.starts_with("//!")) && line.contains("assert")
}

/// The names of the test functions in a Rust source file.
pub fn inline_test_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        marked |= MARKS[1..].iter().any(|mark| line.starts_with(mark));
        let name = line.split_once("fn ").map(|(_, rest)| rest.split(['(', '<', ' ']).next().unwrap_or_default());
        if let Some(name) = name.filter(|name| marked && !name.is_empty()) {
            names.push(name.to_owned());
            marked = false;
        }
    }
    names
}

/// A closed block with a test of its own, outside every function.
fn is_new_test(before: &[&str], added: &[&str]) -> bool {
    let marked = added.iter().any(|line| MARKS[1..].iter().any(|mark| line.starts_with(mark)));
    // At most the module around it is open there.
    marked && depth(added) == 0 && depth(before) <= 1
}

/// Open braces minus closed ones. Braces in strings are rare in this place and make the answer only stricter or laxer by
/// what they are.
fn depth(lines: &[&str]) -> i64 {
    lines.iter().flat_map(|line| line.chars()).fold(0, |depth, c| match c {
        '{' => depth + 1,
        '}' => depth - 1,
        _ => depth,
    })
}

#[cfg(test)]
mod tests {
    use super::edits_inline_tests;

    const BASE: &str = "fn add(a: i32, b: i32) -> i32 { a - b }\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    \
                        #[test]\n    fn adds() {\n        assert_eq!(add(2, 3), 5);\n    }\n}\n";

    #[test]
    fn work_on_the_code_is_no_edit_of_tests() {
        assert!(!edits_inline_tests(BASE, &BASE.replace("a - b", "a + b")));
        assert!(!edits_inline_tests("fn a() {}", "fn b() {}"));
    }

    #[test]
    fn a_changed_expectation_is_an_edit() {
        assert!(edits_inline_tests(BASE, &BASE.replace("5)", "-1)")));
        assert!(edits_inline_tests(BASE, &BASE.replace("assert_eq!(add(2, 3), 5);", "")));
        assert!(edits_inline_tests(BASE, "fn add() {}"));
    }

    #[test]
    fn an_early_return_is_an_edit() {
        assert!(edits_inline_tests(BASE, &BASE.replace("assert_eq!", "return;\n        assert_eq!")));
        assert!(edits_inline_tests(BASE, &BASE.replace("#[test]", "#[ignore]\n    #[test]")));
    }

    #[test]
    fn code_below_a_declared_test_module_is_no_test() {
        let base = "#[cfg(test)]\nmod tests;\n\nfn add() { a - b }\n";
        assert!(!edits_inline_tests(base, &base.replace("a - b", "a + b")));
    }

    #[test]
    fn an_example_in_a_document_is_a_test() {
        let base = "/// ```\n/// assert_eq!(add(2, 2), 4);\n/// ```\nfn add() { 5 }\n";
        assert!(edits_inline_tests(base, &base.replace("4);", "5);")));
        assert!(!edits_inline_tests(base, &base.replace("{ 5 }", "{ 4 }")));
    }

    #[test]
    fn names_of_tests_are_found() {
        assert_eq!(super::inline_test_names(BASE), ["adds"]);
    }

    #[test]
    fn a_function_cut_in_two_is_an_edit() {
        let cut = "return;\n    }\n\n    #[test]\n    fn b() {\n        assert_eq!";
        assert!(edits_inline_tests(BASE, &BASE.replace("assert_eq!", cut)));
    }

    #[test]
    fn a_new_test_is_no_edit() {
        let first = BASE.replace(
            "    #[test]\n",
            "    #[test]\n    fn zero() {\n        assert_eq!(add(0, 0), 0);\n    }\n\n    #[test]\n",
        );
        assert!(!edits_inline_tests(BASE, &first));
        let last = BASE.replace(
            "5);\n    }\n",
            "5);\n    }\n\n    #[test]\n    fn zero() {\n        assert_eq!(add(0, 0), 0);\n    }\n",
        );
        assert!(!edits_inline_tests(BASE, &last));
    }
}
