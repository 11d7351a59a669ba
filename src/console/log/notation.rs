//! How people write what they look for.
//!
//! A search is plain text, or a regular expression behind `~`. A filter is a row of such words with blanks between them
//! (`"two words"` in quotes): a line is shown that has all of them, and none of those with `!` before them. `@out`, `@err` and
//! `@engine` name sources, of which one is enough; `@error` and `@warning` name what is at least so grave.

use crate::domain::sought::{Grave, Sought, Words};

/// Why a filter cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotationError {
    /// No such name.
    #[error("`@{0}` is no source and no gravity: there are @out, @err, @engine, @error and @warning")]
    Unknown(String),
    /// What cannot be turned round.
    #[error("`!@{0}` cannot be told: exclude words, or one of @out, @err, @engine")]
    NotGrave(String),
    /// A quote that does not end.
    #[error("a quote is not closed: end it with another `\"`")]
    Open,
    /// A sign without words.
    #[error("`{0}` has no words behind it: write them without a blank between")]
    Empty(String),
}

/// What a search means.
pub fn search(text: &str) -> Sought {
    Sought { words: vec![words(text, false)], ..Sought::default() }
}

fn words(text: &str, not: bool) -> Words {
    let (text, regex) = text.strip_prefix('~').map_or((text, false), |text| (text, true));
    Words { text: text.to_owned(), regex, not }
}

/// What a filter means.
pub fn filter(text: &str) -> Result<Sought, NotationError> {
    let mut sought = Sought::default();
    for term in terms(text)? {
        let (rest, not) = term.strip_prefix('!').map_or((term.as_str(), false), |rest| (rest, true));
        let Some(name) = rest.strip_prefix('@') else {
            let words = words(rest, not);
            if words.text.is_empty() {
                return Err(NotationError::Empty(term));
            }
            sought.words.push(words);
            continue;
        };
        let grave = match name {
            "error" | "errors" => Some(Grave::Error),
            "warning" | "warnings" => Some(Grave::Warning),
            _ => None,
        };
        let source = match name {
            "out" | "stdout" => Some(1),
            "err" | "stderr" => Some(2),
            "engine" => Some(3),
            _ => None,
        };
        match (grave, source) {
            (Some(_), _) if not => return Err(NotationError::NotGrave(name.to_owned())),
            (Some(grave), _) => sought.least = sought.least.max(Some(grave)),
            (None, Some(source)) => if not { &mut sought.not_from } else { &mut sought.from }.push(source),
            (None, None) => return Err(NotationError::Unknown(name.to_owned())),
        }
    }
    Ok(sought)
}

/// Words between blanks; what is in quotes stays together.
fn terms(text: &str) -> Result<Vec<String>, NotationError> {
    let (mut terms, mut term, mut quoted) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            letter if letter.is_whitespace() && !quoted => terms.push(std::mem::take(&mut term)),
            letter => term.push(letter),
        }
    }
    terms.push(term);
    terms.retain(|term| !term.is_empty());
    if quoted { Err(NotationError::Open) } else { Ok(terms) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read() {
        let sought = filter("fail !\"of them\" !~a.c @err  !@engine @warning").unwrap();
        let has = |text: &str, regex, not| Words { text: text.to_owned(), regex, not };
        assert_eq!(sought.words, [has("fail", false, false), has("of them", false, true), has("a.c", true, true)]);
        assert_eq!((sought.from, sought.not_from, sought.least), (vec![2], vec![3], Some(Grave::Warning)));
        assert!(filter("  ").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let told = |text: &str| filter(text).unwrap_err().to_string();
        assert!(told("@fatal").contains("@error"));
        assert!(told("!@error").contains("cannot be told"));
        assert!(told("\"a b").contains("not closed"));
        assert!(told("a ! b").contains("no words"));
    }

    #[test]
    fn a_search_is_one_text() {
        assert_eq!(search("a b").words, [Words { text: "a b".to_owned(), regex: false, not: false }]);
        assert_eq!(search("~a b").words, [Words { text: "a b".to_owned(), regex: true, not: false }]);
    }
}
