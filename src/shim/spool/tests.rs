#![allow(clippy::unwrap_used)]
use super::*;
use crate::shim::wire::{Decoder, Stream};

fn output(seq: u64, size: usize) -> Frame {
    Frame::Output { seq, time_ms: 1, stream: Stream::Stdout, bytes: vec![b'a'; size] }
}

fn filled(directory: &Path, count: u64, size: usize) -> Spool {
    let mut spool = Spool::open(directory, Secret::derive(&[1; 32], "s")).unwrap();
    for seq in 1..=count {
        spool.append(seq, seq, &output(seq, size).encode()).unwrap();
    }
    spool
}

/// Reads everything after `after`.
fn read(spool: &mut Spool, mut after: u64) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some((wire, last)) = spool.next(after) {
        let mut decoder = Decoder::new();
        decoder.feed(&wire);
        while let Some(frame) = decoder.next_frame().unwrap() {
            frames.push(frame);
        }
        after = last;
    }
    frames
}

#[test]
fn gives_back_what_was_put_in_from_any_place() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = filled(directory.path(), 300, 40_000);
    assert!(spool.segments.len() > 1);
    for after in [0, 1, 150, 299, 300] {
        let seqs: Vec<u64> = read(&mut spool, after).iter().filter_map(Frame::seq).collect();
        assert_eq!(seqs, (after + 1..=300).collect::<Vec<_>>());
    }
    spool.acknowledged(300);
    assert_eq!((spool.bytes, spool.first()), (0, None));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn reports_what_was_destroyed_and_goes_on_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = filled(directory.path(), 300, 40_000);
    let second = spool.segments[1].first;
    let path = directory.path().join(&spool.segments[0].name);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let frames = read(&mut spool, 0);
    let lost: Vec<_> = frames.iter().filter(|frame| matches!(frame, Frame::Lost { .. })).collect();
    assert!(matches!(lost.as_slice(), [Frame::Lost { to, .. }] if *to == second - 1), "{lost:?}");
    assert_eq!(frames.last().and_then(Frame::seq), Some(300));
}

#[test]
fn has_an_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut spool = filled(directory.path(), 1, 10);
    spool.bytes = LIMIT - 50;
    assert!(spool.has_room(10, false));
    assert!(!spool.has_room(100, false));
    assert!(spool.has_room(100, true));
}

#[test]
fn is_not_led_elsewhere_by_a_link() {
    let directory = tempfile::tempdir().unwrap();
    let victim = directory.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, directory.path().join(segment_name(1, 0))).unwrap();
    drop(filled(directory.path(), 3, 100));
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
}
