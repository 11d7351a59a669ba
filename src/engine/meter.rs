//! The account of requests to models, in the store. Each request has its row before it is sent; what it took stands there when
//! it is over.

use crate::audit::AuditEvent;
use crate::domain::{Actor, RunId};
use crate::models::{Asked, Later, Meter, MeterError, Took};
use crate::store::Store;
use serde_json::json;
use std::fmt;
use std::sync::Arc;

/// Writes requests down in an engine's store.
pub struct StoreMeter {
    store: Store,
}

impl StoreMeter {
    /// In this store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

impl fmt::Debug for StoreMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreMeter").finish_non_exhaustive()
    }
}

impl Meter for StoreMeter {
    fn may(self: Arc<Self>, run: RunId) -> Later<Result<(), MeterError>> {
        Box::pin(async move {
            let stop = self.store.read(move |view| view.model_stop(run)).await;
            match stop {
                Ok(None) => Ok(()),
                Ok(Some(_)) => Err(MeterError::Stopped),
                Err(error) => Err(MeterError::Unrecorded(error.to_string())),
            }
        })
    }

    fn begin(self: Arc<Self>, asked: Asked) -> Later<Result<i64, MeterError>> {
        Box::pin(async move {
            let begun = self.store.write(move |tx| {
                if tx.model_stop(asked.run)?.is_some() {
                    return Ok(None);
                }
                let id = tx.begin_request(&asked)?;
                let detail = json!({
                    "request": id, "iteration": asked.iteration, "provider": asked.provider, "model": asked.model,
                });
                tx.record(
                    AuditEvent::new(Actor::Engine, "model.asked").run(asked.run).detail(detail).provenance("agent"),
                )?;
                Ok(Some(id))
            });
            begun.await.map_err(|error| MeterError::Unrecorded(error.to_string()))?.ok_or(MeterError::Stopped)
        })
    }

    fn settle(self: Arc<Self>, request: i64, took: Took) -> Later<Result<(), MeterError>> {
        Box::pin(async move {
            let settled = self.store.write(move |tx| {
                // One that the engine has given up meanwhile stays as it is counted.
                let Some(run) = tx.settle_request(request, &took)? else { return Ok(()) };
                let detail = json!({
                    "request": request, "status": took.status, "tokens": took.tokens, "microusd": took.microusd,
                    "said": took.said,
                });
                tx.record(AuditEvent::new(Actor::Engine, "model.answered").run(run).detail(detail)).map(drop)
            });
            settled.await.map_err(|error| MeterError::Unrecorded(error.to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::{Tokens, Usage};
    use crate::store::{Options, new_run_for_tests};

    fn asked(run: RunId) -> Asked {
        let likely = (Tokens { input: 10, output: 100, ..Tokens::default() }, 50);
        Asked { run, iteration: 1, provider: "p".to_owned(), model: "m".to_owned(), likely }
    }

    #[tokio::test]
    async fn what_is_open_counts_with_what_it_might_take_and_nothing_counts_twice() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let run = store
            .write(|tx| {
                let project = tx.insert_project("one", "/src")?.id;
                let run = tx.insert_run(&new_run_for_tests(project))?;
                tx.record(AuditEvent::new(Actor::Engine, "test"))?;
                Ok(run.id)
            })
            .await
            .unwrap();
        let meter = Arc::new(StoreMeter::new(store.clone()));
        let sum = || {
            store.write(move |tx| {
                tx.record(AuditEvent::new(Actor::Engine, "test"))?;
                tx.sum_requests(run)
            })
        };
        assert_eq!(sum().await.unwrap(), None);
        let one = Arc::clone(&meter).begin(asked(run)).await.unwrap();
        let two = Arc::clone(&meter).begin(asked(run)).await.unwrap();
        let tokens = Tokens { input: 12, output: 5, cached: 3, cache_write: 0 };
        Arc::clone(&meter).settle(one, Took { status: 200, tokens, microusd: 7, said: true }).await.unwrap();
        assert_eq!(
            store.read_sync(move |view| view.uncounted(run)).unwrap(),
            Some(Usage { tokens: 130, microusd: 57 })
        );
        // The engine gives up the second; that it ends after all changes nothing any more.
        assert_eq!(sum().await.unwrap(), Some(Usage { tokens: 130, microusd: 57 }));
        Arc::clone(&meter).settle(two, Took { status: 200, tokens, microusd: 1, said: true }).await.unwrap();
        assert_eq!(sum().await.unwrap(), Some(Usage { tokens: 130, microusd: 57 }));
        // One more while the sum is being booked is not in it.
        Arc::clone(&meter).begin(asked(run)).await.unwrap();
        store
            .write(move |tx| {
                tx.record(AuditEvent::new(Actor::Engine, "test"))?;
                tx.book_requests(run)
            })
            .await
            .unwrap();
        assert_eq!(sum().await.unwrap(), Some(Usage { tokens: 110, microusd: 50 }));
        let sums = store.read_sync(move |view| view.requests(run)).unwrap();
        assert_eq!((sums.len(), sums[0].requests, sums[0].reckoned, sums[0].failed), (1, 3, 2, 2));
    }
}
