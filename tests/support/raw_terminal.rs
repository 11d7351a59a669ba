//! Any program in a terminal of its own, read by who measures it: no thread stands between a byte and the clock.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A program and its terminal of 120 columns and 36 rows. Dropping it ends the program.
pub struct RawTerminal {
    child: Child,
    master: File,
    screen: vt100::Parser,
    /// Bytes that came.
    pub count: u64,
    buffer: Vec<u8>,
}

impl RawTerminal {
    /// Starts a program; `command` is `setsid --ctty PROGRAM`, so that the terminal is its controlling one.
    pub fn start(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 36, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let terminal = || File::options().read(true).write(true).open(&slave).unwrap();
        command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
        let child = command.stdin(terminal()).stdout(terminal()).stderr(terminal()).spawn().unwrap();
        drop(command);
        let screen = vt100::Parser::new(NonZeroU16::new(36).unwrap(), NonZeroU16::new(120).unwrap(), 0);
        Self { child, master: master.into(), screen, count: 0, buffer: vec![0; 1 << 16] }
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads what comes next, if it comes in time; whether it did.
    pub fn read(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        let time = Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap(), tv_nsec: left.subsec_nanos().into() };
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        if poll(&mut fds, Some(&time)).unwrap() == 0 {
            return false;
        }
        // A terminal whose program ended answers with an error.
        let Ok(count @ 1..) = self.master.read(&mut self.buffer) else { return false };
        self.count += count as u64;
        self.screen.process(&self.buffer[..count]);
        true
    }

    /// What is on the screen.
    pub fn shown(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads for so long.
    pub fn watch(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.read(end);
        }
    }

    /// Reads until nothing has come for so long.
    pub fn settle(&mut self, quiet: Duration) {
        while self.read(Instant::now() + quiet) {}
    }

    /// Reads until the screen is as wished; whether it was in time.
    pub fn wait(&mut self, time: Duration, wished: impl Fn(&str) -> bool) -> bool {
        let end = Instant::now() + time;
        loop {
            if wished(&self.shown()) {
                return true;
            }
            if !self.read(end) && Instant::now() >= end {
                return false;
            }
        }
    }

    /// Types keys.
    pub fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // Fails only for one that has ended, which is what is wanted.
        let _ended = self.child.kill();
        self.child.wait().unwrap();
    }
}
