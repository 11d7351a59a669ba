//! What is mounted at a place or beneath it, by the kernel's account, and taking that away.

use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// The kernel's list (proc(5)).
const LIST: &str = "/proc/self/mountinfo";
/// Only what lies on such a device can be ours.
const LOOP: &str = "/dev/loop";

/// Whether one of ours is mounted at a place.
pub(super) fn at(place: &Path) -> io::Result<bool> {
    let place = real(place)?;
    Ok(ours()?.contains(&place))
}

/// Unmounts all of ours at a place and beneath it, the last one first. One that somebody still looks into goes when they do.
pub(super) fn release(place: &Path) -> io::Result<()> {
    let place = real(place)?;
    for point in ours()?.iter().rev().filter(|point| point.starts_with(&place)) {
        let unmounted = match unmount(point, UnmountFlags::NOFOLLOW) {
            Err(Errno::BUSY) => unmount(point, UnmountFlags::NOFOLLOW | UnmountFlags::DETACH),
            other => other,
        };
        match unmounted {
            // Somebody was quicker.
            Ok(()) | Err(Errno::INVAL | Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The place by the names that the kernel has for it. It need not be there.
fn real(place: &Path) -> io::Result<PathBuf> {
    let (Some(parent), Some(name)) = (place.parent(), place.file_name()) else { return Ok(place.to_owned()) };
    match fs::canonicalize(parent) {
        Ok(parent) => Ok(parent.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(place.to_owned()),
        Err(error) => Err(error),
    }
}

/// Where loop devices are mounted, in the order in which that was done.
fn ours() -> io::Result<Vec<PathBuf>> {
    Ok(parse(&fs::read(LIST)?))
}

fn parse(list: &[u8]) -> Vec<PathBuf> {
    list.split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
            let end = words.iter().position(|word| *word == b"-")?;
            let on_loop = words.get(end + 2)?.starts_with(LOOP.as_bytes());
            on_loop.then(|| words.get(4)).flatten().map(|point| plain(point))
        })
        .collect()
}

/// Blanks, line ends and backslashes stand there as three octal digits.
fn plain(word: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, after)) = rest.split_first() {
        let code = after.first_chunk::<3>().and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 8).ok()
        });
        if let Some(byte) = code.filter(|_| *first == b'\\') {
            bytes.push(byte);
            rest = after.get(3..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_list_is_read() {
        let list = b"24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
                     90 24 7:0 / /state/a\\040b\\134 rw,nosuid,nodev shared:9 master:2 - ext4 /dev/loop0 rw\n\
                     91 24 7:1 / /state/r1 rw - ext4 /dev/loop1 rw\nodd\n";
        assert_eq!(parse(list), [PathBuf::from("/state/a b\\"), PathBuf::from("/state/r1")]);
    }
}
