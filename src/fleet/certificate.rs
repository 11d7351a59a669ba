//! Certificates for one call: a new key, good for one user, one minute and this very line of a shell, so that neither it nor what it
//! is made from can have anything else run on a host. The authority's key stays with the gate.

use super::FleetFault;
use super::agent::Held;
use super::call::Call;
use crate::config::{SecretError, read_secret};
use crate::domain::{KeySource, SourceAddress, UserName};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use ssh_key::certificate::{Builder, CertType};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, PrivateKey};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How long a certificate is good, in seconds: before now, for a clock that is slow, and from now on.
const GOOD: (u64, u64) = (30, 60);
/// The same for one that only asks what the asset is, so that a clock which is off is told and not guessed.
const GOOD_TO_ASK: (u64, u64) = (86_400, 86_400);
/// Longest file with a key.
const LONGEST: u64 = 16 * 1024;

/// What an authority signs for one call.
pub(super) fn issue(
    authority: &PrivateKey,
    (user, source): (&UserName, Option<&SourceAddress>),
    call: &Call,
    now: u64,
) -> Result<Held, FleetFault> {
    let failed = |error: ssh_key::Error| FleetFault(format!("no certificate can be made: {error}"));
    let no_luck = |error: getrandom::Error| FleetFault(format!("there are no random numbers for a key: {error}"));
    let (mut lucky, mut nonce) = (Ok(()), [0; Builder::RECOMMENDED_NONCE_SIZE]);
    let seed = SecretBox::<[u8; 32]>::init_with_mut(|seed| lucky = getrandom::fill(seed));
    lucky.and_then(|()| getrandom::fill(&mut nonce)).map_err(no_luck)?;
    let key = PrivateKey::from(Ed25519Keypair::from_seed(seed.expose_secret()));
    let (before, after) = if call.asks_clock { GOOD_TO_ASK } else { GOOD };
    let public = key.public_key().key_data().clone();
    let mut builder =
        Builder::new(nonce, public, now.saturating_sub(before), now.saturating_add(after)).map_err(failed)?;
    builder.cert_type(CertType::User).map_err(failed)?;
    builder.serial(call.serial).map_err(failed)?;
    builder.key_id(call.title.as_str()).map_err(failed)?;
    builder.valid_principal(user.as_str()).map_err(failed)?;
    builder.critical_option("force-command", call.line()).map_err(failed)?;
    if let Some(source) = source {
        builder.critical_option("source-address", source.as_str()).map_err(failed)?;
    }
    // No extension at all: no terminal, nothing forwarded, nothing of the account's own started.
    let shown = builder.sign(authority).and_then(|certificate| certificate.to_bytes()).map_err(failed)?;
    Ok(Held { shown, key })
}

/// A key that lies in a file or in the secret store; `config` is the directory beside which that is kept. What is wrong is told by
/// its place, never by what lies there.
pub(super) fn read(source: &KeySource, config: Option<&Path>) -> Result<PrivateKey, FleetFault> {
    let text = match (source.secret(), config) {
        (Some(name), Some(config)) => read_secret(config, name).map_err(|error| match error {
            SecretError::Io { source, path } if source.kind() == ErrorKind::NotFound => {
                FleetFault(format!("there is no {}: `dogwatch secret set {name}` keeps one", path.display()))
            }
            other => FleetFault(other.to_string()),
        })?,
        (Some(name), None) => return Err(FleetFault(format!("there is no secret store to read {name} from"))),
        (None, _) => file(source)?,
    };
    let unfit = |why: &str| {
        let rule = "it must be a key as `ssh-keygen -t ed25519 -N ''` makes it: ed25519, or ECDSA of 256 or 384 bits, in \
                    OpenSSH's own form, without a passphrase";
        FleetFault(format!("{source} {why}: {rule}"))
    };
    let key = PrivateKey::from_openssh(text.expose_secret().trim()).map_err(|_| unfit("holds no private key"))?;
    if key.is_encrypted() {
        return Err(unfit("is closed by a passphrase"));
    }
    match key.key_data() {
        KeypairData::Ed25519(_) | KeypairData::Ecdsa(_) => Ok(key),
        _ => Err(unfit("is a key of another kind")),
    }
}

/// By what people know a key.
pub(super) fn fingerprint(key: &PrivateKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

fn file(source: &KeySource) -> Result<SecretString, FleetFault> {
    is_closed(source)?;
    let failed = |error: std::io::Error| FleetFault(format!("{source}: {error}"));
    let mut text = String::new();
    std::fs::File::open(source.as_str()).map_err(failed)?.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
    Ok(SecretString::from(text))
}

/// A key that others can read is none.
pub(super) fn is_closed(file: &KeySource) -> Result<(), FleetFault> {
    let found = std::fs::metadata(file.as_str()).map_err(|error| FleetFault(format!("{file}: {error}")))?;
    if !found.is_file() || found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o077 != 0 {
        let rule = "must be a file of the engine's user that nobody else may read: chmod 600 it";
        return Err(FleetFault(format!("{file} {rule}")));
    }
    Ok(())
}
