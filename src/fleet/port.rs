//! Live assets as proposals need them: what is known of each, and the gate as the only way to them. The asset is the one of the very
//! version that people agreed to, or nothing is done.

use super::{Gate, receipt};
use crate::domain::{Asset, AssetFacts, AssetId, ExecutionOutcome};
use crate::engine::proposals::{Fleet, Order as Approved, Piece};
use crate::store::{Store, StoreError, View};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The registry and the gate.
pub struct Assets {
    store: Store,
    gate: Arc<Gate>,
}

/// What votes bind of an asset, the text that carries commands out there among it.
pub fn facts(asset: &Asset) -> AssetFacts {
    let mut facts = AssetFacts::of(asset);
    facts.means = format!("{}, receipt {}", facts.means, receipt::means());
    facts
}

impl Assets {
    /// Over a registry and a gate.
    pub fn new(store: Store, gate: Arc<Gate>) -> Self {
        Self { store, gate }
    }

    /// The asset that was approved, also where it was taken out of the registry since.
    async fn approved(&self, facts: &AssetFacts) -> Result<Asset, String> {
        let id = AssetId(facts.id);
        let found = self.store.read(move |view| view.asset_ever(id)).await.map_err(|error| error.to_string())?;
        match found {
            Some(asset) if i64::from(asset.version) == facts.version => Ok(asset),
            Some(_) => Err(format!("{} was changed since, so there is no way to what was approved", facts.name)),
            None => Err(format!("{} is not registered", facts.name)),
        }
    }
}

impl Fleet for Assets {
    fn asset(&self, view: &View<'_>, name: &str) -> Result<Option<AssetFacts>, StoreError> {
        Ok(view.asset_named(name)?.as_ref().map(facts))
    }

    fn ready<'f>(&'f self, order: &'f Approved) -> BoxFuture<'f, Result<String, String>> {
        Box::pin(async move {
            let asset = self.approved(&order.proposed.asset).await?;
            self.gate.look(&asset.spec).await.map(|looked| looked.boot).map_err(|fault| fault.to_string())
        })
    }

    fn dispatch(&self, order: Approved, pieces: mpsc::Sender<Piece>) -> BoxFuture<'_, ExecutionOutcome> {
        Box::pin(async move {
            match self.approved(&order.proposed.asset).await {
                Ok(asset) => self.gate.dispatch(order, asset, &pieces).await,
                Err(why) => ExecutionOutcome::NotRun { why },
            }
        })
    }

    fn stop(&self, order: Approved) -> BoxFuture<'_, Result<ExecutionOutcome, String>> {
        Box::pin(async move {
            let asset = self.approved(&order.proposed.asset).await?;
            self.gate.stop(&order, &asset).await.map_err(|fault| fault.to_string())
        })
    }

    fn probe(&self, order: Approved, pieces: mpsc::Sender<Piece>) -> BoxFuture<'_, Result<ExecutionOutcome, String>> {
        Box::pin(async move {
            let asset = self.approved(&order.proposed.asset).await?;
            let outcome = self.gate.fence(&order, &asset).await.map_err(|fault| fault.to_string())?;
            match outcome {
                // All of its output is told anew; what is known already is known by its place.
                ExecutionOutcome::StillRunning => match self.gate.follow(&order, &asset, &pieces).await {
                    ExecutionOutcome::Unknown { why } => Err(why),
                    told => Ok(told),
                },
                ExecutionOutcome::Ran { .. } | ExecutionOutcome::TimedOut => {
                    if let ExecutionOutcome::Unknown { why } = self.gate.follow(&order, &asset, &pieces).await {
                        tracing::warn!(execution = %order.execution, "its output cannot be fetched: {why}");
                    }
                    Ok(outcome)
                }
                other => Ok(other),
            }
        })
    }
}
