//! The engine's own backups: one whenever the last is old enough and something has happened since. What cannot be made is told, in
//! the status and in the audit log, and tried again.

use super::{BackupError, check, list, make, rotate};
use crate::audit::{self, AuditEvent};
use crate::config::BackupConfig;
use crate::domain::{Actor, Millis};
use crate::store::Store;
use crate::words;
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often it is looked whether one is due, so that a machine that slept or a clock that was set does not matter.
const LOOK: Duration = Duration::from_mins(1);
/// How long after one that failed the next is tried.
const AGAIN: i64 = 10 * 60 * 1000;

/// The newest backup that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// Its name.
    pub name: String,
    /// Until when it is known to hold everything.
    pub holds: Millis,
}

#[derive(Default)]
struct State {
    newest: Option<Newest>,
    fault: Option<String>,
    /// Nothing is tried before this instant.
    not_before: Option<Millis>,
}

/// Makes backups by the clock.
pub struct Keeper {
    store: Store,
    blobs: PathBuf,
    place: PathBuf,
    config: BackupConfig,
    reserve: u64,
    state: Mutex<State>,
}

impl Keeper {
    /// Of a store whose blobs lie in `blobs`, into `place`; `reserve` bytes are kept back on its disk.
    pub fn new(store: Store, blobs: PathBuf, place: PathBuf, config: BackupConfig, reserve: u64) -> Self {
        Self { store, blobs, place, config, reserve, state: Mutex::default() }
    }

    /// Makes them for ever; returns at once where none are wanted.
    pub async fn keep(self: Arc<Self>) {
        let Some(every) = self.config.every() else { return };
        loop {
            let this = Arc::clone(&self);
            if let Err(error) = tokio::task::spawn_blocking(move || this.turn(every, words::now())).await {
                match error.try_into_panic() {
                    // Whoever keeps the engine's loops at work tells it, and begins this one again.
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(error) => tracing::error!("making a backup failed: {error}"),
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether any are made.
    pub fn is_wanted(&self) -> bool {
        self.config.every().is_some()
    }

    /// The newest one, as it was seen last, and why there is no newer one where there should be.
    pub fn state(&self, now: Millis) -> (Option<Newest>, Option<String>) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let overdue = || {
            let (newest, every) = (state.newest.as_ref()?, self.config.every()?);
            let age = now.since(newest.holds);
            let old = format!("the newest backup is {} old", words::span(age).as_str());
            (age > every.saturating_mul(2).saturating_add(AGAIN)).then_some(old)
        };
        (state.newest.clone(), state.fault.clone().or_else(overdue))
    }

    /// Makes one if one is due.
    pub(super) fn turn(&self, every: i64, now: Millis) {
        if self.state.lock().unwrap_or_else(PoisonError::into_inner).not_before.is_some_and(|then| now < then) {
            return;
        }
        let done = self.one(every, now);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match done {
            Ok(newest) => *state = State { newest, ..State::default() },
            Err(error) => {
                let fault = error.to_string();
                tracing::warn!("{fault}");
                let news = state.fault.as_ref() != Some(&fault);
                state.not_before = Some(now.plus(AGAIN));
                state.fault = Some(fault.clone());
                drop(state);
                if news {
                    self.tell(&fault);
                }
            }
        }
    }

    /// Writes down that there is none. On a full disk that may fail as well; then the status alone tells it.
    fn tell(&self, fault: &str) {
        let reason: String = fault.chars().take(2000).collect();
        let event = AuditEvent::new(Actor::Engine, "backup.failed").detail(json!({ "reason": reason }));
        if let Err(error) = self.store.write_sync(move |tx| tx.record(event).map(drop)) {
            tracing::warn!("that a backup failed cannot be recorded: {error}");
        }
    }

    fn one(&self, every: i64, now: Millis) -> Result<Option<Newest>, BackupError> {
        let found = list(&self.place)?.into_iter().find_map(|found| Some((found.dir, found.manifest.ok()?)));
        let (head, begun) = self.store.read_sync(|view| {
            let begun = "SELECT wall FROM audit ORDER BY seq LIMIT 1";
            let begun: i64 = view.connection().query_row(begun, [], |row| row.get(0))?;
            Ok((audit::chain_head(view.connection())?, Millis(begun)))
        })?;
        let known = self.state.lock().unwrap_or_else(PoisonError::into_inner).newest.clone();
        let known = known.filter(|known| self.place.join(&known.name).is_dir());
        let newest = found.as_ref().map(|(_, one)| Newest { name: one.name().to_string(), holds: one.made });
        // Nothing is lost yet of an engine that began a moment ago. A clock that was set back is no reason to wait, but for one only:
        // what was seen last goes before what the names say.
        let last = known.as_ref().or(newest.as_ref()).map_or(begun, |newest| newest.holds);
        if now >= last && now.since(last) < every {
            return Ok(known.or(newest));
        }
        if let (Some((dir, manifest)), Some(newest), Some(head)) = (&found, &newest, head)
            && manifest.ends_with(head)
        {
            // Nothing has happened since; but is it still what it was?
            match check(dir) {
                Ok((_, _, 0)) => return Ok(Some(Newest { holds: now, ..newest.clone() })),
                Ok(_) => {}
                Err(error) => tracing::warn!("another backup is made: {error}"),
            }
        }
        let made = make(&self.store, &self.blobs, &self.place, self.reserve, now)?;
        tracing::info!(name = %made.name, bytes = made.manifest.bytes, "a backup was made");
        if made.manifest.blobs_missing > 0 {
            tracing::warn!("{} blobs that the database names are missing", made.manifest.blobs_missing);
        }
        let gone = rotate(&self.place, self.config.keep, self.config.days, now, made.name)?;
        if !gone.is_empty() {
            tracing::info!(gone = gone.len(), "older backups were removed");
        }
        Ok(Some(Newest { name: made.name.to_string(), holds: now }))
    }
}
