//! The tokens of a Rust source file, comments left out. Braces in strings are no braces here, and a comment that is
//! opened in a string opens nothing, so that an edit cannot be hidden from those who count them.

/// One token. Texts are literals as written, marks are single characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, a keyword, a number, or a lifetime.
    Word(&'a str),
    /// A string or character literal.
    Text(&'a str),
    /// Any other character.
    Mark(char),
}

impl Token<'_> {
    /// Whether it is this character.
    pub(super) fn is(&self, mark: char) -> bool {
        *self == Token::Mark(mark)
    }
}

/// All tokens of a text. A literal or comment that does not end takes the rest.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, block_comment(rest))
        } else if let Some(length) = literal(rest) {
            (rest.get(..length).map(Token::Text), length)
        } else if first == '\'' {
            // A lifetime: what is a character was a literal.
            let length = 1 + word(rest.get(1..).unwrap_or_default());
            (rest.get(..length).map(Token::Word), length)
        } else if is_word(first) {
            let raw = if rest.starts_with("r#") { 2 + word(rest.get(2..).unwrap_or_default()) } else { 0 };
            let length = raw.max(word(rest));
            (rest.get(..length).map(Token::Word), length)
        } else {
            (Some(Token::Mark(first)), first.len_utf8())
        };
        found.extend(token);
        rest = rest.get(length..).unwrap_or_default();
    }
    found
}

/// The tokens as one line without needless blanks, literals emptied.
pub(super) fn bare(text: &str) -> String {
    let mut tokens = tokens(text);
    for token in &mut tokens {
        if let Token::Text(text) = token {
            *text = "\"\"";
        }
    }
    line(&tokens)
}

/// Tokens as one line without needless blanks.
pub(super) fn line(tokens: &[Token<'_>]) -> String {
    let mut line = String::new();
    let mut after_word = false;
    for token in tokens {
        match token {
            Token::Word(word) => {
                if after_word {
                    line.push(' ');
                }
                line.push_str(word);
            }
            Token::Text(text) => line.push_str(text),
            Token::Mark(mark) => line.push(*mark),
        }
        after_word = matches!(token, Token::Word(_));
    }
    line
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The length of the word at the front.
fn word(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

/// The length of the comment at the front; comments are nested.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth = depth.saturating_sub(1);
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the literal at the front, where there is one.
fn literal(text: &str) -> Option<usize> {
    let prefix = text.find(|c| !matches!(c, 'r' | 'b' | 'c')).filter(|length| *length <= 2)?;
    let (kind, rest) = text.split_at(prefix);
    let raw = kind.ends_with('r');
    let hashes = if raw { rest.len() - rest.trim_start_matches('#').len() } else { 0 };
    let inner = rest.get(hashes..)?;
    if inner.starts_with('"') {
        let inside = inner.get(1..)?;
        let length = if raw {
            let end = format!("\"{}", "#".repeat(hashes));
            inside.find(&end).map_or(inside.len(), |at| at + end.len())
        } else {
            quoted(inside, '"')
        };
        return Some(prefix + hashes + 1 + length);
    }
    let inside = rest.strip_prefix('\'').filter(|_| matches!(kind, "" | "b"))?;
    let first = inside.chars().next()?;
    let closed = inside.get(first.len_utf8()..)?.starts_with('\'');
    (first == '\\' || (closed && first != '\'')).then(|| prefix + 1 + quoted(inside, '\''))
}

/// The length up to and with the closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Token, bare, tokens};

    #[test]
    fn literals_and_comments_hold_no_code() {
        for (text, code) in [
            ("a /* { /* } */ \" */ b // c\nd", "a b d"),
            (r#"f("}}\"", '}', '\'', b'{', 'a')"#, r#"f("","","","","")"#),
            (r##"r#"a "}" b"# + br"\" + c"x""##, "\"\"+\"\"+\"\""),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x:&'a str){}"),
            ("macro_rules!  assert_eq { }", "macro_rules!assert_eq{}"),
            ("r#type + b + rb", "r#type+b+rb"),
            ("\"no end", "\"\""),
            ("x as u8 /* no end", "x as u8"),
        ] {
            assert_eq!(bare(text), code, "{text}");
        }
        assert_eq!(tokens("'a'"), [Token::Text("'a'")]);
    }
}
