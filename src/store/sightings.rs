//! How live systems were when the engine looked.

use super::columns::{Json, json};
use super::{StoreError, Tx, View};
use crate::domain::{AssetId, AssetState, Millis, Sighting};
use rusqlite::{Row, params};

/// How many are kept of each asset.
const KEPT: u32 = 100;

fn sighting(row: &Row<'_>) -> rusqlite::Result<Sighting> {
    Ok(Sighting { at: Millis(row.get("at")?), state: json(row, "state")? })
}

impl View<'_> {
    /// The newest of an asset, newest first.
    pub fn sightings(&self, asset: AssetId, most: u32) -> Result<Vec<Sighting>, StoreError> {
        let sql = "SELECT at, state FROM sightings WHERE asset = ?1 ORDER BY id DESC LIMIT ?2";
        self.many(sql, params![asset.0, most], sighting)
    }
}

impl Tx<'_> {
    /// Writes down how an asset was, and forgets what is too old.
    pub fn insert_sighting(&self, asset: AssetId, at: Millis, state: &AssetState) -> Result<(), StoreError> {
        let sql = "INSERT INTO sightings (asset, at, state) VALUES (?1, ?2, ?3)";
        self.insert(sql, params![asset.0, at.0, Json(state)])?;
        let sql = "DELETE FROM sightings WHERE asset = ?1 AND id <= (
                       SELECT id FROM sightings WHERE asset = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
        self.change(sql, params![asset.0, KEPT])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::KEPT;
    use crate::audit::AuditEvent;
    use crate::domain::{Actor, AssetState, Millis};
    use crate::store::tests::fixtures::{dir, store};
    use serde_json::json;

    #[test]
    fn the_newest_are_kept() {
        let (_dir, paths) = dir();
        let store = store(&paths);
        let id = store.write_sync(|tx| {
            tx.record(AuditEvent::new(Actor::Engine, "test"))?;
            let spec = json!({"name": "db", "reach": {"by": "local"}});
            let id = tx.insert_asset(&serde_json::from_value(spec).unwrap(), &Actor::Engine)?;
            for at in 0..150 {
                tx.insert_sighting(id, Millis(at), &AssetState::Down { why: at.to_string() })?;
            }
            Ok(id)
        });
        let id = id.unwrap();
        let seen = store.read_sync(|view| view.sightings(id, 1000)).unwrap();
        assert_eq!((seen.len(), seen[0].at, seen[99].at), (KEPT as usize, Millis(149), Millis(50)));
    }
}
