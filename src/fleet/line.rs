//! A line to an asset, whichever way leads there.

use super::talk::Talk;
use super::{FleetFault, docker, local, ssh};
use crate::domain::{AssetSpec, Reach};
use std::path::Path;

/// An open line.
pub(super) enum Line {
    Ssh(ssh::Host),
    Docker(docker::Container),
    Local,
}

impl Line {
    /// Opens one. `dir` is a private directory for what SSH needs.
    pub(super) async fn open(spec: &AssetSpec, dir: &Path) -> Result<Self, FleetFault> {
        match &spec.reach {
            Reach::Ssh { user, host, port, host_keys, identity } => {
                let way = ssh::Way { user: user.as_ref(), host, port: *port, host_keys, identity: identity.as_ref() };
                Ok(Self::Ssh(ssh::Host::open(&way, dir).await?))
            }
            Reach::Docker { container, engine } => {
                Ok(Self::Docker(docker::Container::open(container, engine.as_ref()).await?))
            }
            Reach::Local => Ok(Self::Local),
            Reach::Nowhere => Err(FleetFault(format!("{} is known by words only: nothing leads there", spec.name))),
        }
    }

    /// Calls one of our texts there.
    pub(super) async fn call(&self, text: &str, verb: &[&str], input: Vec<u8>) -> Result<Talk, FleetFault> {
        match self {
            Self::Ssh(host) => host.call(text, verb, input).await,
            Self::Docker(container) => container.call(text, verb, input).await,
            Self::Local => local::call(text, verb, input),
        }
    }

    /// What a boot is called there: the kernel's id, and where that is not all that can be started anew, that, too.
    pub(super) fn boot(&self, kernel: &str) -> String {
        match self {
            Self::Docker(container) => format!("{kernel}/{}", container.life()),
            Self::Ssh(_) | Self::Local => kernel.to_owned(),
        }
    }
}
