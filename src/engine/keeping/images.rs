//! Removes images that builds and setups made and that no run has used for long. Only the name that was given here goes; what
//! others call the same image stays.

use crate::audit::AuditEvent;
use crate::config::units::format_duration;
use crate::domain::{Actor, Collection, GarbageKind};
use crate::engine::Engine;
use crate::engine::driver::Halt;
use crate::engine::ports::World;
use crate::sandbox::Sandbox;
use crate::store::{ImageState, MadeImage, StoreError, View};
use serde_json::json;

impl<W: World> Engine<W> {
    pub(super) async fn collect_images(&self, dry: bool, by: &Actor, found: &mut Collection) -> Result<(), Halt> {
        // A run that prepares may be about to use one; the next look comes.
        let Ok(_nobody_prepares) = self.preparing.try_write() else { return Ok(()) };
        let policy = self.world.retention().images_unused;
        let made = |view: &View<'_>| view.made_images();
        for image in self.store.read(made).await? {
            let begun = image.state == ImageState::Removing;
            let unused = u64::try_from(self.world.now().since(image.used)).unwrap_or(0) / 1000;
            if !begun && unused < policy {
                continue;
            }
            let asked = image.clone();
            if self.store.read(move |view| view.needs_image(&asked)).await? {
                continue;
            }
            let seen = match self.world.sandbox_at(&image.engine) {
                Ok(sandbox) => sandbox.made_image(&image.tag).await,
                Err(error) => Err(error),
            };
            let seen = match seen {
                Ok(seen) => seen,
                Err(error) => {
                    found.fault(format!("the image {} cannot be looked at: {error}", image.tag));
                    continue;
                }
            };
            let reason = format!("no run has used it for {}", format_duration(policy));
            let same = |id: &String| image.image.as_ref().is_none_or(|made| made == id);
            let ours = seen.filter(|(id, _)| same(id));
            if let Some((_, size)) = ours {
                found.add(GarbageKind::Image, &image.tag, Some(size), &reason);
            }
            if !dry {
                self.remove_image(&image, ours.is_some(), &reason, by, found).await?;
            }
        }
        Ok(())
    }

    /// Removes an image that is `ours`, and forgets one that is not there any more.
    async fn remove_image(
        &self,
        image: &MadeImage,
        ours: bool,
        reason: &str,
        by: &Actor,
        found: &mut Collection,
    ) -> Result<(), Halt> {
        self.mark_image(image, ImageState::Removing, "retention.image_intended", reason, by).await?;
        self.crash.at("retention.image_intended")?;
        if ours && let Err(error) = self.world.sandbox_at(&image.engine)?.remove_image(&image.tag).await {
            found.fault(format!("the image {} is still there: {error}", image.tag));
            return Ok(());
        }
        self.crash.at("retention.image_removed")?;
        self.mark_image(image, ImageState::Removed, "retention.image_removed", reason, by).await?;
        Ok(())
    }

    async fn mark_image(
        &self,
        image: &MadeImage,
        state: ImageState,
        kind: &str,
        reason: &str,
        by: &Actor,
    ) -> Result<(), StoreError> {
        let detail = json!({ "tag": image.tag, "image": image.image, "reason": reason });
        let event = AuditEvent::new(by.clone(), kind).detail(detail);
        let (tag, id, engine) = (image.tag.clone(), image.image.clone(), image.engine.clone());
        self.store
            .write(move |tx| {
                tx.put_image(&tag, &engine, id.as_deref(), state)?;
                tx.record(event)
            })
            .await?;
        Ok(())
    }
}
