//! What new files beside tests would be loaded instead of.

use super::super::super::{Context, Engine, Halt};
use super::aside;
use crate::engine::ports::{Trees, World};
use crate::gates::{self, Change};

impl<W: World> Engine<W> {
    /// New files that would be loaded instead of what is tested, in words. `bare` are those in which no code stands.
    pub(in super::super) async fn stand_instead(
        &self,
        context: &Context,
        changes: &[Change],
        bare: &[String],
    ) -> Result<Vec<String>, Halt> {
        if !gates::may_stand_instead(changes) {
            return Ok(Vec::new());
        }
        let tree = self.world.trees().paths(&context.project, &context.base).await?;
        let directories: Vec<String> = context.config.suites.iter().map(|suite| suite.directory.clone()).collect();
        let (changes, bare) = (changes.to_vec(), bare.to_vec());
        aside(move || gates::instead(&changes, &tree, &directories, &bare)).await
    }
}
