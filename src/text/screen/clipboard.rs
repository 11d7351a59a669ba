//! Text for the clipboard of the terminal, wherever that is: the sequence OSC 52 asks the terminal to take it. This is the only
//! place that writes one, and what goes in is safe text in base64, so that nothing from outside can end it or add to it.

use crate::text::SafeText;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Most bytes of text. Terminals and what lies between take about 100 kB of base64.
pub const MOST_COPIED: usize = 75_000;

/// The sequence for some lines, without their styles; `None` where they are too much.
pub(super) fn sequence(lines: &[SafeText]) -> Option<Vec<u8>> {
    let plain: Vec<String> = lines.iter().map(SafeText::plain).collect();
    let text = plain.join("\n");
    (text.len() <= MOST_COPIED).then(|| format!("\x1b]52;c;{}\x1b\\", STANDARD.encode(text)).into_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::safe;
    use crate::text::{Colour, Style, exact, log};
    use proptest::prelude::*;

    fn copied(bytes: &[u8]) -> Vec<u8> {
        let inner = bytes.strip_prefix(b"\x1b]52;c;").unwrap().strip_suffix(b"\x1b\\").unwrap();
        assert!(inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)));
        STANDARD.decode(inner).unwrap()
    }

    #[test]
    fn lines_are_copied_without_their_styles_and_no_more_than_fits() {
        let red = safe!("red").styled(Style::fg(Colour::Red));
        assert_eq!(copied(&sequence(&[red, safe!("two")]).unwrap()), b"red\ntwo");
        let long = exact::encode("x".repeat(MOST_COPIED).as_bytes());
        assert!(sequence(std::slice::from_ref(&long)).unwrap().len() <= 100_010);
        assert_eq!(sequence(&[long, safe!("x")]), None);
    }

    proptest! {
        #[test]
        fn nothing_from_outside_gets_out_of_it(bytes: Vec<u8>) {
            let text = exact::encode(&bytes);
            let copied = copied(&sequence(std::slice::from_ref(&text)).unwrap());
            prop_assert_eq!(copied, text.plain().into_bytes());
            prop_assert!(!log::plain(&bytes).contains('\x1b'));
        }
    }
}
