//! What the engine of a machine, which has a user of its own, leaves to others: secrets that root keeps for it, results in a
//! repository of a group, and word of a configuration that was changed since its start.

use crate::support::bare::output;
use crate::system::System;
use crate::users::{Group, User, can_be_made};
use dogwatch::domain::{Millis, ProjectId};
use dogwatch::workspace::{CheckpointSpec, Repo};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

/// A command as a user, by the shell.
fn shell_as(user: &User, dir: &Path, line: &str) -> crate::support::Output {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &user.name, "--regid", &user.gid.to_string(), "--init-groups", "--", "sh", "-c", line]);
    command.current_dir(dir).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", dir);
    output(&mut command)
}

#[test]
fn the_owner_of_a_shared_repository_keeps_house_after_a_delivery() {
    if !can_be_made() {
        return;
    }
    let devs = Group::new();
    let (ada, engine) = (User::new(&[&devs]), User::new(&[&devs]));
    let home = tempfile::Builder::new().prefix("dw").tempdir_in("/tmp").unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (name, user) in [("source", &ada), ("engine", &engine)] {
        let dir = home.path().join(name);
        fs::create_dir(&dir).unwrap();
        chown(&dir, Some(user.uid), Some(devs.gid())).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o2775)).unwrap();
    }
    let source = home.path().join("source");
    let commit = "git init -q --shared=group . && echo 1 >a && git add a && \
                  git -c user.name=ada -c user.email=ada@x commit -qm one";
    shell_as(&ada, &source, commit).expect_code(0);
    let place = home.path().join("engine");
    engine.act(|| {
        let repo = Repo::fetch(&place.join("repos"), ProjectId(1), source.to_str().unwrap()).unwrap();
        let base = repo.resolve(None).unwrap();
        let tree = place.join("tree");
        repo.checkout(&base, &tree, None).unwrap();
        fs::write(tree.join("a"), "2").unwrap();
        let spec = CheckpointSpec {
            parent: &base,
            ignore_from: &base,
            exclude: &[],
            message: "iteration 1",
            time: Millis(1_700_000_000_000),
        };
        let new = repo.checkpoint(&tree, &spec).unwrap().commit;
        repo.deliver_branch(&new, source.to_str().unwrap(), "dogwatch/run-1", false).unwrap();
    });
    let branch = source.join(".git/refs/heads/dogwatch");
    let seen = fs::metadata(&branch).unwrap();
    assert_eq!((seen.uid(), seen.gid(), seen.mode() & 0o2770), (engine.uid, devs.gid(), 0o2770));
    let all = "git log --oneline dogwatch/run-1 && git fsck && git gc -q --prune=now && git branch -D dogwatch/run-1 && \
               test ! -e .git/refs/heads/dogwatch/run-1";
    shell_as(&ada, &source, all).expect_code(0);
}

#[test]
fn a_secret_that_root_keeps_for_the_machines_engine_is_that_engines() {
    if !can_be_made() {
        return;
    }
    let engine = User::new(&[]);
    let system = System::prepare("");
    fs::create_dir(system.path().join("run")).unwrap();
    // A state directory at its usual place, in a mount namespace of the test's own.
    let in_its_place = |line: &str| {
        let mut command = Command::new("unshare");
        let script = format!(
            "mount -t tmpfs none /var/lib || exit 77\ninstall -d -m 700 -o {} /var/lib/dogwatch || exit 78\n{line}",
            engine.name
        );
        command.args(["-m", "--propagation", "private", "sh", "-c", &script, "sh"]).arg(system.path().join("dogwatch"));
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", system.path().join("theirs"));
        command.env("DOGWATCH_SYSTEM_DIR", system.path().join("run"));
        command.env("DOGWATCH_CONFIG_DIR", system.path().join("config"));
        command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        output(&mut command)
    };
    let told = in_its_place("echo sk-0123456789 | \"$1\" secret set anthropic");
    if told.code == Some(77) {
        return eprintln!("skipped: nothing can be mounted here");
    }
    let words = format!("it belongs to {}, as whom the engine works", engine.name);
    assert!(told.expect_code(0).contains(&words), "no word of whose it is");
    for name in ["secrets", "secrets/anthropic"] {
        assert_eq!(fs::metadata(system.path().join("config").join(name)).unwrap().uid(), engine.uid, "{name}");
    }
    let read = shell_as(&engine, system.path(), "cat config/secrets/anthropic");
    assert_eq!(read.expect_code(0), "sk-0123456789");
    // Nor does doctor pass what root sees for what the engine sees.
    let doctor = in_its_place("\"$1\" doctor; true").expect_code(0).to_owned();
    let eyes = format!("as seen by root, not by the engine's user {}", engine.name);
    assert!(doctor.contains(&eyes) && !doctor.contains("the next command that needs one starts it"), "{doctor}");
}

#[test]
fn a_role_that_was_taken_out_of_the_file_is_said_to_be_there_still() {
    if !can_be_made() {
        return;
    }
    let reach = Group::new();
    let user = User::new(&[&reach]);
    let config = |role: &str| {
        format!("[engine]\ngroup = \"{}\"\n[operators]\nadmin = [\"root\"]\n{role} = [\"{}\"]\n", reach.0, user.name)
    };
    let mut system = System::start(&config("operator"));
    let whoami = || system.cmd_as(&user, "", &["whoami"]).expect_code(0).to_owned();
    assert!(!whoami().contains("was changed after"));
    fs::write(system.path().join("config/config.toml"), config("viewer")).unwrap();
    let told = whoami();
    assert!(told.contains("roles operator") && told.contains("was changed after this engine's start"), "{told}");
    assert!(system.cmd_as(&user, "", &["status"]).expect_code(0).contains("was changed after this engine's start"));
    system.stop();
    system.go();
    let told = system.cmd_as(&user, "", &["whoami"]).expect_code(0).to_owned();
    assert!(told.contains("roles viewer") && !told.contains("was changed after"), "{told}");
}
