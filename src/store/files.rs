//! Small files that must be whole and private: written beside, synced, renamed, and the directory synced.

use rustix::fs::{Mode, OFlags, openat, renameat};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The longest small file that is read.
const LIMIT: u64 = 4096;

/// Makes a directory, and those above it, for the owner only. One that is there stays as it is.
pub(crate) fn private_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Opens a file for reading and writing, made with 0600 where it is missing and narrowed to that where it is not.
/// A link in its place is refused.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)?;
    narrow(&file)?;
    Ok(file)
}

/// Takes from everybody else what they may do with a file.
fn narrow(file: &File) -> io::Result<()> {
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

/// A directory by what it is and not by its path: what is put into it stays with it where it is moved away, and never comes into one
/// that has its path since.
#[derive(Debug)]
pub(crate) struct Directory(File);

impl Directory {
    /// The one that a file of this path lies in.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        File::open(directory_of(path)).map(Self)
    }

    /// Puts under a name what `bytes` makes for the new file, so that a crash leaves the old content or the new one, never a part.
    pub(crate) fn replace(&self, name: &OsStr, bytes: impl FnOnce(&File) -> io::Result<Vec<u8>>) -> io::Result<()> {
        let mut beside = name.to_owned();
        beside.push(".new");
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.0, &beside, flags, Mode::RUSR | Mode::WUSR)?);
        narrow(&file)?;
        file.set_len(0)?;
        let bytes = bytes(&file)?;
        file.write_all(&bytes)?;
        file.sync_data()?;
        renameat(&self.0, &beside, &self.0, name)?;
        self.0.sync_all()
    }
}

/// Puts `bytes` at `path` so that a crash leaves the old content or the new one, never a part.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Directory::of(path)?.replace(name, |_| Ok(bytes.to_owned()))
}

/// Makes a rename or creation in the directory of `path` durable.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(directory_of(path))?.sync_all()
}

/// The directory that a file lies in.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether nothing but a file can be found at `path`: a file, or nothing at all. Links count as something else.
pub(crate) fn is_place_for_file(path: &Path) -> bool {
    fs::symlink_metadata(path).map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |found| found.is_file())
}

/// Reads a small file; `None` when there is none. More than 4096 bytes are not read, and nothing of what is no file: a pipe
/// would keep its reader waiting for ever.
pub(crate) fn read_small(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
