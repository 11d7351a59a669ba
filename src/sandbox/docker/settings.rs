//! What a Docker sandbox is told, and what can be known of Docker without one.

use super::facts::DockerFacts;
use super::far::FarSettings;
use super::link::{self, Link};
use super::service;
use super::state::QUICK;
use crate::sandbox::words::find_program;
use crate::sandbox::{DiskBound, SandboxError};
use crate::workspace::volume;
use std::path::{Path, PathBuf};

/// What the engine gives to its Docker sandbox.
#[derive(Clone)]
pub struct DockerSettings {
    /// `unix:///path`; `None` means `DOCKER_HOST` or else Docker's usual socket.
    pub host: Option<String>,
    /// The machine that Docker is on, where it is not this one; `host` says nothing then.
    pub far: Option<FarSettings>,
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

pub(super) async fn facts_of(link: &Link) -> Result<DockerFacts, SandboxError> {
    let fail = |failure: link::Failure| failure.into_error("to tell its version");
    let docker = link.client().map_err(fail)?;
    let version = link.call(QUICK, docker.version()).await.map_err(fail)?;
    let info = link.call(QUICK, docker.info()).await.map_err(fail)?;
    Ok(DockerFacts::new(link.path(), version, info))
}
