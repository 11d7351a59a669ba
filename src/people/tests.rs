//! Roles by users and groups that a prepared `getent` and prepared files know.

#![allow(clippy::unwrap_used)]

use super::{LoginUid, Peer, People, Sources};
use crate::domain::{Holder, Login, OperatorRole, Operators};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Files and a program that looks them up, in a directory of its own.
struct Machine(TempDir);

impl Machine {
    fn new(getent: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write("passwd", "root:x:0:0::/:\nada:x:1000:1000::/:\neve:x:1001:1001::/:\n");
        machine.write("group", "root:x:0:\nops:x:7:ada\nada:x:1000:\n");
        machine.write("getent", getent);
        fs::set_permissions(machine.0.path().join("getent"), fs::Permissions::from_mode(0o700)).unwrap();
        machine
    }

    /// A directory that knows more than the files: mia is in it, and in ops.
    fn directory() -> Self {
        let machine = Self::new("");
        machine.write("passwd.all", "root:x:0:0::/:\nada:x:1000:1000::/:\neve:x:1001:1001::/:\nmia:x:5000:5000::/:\n");
        machine.write("group.all", "ops:x:7:\nnight:x:8:\n");
        machine.write("initgroups", "ada 7\nmia 7 8\n");
        let here = machine.0.path().display();
        machine.write(
            "getent",
            &format!(
                "#!/bin/sh\nset -f\ndatabase=$1; shift; code=0\necho \"$database $*\" >> {here}/asked\nfor key; do\n\
                 case $database in\n\
                 initgroups) /usr/bin/grep \"^$key \" {here}/initgroups || echo $key;;\n\
                 *) /usr/bin/grep -E \"^$key:|^[^:]*:x:$key:\" {here}/$database.all || code=2;;\nesac; done; exit $code\n"
            ),
        );
        machine
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn sources(&self) -> Sources {
        let at = |name: &str| self.0.path().join(name);
        Sources { getent: Some(at("getent")), passwd: at("passwd"), group: at("group") }
    }

    fn people(&self, roles: &[(OperatorRole, &str)]) -> People {
        let mut operators = Operators::default();
        for (role, name) in roles {
            let holder = match name.strip_prefix('@') {
                Some(group) => Holder::Group(group.to_owned()),
                None => Holder::User((*name).to_owned()),
            };
            operators.0.entry(*role).or_default().push(holder);
        }
        People::over(Some(operators), Path::new("/c.toml"), self.sources(), 4242)
    }

    fn asked(&self) -> usize {
        fs::read_to_string(self.0.path().join("asked")).unwrap_or_default().lines().count()
    }
}

fn peer(uid: u32, groups: &[u32]) -> Peer {
    Peer { uid, gid: uid, groups: groups.to_vec(), groups_fault: None, login: LoginUid::Unset }
}

use OperatorRole::{Admin, Approver, Operator, Viewer};

#[tokio::test]
async fn without_a_table_only_the_own_user_and_root_are_anybody() {
    let machine = Machine::new("#!/bin/sh\nexit 1\n");
    let people = People::over(None, Path::new("/c.toml"), machine.sources(), 4242);
    for (uid, expected) in [(0, true), (4242, true), (1000, false)] {
        assert_eq!(people.may(&peer(uid, &[]), Admin).await, expected, "{uid}");
    }
    let words = people.refusal(&peer(1000, &[]), Viewer, "status").await;
    assert!(words.contains("ada (user 1000) has none here") && words.contains("/c.toml"), "{words}");
}

#[tokio::test]
async fn groups_count_only_where_they_were_had_and_still_are() {
    let machine = Machine::directory();
    let roles =
        [(Admin, "root"), (Approver, "@ops"), (Viewer, "mia"), (Operator, "@nobodys"), (Operator, "nobody-here")];
    for (who, expected) in [
        (peer(1000, &[7]), BTreeSet::from([Approver])),
        // Not in the group when it connected: came into it later.
        (peer(1000, &[]), BTreeSet::new()),
        // In the group when it connected and not any more.
        (peer(1001, &[7]), BTreeSet::new()),
        // Only the directory service knows her.
        (peer(5000, &[7, 8]), BTreeSet::from([Approver, Viewer])),
        (peer(0, &[]), BTreeSet::from([Admin])),
        // A number that nobody has.
        (peer(77, &[7]), BTreeSet::new()),
        // The engine's own user is nobody in particular where there is a table.
        (peer(4242, &[]), BTreeSet::new()),
    ] {
        assert_eq!(machine.people(&roles).roles(&who).await, expected, "{who:?}");
    }
    let (strangers, fault) = machine.people(&roles).strangers().await;
    assert_eq!(strangers, [Holder::User("nobody-here".into()), Holder::Group("nobodys".into())]);
    assert_eq!(fault, None);
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_within_a_second() {
    let machine = Machine::directory();
    let people = machine.people(&[(Admin, "root"), (Approver, "@ops")]);
    let ada = peer(1000, &[7]);
    assert!(people.may(&ada, Approver).await);
    let before = machine.asked();
    for _ in 0..100 {
        people.may(&ada, Viewer).await;
    }
    assert!(machine.asked() <= before + 4, "answers are shared while they are fresh: {} questions", machine.asked());
    machine.write("initgroups", "mia 7 8\n");
    let taken = Instant::now();
    while people.may(&ada, Approver).await {
        tokio::task::yield_now().await;
    }
    assert!(taken.elapsed() < Duration::from_millis(1_900), "{:?}", taken.elapsed());
}

/// A directory that is down, says nonsense or never ends: local people go on, and nobody gets in by it.
#[tokio::test]
async fn without_a_directory_the_files_are_asked() {
    for (getent, fault) in [
        ("#!/bin/sh\nexit 1\n", "failed"),
        ("#!/bin/sh\nexec /bin/sleep 60\n", "did not answer within 2 s"),
        ("#!/bin/sh\nexec /bin/cat /dev/zero\n", "said more than"),
        ("#!/bin/sh\nkill -9 $$\n", "failed"),
        ("no program\n", "getent"),
    ] {
        let machine = Machine::new(getent);
        let people = machine.people(&[(Admin, "root"), (Approver, "@ops"), (Viewer, "mia")]);
        assert_eq!(people.roles(&peer(1000, &[7])).await, BTreeSet::from([Approver]), "{getent}");
        assert_eq!(people.roles(&peer(5000, &[7])).await, BTreeSet::new(), "{getent}");
        let person = people.person(&peer(1000, &[7])).await;
        assert!(person.unknown.iter().any(|line| line.contains(fault)), "{getent}: {:?}", person.unknown);
        assert!(people.strangers().await.1.is_some());
    }
}

#[tokio::test]
async fn a_person_is_told_with_what_is_not_known() {
    let machine = Machine::directory();
    let people = machine.people(&[(Admin, "root"), (Approver, "@ops")]);
    let mut who = peer(5000, &[7, 8, 99]);
    who.login = LoginUid::User(1000);
    let person = people.person(&who).await;
    assert_eq!((person.name.as_str(), &person.login), ("mia", &Login::User { uid: 1000, name: "ada".into() }));
    let groups: Vec<&str> = person.groups.iter().map(|group| group.name.as_str()).collect();
    // 99 was had and is not any more.
    assert_eq!(groups, ["ops", "night", "5000"]);
    assert_eq!(person.roles, BTreeSet::from([Approver]));
    assert!(person.may(Viewer) && !person.may(Operator));
    assert_eq!(person.unknown, Vec::<String>::new());
    assert_eq!(person.actor(), people.actor(&who).await);
    who.login = LoginUid::Unknown("because".into());
    who.groups_fault = Some("groups: because".into());
    let unknown = people.person(&who).await.unknown;
    assert_eq!(unknown, ["groups: because", "who logged in: because"]);
}

#[tokio::test]
async fn names_are_no_options_and_answers_are_theirs_alone() {
    let machine = Machine::new("#!/bin/sh\necho \"ADA:x:1000:0::/:\"\necho \"eve:x:1001:0::/:\"\n");
    let ids = super::directory::Directory::new(
        machine.sources(),
        [Holder::User("ada".into()), Holder::User("mallory".into())].iter(),
    );
    let ids = ids.ids().await;
    let of = |name: &str| ids.of(&Holder::User(name.to_owned()));
    assert_eq!((of("ada"), of("mallory"), of("eve")), (Some(1000), None, None));
    let none = super::getent::ask(&machine.0.path().join("getent"), "passwd", &["--help".to_owned()]).await;
    assert_eq!(none.as_deref(), Ok(""));
}
