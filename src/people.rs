//! Who the people are that speak to the engine, and what they may do. Identity comes from the kernel (`peer`): the effective user
//! of whoever connected, the groups it had then, and who logged in. What a person may do is looked up at each request, in the
//! users and groups as they are at that moment (`directory`), so that a role that is taken away is gone within a second. A role
//! that is given to a group counts only for those who were in the group when they connected and still are.

mod directory;
mod files;
mod getent;
mod peer;
mod sources;

#[cfg(test)]
mod tests;

pub use peer::{LoginUid, Peer};
pub use sources::Sources;

use crate::domain::{Actor, Group, Holder, Login, OperatorRole, Operators, Person, has_role};
use directory::Directory;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The user's name in `/etc/passwd`, or the number where it has none there.
pub fn user_name(uid: u32) -> String {
    Sources::system().name_in_files(uid).unwrap_or_else(|| uid.to_string())
}

/// The group's name in `/etc/group`, or the number where it has none there.
pub fn group_name(gid: u32) -> String {
    Sources::system().group_in_files(gid).unwrap_or_else(|| gid.to_string())
}

/// What the engine knows of people.
#[derive(Debug)]
pub struct People {
    operators: Option<Operators>,
    /// The engine's own user.
    own: u32,
    directory: Directory,
    /// Where the operators are written, for messages.
    place: PathBuf,
}

impl People {
    /// By `[operators]` of `config.toml`, which lies at `place`.
    pub fn new(operators: Option<Operators>, place: &Path) -> Self {
        Self::over(operators, place, Sources::system(), rustix::process::geteuid().as_raw())
    }

    fn over(operators: Option<Operators>, place: &Path, sources: Sources, own: u32) -> Self {
        let named = operators.iter().flat_map(Operators::named);
        let directory = Directory::new(sources, named);
        Self { operators, own, directory, place: place.to_owned() }
    }

    /// Whether this is the engine's own user or root, who can do anything to its files.
    pub fn is_own(&self, uid: u32) -> bool {
        uid == 0 || uid == self.own
    }

    /// The peer as the author of what it decides.
    pub async fn actor(&self, peer: &Peer) -> Actor {
        let (login_uid, login_name) = match self.login(peer).await {
            Login::User { uid, name } => (Some(uid), Some(name)),
            Login::Unset | Login::Unknown { .. } => (None, None),
        };
        Actor::Operator { uid: peer.uid, name: self.directory.name(peer.uid).await, login_uid, login_name }
    }

    /// What the peer may do at this moment.
    pub async fn roles(&self, peer: &Peer) -> BTreeSet<OperatorRole> {
        let Some(operators) = &self.operators else {
            return if self.is_own(peer.uid) { BTreeSet::from([OperatorRole::Admin]) } else { BTreeSet::new() };
        };
        let ids = self.directory.ids().await;
        let account = self.directory.account(peer.uid).await;
        let holds = |holder: &Holder| match ids.of(holder) {
            Some(uid) if matches!(holder, Holder::User(_)) => uid == peer.uid,
            Some(gid) => peer.had(gid) && account.gids.contains(&gid),
            None => false,
        };
        let given = |role: &OperatorRole| operators.holders(*role).iter().any(holds);
        OperatorRole::ALL.into_iter().filter(given).collect()
    }

    /// What a user who need not be connected may do at this moment.
    pub async fn roles_of_user(&self, uid: u32) -> BTreeSet<OperatorRole> {
        let Some(operators) = &self.operators else {
            return if self.is_own(uid) { BTreeSet::from([OperatorRole::Admin]) } else { BTreeSet::new() };
        };
        let ids = self.directory.ids().await;
        let account = self.directory.account(uid).await;
        let holds = |holder: &Holder| match ids.of(holder) {
            Some(id) if matches!(holder, Holder::User(_)) => id == uid,
            Some(gid) => account.gids.contains(&gid),
            None => false,
        };
        let given = |role: &OperatorRole| operators.holders(*role).iter().any(holds);
        OperatorRole::ALL.into_iter().filter(given).collect()
    }

    /// Everything about the peer at this moment.
    pub async fn person(&self, peer: &Peer) -> Person {
        let account = self.directory.account(peer.uid).await;
        let gids: Vec<u32> = account.gids.iter().copied().filter(|gid| peer.had(*gid)).collect();
        let groups = self.directory.group_names(&gids).await;
        let groups = gids.iter().zip(groups).map(|(gid, name)| Group { gid: *gid, name }).collect();
        let (roles, login) = (self.roles(peer).await, self.login(peer).await);
        let mut known_by = vec!["the user: from the kernel, when the connection was made".to_owned()];
        known_by.push(format!("groups: had then, by the kernel, and now, by {}", account.by));
        known_by.push(match &self.operators {
            Some(_) => format!("roles: [operators] in {}", self.place.display()),
            None => format!(
                "roles: {} has no [operators], so the engine's own user and root are admin",
                self.place.display()
            ),
        });
        let mut unknown: Vec<String> = account.fault.iter().cloned().collect();
        unknown.extend(peer.groups_fault.iter().cloned());
        match &login {
            Login::User { .. } => known_by.push("the login: from the kernel".to_owned()),
            Login::Unset => unknown.push("who logged in: nobody did, or this machine does not record it".to_owned()),
            Login::Unknown { why } => unknown.push(format!("who logged in: {why}")),
        }
        let name = self.directory.name(peer.uid).await;
        Person { uid: peer.uid, name, login, groups, roles, known_by, unknown }
    }

    /// Why a peer without a certain role is refused: which one, what it has, and who can give it.
    pub async fn refusal(&self, peer: &Peer, needed: OperatorRole, what: &str) -> String {
        let (name, roles) = (self.directory.name(peer.uid).await, self.roles(peer).await);
        let has = if roles.is_empty() {
            "has none here".to_owned()
        } else {
            let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            format!("is {}", names.join(" and "))
        };
        format!(
            "{what} needs the role {}, and {name} (user {}) {has}: {}",
            needed.name(),
            peer.uid,
            self.who_gives(needed)
        )
    }

    fn who_gives(&self, needed: OperatorRole) -> String {
        let place = self.place.display();
        match &self.operators {
            Some(operators) => {
                let admins: Vec<String> =
                    operators.holders(OperatorRole::Admin).iter().take(5).map(ToString::to_string).collect();
                format!(
                    "ask an admin ({}) to write it under `{}` of [operators] in {place} and to restart the engine",
                    admins.join(", "),
                    needed.name()
                )
            }
            None => format!(
                "without [operators] in {place} only the engine's own user and root may use it; ask {} to write one, or start \
                 an engine of your own",
                user_name(self.own)
            ),
        }
    }

    async fn login(&self, peer: &Peer) -> Login {
        match &peer.login {
            LoginUid::User(uid) => Login::User { uid: *uid, name: self.directory.name(*uid).await },
            LoginUid::Unset => Login::Unset,
            LoginUid::Unknown(why) => Login::Unknown { why: why.clone() },
        }
    }

    /// The number of a Unix group at this moment.
    pub async fn group_id(name: &str) -> Option<u32> {
        let holder = Holder::Group(name.to_owned());
        Directory::new(Sources::system(), std::iter::once(&holder)).ids().await.of(&holder)
    }

    /// Names of `[operators]` that nobody has, and what could not be looked up.
    pub async fn strangers(&self) -> (Vec<Holder>, Option<String>) {
        let ids = self.directory.ids().await;
        let named = self.operators.iter().flat_map(Operators::named);
        (named.filter(|holder| ids.of(holder).is_none()).cloned().collect(), ids.fault.clone())
    }

    /// Whether the peer has a role at this moment, or one that includes it.
    pub async fn may(&self, peer: &Peer, needed: OperatorRole) -> bool {
        has_role(&self.roles(peer).await, needed)
    }
}
