//! The digest that votes bind: SHA-256 over everything of a proposal, each part with its length in front. What is left out here
//! could be changed after people said yes, so nothing is.

use super::canonical::{self, Writer};
use crate::audit::hex;
use crate::domain::{Command, ExecutionId, Human, Proposed, Requester};
use sha2::{Digest, Sha256};

/// What every record begins with, so that its digest is none of anything else.
const MARK: &[u8] = b"dogwatch proposal 1\n";
/// The same for names of executions.
const EXECUTION: &[u8] = b"dogwatch execution 1\n";
/// The same for what is told apart without a nonce.
const SAME: &[u8] = b"dogwatch same 1\n";

/// The bytes that are digested: 21 parts, in this order.
pub fn record(proposed: &Proposed) -> Vec<u8> {
    let asset = &proposed.asset;
    let mut out = Writer::begun(MARK);
    // The first six are in the command: program, standard input, environment, directory, user, time.
    out.bytes(&canonical::encode(&proposed.command));
    out.number(asset.id.cast_unsigned()).bytes(asset.name.as_bytes()).bytes(asset.environment.as_bytes());
    out.number(asset.labels.len() as u64);
    for (name, value) in &asset.labels {
        out.bytes(name.as_bytes()).bytes(value.as_bytes());
    }
    out.number(u64::from(asset.critical)).maybe(asset.host_key.as_deref().map(str::as_bytes));
    out.number(asset.version.cast_unsigned()).bytes(asset.means.as_bytes());
    match &proposed.requester {
        Requester::Agent { role } => out.number(0).bytes(role.name().as_bytes()),
        Requester::Person { person: one } => person(out.number(1), one),
    };
    out.number(proposed.owners.len() as u64);
    for owner in &proposed.owners {
        person(&mut out, owner);
    }
    out.number(proposed.run.map_or(0, |run| run.0.cast_unsigned())).number(u64::from(proposed.iteration));
    let claims = &proposed.claims;
    out.bytes(claims.why.as_bytes()).bytes(claims.expect.as_bytes()).bytes(claims.undo.as_bytes());
    out.bytes(proposed.policy.as_bytes()).bytes(proposed.engine.as_bytes()).number(proposed.epoch);
    out.bytes(proposed.nonce.as_bytes());
    out.done()
}

fn person<'w>(out: &'w mut Writer, one: &Human) -> &'w mut Writer {
    let login = one.login_uid.map(u32::to_be_bytes);
    out.number(u64::from(one.uid)).maybe(login.as_ref().map(<[u8; 4]>::as_slice)).bytes(one.name.as_bytes());
    out.maybe(one.login_name.as_deref().map(str::as_bytes))
}

/// The digest of a record, 64 hexadecimal digits.
pub fn digest(proposed: &Proposed) -> String {
    hex(&Sha256::digest(record(proposed)))
}

/// The name of the execution on its asset. It follows from what was approved and its nonce, so a database that was restored comes
/// to the same name and meets its own receipt.
pub fn execution(digest: &str, nonce: &str) -> ExecutionId {
    let mut out = Writer::begun(EXECUTION);
    out.bytes(digest.as_bytes()).bytes(nonce.as_bytes());
    ExecutionId::new(Sha256::digest(out.done()).into())
}

/// What two proposals share that want the same on the same asset, whatever is said of it: an agent that was told no does not get to
/// ask again in other words.
pub fn sameness(command: &Command, asset: i64) -> String {
    let mut out = Writer::begun(SAME);
    out.number(asset.cast_unsigned()).bytes(&canonical::encode(command));
    hex(&Sha256::digest(out.done()))
}
