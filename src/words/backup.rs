//! How backups are told.

use super::ago;
use crate::domain::Millis;
use crate::protocol::BackupStatus;
use crate::safe;
use crate::text::SafeText;

/// The newest one in a sentence.
pub fn newest(status: &BackupStatus, now: Millis) -> SafeText {
    match (&status.newest, status.holds) {
        (Some(name), Some(holds)) => {
            safe!("the newest backup holds everything until {} ago: {}", ago(holds, now), name)
        }
        _ if status.wanted => safe!("there is no backup of the database yet"),
        _ => safe!("there is no backup of the database, and [backup] says that the engine makes none"),
    }
}
