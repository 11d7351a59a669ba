//! The run's image: pulled or built, then the setup command run in the provision profile and committed, cached by content.

use super::steps::{key, step_environment};
use super::way::proxies;
use super::{Context, Engine, Halt};
use crate::config::{ImageSource, Setup};
use crate::domain::{ImageUsed, Run, StepEnd, StepKind, StepState};
use crate::engine::crash::Crashed;
use crate::engine::machine::Event;
use crate::engine::ports::{TreeFault, Trees, World};
use crate::sandbox::{Network, Profile, Sandbox, SandboxError, StepSpec};
use crate::store::StoreError;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Which way images are made here: a higher number makes all of them anew. 2: what a setup keeps can be read by every step. 3:
/// each engine has images of its own, so that none removes another's.
const FORMAT: u64 = 3;
/// How much of a failed setup's output is quoted.
const QUOTED: usize = 2_000;

impl<W: World> Engine<W> {
    pub(super) async fn prepare(&self, context: &Context) -> Result<(), Halt> {
        if self.step(&key(context, StepKind::Prepare, "")).await?.is_none_or(|step| step.state == StepState::Intended) {
            self.await_space(context.run.id).await;
        }
        // Nobody removes an image meanwhile that is found here.
        let _images_stay = self.preparing.read().await;
        let event = match self.image_of(context).await {
            Ok(image) => Event::Prepared { image },
            Err(Failed::Image { reason, retry }) => Event::PrepareFailed { reason, retry },
            Err(Failed::Halt(halt)) => return Err(halt),
        };
        self.advance(context, event).await
    }

    async fn image_of(&self, context: &Context) -> Result<ImageUsed, Failed> {
        let id = context.run.id;
        let progress = |text: String| self.note(id, &text);
        let sandbox = self.sandbox(&context.run)?;
        let mut image = match &context.config.image {
            ImageSource::Reference(reference) => sandbox.image(reference, &progress).await?,
            ImageSource::Dockerfile { path, context: directory } => {
                let trees = self.world.trees();
                let build = trees.build_context(&context.project, &context.base, path, directory).await?;
                let parts = [self.store.instance().as_bytes(), &build.archive, build.dockerfile.as_bytes()];
                let tag = format!("dogwatch-build:{}", short_hash(parts.into_iter().chain(elsewhere(&context.run))));
                let image = if let Some(id) = sandbox.local_image(&tag).await? {
                    ImageUsed { asked: path.clone(), id, digest: None, services: BTreeMap::new() }
                } else {
                    self.record_image(&context.run, &tag, None).await?;
                    self.crash.at("prepare.intended")?;
                    sandbox.build(&tag, &build.dockerfile, build.archive, &progress).await?
                };
                self.record_image(&context.run, &tag, Some(&image.id)).await?;
                image
            }
        };
        context.config.image.asked().clone_into(&mut image.asked);
        self.crash.at("prepare.image")?;
        if let Some(setup) = &context.config.setup {
            image.id = self.with_setup(context, setup, &image).await?;
        }
        for (name, service) in &context.config.services {
            if let Some(reference) = &service.image {
                image.services.insert(name.clone(), sandbox.image(reference, &progress).await?.id);
            }
        }
        let browsers = context.config.suites.iter().filter_map(|suite| Some((&suite.name, suite.browser.as_ref()?)));
        for (name, browser) in browsers {
            if let Some(reference) = &browser.image {
                image.services.insert(name.clone(), sandbox.image(reference, &progress).await?.id);
            }
        }
        Ok(image)
    }

    /// The content id of the image with the setup's result in it.
    async fn with_setup(&self, context: &Context, setup: &Setup, image: &ImageUsed) -> Result<String, Failed> {
        let tree = self.world.trees().tree_of(&context.project, &context.base).await?;
        let argv = setup.command.argv();
        let parts: Vec<&[u8]> = [self.store.instance().as_bytes(), image.id.as_bytes(), tree.as_bytes()]
            .into_iter()
            .chain(argv.iter().map(String::as_bytes))
            .chain(setup.keep.iter().map(String::as_bytes))
            // What a setup was let out to counts as what went into its image.
            .chain(setup.egress.iter().flat_map(|word| [b"egress".as_slice(), word.as_bytes()]))
            .chain(elsewhere(&context.run))
            .collect();
        let tag = format!("dogwatch-setup:{}", short_hash(parts));
        if let Some(id) = self.sandbox(&context.run)?.local_image(&tag).await? {
            self.record_image(&context.run, &tag, Some(&id)).await?;
            return Ok(id);
        }
        self.record_image(&context.run, &tag, None).await?;
        self.crash.at("prepare.intended")?;
        let key = key(context, StepKind::Prepare, "");
        let ways = self.setup_ways(setup).map_err(|reason| Failed::Image { reason, retry: false })?;
        let mut env = proxies(&ways);
        env.extend(step_environment(&BTreeMap::new()));
        let spec = StepSpec {
            profile: Profile::Provision,
            image: image.id.clone(),
            argv,
            env,
            cwd: "/work".to_owned(),
            tree: Some(self.places().tree(&key)),
            stdin: Vec::new(),
            open_until: None,
            runtime: context.config.runtime.clone(),
            keep: setup.keep.clone(),
            dir: self.places().step(&key),
            log: self.places().log(&key),
            gateway: self.gateway_of(context.run.id, &ways),
            data: BTreeMap::new(),
            limits: context.config.limits,
            times: setup.times(),
            network: Network::default(),
            key: key.clone(),
        };
        if self.wants_tree(&key).await? {
            let tree = self.places().tree(&key);
            self.world.trees().checkout(&context.project, &context.base, &tree, None, None).await?;
        }
        self.note(context.run.id, "runs the setup command");
        self.open_way(context.run.id, &ways)?;
        let step = self.run_step(context, &spec, None, true).await?;
        self.world.close_way(context.run.id);
        let StepState::Ended { end, log_digest, .. } = &step.state else {
            return Err(Failed::Halt(Halt::Superseded));
        };
        if *end != (StepEnd::Exited { code: 0 }) {
            let output = self.world.trees().output(&spec.log, log_digest, QUOTED).await?;
            let reason =
                format!("the setup command failed ({end:?}); its last output:\n{}", String::from_utf8_lossy(&output));
            self.remove_containers_of(&key).await?;
            return Err(Failed::Image { reason, retry: false });
        }
        let Some(container) = self.container_of(&key).await? else {
            let reason = "the setup's container vanished before it could be committed".to_owned();
            return Err(Failed::Halt(Halt::Lost { reason, explained: false }));
        };
        let id = self.sandbox(&context.run)?.commit(&container, &tag).await?;
        self.crash.at("prepare.committed")?;
        self.record_image(&context.run, &tag, Some(&id)).await?;
        self.remove_containers_of(&key).await?;
        self.world.trees().remove(&self.places().tree(&key)).await?;
        self.crash.at("prepare.removed")?;
        Ok(id)
    }
}

/// Why there is no image.
enum Failed {
    /// It cannot be made.
    Image { reason: String, retry: bool },
    /// Something else is in the way.
    Halt(Halt),
}

impl From<SandboxError> for Failed {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::Image { image, reason, retry } => {
                Self::Image { reason: format!("image {image}: {reason}"), retry }
            }
            error => Self::Halt(error.into()),
        }
    }
}

impl From<Halt> for Failed {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Halt(error.into())
    }
}

impl From<Crashed> for Failed {
    fn from(crashed: Crashed) -> Self {
        Self::Halt(crashed.into())
    }
}

impl From<TreeFault> for Failed {
    fn from(fault: TreeFault) -> Self {
        Self::Halt(fault.into())
    }
}

/// What names the images of each further container engine apart: each has its own.
fn elsewhere(run: &Run) -> Option<&[u8]> {
    (!run.engine.is_empty()).then_some(run.engine.as_bytes())
}

/// The first half of a SHA-256 over the format and length-prefixed parts, in hexadecimal.
pub(super) fn short_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    hash.update(FORMAT.to_le_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let half: Vec<u8> = hash.finalize().into_iter().take(16).collect();
    crate::audit::hex(&half)
}
