//! What tells one compiler's error from another where its first line says the same of both: the symbol that was not found, what
//! stands below the code, the words behind a bare code.

/// Lines below the first in which it is looked for.
const NEAR: usize = 40;

/// The telling part of a message below its first line. Empty where there is none.
pub fn detail(message: &str) -> &str {
    let mut lines = message.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default().trim();
    // GHC's `[GHC-88464]` says nothing by itself.
    if first.starts_with('[') && first.ends_with(']') {
        return lines.next().unwrap_or_default().trim();
    }
    let below = message.lines().skip(1).take(NEAR);
    below.clone().find_map(symbol).or_else(|| below.clone().find_map(label)).unwrap_or_default()
}

/// `  symbol:   method foo()` of javac.
fn symbol(line: &str) -> Option<&str> {
    let line = line.trim().trim_start_matches("[ERROR]").trim_start();
    line.strip_prefix("symbol:").map(str::trim)
}

/// The words behind the marks below rustc's line of code: `  |     ^^^^ expected i32, found &str`.
fn label(line: &str) -> Option<&str> {
    let (numbers, marks) = line.split_once('|')?;
    let at = marks.rfind('^')?;
    let (marked, words) = (marks.get(..at)?, marks.get(at + 1..)?.trim());
    let plain = marked.chars().all(|c| matches!(c, ' ' | '^' | '-' | '_' | '|'));
    (numbers.trim().is_empty() && plain && !words.is_empty() && !words.contains('~')).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::detail;

    #[test]
    fn what_the_first_line_leaves_open_is_found_below() {
        for (message, told) in [
            (
                "cannot find symbol\n        foo();\n        ^\n  symbol:   method foo()\n  location: class Shop",
                "method foo()",
            ),
            ("cannot find symbol\n[ERROR]   symbol:   class Bar\n[ERROR]   location: class Shop", "class Bar"),
            (
                "mismatched types\n --> src/a.rs:3:5\n  |\n3 |     \"a\"\n  |     ^^^ expected `i32`, found `&str`\n  |",
                "expected `i32`, found `&str`",
            ),
            ("[GHC-88464]\n    Variable not in scope: foo", "Variable not in scope: foo"),
            ("unused\n  3 | int a;\n    |     ^~~", ""),
            ("failed\n  > 3 | expect(a)\n      |   ^", ""),
            ("plain", ""),
            ("", ""),
        ] {
            assert_eq!(detail(message), told, "{message}");
        }
    }
}
