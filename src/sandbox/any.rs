//! The sandbox of an engine, whichever it is: Docker, the process sandbox, or none at all.
//!
//! Docker goes first wherever there is anything of it, also while it does not answer: runs then wait for it, as they always
//! did, instead of going on behind weaker walls. Without any sandbox the engine still serves; it takes no new run, and what
//! was begun waits.

use super::docker::{self, DockerSandbox, DockerSettings};
use super::process::{ProcessSandbox, ProcessSettings};
use super::{Abilities, Ended, Presence, Said, Sandbox, SandboxError, StepSpec};
use crate::config::SandboxKind;
use crate::domain::ImageUsed;
use std::time::Duration;

/// What to do where there is no sandbox.
pub const REMEDIES: &str = "install Docker and let this user use it, or install bubblewrap (weaker walls, no images), then start the \
                            engine again; `dogwatch doctor` tells more";

/// One of the sandboxes.
pub enum AnySandbox {
    /// Docker.
    Docker(Box<DockerSandbox>),
    /// The process sandbox.
    Process(Box<ProcessSandbox>),
    /// None, and why.
    Absent(String),
}

impl AnySandbox {
    /// Chooses as the operator says. Fails only for what is wrong with the settings; a sandbox that is not to be had is an
    /// absent one.
    pub async fn choose(
        kind: SandboxKind,
        docker: DockerSettings,
        process: ProcessSettings,
    ) -> Result<Self, SandboxError> {
        if kind == SandboxKind::Docker || (kind == SandboxKind::Auto && docker::is_there(docker.host.as_deref())) {
            return Ok(Self::Docker(Box::new(DockerSandbox::connect(docker).await?)));
        }
        match ProcessSandbox::connect(process).await {
            Ok(sandbox) => Ok(Self::Process(Box::new(sandbox))),
            Err(SandboxError::Absent(reason)) => {
                let docker = if kind == SandboxKind::Auto { "Docker is not installed, and " } else { "" };
                Ok(Self::Absent(format!("{docker}{reason}; {REMEDIES}")))
            }
            Err(error) => Err(error),
        }
    }

    /// Its name, for records and people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Docker(_) => "docker",
            Self::Process(_) => "process",
            Self::Absent(_) => "none",
        }
    }
}

/// Passes a call on to the sandbox that there is.
macro_rules! pass_on {
    ($any:expr, $sandbox:ident => $call:expr) => {
        match $any {
            AnySandbox::Docker($sandbox) => $call,
            AnySandbox::Process($sandbox) => $call,
            AnySandbox::Absent(reason) => Err(SandboxError::Absent(reason.clone())),
        }
    };
}

impl Sandbox for AnySandbox {
    fn abilities(&self) -> Abilities {
        match self {
            Self::Docker(sandbox) => sandbox.abilities(),
            Self::Process(sandbox) => sandbox.abilities(),
            // What it refuses it refuses for another reason.
            Self::Absent(_) => Abilities::ALL,
        }
    }

    async fn words(&self) -> Result<String, SandboxError> {
        pass_on!(self, sandbox => sandbox.words().await)
    }

    async fn own_program(&self) -> Result<Vec<String>, SandboxError> {
        pass_on!(self, sandbox => sandbox.own_program().await)
    }

    async fn create(&self, spec: &StepSpec) -> Result<String, SandboxError> {
        pass_on!(self, sandbox => sandbox.create(spec).await)
    }

    async fn start(&self, spec: &StepSpec, container: &str) -> Result<(), SandboxError> {
        pass_on!(self, sandbox => sandbox.start(spec, container).await)
    }

    async fn follow(
        &self,
        spec: &StepSpec,
        container: &str,
        tell: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Ended, SandboxError> {
        pass_on!(self, sandbox => sandbox.follow(spec, container, tell).await)
    }

    async fn say(&self, container: &str, number: u64, bytes: &[u8]) -> Result<Said, SandboxError> {
        pass_on!(self, sandbox => sandbox.say(container, number, bytes).await)
    }

    async fn stop(&self, container: &str, grace: Duration) -> Result<(), SandboxError> {
        pass_on!(self, sandbox => sandbox.stop(container, grace).await)
    }

    async fn presence(&self, container: &str) -> Result<Presence, SandboxError> {
        pass_on!(self, sandbox => sandbox.presence(container).await)
    }

    async fn freeze(&self, container: &str) -> Result<(), SandboxError> {
        pass_on!(self, sandbox => sandbox.freeze(container).await)
    }

    async fn thaw(&self, container: &str) -> Result<(), SandboxError> {
        pass_on!(self, sandbox => sandbox.thaw(container).await)
    }

    async fn remove(&self, container: &str) -> Result<(), SandboxError> {
        pass_on!(self, sandbox => sandbox.remove(container).await)
    }

    async fn labelled(&self) -> Result<Vec<(String, String)>, SandboxError> {
        pass_on!(self, sandbox => sandbox.labelled().await)
    }

    fn admits(&self, reference: &str) -> Result<(), SandboxError> {
        pass_on!(self, sandbox => sandbox.admits(reference))
    }

    fn admits_build(&self, dockerfile: &str, context: &[u8]) -> Result<(), SandboxError> {
        pass_on!(self, sandbox => sandbox.admits_build(dockerfile, context))
    }

    async fn image(
        &self,
        reference: &str,
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<ImageUsed, SandboxError> {
        pass_on!(self, sandbox => sandbox.image(reference, progress).await)
    }

    async fn build(
        &self,
        tag: &str,
        dockerfile: &str,
        context: Vec<u8>,
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<ImageUsed, SandboxError> {
        pass_on!(self, sandbox => sandbox.build(tag, dockerfile, context, progress).await)
    }

    async fn commit(&self, container: &str, tag: &str) -> Result<String, SandboxError> {
        pass_on!(self, sandbox => sandbox.commit(container, tag).await)
    }

    async fn made_image(&self, tag: &str) -> Result<Option<(String, u64)>, SandboxError> {
        pass_on!(self, sandbox => sandbox.made_image(tag).await)
    }

    async fn remove_image(&self, tag: &str) -> Result<(), SandboxError> {
        pass_on!(self, sandbox => sandbox.remove_image(tag).await)
    }

    async fn old_programs(&self, dry: bool) -> Result<Vec<(String, u64)>, SandboxError> {
        pass_on!(self, sandbox => sandbox.old_programs(dry).await)
    }

    async fn leavings(&self, dry: bool) -> Result<Vec<(String, u64)>, SandboxError> {
        pass_on!(self, sandbox => sandbox.leavings(dry).await)
    }

    async fn local_image(&self, tag: &str) -> Result<Option<String>, SandboxError> {
        pass_on!(self, sandbox => sandbox.local_image(tag).await)
    }
}
