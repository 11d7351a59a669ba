//! The program's standard input where it stays open: first what lies in its file, then what the engine gives, each piece whole,
//! in order, and at most once whatever is repeated. A program that does not read makes nobody wait but this file's thread.
//!
//! The input is closed when the program says by a line of its output that it is done ([`super::ends`]), has read all that it was
//! given, and says nothing more for a moment: it then has nothing left but to end. That the engine is not asked means that a
//! program comes to its end also while no engine lives.

use super::now_ms;
use super::outbox::Outbox;
use super::wire::{Fate, Frame};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a program that is done must have been quiet.
const QUIET: Duration = Duration::from_millis(500);
/// How often it is looked at whether one that is done has read everything.
const LOOK: Duration = Duration::from_millis(100);
/// How many pieces wait to be written; the engine gives one after the other.
const WAITING: usize = 8;
/// How many pieces one program is given in all.
const MOST: usize = 10_000;

/// What is to be written, and what became of what was.
pub(crate) struct Input {
    inner: Mutex<Inner>,
    wake: OwnedFd,
    outbox: Arc<Outbox>,
}

struct Inner {
    waiting: VecDeque<(u64, Vec<u8>)>,
    /// Every number that was ever taken; those without a fate wait.
    taken: BTreeMap<u64, Option<(Fate, i64)>>,
    /// Since when the program has been done and quiet.
    done: Option<Instant>,
    /// Nothing more is written.
    closed: bool,
}

/// Something that is being written.
struct Piece {
    number: Option<u64>,
    bytes: Vec<u8>,
    place: usize,
}

impl Input {
    /// One that waits for its program.
    pub fn new(outbox: Arc<Outbox>) -> io::Result<Self> {
        let inner = Inner { waiting: VecDeque::new(), taken: BTreeMap::new(), done: None, closed: false };
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { inner: Mutex::new(inner), wake, outbox })
    }

    /// Takes a piece of the engine's, or says what became of it if it was taken before.
    pub fn take(&self, number: u64, bytes: Vec<u8>) {
        let mut inner = self.lock();
        match inner.taken.get(&number) {
            Some(Some((fate, at))) => self.tell(number, *fate, *at),
            // It is answered once it is written.
            Some(None) => {}
            None if inner.closed || inner.waiting.len() >= WAITING || inner.taken.len() >= MOST => {
                let at = now_ms();
                if inner.taken.len() < MOST {
                    inner.taken.insert(number, Some((Fate::Refused, at)));
                }
                self.tell(number, Fate::Refused, at);
            }
            None => {
                inner.taken.insert(number, None);
                inner.waiting.push_back((number, bytes));
                self.stir();
            }
        }
    }

    /// The program wrote: whether that ended in its word of being done.
    pub fn note(&self, done: bool) {
        self.lock().done = done.then(Instant::now);
        if done {
            self.stir();
        }
    }

    /// Nothing more is to be written: there is no program (any more), or its input is not kept open.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        while let Some((number, _)) = inner.waiting.pop_front() {
            self.settle(&mut inner, number, Fate::Refused);
        }
        drop(inner);
        self.stir();
    }

    /// Writes to the program until the input is closed, by the program or otherwise. `first` goes before everything.
    pub fn write(&self, pipe: &OwnedFd, first: Vec<u8>) {
        let mut piece = Some(Piece { number: None, bytes: first, place: 0 });
        while let Ok(open) = self.go_on(pipe, &mut piece)
            && open
        {}
        if let Some(Piece { number: Some(number), place, .. }) = piece {
            let fate = if place > 0 { Fate::Cut } else { Fate::Refused };
            self.settle(&mut self.lock(), number, fate);
        }
        self.close();
    }

    /// One step of it; whether the input is still open.
    fn go_on(&self, pipe: &OwnedFd, piece: &mut Option<Piece>) -> io::Result<bool> {
        if let Some(Piece { number, bytes, place }) = piece
            && *place == bytes.len()
        {
            let number = *number;
            *piece = None;
            let mut inner = self.lock();
            // Whoever is told something has more to do.
            inner.done = inner.done.map(|_| Instant::now());
            if let Some(number) = number {
                self.settle(&mut inner, number, Fate::Written);
            }
        }
        let (closed, rest) = {
            let mut inner = self.lock();
            if piece.is_none() {
                let next = inner.waiting.pop_front();
                *piece = next.map(|(number, bytes)| Piece { number: Some(number), bytes, place: 0 });
            }
            (inner.closed, inner.done.map(|since| QUIET.saturating_sub(since.elapsed())))
        };
        let read_all = piece.is_none() && ioctl_fionread(pipe).unwrap_or(0) == 0;
        if closed || (read_all && rest.is_some_and(|rest| rest.is_zero())) {
            return Ok(false);
        }
        let interest = if piece.is_some() { PollFlags::OUT } else { PollFlags::empty() };
        let mut watched = [PollFd::new(&self.wake, PollFlags::IN), PollFd::new(pipe, interest)];
        let time = rest.map(|rest| if read_all { rest } else { LOOK });
        let time = time.map(|time| Timespec { tv_sec: 0, tv_nsec: i64::from(time.subsec_nanos()) });
        match poll(&mut watched, time.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [woken, writable] = watched.map(|fd| fd.revents());
        if !woken.is_empty() {
            let mut counter = [0; 8];
            // It was readable; should another have emptied it, there is nothing to do.
            let _ = rustix::io::read(&self.wake, &mut counter);
        }
        if writable.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) {
            return Ok(false);
        }
        if let (true, Some(piece)) = (writable.contains(PollFlags::OUT), piece) {
            match rustix::io::write(pipe, piece.bytes.get(piece.place..).unwrap_or_default()) {
                Ok(count) => piece.place += count,
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn settle(&self, inner: &mut Inner, number: u64, fate: Fate) {
        let at = now_ms();
        inner.taken.insert(number, Some((fate, at)));
        self.tell(number, fate, at);
    }

    fn tell(&self, number: u64, fate: Fate, time_ms: i64) {
        self.outbox.answer(&Frame::Heard { number, time_ms, fate });
    }

    fn stir(&self) {
        // The counter of an event descriptor can only be full, and then it is readable as wanted.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the thread that writes.
pub(crate) fn start(input: &Arc<Input>, pipe: OwnedFd, first: Vec<u8>) -> io::Result<()> {
    ioctl_fionbio(&pipe, true)?;
    let input = Arc::clone(input);
    let write = move || input.write(&pipe, first);
    std::thread::Builder::new().name("input".to_owned()).stack_size(super::STACK).spawn(write)?;
    Ok(())
}

#[cfg(test)]
mod tests;
