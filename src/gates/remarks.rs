//! Whether two versions of a program differ in remarks and blanks only. What stands in a literal over several lines is no
//! remark, nor is one that a tool obeys or compares with an output. In doubt they differ.

use super::code::{Language, has_odd_ends, without_remark};
use super::rust;

/// Whether two versions of a program differ in remarks and blanks only. Files of which this is not certain differ.
pub fn same_program(path: &str, before: &[u8], now: &[u8]) -> bool {
    if before == now {
        return true;
    }
    // What is no text has no remarks.
    let (Ok(before), Ok(now)) = (std::str::from_utf8(before), std::str::from_utf8(now)) else { return false };
    let language = Language::of(path);
    let compared = [before, now].iter().any(|text| asserts_by_remarks(language, text) || has_odd_ends(language, text));
    match language {
        _ if compared || path.rsplit('.').next().is_some_and(|end| matches!(end, "vue" | "svelte")) => false,
        Language::Other => false,
        Language::Rust => rust::line(&rust::tokens(before)) == rust::line(&rust::tokens(now)),
        _ => shape(language, before).is_some_and(|shape| Some(shape) == self::shape(language, now)),
    }
}

/// Whether anything but remarks and blanks stands in a program. In doubt it does.
pub fn has_code(path: &str, text: &[u8]) -> bool {
    !same_program(path, b"", text)
}

/// Whether remarks say what is expected: the outputs of Go's examples, C within Go, the errors that a compiler is to find.
fn asserts_by_remarks(language: Language, text: &str) -> bool {
    match language {
        Language::Go => text.to_lowercase().contains("output:") || text.contains("import \"C\""),
        Language::Rust => text.contains("//~") || text.contains("//@"),
        _ => false,
    }
}

/// What goes on over the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    /// A text in three quotes of this sort.
    Triple(char),
    /// A text in back-quotes, with as many braces of code open in it.
    Template(usize),
    /// A remark with an end.
    Block,
    /// A line that goes on in the next one.
    Continued,
}

/// The lines that say something. Where a line begins says something in Python. None where it is not certain.
fn shape(language: Language, text: &str) -> Option<Vec<String>> {
    let mark = language.remark().unwrap_or("//");
    let mut found: Vec<String> = Vec::new();
    let mut open = Open::Nothing;
    for line in text.lines() {
        let markup = found.last().is_some_and(|line| line.ends_with('>') && !line.ends_with("=>"));
        if open == Open::Nothing && !(markup && language == Language::Script) {
            let code = without_remark(line, mark);
            let remark = line.get(code.len()..).unwrap_or_default();
            // What could end or begin a literal is none.
            if remark.contains(['`']) || remark.contains("\"\"\"") || remark.contains("'''") {
                return None;
            }
            if !code.trim_end().is_empty() {
                found.push(code.trim_end().to_owned());
            }
            open = after(language, code, open)?;
        } else {
            found.push(line.to_owned());
            open = after(language, line, open)?;
        }
    }
    Some(found)
}

/// What is open after a line. None where it is not certain.
fn after(language: Language, line: &str, open: Open) -> Option<Open> {
    let python = language == Language::Python;
    let mut open = if open == Open::Continued { Open::Nothing } else { open };
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match open {
            Open::Triple(quote) => {
                if first == '\\' {
                    length += rest.chars().nth(1).map_or(0, char::len_utf8);
                } else if starts_thrice(rest, quote) {
                    length = 3;
                    open = Open::Nothing;
                }
            }
            Open::Block => {
                if rest.starts_with("*/") {
                    length = 2;
                    open = Open::Nothing;
                }
            }
            Open::Template(depth) => match first {
                '\\' if language == Language::Script => length += rest.chars().nth(1).map_or(0, char::len_utf8),
                '`' if depth > 0 => return None,
                '`' => open = Open::Nothing,
                '$' if language == Language::Script && depth == 0 && rest.starts_with("${") => {
                    length = 2;
                    open = Open::Template(1);
                }
                '{' if depth > 0 => open = Open::Template(depth + 1),
                '}' if depth > 0 => open = Open::Template(depth - 1),
                _ => {}
            },
            Open::Nothing | Open::Continued => match first {
                '"' | '\'' if python && starts_thrice(rest, first) => {
                    length = 3;
                    open = Open::Triple(first);
                }
                '"' | '\'' => match short(rest, first) {
                    Some(end) => length = end,
                    None => return rest.ends_with('\\').then_some(Open::Continued),
                },
                '#' if python => return Some(open),
                '/' if !python && rest.starts_with("//") => return Some(open),
                '/' if !python && rest.starts_with("/*") => {
                    length = 2;
                    open = Open::Block;
                }
                // A pattern or a division.
                '/' if language == Language::Script => {
                    return (!rest.contains('`') && !rest.contains("/*")).then_some(open);
                }
                '`' if !python => open = Open::Template(0),
                '\\' if rest == "\\" => return Some(Open::Continued),
                _ => {}
            },
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Some(open)
}

fn starts_thrice(text: &str, quote: char) -> bool {
    text.chars().take(3).filter(|c| *c == quote).count() == 3
}

/// The length of the text at the front that ends in this line.
fn short(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{has_code, same_program};

    fn same(path: &str, before: &str, now: &str) -> bool {
        same_program(path, before.as_bytes(), now.as_bytes())
    }

    #[test]
    fn remarks_and_blanks_are_no_change() {
        for (path, before, now) in [
            ("a.py", "x = 1\n", "# Adds.\nx = 1\n\n"),
            ("a.py", "def f():\n    \"\"\"It's.\"\"\"\n    # One.\n", "def f():\n    \"\"\"It's.\"\"\"\n    # Two.\n"),
            ("a.rs", "fn f() { 1 }", "/// Says.\nfn f() {\n    1\n}\n"),
            ("a.js", "const a = `\n# x\n`;\n// One.\nf();\n", "const a = `\n# x\n`;\n// Two.\nf();\n"),
            ("a.ts", "const a = `${f({ b: 1 })}`;\n", "const a = `${f({ b: 1 })}`;\n// Two.\n"),
            ("a.ts", "it('is', () =>\n  // One.\n  x / 2);\n", "it('is', () =>\n  x / 2);\n"),
            ("a_test.go", "/* a */\nfunc f() { r := '`' }\n// One.\n", "/* a */\nfunc f() { r := '`' }\n"),
            ("a.py", "x = 1\r\n", "# Adds.\r\nx = 1\r\n"),
        ] {
            assert!(same(path, before, now), "{now}");
        }
        assert!(!same("a.py", "if x:\n  y\n", "if x:\ny\n"));
        assert!(!same("a.txt", "x", "x "));
    }

    #[test]
    fn a_program_of_remarks_has_no_code() {
        assert!(!has_code("__init__.py", b"") && !has_code("__init__.py", b"# Tests.\n\n"));
        assert!(has_code("__init__.py", b"# Tests.\rx = 1\n") && has_code("__init__.py", b"x = 1\n"));
    }

    #[test]
    fn what_looks_like_a_remark_and_is_none_is_a_change() {
        let cases = [
            ("a.py", "W = \"\"\"\n# Title\n\"\"\"\n", "Title", "Other"),
            ("a.py", "W = '''\n\n# Title\n'''\n", "\n\n", "\n"),
            ("a.py", "W = \"a\\\n# Title\"\n", "Title", "Other"),
            (
                "a.py",
                "def f():\n    \"\"\"\n    >>> f()\n    5\n    \"\"\"\n",
                "f()\n    5",
                "f()  # doctest: +SKIP\n    5",
            ),
            ("a_test.go", "func ExampleF() {\n\tf()\n\t// Output: 5\n}\n", "5", "-1"),
            ("a_test.go", "func ExampleF() {\n\tf()\n\t// unordered output: 5\n}\n", "5", "-1"),
            ("a_test.go", "/*\nint f() { return 5; }\n*/\nimport \"C\"\n", "5", "-1"),
            ("a_test.go", "var w = `\n// Code generated\n`\n", "Code", "No code"),
            ("a.test.ts", "e(f()).toMatchInlineSnapshot(`\n  // five\n`);\n", "five", "six"),
            ("a.test.ts", "const a = `${b ? `\n// five` : ''}`;\n", "five", "six"),
            ("a.test.tsx", "const a = <p>\n  // five\n</p>;\n", "five", "six"),
            ("a.test.ts", "// $ExpectType number\nf();\n", "number", "string"),
            ("a.js", "/*\n// */ f(5);\n", "5", "6"),
            ("tests/ui/a.rs", "f(); //~ ERROR five\n", "five", "six"),
            ("tests/test_a.py", "# Adds and zero.\n", "zero.", "zero.\runittest.TestCase.assertEqual = f"),
            ("tests/test_a.py", "x = 1\rf(5)\n", "\r", " # a\r"),
            ("a.test.js", "// Adds.\n", "Adds.", "Adds.\rf(5);"),
            ("a.test.js", "// Adds.\n", "Adds.", "Adds.\u{2028}f(5);"),
            ("a.test.ts", "// Adds.\n", "Adds.", "Adds.\u{2029}f(5);"),
        ];
        for (path, before, old, new) in cases {
            let now = before.replace(old, new);
            assert!(before != now && !same(path, before, &now), "{path}: {now}");
        }
        assert!(!same_program("golden.bin", b"\xff\x01", b"\xfe\x01"));
        assert!(!same_program("a_test.py", b"#\xff\n", b"#\xfe\n"));
    }
}
