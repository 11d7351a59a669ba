//! Users and groups as they are at this moment, or were less than a second ago. What `getent` cannot tell is taken from the files,
//! which know fewer people, so somebody may be refused while a directory service is down and nobody is let in by it.

use super::files::{self, User};
use super::getent;
use super::sources::Sources;
use crate::domain::Holder;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Mutex as AsyncMutex;

/// How old an answer may be.
const FRESH: Duration = Duration::from_secs(1);
/// How long answers about somebody are kept for whom nobody asks.
const KEPT: Duration = Duration::from_mins(1);

/// An answer and when it was asked for.
type Kept<T> = Arc<AsyncMutex<Option<(Instant, Arc<T>)>>>;

/// Numbers of those who are named in `[operators]`.
#[derive(Debug, Default)]
pub(super) struct Ids {
    users: BTreeMap<String, u32>,
    groups: BTreeMap<String, u32>,
    /// Why not all could be asked, if so.
    pub fault: Option<String>,
}

impl Ids {
    /// The number of a user or group; `None` where nobody has that name.
    pub fn of(&self, holder: &Holder) -> Option<u32> {
        match holder {
            Holder::User(name) => self.users.get(name).copied(),
            Holder::Group(name) => self.groups.get(name).copied(),
        }
    }
}

/// What is known of a user.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// All its groups, the primary one too.
    pub gids: BTreeSet<u32>,
    /// Who says so.
    pub by: String,
    /// Why not everything could be asked, if so.
    pub fault: Option<String>,
}

#[derive(Debug)]
pub(super) struct Directory {
    sources: Sources,
    users: Vec<String>,
    groups: Vec<String>,
    ids: Kept<Ids>,
    accounts: Mutex<HashMap<u32, (Instant, Kept<Account>)>>,
}

impl Directory {
    pub fn new<'a>(sources: Sources, named: impl Iterator<Item = &'a Holder>) -> Self {
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        for holder in named {
            match holder {
                Holder::User(name) => users.push(name.clone()),
                Holder::Group(name) => groups.push(name.clone()),
            }
        }
        Self { sources, users, groups, ids: Arc::default(), accounts: Mutex::default() }
    }

    /// The name of a user, or its number. The files come first, as on most machines; a name decides nothing.
    pub async fn name(&self, uid: u32) -> String {
        if let Some(name) = self.sources.name_in_files(uid) {
            return name;
        }
        let asked = self.ask("passwd", &[uid.to_string()]).await;
        let users = files::users(&asked.unwrap_or_default());
        users.into_iter().find(|user| user.uid == uid).map_or_else(|| uid.to_string(), |user| user.name)
    }

    /// Names of groups, or their numbers.
    pub async fn group_names(&self, gids: &[u32]) -> Vec<String> {
        let keys: Vec<String> = gids.iter().map(ToString::to_string).collect();
        let mut known = files::groups(&self.ask("group", &keys).await.unwrap_or_default());
        known.extend(files::groups(&files::read(&self.sources.group)));
        let name = |gid: &u32| known.iter().find(|group| group.gid == *gid).map(|group| group.name.clone());
        gids.iter().map(|gid| name(gid).unwrap_or_else(|| gid.to_string())).collect()
    }

    /// Numbers of everybody who is named.
    pub async fn ids(&self) -> Arc<Ids> {
        fresh(&self.ids, async {
            let (users, groups) = tokio::join!(self.ask("passwd", &self.users), self.ask("group", &self.groups));
            let fault = users.as_ref().err().or(groups.as_ref().err()).cloned();
            let (asked_users, asked_groups) = (users.is_ok(), groups.is_ok());
            let users = files::users(&users.unwrap_or_else(|_| files::read(&self.sources.passwd)));
            let groups = files::groups(&groups.unwrap_or_else(|_| files::read(&self.sources.group)));
            let users: Vec<_> = users.into_iter().map(|user| (user.name, user.uid)).collect();
            let groups: Vec<_> = groups.into_iter().map(|group| (group.name, group.gid)).collect();
            Ids {
                users: only(&self.users, asked_users, &users),
                groups: only(&self.groups, asked_groups, &groups),
                fault,
            }
        })
        .await
    }

    /// A user's groups.
    pub async fn account(&self, uid: u32) -> Arc<Account> {
        let kept = {
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            accounts.retain(|known, (used, _)| *known == uid || used.elapsed() < KEPT);
            let (used, kept) = accounts.entry(uid).or_insert_with(|| (Instant::now(), Kept::default()));
            *used = Instant::now();
            Arc::clone(kept)
        };
        fresh(&kept, self.look_up(uid)).await
    }

    async fn look_up(&self, uid: u32) -> Account {
        match self.asked(uid).await {
            Ok(gids) => Account { gids, by: self.word(), fault: None },
            Err(fault) => Account {
                gids: self.in_files(uid),
                by: "/etc/passwd and /etc/group".to_owned(),
                fault: Some(format!("groups beyond /etc/group: {fault}")),
            },
        }
    }

    async fn asked(&self, uid: u32) -> Result<BTreeSet<u32>, String> {
        let users = files::users(&self.ask("passwd", &[uid.to_string()]).await?);
        // Nobody of that number any more: nothing that is given to groups is theirs.
        let Some(User { name, gid, .. }) = users.into_iter().find(|user| user.uid == uid) else {
            return Ok(BTreeSet::new());
        };
        let line = self.ask("initgroups", std::slice::from_ref(&name)).await?;
        let rest = line.trim_end().strip_prefix(name.as_str()).unwrap_or_default();
        let others = rest.split_whitespace().filter_map(|word| word.parse().ok());
        Ok(others.chain([gid]).collect())
    }

    fn in_files(&self, uid: u32) -> BTreeSet<u32> {
        let users = files::users(&files::read(&self.sources.passwd));
        let Some(user) = users.into_iter().find(|user| user.uid == uid) else { return BTreeSet::new() };
        let groups = files::groups(&files::read(&self.sources.group));
        let member = groups.into_iter().filter(|group| group.users.contains(&user.name));
        member.map(|group| group.gid).chain([user.gid]).collect()
    }

    async fn ask(&self, database: &str, keys: &[String]) -> Result<String, String> {
        match &self.sources.getent {
            Some(program) => getent::ask(program, database, keys).await,
            None => Err("there is no getent on this machine".to_owned()),
        }
    }

    fn word(&self) -> String {
        self.sources.getent.as_deref().map(Path::display).map(|path| path.to_string()).unwrap_or_default()
    }
}

/// The numbers of those who were asked for, under the names that were asked. A directory may answer a name in other letters than it
/// was asked in; in a whole file that would be somebody else.
fn only(wanted: &[String], asked: bool, known: &[(String, u32)]) -> BTreeMap<String, u32> {
    let find = |name: &String| {
        let exact = known.iter().find(|(known, _)| known == name);
        let alike = || known.iter().find(|(known, _)| asked && known.eq_ignore_ascii_case(name));
        exact.or_else(alike).map(|(_, id)| (name.clone(), *id))
    };
    wanted.iter().filter_map(find).collect()
}

/// An answer that is new enough, or a new one; those who ask meanwhile wait for it and share it.
async fn fresh<T>(kept: &AsyncMutex<Option<(Instant, Arc<T>)>>, ask: impl Future<Output = T>) -> Arc<T> {
    let mut kept = kept.lock().await;
    match &*kept {
        Some((asked, answer)) if asked.elapsed() < FRESH => Arc::clone(answer),
        _ => {
            let asked = Instant::now();
            let answer = Arc::new(ask.await);
            *kept = Some((asked, Arc::clone(&answer)));
            answer
        }
    }
}
