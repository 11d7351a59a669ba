//! Keeps containers stopped that were stopped by signals: what a program set going before, such as a timer, can wake it
//! again, so somebody looks once a second until the container is thawed, ends, or this engine does. The next engine freezes
//! what is paused anew.

use super::life;
use super::record::Record;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::sleep;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Whether a container is to be frozen. Held while it is frozen or thawed, so that neither comes in between the other.
type Wanted = Arc<Mutex<bool>>;

/// The containers that somebody looks after. Whoever does ends when his container is not in here any more.
#[derive(Debug, Default)]
pub(super) struct Keeper(Mutex<HashMap<String, Wanted>>);

impl Keeper {
    /// Freezes a container, and keeps it so where that is done by signals.
    pub(super) async fn freeze(&self, container: &str, record: Record) -> io::Result<()> {
        let by_signal = record.made()?.is_some_and(|made| !made.groups.can_freeze());
        let wanted = self.get(container);
        if wanted.is_none() && by_signal {
            let wanted = Wanted::default();
            lock(&self.0).insert(container.to_owned(), Arc::clone(&wanted));
            tokio::spawn(keep(Arc::downgrade(&wanted), record.clone()));
        }
        self.set(container, record, true).await
    }

    /// Thaws a container.
    pub(super) async fn thaw(&self, container: &str, record: Record) -> io::Result<()> {
        self.set(container, record, false).await
    }

    /// Looks after a container no more.
    pub(super) fn forget(&self, container: &str) {
        lock(&self.0).remove(container);
    }

    async fn set(&self, container: &str, record: Record, freeze: bool) -> io::Result<()> {
        let wanted = self.get(container).unwrap_or_default();
        let done = tokio::task::spawn_blocking(move || {
            let mut wanted = lock(&wanted);
            *wanted = freeze;
            life::set_frozen(&record, freeze)
        });
        done.await.map_err(io::Error::other)?.map(drop)
    }

    fn get(&self, container: &str) -> Option<Wanted> {
        lock(&self.0).get(container).cloned()
    }
}

/// Freezes a container again and again while that is wanted.
async fn keep(wanted: Weak<Mutex<bool>>, record: Record) {
    loop {
        sleep(LOOK).await;
        let Some(wanted) = wanted.upgrade() else { return };
        let record = record.clone();
        let look = tokio::task::spawn_blocking(move || {
            let wanted = lock(&wanted);
            if *wanted { life::set_frozen(&record, true) } else { Ok(true) }
        });
        match look.await {
            Ok(Ok(true)) => {}
            // The next look may do better.
            Ok(Err(error)) => tracing::debug!("a container does not stay frozen: {error}"),
            // It has ended, or this engine does.
            Ok(Ok(false)) | Err(_) => return,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
