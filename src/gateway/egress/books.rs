//! What runs asked of the outside, on its way into the store. The first request of a run to a place is recorded before
//! anything is dialled, so no place is ever reached of which the store knows nothing; what comes of requests follows together,
//! a moment later.

use crate::domain::{EgressBytes, EgressSeen, RunId};
use crate::store::{Store, StoreError};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// How long what came of requests is gathered, before it is stored.
const GATHER: Duration = Duration::from_secs(2);
/// Rows that are gathered at most; requests to further places wait for the store.
const MOST_GATHERED: usize = 2_000;

/// What tells requests of one run apart.
type Place = (RunId, String, u16, bool, String);

#[derive(Debug, Default)]
struct Pages {
    gathered: HashMap<Place, EgressSeen>,
    /// Places that the store knows of, for runs that are at work.
    known: HashSet<Place>,
    /// Somebody will store what is gathered.
    awaited: bool,
}

/// The records of all runs.
#[derive(Clone)]
pub struct Books {
    store: Store,
    pages: Arc<Mutex<Pages>>,
}

impl std::fmt::Debug for Books {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Books")
    }
}

fn place(seen: &EgressSeen) -> Place {
    (seen.run, seen.host.clone(), seen.port, seen.allowed, seen.rule.clone())
}

impl Books {
    /// Records that nobody has written in.
    pub fn new(store: Store) -> Self {
        Self { store, pages: Arc::default() }
    }

    /// Records that a request is about to be let through; returns when the store knows of its place.
    pub(super) async fn before(&self, seen: &EgressSeen) -> Result<(), StoreError> {
        let place = place(seen);
        if self.pages().known.contains(&place) {
            return Ok(());
        }
        let row = EgressSeen { requests: 0, up: 0, down: 0, milliseconds: 0, ..seen.clone() };
        self.put(row.run, vec![row]).await?;
        self.pages().known.insert(place);
        Ok(())
    }

    /// Records what came of a request, soon. Must be called inside a tokio runtime.
    pub(super) fn note(&self, seen: &EgressSeen) {
        let begins = {
            let mut pages = self.pages();
            let mut key = place(seen);
            if pages.gathered.len() >= MOST_GATHERED && !pages.gathered.contains_key(&key) {
                key.1 = String::new();
            }
            let host = key.1.clone();
            let row = pages.gathered.entry(key).or_insert_with(|| EgressSeen {
                host,
                requests: 0,
                up: 0,
                down: 0,
                milliseconds: 0,
                ..seen.clone()
            });
            row.requests += seen.requests;
            row.up += seen.up;
            row.down += seen.down;
            row.milliseconds += seen.milliseconds;
            row.first = row.first.min(seen.first);
            row.last = row.last.max(seen.last);
            !std::mem::replace(&mut pages.awaited, true)
        };
        if begins {
            let books = self.clone();
            tokio::spawn(async move {
                sleep(GATHER).await;
                books.settle().await;
            });
        }
    }

    /// What a run has sent and fetched so far, by everything that is known.
    pub(super) async fn spent(&self, run: RunId) -> Result<EgressBytes, StoreError> {
        self.settle().await;
        self.store.read(move |view| view.egress_bytes(run)).await
    }

    /// A run's socket is closed.
    pub(super) fn forget(&self, run: RunId) {
        self.pages().known.retain(|place| place.0 != run);
    }

    /// Stores what is gathered.
    pub async fn settle(&self) {
        let gathered = {
            let mut pages = self.pages();
            pages.awaited = false;
            std::mem::take(&mut pages.gathered)
        };
        let mut runs: HashMap<RunId, Vec<EgressSeen>> = HashMap::new();
        for row in gathered.into_values() {
            runs.entry(row.run).or_default().push(row);
        }
        for (run, rows) in runs {
            if let Err(error) = self.put(run, rows.clone()).await {
                tracing::warn!(%run, "what a run asked of the outside is not stored yet: {error}");
                for row in &rows {
                    self.note(row);
                }
            }
        }
    }

    async fn put(&self, run: RunId, rows: Vec<EgressSeen>) -> Result<(), StoreError> {
        self.store.write(move |tx| tx.note_egress(run, &rows)).await
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        // Sums are added one after the other; a panic between two of them cannot be.
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
