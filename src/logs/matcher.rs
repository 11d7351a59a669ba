//! Whether a line is one that is sought. Lines are judged by what people see of them (the log form without its colours), so
//! that what is found is what is shown, whatever escape sequences lie between the letters.
//!
//! Plain words are found wherever they stand. Their case counts only where they have an upper-case letter, and so it is for
//! regular expressions. A line tells of an *error* where it has one of the words error, fatal, panic, fail, failed, failure,
//! traceback, exception, abort, aborted (some in the plural, too) or one that ends in `Error` or `Exception`; it *warns* with
//! warn, warning, deprecated or a word that ends in `Warning`. Counts of none (`0 failed`, `no errors`) do not make it so.

use super::Line;
use crate::domain::sought::{Grave, MAX_WORDS, Sought, Words};
use crate::text::log;
use regex::{Regex, RegexBuilder};
use std::ops::Range;
use std::sync::LazyLock;

/// Most that one expression takes once it is compiled, and the automaton that is made of it on the way.
const MAX_SIZE: usize = 1 << 20;
/// Most words in one search.
const MAX_TERMS: usize = 32;

/// Why nothing can be looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SoughtError {
    /// No regular expression.
    #[error("`{words}` is no regular expression that can be used here: {reason}")]
    Regex {
        /// What was asked.
        words: String,
        /// What is wrong.
        reason: String,
    },
    /// Too much.
    #[error("a search has at most {MAX_TERMS} words of {MAX_WORDS} bytes each: use fewer or shorter ones")]
    TooLong,
}

/// A search, ready for use.
#[derive(Debug, Clone)]
pub struct Matcher {
    wanted: Vec<Regex>,
    unwanted: Vec<Regex>,
    sought: Sought,
}

impl Matcher {
    /// Makes one.
    pub fn new(sought: &Sought) -> Result<Self, SoughtError> {
        if sought.words.len() > MAX_TERMS || sought.words.iter().any(|words| words.text.len() > MAX_WORDS) {
            return Err(SoughtError::TooLong);
        }
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        for words in sought.words.iter().filter(|words| !words.text.is_empty()) {
            if words.not { &mut unwanted } else { &mut wanted }.push(expression(words)?);
        }
        Ok(Self { wanted, unwanted, sought: sought.clone() })
    }

    /// Whether a line of a log fits.
    pub fn fits_line(&self, line: &Line) -> bool {
        self.comes_from(line.stream.code()) && self.has(&log::plain(&line.bytes))
    }

    /// Whether a line fits that comes from `stream` and looks like this.
    pub fn fits(&self, stream: u8, plain: &str) -> bool {
        self.comes_from(stream) && self.has(plain)
    }

    fn comes_from(&self, stream: u8) -> bool {
        (self.sought.from.is_empty() || self.sought.from.contains(&stream)) && !self.sought.not_from.contains(&stream)
    }

    fn has(&self, plain: &str) -> bool {
        self.wanted.iter().all(|one| one.is_match(plain))
            && !self.unwanted.iter().any(|one| one.is_match(plain))
            && self.sought.least.is_none_or(|least| gravity(plain).is_some_and(|grave| grave >= least))
    }

    /// Where in a text the words stand that were looked for, in order and apart. Empty finds are left out.
    pub fn places(&self, plain: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> =
            self.wanted.iter().flat_map(|one| one.find_iter(plain).map(|place| place.range())).collect();
        if self.sought.least.is_some() {
            found.extend(grave_words(plain).map(|(_, place)| place));
        }
        found.retain(|place| !place.is_empty());
        found.sort_by_key(|place| place.start);
        let mut apart: Vec<Range<usize>> = Vec::new();
        for place in found {
            match apart.last_mut() {
                Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
                _ => apart.push(place),
            }
        }
        apart
    }
}

/// Case counts where there is an upper-case letter; the letter of an escape such as `\S` is none.
fn expression(words: &Words) -> Result<Regex, SoughtError> {
    let mut letters = words.text.chars();
    let mut upper = false;
    while let Some(letter) = letters.next() {
        if letter == '\\' && words.regex {
            letters.next();
        }
        upper |= letter.is_uppercase();
    }
    let pattern = if words.regex { words.text.clone() } else { regex::escape(&words.text) };
    RegexBuilder::new(&pattern)
        .case_insensitive(!upper)
        .size_limit(MAX_SIZE)
        .dfa_size_limit(MAX_SIZE)
        .build()
        .map_err(|error| SoughtError::Regex { words: words.text.clone(), reason: last_line(&error.to_string()) })
}

/// The crate draws where in the expression the fault is; its last line says what it is.
fn last_line(words: &str) -> String {
    words.lines().last().unwrap_or(words).trim_start_matches("error: ").to_owned()
}

/// Words that make a line grave. What comes before tells whether they count nothing.
static GRAVE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let error = r"(?i:\b(?:errors?|fatal|panic|panicked|fail|failed|failures?|traceback|exceptions?|abort|aborted)\b)|\b\w+(?:Error|Exception)\b";
    let warning = r"(?i:\b(?:warn|warnings?|deprecated)\b)|\b\w+Warning\b";
    // The test below compiles it, so it is there.
    Regex::new(&format!(r"(?<none>\b(?i:0|no)\s+)?(?:(?<error>{error})|(?<warning>{warning}))")).ok()
});

fn grave_words(plain: &str) -> impl Iterator<Item = (Grave, Range<usize>)> {
    let found = GRAVE.as_ref().into_iter().flat_map(move |grave| grave.captures_iter(plain));
    found.filter(|found| found.name("none").is_none()).filter_map(|found| {
        let error = found.name("error").map(|place| (Grave::Error, place.range()));
        error.or_else(|| found.name("warning").map(|place| (Grave::Warning, place.range())))
    })
}

/// How grave a line is by its words.
pub fn gravity(plain: &str) -> Option<Grave> {
    grave_words(plain).map(|(grave, _)| grave).max()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn words(text: &str, regex: bool, not: bool) -> Sought {
        Sought { words: vec![Words { text: text.to_owned(), regex, not }], ..Sought::default() }
    }

    fn fits(sought: &Sought, plain: &str) -> bool {
        Matcher::new(sought).unwrap().fits(1, plain)
    }

    #[test]
    fn case_counts_where_there_is_an_upper_case_letter() {
        assert!(fits(&words("abc", false, false), "xABCx"));
        assert!(!fits(&words("Abc", false, false), "xABCx"));
        assert!(fits(&words(r"\Sbc", true, false), "xABCx"));
        assert!(fits(&words("a.c", false, false), "a.c") && !fits(&words("a.c", false, false), "abc"));
        assert!(fits(&words("a.c", true, false), "abc") && !fits(&words("a.c", true, true), "abc"));
    }

    #[test]
    fn what_is_no_expression_or_too_large_is_refused_in_words() {
        let refused = |text: &str| Matcher::new(&words(text, true, false)).unwrap_err().to_string();
        assert!(refused("a(").contains("unclosed group"), "{}", refused("a("));
        assert!(refused(r"(\w{200}){200}").contains("size limit"), "{}", refused(r"(\w{200}){200}"));
        assert_eq!(Matcher::new(&words(&"x".repeat(MAX_WORDS + 1), false, false)).unwrap_err(), SoughtError::TooLong);
    }

    #[test]
    fn sources_and_several_words_go_together() {
        let mut sought = words("a", false, false).and(&words("b", false, true));
        assert!(fits(&sought, "xa") && !fits(&sought, "ab") && !fits(&sought, "x"));
        sought.from = vec![2];
        assert!(!fits(&sought, "xa") && Matcher::new(&sought).unwrap().fits(2, "xa"));
        let neither = sought.and(&Sought { from: vec![1], ..Sought::default() });
        assert!((1..=3).all(|stream| !Matcher::new(&neither).unwrap().fits(stream, "xa")));
        let without = Sought { not_from: vec![3], ..Sought::default() };
        assert!(!Matcher::new(&without).unwrap().fits(3, "") && fits(&without, ""));
    }

    #[test]
    fn gravity_is_told_by_words() {
        for line in [
            "error: it does not compile",
            "error[E0425]: cannot find",
            "ERROR ",
            "FAILED tests/test_a.py::test_b",
            "thread 'main' panicked at src/a.rs:1",
            "Traceback (most recent call last):",
            "E   AssertionError: 1",
            "java.lang.NullPointerException",
            "2 failed, 3 passed",
            "fatal: no",
            "10 errors",
        ] {
            assert_eq!(gravity(line), Some(Grave::Error), "{line}");
        }
        for line in ["warning: unused", "DeprecationWarning: x", "WARN a", "0 errors, 3 warnings"] {
            assert_eq!(gravity(line), Some(Grave::Warning), "{line}");
        }
        for line in ["test result: ok. 5 passed; 0 failed", "no errors", "No warnings", "terror", "parse_error ok", ""]
        {
            assert_eq!(gravity(line), None, "{line}");
        }
    }

    #[test]
    fn places_are_in_order_and_apart() {
        let both = words("ab", false, false).and(&words("bc", false, false));
        assert_eq!(Matcher::new(&both).unwrap().places("xabc ab"), [1..4, 5..7]);
        assert_eq!(Matcher::new(&words("x*", true, false)).unwrap().places("axa").first(), Some(&(1..2)));
        let error = Sought { least: Some(Grave::Error), ..Sought::default() };
        assert_eq!(Matcher::new(&error).unwrap().places("0 failed; Error: x").first(), Some(&(10..15)));
    }
}
