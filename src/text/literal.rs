//! Words from the source code, checked while compiling, with places for values.

use super::safe::SafeText;

/// The fixed words of a message. Only a constant can make one, since what it refuses must fail the build.
#[derive(Debug, Clone, Copy)]
pub struct Pattern(&'static str);

/// Letters outside ASCII which our own words may use: middle dot, dashes, quotes, ellipsis, arrows, boxes, symbols.
const fn allowed(scalar: u32) -> bool {
    matches!(scalar, 0x20..=0x7e | 0xb7 | 0x2010..=0x2027 | 0x2190..=0x25ff | 0x2600..=0x27bf)
}

impl Pattern {
    /// Checks the words and counts their places `{}` (`{{` and `}}` stand for braces). Called by [`safe!`](crate::safe)
    /// in a constant, so that a wrong count or an odd letter is an error of the build.
    ///
    /// # Panics
    /// While the program is built, where the words are not as they must be.
    pub const fn new(words: &'static str, places: usize) -> Self {
        let bytes = words.as_bytes();
        let mut at = 0;
        let mut found = 0;
        while at < bytes.len() {
            let (scalar, size) = decode(bytes, at);
            assert!(allowed(scalar), "safe! takes printable ASCII and a few symbols only");
            if scalar == b'{' as u32 {
                assert!(at + 1 < bytes.len(), "safe! takes a pair of braces as a place and a doubled one as a brace");
                match bytes[at + 1] {
                    b'{' => {}
                    b'}' => found += 1,
                    found_other => {
                        assert!(found_other == b'}', "safe! takes only empty braces: no names and no format specs");
                    }
                }
                at += 2;
            } else if scalar == b'}' as u32 {
                assert!(at + 1 < bytes.len() && bytes[at + 1] == b'}', "safe! takes a doubled closing brace for one");
                at += 2;
            } else {
                at += size;
            }
        }
        assert!(found == places, "safe! needs as many values as it has places");
        Self(words)
    }

    /// The words with the values in their places.
    pub fn fill(&self, values: &[SafeText]) -> SafeText {
        let mut text = String::with_capacity(self.0.len() + values.iter().map(|v| v.as_str().len()).sum::<usize>());
        let mut values = values.iter();
        let mut letters = self.0.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '{' | '}' => {
                    let next = letters.next();
                    if letter == '{' && next == Some('}') {
                        text.push_str(values.next().map_or("", SafeText::as_str));
                    } else {
                        text.push(letter);
                    }
                }
                _ => text.push(letter),
            }
        }
        SafeText::trusted(text)
    }
}

/// The scalar that starts at `at` and its length in bytes; the words are a `str`, so they are valid UTF-8.
const fn decode(bytes: &[u8], at: usize) -> (u32, usize) {
    let first = bytes[at] as u32;
    if first < 0x80 {
        (first, 1)
    } else if first < 0xe0 {
        ((first & 0x1f) << 6 | bytes[at + 1] as u32 & 0x3f, 2)
    } else if first < 0xf0 {
        ((first & 0x0f) << 12 | (bytes[at + 1] as u32 & 0x3f) << 6 | bytes[at + 2] as u32 & 0x3f, 3)
    } else {
        // Nothing beyond the basic plane is allowed, so its value does not matter.
        (0x1_0000, 4)
    }
}

/// Builds a [`SafeText`](crate::text::SafeText) from words of the source code and values in their places:
/// `safe!("run {} is {}", run.id, run.task)`. Each value goes through [`ToSafe`](crate::text::ToSafe), so that a string
/// from outside is escaped exactly. Places are `{}` only; pad with `pad_left` and `pad_right`.
#[macro_export]
macro_rules! safe {
    (@one $value:expr) => { 1 };
    ($words:literal $(, $value:expr)* $(,)?) => {{
        const PATTERN: $crate::text::Pattern =
            $crate::text::Pattern::new($words, 0 $(+ $crate::safe!(@one $value))*);
        PATTERN.fill(&[$($crate::text::ToSafe::to_safe(&$value)),*])
    }};
}

#[cfg(test)]
mod tests {
    use crate::domain::RunId;

    #[test]
    fn words_and_values_are_joined_and_values_escaped() {
        assert_eq!(safe!("run {} is {}", RunId(7), "a\x1b[2Jb").as_str(), "run r7 is a\\e[2Jb");
        assert_eq!(safe!("{{}} {}·→", 5_u8).as_str(), "{} 5·→");
        assert_eq!(safe!("").as_str(), "");
    }
}
