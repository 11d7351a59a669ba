//! Agents that ask models while the way to them is open: each request is written down before it is sent and, if nobody cuts
//! the way meanwhile, when it is over.

use crate::domain::{RunId, Tokens};
use crate::engine::meter::StoreMeter;
use crate::gateway::Ways;
use crate::models::{Asked, Meter, Took};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Requests through one way.
const MOST: u64 = 4;

/// The ways that are open.
#[derive(Debug, Default)]
pub(super) struct Asking(Mutex<HashMap<RunId, (Ways, JoinHandle<()>)>>);

impl Asking {
    /// Whoever has a way asks from now on.
    pub fn open(&self, meter: &Arc<StoreMeter>, run: RunId, ways: &Ways) {
        let Some(may) = &ways.models else { return };
        let mut open = self.0.lock().unwrap();
        if open.get(&run).is_some_and(|(known, _)| known == ways) {
            return;
        }
        let (meter, iteration) = (Arc::clone(meter), may.iteration);
        let task = tokio::spawn(async move {
            for number in 0..MOST {
                tokio::time::sleep(Duration::from_millis(1_100)).await;
                let likely = (Tokens { input: 10, output: 100, ..Tokens::default() }, 50);
                let asked = Asked { run, iteration, provider: "played".to_owned(), model: "m".to_owned(), likely };
                // A full disk sends nothing.
                let Ok(request) = Arc::clone(&meter).begin(asked).await else { return };
                tokio::time::sleep(Duration::from_millis(900 + 700 * number)).await;
                let tokens = Tokens { input: 9, output: number, ..Tokens::default() };
                let took = Took { status: 200, tokens, microusd: 7, said: true };
                drop(Arc::clone(&meter).settle(request, took).await);
            }
        });
        if let Some((_, before)) = open.insert(run, (ways.clone(), task)) {
            before.abort();
        }
    }

    /// Nobody hears them any more.
    pub fn close(&self, run: RunId) {
        if let Some((_, task)) = self.0.lock().unwrap().remove(&run) {
            task.abort();
        }
    }

    /// The engine is dead.
    pub fn close_all(&self) {
        self.0.lock().unwrap().drain().for_each(|(_, (_, task))| task.abort());
    }
}
