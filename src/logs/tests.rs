#![allow(clippy::unwrap_used)]
use super::*;
mod closing;
mod lines;
mod search;

use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt;

fn record(seq: u64, bytes: &[u8]) -> Record<'_> {
    Record { seq, time_ms: i64::try_from(seq).unwrap(), stream: Stream::Stdout, bytes }
}

fn written(path: &Path, pieces: &[&[u8]]) -> LogWriter {
    let mut writer = LogWriter::open(path).unwrap();
    for (seq, bytes) in (1..).zip(pieces) {
        writer.append(record(seq, bytes)).unwrap();
    }
    writer.sync().unwrap();
    writer
}

#[test]
fn repeats_change_nothing_and_gaps_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let mut writer = written(&path, &[b"a\n", b"b\n"]);
    assert_eq!(writer.append(record(2, b"zzz")).unwrap(), Appended::Duplicate);
    assert!(matches!(writer.append(record(4, b"x")), Err(LogError::Gap { expected: 3, got: 4, .. })));
    assert!(matches!(writer.append(record(3, &vec![0; MAX_RECORD + 1])), Err(LogError::TooLarge { .. })));
    assert_eq!(writer.append(record(3, b"c\n")).unwrap(), Appended::New);
    writer.sync().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"a\nb\nc\n");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // Printed by `printf 'a\nb\nc\n' | sha256sum`.
    assert_eq!(writer.digest(), "880553fca8fcea94e325ee2cfb48e5a985cc797f39a14cc6d3cedecfeb2ae4d2");
    assert!(matches!(LogWriter::open(&path), Err(LogError::Busy(_))));
}

/// A program that is being started has a copy of every descriptor until it has come to its own code.
#[test]
fn a_copy_of_the_descriptors_keeps_no_next_writer_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let writer = written(&path, &[b"a\n"]);
    let (log, index) = writer.files();
    let copies = (log.try_clone().unwrap(), index.try_clone().unwrap());
    drop(writer);
    assert_eq!(LogWriter::open(&path).unwrap().last_seq(), 1);
    drop(copies);
}

#[test]
fn only_what_is_on_disk_is_seen_and_those_who_watch_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let mut writer = LogWriter::open(&path).unwrap();
    let mut watch = writer.watch();
    let reader = LogReader::open(&path).unwrap();
    writer.append(record(1, b"a\nb")).unwrap();
    assert_eq!(reader.mark().unwrap(), LogMark::default());
    assert!(!watch.has_changed().unwrap());
    writer.sync().unwrap();
    let mark = LogMark { bytes: 3, records: 1, lines: 1, closed: false };
    assert_eq!((reader.mark().unwrap(), *watch.borrow_and_update()), (mark, mark));
    drop(writer);
    assert!(watch.borrow().closed);
}

#[test]
fn remarks_take_no_number_and_losses_are_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let mut writer = written(&path, &[b"a\n"]);
    writer.note(5, "hello\n").unwrap();
    writer.append(record(2, b"b\n")).unwrap();
    writer.lost(7, 6).unwrap();
    writer.append(record(8, b"c\n")).unwrap();
    writer.sync().unwrap();
    let digest = writer.digest();
    drop(writer);
    let writer = LogWriter::open(&path).unwrap();
    assert_eq!((writer.last_seq(), writer.digest()), (8, digest));
    let tail = LogReader::open(&path).unwrap().tail(2).unwrap();
    assert!(tail[0].bytes.starts_with(b"[dogwatch: 5 pieces") && tail[0].stream == Stream::Engine);
}

#[test]
fn a_lost_index_is_not_taken_for_a_new_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    drop(written(&path, &[b"a\n"]));
    std::fs::remove_file(index_path(&path)).unwrap();
    assert!(matches!(LogWriter::open(&path), Err(LogError::Corrupt { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"a\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_crash_leaves_whole_records(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 1..10),
        cut_log in any::<prop::sample::Index>(),
        cut_index in any::<prop::sample::Index>(),
        spoil in any::<bool>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        drop(written(&path, &pieces));
        let mut log = std::fs::read(&path).unwrap();
        let mut index = std::fs::read(index_path(&path)).unwrap();
        log.truncate(cut_log.index(log.len() + 1));
        // The header was on disk before anything else was written.
        index.truncate(entry::HEADER.len() + cut_index.index(index.len() + 1 - entry::HEADER.len()));
        if spoil && index.len() > entry::HEADER.len() {
            *index.last_mut().unwrap() ^= 1;
        }
        std::fs::write(&path, &log).unwrap();
        std::fs::write(index_path(&path), &index).unwrap();
        let mut writer = LogWriter::open(&path).unwrap();
        let kept = usize::try_from(writer.last_seq()).unwrap();
        prop_assert_eq!(std::fs::read(&path).unwrap(), pieces[..kept].concat());
        for (seq, bytes) in (1..).zip(&pieces) {
            writer.append(record(seq, bytes)).unwrap();
        }
        writer.sync().unwrap();
        prop_assert_eq!(std::fs::read(&path).unwrap(), pieces.concat());
        let reader = LogReader::open(&path).unwrap();
        let read: Vec<Vec<u8>> = reader.records(0, 100).unwrap().into_iter().map(|(_, bytes)| bytes).collect();
        prop_assert_eq!(read, pieces);
    }

    #[test]
    fn lines_come_out_as_they_went_in(
        pieces in prop::collection::vec(prop::collection::vec(prop_oneof![2 => Just(b'x'), 1 => Just(b'\n')], 0..8), 0..12),
        first in 0_usize..12,
        count in 0_usize..12,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        drop(written(&path, &pieces));
        let all = pieces.concat();
        let lines: Vec<(Vec<u8>, bool)> = all
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\n").map_or((line.to_vec(), false), |line| (line.to_vec(), true)))
            .collect();
        let reader = LogReader::open(&path).unwrap();
        let plain = |lines: Vec<Line>| lines.into_iter().map(|line| (line.bytes, line.whole)).collect::<Vec<_>>();
        let expected: Vec<_> = lines.iter().skip(first).take(count).cloned().collect();
        prop_assert_eq!(plain(reader.lines(first as u64, 0, count).unwrap()), expected);
        let expected: Vec<_> = lines.iter().skip(lines.len().saturating_sub(count)).cloned().collect();
        prop_assert_eq!(plain(reader.tail(count).unwrap()), expected);
        prop_assert_eq!(reader.bytes(1..5).unwrap(), all.get(1..5.min(all.len()).max(1)).unwrap_or(&[]));
    }
}
