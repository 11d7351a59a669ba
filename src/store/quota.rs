//! Whether a write failed for a quota. `SQLite` has no code of its own for that, and its crate no call to ask.

use rusqlite::{Connection, ffi};

/// Whether the last error of the system that a connection met is a quota that is used up.
#[expect(unsafe_code, reason = "rusqlite has no safe call for the system's number of an error")]
pub(super) fn is_used_up(conn: &Connection) -> bool {
    // SAFETY: the handle is valid as long as the connection is borrowed, and the call only reads a number from it.
    let number = unsafe { ffi::sqlite3_system_errno(conn.handle()) };
    number == rustix::io::Errno::DQUOT.raw_os_error()
}
