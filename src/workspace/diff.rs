//! Differences between commits as patches, within bounds: comparing costs a hundred bytes of memory a line, and agents choose
//! what is compared. What is too large for that is named in the patch and not compared.

use super::error::WorkspaceError;
use super::names::shown;
use super::repo::{Repo, tree_of};
use git2::{Diff, DiffDelta, DiffFile, DiffFindOptions, DiffOptions, FileMode, Odb, Patch, Repository};

/// Longest patch that is made.
const MAX_PATCH: usize = 64 << 20;
/// Files of more bytes are not compared.
const MAX_FILE: usize = 2 << 20;
/// Files of more lines are not compared.
const MAX_LINES: usize = 200_000;
/// Bytes on both sides that are compared for one patch, and read to find renames.
const MAX_COMPARED: usize = 64 << 20;
/// Files that came and went among which renames with changes are looked for; among more, only the same bytes are found.
const MAX_RENAMED: usize = 2_000;

impl Repo {
    /// The difference between two commits as a unified patch, renames found. `git apply` takes it, binary contents included,
    /// unless it names a file that was too large to be compared. The bytes are the project's and hostile to a terminal.
    pub fn diff(&self, from: &str, to: &str) -> Result<Vec<u8>, WorkspaceError> {
        let printed = self.printed(from, to, MAX_PATCH, true)?;
        if printed.full {
            let limit = format!("{} MiB", MAX_PATCH >> 20);
            return Err(WorkspaceError::TooLarge { what: "the patch".into(), limit });
        }
        Ok(printed.patch)
    }

    /// The beginning of that patch for reading, about so many bytes, and whether it is all there is to say.
    pub fn beginning_of_diff(&self, from: &str, to: &str, most: usize) -> Result<(Vec<u8>, bool), WorkspaceError> {
        let Printed { mut patch, full, left_out } = self.printed(from, to, most, false)?;
        patch.truncate(most);
        Ok((patch, !full && left_out.is_none()))
    }

    /// A run's result as a patch against its base, for `git apply`: all of it, or an error.
    pub fn patch(&self, base: &str, commit: &str) -> Result<Vec<u8>, WorkspaceError> {
        let printed = self.printed(base, commit, MAX_PATCH, true)?;
        let left_out = printed.left_out.map(|(path, why)| format!("{path} ({why})"));
        match left_out.or_else(|| printed.full.then(|| format!("more than {} MiB", MAX_PATCH >> 20))) {
            None => Ok(printed.patch),
            Some(what) => Err(WorkspaceError::Unsupported {
                path: what,
                reason: "this is too much for a patch: take the result as a branch instead".into(),
            }),
        }
    }

    fn printed(&self, from: &str, to: &str, most: usize, binary: bool) -> Result<Printed, WorkspaceError> {
        let bare = self.open_git()?;
        let odb = bare.odb().map_err(WorkspaceError::git("opening the object store"))?;
        let compared = Compared::new(&bare, &odb, from, to, binary)?;
        let what = || WorkspaceError::git("making the patch");
        let mut printed = Printed::default();
        let mut bytes = 0;
        for (at, delta) in compared.diff.deltas().enumerate() {
            let why = too_much(&bare, &odb, &delta, &mut bytes).map_err(what())?;
            let diff = if why.is_some() { &compared.names } else { &compared.diff };
            if let Some(mut patch) = Patch::from_diff(diff, at).map_err(what())? {
                printed.add(&mut patch, why.as_deref(), most).map_err(what())?;
            }
            if let Some(why) = why
                && printed.left_out.is_none()
            {
                let path = delta.new_file().path_bytes().unwrap_or_default();
                printed.left_out = Some((shown(path), why));
            }
            if printed.full {
                break;
            }
        }
        Ok(printed)
    }
}

/// A patch under way.
#[derive(Default)]
struct Printed {
    patch: Vec<u8>,
    /// Whether it would be longer than it may be.
    full: bool,
    /// The first file that was not compared, and why.
    left_out: Option<(String, String)>,
}

impl Printed {
    /// Adds one file's part; `why` stands where its lines would.
    fn add(&mut self, part: &mut Patch<'_>, why: Option<&str>, most: usize) -> Result<(), git2::Error> {
        let Self { patch, full, .. } = self;
        let done = part.print(&mut |_, _, line| {
            match (line.origin(), why) {
                ('+' | '-' | ' ', _) => {
                    patch.push(line.origin() as u8);
                    patch.extend_from_slice(line.content());
                }
                ('B', Some(why)) => patch.extend_from_slice(format!("{why}\n").as_bytes()),
                _ => patch.extend_from_slice(line.content()),
            }
            *full = patch.len() > most;
            !*full
        });
        if *full { Ok(()) } else { done }
    }
}

/// Two commits beside each other: as they are compared, and the same files in the same order with names alone.
struct Compared<'r> {
    diff: Diff<'r>,
    names: Diff<'r>,
}

impl<'r> Compared<'r> {
    fn new(bare: &'r Repository, odb: &Odb<'_>, from: &str, to: &str, binary: bool) -> Result<Self, WorkspaceError> {
        let (from, to) = (tree_of(bare, from)?, tree_of(bare, to)?);
        let compare = |binary, names| {
            let mut options = DiffOptions::new();
            options.show_binary(binary).force_binary(names).id_abbrev(40).include_typechange(false);
            bare.diff_tree_to_tree(Some(&from), Some(&to), Some(&mut options))
                .map_err(WorkspaceError::git("comparing two commits"))
        };
        let (mut diff, mut names) = (compare(binary, false)?, compare(false, true)?);
        let exact = !is_little(&diff, odb);
        for diff in [&mut diff, &mut names] {
            diff.find_similar(Some(DiffFindOptions::new().renames(true).exact_match_only(exact)))
                .map_err(WorkspaceError::git("finding renames"))?;
        }
        Ok(Self { diff, names })
    }
}

/// Whether what came and went is so little that all of it may be read to find renames.
fn is_little(diff: &Diff<'_>, odb: &Odb<'_>) -> bool {
    let mut bytes = 0;
    let moved = |delta: &DiffDelta<'_>| matches!(delta.status(), git2::Delta::Added | git2::Delta::Deleted);
    for (number, delta) in diff.deltas().filter(moved).enumerate() {
        for side in [delta.old_file(), delta.new_file()] {
            // An object that cannot be asked for its size is not read to find renames.
            let size = size(odb, &side).unwrap_or(usize::MAX);
            bytes = size.saturating_add(bytes);
            if size > MAX_FILE || bytes > MAX_COMPARED || number >= MAX_RENAMED {
                return false;
            }
        }
    }
    true
}

/// The bytes of one side of a change. Nothing that is not there, and no submodule, has any.
fn size(odb: &Odb<'_>, file: &DiffFile<'_>) -> Result<usize, git2::Error> {
    if file.id().is_zero() || !has_content(file) {
        return Ok(0);
    }
    odb.read_header(file.id()).map(|(size, _)| size)
}

fn has_content(file: &DiffFile<'_>) -> bool {
    file.exists() && file.mode() != FileMode::Commit
}

/// Why a file is not compared, if it is not. `bytes` counts what is compared; sizes are looked at before anything is loaded.
fn too_much(
    bare: &Repository,
    odb: &Odb<'_>,
    delta: &DiffDelta<'_>,
    bytes: &mut usize,
) -> Result<Option<String>, git2::Error> {
    let files = [delta.old_file(), delta.new_file()];
    if files[0].id() == files[1].id() {
        return Ok(None);
    }
    let sizes = [size(odb, &files[0])?, size(odb, &files[1])?];
    let largest = sizes[0].max(sizes[1]);
    if largest > MAX_FILE {
        return Ok(Some(format!("{largest} bytes, too large to compare")));
    }
    let both = sizes[0] + sizes[1];
    if *bytes + both > MAX_COMPARED {
        return Ok(Some(format!("{largest} bytes, not compared: too much differs")));
    }
    *bytes += both;
    for (side, size) in files.iter().zip(sizes) {
        if size > MAX_LINES {
            let lines = bare.find_blob(side.id())?.content().split_inclusive(|byte| *byte == b'\n').count();
            if lines > MAX_LINES {
                return Ok(Some(format!("{lines} lines, too many to compare")));
            }
        }
    }
    Ok(None)
}
