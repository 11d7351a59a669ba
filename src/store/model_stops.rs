//! Where people have stopped models: a fact about this store, so the next engine knows it too.

use super::columns::Json;
use super::{StoreError, Tx, View};
use crate::domain::{ModelStop, ModelStops, RunId};

const KEY: &str = "models-stopped";

impl View<'_> {
    /// Where models are stopped.
    pub fn model_stops(&self) -> Result<ModelStops, StoreError> {
        let sql = "SELECT value FROM settings WHERE key = ?1";
        let found = self.one(sql, [KEY], |row| row.get::<_, Json<ModelStops>>(0).map(|json| json.0))?;
        Ok(found.unwrap_or_default())
    }

    /// What keeps a run from models. A run that the store does not know has no project.
    pub fn model_stop(&self, run: RunId) -> Result<Option<ModelStop>, StoreError> {
        let stops = self.model_stops()?;
        if stops.projects.is_empty() {
            return Ok(stops.all);
        }
        let project = self.run(run)?.map(|run| run.project);
        Ok(project.map_or(stops.all.clone(), |project| stops.of(project).cloned()))
    }
}

impl Tx<'_> {
    /// Says where models are stopped from now on.
    pub fn put_model_stops(&self, stops: &ModelStops) -> Result<(), StoreError> {
        let text = serde_json::to_string(stops)
            .map_err(|error| StoreError::Invalid { what: "stop of models", rule: error.to_string() })?;
        self.set_setting(KEY, &text)
    }
}
