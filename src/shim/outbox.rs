//! What the shim has to say and the engine has not acknowledged: first the spool (older), then a small window in memory
//! (newer). Whoever adds waits when both are full, so that the program waits too and nothing is lost.

use super::now_ms;
use super::secret::Secret;
use super::spool::Spool;
use super::wire::{Exit, Frame, Stream};
use rustix::event::{EventfdFlags, eventfd};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many bytes of frames wait in memory.
const WINDOW: usize = 1024 * 1024;
/// What a frame costs in memory besides its bytes.
const OVERHEAD: usize = 64;
/// How much is handed to the link at once.
const BATCH: usize = 256 * 1024;
/// How long a connected engine may acknowledge nothing before the spool is used.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many answers wait for the link.
const ANSWERS: usize = 64;

/// Shared by those who read the program's output and the link to the engine.
pub(crate) struct Outbox {
    inner: Mutex<Inner>,
    changed: Condvar,
    wake: OwnedFd,
}

struct Inner {
    spool: Spool,
    window: VecDeque<(u64, Vec<u8>)>,
    window_bytes: usize,
    last_seq: u64,
    acknowledged: u64,
    connected: bool,
    progress: Instant,
    closing: bool,
    /// Answers to the engine that is connected; they have no number, and whoever misses one asks again.
    answers: VecDeque<Vec<u8>>,
}

impl Outbox {
    pub fn open(spool: &Path, secret: Secret) -> io::Result<Self> {
        Ok(Self {
            inner: Mutex::new(Inner {
                spool: Spool::open(spool, secret)?,
                window: VecDeque::new(),
                window_bytes: 0,
                last_seq: 0,
                acknowledged: 0,
                connected: false,
                progress: Instant::now(),
                closing: false,
                answers: VecDeque::new(),
            }),
            changed: Condvar::new(),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    /// Adds output; waits for room.
    pub fn output(&self, stream: Stream, bytes: &[u8]) {
        self.push(|seq| Frame::Output { seq, time_ms: now_ms(), stream, bytes: bytes.to_vec() });
    }

    /// Adds the last word and returns its number.
    pub fn exit(&self, exit: &Exit) -> u64 {
        self.close();
        self.push(|seq| Frame::Exit { seq, time_ms: now_ms(), exit: exit.clone() })
    }

    /// From now on the room kept for the end may be used: what comes is bounded, since nobody is left to write more.
    pub fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }

    fn push(&self, frame: impl FnOnce(u64) -> Frame) -> u64 {
        let mut inner = self.lock();
        while inner.window_bytes >= WINDOW {
            let idle = inner.progress.elapsed();
            if inner.connected && idle < PATIENCE {
                inner = self.wait(inner, PATIENCE.saturating_sub(idle));
            } else if inner.spill().is_err() || inner.window_bytes >= WINDOW {
                // The disk is full, or the spool has come to its limit: the program waits.
                inner = self.wait(inner, PATIENCE);
            }
        }
        let seq = inner.last_seq.saturating_add(1);
        let bytes = frame(seq).encode();
        if inner.window.is_empty() {
            inner.progress = Instant::now();
        }
        inner.window_bytes += bytes.len() + OVERHEAD;
        inner.window.push_back((seq, bytes));
        inner.last_seq = seq;
        drop(inner);
        self.signal();
        seq
    }

    /// Adds an answer for the connected engine; without one it is dropped.
    pub fn answer(&self, frame: &Frame) {
        let mut inner = self.lock();
        if inner.connected && inner.answers.len() < ANSWERS {
            inner.answers.push_back(frame.encode());
        }
        drop(inner);
        self.signal();
    }

    /// The next answer, ready for the channel.
    pub fn next_answer(&self) -> Option<Vec<u8>> {
        self.lock().answers.pop_front()
    }

    /// What comes after `after`, ready for the channel, with the last number in it.
    pub fn next(&self, after: u64) -> Option<(Vec<u8>, u64)> {
        let mut inner = self.lock();
        let first = inner.spool.first().or_else(|| inner.window.front().map(|(seq, _)| *seq))?;
        if first > after.saturating_add(1) {
            // The engine asks for what it had acknowledged: its log was destroyed.
            let lost = Frame::Lost { from: after.saturating_add(1), to: first - 1, time_ms: now_ms() };
            return Some((lost.encode(), first - 1));
        }
        if let Some(batch) = inner.spool.next(after) {
            return Some(batch);
        }
        let mut wire = Vec::new();
        let mut last = after;
        let skip = inner.window.partition_point(|(seq, _)| *seq <= after);
        for (seq, bytes) in inner.window.iter().skip(skip) {
            if !wire.is_empty() && wire.len() + bytes.len() > BATCH {
                break;
            }
            wire.extend_from_slice(bytes);
            last = *seq;
        }
        (last > after).then_some((wire, last))
    }

    /// The engine has everything up to `seq` on disk.
    pub fn acknowledged(&self, seq: u64) {
        let mut inner = self.lock();
        let seq = seq.min(inner.last_seq);
        if seq > inner.acknowledged {
            inner.acknowledged = seq;
            inner.progress = Instant::now();
        }
        inner.spool.acknowledged(seq);
        while inner.window.front().is_some_and(|(first, _)| *first <= seq) {
            if let Some((_, bytes)) = inner.window.pop_front() {
                inner.window_bytes = inner.window_bytes.saturating_sub(bytes.len() + OVERHEAD);
            }
        }
        drop(inner);
        self.changed.notify_all();
    }

    /// Whether the engine has everything up to `seq`.
    pub fn has_acknowledged(&self, seq: u64) -> bool {
        self.lock().acknowledged >= seq
    }

    pub fn set_connected(&self, connected: bool) {
        let mut inner = self.lock();
        inner.connected = connected;
        inner.answers.clear();
        inner.progress = Instant::now();
        drop(inner);
        self.changed.notify_all();
    }

    pub fn connected(&self) -> bool {
        self.lock().connected
    }

    /// Moves the window to the spool, as far as there is room, so that a kill from outside destroys less.
    pub fn spill(&self) -> io::Result<()> {
        let spilled = self.lock().spill();
        self.changed.notify_all();
        spilled
    }

    /// Moves everything to the spool and waits for the disk.
    pub fn leave(&self) -> io::Result<()> {
        let mut inner = self.lock();
        inner.closing = true;
        inner.spill()?;
        inner.spool.sync()
    }

    /// Becomes readable when there is something new to send.
    pub fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    fn signal(&self) {
        // The counter of an event descriptor can only be full, and then it is readable as wanted.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, inner: MutexGuard<'a, Inner>, time: Duration) -> MutexGuard<'a, Inner> {
        self.changed.wait_timeout(inner, time).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Inner {
    fn spill(&mut self) -> io::Result<()> {
        while let Some((seq, bytes)) = self.window.front() {
            if !self.spool.has_room(bytes.len(), self.closing) {
                break;
            }
            self.spool.append(*seq, *seq, bytes)?;
            self.window_bytes = self.window_bytes.saturating_sub(bytes.len() + OVERHEAD);
            self.window.pop_front();
        }
        Ok(())
    }
}
