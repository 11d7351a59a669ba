//! Takes the key out of what a provider sends back, should it ever quote it. Nothing is held back but what may be the beginning
//! of the key, and the length stays as it is.

use secrecy::{ExposeSecret, SecretString};

/// What stands in the place of each byte of the key.
const HIDDEN: u8 = b'*';

/// Looks through one body.
#[derive(Debug)]
pub(super) struct Redactor {
    key: Option<SecretString>,
    /// The end of what came, which is a beginning of the key.
    held: Vec<u8>,
}

impl Redactor {
    pub fn new(key: Option<SecretString>) -> Self {
        Self { key, held: Vec::new() }
    }

    /// The next piece, as it may go on. `None` where all of it has to wait for the next one.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let Some(key) = &self.key else { return Some(bytes.to_vec()) };
        let key = key.expose_secret().as_bytes();
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(at) = all.get(from..).and_then(|rest| find(rest, key)) {
            if let Some(found) = all.get_mut(from + at..from + at + key.len()) {
                found.fill(HIDDEN);
            }
            from += at + key.len();
        }
        let longest = all.len().saturating_sub(from).min(key.len().saturating_sub(1));
        let held = (1..=longest).rev().find(|length| all.ends_with(key.get(..*length).unwrap_or_default()));
        self.held = all.split_off(all.len() - held.unwrap_or(0));
        (!all.is_empty()).then_some(all)
    }

    /// There is no more: what was held back.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let held = std::mem::take(&mut self.held);
        (!held.is_empty()).then_some(held)
    }

    /// Whether the key is in here.
    pub fn finds(&self, bytes: &[u8]) -> bool {
        self.key.as_ref().is_some_and(|key| find(bytes, key.expose_secret().as_bytes()).is_some())
    }
}

fn find(bytes: &[u8], key: &[u8]) -> Option<usize> {
    bytes.windows(key.len().max(1)).position(|window| window == key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "sk-aab-sk-aab";

    fn through(text: &[u8], cuts: &[usize]) -> Vec<u8> {
        let mut redactor = Redactor::new(Some(SecretString::from(KEY)));
        let mut out = Vec::new();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            out.extend(redactor.push(&text[pair[0]..pair[1]]).unwrap_or_default());
        }
        out.extend(redactor.finish().unwrap_or_default());
        out
    }

    proptest! {
        #[test]
        fn the_key_is_hidden_however_it_is_cut(
            parts in proptest::collection::vec(prop_oneof!["[sk\\-ab]{0,9}", Just(KEY.to_owned())], 0..8),
            cuts in proptest::collection::vec(0_usize..200, 0..12),
        ) {
            let text = parts.concat();
            let whole = text.replace(KEY, &"*".repeat(KEY.len()));
            let out = String::from_utf8(through(text.as_bytes(), &cuts)).unwrap_or_default();
            prop_assert_eq!(&out, &whole);
            prop_assert!(!out.contains(KEY));
        }
    }

    #[test]
    fn nothing_waits_that_is_no_beginning_of_the_key() {
        let mut redactor = Redactor::new(Some(SecretString::from(KEY)));
        assert_eq!(redactor.push(b"data: {}\n\n").as_deref(), Some(&b"data: {}\n\n"[..]));
        assert_eq!(redactor.push(b"sk"), None);
        assert_eq!(redactor.push(b"y").as_deref(), Some(&b"sky"[..]));
        assert_eq!(Redactor::new(None).push(b"sk").as_deref(), Some(&b"sk"[..]));
    }
}
