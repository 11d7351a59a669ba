//! Texts that outsiders had a hand in, short enough to be stored, sent and read: how long one is, how many a list has and how
//! long all are together is bounded. What is left out is counted.

/// Longest single text in bytes.
const LONGEST_TEXT: usize = 1500;
/// Bytes of a list.
const LONGEST_LIST: usize = 64 * 1024;
/// Texts in a list.
const MOST_TEXTS: usize = 1000;
/// Most lines of a text that is decided on: a question has room for as many.
const MOST_LINES: usize = 800;
/// Most bytes of a line that a question shows whole.
const LONGEST_LINE: usize = 1200;

/// A list that takes as much as it may and counts the rest.
#[derive(Debug, Default)]
pub struct Bounded {
    list: Vec<String>,
    bytes: usize,
    more: usize,
}

impl Bounded {
    /// Adds a text, or counts it.
    pub fn push(&mut self, text: &str) {
        let text = shortened(text, LONGEST_TEXT);
        if self.list.len() >= MOST_TEXTS || self.bytes + text.len() > LONGEST_LIST {
            self.more += 1;
            return;
        }
        self.bytes += text.len();
        self.list.push(text);
    }

    /// Counts texts that were left out before.
    pub fn leave_out(&mut self, more: usize) {
        self.more += more;
    }

    /// The texts, and a last line that says how many more there were.
    pub fn finish(mut self) -> Vec<String> {
        if self.more > 0 {
            self.list.push(format!("and {} more", self.more));
        }
        self.list
    }
}

impl<T: AsRef<str>> FromIterator<T> for Bounded {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut bounded = Self::default();
        texts.into_iter().for_each(|text| bounded.push(text.as_ref()));
        bounded
    }
}

/// The facts of a question, bounded. The last one, which says what the answers do, is always kept.
pub fn bounded_facts(facts: &[String]) -> Vec<String> {
    let Some((last, rest)) = facts.split_last() else { return Vec::new() };
    let mut kept = rest.iter().collect::<Bounded>().finish();
    kept.push(shortened(last, LONGEST_TEXT));
    kept
}

/// A text cut to as much as a person is shown, so that nobody works by what nobody has read. `what` is what it is called.
pub fn bounded_text(text: &str, what: &str) -> String {
    let lines = text.lines().count();
    if lines <= MOST_LINES {
        return text.to_owned();
    }
    let kept: Vec<&str> = text.lines().take(MOST_LINES).collect();
    let more = lines - MOST_LINES;
    format!("{}\n[cut here: {more} more lines, {what} has room for {MOST_LINES}]\n", kept.join("\n"))
}

/// A text as the facts of a question: its lines, in pieces where they are longer than a fact may be.
pub fn text_facts(text: &str) -> Vec<String> {
    let mut facts = Vec::new();
    for mut line in text.lines() {
        while line.len() > LONGEST_LINE {
            let (piece, rest) = line.split_at(line.floor_char_boundary(LONGEST_LINE));
            facts.push(piece.to_owned());
            line = rest;
        }
        facts.push(line.to_owned());
    }
    facts
}

/// A text of at most about so many bytes, without its middle where it is longer.
pub fn shortened(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(most / 2);
    let tail = text.ceil_char_boundary(text.len() - most / 2);
    let parts = text.get(..head).zip(text.get(tail..));
    let (head_text, tail_text) = parts.unwrap_or_default();
    format!("{head_text}…({} bytes left out)…{tail_text}", tail - head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// 16 KiB is what is taken of a plan at most.
        #[test]
        fn whatever_is_worked_by_was_shown(text in proptest::collection::vec("\\PC{0,3}|ä{0,900}|\n{0,900}", 0..20)) {
            let text = text.concat();
            let text = text.get(..text.floor_char_boundary(16 * 1024)).unwrap_or_default();
            let plan = bounded_text(text, "a plan");
            let facts: Vec<String> = text_facts(&plan).into_iter().chain(["approve or deny".to_owned()]).collect();
            prop_assert_eq!(bounded_facts(&facts), facts.clone());
            let shown: String = facts[..facts.len() - 1].concat();
            prop_assert_eq!(shown, plan.lines().collect::<String>());
            prop_assert!(plan.lines().count() <= MOST_LINES + 1);
        }
    }

    #[test]
    fn a_text_of_too_many_lines_says_so() {
        let plan = bounded_text(&"x\n".repeat(900), "a plan");
        assert!(plan.ends_with("x\n[cut here: 100 more lines, a plan has room for 800]\n"), "{plan}");
        assert_eq!(bounded_text("1. read\n2. mend", "a plan"), "1. read\n2. mend");
    }

    #[test]
    fn the_middle_of_a_long_text_is_left_out_and_counted() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefgh", 4), "ab…(4 bytes left out)…gh");
        // Never in the middle of a character.
        assert_eq!(shortened("ääää", 3), "…(8 bytes left out)…");
        assert_eq!(shortened("ääää", 4), "ä…(4 bytes left out)…ä");
    }

    #[test]
    fn a_list_is_bounded_in_number_and_in_bytes() {
        let many = (0..2 * MOST_TEXTS).map(|n| n.to_string()).collect::<Bounded>().finish();
        assert_eq!((many.len(), many[MOST_TEXTS].as_str()), (MOST_TEXTS + 1, "and 1000 more"));
        let long = std::iter::repeat_n("x".repeat(30_000), 500).collect::<Bounded>().finish();
        let bytes: usize = long.iter().map(String::len).sum();
        assert!(bytes < LONGEST_LIST + 100 && long.len() > 40, "{bytes} bytes in {} texts", long.len());
        assert!(long[long.len() - 1].ends_with("more"));
    }

    #[test]
    fn what_the_answers_do_is_always_told() {
        let mut facts = vec!["x".repeat(30_000); 500];
        facts.push("approve counts it as done".to_owned());
        let kept = bounded_facts(&facts);
        assert_eq!(kept[kept.len() - 1], "approve counts it as done");
        assert!(kept.iter().map(String::len).sum::<usize>() < LONGEST_LIST + 200);
        assert_eq!(bounded_facts(&facts[500..]), facts[500..]);
    }
}
