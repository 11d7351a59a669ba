//! A line to an asset, whichever way leads there.

use super::call::Call;
use super::talk::Talk;
use super::{Fleet, FleetFault, docker, local, ssh};
use crate::domain::{AssetSpec, Reach};

/// An open line.
pub(super) enum Line {
    Ssh(ssh::Host),
    Docker(docker::Container),
    Local,
}

impl Line {
    /// Opens one for this call: where a certificate lets in, it is for nothing else.
    pub(super) async fn open(fleet: &Fleet, spec: &AssetSpec, call: &Call) -> Result<Self, FleetFault> {
        match &spec.reach {
            Reach::Ssh { user, host, port, host_keys, login } => {
                let way = ssh::Way { user: user.as_ref(), host, port: *port, host_keys, login };
                Ok(Self::Ssh(ssh::Host::open(&way, fleet, call).await?))
            }
            Reach::Docker { container, engine } => {
                Ok(Self::Docker(docker::Container::open(container, engine.as_ref()).await?))
            }
            Reach::Local => Ok(Self::Local),
            Reach::Nowhere => Err(FleetFault(format!("{} is known by words only: nothing leads there", spec.name))),
        }
    }

    /// Makes the call for which it was opened.
    pub(super) async fn call(&self, call: &Call, input: Vec<u8>) -> Result<Talk, FleetFault> {
        match self {
            Self::Ssh(host) => host.call(call, input).await,
            Self::Docker(container) => container.call(call, input).await,
            Self::Local => local::call(call, input),
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
