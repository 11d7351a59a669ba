//! What a client writes, as long as it is the client itself that writes it. The kernel says with each message which user wrote it; a
//! connection that was handed to somebody else ends with the first byte of theirs.

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, Interest, ReadBuf};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;

/// The reading half of a client's connection.
#[derive(Debug)]
pub(super) struct Intake {
    half: OwnedReadHalf,
    uid: u32,
}

impl Intake {
    /// Takes what the user `uid` writes, for whom the connection was made.
    pub fn of(half: OwnedReadHalf, uid: u32) -> Self {
        Self { half, uid }
    }

    pub fn stream(&self) -> &UnixStream {
        self.half.as_ref()
    }
}

impl AsyncRead for Intake {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = self.stream();
        loop {
            ready!(stream.poll_read_ready(cx))?;
            let read =
                stream.try_io(Interest::READABLE, || receive(stream.as_fd(), into.initialize_unfilled(), self.uid));
            match read {
                Ok(count) => {
                    into.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// Messages of different writers never come as one. Descriptors that are sent along are not taken.
fn receive(socket: BorrowedFd<'_>, into: &mut [u8], uid: u32) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let count = recvmsg(socket, &mut [IoSliceMut::new(into)], &mut control, flags)?.bytes;
    let writer = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmCredentials(writer) => Some(writer.uid.as_raw()),
        _ => None,
    });
    match writer {
        _ if count == 0 => Ok(0),
        Some(writer) if writer == uid => Ok(count),
        Some(writer) => Err(refused(format!(
            "this connection was made by user {uid}, and user {writer} wrote on it: nobody decides in another one's name"
        ))),
        None => Err(refused(format!("the kernel does not say who wrote on this connection of user {uid}"))),
    }
}

fn refused(words: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}
