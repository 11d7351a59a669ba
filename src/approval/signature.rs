//! Signatures of decisions, as OpenSSH makes and checks them (`ssh-keygen -Y`, format SSHSIG): evidence of a person that nobody makes who
//! has only the database, not even this program. `dogwatch approvals export` writes what stock OpenSSH checks.

use super::policy::Policy;
use crate::domain::{Proposal, ProposalId, Vote};
use ssh_key::{Algorithm, LineEnding, PublicKey, SshSig};

/// What signatures are for; one for anything else is none for this.
pub const NAMESPACE: &str = "dogwatch-approval";
/// The longest signature that is read.
const LONGEST: usize = 8 * 1024;

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// Nobody has said which keys are theirs.
    #[error("no key of {0} is known: the administrator writes it into `keys` under [approvals]")]
    NoKey(String),
    /// Nobody knows who it is.
    #[error("as whom you logged in is not known, so nobody can say which keys are yours")]
    NoLogin,
    /// It cannot be read.
    #[error("the signature cannot be read: hand over what `ssh-keygen -Y sign -n {NAMESPACE}` wrote")]
    Unreadable,
    /// With a key that is not theirs.
    #[error("it was signed with a key that is not one of {0}'s")]
    OtherKey(String),
    /// For something else.
    #[error("the signature is for something else than this decision")]
    Other,
}

/// What is signed: the decision and the digest of all that it is about. Whoever stands in for a second person as well signs another text,
/// the second form, with the reason and its length: so nobody can add that to a yes that was less, nor change its words.
pub fn message(id: ProposalId, digest: &str, glass: Option<&str>) -> String {
    match glass {
        None => format!("dogwatch approval 1\napprove {id}\n{digest}\n"),
        Some(reason) => format!(
            "dogwatch approval 2\napprove {id} for a second person as well\n{digest}\n{} bytes why:\n{reason}\n",
            reason.len()
        ),
    }
}

/// A key that can be used for this.
pub fn key(line: &str) -> Option<PublicKey> {
    let key = PublicKey::from_openssh(line.trim()).ok()?;
    let known = matches!(
        key.algorithm(),
        Algorithm::Ed25519 | Algorithm::SkEd25519 | Algorithm::Ecdsa { .. } | Algorithm::SkEcdsaSha2NistP256
    );
    known.then_some(key)
}

/// Checks the signature of a vote by the keys that the rules give to its voter.
pub fn check(policy: &Policy, id: ProposalId, vote: &Vote) -> Result<(), BadSignature> {
    let person = &vote.voter.person;
    // Keys belong to persons, and a person is who logged in, whatever user they act as.
    let Some(name) = &person.login_name else { return Err(BadSignature::NoLogin) };
    let lines = policy.keys.get(name).map(Vec::as_slice).unwrap_or_default();
    let keys: Vec<PublicKey> = lines.iter().filter_map(|line| key(line)).collect();
    if keys.is_empty() {
        return Err(BadSignature::NoKey(name.clone()));
    }
    let text = vote.signature.as_deref().unwrap_or_default();
    if text.len() > LONGEST {
        return Err(BadSignature::Unreadable);
    }
    let signature = read(text).ok_or(BadSignature::Unreadable)?;
    let Some(key) = keys.iter().find(|key| key.key_data() == signature.public_key()) else {
        return Err(BadSignature::OtherKey(name.clone()));
    };
    key.verify(NAMESPACE, message(id, &vote.digest, vote.glass.as_deref()).as_bytes(), &signature)
        .map_err(|_| BadSignature::Other)
}

/// Reads a signature that is written in the one way there is. Its version is not part of what is signed, and decoders pass over what
/// they need not know; a text that says the same in another way is nobody's.
fn read(text: &str) -> Option<SshSig> {
    let signature = SshSig::from_pem(text).ok()?;
    let again = signature.to_pem(LineEnding::LF).ok()?;
    let letters = |text: &str| text.split_ascii_whitespace().collect::<Vec<_>>().concat();
    (signature.version() == SshSig::VERSION && letters(&again) == letters(text)).then_some(signature)
}

/// The public key with which something was signed, as a line.
pub fn signer(text: &str) -> Option<String> {
    let signature = read(text)?;
    PublicKey::from(signature.public_key().clone()).to_openssh().ok()
}

/// Whether every vote of a proposal is signed for it.
pub fn all_hold(policy: &Policy, proposal: &Proposal) -> bool {
    let mut votes = proposal.votes.iter();
    votes.all(|vote| vote.digest == proposal.digest && check(policy, proposal.id, vote).is_ok())
}
