//! Where users and groups are looked up.

use super::files;
use std::path::{Path, PathBuf};

/// Where `getent` may lie. Nothing else is ever started in its place, whatever `PATH` says.
const GETENT: [&str; 3] = ["/usr/bin/getent", "/bin/getent", "/run/current-system/sw/bin/getent"];

/// The program and the files that know users and groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    pub(super) getent: Option<PathBuf>,
    pub(super) passwd: PathBuf,
    pub(super) group: PathBuf,
}

impl Sources {
    /// Those of this machine.
    pub fn system() -> Self {
        let getent = GETENT.map(Path::new).into_iter().find(|path| path.is_file()).map(Path::to_owned);
        Self { getent, passwd: "/etc/passwd".into(), group: "/etc/group".into() }
    }

    pub(super) fn group_in_files(&self, gid: u32) -> Option<String> {
        files::groups(&files::read(&self.group)).into_iter().find(|group| group.gid == gid).map(|group| group.name)
    }

    pub(super) fn name_in_files(&self, uid: u32) -> Option<String> {
        files::users(&files::read(&self.passwd)).into_iter().find(|user| user.uid == uid).map(|user| user.name)
    }
}
