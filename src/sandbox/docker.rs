//! Docker through bollard: every step is a container of its own, with `dogwatch shim` as its first process.
//!
//! The engine can be killed at any instant. So everything here may be repeated: a container's name is derived from its
//! step, making it twice finds the first, following it twice goes on where the log on disk ends. Nothing relies on
//! Docker's own streams but for hints: its word is asked for again before anything is decided.
//!
//! | file | what |
//! | --- | --- |
//! | `settings.rs` | what it is told |
//! | `link.rs` | the socket, deadlines, errors in words |
//! | `create.rs` | the walls |
//! | `container.rs` | made, started, frozen, thawed, removed |
//! | `upload.rs`, `take.rs` | a tree copied into a container, and out of one |
//! | `far.rs` | a Docker on another machine |
//! | `follow.rs` | to the end |
//! | `state.rs` | what Docker says of a container |
//! | `watch.rs` | waiting for the end, time limits |
//! | `runtime.rs` | another runtime than the usual one, tried before it is taken |
//! | `service.rs` | when the service was restarted |
//! | `image.rs`, `progress.rs`, `reference.rs` | pulled images |
//! | `build.rs`, `dockerfile.rs` | built and committed images |
//! | `facts.rs` | what the service says of itself |

mod build;
mod container;
mod create;
mod dockerfile;
mod facts;
mod far;
mod follow;
mod image;
mod link;
mod progress;
mod reference;
mod runtime;
mod service;
mod settings;
mod state;
mod take;
mod upload;
mod watch;

pub use build::agents_build;
pub use facts::DockerFacts;
pub use far::{FarFacts, FarSettings};
pub use settings::{DockerSettings, ask_facts, disk_bound, is_there};

use super::executable::{self, Staged};
use super::follow::Followed;
use super::{Abilities, DiskBound, Ended, Presence, Said, Sandbox, SandboxError, StepSpec, layout};
use crate::domain::{ImageUsed, Millis};
use crate::shim::Secret;
use far::Far;
use link::Link;
use settings::facts_of;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::OnceCell;

/// The group of nobody.
const NO_GROUP: u32 = 65_534;

/// One container engine as a sandbox.
pub struct DockerSandbox {
    link: Link,
    instance: String,
    copy: Staged,
    key: [u8; 32],
    registries: Vec<String>,
    user: (u32, u32),
    runtimes: runtime::Runtimes,
    facts: OnceCell<DockerFacts>,
    followed: Followed,
    /// When the connection to the service was last lost.
    lost_at: Mutex<Option<Millis>>,
}

impl DockerSandbox {
    /// Makes the copy of the executable and keeps the settings. The container engine itself is not asked for anything,
    /// so that this engine starts without it too.
    pub async fn connect(settings: DockerSettings) -> Result<Self, SandboxError> {
        let DockerSettings {
            host,
            far,
            instance,
            exe_copies,
            executable,
            engine_key,
            allowed_registries,
            user,
            runtime,
        } = settings;
        if instance.chars().filter(char::is_ascii_alphanumeric).count() < 8 {
            return Err(SandboxError::Local(format!(
                "the engine instance id `{instance}` is too short: container names need eight letters or digits of it"
            )));
        }
        if user.0 == 0 {
            return Err(SandboxError::Local("agents and tests never run as root; choose another user".to_owned()));
        }
        // An ordinary user may well have root's group as the first of its groups; inside it has none that opens anything.
        let user = (user.0, if user.1 == 0 { NO_GROUP } else { user.1 });
        let link = match far {
            Some(far) => Link::to(Far::begin(far, &instance)?),
            None => Link::new(host.as_deref())?,
        };
        let copy = Staged::prepare(executable, exe_copies).await?;
        Ok(Self {
            link,
            instance,
            copy,
            key: engine_key,
            registries: allowed_registries,
            user,
            runtimes: runtime::Runtimes::new(runtime),
            facts: OnceCell::new(),
            followed: Followed::default(),
            lost_at: Mutex::new(None),
        })
    }

    /// What the container engine says of itself.
    pub async fn version_and_facts(&self) -> Result<DockerFacts, SandboxError> {
        facts_of(&self.link).await
    }

    /// What another machine says of itself; `None` where it is this one.
    pub async fn far_facts(&self) -> Result<Option<FarFacts>, SandboxError> {
        let Some(far) = self.link.far() else { return Ok(None) };
        far.facts().await.map(Some).map_err(|failure| failure.into_error("to tell about its machine"))
    }

    /// Removes everything that this engine has on another machine beside its containers and images, which go before.
    pub async fn forget_all(&self) -> Result<(), SandboxError> {
        let Some(far) = self.link.far() else { return Ok(()) };
        far.forget_all().await.map_err(|failure| failure.into_error("to remove this engine's directories"))
    }

    /// Waits a little for the connection to another machine, so that whoever comes while it is made finds it.
    async fn reach(&self) -> Result<(), SandboxError> {
        let Some(far) = self.link.far() else { return Ok(()) };
        far.up().await.map(drop).map_err(|failure| failure.into_error("to reach its machine"))
    }

    /// What is known of the container engine, asked for once. An engine on which no step could work is refused.
    async fn facts(&self) -> Result<&DockerFacts, SandboxError> {
        self.facts
            .get_or_try_init(|| async {
                let facts = self.version_and_facts().await?;
                if let Some((reason, remedy)) = facts.obstacle() {
                    let what = "to serve as a sandbox".to_owned();
                    return Err(SandboxError::Refused { what, reason: format!("{reason}; {remedy}") });
                }
                Ok(facts)
            })
            .await
    }

    /// What the image of a step brings along that has to be kept in bounds.
    async fn volumes(&self, spec: &StepSpec) -> Result<Vec<String>, SandboxError> {
        let image = image::local(&self.link, &spec.image).await;
        let image = image.map_err(|failure| failure.into_error("to look at an image"))?;
        // An absent image is found out when the container is made.
        let config = image.and_then(|image| image.config).unwrap_or_default();
        let refuse = |reason| SandboxError::Image { image: spec.image.clone(), reason, retry: false };
        if self.copy.get().await?.is_dynamic() {
            executable::check_environment(&config.env.unwrap_or_default()).map_err(refuse)?;
        }
        create::volumes(&config.volumes.unwrap_or_default()).map_err(refuse)
    }

    /// What has to be said about the volumes of a step's image.
    async fn remark(&self, spec: &StepSpec) -> Option<String> {
        match self.volumes(spec).await {
            Ok(volumes) => create::remark(spec.profile, &volumes),
            Err(error) => {
                // A container that runs is followed all the same.
                tracing::warn!(step = %spec.key, %error, "the volumes of a step's image are not known");
                None
            }
        }
    }

    /// Makes the container of a step, whatever is known of the runtime.
    async fn make(&self, spec: &StepSpec) -> Result<String, SandboxError> {
        let processors = self.facts().await?.processors;
        let volumes = self.volumes(spec).await?;
        let copy = self.copy.get().await?;
        let mut mounts = layout::prepare(spec, self.user)?;
        let (mut bin, mut user) = (copy.dir.clone(), self.user);
        let _nothing_is_cleared = match self.link.far() {
            Some(far) => {
                let fail =
                    |failure: link::Failure| failure.into_error("to make a step's directories on another machine");
                let held = far.making().await;
                let up = far.up().await.map_err(fail)?;
                bin = far.program(&up, copy).await?.into();
                mounts = far.prepare(&up, spec).await.map_err(fail)?;
                user = up.user;
                Some(held)
            }
            None => None,
        };
        let around = create::Surroundings {
            instance: &self.instance,
            bin: &bin,
            command: container::command(copy),
            user,
            dir: self.link.far().map(|_| spec.dir.to_string_lossy().into_owned()),
            processors,
            runtime: self.runtimes.of(spec),
            mounts,
            volumes,
        };
        container::create(&self.link, &container::name(&self.instance, spec), spec, &around).await
    }

    /// The secret of a step's container.
    fn secret(&self, spec: &StepSpec) -> Secret {
        Secret::derive(&self.key, &container::name(&self.instance, spec))
    }
}

impl Sandbox for DockerSandbox {
    fn abilities(&self) -> Abilities {
        let disk = if self.link.far().is_some() { DiskBound::Watched } else { disk_bound(self.link.path()) };
        Abilities { disk, ..Abilities::ALL }
    }

    async fn words(&self) -> Result<String, SandboxError> {
        self.reach().await?;
        let facts = self.facts().await?;
        let words = match self.runtimes.usual() {
            None => facts.in_words(&facts.default_runtime, runtime::Level::Shared.words()),
            Some((name, level)) => facts.in_words(name, level.map_or("not tried yet", runtime::Level::words)),
        };
        Ok(match self.link.far() {
            Some(far) => format!("{words}, on {}", far.host()),
            None => words,
        })
    }

    async fn own_program(&self) -> Result<Vec<String>, SandboxError> {
        Ok(self.copy.get().await?.command.clone())
    }

    async fn create(&self, spec: &StepSpec) -> Result<String, SandboxError> {
        // One that could serve no step at all is refused first.
        self.facts().await?;
        if self.link.far().is_none() {
            self.runtimes.prove(self, spec).await?;
        } else if let Some(name) = self.runtimes.of(spec) {
            let reason =
                "on another machine no runtime is tried yet, and one that was not tried is not taken".to_owned();
            return Err(SandboxError::Refused { what: format!("to use the runtime {name}"), reason });
        }
        self.make(spec).await
    }

    async fn start(&self, spec: &StepSpec, container: &str) -> Result<(), SandboxError> {
        self.reach().await?;
        container::start(&self.link, spec, container, &self.secret(spec)).await
    }

    async fn follow(
        &self,
        spec: &StepSpec,
        container: &str,
        tell: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Ended, SandboxError> {
        self.reach().await?;
        let following = self.followed.begin(container);
        follow::follow(self, spec, container, &following, tell).await
    }

    async fn say(&self, container: &str, number: u64, bytes: &[u8]) -> Result<Said, SandboxError> {
        self.followed.say(container, number, bytes).await
    }

    async fn stop(&self, container: &str, grace: Duration) -> Result<(), SandboxError> {
        self.followed.stop(container, grace).await
    }

    async fn presence(&self, container: &str) -> Result<Presence, SandboxError> {
        self.reach().await?;
        let seen = state::look(&self.link, container).await;
        let seen = seen.map_err(|failure| failure.into_error("to look at a container"))?;
        Ok(seen.map_or(Presence::Gone, |seen| if seen.paused { Presence::Frozen } else { seen.presence }))
    }

    async fn freeze(&self, container: &str) -> Result<(), SandboxError> {
        self.reach().await?;
        container::set_frozen(&self.link, &self.instance, container, true).await
    }

    async fn thaw(&self, container: &str) -> Result<(), SandboxError> {
        self.reach().await?;
        container::set_frozen(&self.link, &self.instance, container, false).await
    }

    async fn remove(&self, container: &str) -> Result<(), SandboxError> {
        self.reach().await?;
        self.followed.note_removal(container);
        container::remove(&self.link, &self.instance, container).await
    }

    async fn labelled(&self) -> Result<Vec<(String, String)>, SandboxError> {
        self.reach().await?;
        container::labelled(&self.link, &self.instance).await
    }

    fn admits(&self, reference: &str) -> Result<(), SandboxError> {
        image::admitted(&self.registries, reference).map(drop)
    }

    fn admits_build(&self, dockerfile: &str, context: &[u8]) -> Result<(), SandboxError> {
        build::admitted(&self.registries, dockerfile, context)
    }

    async fn image(
        &self,
        reference: &str,
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<ImageUsed, SandboxError> {
        self.reach().await?;
        image::obtain(&self.link, &self.registries, reference, progress).await
    }

    async fn build(
        &self,
        tag: &str,
        dockerfile: &str,
        context: Vec<u8>,
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<ImageUsed, SandboxError> {
        self.reach().await?;
        let processors = self.facts().await?.processors;
        let asked = build::Asked { registries: &self.registries, processors, tag, dockerfile };
        build::build(&self.link, &asked, context, progress).await
    }

    async fn commit(&self, container: &str, tag: &str) -> Result<String, SandboxError> {
        self.reach().await?;
        build::commit(&self.link, container, tag).await
    }

    async fn made_image(&self, tag: &str) -> Result<Option<(String, u64)>, SandboxError> {
        self.reach().await?;
        image::made(&self.link, tag).await
    }

    async fn remove_image(&self, tag: &str) -> Result<(), SandboxError> {
        self.reach().await?;
        image::remove(&self.link, tag).await
    }

    async fn old_programs(&self, dry: bool) -> Result<Vec<(String, u64)>, SandboxError> {
        let Some(far) = self.link.far() else {
            return executable::old(&self.copy, self.labelled().await?.is_empty(), dry).await;
        };
        // Those of this machine are others' to remove.
        let old = far.old_programs(&self.link, self.copy.get().await?, dry).await?;
        Ok(old.into_iter().map(|(name, kib)| (name, kib << 10)).collect())
    }

    async fn leavings(&self, dry: bool) -> Result<Vec<(String, u64)>, SandboxError> {
        match self.link.far() {
            Some(far) => far.leavings(&self.link, dry).await,
            None => Ok(Vec::new()),
        }
    }

    async fn local_image(&self, tag: &str) -> Result<Option<String>, SandboxError> {
        self.reach().await?;
        build::image_id(&self.link, tag).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn only_root_itself_is_refused_as_the_user_of_steps() {
        let home = tempfile::tempdir().unwrap();
        let settings = |user| DockerSettings {
            host: Some("/nonexistent.sock".to_owned()),
            far: None,
            instance: "abcdefgh".to_owned(),
            exe_copies: home.path().join("exe"),
            executable: None,
            engine_key: [0; 32],
            allowed_registries: Vec::new(),
            user,
            runtime: None,
        };
        let error = DockerSandbox::connect(settings((0, 1000))).await.err().unwrap();
        assert!(error.to_string().contains("never run as root"), "{error}");
        let sandbox = DockerSandbox::connect(settings((1000, 0))).await.unwrap();
        assert_eq!(sandbox.user, (1000, NO_GROUP));
        let open: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&sandbox.copy.get().await.unwrap().dir, open).unwrap();
    }
}
