//! Backups over real files: made while others write, damaged, cut short, put back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod keep;

use super::restore::carry_out_by;
use super::{BackupError, Made, carry_out, check, list, make, plan};
use crate::audit::{self, AuditEvent, Verdict};
use crate::domain::{Actor, Millis, RunState};
use crate::store::switch::finish_by;
use crate::store::{BlobOrigin, Hold, OpenError, Options, Paths, RunFilter, Store, seed_for_tests};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NOW: Millis = Millis(1_796_066_100_000);

/// A place with a store that is not open.
struct Ground {
    _dir: TempDir,
    paths: Paths,
    place: PathBuf,
}

impl Ground {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let paths = Paths::in_dir(&dir.path().join("state"));
        let place = dir.path().join("state").join("backups");
        Self { _dir: dir, paths, place }
    }

    fn open(&self) -> Store {
        again(|| Store::open(&self.paths, &Options::default()))
    }

    fn hold(&self) -> Hold {
        again(|| Hold::take(&self.paths))
    }

    fn make(&self, store: &Store, at: i64) -> Made {
        make(store, &self.paths.blobs, &self.place, 0, NOW.plus(at * 1000)).unwrap()
    }

    fn restore(&self, made: &Made) -> super::Restored {
        let hold = self.hold();
        let plan = plan(&hold, &made.dir).unwrap();
        carry_out(&hold, &plan, &Actor::operator(7, "ada"), NOW).unwrap()
    }

    fn is_whole(&self) -> bool {
        let store = again(|| Store::rescue(&self.paths));
        let verdict = store.read_sync(|view| Ok(audit::verify(view.connection(), &self.paths.chain_head).unwrap()));
        matches!(verdict.unwrap(), Verdict::Anchored { .. })
    }
}

/// A program that another test starts just then holds a copy of this process's locks until it is loaded.
fn again<T>(open: impl Fn() -> Result<T, OpenError>) -> T {
    let begun = Instant::now();
    loop {
        match open() {
            Err(OpenError::Locked { .. }) if begun.elapsed() < Duration::from_mins(1) => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

/// A run with a blob.
fn grow(store: &Store, name: &str) {
    let name = name.to_owned();
    let job = move |tx: &mut crate::store::Tx<'_>| {
        let run = seed_for_tests(tx, &name)?;
        let origin = BlobOrigin { kind: "prompt".to_owned(), run: Some(run.id), step: None };
        tx.put_blob(name.as_bytes(), &origin).map(drop)
    };
    store.write_sync(job).unwrap();
}

fn runs(store: &Store) -> Vec<(i64, RunState)> {
    let filter = RunFilter { limit: Some(u32::MAX), ..RunFilter::default() };
    let mut all: Vec<_> =
        store.read_sync(|view| view.runs(&filter)).unwrap().iter().map(|run| (run.id.0, run.state)).collect();
    all.sort_by_key(|(id, _)| *id);
    all
}

fn rounds(few: usize, many: usize) -> usize {
    if std::env::var_os("DOGWATCH_FULL").is_some() { many } else { few }
}

#[test]
fn backups_that_are_made_while_others_write_are_whole_and_hold_what_was_acknowledged() {
    let ground = Ground::new();
    let store = ground.open();
    let (over, count) = (AtomicBool::new(false), rounds(20, 200));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut number = 0;
            while !over.load(Ordering::Acquire) {
                grow(&store, &format!("p{number}"));
                number += 1;
            }
            number
        });
        let mut last = 0;
        for at in 0..count {
            let acknowledged = store.counts().unwrap();
            let made = ground.make(&store, i64::try_from(at).unwrap());
            let (manifest, copied, damaged) = check(&made.dir).unwrap();
            assert!(manifest.event >= acknowledged.events && manifest.event >= last, "{manifest:?}");
            assert_eq!((damaged, copied.blobs.len() as u64), (0, manifest.counts.runs));
            last = manifest.event;
        }
        over.store(true, Ordering::Release);
        assert!(writer.join().unwrap() > 0);
    });
    assert_eq!(list(&ground.place).unwrap().len(), count);
}

#[test]
fn a_damaged_backup_never_counts_and_is_never_put_back() {
    let ground = Ground::new();
    let store = ground.open();
    grow(&store, "one");
    let made = ground.make(&store, 0);
    drop(store);
    let hold = ground.hold();
    let before = fs::read(&ground.paths.database).unwrap();
    let (database, manifest) = (made.dir.join("dogwatch.db"), made.dir.join("manifest.json"));
    let whole = fs::read(&database).unwrap();
    let refused = || {
        assert!(check(&made.dir).is_err());
        assert!(plan(&hold, &made.dir).is_err());
    };
    for place in (0..whole.len()).step_by(whole.len() / 64) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x20;
        fs::write(&database, bytes).unwrap();
        refused();
    }
    fs::write(&database, &whole[..whole.len() - 4096]).unwrap();
    refused();
    assert!(list(&ground.place).unwrap()[0].manifest.is_err(), "a list sees the size");
    fs::write(&database, &whole).unwrap();
    check(&made.dir).unwrap();
    let text = fs::read_to_string(&manifest).unwrap();
    for (from, to) in [("\"event\": ", "\"event\": 1"), ("\"format\": 1", "\"format\": 2"), ("{", "")] {
        fs::write(&manifest, text.replacen(from, to, 1)).unwrap();
        refused();
        assert!(list(&ground.place).unwrap()[0].manifest.is_err());
    }
    fs::write(&manifest, &text).unwrap();
    // A blob that is lost is told; it is no reason to have no database.
    let blob = fs::read_dir(ground.place.join("blobs")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(blob).unwrap();
    assert_eq!(check(&made.dir).unwrap().2, 1);
    assert_eq!(fs::read(&ground.paths.database).unwrap(), before);
}

#[test]
fn what_cannot_be_copied_leaves_nothing_that_looks_like_a_backup() {
    let ground = Ground::new();
    let store = ground.open();
    let huge = make(&store, &ground.paths.blobs, &ground.place, u64::MAX / 4, NOW);
    assert!(matches!(huge, Err(BackupError::NoRoom { .. })), "{huge:?}");
    // Cut short before: removed by the next.
    fs::create_dir(ground.place.join(".making")).unwrap();
    fs::write(ground.place.join(".making/dogwatch.db"), "half").unwrap();
    assert!(list(&ground.place).unwrap().is_empty());
    let made = ground.make(&store, 0);
    assert!(!ground.place.join(".making").exists());
    // Nobody else may read it.
    for path in [&ground.place, &made.dir, &made.dir.join("dogwatch.db"), &made.dir.join("manifest.json")] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
    // One of the same second and event is the same one.
    assert_eq!(ground.make(&store, 0).name, made.name);
    assert_eq!(list(&ground.place).unwrap().len(), 1);
}

#[test]
fn a_backup_that_is_put_back_begins_an_epoch_gives_no_number_twice_and_loses_nothing_of_what_was_there() {
    let ground = Ground::new();
    let store = ground.open();
    grow(&store, "before");
    let made = ground.make(&store, 0);
    for name in ["after", "later"] {
        grow(&store, name);
    }
    drop(store);
    fs::remove_dir_all(&ground.paths.blobs).unwrap();
    let later = fs::read(&ground.paths.database).unwrap();

    let hold = ground.hold();
    let planned = plan(&hold, &made.dir).unwrap();
    let lost = planned.lost.clone().unwrap().unwrap();
    assert_eq!((lost.continues, lost.events, lost.runs, planned.epoch), (true, 2, 2, 2));
    let restored = carry_out(&hold, &planned, &Actor::operator(7, "ada"), NOW).unwrap();
    drop(hold);
    let aside = restored.aside.unwrap();
    assert_eq!(fs::read(aside.join("dogwatch.db")).unwrap(), later);
    assert!(aside.join("chain_head").exists());
    assert!(ground.is_whole());

    let store = ground.open();
    assert_eq!((store.epoch(), restored.epoch), (2, 2));
    assert_eq!(runs(&store), [(1, RunState::Cancelling)], "what it did since nobody knows");
    grow(&store, "new");
    assert_eq!(runs(&store)[1], (4, RunState::Queued), "2 and 3 were given already");
    // Its blobs are there again.
    let names = store.read_sync(|view| view.blobs_of(crate::domain::RunId(1))).unwrap();
    assert_eq!(store.read_sync(|view| view.blob(&names[0].0)).unwrap(), b"before");
    let kinds = "SELECT group_concat(kind) FROM audit WHERE seq > ?1";
    let kinds: String = store
        .read_sync(|view| Ok(view.connection().query_row(kinds, [made.manifest.event], |row| row.get(0))?))
        .unwrap();
    assert!(kinds.starts_with("store.restored,run."), "{kinds}");
    drop(store);
    assert!(ground.is_whole());

    // And once more, with a present database that nobody can read: far above what it may have given.
    fs::write(&ground.paths.database, "no database").unwrap();
    let restored = ground.restore(&made);
    assert_eq!(restored.epoch, 3);
    assert_eq!(fs::read(restored.aside.unwrap().join("dogwatch.db")).unwrap(), b"no database");
    let store = ground.open();
    grow(&store, "again");
    assert_eq!(runs(&store)[1].0, 3002);
}

#[test]
fn a_place_without_a_database_takes_one_and_an_epoch_never_falls() {
    let (here, there) = (Ground::new(), Ground::new());
    let store = here.open();
    grow(&store, "one");
    let made = here.make(&store, 0);
    let restored = there.restore(&made);
    assert_eq!((restored.aside, restored.epoch), (None, 2));
    assert!(there.is_whole());
    // An epoch file that went on alone counts.
    fs::write(&there.paths.epoch, "9\n").unwrap();
    assert_eq!(there.restore(&made).epoch, 10);
    assert_eq!(there.open().epoch(), 10);
}

/// The number of the last event, if the store opens.
fn opens(ground: &Ground) -> u64 {
    let store = ground.open();
    let counts = store.counts().unwrap();
    store.write_sync(|tx| tx.record(AuditEvent::new(Actor::Engine, "test.written"))).unwrap();
    drop(store);
    assert!(ground.is_whole());
    counts.events
}

#[test]
fn a_loss_of_power_at_any_step_leaves_the_one_database_or_the_other() {
    let steps = ["parts", "database", "name", "epoch", "begin", "switch"];
    for (number, cut) in steps.into_iter().enumerate() {
        let ground = Ground::new();
        let store = ground.open();
        grow(&store, "before");
        let made = ground.make(&store, 0);
        grow(&store, "after");
        let old = store.counts().unwrap().events;
        drop(store);
        let hold = ground.hold();
        let planned = plan(&hold, &made.dir).unwrap();
        let mut power = |step: &'static str| if step == cut { Err(BackupError::Cut) } else { Ok(()) };
        let done = carry_out_by(&hold, &planned, &Actor::Engine, NOW, &mut power);
        assert!(matches!(done, Err(BackupError::Cut)), "{cut}");
        drop(hold);
        let events = opens(&ground);
        // From the one rename on it is the new one.
        let new = made.manifest.event + 2;
        assert_eq!(events, if number < 5 { old } else { new }, "{cut}");
        // Whatever it is, it is put back the next time.
        assert!(ground.restore(&made).epoch > planned.epoch - u64::from(number < 4));
        assert_eq!(opens(&ground), new);
    }
}

#[test]
fn an_exchange_that_is_cut_short_anywhere_and_often_is_finished_by_the_next_start() {
    let mut cuts = 0;
    loop {
        let ground = Ground::new();
        let store = ground.open();
        grow(&store, "before");
        let made = ground.make(&store, 0);
        grow(&store, "after");
        drop(store);
        // A log that was left by a kill goes with its database.
        let log = ground.paths.database.with_file_name("dogwatch.db-wal");
        let hold = ground.hold();
        let planned = plan(&hold, &made.dir).unwrap();
        fs::write(&log, "log").unwrap();
        let mut power = |step: &'static str| if step == "switch" { Err(BackupError::Cut) } else { Ok(()) };
        carry_out_by(&hold, &planned, &Actor::Engine, NOW, &mut power).unwrap_err();
        let mut left = cuts;
        let cut = finish_by(hold.paths(), &mut || {
            left -= 1;
            if left < 0 { Err(std::io::Error::other("cut")) } else { Ok(()) }
        });
        drop(hold);
        assert_eq!(opens(&ground), made.manifest.event + 2, "after {cuts} moves");
        let aside = aside(&ground);
        for name in ["dogwatch.db", "dogwatch.db-wal", "chain_head"] {
            assert!(aside.join(name).exists(), "{name} after {cuts} moves");
        }
        assert!(!ground.paths.database.with_file_name("restoring").exists());
        if cut.is_ok() {
            break;
        }
        cuts += 1;
    }
    assert!(cuts >= 6, "{cuts}");
}

fn aside(ground: &Ground) -> PathBuf {
    let all = ground.paths.database.with_file_name("before-restore");
    let mut all: Vec<PathBuf> = fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(all.len(), 1);
    all.pop().unwrap()
}

/// Prints what a backup and a restoration of a large database cost.
#[test]
#[ignore = "a measurement, takes 4 GB of disk"]
fn figures_of_a_large_database() {
    let ground = Ground::new();
    let store = ground.open();
    while store.bytes().unwrap() < 1 << 30 {
        let job = |tx: &mut crate::store::Tx<'_>| {
            for _ in 0..400 {
                let noise: Vec<u8> = (0..20_000).map(|_| rand::random()).collect();
                let detail = serde_json::json!({ "noise": audit::hex(&noise) });
                tx.record(AuditEvent::new(Actor::Engine, "test.noise").detail(detail))?;
            }
            Ok(())
        };
        store.write_sync(job).unwrap();
    }
    let begun = Instant::now();
    let made = ground.make(&store, 0);
    eprintln!("backup of {} MiB: {:?}", made.manifest.bytes >> 20, begun.elapsed());
    drop(store);
    let begun = Instant::now();
    ground.restore(&made);
    let took = begun.elapsed();
    eprintln!("restored: {took:?}");
    assert!(took < Duration::from_mins(1));
}
