//! Several proposals decided at once, for the night on which ten hosts need the same: only a few, only such as look alike by our own look at
//! them, and never where an asset is critical. Each is shown all the same, and the yes names the digest of each.

use super::canonical::Writer;
use super::policy::{Need, Policy};
use super::risk::{Risk, risks};
use crate::audit::hex;
use crate::domain::{Proposal, ProposalId};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Most that are decided at once.
pub const MOST: usize = 10;
/// What the bytes begin with that stand for several.
const MARK: &[u8] = b"dogwatch together 1\n";

/// Why some are not decided at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Apart {
    /// One or none.
    #[error("name two or more: one is decided by `dogwatch approvals approve`")]
    Few,
    /// Too many.
    #[error("{0} were named, and at most {MOST} are decided at once: nobody reads more with care")]
    Many(usize),
    /// Twice.
    #[error("{0} was named twice: name each once")]
    Twice(ProposalId),
    /// A critical asset.
    #[error("{0} is for a critical asset, which is always decided by itself")]
    Critical(ProposalId),
    /// Two that differ in what they risk.
    #[error("{0} and {1} are not alike in {2}: decide each by itself")]
    Unlike(ProposalId, ProposalId, &'static str),
}

/// Whether these may be decided at once.
pub fn check<'p>(all: impl IntoIterator<Item = &'p Proposal>, policy: &Policy) -> Result<(), Apart> {
    let all: Vec<&Proposal> = all.into_iter().collect();
    if all.len() < 2 {
        return Err(Apart::Few);
    }
    if all.len() > MOST {
        return Err(Apart::Many(all.len()));
    }
    let mut known = BTreeSet::new();
    for one in &all {
        if !known.insert(one.id) {
            return Err(Apart::Twice(one.id));
        }
        if one.proposed.asset.critical || policy.need(&one.proposed.asset).critical {
            return Err(Apart::Critical(one.id));
        }
    }
    let Some((first, rest)) = all.split_first() else { return Err(Apart::Few) };
    for other in rest {
        if let Some(what) = unlike(first, other, policy) {
            return Err(Apart::Unlike(first.id, other.id, what));
        }
    }
    Ok(())
}

/// In what two differ, where they do.
fn unlike(one: &Proposal, other: &Proposal, policy: &Policy) -> Option<&'static str> {
    let seen = |one: &Proposal| -> BTreeSet<Risk> { risks(&one.proposed.command).into_iter().collect() };
    let need = |one: &Proposal| -> Need { policy.need(&one.proposed.asset) };
    let user = |one: &Proposal| one.proposed.command.user.clone();
    if one.proposed.asset.environment != other.proposed.asset.environment {
        return Some("their environment");
    }
    if need(one) != need(other) {
        return Some("who must agree");
    }
    if user(one) != user(other) {
        return Some("the user that they run as");
    }
    (seen(one) != seen(other)).then_some("what they look like they do")
}

/// What stands for several decisions: each with the digest of what was shown, whatever their order.
pub fn digest<'d>(all: impl IntoIterator<Item = (ProposalId, &'d str)>) -> String {
    let all: BTreeSet<(ProposalId, &str)> = all.into_iter().collect();
    let mut out = Writer::begun(MARK);
    out.number(all.len() as u64);
    for (id, digest) in all {
        out.number(id.0.cast_unsigned()).bytes(digest.as_bytes());
    }
    hex(&Sha256::digest(out.done()))
}
