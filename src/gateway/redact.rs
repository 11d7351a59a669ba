//! Takes the key out of what a provider sends back, should it ever quote it, in any of the forms that are known. Nothing is held
//! back but what may be the beginning of one, and the length stays as it is.

use super::disguise::forms;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

/// What stands in the place of each byte of the key.
const HIDDEN: u8 = b'*';

/// Looks through one body.
#[derive(Debug)]
pub(super) struct Redactor {
    /// What is hidden, the longest first. Each is as good as the key.
    forms: Vec<SecretSlice<u8>>,
    /// Which bytes one of them begins with.
    begins: Box<[bool; 256]>,
    /// The end of what came, which is a beginning of one.
    held: Vec<u8>,
}

impl Redactor {
    pub fn new(key: Option<&SecretString>) -> Self {
        let forms = key.map(|key| forms(key.expose_secret().as_bytes())).unwrap_or_default();
        let mut begins = Box::new([false; 256]);
        for first in forms.iter().filter_map(|form| form.first()) {
            if let Some(begins) = begins.get_mut(usize::from(*first)) {
                *begins = true;
            }
        }
        Self { forms: forms.into_iter().map(SecretSlice::from).collect(), begins, held: Vec::new() }
    }

    /// The next piece, as it may go on. `None` where all of it has to wait for the next one.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let whole = self.hide(&mut all);
        self.held = all.split_off(whole);
        (!all.is_empty()).then_some(all)
    }

    /// There is no more: what was held back.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let mut held = std::mem::take(&mut self.held);
        // A beginning of one form may hold another one whole.
        let mut from = self.hide(&mut held);
        while from < held.len() {
            from += 1;
            if let Some(rest) = held.get_mut(from..) {
                from += self.hide(rest);
            }
        }
        (!held.is_empty()).then_some(held)
    }

    /// Whether the key is in here.
    pub fn finds(&self, bytes: &[u8]) -> bool {
        (0..bytes.len()).any(|at| matches!(self.look(bytes.get(at..).unwrap_or_default()), Look::Whole(_)))
    }

    /// Hides what is there in full; gives where a beginning begins that the end cuts, or the end.
    fn hide(&self, all: &mut [u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = all.get_mut(at..).filter(|rest| !rest.is_empty()) {
            match self.look(rest) {
                Look::Nothing => at += 1,
                Look::Beginning => break,
                Look::Whole(length) => {
                    rest.iter_mut().take(length).for_each(|byte| *byte = HIDDEN);
                    at += length;
                }
            }
        }
        at
    }

    /// What begins here.
    fn look(&self, rest: &[u8]) -> Look {
        let first =
            rest.first().is_some_and(|first| self.begins.get(usize::from(*first)).is_some_and(|begins| *begins));
        if !first {
            return Look::Nothing;
        }
        let forms = || self.forms.iter().map(ExposeSecret::expose_secret);
        if let Some(found) = forms().find(|form| rest.starts_with(form)) {
            return Look::Whole(found.len());
        }
        if forms().any(|form| form.starts_with(rest)) { Look::Beginning } else { Look::Nothing }
    }
}

enum Look {
    Nothing,
    /// The beginning of a form, up to the end.
    Beginning,
    /// A form of this length.
    Whole(usize),
}

#[cfg(test)]
mod tests;
