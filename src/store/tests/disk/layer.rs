//! A layer between `SQLite` and the system's files (a VFS). It is the default one of the test process from the first disk
//! on; files of stores that no disk was put under are handed to the system's layer at once and never seen again here.
//!
//! The system's own file object lies behind ours in the memory that `SQLite` gives for a file: each call is counted,
//! failed or remembered, and handed on to it.

#![expect(unsafe_code, reason = "SQLite's interface to files is one of C")]

use super::{Disk, Fault, File, Op};
use rusqlite::ffi;
use std::collections::HashMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

static DISKS: Mutex<Option<HashMap<PathBuf, Arc<Disk>>>> = Mutex::new(None);
static SYSTEM: OnceLock<System> = OnceLock::new();

/// The layer that was the default one before.
struct System(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite itself uses a layer from all threads.
unsafe impl Send for System {}
// SAFETY: as above.
unsafe impl Sync for System {}

/// One open file. What the system knows of it lies right behind.
#[repr(C)]
struct Shim {
    base: ffi::sqlite3_file,
    /// From `Arc::into_raw`; given back when the file is closed.
    disk: *const Disk,
    file: c_int,
}

const DATABASE: c_int = 0;
const LOG: c_int = 1;

fn disks() -> MutexGuard<'static, Option<HashMap<PathBuf, Arc<Disk>>>> {
    DISKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a disk under the database at this path.
pub(super) fn place(database: &Path, disk: Arc<Disk>) {
    SYSTEM.get_or_init(register);
    disks().get_or_insert_default().insert(database.to_owned(), disk);
}

/// Takes it away again; files that are open keep it.
pub(super) fn forget(database: &Path) {
    if let Some(disks) = disks().as_mut() {
        disks.remove(database);
    }
}

fn register() -> System {
    // SAFETY: SQLite gives its default layer, which lives as long as the process; ours is leaked, so it does too.
    unsafe {
        assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
        let system = ffi::sqlite3_vfs_find(std::ptr::null());
        assert!(!system.is_null());
        let mut ours = *system;
        ours.pNext = std::ptr::null_mut();
        ours.zName = c"dogwatch-test-disk".as_ptr();
        ours.szOsFile += c_int::try_from(size_of::<Shim>()).unwrap();
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        assert_eq!(ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1), ffi::SQLITE_OK);
        System(system)
    }
}

fn system() -> *mut ffi::sqlite3_vfs {
    SYSTEM.get().unwrap().0
}

/// The disk that a file belongs to.
fn find(name: *const c_char, ending: &str) -> Option<Arc<Disk>> {
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite ends names with a zero.
    let name = unsafe { CStr::from_ptr(name) };
    let database = name.to_bytes().strip_suffix(ending.as_bytes())?;
    disks().as_ref()?.get(Path::new(OsStr::from_bytes(database))).map(Arc::clone)
}

/// The disk, the file and the system's object of an open file.
///
/// # Safety
/// `file` must come from [`open`].
unsafe fn parts<'a>(file: *mut ffi::sqlite3_file) -> (&'a Disk, File, *mut ffi::sqlite3_file) {
    let shim = file.cast::<Shim>();
    // SAFETY: `open` has filled in the shim, and what follows it is the system's.
    unsafe {
        let which = if (*shim).file == LOG { File::Log } else { File::Database };
        (&*(*shim).disk, which, shim.add(1).cast())
    }
}

/// Calls a method of the system's object.
macro_rules! system {
    ($inner:expr, $method:ident $(, $argument:expr)*) => {
        // SAFETY: the object was opened by the system's layer, whose methods are all there.
        unsafe { (*(*$inner).pMethods).$method.unwrap()($inner $(, $argument)*) }
    };
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let (kind, ending) = if flags & ffi::SQLITE_OPEN_WAL != 0 { (LOG, "-wal") } else { (DATABASE, "") };
    let ours = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_DB) != 0;
    let disk = if ours { find(name, ending) } else { None };
    // SAFETY: SQLite gives as much memory as the layer asked for: a shim and the system's object.
    unsafe {
        let open = (*system()).xOpen.unwrap();
        let Some(disk) = disk else { return open(system(), name, file, flags, out) };
        let shim = file.cast::<Shim>();
        (*shim).base.pMethods = std::ptr::null();
        let result = open(system(), name, shim.add(1).cast(), flags, out);
        if result == ffi::SQLITE_OK {
            (*shim).disk = Arc::into_raw(disk);
            (*shim).file = kind;
            (*shim).base.pMethods = &raw const METHODS;
        }
        result
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: handed on as it came.
    let result = unsafe { (*system()).xDelete.unwrap()(system(), name, sync) };
    if result == ffi::SQLITE_OK
        && let Some(disk) = find(name, "-wal")
    {
        disk.note(|| Op::Removed);
    }
    result
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: opened by `open`, closed once.
    let (disk, _, inner) = unsafe { parts(file) };
    let result = system!(inner, xClose);
    // SAFETY: the pointer came from `Arc::into_raw`, and nobody uses the file any more.
    drop(unsafe { Arc::from_raw(std::ptr::from_ref(disk)) });
    result
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, data: *const c_void, count: c_int, at: i64) -> c_int {
    // SAFETY: an open file and `count` bytes.
    let (disk, which, inner) = unsafe { parts(file) };
    let length = usize::try_from(count).unwrap();
    // SAFETY: as above.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length) };
    let verdict = disk.verdict(false);
    let written = if verdict.is_some() { count / 2 } else { count };
    let result = system!(inner, xWrite, data, written, at);
    if result != ffi::SQLITE_OK {
        return result;
    }
    let start = usize::try_from(at).unwrap();
    disk.note(|| Op::Write { file: which, at: start, bytes: bytes[..usize::try_from(written).unwrap()].to_owned() });
    match verdict {
        None => ffi::SQLITE_OK,
        Some(Fault::Full) => ffi::SQLITE_FULL,
        Some(fault) => {
            let number = if fault == Fault::Quota { libc::EDQUOT } else { libc::EIO };
            // SAFETY: the place belongs to this thread. The system's layer, asked for the last error, looks there.
            unsafe { *libc::__errno_location() = number };
            ffi::SQLITE_IOERR_WRITE
        }
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: an open file.
    let (disk, which, inner) = unsafe { parts(file) };
    if disk.verdict(false).is_some() {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    let result = system!(inner, xTruncate, size);
    if result == ffi::SQLITE_OK {
        disk.note(|| Op::Truncate { file: which, to: usize::try_from(size).unwrap() });
    }
    result
}

/// The system's sync is left out: these tests take power away by their own account of what was synced.
unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let (disk, which, _) = unsafe { parts(file) };
    if disk.verdict(true).is_some() {
        disk.note(|| Op::FailedSync { file: which });
        return ffi::SQLITE_IOERR_FSYNC;
    }
    disk.note(|| Op::Sync { file: which });
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open file.
    let (disk, _, inner) = unsafe { parts(file) };
    if extend != 0 && disk.verdict(false).is_some() {
        return ffi::SQLITE_IOERR_SHMSIZE;
    }
    system!(inner, xShmMap, region, size, extend, out)
}

/// Methods that hand on what they are given.
macro_rules! hand_on {
    ($($name:ident = $method:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $type)*) -> $result {
            // SAFETY: an open file.
            let (_, _, inner) = unsafe { parts(file) };
            system!(inner, $method $(, $argument)*)
        })*
    };
}

hand_on! {
    read = xRead(data: *mut c_void, count: c_int, at: i64) -> c_int;
    file_size = xFileSize(size: *mut i64) -> c_int;
    lock = xLock(level: c_int) -> c_int;
    unlock = xUnlock(level: c_int) -> c_int;
    is_reserved = xCheckReservedLock(out: *mut c_int) -> c_int;
    file_control = xFileControl(op: c_int, argument: *mut c_void) -> c_int;
    sector_size = xSectorSize() -> c_int;
    characteristics = xDeviceCharacteristics() -> c_int;
    shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier = xShmBarrier() -> ();
    shm_unmap = xShmUnmap(delete: c_int) -> c_int;
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
