//! What every sandbox must do, whatever it is made of: the same tests for all. A sandbox declares what it can do
//! (`Abilities`) and is held to it; what it does not declare it must refuse with clear words.
//!
//! `contract!(Subject)` writes the tests for a sandbox out.

#![allow(dead_code, reason = "each test program uses its own part of this module")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::format_collect,
    clippy::print_stderr,
    missing_docs
)]

pub mod ends;
pub mod gateway;
pub mod life;
pub mod promises;
pub mod walls;

use dogwatch::domain::{RunId, StepKey, StepKind};
use dogwatch::sandbox::{Ended, Limits, Network, Presence, Profile, Sandbox, StepSpec, WallTimes};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::future::Future;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::time::sleep;

/// The user of steps where the tests run as root.
pub const USER: (u32, u32) = (10_001, 10_001);

/// A kind of sandbox under test.
pub trait Subject: Sized {
    /// The sandbox.
    type Sandbox: Sandbox;

    /// A bench with one; `None` where there is none to test against, which is said.
    async fn new() -> Option<Self>;

    /// The bench.
    fn bench(&self) -> &Bench<Self::Sandbox>;

    /// The same sandbox as the next engine would have it.
    async fn again(&self) -> Self::Sandbox;

    /// The number of a container's first process, as this machine has it.
    async fn first_process(&self, container: &str) -> i32;

    /// Beginnings of what the sandbox is known to leave open, as the test of refused system calls names it.
    fn leaves_open(&self) -> &'static [&'static str] {
        &[]
    }

    /// Removes a container as somebody else would who does not ask the sandbox.
    async fn remove_behind(&self, container: &str);
}

/// One sandbox with its directories.
pub struct Bench<S> {
    pub sandbox: S,
    pub image: String,
    pub home: TempDir,
    pub user: (u32, u32),
}

impl<S: Sandbox> Bench<S> {
    /// A directory for a bench, and the user of its steps.
    pub fn place() -> (TempDir, (u32, u32)) {
        let home = tempfile::tempdir().unwrap();
        // Other users must be able to reach what is mounted, not to list it.
        fs::set_permissions(home.path(), Permissions::from_mode(0o711)).unwrap();
        let own = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let user = if own.0 == 0 { USER } else { own };
        (home, user)
    }

    /// The id of an engine instance that only this bench has.
    pub fn instance(home: &TempDir) -> String {
        home.path().file_name().unwrap().to_str().unwrap().replace('.', "") + "testtest"
    }

    pub fn spec(&self, argv: &[&str]) -> StepSpec {
        static RUN: AtomicI64 = AtomicI64::new(1);
        let run = RunId(RUN.fetch_add(1, Ordering::Relaxed));
        let key = StepKey { run, iteration: 1, kind: StepKind::Test, suite: "unit".into(), attempt: 1 };
        let dir = self.home.path().join(key.to_string());
        let tree = dir.join("tree");
        fs::create_dir_all(&tree).unwrap();
        if self.user == USER {
            chown(&tree, Some(self.user.0), Some(self.user.1)).unwrap();
        }
        StepSpec {
            key,
            profile: Profile::Test,
            image: self.image.clone(),
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            env: BTreeMap::from([("HOME".to_owned(), "/tmp".to_owned())]),
            cwd: "/work".into(),
            tree: Some(tree),
            stdin: Vec::new(),
            open_until: None,
            runtime: None,
            keep: Vec::new(),
            log: dir.join("logs").join("step.log"),
            dir,
            gateway: None,
            data: BTreeMap::new(),
            limits: Limits { memory_mib: 128, cpus: 1.0, pids: 128, tmp_mib: 16, ..Limits::default() },
            times: WallTimes { seconds: 60, silent_seconds: None },
            network: Network::default(),
        }
    }

    pub fn shell(&self, script: &str) -> StepSpec {
        self.spec(&["/bin/sh", "-c", script])
    }

    pub async fn begin(&self, spec: &StepSpec) -> String {
        let id = self.sandbox.create(spec).await.unwrap();
        self.sandbox.start(spec, &id).await.unwrap();
        id
    }

    pub async fn run(&self, spec: &StepSpec) -> Ended {
        let id = self.begin(spec).await;
        let ended = self.sandbox.follow(spec, &id, &|_| {}).await.unwrap();
        self.sandbox.remove(&id).await.unwrap();
        assert_eq!(self.sandbox.presence(&id).await.unwrap(), Presence::Gone);
        ended
    }

    /// Follows in the background until the log holds `part`, and drops the follower then.
    pub async fn follow_until(&self, spec: &StepSpec, id: &str, part: &str) {
        tokio::select! {
            ended = self.sandbox.follow(spec, id, &|_| {}) => panic!("ended early: {ended:?}, {}", log(spec)),
            () = until(|| async { log(spec).contains(part) }) => {}
        }
    }

    /// Nothing of the sandbox's is left; makes what is left of the bench removable.
    pub async fn done(&self) {
        assert_eq!(self.sandbox.labelled().await.unwrap(), Vec::new());
        self.open_copies();
    }

    /// Copies of the executable are in closed directories.
    pub fn open_copies(&self) {
        for entry in fs::read_dir(self.home.path().join("exe")).unwrap() {
            fs::set_permissions(entry.unwrap().path(), Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// The executable under test.
    pub fn executable() -> PathBuf {
        PathBuf::from(env!("CARGO_BIN_EXE_dogwatch"))
    }
}

/// What is in the log of a step.
pub fn log(spec: &StepSpec) -> String {
    String::from_utf8_lossy(&fs::read(&spec.log).unwrap_or_default()).into_owned()
}

/// Waits for a condition, at most half a minute.
pub async fn until<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Writes a test for each promise.
#[macro_export]
macro_rules! contract {
    ($subject:ty: $($part:ident::$test:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let Some(subject) = <$subject as $crate::contract::Subject>::new().await else { return };
                $crate::contract::$part::$test(&subject).await;
                $crate::contract::Subject::bench(&subject).done().await;
            }
        )+
    };
    ($subject:ty) => {
        $crate::contract!($subject:
            ends::ends_are_told_apart,
            ends::a_program_is_told_more_while_it_works,
            ends::want_of_memory_is_seen_as_declared,
            ends::time_limits_are_kept,
            ends::no_loss_is_explained_that_the_program_made_itself,
            ends::a_program_that_is_told_to_stop_from_within_is_lost,
            life::frozen_time_does_not_count,
            life::a_container_removed_behind_our_back_is_lost_and_one_of_ours_is_stopped,
            life::one_killed_with_its_shim_is_lost,
            life::making_twice_finds_the_first_and_following_twice_loses_nothing,
            life::nothing_lives_on_after_the_program,
            life::why_it_was_stopped_is_known_to_the_next_engine,
            life::the_frozen_can_be_removed,
            life::a_flood_of_connections_keeps_nobody_out,
            walls::the_walls_stand_as_seen_from_inside,
            walls::what_leads_out_is_refused,
            walls::the_network_is_not_there,
            walls::other_processes_are_out_of_sight,
            walls::the_secret_is_out_of_reach,
            gateway::the_way_to_models_is_open_where_it_is_wanted_only,
            promises::limits_hold_as_declared,
            promises::steps_share_a_network_as_declared,
            promises::what_a_step_puts_on_disk_has_a_cap,
            promises::a_tree_has_a_file_system_of_its_own_as_declared,
            promises::what_is_not_declared_is_refused_in_clear_words,
        );
    };
}
