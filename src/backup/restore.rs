//! Puts a backup in the place of the present database.
//!
//! The order is what makes it safe. First everything new is written whole and checked, aside. Then the epoch outside the databases is
//! raised above both: from here on nothing that people agreed to in either is good for anything, whatever happens next. Then one rename
//! begins the exchange, which whoever opens the store next finishes (`store/switch`). So a loss of power leaves the present database or
//! the restored one, and both whole.

use super::blobs;
use super::look::beside;
use super::make::{has_room, remove};
use super::manifest::Manifest;
use super::{BackupError, DATABASE, check, io};
use crate::audit::{self, AuditEvent, Checkpoint, HeadFile};
use crate::domain::{Actor, Millis, RunId};
use crate::engine::end_unfinished;
use crate::store::switch::{ASIDE, CHECKPOINTS, NAME, PARTS, WHOLE};
use crate::store::{self, Copied, Counts, Hold, Options, Store, StoreError, Tx, examine, files};
use serde::Serialize;
use serde_json::json;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How far numbers go on above those that are known, for each epoch, where the present database cannot tell which it gave.
const GAP: i64 = 1000;
/// The event that tells of it.
const RESTORED: &str = "store.restored";

/// What the present database has that the backup has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// What it holds now.
    pub now: Counts,
    /// Whether it is a continuation of the backup; otherwise all of it is lost.
    pub continues: bool,
    /// Events, runs and decisions of people that are lost.
    pub events: u64,
    /// Runs.
    pub runs: u64,
    /// Answers and votes.
    pub decisions: u64,
}

/// What would be done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The backup.
    pub dir: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Blobs that it names and that are damaged or missing.
    pub blobs_damaged: u64,
    /// What is lost; `None` where there is no database now, and why it cannot tell where it is damaged.
    pub lost: Option<Result<Lost, String>>,
    /// The epoch that begins.
    pub epoch: u64,
    copied: Copied,
    /// The numbers that were given, and how far above them it goes on.
    numbers: (Vec<(String, i64)>, i64),
}

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    /// Where the database lies that was there before; `None` where there was none.
    pub aside: Option<PathBuf>,
    /// The epoch that began.
    pub epoch: u64,
    /// Runs that were under way in the backup and end now.
    pub ended: Vec<RunId>,
    /// The number of the event that tells of it.
    pub event: u64,
    /// Blobs that are nowhere any more.
    pub blobs_missing: u64,
}

/// What the present database says.
struct Present {
    lost: Lost,
    numbers: Vec<(String, i64)>,
    epoch: u64,
    whole: bool,
}

/// Checks a backup from end to end and looks at what is there now. Nothing is changed.
pub fn plan(hold: &Hold, dir: &Path) -> Result<Plan, BackupError> {
    let (manifest, copied, blobs_damaged) = check(dir)?;
    let paths = hold.paths();
    let is_there = fs::symlink_metadata(&paths.database).is_ok_and(|seen| seen.len() > 0);
    let present = is_there.then(|| present(paths, &copied));
    let mut epochs = vec![copied.epoch, manifest.epoch];
    epochs.extend(files::read_small(&paths.epoch).ok().flatten().and_then(|text| {
        // One that is damaged says nothing; the others have to do.
        std::str::from_utf8(&text).ok()?.trim_end().parse::<u64>().ok()
    }));
    epochs.extend(kept(&paths.database.with_file_name(CHECKPOINTS))?.into_iter().map(|(_, one)| one.epoch));
    epochs.extend(present.iter().flatten().map(|present| present.epoch));
    let epoch = epochs.into_iter().max().unwrap_or(0).saturating_add(1);
    let numbers = match &present {
        Some(Ok(present)) if present.whole => (present.numbers.clone(), 0),
        Some(Ok(present)) => (present.numbers.clone(), gap(epoch)),
        Some(Err(_)) | None => (Vec::new(), gap(epoch)),
    };
    let lost = present.map(|present| present.map(|present| present.lost).map_err(|error| error.to_string()));
    Ok(Plan { dir: dir.to_owned(), manifest, blobs_damaged, lost, epoch, copied, numbers })
}

/// Epochs only rise, so what is given after one restoration is not given again after the next.
fn gap(epoch: u64) -> i64 {
    i64::try_from(epoch).unwrap_or(i64::MAX).saturating_mul(GAP)
}

fn present(paths: &store::Paths, copied: &Copied) -> Result<Present, StoreError> {
    let store = Store::rescue(paths).map_err(|error| StoreError::Refused(error.to_string()))?;
    let now = store.counts()?;
    let head = paths.chain_head.clone();
    let of = copied.head;
    store.read_sync(move |view| {
        let conn = view.connection();
        let verdict = audit::verify(conn, &head);
        let anchored = matches!(HeadFile::read(&head), HeadFile::Head(_));
        let continues = audit::hash_at(conn, of.seq)? == Some(of.hash);
        let lost = |now: u64, then: u64| if continues { now.saturating_sub(then) } else { now };
        let then = copied.counts;
        Ok(Present {
            lost: Lost {
                now,
                continues,
                events: lost(now.events, then.events),
                runs: lost(now.runs, then.runs),
                decisions: lost(now.decisions, then.decisions),
            },
            numbers: view.numbers_given()?,
            epoch: audit::last(conn)?.map_or(0, |(_, by)| by.epoch),
            whole: anchored && verdict.is_ok_and(|verdict| verdict.is_intact()),
        })
    })
}

/// Signed lines of a file of checkpoints; none where there is no such file.
fn kept(path: &Path) -> Result<Vec<(String, Checkpoint)>, BackupError> {
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(path)(error)),
    };
    let signed = |line: &str| Some((line.to_owned(), Checkpoint::parse(line).filter(Checkpoint::is_signed)?));
    Ok(text.lines().filter_map(signed).collect())
}

/// Does it. What was there before is put aside.
pub fn carry_out(hold: &Hold, plan: &Plan, by: &Actor, now: Millis) -> Result<Restored, BackupError> {
    carry_out_by(hold, plan, by, now, &mut |_| Ok(()))
}

/// The same, with a word before each step that leaves something on disk.
pub(super) fn carry_out_by(
    hold: &Hold,
    plan: &Plan,
    by: &Actor,
    now: Millis,
    step: &mut dyn FnMut(&'static str) -> Result<(), BackupError>,
) -> Result<Restored, BackupError> {
    let paths = hold.paths();
    let parts = paths.database.with_file_name(PARTS);
    step("parts")?;
    remove(&parts)?;
    has_room(files::directory_of(&paths.database), plan.manifest.bytes, 0)?;
    files::private_dir(&parts).map_err(io(&parts))?;
    let blobs_missing = blobs::bring(&plan.copied.blobs, &beside(&plan.dir), &paths.blobs)?;
    let instant = now.rfc3339().replace([':', '-'], "");
    let name = format!("{instant}-{}", plan.epoch);
    step("database")?;
    let (ended, event) = write_database(paths, &parts, plan, by, &name)?;
    step("name")?;
    let place = parts.join(NAME);
    files::replace(&place, name.as_bytes()).map_err(io(&place))?;
    files::sync_dir(&parts.join(NAME)).map_err(io(&parts))?;
    step("epoch")?;
    files::replace(&paths.epoch, format!("{}\n", plan.epoch).as_bytes()).map_err(io(&paths.epoch))?;
    step("begin")?;
    let whole = paths.database.with_file_name(WHOLE);
    fs::rename(&parts, &whole).map_err(io(&whole))?;
    files::sync_dir(&whole).map_err(io(&whole))?;
    step("switch")?;
    hold.switch().map_err(io(&whole))?;
    let aside = paths.database.with_file_name(ASIDE).join(&name);
    let aside = plan.lost.is_some().then_some(aside);
    Ok(Restored { aside, epoch: plan.epoch, ended, event, blobs_missing })
}

/// Writes the new database: the backup, brought to the present schema, with the event that tells of it in the new epoch.
fn write_database(
    paths: &store::Paths,
    parts: &Path,
    plan: &Plan,
    by: &Actor,
    aside: &str,
) -> Result<(Vec<RunId>, u64), BackupError> {
    let beside = |path: &Path| parts.join(path.file_name().unwrap_or_default());
    let new = store::Paths {
        database: beside(&paths.database),
        lock: beside(&paths.lock),
        chain_head: beside(&paths.chain_head),
        epoch: beside(&paths.epoch),
        blobs: paths.blobs.clone(),
        reserve: beside(&paths.reserve),
    };
    let source = plan.dir.join(DATABASE);
    drop(files::private_file(&new.database).map_err(io(&new.database))?);
    fs::copy(&source, &new.database).map_err(io(&source))?;
    // A copy of a file has its mode, too.
    drop(files::private_file(&new.database).map_err(io(&new.database))?);
    audit::write_head(&new.chain_head, plan.copied.head).map_err(io(&new.chain_head))?;
    files::replace(&new.epoch, format!("{}\n", plan.epoch).as_bytes()).map_err(io(&new.epoch))?;
    let store = Store::open_inline(&new, &Options::default())?;
    let told = told(plan, by, aside);
    let job = move |tx: &mut Tx<'_>| {
        let event = tx.record(told.event)?;
        tx.raise_numbers(&told.numbers.0, told.numbers.1)?;
        Ok((end_unfinished(tx, &told.by, &told.reason)?, event))
    };
    // A thread of its own: the caller's may be one of a runtime, which does not wait for jobs.
    let done = std::thread::scope(|scope| scope.spawn(|| store.write_sync(job)).join());
    let done = done.map_err(|_| StoreError::Panicked("the database could not be told".to_owned()))??;
    write_checkpoints(paths, parts, &store)?;
    drop(store);
    // With its last connection a log is moved into its database.
    let mut log = new.database.clone().into_os_string();
    log.push("-wal");
    if fs::metadata(&log).is_ok_and(|seen| seen.len() > 0) {
        let reason = "its log could not be moved into it: see whether another program holds it".to_owned();
        return Err(BackupError::Bad { place: new.database, reason });
    }
    for file in [&new.lock, &new.epoch] {
        fs::remove_file(file).map_err(io(file))?;
    }
    let HeadFile::Head(head) = HeadFile::read(&new.chain_head) else {
        return Err(BackupError::Bad { place: new.chain_head, reason: "the head was not written".to_owned() });
    };
    examine(&new.database, Some(head))?;
    File::open(&new.database).and_then(|file| file.sync_all()).map_err(io(&new.database))?;
    Ok(done)
}

/// What the new database is told.
struct Told {
    event: AuditEvent,
    numbers: (Vec<(String, i64)>, i64),
    by: Actor,
    reason: String,
}

fn told(plan: &Plan, by: &Actor, aside: &str) -> Told {
    let Manifest { made, event, hash, epoch, .. } = &plan.manifest;
    let lost = plan.lost.as_ref().map(|lost| match lost {
        Ok(lost) => json!(lost),
        Err(why) => json!({ "unknown": why.chars().take(1000).collect::<String>() }),
    });
    let detail = json!({
        "made": made, "event": event, "hash": hash, "epoch": epoch, "aside": aside, "lost": lost,
        "numbers": { "above": if matches!(plan.lost, Some(Ok(_))) { "those given before" } else { "those of the backup" }, "gap": plan.numbers.1 },
    });
    Told {
        event: AuditEvent::new(by.clone(), RESTORED).detail(detail),
        numbers: plan.numbers.clone(),
        by: by.clone(),
        reason: format!(
            "the database was restored as it was at {}: what this run did since is not known here; start it anew",
            made.rfc3339()
        ),
    }
}

/// Keeps those checkpoints that tell of what the new log has; the others go aside with the log that they tell of.
fn write_checkpoints(paths: &store::Paths, parts: &Path, new: &Store) -> Result<(), BackupError> {
    let lines = kept(&paths.database.with_file_name(CHECKPOINTS))?;
    let text = new.read_sync(move |view| {
        let mut text = String::new();
        for (line, one) in lines {
            if let Some(head) = one.head()
                && audit::hash_at(view.connection(), head.seq)? == Some(head.hash)
            {
                text.push_str(&line);
                text.push('\n');
            }
        }
        Ok(text)
    })?;
    let path = parts.join(CHECKPOINTS);
    files::replace(&path, text.as_bytes()).map_err(io(&path))
}
