//! Rights in a repository of others: what is made there has those that git itself would give it.
//!
//! A repository may be shared (`core.sharedRepository`, or an object directory that its group may write in): then its owner and
//! the group have to be able to read, move and remove whatever lies in it. The mask of new files is one of the whole process, and
//! whoever starts an engine may have set a narrow one. So the work is done on a thread with a mask of its own: what the library
//! makes has its rights from the beginning, and nothing is changed afterwards. A unit with `RestrictSUIDSGID` would refuse that
//! for directories that hand their group on.

use git2::{ErrorCode, Repository};
use rustix::fs::Mode;
use rustix::process::umask;
use rustix::thread::{UnshareFlags, unshare_unsafe};
use std::io;
use std::os::unix::fs::MetadataExt;

/// What a shared repository lets its group do, and everybody: directories are passed through by whoever may read in them.
const GROUP: u32 = 0o070;
const EVERYBODY: u32 = 0o075;

/// Rights of what is made in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// As whatever else this process makes.
    Usual,
    /// These beside the usual ones.
    More(u32),
    /// These for files, whatever is usual.
    These(u32),
}

impl Rights {
    /// Those that a repository's own configuration asks for, or else its object directory.
    pub(super) fn of(repository: &Repository) -> Result<Self, git2::Error> {
        let said = match repository.config()?.snapshot()?.get_string("core.sharedrepository") {
            Ok(text) => Self::said(&text),
            Err(error) if error.code() == ErrorCode::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(said.unwrap_or_else(|| {
            let objects = std::fs::metadata(repository.commondir().join("objects"));
            let open = objects.is_ok_and(|seen| seen.mode() & 0o020 != 0);
            if open { Self::More(GROUP) } else { Self::Usual }
        }))
    }

    /// What git reads in a value of `core.sharedRepository`; nothing where it leaves rights to the mask.
    fn said(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "" | "group" | "true" | "yes" | "on" => Some(Self::More(GROUP)),
            "all" | "world" | "everybody" => Some(Self::More(EVERYBODY)),
            number => match u32::from_str_radix(number, 8).ok()? {
                0 => None,
                1 => Some(Self::More(GROUP)),
                2 => Some(Self::More(EVERYBODY)),
                // Git refuses to work where its own user may not read and write.
                rights if rights & 0o600 == 0o600 => Some(Self::These(rights & 0o666)),
                _ => None,
            },
        }
    }

    /// The mask that gives them.
    fn mask(self, usual: u32) -> u32 {
        match self {
            Self::Usual => usual,
            Self::More(rights) => usual & !rights,
            Self::These(rights) => 0o777 & !(rights | (rights & 0o444) >> 2),
        }
    }

    /// Does a job whose new files have these rights.
    pub(super) fn give<T: Send>(self, job: impl FnOnce() -> T + Send) -> io::Result<T> {
        if self == Self::Usual {
            return Ok(job());
        }
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("rights".to_owned()).spawn_scoped(scope, || {
                if let Err(error) = own_mask(|usual| self.mask(usual)) {
                    // Some sandboxes of engines forbid it; the mask of the whole process is left alone then.
                    tracing::warn!(%error, "files in a shared repository get the rights that this engine's mask leaves them");
                }
                job()
            })?;
            Ok(thread.join().unwrap_or_else(|failed| std::panic::resume_unwind(failed)))
        })
    }
}

/// Gives this thread, and those that it starts from now on, a mask of their own, made from the one that they had.
#[expect(unsafe_code, reason = "other flags of the call could close files that are in use; this one touches none")]
pub(super) fn own_mask(change: impl FnOnce(u32) -> u32) -> io::Result<()> {
    // SAFETY: only the root, the working directory and the mask of this thread are its own after that; no memory and no
    // descriptor changes.
    unsafe { unshare_unsafe(UnshareFlags::FS)? };
    // It can be read only by setting it, which nobody else sees any more.
    let usual = umask(Mode::empty()).bits();
    umask(Mode::from_bits_truncate(change(usual)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{EVERYBODY, GROUP, Rights};

    #[test]
    fn what_git_reads_in_its_configuration_is_read_here() {
        for text in ["group", "true", "1", "", "GROUP", "0001"] {
            assert_eq!(Rights::said(text), Some(Rights::More(GROUP)), "{text}");
        }
        for text in ["all", "world", "everybody", "2"] {
            assert_eq!(Rights::said(text), Some(Rights::More(EVERYBODY)), "{text}");
        }
        for text in ["umask", "false", "0", "no", "0400", "what"] {
            assert_eq!(Rights::said(text), None, "{text}");
        }
        assert_eq!(Rights::said("0640"), Some(Rights::These(0o640)));
    }

    #[test]
    fn a_mask_leaves_what_is_asked_for() {
        assert_eq!(Rights::More(GROUP).mask(0o077), 0o007);
        assert_eq!(Rights::More(GROUP).mask(0o022), 0o002);
        assert_eq!(Rights::More(EVERYBODY).mask(0o077), 0o002);
        assert_eq!(Rights::These(0o640).mask(0o022), 0o027);
        assert_eq!(Rights::Usual.mask(0o027), 0o027);
    }
}
