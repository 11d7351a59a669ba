//! Docker through bollard: every step is a container of its own, with `dogwatch shim` as its first process.
//!
//! The engine can be killed at any instant. So everything here may be repeated: a container's name is derived from its
//! step, making it twice finds the first, following it twice goes on where the log on disk ends. Nothing relies on
//! Docker's own streams but for hints: its word is asked for again before anything is decided.
//!
//! | file | what |
//! | --- | --- |
//! | `link.rs` | the socket, deadlines, errors in words |
//! | `create.rs` | the walls |
//! | `container.rs` | made, started, frozen, thawed, removed |
//! | `upload.rs` | a tree copied into a container |
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
mod follow;
mod image;
mod link;
mod progress;
mod reference;
mod runtime;
mod service;
mod state;
mod upload;
mod watch;

pub use build::agents_build;
pub use facts::DockerFacts;

use super::executable::{self, Staged};
use super::follow::Followed;
use super::words::find_program;
use super::{Abilities, DiskBound, Ended, Presence, Said, Sandbox, SandboxError, StepSpec, layout};
use crate::domain::{ImageUsed, Millis};
use crate::shim::Secret;
use crate::workspace::volume;
use link::Link;
use state::QUICK;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::OnceCell;

/// The group of nobody.
const NO_GROUP: u32 = 65_534;

/// What the engine gives to its Docker sandbox.
#[derive(Clone)]
pub struct DockerSettings {
    /// `unix:///path`; `None` means `DOCKER_HOST` or else Docker's usual socket.
    pub host: Option<String>,
    /// The engine instance's id. Two engines on one Docker differ in it, so that they never meet.
    pub instance: String,
    /// Directory for copies of the executable, on a file system that the Docker service sees under the same path.
    pub exe_copies: PathBuf,
    /// The executable that containers run as their shim; `None` for the running one.
    pub executable: Option<PathBuf>,
    /// The engine's own key, from which the secrets of its steps are derived.
    pub engine_key: [u8; 32],
    /// Hosts (with port, where one is written) from which images may come, such as `docker.io`.
    pub allowed_registries: Vec<String>,
    /// User and group of agents and tests: the engine's own, or some other than root where the engine is root.
    pub user: (u32, u32),
    /// The runtime of steps; `None` for Docker's usual one.
    pub runtime: Option<String>,
}

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

/// Whether there is anything of Docker on this machine: a socket that somebody names, one at the usual place, or a program.
/// Asks nobody.
pub fn is_there(host: Option<&str>) -> bool {
    let named = host.is_some() || std::env::var_os("DOCKER_HOST").is_some_and(|value| !value.is_empty());
    named || Path::new(link::DEFAULT_SOCKET).exists() || find_program("dockerd").or(find_program("docker")).is_some()
}

/// What the container engine at `host` says of itself, for those who need no sandbox of it. `None` means `DOCKER_HOST` or
/// else Docker's usual socket.
pub async fn ask_facts(host: Option<&str>) -> Result<DockerFacts, SandboxError> {
    facts_of(&Link::new(host)?).await
}

/// How caps on trees hold for containers of the service at a socket. A service that does not see what this engine mounts would
/// show them empty directories.
pub fn disk_bound(socket: &str) -> DiskBound {
    if service::shares_mounts(socket) && volume::possible().is_ok() {
        DiskBound::FileSystem
    } else {
        DiskBound::Watched
    }
}

async fn facts_of(link: &Link) -> Result<DockerFacts, SandboxError> {
    let fail = |failure: link::Failure| failure.into_error("to tell its version");
    let docker = link.client().map_err(fail)?;
    let version = link.call(QUICK, docker.version()).await.map_err(fail)?;
    let info = link.call(QUICK, docker.info()).await.map_err(fail)?;
    Ok(DockerFacts::new(link.path(), version, info))
}

impl DockerSandbox {
    /// Makes the copy of the executable and keeps the settings. The container engine itself is not asked for anything,
    /// so that this engine starts without it too.
    pub async fn connect(settings: DockerSettings) -> Result<Self, SandboxError> {
        let DockerSettings { host, instance, exe_copies, executable, engine_key, allowed_registries, user, runtime } =
            settings;
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
        let link = Link::new(host.as_deref())?;
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
        let mounts = layout::prepare(spec, self.user)?;
        let around = create::Surroundings {
            instance: &self.instance,
            bin: &copy.dir,
            command: container::command(copy),
            user: self.user,
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
        Abilities { disk: disk_bound(self.link.path()), ..Abilities::ALL }
    }

    async fn words(&self) -> Result<String, SandboxError> {
        let facts = self.facts().await?;
        Ok(match self.runtimes.usual() {
            None => facts.in_words(&facts.default_runtime, runtime::Level::Shared.words()),
            Some((name, level)) => facts.in_words(name, level.map_or("not tried yet", runtime::Level::words)),
        })
    }

    async fn own_program(&self) -> Result<Vec<String>, SandboxError> {
        Ok(self.copy.get().await?.command.clone())
    }

    async fn create(&self, spec: &StepSpec) -> Result<String, SandboxError> {
        // One that could serve no step at all is refused first.
        self.facts().await?;
        self.runtimes.prove(self, spec).await?;
        self.make(spec).await
    }

    async fn start(&self, spec: &StepSpec, container: &str) -> Result<(), SandboxError> {
        container::start(&self.link, spec, container, &self.secret(spec)).await
    }

    async fn follow(
        &self,
        spec: &StepSpec,
        container: &str,
        tell: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Ended, SandboxError> {
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
        let seen = state::look(&self.link, container).await;
        let seen = seen.map_err(|failure| failure.into_error("to look at a container"))?;
        Ok(seen.map_or(Presence::Gone, |seen| if seen.paused { Presence::Frozen } else { seen.presence }))
    }

    async fn freeze(&self, container: &str) -> Result<(), SandboxError> {
        container::set_frozen(&self.link, &self.instance, container, true).await
    }

    async fn thaw(&self, container: &str) -> Result<(), SandboxError> {
        container::set_frozen(&self.link, &self.instance, container, false).await
    }

    async fn remove(&self, container: &str) -> Result<(), SandboxError> {
        self.followed.note_removal(container);
        container::remove(&self.link, container).await
    }

    async fn labelled(&self) -> Result<Vec<(String, String)>, SandboxError> {
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
        image::obtain(&self.link, &self.registries, reference, progress).await
    }

    async fn build(
        &self,
        tag: &str,
        dockerfile: &str,
        context: Vec<u8>,
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<ImageUsed, SandboxError> {
        let processors = self.facts().await?.processors;
        let asked = build::Asked { registries: &self.registries, processors, tag, dockerfile };
        build::build(&self.link, &asked, context, progress).await
    }

    async fn commit(&self, container: &str, tag: &str) -> Result<String, SandboxError> {
        build::commit(&self.link, container, tag).await
    }

    async fn made_image(&self, tag: &str) -> Result<Option<(String, u64)>, SandboxError> {
        image::made(&self.link, tag).await
    }

    async fn remove_image(&self, tag: &str) -> Result<(), SandboxError> {
        image::remove(&self.link, tag).await
    }

    async fn old_programs(&self, dry: bool) -> Result<Vec<(String, u64)>, SandboxError> {
        executable::old(&self.copy, self.labelled().await?.is_empty(), dry).await
    }

    async fn local_image(&self, tag: &str) -> Result<Option<String>, SandboxError> {
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
