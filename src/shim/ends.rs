//! Finds in a program's output the line by which it says that it has done what it was told and listens for more: a JSON object
//! whose `type` is a certain word.

use serde::Deserialize;
use std::borrow::Cow;

/// The most bytes of a line that are held. A longer one is told by its beginning.
const LONGEST: usize = 1024 * 1024;

/// What such a line must have.
#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
}

/// The line under way, and what the last whole one was.
#[derive(Debug)]
pub(crate) struct Ends {
    word: String,
    held: Vec<u8>,
    ended: bool,
}

impl Ends {
    /// Looks for lines of this type.
    pub fn new(word: &str) -> Self {
        Self { word: word.to_owned(), held: Vec::new(), ended: false }
    }

    /// Takes the next output; whether it ends in such a line, after which nothing has come.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST.saturating_sub(self.held.len());
            self.held.extend_from_slice(piece.get(..room).unwrap_or(piece));
            self.ended = false;
            if piece.ends_with(b"\n") {
                self.ended = self.is_end();
                self.held.clear();
            }
        }
        self.ended
    }

    fn is_end(&self) -> bool {
        let line = self.held.trim_ascii();
        let quoted = format!("\"{}\"", self.word);
        if line.len() >= LONGEST {
            return line.starts_with(format!("{{\"type\":{quoted}").as_bytes());
        }
        // Most lines do not have the word at all and need not be read.
        line.windows(quoted.len()).any(|part| part == quoted.as_bytes())
            && serde_json::from_slice::<Typed<'_>>(line).is_ok_and(|typed| typed.r#type == self.word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_line_of_that_type_is_an_end_and_only_as_the_last_one() {
        let ended = |text: &str| Ends::new("result").push(text.as_bytes());
        assert!(ended("{\"type\":\"result\",\"subtype\":\"success\"}\n"));
        assert!(ended("{\"type\":\"system\"}\n{\"subtype\": \"success\", \"type\": \"result\"}\r\n"));
        assert!(!ended("{\"type\":\"result\"}"), "it has no end");
        assert!(!ended("{\"type\":\"result\"}\n{\"type\":\"system\"}\n"));
        assert!(!ended("{\"type\":\"result\"}\n{"));
        assert!(!ended("{\"type\":\"assistant\",\"input\":{\"type\":\"result\"}}\n"));
        assert!(!ended("\"type\":\"result\"\n") && !ended("\n"));
        let long = format!("{{\"type\":\"result\",\"result\":\"{}\"}}\n", "x".repeat(2 * LONGEST));
        assert!(ended(&long));
        assert!(!ended(&long.replace("\"type\":\"result\"", "\"type\":\"user\"")));
    }

    proptest! {
        #[test]
        fn the_pieces_make_no_difference(
            lines in prop::collection::vec("(\\{\"type\":\"(result|user)\"\\}\n|[{\":a\n]{0,5})", 0..6),
            size in 1_usize..30,
        ) {
            let text = lines.concat();
            let mut ends = Ends::new("result");
            let mut last = false;
            for piece in text.as_bytes().chunks(size) {
                last = ends.push(piece);
            }
            prop_assert_eq!(last, Ends::new("result").push(text.as_bytes()));
        }
    }
}
