//! Makes text of a report's bytes, and makes it what XML allows.

use super::limits::head;
use std::borrow::Cow;

/// Bytes of the longest reference.
const LONGEST: usize = 33;

/// The text, in the encoding that the bytes or the declaration show; what cannot be read becomes U+FFFD.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |of: fn([u8; 2]) -> u16, bytes: &[u8]| -> Cow<'static, str> {
        let units = bytes
            .chunks_exact(2)
            .map(|pair| of([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]));
        Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect())
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => return wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => return wide(u16::from_be_bytes, rest),
        [b'<', 0, ..] => return wide(u16::from_le_bytes, bytes),
        [0, b'<', ..] => return wide(u16::from_be_bytes, bytes),
        _ => {}
    }
    if std::str::from_utf8(bytes).is_err() && is_latin(bytes) {
        return Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect());
    }
    String::from_utf8_lossy(bytes)
}

/// Whether the declaration names an encoding in which each byte is a letter of Latin script.
fn is_latin(bytes: &[u8]) -> bool {
    let declaration =
        bytes.get(..bytes.len().min(200)).unwrap_or_default().split(|b| *b == b'>').next().unwrap_or_default();
    let declaration = String::from_utf8_lossy(declaration).to_ascii_lowercase();
    declaration.starts_with("<?xml")
        && ["iso-8859-1", "iso-8859-15", "latin1", "latin-1", "windows-1252", "us-ascii"]
            .iter()
            .any(|name| declaration.contains(name))
}

/// The text without what XML forbids and tools write all the same: control characters go, references to them become
/// U+FFFD, and references that XML does not know become plain text.
pub fn legal(text: &str) -> Cow<'_, str> {
    let bad = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    let text = if text.contains(bad) { Cow::Owned(text.replace(bad, "")) } else { Cow::Borrowed(text) };
    if !text.contains('&') {
        return text;
    }
    Cow::Owned(references(&text))
}

fn references(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        let (front, mark) = rest.split_at(at);
        out.push_str(front);
        // Inside of these a reference is no reference.
        let raw = [("<![CDATA[", "]]>"), ("<!--", "-->")].into_iter().find(|(opening, _)| mark.starts_with(opening));
        let length = if let Some((opening, closing)) = raw {
            let end = mark.get(opening.len()..).and_then(|inner| inner.find(closing));
            let length = end.map_or(mark.len(), |end| opening.len() + end + closing.len());
            out.push_str(mark.get(..length).unwrap_or(mark));
            length
        } else if mark.starts_with('<') {
            out.push('<');
            1
        } else {
            reference(mark, &mut out)
        };
        rest = mark.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Writes the reference at the text's start, or what stands for it; gives the bytes that are used up.
fn reference(text: &str, out: &mut String) -> usize {
    // A name that goes on for longer is none, and looking for its end would take long.
    let name = text.get(1..).and_then(|rest| head(rest, LONGEST).split_once(';')).map(|(name, _)| name);
    let Some(name) = name else {
        out.push_str("&amp;");
        return 1;
    };
    let whole = name.len() + 2;
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        };
        let legal =
            |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        if code.and_then(char::from_u32).is_some_and(|c| legal(&c)) {
            out.push_str(text.get(..whole).unwrap_or_default());
        } else {
            out.push('\u{fffd}');
        }
        return whole;
    }
    if matches!(name, "lt" | "gt" | "amp" | "apos" | "quot") {
        out.push_str(text.get(..whole).unwrap_or_default());
        return whole;
    }
    out.push_str("&amp;");
    1
}

#[cfg(test)]
mod tests {
    use super::{decode, legal};

    #[test]
    fn encodings_are_found_out() {
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("<a>ü</a>".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(&wide), "<a>ü</a>");
        assert_eq!(decode(&wide[2..]), "<a>ü</a>");
        assert_eq!(
            decode(b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xfc</a>"),
            "<?xml version='1.0' encoding='ISO-8859-1'?><a>ü</a>"
        );
        assert_eq!(decode("<?xml encoding='latin1'?><a>ü</a>".as_bytes()), "<?xml encoding='latin1'?><a>ü</a>");
        assert_eq!(decode(b"<a>\xfc</a>"), "<a>\u{fffd}</a>");
    }

    #[test]
    fn references_are_made_legal() {
        assert_eq!(
            legal("a &#x1b; &#27; &#xFFFE; &#99999999; &#65; &lt;"),
            "a \u{fffd} \u{fffd} \u{fffd} \u{fffd} &#65; &lt;"
        );
        assert_eq!(legal("a &nbsp; b & c &"), "a &amp;nbsp; b &amp; c &amp;");
        assert_eq!(legal("<![CDATA[&nbsp;]]><!-- &x; -->&x;"), "<![CDATA[&nbsp;]]><!-- &x; -->&amp;x;");
        assert_eq!(legal("\u{1}<![CDATA[&x;"), "<![CDATA[&x;");
    }
}
