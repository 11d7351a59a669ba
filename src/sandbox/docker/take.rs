//! Takes a directory out of a container that has ended: its programs were free to put anything there, so what comes is read
//! within bounds and beneath one directory.

use super::link::{Failure, Link};
use crate::sandbox::SandboxError;
use crate::workspace::{Bounds, Unpacked, unpack};
use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use futures_util::StreamExt as _;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Chunks under way.
const QUEUE: usize = 16;
/// Docker gives something within this time, or nothing more.
const SILENCE: Duration = Duration::from_mins(2);

/// Puts what is in `inside` of the container into `to` instead of what is there. A container that is gone, or has no such
/// directory, leaves it as it is.
pub(super) async fn take(
    link: &Link,
    container: &str,
    inside: &str,
    to: &Path,
    bounds: Bounds,
) -> Result<Unpacked, SandboxError> {
    let what = format!("to give back {inside} of a container");
    let docker = link.client().map_err(|failure| failure.into_error(&what))?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let target = to.to_owned();
    let reader = Chunks { receiver, current: VecDeque::new() };
    let unpacking = tokio::task::spawn_blocking(move || unpack(reader, &target, bounds));
    let options = DownloadFromContainerOptionsBuilder::default().path(inside).build();
    let mut stream = std::pin::pin!(docker.download_from_container(container, Some(options)));
    let mut failed = None;
    loop {
        let chunk = match timeout(SILENCE, stream.next()).await {
            Ok(Some(Ok(chunk))) => Ok(chunk.to_vec()),
            Ok(Some(Err(error))) => {
                failed = Some(link.failure(&error));
                Err(io::Error::other("the stream broke"))
            }
            Ok(None) => break,
            Err(_) => {
                let words = format!("Docker gives nothing of {inside} within {} s", SILENCE.as_secs());
                failed = Some(Failure::Unreachable(words));
                Err(io::Error::other("the stream broke"))
            }
        };
        let broken = chunk.is_err();
        // Nobody reads on where there is too much of it, or nowhere to put it.
        if sender.send(chunk).await.is_err() || broken {
            break;
        }
    }
    drop(sender);
    let unpacked = unpacking.await.map_err(io::Error::other).flatten();
    match (failed, unpacked) {
        (Some(Failure::Absent(_)), _) => Ok(Unpacked::Whole),
        (Some(Failure::Refused(why)), _) if is_half_removed(&why) => Ok(Unpacked::Whole),
        (Some(failure), _) => Err(failure.into_error(&what)),
        (None, Ok(unpacked)) => Ok(unpacked),
        (None, Err(error)) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            Err(SandboxError::DiskFull(format!("{}: {error}", to.display())))
        }
        // An archive that ends early was cut off on its way.
        (None, Err(error)) => Err(SandboxError::Unreachable(format!("{inside} did not come back whole: {error}"))),
    }
}

/// Whether Docker says that a container which it is just removing has lost its files already: it answers so, with a server's error, until
/// it knows nothing of it any more.
fn is_half_removed(why: &str) -> bool {
    why.starts_with("RWLayer of container") && why.contains("is unexpectedly nil")
}

/// Hands the chunks to a reader on another thread.
struct Chunks {
    receiver: mpsc::Receiver<io::Result<Vec<u8>>>,
    current: VecDeque<u8>,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.receiver.blocking_recv() {
                Some(chunk) => self.current = chunk?.into(),
                None => return Ok(0),
            }
        }
        self.current.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::is_half_removed;

    #[test]
    fn a_container_that_is_being_removed_is_told_from_other_trouble() {
        let words =
            "RWLayer of container 844595c3ff1eedc9becba677a1f1f74cca19c23c1ea7e4ad0b290d594ab5e11c is unexpectedly nil";
        assert!(is_half_removed(words));
        assert!(!is_half_removed("error creating temporary lease: read-only file system"));
    }
}
