//! The code that somebody types to say yes: a few letters by chance that only the screen tells. Whatever was pasted, queued or
//! recorded before cannot have it.

/// Letters that no font makes look alike, without those that decide something in the dialog or leave the console: a code that somebody
/// recorded does nothing where its field is not there any more.
const LETTERS: &[u8] = b"abcdfghjkmrstuvxz";
/// How many there are: a blind try fits once in 83,521 times.
const COUNT: usize = 4;

/// One by the system's chance.
pub(super) fn code() -> std::io::Result<String> {
    let mut code = String::with_capacity(COUNT);
    while code.len() < COUNT {
        let mut byte = [0];
        getrandom::fill(&mut byte).map_err(std::io::Error::other)?;
        // What lies beyond a multiple of their number would make the first ones likelier.
        let whole = 256 / LETTERS.len() * LETTERS.len();
        let letter = byte.first().map(|byte| usize::from(*byte)).filter(|number| *number < whole);
        if let Some(letter) = letter.and_then(|number| LETTERS.get(number % LETTERS.len())) {
            code.push(char::from(*letter));
        }
    }
    Ok(code)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_short_plain_and_other_ones_each_time() {
        let codes: BTreeSet<String> = (0..200).map(|_| code().unwrap()).collect();
        assert!(codes.len() > 190, "{}", codes.len());
        assert!(codes.iter().all(|code| code.len() == COUNT && code.bytes().all(|byte| LETTERS.contains(&byte))));
    }
}
