//! What the operator says of live assets: who may propose what where, who decides, for how long, and what never runs. The first
//! rule that fits an asset holds for it; where none does, there is a strict one.

use super::freeze::Freeze;
use super::pattern::Pattern;
use crate::audit::hex;
use crate::domain::{AssetFacts, Command, Millis, OperatorRole, Requester, Role, RoleRules, Voter};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The longest that anything may wait, in seconds.
pub const LONGEST_WAIT: u64 = 24 * 3600;
/// The longest that a grant may live, in seconds.
pub const LONGEST_GRANT: u64 = 15 * 60;

/// `[approvals]` and its rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// How long a question may wait, in seconds.
    pub wait: u64,
    /// The same for critical assets.
    pub critical_wait: u64,
    /// How long a grant lives.
    pub grant: u64,
    /// When nothing is started.
    pub freeze: Vec<Freeze>,
    /// What never runs.
    pub deny: Vec<String>,
    /// Who may stand in for a second person. Nobody, where it is empty.
    pub break_glass: BTreeSet<OperatorRole>,
    /// The rules, first to last.
    pub rules: Vec<Rule>,
    /// The public keys by which people sign for critical assets, by their names.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// `[[rule]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Names of assets, each may end in `*`; all where there is none.
    pub assets: Vec<String>,
    /// Environments; all where there is none.
    pub environments: BTreeSet<String>,
    /// Labels that the asset must have.
    pub labels: BTreeMap<String, String>,
    /// Roles of agents that may propose.
    pub agents: BTreeSet<Role>,
    /// Roles of people that may propose.
    pub people: BTreeSet<OperatorRole>,
    /// How many people must agree; on critical assets at least two.
    pub approvals: u32,
    /// Roles of people that decide; on critical assets always `critical-approver`.
    pub by: BTreeSet<OperatorRole>,
    /// Whether the owner's own yes counts, where the asset is not critical.
    pub own_vote: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            wait: 8 * 3600,
            critical_wait: 3600,
            grant: 5 * 60,
            freeze: Vec::new(),
            deny: Vec::new(),
            break_glass: BTreeSet::new(),
            rules: Vec::new(),
            keys: BTreeMap::new(),
        }
    }
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            name: "usual".to_owned(),
            assets: Vec::new(),
            environments: BTreeSet::new(),
            labels: BTreeMap::new(),
            agents: [Role::Remedy].into(),
            people: [
                OperatorRole::Operator,
                OperatorRole::Approver,
                OperatorRole::CriticalApprover,
                OperatorRole::Admin,
            ]
            .into(),
            approvals: 1,
            by: [OperatorRole::Approver, OperatorRole::CriticalApprover].into(),
            own_vote: true,
        }
    }
}

/// What a proposal needs before it may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// How many people.
    pub approvals: u32,
    /// Of which roles.
    pub by: BTreeSet<OperatorRole>,
    /// Whether the owner's own yes counts.
    pub own_vote: bool,
    /// Whether each must sign, type the asset's name, and be known by their login.
    pub critical: bool,
}

impl Rule {
    fn fits(&self, asset: &AssetFacts) -> bool {
        let named = RoleRules::admitted(&self.assets, &asset.name);
        let there = self.environments.is_empty() || self.environments.contains(&asset.environment);
        named && there && self.labels.iter().all(|(name, value)| asset.labels.get(name) == Some(value))
    }
}

impl Policy {
    /// Names these rules: any change makes another name.
    pub fn version(&self) -> String {
        // Every part of it has a form in JSON.
        hex(&Sha256::digest(serde_json::to_vec(self).unwrap_or_default()))
    }

    /// The rule that holds for an asset.
    pub fn rule(&self, asset: &AssetFacts) -> Rule {
        self.rules.iter().find(|rule| rule.fits(asset)).cloned().unwrap_or_default()
    }

    /// What a proposal for an asset needs.
    pub fn need(&self, asset: &AssetFacts) -> Need {
        let rule = self.rule(asset);
        if asset.critical {
            let by = [OperatorRole::CriticalApprover].into();
            return Need { approvals: rule.approvals.max(2), by, own_vote: false, critical: true };
        }
        Need { approvals: rule.approvals.max(1), by: rule.by, own_vote: rule.own_vote, critical: false }
    }

    /// Why this requester may not propose for an asset, if so. `roles` are those of a person.
    pub fn may_propose(&self, requester: &Requester, roles: Option<&Voter>, asset: &AssetFacts) -> Result<(), String> {
        let rule = self.rule(asset);
        let fine = match requester {
            Requester::Agent { role } => rule.agents.contains(role),
            Requester::Person { .. } => roles.is_some_and(|voter| voter.has_one_of(&rule.people)),
        };
        if fine {
            return Ok(());
        }
        let who = match requester {
            Requester::Agent { role } => format!("agents of the role {role}"),
            Requester::Person { person } => person.name.clone(),
        };
        Err(format!(
            "{who} may not propose for {}: the rule \"{}\" names who may, and the administrator can change it",
            asset.name, rule.name
        ))
    }

    /// The pattern that refuses a command, if one does.
    pub fn denies(&self, command: &Command) -> Option<String> {
        // What cannot be read as a pattern was refused when the file was read.
        let mut patterns = self.deny.iter().filter_map(|words| Pattern::new(words).ok());
        patterns.find(|pattern| pattern.fits(command)).map(|pattern| pattern.words().to_owned())
    }

    /// The freeze that an instant is in, if it is in one.
    pub fn frozen(&self, at: Millis) -> Option<&Freeze> {
        self.freeze.iter().find(|freeze| freeze.holds(at))
    }

    /// How long a proposal may wait, in milliseconds.
    pub fn waits(&self, critical: bool) -> i64 {
        let seconds = if critical { self.critical_wait } else { self.wait };
        i64::try_from(seconds.min(LONGEST_WAIT)).unwrap_or(0) * 1000
    }

    /// How long a grant lives, in milliseconds.
    pub fn granted(&self) -> i64 {
        i64::try_from(self.grant.min(LONGEST_GRANT)).unwrap_or(0) * 1000
    }
}
