//! Hosts of assets: names and addresses, each in one spelling. What could be an option, a pattern or a word of a shell is none.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// Why a text is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssetHostFault {
    /// Nothing, or too much.
    #[error("a host has 1 to 253 letters")]
    Length,
    /// Anything but letters, digits, dashes and dots.
    #[error("a host is an address, or a name of the letters a to z, digits, dashes and dots")]
    Letters,
    /// A part that is empty, too long, or has a dash at an end.
    #[error("each part of a host between two dots has 1 to 63 letters, and no dash first or last")]
    Label,
    /// An address that is written in another way than the usual one.
    #[error("an address is written in its usual form, such as 192.0.2.7 or 2001:db8::7")]
    Address,
}

/// The host of an asset: a name in lower case, or an address in its usual form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AssetHost(String);

impl AssetHost {
    /// Takes what was written; addresses without brackets.
    pub fn parse(text: &str) -> Result<Self, AssetHostFault> {
        if text.is_empty() || text.len() > 253 {
            return Err(AssetHostFault::Length);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            let usual = address.to_string();
            return if usual == text { Ok(Self(usual)) } else { Err(AssetHostFault::Address) };
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.') {
            return Err(AssetHostFault::Letters);
        }
        let fine = |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
        if !text.split('.').all(fine) {
            return Err(AssetHostFault::Label);
        }
        // What ends in a number is an address to the functions of C libraries: `1.2`, `0x7f.1`.
        let last = text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digits(&last) || last.strip_prefix("0x").is_some_and(hexadecimal) {
            return Err(AssetHostFault::Address);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The host.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With its port, unless that is the usual one.
    pub fn with_port(&self, port: u16) -> String {
        match (port, self.0.contains(':')) {
            (22, _) => self.0.clone(),
            (port, true) => format!("[{}]:{port}", self.0),
            (port, false) => format!("{}:{port}", self.0),
        }
    }

    /// As a file of known hosts names it.
    pub fn known_as(&self, port: u16) -> String {
        if port == 22 { self.0.clone() } else { format!("[{}]:{port}", self.0) }
    }
}

impl fmt::Display for AssetHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AssetHost {
    type Error = AssetHostFault;

    fn try_from(text: String) -> Result<Self, AssetHostFault> {
        Self::parse(&text)
    }
}

impl From<AssetHost> for String {
    fn from(host: AssetHost) -> Self {
        host.0
    }
}
