//! Two options of a Unix socket for which no crate here has a call.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Most groups that a user can have on Linux.
const MOST_GROUPS: usize = 65_536;

/// The groups of whoever connected, beside the effective one.
pub(super) fn peer_groups(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let mut groups = vec![0_u32; 64];
    loop {
        match option(socket, libc::SO_PEERGROUPS, &mut groups) {
            Ok(length) => {
                groups.truncate(length);
                return Ok(groups);
            }
            Err(error) if error.raw_os_error() == Some(libc::ERANGE) && groups.len() < MOST_GROUPS => {
                groups.resize(groups.len() * 4, 0);
            }
            Err(error) => return Err(error),
        }
    }
}

/// A handle of the process that connected.
#[expect(unsafe_code, reason = "a descriptor that the kernel made has no owner yet")]
pub(super) fn peer_process(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut made: [RawFd; 1] = [-1];
    option(socket, libc::SO_PEERPIDFD, &mut made)?;
    let [made] = made;
    if made < 0 {
        return Err(io::Error::other("no handle was made"));
    }
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(made) })
}

/// Reads an option that is a list of numbers; gives how many there are.
#[expect(unsafe_code, reason = "rustix has no call for these options")]
fn option<T: Copy>(socket: BorrowedFd<'_>, name: libc::c_int, into: &mut [T]) -> io::Result<usize> {
    let mut length = libc::socklen_t::try_from(size_of_val(into)).map_err(io::Error::other)?;
    // SAFETY: the descriptor is borrowed, so it is open; the kernel writes at most `length` bytes into the slice, which has that many,
    // and any bytes are valid numbers.
    let answer = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, name, into.as_mut_ptr().cast(), &raw mut length)
    };
    if answer != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(length as usize / size_of::<T>())
}
