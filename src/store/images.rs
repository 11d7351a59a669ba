//! Images that builds and setups made, by the tag under which they were made.

use super::columns::{Word, word};
use super::{StoreError, Tx, View};
use crate::domain::Millis;
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

/// How far the making or removing of an image has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageState {
    /// Committed before it is made.
    Intended,
    /// It is there, as far as the database knows.
    Made,
    /// Committed before it is removed.
    Removing,
    /// It is gone.
    Removed,
}

/// An image that was made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeImage {
    /// Its local tag.
    pub tag: String,
    /// The container engine that it is on; empty for the usual one.
    pub engine: String,
    /// Its content id; absent where it was never seen to be made.
    pub image: Option<String>,
    /// How far it has come.
    pub state: ImageState,
    /// When a run last asked for it.
    pub used: Millis,
}

fn made(row: &Row<'_>) -> rusqlite::Result<MadeImage> {
    Ok(MadeImage {
        tag: row.get("tag")?,
        engine: row.get("engine")?,
        image: row.get("image")?,
        state: word(row, "state")?,
        used: Millis(row.get("used")?),
    })
}

impl View<'_> {
    /// Every image that was made and not removed, the one that was used longest ago first.
    pub fn made_images(&self) -> Result<Vec<MadeImage>, StoreError> {
        self.many("SELECT * FROM images WHERE state <> 'removed' ORDER BY used, tag", [], made)
    }

    /// Whether a run that is not over may still need the image: it has it, or it is at work and has none yet.
    pub fn needs_image(&self, image: &MadeImage) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM runs WHERE state NOT IN ('succeeded', 'cancelled', 'failed')
             AND ((image IS NULL AND state <> 'queued') OR json_extract(image, '$.id') = ?1)";
        Ok(self.one(sql, [&image.image], |row| row.get::<_, i64>(0))?.unwrap_or_default() > 0)
    }
}

impl Tx<'_> {
    /// Says how far an image has come, and for one that is asked for that it is used now.
    pub fn put_image(&self, tag: &str, engine: &str, image: Option<&str>, state: ImageState) -> Result<(), StoreError> {
        let now = self.now().0;
        self.change(
            "INSERT INTO images (tag, image, state, used, engine) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (tag) DO UPDATE SET image = excluded.image, state = excluded.state,
                used = CASE WHEN excluded.state IN ('intended', 'made') THEN excluded.used ELSE used END",
            params![tag, image, Word(state), now, engine],
        )?;
        Ok(())
    }
}
