//! Handing the result to the source repository.

use super::{Context, Engine, Halt};
use crate::config::DeliverTo;
use crate::engine::machine::Event;
use crate::engine::ports::{Trees, World};

impl<W: World> Engine<W> {
    pub(super) async fn deliver(&self, context: &Context) -> Result<(), Halt> {
        let Some(head) = context.run.head.clone() else {
            return Err(Halt::Trouble("there is no checkpoint to deliver".to_owned()));
        };
        let event = match context.config.deliver {
            DeliverTo::None => Event::Delivered {
                to: format!("kept as {}; take it with `dogwatch deliver {}`", context.run.branch(), context.run.id),
            },
            DeliverTo::Branch => {
                let (project, branch) = (&context.project, context.run.branch());
                match self.world.trees().deliver(project, &head, &branch, false).await {
                    Ok(done) => Event::Delivered { to: format!("branch {} in {}", done.branch, project.source) },
                    Err(fault) => Event::DeliveryFailed { reason: fault.reason, retry: fault.passes },
                }
            }
        };
        self.crash.at("deliver.delivered")?;
        self.advance(context, event).await
    }
}
