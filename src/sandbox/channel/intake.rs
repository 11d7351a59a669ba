//! Takes frames of the proven shim to disk. Blocking work; called off the asynchronous threads.

use super::state::{self, Cause, Saved};
use super::{ChannelError, Exit};
use crate::logs::{LogError, LogWriter, Record};
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
        self.lock().log.last_seq()
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
                self.log.append(Record { seq, time_ms, stream, bytes: &bytes }).map_err(failed)?;
            }
            Frame::Lost { from, to, time_ms } => {
                self.expect(from)?;
                self.log.lost(to, time_ms).map_err(failed)?;
                self.saved.damaged = true;
                state::save(&self.path, &self.saved)?;
            }
            Frame::Exit { seq, exit, .. } => {
                self.expect(seq)?;
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
        let due = self.log.last_seq().saturating_add(1);
        if seq > due {
            return Err(ChannelError::Gap(format!("the shim sent record {seq} where {due} was due")));
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<u64, ChannelError> {
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
