//! A person who asks something of the engine: who the kernel says it is, who logged in, and what that person may do here. What an
//! agent is there for is another thing ([`super::Role`]).

use super::Actor;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a person may do. Whoever has any of them may look at everything but the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperatorRole {
    /// Looks.
    Viewer,
    /// Starts runs and steers them.
    Operator,
    /// Answers what waits for a person.
    Approver,
    /// Answers also where a critical live system is concerned.
    CriticalApprover,
    /// Reads the audit log.
    Auditor,
    /// Everything, with what concerns the engine as a whole.
    Admin,
}

impl OperatorRole {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Viewer, Self::Operator, Self::Approver, Self::CriticalApprover, Self::Auditor, Self::Admin];

    /// Its name in `config.toml` and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::CriticalApprover => "critical-approver",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// Whether who has this role has what the other one gives too.
    pub fn includes(self, other: Self) -> bool {
        self == other
            || self == Self::Admin
            || other == Self::Viewer
            || (self == Self::CriticalApprover && other == Self::Approver)
    }
}

/// Somebody to whom a role is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A Unix user, by name.
    User(String),
    /// The members of a Unix group, by name.
    Group(String),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => f.write_str(name),
            Self::Group(name) => write!(f, "@{name}"),
        }
    }
}

/// `[operators]` of `config.toml`: who has which role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operators(pub BTreeMap<OperatorRole, Vec<Holder>>);

impl Operators {
    /// Everybody who is named.
    pub fn named(&self) -> BTreeSet<&Holder> {
        self.0.values().flatten().collect()
    }

    /// Who is given a role by its own name.
    pub fn holders(&self, role: OperatorRole) -> &[Holder] {
        self.0.get(&role).map_or(&[], Vec::as_slice)
    }
}

/// Who logged in, as the kernel keeps it: set once at a login, inherited by everything that is started from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Login {
    /// This user.
    User {
        /// The number.
        uid: u32,
        /// The name, or the number where it has none.
        name: String,
    },
    /// Nobody logged in: a service, or a machine whose logins are not recorded.
    Unset,
    /// It could not be had safely.
    Unknown {
        /// Why.
        why: String,
    },
}

/// A Unix group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The number.
    pub gid: u32,
    /// The name, or the number where it has none.
    pub name: String,
}

/// A person at the moment of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Effective user id of the peer of the socket.
    pub uid: u32,
    /// The user's name, or the number where it has none.
    pub name: String,
    /// Who logged in.
    pub login: Login,
    /// The groups that the person had when it connected and still has.
    pub groups: Vec<Group>,
    /// What is given to this person, without what that includes.
    pub roles: BTreeSet<OperatorRole>,
    /// How all this is known.
    pub known_by: Vec<String>,
    /// What of it is not known, and why.
    pub unknown: Vec<String>,
}

impl Person {
    /// Whether the person has a role, or one that includes it.
    pub fn may(&self, needed: OperatorRole) -> bool {
        has(&self.roles, needed)
    }

    /// The person as the author of what is decided.
    pub fn actor(&self) -> Actor {
        let (login_uid, login_name) = match &self.login {
            Login::User { uid, name } => (Some(*uid), Some(name.clone())),
            Login::Unset | Login::Unknown { .. } => (None, None),
        };
        Actor::Operator { uid: self.uid, name: self.name.clone(), login_uid, login_name }
    }
}

/// Whether any of these roles is the one that is needed, or includes it.
pub fn has(roles: &BTreeSet<OperatorRole>, needed: OperatorRole) -> bool {
    roles.iter().any(|role| role.includes(needed))
}

#[cfg(test)]
mod tests {
    use super::OperatorRole::{self, Admin, Approver, Auditor, CriticalApprover, Operator, Viewer};

    #[test]
    fn each_role_includes_what_it_says_and_nothing_else() {
        let all = OperatorRole::ALL;
        for (role, included) in [
            (Viewer, vec![Viewer]),
            (Operator, vec![Viewer, Operator]),
            (Approver, vec![Viewer, Approver]),
            (CriticalApprover, vec![Viewer, Approver, CriticalApprover]),
            (Auditor, vec![Viewer, Auditor]),
            (Admin, all.to_vec()),
        ] {
            let found: Vec<_> = all.into_iter().filter(|other| role.includes(*other)).collect();
            assert_eq!(found, included, "{role:?}");
        }
    }
}
