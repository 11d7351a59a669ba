//! What the program of a step itself wrote, out of its log.

use crate::agent::TurnReader;
use crate::engine::ports::TreeFault;
use crate::evidence;
use crate::logs::{self, LogError, LogReader, Stream};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Records of a log that are read at once.
const RECORDS: usize = 64;

/// What the program itself wrote, without the engine's own remarks: the last `most` bytes, in the order in which they were
/// written where that can be told. A log that is not the recorded one is refused; where nothing was recorded, none may be.
pub(super) fn program_output(log: &Path, digest: &str, most: usize) -> Result<Vec<u8>, TreeFault> {
    let mut output = Vec::new();
    let mut errors = Vec::new();
    walk(log, digest, |stream, bytes, ahead| {
        if ahead >= most as u64 {
            return;
        }
        if stream == Stream::Stderr {
            errors.push(output.len()..output.len() + bytes.len());
        }
        output.extend_from_slice(bytes);
    })?;
    let mut output = evidence::in_order(output, &errors);
    output.drain(..output.len().saturating_sub(most));
    Ok(output)
}

/// All that the program itself wrote, in the pieces in which it came, under the same rule: what a reader has made of a log that
/// is not the recorded one is never given back.
pub(super) fn hand_over(
    log: &Path,
    digest: &str,
    mut reader: Box<dyn TurnReader>,
) -> Result<Box<dyn TurnReader>, TreeFault> {
    walk(log, digest, |stream, bytes, _| reader.push(stream, bytes))?;
    Ok(reader)
}

/// Goes over a log's records without the engine's remarks, and tells of each how many bytes of the log come behind it.
fn walk(log: &Path, digest: &str, mut take: impl FnMut(Stream, &[u8], u64)) -> Result<(), TreeFault> {
    let fault = |error: LogError| TreeFault(error.to_string());
    let reader = match LogReader::open(log) {
        Ok(reader) => reader,
        Err(error) if error.is_missing() && digest.is_empty() => return Ok(()),
        Err(error) => return Err(fault(error)),
    };
    let mark = reader.mark().map_err(fault)?;
    let mut hash = Sha256::new();
    let mut place = 0;
    loop {
        let records = reader.records(place, RECORDS).map_err(fault)?;
        if records.is_empty() {
            break;
        }
        place += records.len() as u64;
        for (entry, bytes) in records {
            hash.update(&bytes);
            if entry.stream != Stream::Engine {
                take(entry.stream, &bytes, mark.bytes.saturating_sub(entry.end()));
            }
        }
    }
    logs::compare(log, digest, &crate::audit::hex(&hash.finalize())).map_err(fault)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::{AgentReport, Ending, Millis, StepEnd, Usage};
    use crate::logs::{LogWriter, Record};

    /// Keeps what it hears.
    #[derive(Default)]
    struct Heard(Vec<u8>);

    impl TurnReader for Heard {
        fn push(&mut self, _stream: Stream, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }

        fn finish(self: Box<Self>, _end: &StepEnd, _ended: Option<Millis>) -> AgentReport {
            let detail = String::from_utf8_lossy(&self.0).into_owned();
            AgentReport::new(Ending::Finished, detail, Usage::default())
        }
    }

    #[test]
    fn a_log_that_was_changed_after_the_step_proves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("a.log");
        let mut writer = LogWriter::open(&log).unwrap();
        let bytes: &[u8] = b"1 failed\n";
        writer.append(Record { seq: 1, time_ms: 1, stream: Stream::Stdout, bytes }).unwrap();
        writer.note(2, "[dogwatch: a remark]\n").unwrap();
        writer.sync().unwrap();
        let digest = writer.digest();
        drop(writer);
        assert_eq!(program_output(&log, &digest, 100).unwrap(), bytes);
        let read = hand_over(&log, &digest, Box::<Heard>::default()).unwrap();
        assert_eq!(read.finish(&StepEnd::Stopped, None).detail, "1 failed\n");
        std::fs::write(&log, b"0 failed\n[dogwatch: a remark]\n").unwrap();
        let refused = program_output(&log, &digest, 100).unwrap_err();
        assert!(refused.0.contains("proves nothing"), "{refused}");
        assert!(hand_over(&log, &digest, Box::<Heard>::default()).is_err());
        std::fs::remove_file(&log).unwrap();
        assert!(program_output(&log, &digest, 100).is_err());
        assert_eq!(program_output(&log, "", 100).unwrap(), b"");
    }
}
