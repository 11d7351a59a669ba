//! Letters beyond plain ASCII in what is proposed, told in words: a picture of a letter proves nothing about which it is.

use crate::approval::show::Part;
use crate::domain::{Program, Proposed};
use crate::safe;
use crate::text::{SafeText, exact};
use std::collections::BTreeMap;
use unicode_security::skeleton;

/// Most letters that are told one by one.
const MOST: usize = 40;

/// What is told of them; none where there are none.
pub(super) fn part(proposed: &Proposed) -> Option<Part> {
    let (mut letters, mut raw) = (BTreeMap::<char, usize>::new(), 0);
    for text in texts(proposed) {
        for chunk in text.utf8_chunks() {
            raw += chunk.invalid().len();
            for letter in chunk.valid().chars().filter(|letter| !matches!(letter, ' '..='~' | '\n')) {
                *letters.entry(letter).or_default() += 1;
            }
        }
    }
    if letters.is_empty() && raw == 0 {
        return None;
    }
    let mut lines: Vec<SafeText> = letters.iter().take(MOST).map(|(letter, count)| told(*letter, *count)).collect();
    if letters.len() > MOST {
        lines.push(safe!("and {} other ones", letters.len() - MOST));
    }
    if raw > 0 {
        lines.push(safe!("{} bytes that are no letters at all", raw));
    }
    Some(Part { title: safe!("LETTERS THAT ARE NOT PLAIN: look twice"), lines })
}

fn told(letter: char, count: usize) -> SafeText {
    let text = letter.to_string();
    let shown = exact::encode(text.as_bytes());
    let number = format!("U+{:04X}", u32::from(letter));
    let alike: String = skeleton(&text).collect();
    let words = if letter.is_control() {
        safe!("{}, {} times, shown as {}", number, count, shown)
    } else if alike != text && !alike.is_empty() && alike.is_ascii() {
        safe!("{}, {} times, shown as {}: it can pass for {}", number, count, shown, alike)
    } else {
        safe!("{}, {} times, shown as {}: it is no plain letter", number, count, shown)
    };
    safe!("- {}", words)
}

/// Every text that somebody else wrote.
fn texts(proposed: &Proposed) -> Vec<&[u8]> {
    let command = &proposed.command;
    let mut texts: Vec<&[u8]> = match &command.program {
        Program::Argv { words } => words.iter().map(Vec::as_slice).collect(),
        Program::Script { bytes } => vec![bytes],
    };
    texts.extend(command.stdin.as_deref());
    texts.extend(command.env.iter().flat_map(|(name, value)| [name.as_bytes(), value]));
    texts.push(command.cwd.as_bytes());
    texts.extend(command.user.as_ref().map(String::as_bytes));
    texts.extend([&proposed.claims.why, &proposed.claims.expect, &proposed.claims.undo].map(String::as_bytes));
    texts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::approval::policy::Policy;
    use crate::approval::tests::fixtures::{command, proposed};

    fn of(words: &[&str]) -> Option<Vec<String>> {
        let mut one = proposed(false, &Policy::default());
        one.command = command(words);
        part(&one).map(|part| part.lines.iter().map(SafeText::plain).collect())
    }

    #[test]
    fn letters_that_are_not_plain_are_told_by_number_and_by_what_they_pass_for() {
        assert_eq!(of(&["ls", "-la"]), None);
        let lines = of(&["l\u{455}", "caf\u{e9}", "a\u{202e}b", "\u{7}", "\u{7}"]).unwrap();
        let wanted = [
            "- U+0007, 2 times, shown as \\u{7}",
            "- U+00E9, 1 times, shown as \u{e9}: it is no plain letter",
            "- U+0455, 1 times, shown as \\u{455}: it can pass for s",
            "- U+202E, 1 times, shown as \\u{202e}: it is no plain letter",
        ];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn raw_bytes_and_many_letters_are_counted() {
        let mut one = proposed(false, &Policy::default());
        one.command.stdin = Some(b"\xff\xfe".to_vec());
        one.claims.why = ('\u{4e00}'..'\u{4e40}').collect();
        let lines = part(&one).unwrap().lines;
        assert_eq!(lines.len(), MOST + 2);
        assert_eq!(lines[MOST].plain(), "and 24 other ones");
        assert_eq!(lines[MOST + 1].plain(), "2 bytes that are no letters at all");
    }
}
