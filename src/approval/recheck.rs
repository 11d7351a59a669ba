//! What is looked at again in the transaction that uses a grant up. A yes was given to these bytes, on this asset, under these
//! rules; where anything of it has changed since, nothing runs, and whoever wants it proposes it anew.

use super::policy::Policy;
use super::{digest, vote};
use crate::domain::{AssetFacts, Command, Moment, Proposal, Proposed, Voter};

/// How everything stands at the moment of the claim.
#[derive(Debug, Clone)]
pub struct Standing<'s> {
    /// The rules.
    pub policy: &'s Policy,
    /// The asset as it is registered now; `None` where it is not any more.
    pub asset: Option<AssetFacts>,
    /// Those who voted, with the roles that they have now.
    pub voters: Vec<Voter>,
    /// Whether the run that it is for still goes on; also true where it is for none.
    pub run_lives: bool,
    /// The engine's instance.
    pub engine: &'s str,
    /// The engine's epoch.
    pub epoch: u64,
    /// The command, as it was read from its blob just now; `None` where that is damaged.
    pub command: Option<Command>,
    /// Whether every signature that is needed holds.
    pub signed: bool,
    /// Why nothing new begins, such as a full disk.
    pub halt: Option<String>,
    /// An execution of the same run on the same asset whose outcome nobody knows.
    pub unknown: Option<String>,
}

/// What stands against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// It may pass before the grant ends.
    Later(String),
    /// It stays so.
    Void(String),
}

/// The first thing that stands against starting it, if anything does.
pub fn objection(proposal: &Proposal, standing: &Standing<'_>, now: &Moment) -> Option<Objection> {
    if let Some(why) = &standing.halt {
        return Some(Objection::Later(format!("nothing is started now: {why}")));
    }
    why_void(proposal, standing, now).map(Objection::Void)
}

fn why_void(proposal: &Proposal, standing: &Standing<'_>, now: &Moment) -> Option<String> {
    let proposed = &proposal.proposed;
    if (proposed.engine.as_str(), proposed.epoch) != (standing.engine, standing.epoch) {
        return Some("it comes from before the database was restored or copied: grants do not outlive that".to_owned());
    }
    let Some(command) = &standing.command else {
        return Some("the command that was approved is lost or damaged".to_owned());
    };
    let read = Proposed { command: command.clone(), ..proposed.clone() };
    if digest::digest(&read) != proposal.digest {
        return Some("what is stored is not what was approved".to_owned());
    }
    let Some(asset) = &standing.asset else {
        return Some(format!("the asset {} is registered no more", proposed.asset.name));
    };
    if asset.host_key != proposed.asset.host_key {
        return Some(format!("{} has another host key now", asset.name));
    }
    if *asset != proposed.asset {
        return Some(format!("{} was changed in the registry since it was proposed", asset.name));
    }
    if standing.policy.version() != proposed.policy {
        return Some("the rules of [approvals] were changed since it was proposed".to_owned());
    }
    if let Some(pattern) = standing.policy.denies(command) {
        return Some(format!("\"{pattern}\" under [approvals] refuses it"));
    }
    if let Some(freeze) = standing.policy.frozen(now.wall) {
        return Some(format!("nothing is started in the freeze {freeze}"));
    }
    if !standing.run_lives {
        return Some("the run that it was for is over".to_owned());
    }
    if let Some(other) = &standing.unknown {
        return Some(format!("what became of {other} on this asset is not known: that comes first"));
    }
    let need = standing.policy.need(asset);
    if vote::missing(proposal, &need, &standing.policy.break_glass, Some(&standing.voters)) > 0 {
        return Some("somebody who said yes may not decide this any more".to_owned());
    }
    if need.critical && !standing.signed {
        return Some("a signature of those who said yes does not hold".to_owned());
    }
    None
}
