//! Git repositories inside a work tree, judged by their plain files and never opened as repositories.

use super::beneath::{names, open_dir, open_file};
use rustix::fs::{FileType, fstat};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Names in one directory of a `.git` that are looked at.
const NAMES: usize = 1_000;
/// Longest configuration that is read.
const CONFIG: u64 = 64 << 10;
/// What a configuration may say without making git run anything or look elsewhere.
const HARMLESS: [&str; 13] = [
    "core.repositoryformatversion",
    "core.filemode",
    "core.bare",
    "core.logallrefupdates",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.symlinks",
    "core.autocrlf",
    "user.name",
    "user.email",
    "init.defaultbranch",
    "branch.remote",
    "branch.merge",
];

/// What git takes for a repository without a `.git`: it obeys the configuration in such a directory. In any case, since
/// some file systems do not tell.
pub(super) fn is_repository(names: &[&[u8]]) -> bool {
    let has = |wanted: &[u8]| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    has(b"HEAD") && ((has(b"objects") && has(b"refs")) || has(b"commondir"))
}

/// Whether an entry of such a directory decides what git runs.
pub(super) fn steers(name: &[u8]) -> bool {
    [b"config".as_slice(), b"config.worktree", b"commondir", b"hooks", b"info"]
        .iter()
        .any(|wanted| name.eq_ignore_ascii_case(wanted))
}

/// Whether the `.git` of this name is what `git init` makes: no hooks that run, and a configuration that names no program
/// and no other place. In doubt it is not.
pub(super) fn is_fresh(parent: BorrowedFd<'_>, name: &[u8]) -> bool {
    name == b".git" && open_dir(parent, name).is_ok_and(|git| fresh(&git).unwrap_or(false))
}

fn fresh(git: &OwnedFd) -> Option<bool> {
    let found = listed(git)?;
    let known = |name: &[u8]| found.iter().any(|other| other.eq_ignore_ascii_case(name));
    let elsewhere = [b"commondir".as_slice(), b"config.worktree", b"gitdir", b"modules", b"worktrees"];
    if elsewhere.iter().any(|name| known(name)) {
        return Some(false);
    }
    if known(b"hooks") {
        let hooks = listed(&open_dir(git, b"hooks").ok()?)?;
        if !hooks.iter().all(|name| name.ends_with(b".sample")) {
            return Some(false);
        }
    }
    if known(b"info") && listed(&open_dir(git, b"info").ok()?)?.iter().any(|name| name != b"exclude" && name != b"refs")
    {
        return Some(false);
    }
    if !known(b"config") {
        return Some(true);
    }
    let file = open_file(git.as_fd(), b"config").ok()?;
    if FileType::from_raw_mode(fstat(&file).ok()?.st_mode) != FileType::RegularFile {
        return None;
    }
    let mut text = Vec::new();
    File::from(file).take(CONFIG + 1).read_to_end(&mut text).ok()?;
    Some(text.len() as u64 <= CONFIG && is_harmless(std::str::from_utf8(&text).ok()?))
}

/// All names in a directory, or nothing where there are too many.
fn listed(directory: &OwnedFd) -> Option<Vec<Vec<u8>>> {
    names(directory, NAMES).ok().filter(|(_, more)| !more).map(|(found, _)| found)
}

/// Whether a configuration says nothing but what is known to be harmless, in the plain form in which git writes it.
fn is_harmless(text: &str) -> bool {
    let mut section = String::new();
    text.lines().map(str::trim).all(|line| {
        if line.is_empty() || line.starts_with(['#', ';']) {
            return !line.ends_with('\\');
        }
        if let Some(head) = line.strip_prefix('[') {
            let Some(head) = head.strip_suffix(']') else { return false };
            section = head.split([' ', '"', '.']).next().unwrap_or_default().to_ascii_lowercase();
            return !head.contains([']', '\\']);
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let key = format!("{section}.{}", key.trim().to_ascii_lowercase());
        !value.contains(['\\', '!']) && HARMLESS.contains(&key.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::{is_harmless, is_repository};

    #[test]
    fn only_known_configuration_is_harmless() {
        assert!(is_harmless("[core]\n\trepositoryformatversion = 0\n\tbare = false\n[user]\n\tname = A\n# x\n"));
        for text in [
            "[core]\n\tfsmonitor = touch x\n",
            "[core] fsmonitor = x\n",
            "[core]\n\tbare = \\\n fsmonitor = x\n",
            "[include]\n\tpath = x\n",
            "[alias]\n\tstatus = !x\n",
            "[core]\n\tworktree = ..\n",
        ] {
            assert!(!is_harmless(text), "{text}");
        }
    }

    #[test]
    fn a_repository_is_known_by_its_parts() {
        let of = |names: &[&str]| is_repository(&names.iter().map(|name| name.as_bytes()).collect::<Vec<_>>());
        assert!(
            of(&["HEAD", "objects", "refs"]) && of(&["head", "Objects", "REFS", "x"]) && of(&["HEAD", "commondir"])
        );
        assert!(!of(&["HEAD", "objects"]) && !of(&["objects", "refs"]) && !of(&[]));
    }
}
