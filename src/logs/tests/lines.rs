//! Long lines: whole up to a bound, then in parts that say so.

use super::*;

/// Everything, read one line or part after the other as the reader's documents say.
fn all(reader: &LogReader, longest: usize) -> Vec<Line> {
    let (mut found, mut next) = (Vec::new(), (0, 0));
    while let Some(line) = reader.lines_up_to(next.0, next.1, 1, longest).unwrap().pop() {
        assert_eq!((line.number, line.part), next);
        next = if line.whole { (line.number + 1, 0) } else { (line.number, line.part + 1) };
        found.push(line);
        let end = found.last().is_some_and(|line: &Line| !line.whole && line.bytes.len() < longest);
        if end {
            break;
        }
    }
    found
}

#[test]
fn a_line_of_a_mebibyte_comes_whole_and_a_longer_one_in_parts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let long = vec![b'x'; MAX_LINE];
    let mut text = long.clone();
    text.push(b'\n');
    text.extend(&long);
    text.extend(b"yz\nlast\n");
    let pieces: Vec<&[u8]> = text.chunks(MAX_RECORD).collect();
    drop(written(&path, &pieces));
    let reader = LogReader::open(&path).unwrap();
    let shape: Vec<_> =
        all(&reader, MAX_LINE).into_iter().map(|line| (line.number, line.part, line.bytes.len(), line.whole)).collect();
    assert_eq!(shape, [(0, 0, MAX_LINE, true), (1, 0, MAX_LINE, false), (1, 1, 2, true), (2, 0, 4, true)]);
    assert_eq!(reader.lines(1, 1, 2).unwrap()[1].bytes, b"last");
    assert_eq!(reader.lines(1, 2, 9).unwrap(), []);
}

#[test]
fn many_empty_lines_stay_small() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let ends = vec![b'\n'; MAX_RECORD];
    drop(written(&path, &[&ends, &ends]));
    assert!(LogReader::open(&path).unwrap().lines(0, 0, usize::MAX).unwrap().len() <= MAX_READ / 64 + 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parts_put_together_are_the_log(
        pieces in prop::collection::vec(prop::collection::vec(prop_oneof![9 => Just(b'x'), 1 => Just(b'\n')], 0..20), 0..12),
        longest in 1_usize..9,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        drop(written(&path, &pieces));
        let reader = LogReader::open(&path).unwrap();
        let lines = all(&reader, longest);
        let mut bytes = Vec::new();
        for line in &lines {
            prop_assert!(line.bytes.len() <= longest);
            bytes.extend(&line.bytes);
            if line.whole {
                bytes.push(b'\n');
            }
        }
        prop_assert_eq!(&bytes, &pieces.concat());
        let at_once = reader.lines_up_to(0, 0, usize::MAX, longest).unwrap();
        prop_assert_eq!(at_once, lines);
    }
}
