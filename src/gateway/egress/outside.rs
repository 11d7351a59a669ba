//! Looking names up and dialling addresses: the two things that are done outside, behind a trait, so that tests see every one
//! of them.

use super::super::resolve::look_up;
use super::denied::Denied;
use super::policy::{Road, Target};
use super::vet::is_public;
use crate::domain::HostName;
use futures_util::future::BoxFuture;
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long looking up may take.
const LOOK_UP: Duration = Duration::from_secs(10);
/// How long one address is dialled.
const DIAL: Duration = Duration::from_secs(10);
/// Addresses of a host that are tried.
const TRIED: usize = 3;

/// What is outside.
pub(super) trait Outside: Debug + Send + Sync {
    /// The addresses of a name, as of now.
    fn look_up<'a>(&'a self, host: &'a HostName) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;

    /// Connects to an address.
    fn dial(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>>;
}

/// The real one.
#[derive(Debug)]
pub(super) struct Internet;

impl Outside for Internet {
    fn look_up<'a>(&'a self, host: &'a HostName) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        // With a dot at the end the name is whole, and no domain of this machine is tried behind it.
        Box::pin(async move { look_up(&format!("{host}.")).await })
    }

    fn dial(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(to))
    }
}

/// The addresses that may be dialled for a target. A name is looked up once, and only what was looked at is dialled, so it
/// cannot be another one a moment later. One address that is not public speaks against all of them.
pub(super) async fn addresses(outside: &dyn Outside, target: &Target, road: &Road) -> Result<Vec<SocketAddr>, Denied> {
    if let Some(fixed) = road.fixed {
        return Ok(vec![fixed]);
    }
    let found = match timeout(LOOK_UP, outside.look_up(&target.host)).await {
        Ok(Ok(found)) if !found.is_empty() => found,
        Ok(Err(error)) => {
            tracing::debug!(host = %target.host, "{error}");
            return Err(Denied::NoAddress);
        }
        Ok(Ok(_)) | Err(_) => return Err(Denied::NoAddress),
    };
    if !found.iter().all(|address| is_public(*address)) {
        return Err(Denied::PrivateAddress);
    }
    Ok(found.into_iter().map(|address| SocketAddr::new(address, target.port)).collect())
}

/// Connects to the first of these addresses that answers.
pub(super) async fn dial(outside: &dyn Outside, addresses: &[SocketAddr]) -> Result<TcpStream, Denied> {
    // Machines without IPv6 still find such addresses, and fail at once there.
    for address in addresses.iter().take(TRIED) {
        match timeout(DIAL, outside.dial(*address)).await {
            Ok(Ok(stream)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%address, "small pieces may wait for each other: {error}");
                }
                return Ok(stream);
            }
            Ok(Err(error)) => tracing::debug!(%address, "cannot be reached: {error}"),
            Err(_) => tracing::debug!(%address, "does not answer"),
        }
    }
    Err(Denied::Unreachable)
}
