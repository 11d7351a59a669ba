//! Giving the terminal back, from wherever the program ends.

use crossterm::QueueableCommand;
use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture};
use crossterm::terminal::{EndSynchronizedUpdate, LeaveAlternateScreen};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// From now on it has to be given back.
pub(super) fn taken() {
    TAKEN.store(true, Ordering::Release);
}

/// Gives the terminal back as it was, if it is ours; safe to call from a panic, and again.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::AcqRel) {
        return;
    }
    // A terminal that is gone needs nothing.
    let _gone = say_goodbye();
    let _gone = crossterm::terminal::disable_raw_mode();
}

fn say_goodbye() -> io::Result<()> {
    let mut bytes = Vec::new();
    bytes.queue(EndSynchronizedUpdate)?.queue(DisableMouseCapture)?.queue(DisableBracketedPaste)?;
    bytes.queue(LeaveAlternateScreen)?.queue(Show)?;
    let mut out = super::terminal()?;
    if takes_bytes(&out) { out.write_all(&bytes) } else { Ok(()) }
}

/// Whether the terminal takes bytes within half a second; one that does not must not hold up the end.
fn takes_bytes(out: &File) -> bool {
    let mut fds = [PollFd::new(out, PollFlags::OUT)];
    let patience = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };
    poll(&mut fds, Some(&patience)).is_ok_and(|ready| ready > 0)
}
