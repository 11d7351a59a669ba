//! Steps on another machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::format_collect,
    missing_docs
)]

mod runs;

use crate::contract::{Subject, log, until};
use crate::support::{FarEnv, Sshd, far, kill_connection};
use bollard::query_parameters::RemoveContainerOptionsBuilder;
use bollard::{API_DEFAULT_VERSION, Docker};
use dogwatch::domain::StepEnd;
use dogwatch::sandbox::docker::{DockerSandbox, DockerSettings, FarSettings};
use dogwatch::sandbox::{Presence, Profile, Sandbox, StepSpec};
use std::fs::{self, Permissions};
use std::ops::Deref;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A bench whose sandbox is on another machine.
struct Bench {
    common: crate::contract::Bench<DockerSandbox>,
    far: FarEnv,
    sshd: Sshd,
    docker: Docker,
}

impl Deref for Bench {
    type Target = crate::contract::Bench<DockerSandbox>;

    fn deref(&self) -> &Self::Target {
        &self.common
    }
}

impl Bench {
    async fn new() -> Option<Self> {
        Self::of("root").await
    }

    /// A bench that logs in as this user.
    async fn of(login: &str) -> Option<Self> {
        let far = far()?;
        let sshd = Sshd::start(&far);
        let (home, user) = crate::contract::Bench::<DockerSandbox>::place();
        let settings = FarSettings { user: login.to_owned(), ..sshd.settings(&Self::link_of(&home)) };
        let sandbox = Self::connect(settings, &home, user).await;
        let facts = sandbox.far_facts().await.unwrap().unwrap();
        let dog = (12_345, far.dir.join("dog").display().to_string());
        assert_eq!((facts.uid, facts.home), if login == "root" { (0, "/root".to_owned()) } else { dog });
        let user = if login == "root" { user } else { (12_345, 12_345) };
        let docker = Docker::connect_with_unix(&far.docker(), 60, API_DEFAULT_VERSION).unwrap();
        let image = sandbox.local_image("dogwatch-test-base:1").await.unwrap().unwrap();
        Some(Self { common: crate::contract::Bench { sandbox, image, home, user }, far, sshd, docker })
    }

    fn link_of(home: &TempDir) -> PathBuf {
        home.path().join("far")
    }

    fn link(&self) -> PathBuf {
        Self::link_of(&self.home)
    }

    async fn connect(far: FarSettings, home: &TempDir, user: (u32, u32)) -> DockerSandbox {
        DockerSandbox::connect(DockerSettings {
            host: None,
            far: Some(far),
            instance: crate::contract::Bench::<DockerSandbox>::instance(home),
            exe_copies: home.path().join("exe"),
            executable: Some(crate::contract::Bench::<DockerSandbox>::executable()),
            engine_key: [7; 32],
            allowed_registries: vec!["docker.io".to_owned()],
            user,
            runtime: None,
        })
        .await
        .unwrap()
    }

    /// What this bench's engine has on the other machine.
    fn things(&self) -> PathBuf {
        let instance = crate::contract::Bench::<DockerSandbox>::instance(&self.home);
        if self.user.0 == 12_345 { self.far.things_of_dog(&instance) } else { self.far.things(&instance) }
    }

    /// Nothing is left there, and nothing comes of looking for it.
    async fn over(&self) {
        for dir in ["s", "g"] {
            until(|| async {
                self.sandbox.leavings(false).await.unwrap();
                fs::read_dir(self.things().join(dir)).unwrap().count() == 0
            })
            .await;
        }
        self.sandbox.forget_all().await.unwrap();
        assert!(!self.things().exists());
        self.done().await;
    }
}

impl Subject for Bench {
    type Sandbox = DockerSandbox;

    async fn new() -> Option<Self> {
        Self::new().await
    }

    fn bench(&self) -> &crate::contract::Bench<DockerSandbox> {
        &self.common
    }

    async fn again(&self) -> DockerSandbox {
        let sandbox = Self::connect(self.sshd.settings(&self.home.path().join("far2")), &self.home, self.user).await;
        sandbox.far_facts().await.unwrap();
        sandbox
    }

    async fn first_process(&self, container: &str) -> i32 {
        let state = self.docker.inspect_container(container, None).await.unwrap().state.unwrap();
        state.pid.unwrap().try_into().unwrap()
    }

    fn leaves_open(&self) -> &'static [&'static str] {
        &["OPEN io_uring_setup", "OPEN vsock", "OPEN typing"]
    }

    async fn remove_behind(&self, container: &str) {
        let options = RemoveContainerOptionsBuilder::default().force(true).build();
        self.docker.remove_container(container, Some(options)).await.unwrap();
    }
}

// What is left out looks into a tree, or a spool, while its container runs.
crate::contract!(Bench:
    ends::ends_are_told_apart,
    ends::a_program_is_told_more_while_it_works,
    ends::want_of_memory_is_seen_as_declared,
    ends::time_limits_are_kept,
    ends::a_program_that_is_told_to_stop_from_within_is_lost,
    life::frozen_time_does_not_count,
    life::a_container_removed_behind_our_back_is_lost_and_one_of_ours_is_stopped,
    life::one_killed_with_its_shim_is_lost,
    life::making_twice_finds_the_first_and_following_twice_loses_nothing,
    life::why_it_was_stopped_is_known_to_the_next_engine,
    life::the_frozen_can_be_removed,
    walls::the_walls_stand_as_seen_from_inside,
    walls::what_leads_out_is_refused,
    walls::the_network_is_not_there,
    walls::other_processes_are_out_of_sight,
    walls::the_secret_is_out_of_reach,
    gateway::the_way_to_models_is_open_where_it_is_wanted_only,
    promises::limits_hold_as_declared,
    promises::steps_share_a_network_as_declared,
    promises::what_a_step_puts_on_disk_has_a_cap,
);

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_goes_there_and_comes_back() {
    for login in ["root", "dog"] {
        let Some(bench) = Bench::of(login).await else { return };
        there_and_back(&bench).await;
    }
}

async fn there_and_back(bench: &Bench) {
    let spec = bench.shell(
        "set -e; ./run; test \"$(cat link)\" = text; echo new > sub/new; rm gone; ln -s /etc/passwd out; ln sub/new twin; \
         mkdir -p shut/in; echo deep > shut/in/file; mkfifo pipe; chmod 0 shut/in/file shut; chmod 0 .; id -u; ls -ld /work",
    );
    let tree = spec.tree.clone().unwrap();
    fs::create_dir(tree.join("sub")).unwrap();
    for (name, text) in [("run", "#!/bin/sh\necho ran\n"), ("sub/file", "text"), ("gone", "")] {
        fs::write(tree.join(name), text).unwrap();
    }
    fs::set_permissions(tree.join("run"), Permissions::from_mode(0o755)).unwrap();
    symlink("sub/file", tree.join("link")).unwrap();
    let id = bench.begin(&spec).await;
    let inside = bench.docker.inspect_container(&id, None).await.unwrap().mounts.unwrap();
    assert!(inside.iter().all(|mount| mount.source.as_ref().unwrap().contains("/.dogwatch/")), "{inside:?}");
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
    assert!(log(&spec).starts_with(&format!("ran\n{}\n", bench.user.0)), "{}", log(&spec));
    let text = |name: &str| fs::read_to_string(tree.join(name)).unwrap();
    assert_eq!(
        (text("sub/new").as_str(), text("twin").as_str(), text("shut/in/file").as_str()),
        ("new\n", "new\n", "deep\n")
    );
    assert!(!tree.join("gone").exists() && tree.join("pipe").exists());
    assert_eq!(fs::read_link(tree.join("out")).unwrap(), PathBuf::from("/etc/passwd"));
    assert_eq!(fs::metadata(tree.join("run")).unwrap().permissions().mode() & 0o111, 0o111);
    // Once more gives the same, as for an engine that died in between.
    assert_eq!(bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap(), ended);
    bench.sandbox.remove(&id).await.unwrap();
    bench.over().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_is_committed_there() {
    for login in ["root", "dog"] {
        let Some(bench) = Bench::of(login).await else { return };
        committed(&bench).await;
    }
}

async fn committed(bench: &Bench) {
    let mut spec = bench.shell("id -u; cat word; echo made > /work/made; touch /opt/here");
    spec.profile = Profile::Provision;
    fs::write(spec.tree.as_ref().unwrap().join("word"), "from here\n").unwrap();
    let id = bench.begin(&spec).await;
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!((ended.end, log(&spec).as_str()), (StepEnd::Exited { code: 0 }, "0\nfrom here\n"));
    let image = bench.sandbox.commit(&id, "dogwatch-test-far:1").await.unwrap();
    bench.sandbox.remove(&id).await.unwrap();
    let later = StepSpec { image, ..bench.shell("ls /opt/here") };
    assert_eq!(bench.run(&later).await.end, StepEnd::Exited { code: 0 }, "{}", log(&later));
    bench.sandbox.remove_image("dogwatch-test-far:1").await.unwrap();
    bench.over().await;
}

/// A program that counts to 400 in about twelve seconds.
const COUNTS: &str = "i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo line $i; sleep 0.03; done";

fn counted() -> String {
    (1..=400).map(|i| format!("line {i}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_loses_and_doubles_nothing() {
    let Some(bench) = Bench::new().await else { return };
    let spec = bench.shell(COUNTS);
    let id = bench.begin(&spec).await;
    let losing = async {
        for part in ["line 20\n", "line 120\n"] {
            until(|| async { log(&spec).contains(part) }).await;
            kill_connection(&bench.link());
        }
        until(|| async { log(&spec).contains("line 220\n") }).await;
        bench.sshd.stop();
        tokio::time::sleep(Duration::from_secs(3)).await;
        bench.sshd.launch();
    };
    // Whoever follows tries again when it is told that nothing answers, as the driver does.
    let following = async {
        loop {
            match bench.sandbox.follow(&spec, &id, &|_| {}).await {
                Ok(ended) => break ended,
                Err(error) => eprintln!("followed again: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let (ended, ()) = tokio::join!(following, losing);
    assert_eq!(ended.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
    assert_eq!(log(&spec), counted());
    bench.sandbox.remove(&id).await.unwrap();
    bench.over().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_while_nobody_is_connected_is_found_whole() {
    let Some(bench) = Bench::new().await else { return };
    let spec = bench
        .shell("echo begun; sleep 2; i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo word $i; done; echo end > left");
    let id = bench.begin(&spec).await;
    bench.follow_until(&spec, &id, "begun").await;
    bench.sshd.stop();
    // The shim keeps what it has to say until somebody takes it.
    let left = bench.things().join("s").join(spec.key.to_string()).join("tree/left");
    until(|| async { fs::read_to_string(&left).is_ok_and(|text| text == "end\n") }).await;
    let gone = bench.sandbox.presence(&id).await.unwrap_err().to_string();
    assert!(gone.contains("engine other (ssh://root@127.0.0.1:"), "{gone}");
    bench.sshd.launch();
    until(|| async { bench.sandbox.presence(&id).await == Ok(Presence::Running) }).await;
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Exited { code: 0 });
    let wanted: String = (1..=2000).map(|i| format!("word {i}\n")).collect();
    assert_eq!(log(&spec), format!("begun\n{wanted}"));
    assert_eq!(fs::read_to_string(spec.tree.as_ref().unwrap().join("left")).unwrap(), "end\n");
    bench.sandbox.remove(&id).await.unwrap();
    bench.over().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_prove_to_be_that_machine_is_not_spoken_to() {
    let Some(far) = far() else { return };
    let (home, user) = crate::contract::Bench::<DockerSandbox>::place();
    let link = Bench::link_of(&home);
    let other = fs::read_to_string(far.dir.join("user_key.pub")).unwrap();
    let settings = far.settings(&link);
    let settings = FarSettings { host_key: other.split_whitespace().take(2).collect::<Vec<_>>().join(" "), ..settings };
    let sandbox = Bench::connect(settings, &home, user).await;
    let error = sandbox.far_facts().await.unwrap_err().to_string();
    assert!(error.contains("`host-key`"), "{error}");
    let settings = FarSettings { identity: Some(far.dir.join("host_key")), ..far.settings(&home.path().join("far3")) };
    let sandbox = Bench::connect(settings, &home, user).await;
    let error = sandbox.far_facts().await.unwrap_err().to_string();
    assert!(error.contains("authorized_keys"), "{error}");
    crate::contract::Bench { sandbox, image: String::new(), home, user }.open_copies();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_step_is_measured() {
    let Some(bench) = Bench::new().await else { return };
    // The first one takes the program there.
    bench.run(&bench.shell("true")).await;
    let mut times = Vec::new();
    for _ in 0..10 {
        let begun = Instant::now();
        assert_eq!(bench.run(&bench.shell("true")).await.end, StepEnd::Exited { code: 0 });
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let load = fs::read_to_string("/proc/loadavg").unwrap();
    eprintln!("a step on another machine: {:?} median, {:?} to {:?}; load {load}", times[5], times[0], times[9]);
    bench.over().await;
}
