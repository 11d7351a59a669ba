//! Reads one pipe of the program, to its end or until it is given up.

use super::wire::MAX_OUTPUT;
use rustix::event::{PollFd, PollFlags, poll};
use std::os::fd::OwnedFd;

/// Returns at the end of the pipe, or when `given_up` is readable and the pipe holds nothing.
pub(crate) fn read(pipe: &OwnedFd, given_up: &OwnedFd, mut take: impl FnMut(&[u8])) {
    let mut buffer = vec![0; MAX_OUTPUT];
    loop {
        let mut waited = [PollFd::new(pipe, PollFlags::IN), PollFd::new(given_up, PollFlags::IN)];
        match poll(&mut waited, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        }
        let [pipe_ready, end_ready] = waited.map(|fd| !fd.revents().is_empty());
        if !pipe_ready {
            if end_ready {
                return;
            }
            continue;
        }
        match rustix::io::read(pipe, buffer.as_mut_slice()) {
            Ok(0) => return,
            Ok(count) => take(buffer.get(..count).unwrap_or(&[])),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(_) => return,
        }
    }
}
