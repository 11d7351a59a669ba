//! The first message in a tunnel, which has to be the greeting of TLS and to name the host that the tunnel is to. It is only
//! read, not answered, and goes on to the host as it came.
//!
//! What is named is the outer name: where a client hides the true one (ECH), only the provider of that hiding sees it. Nor does
//! this say which certificate is shown or which host the requests inside name ("fronting"): that would take breaking the
//! encryption open, which is not done here.

use super::denied::Denied;
use crate::domain::HostName;
use rustls::server::Acceptor;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// The longest greeting that is read, with all its records.
const LONGEST: usize = 32 * 1024;
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// An alert of TLS that ends a handshake: `unrecognized_name`.
pub(super) const ALERT: [u8; 7] = [0x15, 3, 1, 0, 2, 2, 112];

/// Reads the greeting behind what was read already. Gives all bytes, to be passed on.
pub(super) async fn read(
    from: &mut (impl AsyncRead + Unpin),
    already: &[u8],
    host: &HostName,
) -> Result<Vec<u8>, Denied> {
    timeout(PATIENCE, gather(from, already, host)).await.unwrap_or(Err(Denied::TooSlow))
}

async fn gather(from: &mut (impl AsyncRead + Unpin), already: &[u8], host: &HostName) -> Result<Vec<u8>, Denied> {
    let mut all = already.to_vec();
    let mut acceptor = Acceptor::default();
    let mut taken = 0;
    loop {
        while let Some(mut rest) = all.get(taken..).filter(|rest| !rest.is_empty()) {
            let count = acceptor.read_tls(&mut rest).map_err(|_| Denied::NotTls)?;
            taken += count;
            match acceptor.accept() {
                Ok(Some(accepted)) => return named(accepted.client_hello().server_name(), host).map(|()| all),
                Ok(None) if count > 0 => {}
                Ok(None) | Err(_) => return Err(Denied::NotTls),
            }
        }
        if all.len() >= LONGEST {
            return Err(Denied::NotTls);
        }
        match from.read_buf(&mut all).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return Err(Denied::NotTls),
        }
    }
}

fn named(name: Option<&str>, host: &HostName) -> Result<(), Denied> {
    match name.map(HostName::parse) {
        None => Err(Denied::NoName),
        Some(Ok(name)) if name == *host => Ok(()),
        Some(_) => Err(Denied::OtherName),
    }
}
