//! Looking through logs gives what looking at every line would give, in both directions and whatever the pieces.

use super::*;
use crate::domain::sought::{Sought, Words};

fn matcher(text: &str) -> Matcher {
    let words = vec![Words { text: text.to_owned(), regex: false, not: false }];
    Matcher::new(&Sought { words, ..Sought::default() }).unwrap()
}

/// Asks until the end, and gives what was found with the number of answers.
fn all(log: &LogReader, text: &str, backward: bool, most: usize, lines: u64) -> (Vec<u64>, u64, usize) {
    let (mut from, mut found, mut count, mut asked) = (if backward { lines } else { 0 }, Vec::new(), 0, 0);
    loop {
        let done = log.search(&Scan { matcher: matcher(text), from, backward, most, lines }).unwrap();
        assert!(most == 0 || (done.found.len() <= most && done.count == done.found.len() as u64));
        assert!(done.found.is_sorted());
        count += done.count;
        found.extend(if backward { done.found.into_iter().rev().collect() } else { done.found });
        asked += 1;
        from = done.next;
        if from == if backward { 0 } else { lines } {
            return (found, count, asked);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_line_that_fits_is_found_once_in_order(
        pieces in prop::collection::vec("[xy\n]{0,12}", 0..12), most in 0_usize..5, closed: bool,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let bytes: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
        let writer = written(&path, &bytes);
        let digest = writer.digest();
        drop(writer);
        if closed {
            close(&path, &digest).unwrap();
        }
        let text = pieces.concat();
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        let mut expected: Vec<u64> = (0..).zip(&lines).filter(|(_, line)| line.contains("xy")).map(|(at, _)| at).collect();
        let log = LogReader::open(&path).unwrap();
        let count = expected.len() as u64;
        for backward in [false, true] {
            let (found, counted, _) = all(&log, "xy", backward, most, lines.len() as u64);
            prop_assert_eq!(counted, count);
            prop_assert_eq!(&found, if most == 0 { &expected[..0] } else { &expected[..] });
            expected.reverse();
        }
    }
}

#[test]
fn a_large_log_is_looked_through_in_parts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let mut text = Vec::new();
    for number in 0..300_000 {
        text.extend(format!("line {number} of a log that has a good many of them\n").bytes());
    }
    // Longer than what is read at once, and than what is looked at of one line.
    let part = 200_000;
    text.extend(vec![b'z'; 20 * MAX_LINE]);
    text.extend(b" needle\nshort needle\n");
    let pieces: Vec<&[u8]> = text.chunks(MAX_RECORD).collect();
    drop(written(&path, &pieces));
    let log = LogReader::open(&path).unwrap();
    for backward in [false, true] {
        let (found, _, asked) = all(&log, "line 123456 ", backward, 10, 300_002);
        assert_eq!(found, [123_456]);
        assert!(asked > 3, "{asked}");
        assert_eq!(all(&log, "needle", backward, 10, 300_002).0, [300_001]);
        assert_eq!(all(&log, "zz", backward, 10, 300_002).0, [300_000]);
    }
    assert_eq!(all(&log, "line", false, 0, part).1, part);
}

#[test]
fn what_people_see_is_what_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    drop(written(&path, &[b"\x1b[31mer\x1b[0mror\x07\nold text\rnew\n"]));
    let log = LogReader::open(&path).unwrap();
    assert_eq!(all(&log, "error\u{2407}", false, 5, 2).0, [0]);
    assert_eq!(all(&log, "new", false, 5, 2).0, [1]);
    assert!(all(&log, "old text", false, 5, 2).0.is_empty());
}
