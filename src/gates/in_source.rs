//! Tests that live inside sources of JavaScript, as Vitest has them: `if (import.meta.vitest) { … }`, mostly at the end of a file.

use super::code::Language;
use super::remarks::same_program;

/// By this a source asks whether it is being tested.
const ASKS: &str = "import.meta.vitest";
/// How a test or a group of tests begins.
const BEGIN: [&str; 5] = ["it(", "test(", "describe(", "it.each", "test.each"];

/// Whether `now` edits tests that are inside `base`, two versions of one source. What stands before them is work on the code;
/// whole tests that are new among them are welcome.
pub fn edits_tests_in_source(path: &str, base: &[u8], now: &[u8]) -> bool {
    if Language::of(path) != Language::Script {
        return false;
    }
    let (base, now) = (String::from_utf8_lossy(base), String::from_utf8_lossy(now));
    let Some((_, before)) = base.split_once(ASKS) else { return false };
    let Some((_, after)) = now.split_once(ASKS) else { return true };
    !same_program(path, before.as_bytes(), after.as_bytes()) && !adds_tests(before, after)
}

/// Whether one text is the other with whole tests put in at one place.
fn adds_tests(before: &str, after: &str) -> bool {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let front = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let behind = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let behind = behind.min(old.len() - front);
    if front + behind < old.len() {
        return false;
    }
    let Some(added) = new.get(front..new.len().saturating_sub(behind)) else { return false };
    let mut said = added.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    // What could make a remark or a text of what follows is no test.
    let plain = added.iter().all(|line| !line.contains("/*") && !line.contains('`'));
    let begins = said.next().is_some_and(|line| BEGIN.iter().any(|begin| line.starts_with(begin)));
    plain && begins && said.next_back().is_none_or(|line| matches!(line, ")" | ");" | "})" | "});"))
}

#[cfg(test)]
mod tests {
    use super::edits_tests_in_source;

    #[test]
    fn tests_in_a_source_are_told_from_the_code_before_them() {
        let text = |code: &str, tests: &str| {
            format!(
                "export const add = (a, b) => {code};\nif (import.meta.vitest) {{\n  const {{ it, expect }} = import.meta.vitest;\n{tests}}}\n"
            )
        };
        let one = "  it('adds', () => {\n    expect(add(2, 3)).toBe(5);\n  });\n";
        let base = text("a - b", one);
        let edits = |now: &str| edits_tests_in_source("src/calc.ts", base.as_bytes(), now.as_bytes());
        let more = "  it('adds zero', () => {\n    expect(add(2, 0)).toBe(2);\n  });\n";
        for edited in
            [text("a + b", one), text("a + b", &format!("{one}{more}")), text("a + b", &format!("  // Adds.\n{one}"))]
        {
            assert!(!edits(&edited), "{edited}");
        }
        for edited in [
            text("a + b", &one.replace('5', "-1")),
            text("a + b", ""),
            text("a + b", &format!("  return;\n{one}")),
            text("a + b", &format!("  it('x', () => {{\n  }}); /*\n  );\n{one}")),
            "export const add = (a, b) => a + b;\n".to_owned(),
        ] {
            assert!(edits(&edited), "{edited}");
        }
        assert!(
            !edits_tests_in_source("src/calc.ts", b"a", b"b") && !edits_tests_in_source("a.md", base.as_bytes(), b"b")
        );
    }
}
