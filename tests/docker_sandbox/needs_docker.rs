//! Steps in containers: their ends, limits and walls, images, and what a restart of the engine leaves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::format_collect,
    missing_docs
)]

mod endings;

use crate::support::{DockerEnv, docker};
use bollard::query_parameters::{KillContainerOptionsBuilder, RemoveContainerOptionsBuilder};
use bollard::{API_DEFAULT_VERSION, Docker};
use dogwatch::domain::{RunId, StepEnd, StepKey, StepKind};
use dogwatch::sandbox::docker::{DockerSandbox, DockerSettings};
use dogwatch::sandbox::{Ended, Limits, Presence, Profile, Sandbox, SandboxError, StepSpec, WallTimes};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::future::Future;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::time::sleep;

/// One sandbox with its directories; its containers are removed at the end of each test.
struct Bench {
    sandbox: DockerSandbox,
    docker: Docker,
    image: String,
    home: TempDir,
    user: (u32, u32),
}

impl Bench {
    /// `None` where there is no engine to test against, which is said.
    async fn new() -> Option<Self> {
        let DockerEnv { host, image: reference, .. } = docker()?;
        let home = tempfile::tempdir().unwrap();
        // Other users must be able to reach what is mounted, not to list it.
        fs::set_permissions(home.path(), Permissions::from_mode(0o711)).unwrap();
        let own = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let user = if own.0 == 0 { (10_001, 10_001) } else { own };
        let sandbox = Self::connect(&host, &home, user).await;
        let docker = Docker::connect_with_unix(&host, 60, API_DEFAULT_VERSION).unwrap();
        let image = sandbox.image(&reference, &|_| {}).await.unwrap().id;
        Some(Self { sandbox, docker, image, home, user })
    }

    async fn connect(host: &str, home: &TempDir, user: (u32, u32)) -> DockerSandbox {
        DockerSandbox::connect(DockerSettings {
            host: Some(host.to_owned()),
            instance: home.path().file_name().unwrap().to_str().unwrap().replace('.', "") + "testtest",
            exe_copies: home.path().join("exe"),
            executable: Some(PathBuf::from(env!("CARGO_BIN_EXE_dogwatch"))),
            engine_key: [7; 32],
            allowed_registries: vec!["docker.io".to_owned()],
            user,
        })
        .await
        .unwrap()
    }

    fn spec(&self, argv: &[&str]) -> StepSpec {
        static RUN: AtomicI64 = AtomicI64::new(1);
        let run = RunId(RUN.fetch_add(1, Ordering::Relaxed));
        let key = StepKey { run, iteration: 1, kind: StepKind::Test, suite: "unit".into(), attempt: 1 };
        let dir = self.home.path().join(key.to_string());
        let tree = dir.join("tree");
        fs::create_dir_all(&tree).unwrap();
        if self.user.0 == 10_001 {
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
            keep: Vec::new(),
            log: dir.join("logs").join("step.log"),
            dir,
            limits: Limits { memory_mib: 128, cpus: 1.0, pids: 128, tmp_mib: 16 },
            times: WallTimes { seconds: 60, silent_seconds: None },
        }
    }

    fn shell(&self, script: &str) -> StepSpec {
        self.spec(&["/bin/sh", "-c", script])
    }

    async fn begin(&self, spec: &StepSpec) -> String {
        let id = self.sandbox.create(spec).await.unwrap();
        self.sandbox.start(spec, &id).await.unwrap();
        id
    }

    async fn run(&self, spec: &StepSpec) -> Ended {
        let id = self.begin(spec).await;
        let ended = self.sandbox.follow(spec, &id, &|_| {}).await.unwrap();
        self.sandbox.remove(&id).await.unwrap();
        assert_eq!(self.sandbox.presence(&id).await.unwrap(), Presence::Gone);
        ended
    }

    fn log(spec: &StepSpec) -> String {
        String::from_utf8_lossy(&fs::read(&spec.log).unwrap_or_default()).into_owned()
    }

    /// Follows in the background until the log holds `part`, and drops the follower then.
    async fn follow_until(&self, spec: &StepSpec, id: &str, part: &str) {
        tokio::select! {
            ended = self.sandbox.follow(spec, id, &|_| {}) => panic!("ended early: {ended:?}, {}", Self::log(spec)),
            () = until(|| async { Self::log(spec).contains(part) }) => {}
        }
    }

    async fn forget(&self, tag: &str) {
        let options = None::<bollard::query_parameters::RemoveImageOptions>;
        self.docker.remove_image(tag, options, None).await.unwrap();
    }

    async fn done(self) {
        assert_eq!(self.sandbox.labelled().await.unwrap(), Vec::new());
        for entry in fs::read_dir(self.home.path().join("exe")).unwrap() {
            fs::set_permissions(entry.unwrap().path(), Permissions::from_mode(0o755)).unwrap();
        }
    }
}

/// Waits for a condition, at most half a minute.
async fn until<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_are_told_apart() {
    let Some(bench) = Bench::new().await else { return };
    let mut spec = bench.shell("cat; echo out; echo err >&2; pwd; exit 3");
    spec.stdin = b"from stdin\n".to_vec();
    let ended = bench.run(&spec).await;
    assert_eq!(ended.end, StepEnd::Exited { code: 3 });
    assert_eq!(ended.log_digest.len(), 64);
    assert_eq!(ended.intrusions, 0);
    let log = Bench::log(&spec);
    for part in ["from stdin\n", "out\n", "err\n", "/work\n"] {
        assert!(log.contains(part), "{log}");
    }

    let ended = bench.run(&bench.shell("kill -SEGV $$")).await;
    assert_eq!(ended.end, StepEnd::Signalled { signal: 11, oom: Some(false) });
    let ended = bench.run(&bench.shell("kill -KILL $$")).await;
    assert_eq!(ended.end, StepEnd::Signalled { signal: 9, oom: Some(false) });
    let ended = bench.run(&bench.spec(&["/no/such/program"])).await;
    assert!(matches!(ended.end, StepEnd::NotStarted { .. }), "{ended:?}");
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn want_of_memory_is_seen() {
    let Some(bench) = Bench::new().await else { return };
    let eat = "import sys\nx=[]\nwhile True: x.append(bytearray(1<<20))";
    let ended = bench.run(&bench.spec(&["python3", "-c", eat])).await;
    assert_eq!(ended.end, StepEnd::Signalled { signal: 9, oom: Some(true) });
    // The shell lives on and answers 137 for its child.
    let ended = bench.run(&bench.shell(&format!("python3 -c '{eat}'; exit $?"))).await;
    assert_eq!(ended.end, StepEnd::Signalled { signal: 9, oom: Some(true) });
    // What answers otherwise for its child keeps its code, and the log says what happened, once.
    let spec = bench.shell(&format!("python3 -c '{eat}' 2>/dev/null; exit 5"));
    let id = bench.begin(&spec).await;
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Exited { code: 5 });
    assert_eq!(bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap(), ended);
    assert_eq!(Bench::log(&spec).matches("[dogwatch: the step came to its limit of memory").count(), 1);
    bench.sandbox.remove(&id).await.unwrap();
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_limits_are_kept() {
    let Some(bench) = Bench::new().await else { return };
    let mut spec = bench.shell("trap '' TERM; while :; do echo tick; sleep 0.2; done");
    spec.times.seconds = 2;
    assert_eq!(bench.run(&spec).await.end, StepEnd::TimedOut { seconds: 2 });
    let mut spec = bench.shell("echo once; sleep 600");
    spec.times.silent_seconds = Some(2);
    assert_eq!(bench.run(&spec).await.end, StepEnd::Silent { seconds: 2 });
    assert_eq!(Bench::log(&spec), "once\n");
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen_time_does_not_count() {
    let Some(bench) = Bench::new().await else { return };
    let mut spec = bench.shell("i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo $i; sleep 0.1; done");
    spec.times.seconds = 8;
    let id = bench.begin(&spec).await;
    bench.follow_until(&spec, &id, "3\n").await;
    bench.sandbox.freeze(&id).await.unwrap();
    bench.sandbox.freeze(&id).await.unwrap();
    assert_eq!(bench.sandbox.presence(&id).await.unwrap(), Presence::Frozen);
    let before = Bench::log(&spec);
    // Longer than the limit, on a clock that the program must not feel.
    sleep(Duration::from_secs(9)).await;
    bench.sandbox.thaw(&id).await.unwrap();
    bench.sandbox.thaw(&id).await.unwrap();
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Exited { code: 0 });
    let log = Bench::log(&spec);
    assert!(log.starts_with(&before));
    assert_eq!(log, (1..=30).map(|i| format!("{i}\n")).collect::<String>());
    bench.sandbox.remove(&id).await.unwrap();
    bench.sandbox.freeze(&id).await.unwrap();
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_removed_behind_our_back_is_lost_and_one_of_ours_is_stopped() {
    let Some(bench) = Bench::new().await else { return };
    let spec = bench.shell("echo up; sleep 600");
    let id = bench.begin(&spec).await;
    let behind = async {
        until(|| async { Bench::log(&spec).contains("up") }).await;
        let options = RemoveContainerOptionsBuilder::default().force(true).build();
        bench.docker.remove_container(&id, Some(options)).await.unwrap();
    };
    let (ended, ()) = tokio::join!(bench.sandbox.follow(&spec, &id, &|_| {}), behind);
    assert!(matches!(ended.unwrap().end, StepEnd::Lost { explained: false, .. }));

    let spec = bench.shell("echo up; sleep 600");
    let id = bench.begin(&spec).await;
    let ours = async {
        until(|| async { Bench::log(&spec).contains("up") }).await;
        bench.sandbox.remove(&id).await.unwrap();
    };
    let (ended, ()) = tokio::join!(bench.sandbox.follow(&spec, &id, &|_| {}), ours);
    assert_eq!(ended.unwrap().end, StepEnd::Stopped);

    // Killed along with its shim by somebody else.
    let spec = bench.shell("echo up; sleep 600");
    let id = bench.begin(&spec).await;
    bench.follow_until(&spec, &id, "up").await;
    let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
    bench.docker.kill_container(&id, Some(options)).await.unwrap();
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert!(matches!(ended.end, StepEnd::Lost { explained: false, .. }), "{ended:?}");
    bench.sandbox.remove(&id).await.unwrap();
    bench.sandbox.remove(&id).await.unwrap();
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn making_twice_finds_the_first_and_following_twice_loses_nothing() {
    let Some(bench) = Bench::new().await else { return };
    let spec = bench.shell("i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done; sleep 1; echo end");
    let (one, two) = tokio::join!(bench.sandbox.create(&spec), bench.sandbox.create(&spec));
    let id = one.unwrap();
    assert_eq!(id, two.unwrap());
    assert_eq!(bench.sandbox.presence(&id).await.unwrap(), Presence::Created);
    bench.sandbox.start(&spec, &id).await.unwrap();
    bench.sandbox.start(&spec, &id).await.unwrap();
    assert_eq!(bench.sandbox.labelled().await.unwrap().len(), 1);
    bench.follow_until(&spec, &id, "line 1\n").await;
    bench.follow_until(&spec, &id, "line 2000\n").await;
    // Another engine process would be a new object with the same settings.
    let host = std::env::var("DOGWATCH_TEST_DOCKER").unwrap();
    let again = Bench::connect(&host, &bench.home, bench.user).await;
    assert_eq!(again.create(&spec).await.unwrap(), id);
    let first = again.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(first.end, StepEnd::Exited { code: 0 });
    let wanted: String = (1..=3000).map(|i| format!("line {i}\n")).collect::<String>() + "end\n";
    assert_eq!(Bench::log(&spec), wanted);
    // Following an ended container gives the same once more.
    assert_eq!(bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap(), first);

    // The same name with another image is not taken for ours.
    let other = StepSpec { image: commit_marker(&bench, &id).await, ..spec.clone() };
    let refused = bench.sandbox.create(&other).await.unwrap_err();
    assert!(matches!(refused, SandboxError::Refused { .. }), "{refused}");
    bench.sandbox.remove(&id).await.unwrap();
    bench.forget("dogwatch-test-marker:1").await;
    bench.done().await;
}

async fn commit_marker(bench: &Bench, id: &str) -> String {
    bench.sandbox.commit(id, "dogwatch-test-marker:1").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walls_stand_as_seen_from_inside() {
    let Some(bench) = Bench::new().await else { return };
    let script = "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; id -u; ls /sys/class/net; \
                  ls -la /var/run/docker.sock /run/docker.sock 2>&1; \
                  for f in /x /etc/x /dogwatch/bin/x /dogwatch/step/x; do touch $f 2>/dev/null && echo WROTE $f; done; \
                  touch /work/fine /tmp/fine && echo WORKS; ulimit -c; grep /tmp /proc/mounts";
    let spec = bench.shell(script);
    let ended = bench.run(&spec).await;
    assert!(matches!(ended.end, StepEnd::Exited { .. }));
    let log = Bench::log(&spec);
    let lines: Vec<&str> = log.lines().collect();
    for part in ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2", "WORKS"] {
        assert!(lines.contains(&part), "{part}: {log}");
    }
    assert!(lines.contains(&bench.user.0.to_string().as_str()) && lines.contains(&"lo"), "{log}");
    assert!(!log.contains("WROTE") && !log.contains("eth0") && !log.contains("srw"), "{log}");
    assert!(log.contains("nosuid,nodev") && !log.contains("noexec"), "{log}");
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_image_serves() {
    let Some(bench) = Bench::new().await else { return };
    let scratch = {
        use futures_util::StreamExt as _;
        let options = bollard::query_parameters::CreateImageOptionsBuilder::default()
            .from_src("-")
            .repo("dogwatch-test-scratch")
            .tag("1")
            .build();
        let empty = tar::Builder::new(Vec::new()).into_inner().unwrap();
        let mut stream =
            std::pin::pin!(bench.docker.create_image(Some(options), Some(bollard::body_full(empty.into())), None));
        while let Some(message) = stream.next().await {
            message.unwrap();
        }
        bench.sandbox.local_image("dogwatch-test-scratch:1").await.unwrap().unwrap()
    };
    let mut spec = bench.spec(&["/dogwatch/bin/dogwatch", "--version"]);
    spec.image = scratch;
    let ended = bench.run(&spec).await;
    assert_eq!(ended.end, StepEnd::Exited { code: 0 }, "{}", Bench::log(&spec));
    bench.forget("dogwatch-test-scratch:1").await;
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_is_committed_and_what_it_made_is_linked_back() {
    let Some(bench) = Bench::new().await else { return };
    let mut spec =
        bench.shell("cat given && echo $(id -u) > /root-was-here && umask 077 && mkdir made && echo kept > made/file");
    spec.profile = Profile::Provision;
    spec.keep = vec!["made".to_owned()];
    fs::write(spec.tree.as_ref().unwrap().join("given"), "from the tree\n").unwrap();
    let id = bench.begin(&spec).await;
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Exited { code: 0 }, "{}", Bench::log(&spec));
    assert_eq!(Bench::log(&spec), "from the tree\n");
    let image = bench.sandbox.commit(&id, "dogwatch-test-setup:1").await.unwrap();
    assert_eq!(bench.sandbox.local_image("dogwatch-test-setup:1").await.unwrap(), Some(image.clone()));
    bench.sandbox.remove(&id).await.unwrap();
    assert_eq!(bench.sandbox.labelled().await.unwrap(), Vec::new());

    let mut spec = bench.shell("cat made/file /root-was-here; id -u");
    spec.keep = vec!["made".to_owned()];
    spec.image = image;
    let ended = bench.run(&spec).await;
    assert_eq!(ended.end, StepEnd::Exited { code: 0 }, "{}", Bench::log(&spec));
    assert_eq!(Bench::log(&spec), format!("kept\n0\n{}\n", bench.user.0));
    bench.forget("dogwatch-test-setup:1").await;
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_built_without_network_and_leave_no_volumes() {
    let Some(bench) = Bench::new().await else { return };
    let text = format!(
        "FROM {}\nRUN mkdir /data && touch /data/gone\nVOLUME /data\nENTRYPOINT [\"/bin/false\"]\nHEALTHCHECK CMD false\nCOPY hello /hello\n\
                        RUN ls /sys/class/net > /net\n",
        std::env::var("DOGWATCH_TEST_IMAGE").unwrap()
    );
    let context = |text: &str| {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in [("Dockerfile", text), ("hello", "hello\n")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    };
    let built = bench.sandbox.build("dogwatch-test-built:1", "Dockerfile", context(&text), &|_| {}).await.unwrap();
    // What the image wants to be a volume is a room in memory with a limit.
    let mut spec = bench.shell(
        "cat /hello /net; ls /data; grep -o '/data tmpfs' /proc/mounts; touch /data/x; head -c 99m /dev/zero >/data/y",
    );
    spec.image = built.id;
    let ended = bench.run(&spec).await;
    let log = Bench::log(&spec);
    assert_eq!(ended.end, StepEnd::Exited { code: 1 }, "{log}");
    let (remark, words) = log.split_once('\n').unwrap();
    assert!(remark.starts_with("[dogwatch: the image declares volumes (/data): they are empty"), "{log}");
    assert!(words.starts_with("hello\nlo\n/data tmpfs\n") && words.contains("No space left"), "{log}");
    let volumes = bench.docker.list_volumes(None::<bollard::query_parameters::ListVolumesOptions>).await.unwrap();
    assert!(volumes.volumes.unwrap_or_default().is_empty());

    let failing = text + "RUN echo reason >&2; exit 9\n";
    let error =
        bench.sandbox.build("dogwatch-test-built:2", "Dockerfile", context(&failing), &|_| {}).await.unwrap_err();
    let SandboxError::Image { reason, retry: false, .. } = &error else { panic!("{error}") };
    assert!(reason.contains("reason") && reason.contains('9'), "{reason}");
    let hidden = "FROM a\nCOPY --\"from\"=127.0.0.1:18999/x:1 /a /b\n";
    let error = bench.sandbox.build("dogwatch-test-built:3", "Dockerfile", context(hidden), &|_| {}).await.unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
    let foreign = "FROM ghcr.io/evil/image:1\n";
    let error =
        bench.sandbox.build("dogwatch-test-built:3", "Dockerfile", context(foreign), &|_| {}).await.unwrap_err();
    assert!(error.to_string().contains("is not allowed"), "{error}");
    // Also when it is asked for again, and was left by the first try.
    let everything = format!("FROM {}\nVOLUME /\n", std::env::var("DOGWATCH_TEST_IMAGE").unwrap());
    let built = bench.sandbox.build("dogwatch-test-built:4", "Dockerfile", context(&everything), &|_| {}).await;
    for refused in [built.map(|_| ()), bench.sandbox.local_image("dogwatch-test-built:4").await.map(|_| ())] {
        let error = refused.unwrap_err();
        assert!(matches!(error, SandboxError::Image { retry: false, .. }), "{error}");
        assert!(error.to_string().contains("its volume / cannot be had"), "{error}");
    }
    bench.forget("dogwatch-test-built:4").await;
    bench.forget("dogwatch-test-built:1").await;
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_told() {
    let Some(bench) = Bench::new().await else { return };
    let facts = bench.sandbox.version_and_facts().await.unwrap();
    assert!(!facts.version.is_empty() && !facts.api.is_empty() && facts.processors > Some(0), "{facts:?}");
    let absent =
        bench.sandbox.image("sha256:0000000000000000000000000000000000000000000000000000000000000000", &|_| {});
    assert!(matches!(absent.await.unwrap_err(), SandboxError::Image { retry: false, .. }));
}

/// `DOGWATCH_TEST_DOCKER_RESTART` is a shell command that stops the engine and starts it again, and returns when it
/// answers. It takes other tests' containers down, so this runs only when asked for by name.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "restarts the container engine; run alone with --ignored"]
async fn a_restart_of_the_service_explains_a_loss() {
    let Some(bench) = Bench::new().await else { return };
    let Ok(command) = std::env::var("DOGWATCH_TEST_DOCKER_RESTART") else {
        eprintln!("skipped: DOGWATCH_TEST_DOCKER_RESTART does not say how to restart the engine; tests/run says it");
        return;
    };
    let restart = || async {
        let status = tokio::process::Command::new("/bin/sh").args(["-c", &command]).status().await.unwrap();
        assert!(status.success());
    };
    // Followed all the while; the follower may report the outage, and is then asked again.
    let spec = bench.shell("echo up; sleep 600");
    let id = bench.begin(&spec).await;
    let followed = async {
        loop {
            match bench.sandbox.follow(&spec, &id, &|_| {}).await {
                Ok(ended) => break ended,
                Err(SandboxError::Unreachable(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
    };
    let disturbed = async {
        until(|| async { Bench::log(&spec).contains("up") }).await;
        restart().await;
    };
    let (ended, ()) = tokio::join!(followed, disturbed);
    assert!(matches!(ended.end, StepEnd::Lost { explained: true, .. }), "{ended:?}");
    bench.sandbox.remove(&id).await.unwrap();

    // Nobody followed when it happened.
    let spec = bench.shell("echo up; sleep 600");
    let id = bench.begin(&spec).await;
    bench.follow_until(&spec, &id, "up").await;
    restart().await;
    let host = std::env::var("DOGWATCH_TEST_DOCKER").unwrap();
    let again = Bench::connect(&host, &bench.home, bench.user).await;
    let ended = again.follow(&spec, &id, &|_| {}).await.unwrap();
    assert!(matches!(ended.end, StepEnd::Lost { explained: true, .. }), "{ended:?}");
    bench.sandbox.remove(&id).await.unwrap();
    bench.done().await;
}

/// Where the time of a step goes; told, not asserted.
#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_step_is_measured() {
    let Some(bench) = Bench::new().await else { return };
    let mut times = Vec::new();
    for _ in 0..5 {
        let spec = bench.spec(&["/bin/true"]);
        let begun = Instant::now();
        let id = bench.sandbox.create(&spec).await.unwrap();
        let made = begun.elapsed();
        bench.sandbox.start(&spec, &id).await.unwrap();
        let started = begun.elapsed();
        bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
        let followed = begun.elapsed();
        bench.sandbox.remove(&id).await.unwrap();
        times.push([made, started, followed, begun.elapsed()].map(|time| time.as_millis()));
    }
    eprintln!("milliseconds after create, start, follow, remove: {times:?}");
    bench.done().await;
}
