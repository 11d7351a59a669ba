//! Images that agents build: of a directory of their tree, by a Dockerfile that is written anew from what was understood of it
//! (`sandbox/docker/dockerfile/agents`). They are removed with the turn.

use crate::audit::AuditEvent;
use crate::domain::{
    Actor, ImageFrom, Run, RunId, Task, TaskId, TaskOutcome, TaskPlace, TaskResult, TaskWork, shortened,
};
use crate::engine::driver::prepare::short_hash;
use crate::engine::driver::{Context, Engine, Halt};
use crate::engine::ports::{Trees, World};
use crate::sandbox::{Sandbox, SandboxError, agents_build};
use crate::store::{ImageState, StoreError};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// A build that takes longer is given up; it runs nothing and fetches nothing.
const LONGEST: Duration = Duration::from_mins(5);
/// What is told of a fault.
const WORDS: usize = 2_000;

impl<W: World> Engine<W> {
    /// Builds an image for a task.
    pub(super) async fn build_image(
        &self,
        context: &Context,
        task: &Task,
        directory: &str,
        dockerfile: &str,
    ) -> Result<TaskResult, Halt> {
        let refused = |words: &str| Ok(TaskResult::plain(TaskOutcome::Impossible, shortened(words, WORDS)));
        let images = self.images_of(context, task).await?;
        let commit = task.commit.as_ref().unwrap_or(&context.base);
        let place = if directory == "." { dockerfile.to_owned() } else { format!("{directory}/{dockerfile}") };
        let built = self.world.trees().build_context(&context.project, commit, &place, directory).await;
        let built = match built {
            Ok(built) => built,
            // What is wrong with it is the agent's doing: it names the directory.
            Err(fault) => return refused(&fault.0),
        };
        let archive = match agents_build(&built.dockerfile, &built.archive, &images) {
            Ok(archive) => archive,
            Err(reason) => return refused(&reason),
        };
        let (run, tag) = (&context.run, self.task_image(task.id));
        self.record_image(run, &tag, None).await?;
        self.crash.at("task.image_intended")?;
        let nobody = |_: String| {};
        let made = self.sandbox(run)?.build(&tag, &built.dockerfile, archive, &nobody);
        match tokio::time::timeout(LONGEST, made).await {
            Ok(Ok(image)) => {
                self.record_image(run, &tag, Some(&image.id)).await?;
                self.crash.at("task.image_made")?;
                Ok(TaskResult::plain(
                    TaskOutcome::Passed,
                    format!("the image is there: take it by the name {}", task.id),
                ))
            }
            Ok(Err(SandboxError::Image { reason, .. })) => refused(&reason),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => refused(&format!("the build did not end within {} s", LONGEST.as_secs())),
        }
    }

    /// The images that the run has, by the names that its agent calls them.
    async fn images_of(&self, context: &Context, task: &Task) -> Result<BTreeMap<String, String>, Halt> {
        let mut images = BTreeMap::new();
        let Some(image) = &context.run.image else { return Ok(images) };
        for name in context.config.services.keys() {
            images.extend(image.services.get(name).map(|id| (name.clone(), id.clone())));
        }
        images.insert(ImageFrom::RUN.to_owned(), image.id.clone());
        for built in self.built(context.run.id).await?.into_iter().filter(|built| built.place == task.place) {
            if let Some(id) = self.sandbox(&context.run)?.local_image(&self.task_image(built.id)).await? {
                images.insert(built.id.to_string(), id);
            }
        }
        Ok(images)
    }

    /// The tag of what a task builds. Only this engine's own tasks have such.
    pub(super) fn task_image(&self, task: TaskId) -> String {
        let parts = [self.store.instance().as_bytes(), b"task", &task.0.to_le_bytes()];
        format!("dogwatch-task:{}", short_hash(parts))
    }

    /// The tasks of a run by which images are built.
    async fn built(&self, run: RunId) -> Result<Vec<Task>, StoreError> {
        self.store.read(move |view| view.tasks_of_kind(run, TaskWork::IMAGE)).await
    }

    /// Removes the images that agents of a run built, but those of the present turn.
    pub(super) async fn remove_task_images(&self, run: RunId, except: Option<TaskPlace>) -> Result<(), Halt> {
        let built = self.built(run).await?;
        if built.is_empty() {
            return Ok(());
        }
        #[allow(clippy::redundant_closure_for_method_calls, reason = "the method is of one lifetime only")]
        let made = self.store.read(|view| view.made_images()).await?;
        let run = self.load(run).await?;
        for task in built.into_iter().filter(|task| except.is_none() || task.place != except) {
            let tag = self.task_image(task.id);
            if made.iter().any(|image| image.tag == tag) {
                self.mark_task_image(&run, &tag, ImageState::Removing, "image.removing").await?;
                self.sandbox(&run)?.remove_image(&tag).await?;
                self.crash.at("task.image_removed")?;
                self.mark_task_image(&run, &tag, ImageState::Removed, "image.removed").await?;
            }
        }
        Ok(())
    }

    async fn mark_task_image(
        &self,
        run: &Run,
        tag: &str,
        state: ImageState,
        kind: &'static str,
    ) -> Result<(), StoreError> {
        let (tag, engine, run) = (tag.to_owned(), run.engine.clone(), run.id);
        self.store
            .write(move |tx| {
                tx.put_image(&tag, &engine, None, state)?;
                tx.record(AuditEvent::new(Actor::Engine, kind).run(run).detail(json!({ "tag": tag })))
            })
            .await
            .map(drop)
    }
}
