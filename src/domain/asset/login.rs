//! How the gate logs in to a host: by a key of its own, or by certificates that an authority's key signs, one for each call.

use super::name::{AssetWordFault, word};
use super::{AssetFault, AssetPath};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Where a secret's name begins.
const SECRET: &str = "secret:";

/// With what somebody logs in. Nothing of it is a key itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetLogin {
    /// Where the key lies that logs in; the engine's SSH agent where neither this nor an authority is named.
    pub identity: Option<KeySource>,
    /// Where the key lies that certifies a new key for each call, for one minute and this call alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<KeySource>,
    /// From where such a certificate is good: the address that the host sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_address: Option<SourceAddress>,
}

impl AssetLogin {
    /// With this key.
    pub fn by(identity: Option<KeySource>) -> Self {
        Self { identity, ..Self::default() }
    }

    /// Looks at what the types of its parts cannot say.
    pub(super) fn check(&self, names_user: bool) -> Result<(), AssetFault> {
        match (&self.identity, &self.authority) {
            (Some(_), Some(_)) => Err(AssetFault::TwoLogins),
            (None, Some(_)) if !names_user => Err(AssetFault::NoPrincipal),
            (_, None) if self.source_address.is_some() => Err(AssetFault::NoAuthority),
            _ => Ok(()),
        }
    }
}

word!(
    /// Where a private key lies: in a file, or in the secret store.
    KeySource,
    "a key",
    "is the absolute path of a file, of letters, digits, dots, dashes, underscores and slashes, or `secret:NAME` for one of `dogwatch secret ls`",
    |text| match text.strip_prefix(SECRET) {
        Some(name) => {
            (1..=32).contains(&name.len())
                && !name.starts_with('-')
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        }
        None => text.parse::<AssetPath>().is_ok(),
    }
);

impl KeySource {
    /// The secret's name, where it is one.
    pub fn secret(&self) -> Option<&str> {
        self.as_str().strip_prefix(SECRET)
    }
}

word!(
    /// An address or a network, in its usual form.
    SourceAddress,
    "a source",
    "is an address or a network in its usual form, such as 192.0.2.7 or 2001:db8::/64",
    is_source
);

fn is_source(text: &str) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    address.parse::<IpAddr>().is_ok_and(|read| {
        let most = if read.is_ipv4() { 32 } else { 128 };
        let fits = |bits: &str| bits.parse::<u8>().is_ok_and(|number| number <= most && number.to_string() == bits);
        read.to_string() == address && bits.is_none_or(fits)
    })
}
