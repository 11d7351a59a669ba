//! A small pack, handed over as single objects.
//!
//! A pack for every small result would leave a repository with as many packs as it has had results, and whoever reads there
//! opens them all. Git itself keeps few objects that it receives as single ones (`receive.unpackLimit`), in the way that is
//! taken here, too: they are written in a directory of their own, brought to the disk, and then renamed into place, so that
//! no loss of power leaves an empty file under an object's name.

use super::repo::sync;
use git2::{ObjectType, Odb, Oid, PackBuilder, Repository};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// From this many objects on they are one pack, as `receive.unpackLimit` says where it says nothing.
pub(super) const FEW: usize = 100;

/// What git's own clean-up (`git prune`) takes for a remnant of ours if we die in the middle.
const PREFIX: &str = "tmp_objdir-dogwatch-";

/// Whether single objects may be put there. They are in directories that their writer makes and owns: in a repository of
/// somebody else, or of a group, those could be in the way of the others' objects.
pub(super) fn welcome(to: &Repository) -> bool {
    let owned = |found: fs::Metadata| found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0;
    fs::metadata(to.commondir().join("objects")).is_ok_and(owned)
}

/// Puts the objects of a pack that was not written yet into a repository.
pub(super) fn put(pack: &mut PackBuilder<'_>, to: &Repository) -> Result<(), git2::Error> {
    let objects = to.commondir().join("objects");
    let staging = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&objects).map_err(fault)?;
    let (packed, single) = (staging.path().join("packed"), staging.path().join("single"));
    fs::create_dir_all(packed.join("pack")).map_err(fault)?;
    pack.write(&packed.join("pack"), 0)?;
    let from = Odb::new()?;
    from.add_disk_alternate(
        packed.to_str().ok_or_else(|| git2::Error::from_str("the path of the repository is not UTF-8"))?,
    )?;
    let mut all = Vec::new();
    from.foreach(|id| {
        all.push(*id);
        true
    })?;
    let written = write(&from, &all, &single)?;
    sync(staging.path()).map_err(|error| git2::Error::from_str(&error.to_string()))?;
    // What needs others comes after them, so that nothing is ever there without what it needs.
    for kind in [ObjectType::Blob, ObjectType::Tree, ObjectType::Commit, ObjectType::Tag] {
        for (id, _) in written.iter().filter(|one| one.1 == kind) {
            place(&single.join("objects"), &objects, *id).map_err(fault)?;
        }
    }
    staging.close().map_err(fault)
}

/// Writes them as single objects below `dir`; with what each is.
fn write(from: &Odb<'_>, all: &[Oid], dir: &Path) -> Result<Vec<(Oid, ObjectType)>, git2::Error> {
    let single = Repository::init_bare(dir)?;
    let odb = single.odb()?;
    let mut written = Vec::with_capacity(all.len());
    for id in all {
        let object = from.read(*id)?;
        odb.write(object.kind(), object.data())?;
        written.push((*id, object.kind()));
    }
    Ok(written)
}

/// Moves one object; one that is there already is replaced by the same bytes.
fn place(from: &Path, to: &Path, id: Oid) -> io::Result<()> {
    let name = id.to_string();
    let (dir, file) = name.split_at(2);
    match fs::create_dir(to.join(dir)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::rename(from.join(dir).join(file), to.join(dir).join(file))
}

#[allow(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn fault(error: io::Error) -> git2::Error {
    git2::Error::from_str(&format!("single objects could not be put there ({error})"))
}
