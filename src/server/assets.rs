//! The registry of live systems: what is known of each, and who said so.

use super::Server;
use super::answer::not_found;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Asset, AssetSpec, AssetState, Reach, Sighting, shortened};
use crate::fleet::look;
use crate::protocol::{AssetView, Became, Fault, FaultCode, Reply};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, Tx, View};
use serde_json::json;

/// Most that may be registered.
const MOST: u32 = 1000;
/// Most at once.
const MOST_AT_ONCE: usize = 500;
/// Looks that one asset is shown with.
const HISTORY: u32 = 30;
/// Most of a list within a list.
const FEW: usize = 5;
/// Bytes of a note in a list.
const NOTE: usize = 300;

impl<S: Sandbox> Server<S> {
    pub(super) async fn assets(&self) -> Result<Reply, Fault> {
        let all = |view: &View<'_>| {
            let seen = view.assets(MOST)?.into_iter().map(|asset| {
                let seen = view.sightings(asset.id, 1)?.pop();
                Ok((asset, seen))
            });
            seen.collect::<Result<Vec<_>, StoreError>>()
        };
        let assets = self.engine.store.read(all).await?.into_iter().map(|(mut asset, seen)| {
            asset.spec.note = shortened(&asset.spec.note, NOTE);
            AssetView { asset, became: None, seen: seen.map(brief), before: Vec::new() }
        });
        Ok(Reply::Assets { assets: assets.collect() })
    }

    /// One asset in full, with how it was lately.
    pub(super) async fn asset(&self, name: String) -> Result<Reply, Fault> {
        let wanted = name.clone();
        let found = self.engine.store.read(move |view| {
            let Some(asset) = view.asset_named(&wanted)? else { return Ok(None) };
            let mut seen = view.sightings(asset.id, HISTORY)?.into_iter();
            Ok(Some(AssetView { asset, became: None, seen: seen.next(), before: seen.map(brief).collect() }))
        });
        let found = found.await?.ok_or_else(|| not_found("asset", shortened(&name, 64)))?;
        Ok(Reply::Assets { assets: vec![found] })
    }

    /// Looks at one asset now.
    pub(super) async fn look_at_asset(&self, name: String) -> Result<Reply, Fault> {
        let wanted = name.clone();
        let found = self.engine.store.read(move |view| view.asset_named(&wanted)).await?;
        let found = found.ok_or_else(|| not_found("asset", shortened(&name, 64)))?;
        if found.spec.reach == Reach::Nowhere {
            let message = format!("{} is known by words only: nothing leads there", found.spec.name);
            return Err(Fault { code: FaultCode::Refused, message });
        }
        look(&self.engine.store, &self.gate, found).await?;
        self.asset(name).await
    }

    pub(super) async fn put_assets(&self, specs: Vec<AssetSpec>, replace: bool, you: Actor) -> Result<Reply, Fault> {
        let refuse = |message: String| Fault { code: FaultCode::Refused, message };
        if specs.len() > MOST_AT_ONCE {
            return Err(refuse(format!(
                "at most {MOST_AT_ONCE} assets are taken at once: bring them in several files"
            )));
        }
        for spec in &specs {
            spec.check().map_err(|error| refuse(format!("{}: {error}", spec.name)))?;
        }
        let put = self.engine.store.write(move |tx| {
            let put = specs.iter().map(|spec| put(tx, spec, replace, &you)).collect::<Result<Vec<_>, _>>()?;
            if tx.count_assets()? > MOST as usize {
                return Err(StoreError::Refused(format!("at most {MOST} assets are registered: remove some first")));
            }
            Ok(put)
        });
        match put.await {
            Ok(put) => Ok(told(put.into_iter().map(|(asset, became)| (asset, Some(became))))),
            Err(StoreError::Refused(message)) => Err(refuse(message)),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn remove_asset(&self, name: String, you: Actor) -> Result<Reply, Fault> {
        let wanted = name.clone();
        let removed = self.engine.store.write(move |tx| {
            let Some(found) = tx.asset_named(&wanted)? else { return Ok(None) };
            tx.remove_asset(found.id)?;
            let detail = json!({ "asset": found.id, "name": found.spec.name, "version": found.version });
            tx.record(AuditEvent::new(you, "asset.removed").detail(detail))?;
            Ok(Some(found))
        });
        let removed = removed.await?.ok_or_else(|| not_found("asset", shortened(&name, 64)))?;
        Ok(told([(removed, Some(Became::Removed))]))
    }
}

fn told(assets: impl IntoIterator<Item = (Asset, Option<Became>)>) -> Reply {
    let view = |(asset, became)| AssetView { asset, became, seen: None, before: Vec::new() };
    Reply::Assets { assets: assets.into_iter().map(view).collect() }
}

/// A look as lists have it: the first of each list, short.
fn brief(mut seen: Sighting) -> Sighting {
    match &mut seen.state {
        AssetState::Up { vitals } => {
            // The fullest file system is the one that people look for.
            let fullest = vitals.fullest().map(|(disk, _)| disk.clone());
            vitals.disks = fullest.into_iter().collect();
            vitals.failed.truncate(FEW);
            vitals.containers.truncate(FEW);
        }
        AssetState::Down { why } => *why = shortened(why, NOTE),
    }
    seen
}

/// Registers one, or says anew what it is.
fn put(tx: &Tx<'_>, spec: &AssetSpec, replace: bool, by: &Actor) -> Result<(Asset, Became), StoreError> {
    let there = tx.asset_named(spec.name.as_str())?;
    let (id, became) = match there {
        Some(there) if replace && there.spec == *spec => return Ok((there, Became::Same)),
        Some(there) if replace => {
            tx.change_asset(there.id, spec, by)?;
            (there.id, Became::Changed)
        }
        _ => (tx.insert_asset(spec, by)?, Became::Added),
    };
    let asset = tx.asset(id)?.ok_or_else(|| StoreError::Missing { what: "asset", id: id.to_string() })?;
    let kind = if became == Became::Added { "asset.added" } else { "asset.changed" };
    let detail = json!({
        "asset": id, "name": spec.name, "version": asset.version, "by": spec.reach.name(), "place": spec.reach.place(),
        "keys": spec.reach.fingerprints(), "critical": spec.critical, "environment": spec.environment,
    });
    tx.record(AuditEvent::new(by.clone(), kind).detail(detail))?;
    Ok((asset, became))
}
