//! A commit in which files of a sort are as another commit has them: whoever judges a result is not told how by its author.

use super::beneath::MAX_DEPTH;
use super::error::WorkspaceError;
use super::names::{join, shown};
use super::read::EntryKind;
use super::repo::{Repo, commit_id, tree_of};
use git2::{ObjectType, Oid, Repository, Signature, Time, Tree};
use std::collections::BTreeMap;

/// The mode of a directory.
const DIRECTORY: i32 = 0o040_000;

/// The entries of a directory under way, by name: mode and object.
type Entries = BTreeMap<Vec<u8>, (i32, Oid)>;

impl Repo {
    /// A commit with the files of `head`, but for those that `pick` chooses by path: they are as in `base`, and links among them
    /// are left out. It is `head` itself where nothing is to be changed, and else always the same for the same commits.
    pub fn with_base(&self, head: &str, base: &str, pick: impl Fn(&str) -> bool) -> Result<String, WorkspaceError> {
        let repository = self.open_git()?;
        let (now, before) = (tree_of(&repository, head)?, tree_of(&repository, base)?);
        let made = mixed(&repository, Some(&now), Some(&before), &[], &pick)?;
        let git = || WorkspaceError::git("writing the tree to be judged");
        let made = made.map_or_else(|| write(&repository, &Entries::new()), Ok)?;
        if made == now.id() {
            return Ok(head.to_owned());
        }
        let signature = Signature::new("dogwatch", "dogwatch@localhost", &Time::new(0, 0)).map_err(git())?;
        let parent = repository.find_commit(commit_id(&repository, head)?).map_err(git())?;
        let tree = repository.find_tree(made).map_err(git())?;
        let message = "The result, with the instructions to agents of its base";
        let text = repository.commit_create_buffer(&signature, &signature, message, &tree, &[&parent]).map_err(git())?;
        let odb = repository.odb().map_err(git())?;
        Ok(odb.write(ObjectType::Commit, &text).map_err(git())?.to_string())
    }
}

/// The tree of one directory; nothing where nothing is left in it.
fn mixed(
    bare: &Repository,
    now: Option<&Tree<'_>>,
    before: Option<&Tree<'_>>,
    directory: &[u8],
    pick: &impl Fn(&str) -> bool,
) -> Result<Option<Oid>, WorkspaceError> {
    let depth = directory.split(|byte| *byte == b'/').count();
    if depth > MAX_DEPTH {
        return Err(WorkspaceError::TooLarge { what: shown(directory), limit: format!("{MAX_DEPTH} levels") });
    }
    let find = |id| bare.find_tree(id).map_err(WorkspaceError::git(format!("reading {}", shown(directory))));
    let mut entries = Entries::new();
    for entry in now.into_iter().flat_map(Tree::iter) {
        let path = join(directory, entry.name_bytes());
        if entry.filemode_raw() & 0o170_000 == DIRECTORY {
            let inner = find(entry.id())?;
            let other = before.and_then(|tree| tree.get_name_bytes(entry.name_bytes()));
            let other = other.filter(|other| other.filemode_raw() & 0o170_000 == DIRECTORY);
            let other = other.map(|other| find(other.id())).transpose()?;
            if let Some(made) = mixed(bare, Some(&inner), other.as_ref(), &path, pick)? {
                entries.insert(entry.name_bytes().to_vec(), (DIRECTORY, made));
            }
        } else if !pick(&shown(&path)) {
            entries.insert(entry.name_bytes().to_vec(), (entry.filemode_raw(), entry.id()));
        }
    }
    for entry in before.into_iter().flat_map(Tree::iter) {
        if entries.contains_key(entry.name_bytes()) {
            continue;
        }
        let path = join(directory, entry.name_bytes());
        if entry.filemode_raw() & 0o170_000 == DIRECTORY {
            if let Some(made) = mixed(bare, None, Some(&find(entry.id())?), &path, pick)? {
                entries.insert(entry.name_bytes().to_vec(), (DIRECTORY, made));
            }
        } else if matches!(EntryKind::of(entry.filemode_raw()), EntryKind::File | EntryKind::Executable)
            && pick(&shown(&path))
        {
            entries.insert(entry.name_bytes().to_vec(), (entry.filemode_raw(), entry.id()));
        }
    }
    if entries.is_empty() { Ok(None) } else { write(bare, &entries).map(Some) }
}

/// Writes a tree object. Git orders directories as if a slash ended their names.
fn write(bare: &Repository, entries: &Entries) -> Result<Oid, WorkspaceError> {
    let mut ordered: Vec<_> = entries.iter().collect();
    ordered.sort_by_key(
        |(name, (mode, _))| {
            if *mode == DIRECTORY { [name.as_slice(), b"/"].concat() } else { (*name).clone() }
        },
    );
    let mut bytes = Vec::new();
    for (name, (mode, id)) in ordered {
        bytes.extend_from_slice(format!("{mode:o} ").as_bytes());
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(id.as_bytes());
    }
    let odb = bare.odb().map_err(WorkspaceError::git("opening the object store"))?;
    odb.write(ObjectType::Tree, &bytes).map_err(WorkspaceError::git("writing a tree"))
}
