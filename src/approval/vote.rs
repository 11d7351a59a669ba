//! Counting votes: by persons, not by accounts, and only those that say yes to exactly these bytes.

use super::policy::Need;
use crate::domain::{Human, OperatorRole, Proposal, Requester, Vote, Voter};
use std::collections::BTreeSet;

/// The shortest reason for standing in for a second person, in letters.
pub const GLASS_REASON: usize = 20;

/// Why a vote does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadVote {
    /// Other bytes.
    #[error("you saw other bytes than these: look at it again, then decide")]
    Digest,
    /// Not somebody who decides here.
    #[error("deciding this needs one of the roles {0}: the administrator gives them")]
    Role(String),
    /// The owner.
    #[error("you proposed this, or own the run that it comes from: somebody else must decide")]
    Own,
    /// A person whose login is not known.
    #[error(
        "as whom you logged in is not known, which a critical asset needs: log in by SSH or at a console of this machine"
    )]
    Unknown,
    /// An owner whose login is not known.
    #[error(
        "as whom {0} logged in is not known, so nobody can show that they are somebody else: propose it anew from a login session"
    )]
    UnknownOwner(String),
    /// Twice.
    #[error("you said yes already: it waits for somebody else")]
    Again,
    /// Without a signature.
    #[error("a critical asset needs your signature of what you decide: sign it, `dogwatch approvals approve` does so")]
    Unsigned,
    /// Somebody who may not stand in for two.
    #[error("you may not stand in for a second person: `break-glass` under [approvals] names who may")]
    Glass,
    /// Without a reason.
    #[error(
        "standing in for a second person needs a reason of at least {GLASS_REASON} letters: everybody gets to read it"
    )]
    GlassReason,
}

/// Whether two are one person, or could be: the login counts, since `su` and `sudo` do not change it. Where it is not known, they
/// may be whoever has one of the numbers.
pub fn same(one: &Human, other: &Human) -> bool {
    match (one.login_uid, other.login_uid) {
        (Some(one), Some(other)) => one == other,
        (Some(login), None) => login == other.uid || one.uid == other.uid,
        (None, Some(login)) => login == one.uid || one.uid == other.uid,
        (None, None) => one.uid == other.uid,
    }
}

/// Everybody who counts as having asked for it.
pub fn owners(proposal: &Proposal) -> impl Iterator<Item = &Human> {
    let requester = match &proposal.proposed.requester {
        Requester::Person { person } => Some(person),
        Requester::Agent { .. } => None,
    };
    proposal.proposed.owners.iter().chain(requester)
}

/// Whether this person asked for it.
pub fn is_owner(proposal: &Proposal, person: &Human) -> bool {
    owners(proposal).any(|owner| same(owner, person))
}

/// Whether a vote would count, beside those that are there.
pub fn check(proposal: &Proposal, need: &Need, glass: &BTreeSet<OperatorRole>, vote: &Vote) -> Result<(), BadVote> {
    counts(proposal, need, glass, vote)?;
    let again = proposal.votes.iter().any(|other| same(&other.voter.person, &vote.voter.person));
    if again { Err(BadVote::Again) } else { Ok(()) }
}

/// Whether a vote counts, by itself.
fn counts(proposal: &Proposal, need: &Need, glass: &BTreeSet<OperatorRole>, vote: &Vote) -> Result<(), BadVote> {
    let person = &vote.voter.person;
    if vote.digest != proposal.digest {
        return Err(BadVote::Digest);
    }
    if !vote.voter.has_one_of(&need.by) {
        return Err(BadVote::Role(need.by.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ")));
    }
    if need.critical {
        if person.login_uid.is_none() {
            return Err(BadVote::Unknown);
        }
        if let Some(owner) = owners(proposal).find(|owner| owner.login_uid.is_none()) {
            return Err(BadVote::UnknownOwner(owner.name.clone()));
        }
        if vote.signature.is_none() {
            return Err(BadVote::Unsigned);
        }
    }
    if !need.own_vote && is_owner(proposal, person) {
        return Err(BadVote::Own);
    }
    stands_in(vote, glass).map(drop)
}

/// Whether a vote counts for a second person as well; an error where it says so and may not.
pub fn stands_in(vote: &Vote, glass: &BTreeSet<OperatorRole>) -> Result<bool, BadVote> {
    let Some(reason) = &vote.glass else { return Ok(false) };
    if !vote.voter.has_one_of(glass) {
        return Err(BadVote::Glass);
    }
    if reason.chars().filter(|c| c.is_alphanumeric()).count() < GLASS_REASON {
        return Err(BadVote::GlassReason);
    }
    Ok(true)
}

/// How many people more must agree, from the votes that still count. `now` are the roles that voters have at this moment; those of
/// their votes where it is not given.
pub fn missing(proposal: &Proposal, need: &Need, glass: &BTreeSet<OperatorRole>, now: Option<&[Voter]>) -> u32 {
    let mut counted: Vec<&Vote> = Vec::new();
    for vote in &proposal.votes {
        let voter = match now {
            None => Some(&vote.voter),
            Some(now) => now.iter().find(|voter| voter.person == vote.voter.person),
        };
        let Some(voter) = voter else { continue };
        let vote_now = Vote { voter: voter.clone(), ..vote.clone() };
        let again = counted.iter().any(|other| same(&other.voter.person, &vote.voter.person));
        if !again && counts(proposal, need, glass, &vote_now).is_ok() {
            counted.push(vote);
        }
    }
    let needed = if counted.iter().any(|vote| vote.glass.is_some()) { 1 } else { need.approvals };
    needed.saturating_sub(u32::try_from(counted.len()).unwrap_or(u32::MAX))
}
