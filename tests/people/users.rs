//! Users and groups that a test makes under unique names and removes by these names.

use crate::support::wait_until;
use rustix::process::{Gid, Uid};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

static NUMBER: AtomicU32 = AtomicU32::new(0);

fn unique(kind: &str) -> String {
    format!("dw{kind}{}x{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// The files of users are locked by whoever changes them, other tests too, so it is tried again for a while.
fn run(program: &str, args: &[&str]) {
    wait_until(&format!("{program} {args:?}"), Duration::from_mins(1), || {
        let output = Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{program}: {error}"));
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || words.contains("lock"), "{program} {args:?}: {words}");
        output.status.success()
    });
}

/// Whether users can be made here; says why not.
pub fn can_be_made() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: making Unix users needs root");
    }
    root
}

/// A group; removed when dropped.
#[derive(Debug)]
pub struct Group(pub String);

impl Group {
    pub fn new() -> Self {
        let name = unique("g");
        run("groupadd", &[&name]);
        Self(name)
    }
}

impl Group {
    pub fn gid(&self) -> u32 {
        let output = Command::new("getent").args(["group", &self.0]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split(':').nth(2).unwrap().parse().unwrap()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Nothing else can be done about one that stays behind.
        drop(Command::new("groupdel").arg(&self.0).output());
    }
}

/// A user; removed when dropped.
#[derive(Debug)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl User {
    pub fn new(groups: &[&Group]) -> Self {
        Self::made(&[], groups)
    }

    /// One with the number of another one that is gone.
    pub fn numbered(uid: u32, groups: &[&Group]) -> Self {
        Self::made(&["--uid", &uid.to_string()], groups)
    }

    fn made(options: &[&str], groups: &[&Group]) -> Self {
        let name = unique("u");
        let usual = ["--no-create-home", "--user-group", "--shell", "/bin/sh"];
        run("useradd", &[options, &usual, &[name.as_str()]].concat());
        for group in groups {
            run("usermod", &["-aG", &group.0, &name]);
        }
        let id = |option: &str| {
            let output = Command::new("id").args([option, &name]).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
        };
        Self { uid: id("-u"), gid: id("-g"), name }
    }

    /// Gives it another name, and its own back.
    pub fn rename(&self, name: &str) {
        run("usermod", &["-l", name, &self.name]);
    }

    pub fn rename_back(&self, from: &str) {
        run("usermod", &["-l", &self.name, from]);
    }

    pub fn leave(&self, group: &Group) {
        run("gpasswd", &["-d", &self.name, &group.0]);
    }

    pub fn join(&self, group: &Group) {
        run("usermod", &["-aG", &group.0, &self.name]);
    }

    /// The groups that the user has now, as a login would give them.
    pub fn groups(&self) -> Vec<u32> {
        let output = Command::new("id").args(["-G", &self.name]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().map(|word| word.parse().unwrap()).collect()
    }

    /// Does something as this user, on a thread whose user and groups are this one's as far as the kernel is concerned.
    pub fn act<T: Send>(&self, job: impl FnOnce() -> T + Send) -> T {
        Self::act_as(&self.groups(), self.gid, (self.uid, self.uid, self.uid), job)
    }

    /// The same with other groups, and with the real, the effective and the saved user as they are given.
    pub fn act_as<T: Send>(
        groups: &[u32],
        gid: u32,
        (real, effective, saved): (u32, u32, u32),
        job: impl FnOnce() -> T + Send,
    ) -> T {
        let groups: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
        let gid = Gid::from_raw(gid);
        let [real, effective, saved] = [real, effective, saved].map(Uid::from_raw);
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                rustix::thread::set_thread_groups(&groups).unwrap();
                rustix::thread::set_thread_res_gid(gid, gid, gid).unwrap();
                rustix::thread::set_thread_res_uid(real, effective, saved).unwrap();
                job()
            });
            thread.join().unwrap_or_else(|failed| std::panic::resume_unwind(failed))
        })
    }
}

impl Drop for User {
    fn drop(&mut self) {
        // Nothing else can be done about one that stays behind.
        drop(Command::new("userdel").arg(&self.name).output());
    }
}
