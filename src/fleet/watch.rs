//! Looking at all assets now and then, and writing down how they are: for each the newest looks, one event for all of them.

use super::Gate;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Asset, AssetState, Reach};
use crate::store::{Store, StoreError};
use futures_util::StreamExt;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Most assets that are looked at in one round.
const MOST: u32 = 1000;
/// Assets that are looked at at once.
const AT_ONCE: usize = 8;
/// Most names in one event.
const NAMED: usize = 50;

/// Looks at all assets for ever, `every` so often. Several engines do not keep step: each waits a little longer or shorter.
pub async fn watch(store: Store, gate: Arc<Gate>, every: Duration) {
    loop {
        if let Err(error) = round(&store, &gate).await {
            tracing::warn!("how assets are cannot be written down: {error}");
        }
        let mut luck = [0; 1];
        // Without random numbers the engine would not have started; a step that is kept does no harm.
        let _unlucky = getrandom::fill(&mut luck);
        tokio::time::sleep(every.mul_f64(0.9 + f64::from(luck[0]) / 1280.0)).await;
    }
}

/// Looks at each asset once.
async fn round(store: &Store, gate: &Gate) -> Result<(), StoreError> {
    let mut assets = store.read(|view| view.assets(MOST)).await?;
    assets.retain(|asset| asset.spec.reach != Reach::Nowhere);
    if assets.is_empty() {
        return Ok(());
    }
    let looks = futures_util::stream::iter(assets).map(|asset| async move {
        let state = state(gate, &asset).await;
        (asset, state)
    });
    let seen = looks.buffer_unordered(AT_ONCE).collect().await;
    keep(store, seen).await
}

/// Looks at one asset now, and gives how it is.
pub async fn look(store: &Store, gate: &Gate, asset: Asset) -> Result<(), StoreError> {
    let state = state(gate, &asset).await;
    keep(store, vec![(asset, state)]).await
}

async fn state(gate: &Gate, asset: &Asset) -> AssetState {
    match gate.observe(&asset.spec).await {
        Ok(vitals) => AssetState::Up { vitals },
        Err(fault) => AssetState::Down { why: fault.0 },
    }
}

async fn keep(store: &Store, seen: Vec<(Asset, AssetState)>) -> Result<(), StoreError> {
    let kept = store.write(move |tx| {
        let now = tx.now();
        let (mut up, mut down) = (0, Vec::new());
        for (asset, state) in seen {
            // Not of one that was changed or removed while it was looked at.
            if tx.asset(asset.id)?.is_none_or(|there| there.version != asset.version) {
                continue;
            }
            match &state {
                AssetState::Up { .. } => up += 1,
                AssetState::Down { .. } => down.push(asset.spec.name.to_string()),
            }
            tx.insert_sighting(asset.id, now, &state)?;
        }
        let count = down.len();
        down.truncate(NAMED);
        let detail = json!({ "up": up, "down": count, "names": down });
        tx.record(AuditEvent::new(Actor::Engine, "fleet.seen").detail(detail))
    });
    kept.await.map(drop)
}
