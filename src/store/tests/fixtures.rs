//! What the tests of this room share.

use crate::audit::AuditEvent;
use crate::domain::{Actor, Budget, Millis, Needs, Origin, Priority, ProjectId, Run, RunId, RunState, Spent};
use crate::store::{OpenError, Options, Paths, Store, StoreError, Tx};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A directory for one store, removed when dropped.
pub fn dir() -> (TempDir, Paths) {
    let dir = TempDir::new().unwrap();
    let paths = Paths::in_dir(&dir.path().join("state"));
    (dir, paths)
}

/// As [`dir`], in memory where the system has a place for that: for hundreds of stores whose syncs are played.
pub fn quick_dir() -> (TempDir, Paths) {
    let dir = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
    let paths = Paths::in_dir(&dir.path().join("state"));
    (dir, paths)
}

/// A store with its writer thread.
pub fn store(paths: &Paths) -> Store {
    open(paths, &Options::default()).unwrap()
}

/// Opens a store that may have been closed a moment ago. A program that another test starts just then holds a copy of this
/// process's locks until it is loaded.
pub fn open(paths: &Paths, options: &Options) -> Result<Store, OpenError> {
    let begun = Instant::now();
    loop {
        match Store::open(paths, options) {
            Err(OpenError::Locked { .. }) if begun.elapsed() < Duration::from_mins(1) => {
                std::thread::sleep(Duration::from_millis(1));
            }
            opened => return opened,
        }
    }
}

/// An event of the engine.
pub fn event(kind: &str) -> AuditEvent {
    AuditEvent::new(Actor::Engine, kind)
}

/// A run as it is born.
pub fn new_run(project: ProjectId) -> Run {
    Run {
        id: RunId(0),
        project,
        task: "repair it".to_owned(),
        criteria: vec!["tests pass".to_owned(), "nothing else changes".to_owned()],
        owner: Actor::operator(1000, "ada"),
        origin: Origin::Operator,
        agent: "command".to_owned(),
        priority: Priority::Normal,
        needs: Needs::default(),
        after: Vec::new(),
        waits_since: Millis(0),
        role: crate::domain::Role::Coder,
        engine: String::new(),
        plan: crate::domain::Plan::None,
        audit: false,
        state: RunState::Queued,
        resume_to: None,
        iteration: 0,
        attempt: 1,
        losses: 0,
        troubles: 0,
        rerun: None,
        instant_failures: 0,
        not_before: None,
        base: None,
        head: None,
        image: None,
        budget: Budget { iterations: 5, seconds: Some(60), tokens: None, microusd: Some(7) },
        spent: Spent::default(),
        question: None,
        reason: String::new(),
        version: 0,
        created: Millis(1),
        updated: Millis(1),
    }
}

/// Makes a project and a run, with one event.
pub fn seed(tx: &mut Tx<'_>, name: &str) -> Result<Run, StoreError> {
    let project = tx.insert_project(name, "/src")?;
    let run = tx.insert_run(&new_run(project.id))?;
    tx.record(event("run.queued").project(project.id).run(run.id))?;
    Ok(run)
}

/// How many events and projects there are.
pub fn counts(store: &Store) -> (i64, i64) {
    store
        .read_sync(|view| {
            let sql = "SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM projects)";
            Ok(view.connection().query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
        .unwrap()
}
