//! A terminal that is gone ends the console. Its hang-up signal may be ignored (as under nohup), and whoever reads from it
//! meets an end that never ends; so the kernel is asked for the hang-up itself.

use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use tokio::sync::mpsc;

/// Sends once when the terminal on standard input hangs up.
pub(super) fn watch() -> io::Result<mpsc::Receiver<()>> {
    let (tell, told) = mpsc::channel(1);
    std::thread::Builder::new().name("hang-up".to_owned()).spawn(move || {
        let input = io::stdin();
        loop {
            // Hang-ups are told without being asked for; nothing else wakes this thread.
            let mut fds = [PollFd::new(&input, PollFlags::empty())];
            if poll(&mut fds, None) != Err(rustix::io::Errno::INTR) {
                break;
            }
        }
        // Nobody listens any more where the console has ended.
        let _ended = tell.blocking_send(());
    })?;
    Ok(told)
}
