//! A closed log reads as the open one did, whatever happened on the way, and damage is told.

use super::*;
use std::fs;
use std::time::{Duration, Instant};

/// Everything that a reader says of a log.
#[derive(Debug, PartialEq)]
struct Seen {
    bytes: Vec<u8>,
    records: Vec<(Entry, Vec<u8>)>,
    lines: Vec<Line>,
    tail: Vec<Line>,
    digest: String,
}

fn seen(path: &Path) -> Seen {
    let reader = LogReader::open(path).unwrap();
    let (mut bytes, mut records) = (Vec::new(), Vec::new());
    while (bytes.len() as u64) < reader.end().unwrap() {
        bytes.extend(reader.bytes(bytes.len() as u64..u64::MAX).unwrap());
    }
    while (records.len() as u64) < reader.mark().unwrap().records {
        records.extend(reader.records(records.len() as u64, 100).unwrap());
    }
    let (lines, tail) = (reader.lines(3, 0, 50).unwrap(), reader.tail(7).unwrap());
    Seen { bytes, records, lines, tail, digest: reader.digest().unwrap() }
}

/// Closes a log that was written a moment ago. A program that another test starts just then holds a copy of this process's locks until
/// it is loaded.
fn close_soon(path: &Path, digest: &str) -> Result<Closed, LogError> {
    let begun = Instant::now();
    loop {
        match close(path, digest) {
            Err(LogError::Busy(_)) if begun.elapsed() < Duration::from_mins(1) => {
                std::thread::sleep(Duration::from_millis(1));
            }
            closed => return closed,
        }
    }
}

fn kept(path: &Path, digest: &str) -> u64 {
    match close_soon(path, digest).unwrap() {
        Closed::Kept { bytes, stored } => {
            assert!(stored > 0 && !path.exists() && !index_path(path).exists());
            bytes
        }
        other => panic!("{other:?}"),
    }
}

fn numbered(lines: u64) -> String {
    let lines: Vec<String> = (0..lines).map(|n| format!("line {n} of the log, {}\n", n * 7919 % 10_007)).collect();
    lines.concat()
}

/// A log of some frames, and its digest.
fn long(path: &Path) -> String {
    let text = numbered(70_000);
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(30_000).collect();
    written(path, &pieces).digest()
}

#[test]
fn a_closed_log_reads_as_the_open_one_did() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let digest = long(&path);
    let before = seen(&path);
    let size = before.bytes.len() as u64;
    let reader = LogReader::open(&path).unwrap();
    assert_eq!(kept(&path, &digest), size);
    assert_eq!(seen(&path), before);
    // One that was open before goes on with what it has.
    assert_eq!(reader.bytes(0..6).unwrap(), b"line 0");
    assert!(LogReader::open(&path).unwrap().mark().unwrap().closed);
    assert!(matches!(LogWriter::open(&path), Err(LogError::Closed(_))));
    // Again changes nothing.
    assert_eq!(kept(&path, &digest), size);
    assert_eq!(seen(&path), before);
    let packed = packed_path(&path);
    assert_eq!(fs::metadata(&packed).unwrap().permissions().mode() & 0o777, 0o600);
    // Any other program that knows zstd gets the same bytes.
    assert_eq!(zstd::stream::decode_all(fs::File::open(&packed).unwrap()).unwrap(), before.bytes);
}

#[test]
fn empty_logs_and_missing_ones_are_closed_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    assert_eq!(close(&path, "").unwrap(), Closed::Missing);
    drop(written(&path, &[]));
    assert_eq!(kept(&path, ""), 0);
    assert_eq!(LogReader::open(&path).unwrap().tail(5).unwrap(), []);
}

#[test]
fn a_log_that_is_not_the_recorded_one_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let digest = long(&path);
    let mut bytes = fs::read(&path).unwrap();
    bytes[5] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let closed = close_soon(&path, &digest).unwrap();
    assert!(matches!(&closed, Closed::Damaged { reason, .. } if reason.contains("proves nothing")), "{closed:?}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert!(!packed_path(&path).exists());
}

/// A file that was planted under the compressed log's name once had the originals removed.
#[test]
fn a_compressed_log_that_is_not_the_recorded_one_takes_nothing_away() {
    let directory = tempfile::tempdir().unwrap();
    let (path, other) = (directory.path().join("a.log"), directory.path().join("b.log"));
    let digest = long(&path);
    let originals = (fs::read(&path).unwrap(), fs::read(index_path(&path)).unwrap());
    drop(written(&other, &[b"nothing went wrong\n"]));
    kept(&other, "");
    fs::copy(packed_path(&other), packed_path(&path)).unwrap();
    fs::copy(packed_path(&index_path(&other)), packed_path(&index_path(&path))).unwrap();
    for digest in [digest.as_str(), ""] {
        let closed = close_soon(&path, digest).unwrap();
        assert!(matches!(&closed, Closed::Damaged { stored, .. } if *stored > 0), "{closed:?}");
        assert_eq!((fs::read(&path).unwrap(), fs::read(index_path(&path)).unwrap()), originals);
    }
    // Nor does it pass for the recorded one where there are no originals.
    fs::remove_file(&path).unwrap();
    fs::remove_file(index_path(&path)).unwrap();
    let closed = close_soon(&path, &digest).unwrap();
    assert!(matches!(&closed, Closed::Damaged { reason, .. } if reason.contains("proves nothing")), "{closed:?}");
}

/// Reading such a pipe once waited for ever.
#[test]
fn what_is_no_file_is_refused_at_once() {
    for planted in ["a.log.zst", "a.idx.zst", "a.log", "a.idx", "a.log.zst.new"] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let digest = written(&path, &[b"a\n"]).digest();
        if planted == "a.idx.zst" {
            kept(&path, &digest);
        }
        let place = directory.path().join(planted);
        if place.exists() {
            fs::remove_file(&place).unwrap();
        }
        rustix::fs::mkfifoat(rustix::fs::CWD, &place, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        if planted == "a.log.zst.new" {
            assert_eq!(kept(&path, &digest), 2);
            continue;
        }
        let read = LogReader::open(&path).map(drop).unwrap_err().to_string();
        assert!(read.contains("what lies there is no file"), "{planted}: {read}");
        let closed = close_soon(&path, &digest).unwrap();
        assert!(
            matches!(&closed, Closed::Damaged { reason, .. } if reason.contains("no file")),
            "{planted}: {closed:?}"
        );
    }
}

/// The end of such a file once made the engine ask for as much memory as it is long.
#[test]
fn a_table_as_long_as_it_likes_takes_no_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let frames = u32::MAX / 2;
    let table_bytes = u64::from(frames) * 8;
    for mark in [0_u32, 0x184D_2A5E] {
        let file = fs::File::create(packed_path(&path)).unwrap();
        file.set_len(8 + table_bytes).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &mark.to_le_bytes(), 0).unwrap();
        let end = [&frames.to_le_bytes()[..], &[0], &0x8F92_EAB1_u32.to_le_bytes()].concat();
        std::os::unix::fs::FileExt::write_all_at(&file, &end, 8 + table_bytes).unwrap();
        let error = LogReader::open(&path).unwrap_err().to_string();
        assert!(error.contains("its table is damaged"), "{error}");
    }
}

#[test]
fn one_that_is_written_is_not_closed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.log");
    let writer = written(&path, &[b"a\n"]);
    assert!(matches!(close(&path, ""), Err(LogError::Busy(_))));
    drop(writer);
    assert_eq!(kept(&path, ""), 2);
}

#[test]
fn dying_anywhere_in_between_leaves_one_readable_log() {
    let directory = tempfile::tempdir().unwrap();
    let original = directory.path().join("a.log");
    let digest = long(&original);
    let before = seen(&original);
    let finished = directory.path().join("b.log");
    for path in [&original, &index_path(&original)] {
        fs::copy(path, finished.with_extension(path.extension().unwrap())).unwrap();
    }
    kept(&finished, &digest);
    let (log, index) = (packed_path(&original), packed_path(&index_path(&original)));
    let (packed_log, packed_index) = (packed_path(&finished), packed_path(&index_path(&finished)));
    let half = |from: &Path, to: &Path| {
        let bytes = fs::read(from).unwrap();
        let mut name = to.as_os_str().to_owned();
        name.push(".new");
        fs::write(name, &bytes[..bytes.len() / 2]).unwrap();
    };
    let raw = (fs::read(&original).unwrap(), fs::read(index_path(&original)).unwrap());
    let steps: [&dyn Fn(); 6] = [
        &|| half(&packed_index, &index),
        &|| assert!(fs::copy(&packed_index, &index).unwrap() > 0),
        &|| half(&packed_log, &log),
        &|| assert!(fs::copy(&packed_log, &log).unwrap() > 0),
        &|| fs::remove_file(&original).unwrap(),
        &|| fs::remove_file(index_path(&original)).unwrap(),
    ];
    for died in 0..=steps.len() {
        for step in &steps[..died] {
            step();
        }
        assert_eq!(seen(&original), before, "died after {died} steps");
        assert_eq!(kept(&original, &digest), before.bytes.len() as u64);
        assert_eq!(seen(&original), before, "died after {died} steps, then closed");
        fs::remove_file(&log).unwrap();
        fs::remove_file(&index).unwrap();
        fs::write(&original, &raw.0).unwrap();
        fs::write(index_path(&original), &raw.1).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_is_told_and_never_taken_for_the_log(
        place in any::<prop::sample::Index>(),
        at_the_end in any::<bool>(),
        how in 0..4_u8,
        of_the_index in any::<bool>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let text = numbered(20_000);
        drop(written(&path, &text.as_bytes().chunks(50_000).collect::<Vec<_>>()));
        kept(&path, "");
        let spoilt = if of_the_index { packed_path(&index_path(&path)) } else { packed_path(&path) };
        let mut bytes = fs::read(&spoilt).unwrap();
        let reach = if at_the_end { bytes.len().min(64) } else { bytes.len() };
        let place = bytes.len() - 1 - place.index(reach);
        match how {
            0 => bytes.truncate(place),
            1 => bytes[place] ^= 0x40,
            2 => bytes[place] = 0xff,
            _ => bytes.insert(place, 0),
        }
        fs::write(&spoilt, &bytes).unwrap();
        let read = LogReader::open(&path).and_then(|reader| {
            let mut all = Vec::new();
            while (all.len() as u64) < reader.end()? {
                all.extend(reader.bytes(all.len() as u64..u64::MAX)?);
            }
            let records = reader.records(0, 1000)?.into_iter().flat_map(|(_, bytes)| bytes).collect::<Vec<_>>();
            Ok((all, records, reader.lines(0, 0, 10)?, reader.digest()?))
        });
        match read {
            Ok((all, records, ..)) => {
                prop_assert_eq!(all, text.as_bytes());
                prop_assert_eq!(records, text.as_bytes());
            }
            Err(error) => prop_assert!(!error.is_missing(), "{}", error),
        }
    }
}
