//! The data sets of a step: looked at before it begins, since what a suite reads decides what it says. One that is not what was
//! registered any more keeps the step from beginning, and a person is asked.

use super::{Context, Engine, Halt};
use crate::audit::AuditEvent;
use crate::domain::{Actor, Dataset, DatasetState};
use crate::engine::datasets::usable;
use crate::engine::ports::{Trees, World};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Between two looks at one whose files are being read.
const LOOK: Duration = Duration::from_millis(500);

impl<W: World> Engine<W> {
    /// The directories of the data sets that the project's steps see, by their names. It waits for those that are being read.
    pub(super) async fn data_of(&self, context: &Context) -> Result<BTreeMap<String, PathBuf>, Halt> {
        let mut data = BTreeMap::new();
        for name in &context.config.datasets {
            let path = loop {
                let wanted = name.clone();
                let found = self.store.read(move |view| view.dataset(&wanted)).await?;
                let found = usable(found, name, context.project.id).map_err(Halt::Lasting)?;
                if found.state == DatasetState::Ready && self.is_untouched(&found).await? {
                    break PathBuf::from(found.path);
                }
                self.note(context.run.id, &format!("waits until the data set {name} is read"));
                tokio::time::sleep(LOOK).await;
            };
            data.insert(name.clone(), path);
        }
        Ok(data)
    }

    /// Whether nobody touched its files since they were read; if somebody did, they are read anew.
    async fn is_untouched(&self, found: &Dataset) -> Result<bool, Halt> {
        let quick = self.world.trees().look_at_data(PathBuf::from(&found.path)).await;
        if quick.is_ok() && quick.ok() == found.quick {
            return Ok(true);
        }
        let (id, name) = (found.id, found.name.clone());
        let asked = self.store.write(move |tx| {
            if tx.dataset(&name)?.is_some_and(|there| there.id == id && there.state == DatasetState::Ready) {
                tx.read_dataset_again(&name)?;
                let detail = json!({ "dataset": name });
                tx.record(AuditEvent::new(Actor::Engine, "dataset.touched").detail(detail))?;
            }
            Ok(())
        });
        asked.await?;
        self.announce();
        Ok(false)
    }
}
