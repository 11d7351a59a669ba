//! The process sandbox against the contract that all sandboxes keep, and what only it has to show.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::format_collect,
    missing_docs
)]

#[path = "../contract/mod.rs"]
mod contract;

mod needs_bwrap {
    use crate::contract::{Bench, Subject, log, until};
    use dogwatch::config::HOST_ROOT;
    use dogwatch::domain::StepEnd;
    use dogwatch::sandbox::process::{ProcessSandbox, ProcessSettings};
    use dogwatch::sandbox::{Presence, Sandbox, SandboxError};
    use rustix::process::{Pid, Signal, kill_process};
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};
    use tempfile::TempDir;
    use tokio::time::sleep;

    struct Process(Bench<ProcessSandbox>);

    async fn connect(
        home: &TempDir,
        user: (u32, u32),
        roots: &[(&str, PathBuf)],
    ) -> Result<ProcessSandbox, SandboxError> {
        connect_showing(home, user, roots, BTreeSet::new()).await
    }

    async fn connect_showing(
        home: &TempDir,
        user: (u32, u32),
        roots: &[(&str, PathBuf)],
        visible: BTreeSet<PathBuf>,
    ) -> Result<ProcessSandbox, SandboxError> {
        let settings = ProcessSettings {
            instance: Bench::<ProcessSandbox>::instance(home),
            home: home.path().join("containers"),
            exe_copies: home.path().join("exe"),
            executable: Some(Bench::<ProcessSandbox>::executable()),
            engine_key: [7; 32],
            user,
            roots: roots.iter().map(|(name, dir)| ((*name).to_owned(), dir.clone())).collect(),
            visible,
            private: vec![home.path().join("containers")],
        };
        ProcessSandbox::connect(settings).await
    }

    impl Drop for Process {
        /// A test that failed leaves nothing either.
        fn drop(&mut self) {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        for (_, container) in self.0.sandbox.labelled().await.unwrap() {
                            self.0.sandbox.remove(&container).await.unwrap();
                        }
                    });
                });
            });
            self.0.open_copies();
        }
    }

    impl Subject for Process {
        type Sandbox = ProcessSandbox;

        async fn new() -> Option<Self> {
            let (home, user) = Bench::<ProcessSandbox>::place();
            let sandbox = match connect(&home, user, &[]).await {
                Ok(sandbox) => sandbox,
                Err(error) => {
                    let required = std::env::var("DOGWATCH_REQUIRE_BWRAP").is_ok_and(|value| value == "1");
                    assert!(!required, "a bubblewrap that works here is required: {error}");
                    eprintln!("skipped: {error}");
                    return None;
                }
            };
            let image = sandbox.image(HOST_ROOT, &|_| {}).await.unwrap().id;
            Some(Self(Bench { sandbox, image, home, user }))
        }

        fn bench(&self) -> &Bench<ProcessSandbox> {
            &self.0
        }

        async fn again(&self) -> ProcessSandbox {
            connect(&self.0.home, self.0.user, &[]).await.unwrap()
        }

        async fn first_process(&self, container: &str) -> i32 {
            let path = self.0.home.path().join("containers").join(container).join("started.json");
            let started: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            started["first"]["pid"].as_i64().unwrap().try_into().unwrap()
        }

        async fn remove_behind(&self, container: &str) {
            let first = self.first_process(container).await;
            kill_process(Pid::from_raw(first).unwrap(), Signal::KILL).unwrap();
        }
    }

    crate::contract!(Process);

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_of_the_host_is_there_but_its_programs() {
        let Some(subject) = Process::new().await else { return };
        let bench = subject.bench();
        let spec = bench.shell("ls -A / /var /etc; cat /etc/passwd; ls -A /dev; grep -c . /proc/mounts");
        assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
        let text = log(&spec);
        for hidden in [
            "home",
            "root",
            "srv",
            "opt",
            "boot",
            "sys",
            "shadow",
            "ssh",
            "ssl",
            "hostname",
            "machine-id",
            "sda",
            "vda",
        ] {
            assert!(!text.lines().any(|line| line == hidden), "{hidden}: {text}");
        }
        let users = text.lines().filter(|line| line.contains(":x:"));
        assert_eq!(users.count(), 2, "{text}");
        bench.done().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_named_directory_serves_as_root() {
        let Some(mut subject) = Process::new().await else { return };
        let root = subject.0.home.path().join("root");
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::create_dir_all(root.join("proc")).unwrap();
        fs::write(root.join("etc/marker"), "here\n").unwrap();
        for name in ["usr", "bin", "lib", "lib64"] {
            // The host's own programs again, as a root that was made with care would have a copy of them.
            let target = Path::new("/").join(name);
            if target.is_symlink() {
                std::os::unix::fs::symlink(fs::read_link(&target).unwrap(), root.join(name)).unwrap();
            }
        }
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        subject.0.sandbox = connect(&subject.0.home, subject.0.user, &[("small", root)]).await.unwrap();
        let bench = subject.bench();
        assert_eq!(bench.sandbox.image("small", &|_| {}).await.unwrap().id, "small");
        let mut spec = bench.spec(&["/dogwatch/bin/dogwatch", "--version"]);
        spec.image = "small".to_owned();
        assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
        let mut spec = bench.shell("true");
        spec.image = "small".to_owned();
        assert!(matches!(bench.run(&spec).await.end, StepEnd::NotStarted { .. }));
        bench.done().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_operator_shows_can_be_read_and_no_more() {
        let Some(mut subject) = Process::new().await else { return };
        // A directory that every system has and that no root `host` shows by itself.
        let (home, user) = (&subject.0.home, subject.0.user);
        subject.0.sandbox = connect_showing(home, user, &[], BTreeSet::from(["/var/lib".into()])).await.unwrap();
        let bench = subject.bench();
        let spec = bench.shell("ls /var; ls -d /var/lib/* | head -1; touch /var/lib/x 2>/dev/null || echo refused");
        assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
        assert!(log(&spec).starts_with("lib\ntmp\n/var/lib/") && log(&spec).ends_with("\nrefused\n"), "{}", log(&spec));

        // What is not there is named.
        let (home, user) = (&subject.0.home, subject.0.user);
        let missing = BTreeSet::from([PathBuf::from("/nonexistent/tools")]);
        subject.0.sandbox = connect_showing(home, user, &[], missing).await.unwrap();
        let bench = subject.bench();
        let spec = bench.shell("true");
        let id = bench.sandbox.create(&spec).await.unwrap();
        let error = bench.sandbox.start(&spec, &id).await.unwrap_err();
        assert!(
            matches!(error, SandboxError::Image { retry: false, .. }) && error.to_string().contains("visible"),
            "{error}"
        );
        bench.sandbox.remove(&id).await.unwrap();
        bench.done().await;
    }

    /// The engine's own directory is never shown, whichever way the settings lead to it.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_engines_own_directory_cannot_be_shown() {
        let Some(subject) = Process::new().await else { return };
        let (home, user) = (&subject.0.home, subject.0.user);
        let link = home.path().join("link");
        std::os::unix::fs::symlink(home.path(), &link).unwrap();
        for bad in [home.path().to_owned(), home.path().join("containers"), link] {
            let showing = connect_showing(home, user, &[], BTreeSet::from([bad.clone()])).await;
            let rooted = connect(home, user, &[("small", bad)]).await;
            for error in [showing.err().unwrap(), rooted.err().unwrap()] {
                assert!(error.to_string().contains("the engine's own directory"), "{error}");
            }
        }
        subject.bench().done().await;
    }

    /// A program with a name that is no text once went on in a pause by signals, and woke all others.
    #[tokio::test(flavor = "multi_thread")]
    async fn who_hides_and_wakes_the_others_is_stopped_as_well() {
        let Some(subject) = Process::new().await else { return };
        let bench = subject.bench();
        let script = "import os, signal, time\n\
                      open('/proc/self/comm', 'wb').write(b'\\xff\\xfe')\n\
                      if os.fork():\n    \
                          print('up', flush=True); time.sleep(600)\n\
                      while True:\n    \
                          open('/work/beats', 'a').write('x')\n    \
                          os.kill(1, signal.SIGCONT); os.kill(-1, signal.SIGCONT); time.sleep(0.01)\n";
        let spec = bench.spec(&["python3", "-c", script]);
        let id = bench.begin(&spec).await;
        bench.follow_until(&spec, &id, "up").await;
        let beats = || fs::metadata(spec.tree.as_ref().unwrap().join("beats")).map_or(0, |seen| seen.len());
        until(|| async { beats() > 10 }).await;
        bench.sandbox.freeze(&id).await.unwrap();
        let before = beats();
        sleep(Duration::from_secs(2)).await;
        assert_eq!(beats(), before);
        bench.sandbox.thaw(&id).await.unwrap();
        until(|| async { beats() > before }).await;
        bench.sandbox.remove(&id).await.unwrap();
        bench.done().await;
    }

    /// What a program set going before a pause wakes it; somebody looks again.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_wakes_itself_in_a_pause_is_stopped_again() {
        let Some(subject) = Process::new().await else { return };
        let bench = subject.bench();
        let spec = bench.shell("echo up; sleep 600");
        let id = bench.begin(&spec).await;
        bench.follow_until(&spec, &id, "up").await;
        bench.sandbox.freeze(&id).await.unwrap();
        if !bench.sandbox.abilities().freezer {
            let first = Pid::from_raw(subject.first_process(&id).await).unwrap();
            kill_process(first, Signal::CONT).unwrap();
        }
        until(|| async { bench.sandbox.presence(&id).await.unwrap() == Presence::Frozen }).await;
        bench.sandbox.thaw(&id).await.unwrap();
        assert_eq!(bench.sandbox.presence(&id).await.unwrap(), Presence::Running);
        bench.sandbox.remove(&id).await.unwrap();
        bench.done().await;
    }

    /// After a new start of the machine the number of the first process may be anybody's.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_new_start_of_the_machine_explains_a_loss() {
        let Some(subject) = Process::new().await else { return };
        let bench = subject.bench();
        let spec = bench.shell("echo up; sleep 600");
        let id = bench.begin(&spec).await;
        bench.follow_until(&spec, &id, "up").await;
        subject.remove_behind(&id).await;
        until(|| async { bench.sandbox.presence(&id).await.unwrap() == Presence::Exited }).await;
        // As a machine that stopped in the middle of it would have left it: this very process has the number now.
        let dir = subject.0.home.path().join("containers").join(&id);
        let status = fs::read_to_string(dir.join("status")).unwrap();
        fs::write(dir.join("status"), status.lines().next().unwrap()).unwrap();
        let started = fs::read(dir.join("started.json")).unwrap();
        let mut started: serde_json::Value = serde_json::from_slice(&started).unwrap();
        started["first"]["boot"] = "another".into();
        started["first"]["pid"] = std::process::id().into();
        fs::write(dir.join("started.json"), started.to_string()).unwrap();
        let again = subject.again().await;
        assert_eq!(again.presence(&id).await.unwrap(), Presence::Exited);
        let ended = again.follow(&spec, &id, &|_| {}).await.unwrap();
        let StepEnd::Lost { reason, explained: true } = &ended.end else { panic!("{ended:?}") };
        assert!(reason.contains("the machine was started anew"), "{reason}");
        again.remove(&id).await.unwrap();
        bench.done().await;
    }

    /// The monitor that waits for the first process is nobody's child any more when its engine is gone, and may be killed
    /// as well as any other process: the container itself goes on, and its end is told by its shim.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_killed_monitor_changes_nothing() {
        let Some(subject) = Process::new().await else { return };
        let bench = subject.bench();
        let spec = bench.shell("echo up; while [ ! -e /work/go ]; do sleep 0.05; done; echo end; exit 4");
        let id = bench.begin(&spec).await;
        bench.follow_until(&spec, &id, "up").await;
        let first = subject.first_process(&id).await;
        let stat = fs::read_to_string(format!("/proc/{first}/stat")).unwrap();
        let parent = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().nth(1).unwrap().parse().unwrap();
        assert_ne!(parent, i32::try_from(std::process::id()).unwrap());
        kill_process(Pid::from_raw(parent).unwrap(), Signal::KILL).unwrap();
        assert_eq!(bench.sandbox.presence(&id).await.unwrap(), Presence::Running);
        fs::write(spec.tree.as_ref().unwrap().join("go"), "").unwrap();
        let ended = subject.again().await.follow(&spec, &id, &|_| {}).await.unwrap();
        assert_eq!(ended.end, StepEnd::Exited { code: 4 });
        bench.sandbox.remove(&id).await.unwrap();
        bench.done().await;
    }

    /// An engine that dies before it has told the secret leaves a shim that ends by itself and has started nothing.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_start_that_was_cut_off_runs_nothing() {
        let Some(subject) = Process::new().await else { return };
        let bench = subject.bench();
        let (spec, id) = loop {
            let spec = bench.shell("echo ran");
            let id = bench.sandbox.create(&spec).await.unwrap();
            // Dropped at its first wait, which is for the first process; where that was quicker there is none.
            tokio::select! {
                biased;
                started = bench.sandbox.start(&spec, &id) => started.unwrap(),
                () = std::future::ready(()) => break (spec, id),
            }
            bench.sandbox.remove(&id).await.unwrap();
        };
        bench.sandbox.start(&spec, &id).await.unwrap();
        let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
        assert!(matches!(ended.end, StepEnd::Lost { explained: true, .. }), "{ended:?}");
        assert_eq!(log(&spec), "");
        bench.sandbox.remove(&id).await.unwrap();
        bench.done().await;
    }

    /// Where the time of a step goes; told, not asserted.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_time_of_a_step_is_measured() {
        let Some(subject) = Process::new().await else { return };
        let bench = subject.bench();
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
}
