//! Whether somebody says yes faster than anybody reads. People wear out: of many questions in a row the last ones are not read any
//! more. Nothing is refused for it; the person is told.

/// How many of a person's last answers are looked at.
pub const LAST: usize = 10;
/// From how many on they say anything.
const ENOUGH: usize = 5;
/// What a reading takes at least, in milliseconds.
const READING: u64 = 3_000;

/// The median of the times, in milliseconds, that the last answers took after all was shown, where that is no reading.
pub fn hurried(times: &[u64]) -> Option<u64> {
    let mut times = times.to_vec();
    times.sort_unstable();
    let median = *times.get(times.len() / 2)?;
    (times.len() >= ENOUGH && median < READING).then_some(median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_quick_answers_say_nothing_and_many_say_how_quick() {
        assert_eq!(hurried(&[]), None);
        assert_eq!(hurried(&[900; ENOUGH - 1]), None);
        assert_eq!(hurried(&[900; ENOUGH]), Some(900));
        assert_eq!(hurried(&[60_000, 700, 60_000, 800, 60_000]), None);
        assert_eq!(hurried(&[60_000, 700, 2_999, 800, 900]), Some(900));
        assert_eq!(hurried(&[3_000; LAST]), None);
    }
}
