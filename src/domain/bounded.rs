//! Texts that outsiders had a hand in, short enough to be stored, sent and read: how long one is, how many a list has and how
//! long all are together is bounded. What is left out is counted.

/// Longest single text in bytes.
const LONGEST_TEXT: usize = 1500;
/// Bytes of a list.
const LONGEST_LIST: usize = 64 * 1024;
/// Texts in a list.
const MOST_TEXTS: usize = 1000;

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
