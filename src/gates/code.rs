//! Program texts made comparable: remarks left out where that is certain, blanks where they say nothing, and words counted
//! as words.
//!
//! A remark is left out only where no reader can take it for code: in doubt it counts.

use super::rust;
use std::borrow::Cow;

/// Some remarks are obeyed: encodings, build constraints, the environment of a test, what an example is allowed to do.
const OBEYED: [&str; 8] = ["coding", "go:", "+build", "@vitest", "@jest", "@ts-", "doctest", "$ExpectType"];

/// The language of a file, as far as its remarks and its ways to end a program differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Python.
    Python,
    /// JavaScript and TypeScript.
    Script,
    /// Rust.
    Rust,
    /// Go.
    Go,
    /// Anything else.
    Other,
}

impl Language {
    /// By the file's name.
    pub(super) fn of(path: &str) -> Self {
        match path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, end)| end) {
            "py" | "pyi" | "pyw" => Self::Python,
            "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "vue" | "svelte" => Self::Script,
            "rs" => Self::Rust,
            "go" => Self::Go,
            _ => Self::Other,
        }
    }

    /// By what a remark begins that goes on to the end of its line.
    pub(super) fn remark(self) -> Option<&'static str> {
        match self {
            Self::Python => Some("#"),
            Self::Script | Self::Go => Some("//"),
            Self::Rust | Self::Other => None,
        }
    }
}

/// Characters besides the usual ones by which a language ends a line: a remark goes no further than to them.
fn line_ends(language: Language) -> &'static [char] {
    match language {
        Language::Python => &['\r'],
        Language::Script => &['\r', '\u{2028}', '\u{2029}'],
        Language::Rust | Language::Go | Language::Other => &[],
    }
}

/// Whether a text has ends of lines that people do not see as such: what looks like the end of a remark is code behind it.
pub(super) fn has_odd_ends(language: Language, text: &str) -> bool {
    let ends = line_ends(language);
    text.char_indices().any(|(at, c)| ends.contains(&c) && !text.get(at..).is_some_and(|rest| rest.starts_with("\r\n")))
}

/// The text with the usual ends of lines only.
pub(super) fn with_usual_ends(language: Language, text: &str) -> Cow<'_, str> {
    if has_odd_ends(language, text) {
        Cow::Owned(text.replace("\r\n", "\n").replace(line_ends(language), "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text without remarks and needless blanks, a line each. Of Rust, literals are emptied besides.
pub(super) fn lines(language: Language, text: &str) -> String {
    if language == Language::Rust {
        return rust::bare(text);
    }
    let mut found = String::with_capacity(text.len());
    for line in text.lines() {
        let line = squeezed(language.remark().map_or(line, |mark| without_remark(line, mark)));
        if !line.is_empty() {
            found.push_str(&line);
            found.push('\n');
        }
    }
    found
}

/// Lines as one, so that breaking a line hides nothing.
pub(super) fn flat(lines: &str) -> String {
    squeezed(lines)
}

/// The text of a Python file up to what it does only when it is started as a program, where that is certain: it is the last
/// thing in the file, and the name that it asks for is nowhere set.
pub(super) fn imported(raw: &str) -> &str {
    let mut at = 0;
    for line in raw.split_inclusive('\n') {
        let asks: String = line.trim_end().chars().filter(|c| !c.is_whitespace() && *c != '"' && *c != '\'').collect();
        if asks == "if__name__==__main__:" && line.starts_with("if") {
            let (before, behind) = raw.split_at(at);
            let whole = ["\"\"\"", "\'\'\'"].iter().all(|quote| before.matches(quote).count() % 2 == 0);
            let last = behind.lines().skip(1).all(|line| line.is_empty() || line.starts_with([' ', '\t', '#']));
            let set = raw.match_indices("__name__").any(|(at, word)| {
                let rest = raw.get(at + word.len()..).unwrap_or_default().trim_start();
                rest.starts_with('=') && !rest.starts_with("==")
            });
            return if whole && last && !set { before } else { raw };
        }
        at += line.len();
    }
    raw
}

/// The line up to a remark that begins it or follows plain code. Braces and back-quotes could make it part of a text that
/// is executed.
pub(super) fn without_remark<'a>(line: &'a str, mark: &str) -> &'a str {
    let Some(at) = line.find(mark) else { return line };
    let (code, remark) = line.split_at(at);
    let obeyed = OBEYED.iter().any(|word| remark.contains(word));
    // What is no usual character may end the line for a language.
    let odd = |c: char| (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}');
    let certain = !obeyed
        && !remark.contains(['{', '`'])
        && !remark.contains(odd)
        && !code.contains(['"', '\'', '`', '\\', '/'])
        && code.chars().next_back().is_none_or(char::is_whitespace);
    if certain { code } else { line }
}

/// Without blanks, except one between two words.
fn squeezed(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    for part in text.split_whitespace() {
        if found.chars().next_back().is_some_and(is_word) && part.chars().next().is_some_and(is_word) {
            found.push(' ');
        }
        found.push_str(part);
    }
    found
}

/// Whether a character may stand in a name.
pub(super) fn is_word(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

/// What comes before and behind each place where a word stands. The ends of the word that could go on in a name do not.
pub(super) fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let ends = word.chars().next_back().is_some_and(is_word);
    beginnings(text, word).filter(move |(_, behind)| !ends || !behind.chars().next().is_some_and(is_word))
}

/// As [`places`], for words that go on in any way.
pub(super) fn beginnings<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let begins = word.chars().next().is_some_and(is_word);
    text.match_indices(word)
        .filter_map(move |(at, _)| Some((text.get(..at)?, text.get(at + word.len()..)?)))
        .filter(move |(before, _)| !begins || !before.chars().next_back().is_some_and(is_word))
}

/// How far is looked around a place, in bytes: statements are shorter, and a file can consist of such places.
const NEAR: usize = 4_000;

/// The front of a text.
pub(super) fn near(text: &str) -> &str {
    text.get(..text.floor_char_boundary(NEAR)).unwrap_or(text)
}

/// The end of a text.
pub(super) fn near_end(text: &str) -> &str {
    text.get(text.ceil_char_boundary(text.len().saturating_sub(NEAR))..).unwrap_or(text)
}

/// The name at the front.
pub(super) fn name(text: &str) -> &str {
    text.get(..text.find(|c| !is_word(c)).unwrap_or(text.len())).unwrap_or_default()
}

/// How far the bracket at the front of `text` reaches. None where that is not certain: where it holds what could be a
/// pattern or a text with code in it, or is very long.
pub(super) fn enclosed(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices().take(4_000) {
        match (quote, c) {
            (_, '/' | '`') => return None,
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '{' | '[') => depth += 1,
            (None, ')' | '}' | ']') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + c.len_utf8());
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_left_out_where_that_is_certain() {
        let of = |path: &str, text: &str| lines(Language::of(path), text);
        assert_eq!(of("a.py", "# one\n\nx  =  f( 1 ) # two\n"), "x=f(1)\n");
        for hidden in ["f'{d[\"#\"]}'; os._exit(0)", "f'''\n# {os._exit(0)}\n'''", "x = '#' + os._exit(0)"] {
            assert!(of("a.py", hidden).contains("os._exit(0)"), "{hidden}");
        }
        for hidden in ["x = /[//]/; process.exit(0)", "`\n// ${process.exit(0)}`", "'//' + process.exit(0)"] {
            assert!(of("a.js", hidden).contains("process.exit(0)"), "{hidden}");
        }
    }

    #[test]
    fn a_remark_ends_where_its_language_ends_the_line() {
        assert_eq!(with_usual_ends(Language::Python, "# a\rb = 1\r\nc"), "# a\nb = 1\nc");
        assert_eq!(with_usual_ends(Language::Script, "// a\u{2028}b\u{2029}c"), "// a\nb\nc");
        assert_eq!(with_usual_ends(Language::Python, "# a\u{2028}b\r\n"), "# a\u{2028}b\r\n");
        for odd in ['\r', '\u{b}', '\u{2028}', '\0'] {
            let line = format!("# a{odd}b");
            assert_eq!(without_remark(&line, "#"), line);
        }
        assert_eq!(without_remark("# a\tb", "#"), "");
    }

    #[test]
    fn words_are_words() {
        let count = |text, word| places(text, word).count();
        assert_eq!((count("__exit__", "_exit"), count("os._exit(0)", "_exit"), count("\"_exit\"", "_exit")), (0, 1, 1));
        assert_eq!(beginnings("digest jester", "jest").count(), 1);
        assert_eq!(flat("a\n. b c"), "a.b c");
        assert_eq!((enclosed("('SIG)', ()=>{x})y"), enclosed("(/)/)"), enclosed("((")), (Some(17), None, None));
    }
}
