//! Part of a commit as a tar archive, for building images.

use super::beneath::path_shown;
use super::error::WorkspaceError;
use super::names::{is_safe, shown};
use super::read::{EntryKind, blob, each};
use super::repo::{Repo, tree_of};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use tar::{Builder, EntryType, Header};

/// Longest archive that is made.
const MAX_ARCHIVE: usize = 512 << 20;

impl Repo {
    /// A tar archive of a directory of a commit (the empty path is its top), paths relative to that directory. The same
    /// commit gives the same bytes: owner 0, time 0, order of the tree.
    pub fn archive(&self, commit: &str, directory: &str) -> Result<Vec<u8>, WorkspaceError> {
        let bare = self.open_git()?;
        let mut tree = tree_of(&bare, commit)?;
        let inner = directory.trim_matches('/');
        if !matches!(inner, "" | ".") {
            let path = Path::new(inner);
            let missing = || WorkspaceError::NotFound(format!("directory {} in commit {commit}", path_shown(path)));
            let id = tree.get_path(path).map_err(|_| missing())?.id();
            tree = bare.find_tree(id).map_err(|_| missing())?;
        }
        let mut builder = Builder::new(Vec::new());
        let mut total = 0usize;
        each(&bare, &tree, |path, kind, id| {
            let refuse = |reason: &str| WorkspaceError::Unsupported { path: shown(path), reason: reason.into() };
            if !path.split(|&b| b == b'/').all(is_safe) {
                return Err(refuse("this name is never written to a disk: remove it from the project"));
            }
            if kind == EntryKind::Submodule {
                return Err(refuse("submodules are not supported: copy its content into the project"));
            }
            let content = blob(&bare, id, MAX_ARCHIVE, path)?;
            total = total.saturating_add(content.len()).saturating_add(path.len() + 2048);
            if total > MAX_ARCHIVE {
                let limit = format!("{} MiB", MAX_ARCHIVE >> 20);
                return Err(WorkspaceError::TooLarge { what: "the archive".into(), limit });
            }
            let mut header = Header::new_gnu();
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mode(if kind == EntryKind::Executable { 0o755 } else { 0o644 });
            let place = Path::new(OsStr::from_bytes(path));
            let written = if kind == EntryKind::Link {
                header.set_entry_type(EntryType::Symlink);
                header.set_size(0);
                header.set_mode(0o777);
                builder.append_link(&mut header, place, OsStr::from_bytes(&content))
            } else {
                header.set_entry_type(EntryType::Regular);
                header.set_size(content.len() as u64);
                builder.append_data(&mut header, place, content.as_slice())
            };
            written.map_err(|error| WorkspaceError::io(shown(path), error))
        })?;
        builder.into_inner().map_err(|error| WorkspaceError::io("the archive", error))
    }
}
