//! Takes frames of the proven shim to disk. Blocking work; called off the asynchronous threads.

use super::state::{self, Cause, LeftOut, Saved};
use super::{ChannelError, Exit};
use crate::logs::{LogError, LogWriter, Record};
use crate::sandbox::frozen;
use crate::shim::wire::Frame;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The log and what is known beside it, under one lock: whoever comes second finds what the first one wrote.
#[derive(Debug)]
pub(super) struct Intake {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    log: LogWriter,
    saved: Saved,
    path: PathBuf,
}

impl Intake {
    pub fn open(log: LogWriter) -> Result<Self, ChannelError> {
        let path = state::state_path(log.path());
        let saved = state::load(&path)?;
        Ok(Self { inner: Mutex::new(Inner { log, saved, path }) })
    }

    /// Takes frames in order and returns up to where everything is on disk. What is there already is passed over.
    pub fn take(&self, frames: Vec<Frame>) -> Result<u64, ChannelError> {
        let mut inner = self.lock();
        for frame in frames {
            inner.take(frame)?;
        }
        inner.settle()
    }

    /// Takes one frame without waiting for the disk.
    pub fn take_unsettled(&self, frame: Frame) -> Result<(), ChannelError> {
        self.lock().take(frame)
    }

    /// Up to where everything is on disk, the exit included.
    pub fn acknowledged(&self) -> u64 {
        self.lock().acknowledged()
    }

    /// The last number that was taken.
    pub fn last_seq(&self) -> u64 {
        self.lock().last_seq()
    }

    pub fn exit(&self) -> Option<Exit> {
        self.lock().saved.exit.as_ref().map(|(_, exit)| exit.clone())
    }

    pub fn damaged(&self) -> bool {
        self.lock().saved.damaged
    }

    pub fn intrusions(&self) -> u32 {
        self.lock().saved.intrusions
    }

    /// Keeps the count of intrusions for the next engine.
    pub fn save_intrusions(&self, count: u32) -> Result<(), ChannelError> {
        let mut inner = self.lock();
        if inner.saved.intrusions == count {
            return Ok(());
        }
        inner.saved.intrusions = count;
        state::save(&inner.path, &inner.saved)
    }

    /// Remembers that output was destroyed.
    pub fn save_damage(&self) -> Result<(), ChannelError> {
        let mut inner = self.lock();
        if inner.saved.damaged {
            return Ok(());
        }
        inner.saved.damaged = true;
        state::save(&inner.path, &inner.saved)
    }

    /// Why an engine began to stop the container.
    pub fn cause(&self) -> Option<Cause> {
        self.lock().saved.cause
    }

    /// Remembers why the container is being stopped; the first cause stays.
    pub fn save_cause(&self, cause: Cause) -> Result<(), ChannelError> {
        let mut inner = self.lock();
        if inner.saved.cause.is_some() {
            return Ok(());
        }
        // Known from now on, also where it cannot be written: this engine may still see the end itself.
        inner.saved.cause = Some(cause);
        state::save(&inner.path, &inner.saved)
    }

    /// Puts a remark of the engine into the log, once.
    pub fn remark(&self, time_ms: i64, text: &str) -> Result<(), ChannelError> {
        let mut inner = self.lock();
        if inner.saved.remarks.contains(text) {
            return Ok(());
        }
        inner.log.note(time_ms, text).and_then(|()| inner.log.sync()).map_err(failed)?;
        inner.saved.remarks.insert(text.to_owned());
        state::save(&inner.path, &inner.saved)
    }

    /// How many bytes came when the log was at its cap, if any did.
    pub fn left_out(&self) -> Option<u64> {
        self.lock().saved.left_out.map(|left| left.bytes)
    }

    pub fn with_log<T>(&self, act: impl FnOnce(&mut LogWriter) -> T) -> T {
        act(&mut self.lock().log)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock leaves at worst a record that was not counted, which the shim repeats.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn take(&mut self, frame: Frame) -> Result<(), ChannelError> {
        if self.saved.exit.is_some() {
            return Ok(());
        }
        match frame {
            Frame::Output { seq, time_ms, stream, bytes } => {
                if self.saved.left_out.is_none() && self.log.has_room(bytes.len()) {
                    self.log.append(Record { seq, time_ms, stream, bytes: &bytes }).map_err(failed)?;
                } else {
                    self.leave_out(seq, bytes.len())?;
                }
            }
            Frame::Lost { from, to, time_ms } => {
                self.expect(from)?;
                self.skip()?;
                self.log.lost(to, time_ms).map_err(failed)?;
                self.saved.damaged = true;
                state::save(&self.path, &self.saved)?;
            }
            Frame::Exit { seq, exit, .. } => {
                self.expect(seq)?;
                self.skip()?;
                // The log must be whole on disk before the end is known.
                self.log.sync().map_err(failed)?;
                let saved = Saved { exit: Some((seq, exit)), ..self.saved.clone() };
                state::save(&self.path, &saved)?;
                self.saved = saved;
            }
            _ => {}
        }
        Ok(())
    }

    fn expect(&self, seq: u64) -> Result<(), ChannelError> {
        let due = self.last_seq().saturating_add(1);
        if seq > due {
            return Err(ChannelError::Gap(format!("the shim sent record {seq} where {due} was due")));
        }
        Ok(())
    }

    /// The last number that was taken, left out or not.
    fn last_seq(&self) -> u64 {
        self.saved.left_out.map_or(0, |left| left.seq).max(self.log.last_seq())
    }

    /// Counts a piece of output that goes beyond the log's cap. Whatever comes after one that was left out is left out too.
    fn leave_out(&mut self, seq: u64, bytes: usize) -> Result<(), ChannelError> {
        if seq <= self.last_seq() {
            return Ok(());
        }
        self.expect(seq)?;
        let before = self.saved.left_out.map_or(0, |left| left.bytes);
        self.saved.left_out = Some(LeftOut { seq, bytes: before.saturating_add(bytes as u64) });
        Ok(())
    }

    /// Takes the numbers of what was left out into the log. The count is on disk before: a shim that repeats what was not
    /// acknowledged is not counted twice.
    fn skip(&mut self) -> Result<(), ChannelError> {
        match self.saved.left_out {
            Some(left) if left.seq > self.log.last_seq() => {
                state::save(&self.path, &self.saved)?;
                self.log.skip(left.seq, frozen::now().0).map_err(failed)
            }
            _ => Ok(()),
        }
    }

    fn settle(&mut self) -> Result<u64, ChannelError> {
        self.skip()?;
        self.log.sync().map_err(failed)?;
        Ok(self.acknowledged())
    }

    fn acknowledged(&self) -> u64 {
        self.saved.exit.as_ref().map_or(self.log.synced_seq(), |(seq, _)| *seq)
    }
}

pub(super) fn failed(error: LogError) -> ChannelError {
    match error {
        LogError::Gap { .. } => ChannelError::Gap(error.to_string()),
        other => ChannelError::Log(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::logs::{LogReader, Stream};

    const CAP: u64 = 4096;

    fn output(seq: u64, size: usize) -> Frame {
        Frame::Output { seq, time_ms: 1, stream: Stream::Stdout, bytes: vec![b'x'; size] }
    }

    fn open(dir: &std::path::Path) -> Intake {
        Intake::open(LogWriter::open(&dir.join("step.log")).unwrap().capped(CAP)).unwrap()
    }

    #[test]
    fn what_goes_beyond_the_cap_is_counted_once_whatever_is_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let intake = open(dir.path());
        assert_eq!(intake.take((1..=3).map(|seq| output(seq, 1000)).collect()).unwrap(), 3);
        assert_eq!(intake.left_out(), None);
        assert_eq!(intake.take(vec![output(4, 1000), output(5, 1), output(5, 1)]).unwrap(), 5);
        assert_eq!(intake.left_out(), Some(1001));
        // An engine that dies here has not acknowledged this one, and the shim sends it again to the next.
        intake.take_unsettled(output(6, 70)).unwrap();
        drop(intake);
        let intake = open(dir.path());
        assert_eq!((intake.acknowledged(), intake.left_out()), (5, Some(1001)));
        assert_eq!(intake.take(vec![output(4, 1000), output(5, 1), output(6, 70)]).unwrap(), 6);
        assert!(intake.take(vec![output(8, 1)]).is_err(), "a gap");
        intake.take(vec![Frame::Lost { from: 7, to: 9, time_ms: 1 }, output(10, 5)]).unwrap();
        let exit = Exit { how: crate::shim::wire::How::Exited { code: 0 }, stopped: false };
        assert_eq!(intake.take(vec![Frame::Exit { seq: 11, time_ms: 1, exit: exit.clone() }]).unwrap(), 11);
        assert_eq!((intake.left_out(), intake.exit()), (Some(1076), Some(exit)));
        let log = LogReader::open(&dir.path().join("step.log")).unwrap();
        assert_eq!(log.digest().unwrap(), intake.with_log(|log| log.digest()));
        let text = String::from_utf8(std::fs::read(dir.path().join("step.log")).unwrap()).unwrap();
        assert_eq!(
            text,
            "x".repeat(3000) + "[dogwatch: 3 pieces of output were destroyed before they could be saved]\n"
        );
    }

    #[test]
    fn a_program_that_writes_byte_by_byte_is_bounded_too() {
        let dir = tempfile::tempdir().unwrap();
        let intake = open(dir.path());
        intake.take((1..=1000).map(|seq| output(seq, 1)).collect()).unwrap();
        let took = intake.with_log(|log| log.watch().borrow().bytes);
        assert_eq!(intake.left_out(), Some(1000 - took));
        assert!(std::fs::metadata(dir.path().join("step.idx")).unwrap().len() < CAP + 100);
    }
}
