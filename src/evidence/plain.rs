//! Bytes of a terminal's output as plain lines: escape sequences and control characters removed.

use std::borrow::Cow;

/// The text without escape sequences and control characters other than line feeds and tabs. A carriage return ends a line,
/// as progress bars use it so; invalid UTF-8 becomes U+FFFD.
pub fn plain(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    if !text.chars().any(noise) {
        return text;
    }
    Cow::Owned(strip(&text))
}

/// Whether a character has no place in plain lines.
fn noise(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.peek().copied() {
                Some('[') => {
                    chars.next();
                    control_sequence(&mut chars);
                }
                Some(']' | 'P' | 'X' | '^' | '_') => {
                    chars.next();
                    string_sequence(&mut chars);
                }
                Some(' '..='/') => {
                    while chars.next_if(|c| matches!(c, ' '..='/')).is_some() {}
                    chars.next_if(|c| matches!(c, '0'..='~'));
                }
                Some('0'..='~') => {
                    chars.next();
                }
                _ => {}
            },
            '\u{9b}' => control_sequence(&mut chars),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            c if noise(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Skips parameters and the final byte of a control sequence. A sequence that breaks off ends where it breaks off.
fn control_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    chars.next_if(|c| matches!(c, '@'..='~'));
}

/// Skips to the end of an OSC, DCS or similar string; an unterminated one ends with its line, so that it hides no more.
fn string_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.next_if(|c| *c != '\n') {
        if c == '\u{7}' || c == '\u{9c}' {
            return;
        }
        if c == '\u{1b}' {
            chars.next_if_eq(&'\\');
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn escapes_go_and_text_stays() {
        assert_eq!(plain(b"\x1b[31;1mred\x1b[0m \x1b]0;title\x07x\r\ny\rz\0"), "red x\ny\nz");
        assert_eq!(plain("✔ Grüße\tok".as_bytes()), "✔ Grüße\tok");
        assert_eq!(plain(b"\x1b]8;;http://unterminated\nnext"), "\nnext");
        assert_eq!(plain(b"\x1b[12"), "");
    }
}
