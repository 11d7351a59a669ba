//! Small files that must be whole and private: written beside, synced, renamed, and the directory synced.

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
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(mode & 0o700))?;
    }
    Ok(file)
}

/// Puts `bytes` at `path` so that a crash leaves the old content or the new one, never a part.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file = private_file(&beside)?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&beside, path)?;
    sync_dir(path)
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
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
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
