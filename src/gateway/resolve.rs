//! Names of providers and of other hosts become addresses without the system's own library: linked statically, that would load parts of itself
//! from this machine, which need not fit.

use hickory_resolver::{ResolverBuilder, TokioResolver};
use hyper_util::client::legacy::connect::dns::Name;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_service::Service;

/// Looks up names as `/etc/resolv.conf` and `/etc/hosts` have it at that moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolve;

impl Service<Name> for Resolve {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let found = look_up(name.as_str()).await?;
            // The connector puts the port in.
            let addresses: Vec<SocketAddr> = found.into_iter().map(|address| SocketAddr::new(address, 0)).collect();
            Ok(addresses.into_iter())
        })
    }
}

/// The addresses of a name.
pub(super) async fn look_up(name: &str) -> io::Result<Vec<IpAddr>> {
    let failed = |error: &dyn std::fmt::Display| io::Error::other(format!("{name} cannot be looked up: {error}"));
    let resolver = TokioResolver::builder_tokio().and_then(ResolverBuilder::build);
    let resolver = resolver.map_err(|error| failed(&error))?;
    let found = resolver.lookup_ip(name).await.map_err(|error| failed(&error))?;
    Ok(found.iter().collect())
}
