//! Calls whoever has the terminal: its bell, and where that is wanted a notification of the desktop it is on (OSC 9). This is the
//! only place that writes either. What is said is ours alone: a number and fixed words, so that no text from outside comes out of it.

/// How somebody is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bell {
    /// Not at all.
    Off,
    /// By the bell.
    #[default]
    Bell,
    /// By the bell, and a notification with how many wait.
    Notify,
}

/// The bytes that say how many wait; none where nobody is to be called.
pub(super) fn sequence(bell: Bell, waiting: usize) -> Option<Vec<u8>> {
    match bell {
        Bell::Off => None,
        Bell::Bell => Some(b"\x07".to_vec()),
        Bell::Notify => Some(format!("\x07\x1b]9;dogwatch: {waiting} waiting for you\x1b\\").into_bytes()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_number_and_our_words_comes_out() {
        assert_eq!(sequence(Bell::Off, 3), None);
        assert_eq!(sequence(Bell::Bell, 3).unwrap(), b"\x07");
        assert_eq!(
            sequence(Bell::Notify, usize::MAX).unwrap(),
            b"\x07\x1b]9;dogwatch: 18446744073709551615 waiting for you\x1b\\"
        );
    }
}
