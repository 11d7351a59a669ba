//! Copying commits from one repository on this machine to another, in this process.
//!
//! The library's own way for local paths takes every reference of the other side and gives up at the first one that leads
//! nowhere, which ordinary clones have. Here the caller says which objects are wanted; a pack is made of what the other
//! side lacks and put beside its packs, or, where it is small, handed over as single objects. No hook runs, and nothing that a
//! configuration names.

use super::loose;
use git2::{ErrorCode, ObjectType, Odb, OdbLookupFlags, Oid, PackBuilder, Repository};
use std::collections::HashSet;

/// Makes these objects, and everything that they need, known to `to`. Gives how many objects were written.
///
/// An error with the code `NotFound` says that `from` itself lacks something of it.
pub(super) fn copy(from: &Repository, to: &Repository, wanted: &[Oid]) -> Result<usize, git2::Error> {
    let tips = tips(to)?;
    let wanted: Vec<Oid> = wanted.iter().copied().filter(|id| !tips.contains(id)).collect();
    if wanted.is_empty() {
        return Ok(0);
    }
    let common = common(from, to, &tips)?;
    match send(from, to, &wanted, &common) {
        // What is common may be a remnant without its history, left behind by a clean-up of the other repository.
        Err(error) if error.code() == ErrorCode::NotFound && !common.is_empty() => send(from, to, &wanted, &[]),
        done => done,
    }
}

/// What the references of a repository name, as far as it is there.
fn tips(repository: &Repository) -> Result<HashSet<Oid>, git2::Error> {
    let odb = repository.odb()?;
    // A reference that leads nowhere names nothing.
    let named = repository.references()?.filter_map(|one| one.ok()?.resolve().ok()?.target());
    Ok(named.filter(|id| exists(&odb, *id)).collect())
}

/// The newest commits of `to` that `from` has as well: what lies behind them need not be copied.
fn common(from: &Repository, to: &Repository, tips: &HashSet<Oid>) -> Result<Vec<Oid>, git2::Error> {
    let odb = from.odb()?;
    let mut found = Vec::new();
    let mut waiting = Vec::new();
    let mut seen = HashSet::new();
    for tip in tips {
        // A tag may name a file or a tree, which have no history.
        if let Ok(commit) = to.find_object(*tip, None)?.peel_to_commit()
            && seen.insert(commit.id())
        {
            waiting.push(commit.id());
        }
    }
    while let Some(id) = waiting.pop() {
        if exists(&odb, id) {
            found.push(id);
        } else {
            waiting.extend(to.find_commit(id)?.parent_ids().filter(|parent| seen.insert(*parent)));
        }
    }
    Ok(found)
}

fn send(from: &Repository, to: &Repository, wanted: &[Oid], common: &[Oid]) -> Result<usize, git2::Error> {
    let (mut pack, commits) = gather(from, wanted, common)?;
    let (count, packs) = (pack.object_count(), to.commondir().join("objects/pack"));
    if count > 0 {
        let few = count < loose::FEW && loose::welcome(to);
        // Somebody else's directories may be in the way of single objects, as after a `sudo git`; a pack needs none of them.
        if few && loose::put(&mut pack, to).is_err() {
            // What was packed once is not packed again by the same builder.
            pack = gather(from, wanted, common)?.0;
            pack.write(&packs, 0)?;
        } else if !few {
            pack.write(&packs, 0)?;
        }
        to.odb()?.refresh()?;
    }
    whole(to, &commits, common)?;
    Ok(count)
}

/// A pack, not yet written, of what is wanted without what is common, and the commits that are wanted.
fn gather<'a>(
    from: &'a Repository,
    wanted: &[Oid],
    common: &[Oid],
) -> Result<(PackBuilder<'a>, Vec<Oid>), git2::Error> {
    let mut pack = from.packbuilder()?;
    pack.set_threads(0);
    let mut walk = from.revwalk()?;
    let mut commits = Vec::new();
    for id in wanted {
        let mut object = from.find_object(*id, None)?;
        while let Some(tag) = object.as_tag() {
            pack.insert_object(tag.id(), None)?;
            object = tag.target()?;
        }
        if object.kind() == Some(ObjectType::Commit) {
            walk.push(object.id())?;
            commits.push(object.id());
        } else {
            pack.insert_recursive(object.id(), None)?;
        }
    }
    for id in common {
        walk.hide(*id)?;
    }
    pack.insert_walk(&mut walk)?;
    Ok((pack, commits))
}

/// Whether the history of the commits is all there. The other side's may have been cut off by means that its own walk
/// obeys, such as grafts.
fn whole(repository: &Repository, commits: &[Oid], known: &[Oid]) -> Result<(), git2::Error> {
    let mut walk = repository.revwalk()?;
    commits.iter().try_for_each(|id| walk.push(*id))?;
    known.iter().try_for_each(|id| walk.hide(*id))?;
    walk.try_for_each(|id| id.map(drop))
}

/// Whether an object is there. What another program has just written need not be seen.
fn exists(odb: &Odb<'_>, id: Oid) -> bool {
    odb.exists_ext(id, OdbLookupFlags::NO_REFRESH)
}
