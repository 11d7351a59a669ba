//! Has the objects of repositories put together that runs left singly. They stay; only what they take becomes less.

use crate::domain::{Collection, GarbageKind};
use crate::engine::Engine;
use crate::engine::driver::Halt;
use crate::engine::ports::{Trees, World};
use crate::store::View;

/// From how many single objects of a repository on: near what git's own clean-up takes for too many.
const MANY: usize = 5_000;

impl<W: World> Engine<W> {
    pub(super) async fn collect_objects(&self, dry: bool, found: &mut Collection) -> Result<(), Halt> {
        let all = |view: &View<'_>| view.projects();
        for project in self.store.read(all).await? {
            match self.world.trees().pack(project.id, MANY, dry).await {
                Ok(None) => {}
                Ok(Some(packed)) => {
                    let name = format!("{}, {} objects", project.name, packed.objects);
                    let bytes = (!dry).then_some(packed.saved);
                    found.add(GarbageKind::Objects, name, bytes, "single files become one pack; nothing is lost");
                }
                Err(fault) => found.fault(format!("the objects of {} stay single: {fault}", project.name)),
            }
        }
        Ok(())
    }
}
