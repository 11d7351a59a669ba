//! What a sandbox declares it can do, it does; what it does not declare, it refuses with clear words.

use super::{Subject, log};
use dogwatch::domain::{OnDisk, StepEnd};
use dogwatch::sandbox::{Bound, DiskBound, Network, Profile, Sandbox, SandboxError, StepSpec};
use dogwatch::workspace::volume;
use std::fs;
use std::os::unix::fs::chown;

pub async fn limits_hold_as_declared(subject: &impl Subject) {
    let bench = subject.bench();
    let can = bench.sandbox.abilities();
    let fork = "import os, time\n\
                made = 0\n\
                try:\n    \
                    while made < 400:\n        \
                        if os.fork() == 0: time.sleep(60); os._exit(0)\n        \
                        made += 1\n\
                except OSError: pass\n\
                print(made, flush=True)\nos._exit(0)";
    let spec = bench.spec(&["python3", "-c", fork]);
    assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
    let made: u32 = log(&spec).trim().parse().unwrap();
    match can.pids {
        Bound::Whole => assert!((64..128).contains(&made), "{made} of 128"),
        Bound::EachUser => assert!(made <= 128 + 8, "{made} of 128"),
        other => panic!("processes must be bounded: {other:?}"),
    }

    // What lies in memory counts as memory of the whole, and has a bound of its own in any case.
    let spec = bench.shell("head -c 64m /dev/zero > /tmp/big; ls -l /tmp/big; ulimit -n");
    assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
    assert!(log(&spec).contains("No space left"), "{}", log(&spec));

    // Two processes of 80 MiB each together go beyond 128.
    let two = "import os, time\nx = bytearray(80 << 20)\nif os.fork() == 0:\n    \
               for i in range(0, len(x), 4096): x[i] = 1\n    time.sleep(0.1)\n    os._exit(7)\n\
               for i in range(0, len(x), 4096): x[i] = 2\nprint(os.waitstatus_to_exitcode(os.wait()[1]))";
    let spec = bench.spec(&["python3", "-c", two]);
    let ended = bench.run(&spec).await;
    let within = ended.end == StepEnd::Exited { code: 0 } && log(&spec).starts_with('7');
    assert_eq!(within, can.memory != Bound::Whole, "{ended:?}: {}", log(&spec));
}

pub async fn what_is_not_declared_is_refused_in_clear_words(subject: &impl Subject) {
    let bench = subject.bench();
    let can = bench.sandbox.abilities();
    let clear = |error: &SandboxError, word: &str| {
        let text = error.to_string();
        assert!(text.contains(word) && text.contains("Docker"), "{text}");
        let later = matches!(error, SandboxError::Unreachable(_) | SandboxError::Image { retry: true, .. });
        assert!(!later, "trying again does not help: {text}");
    };
    if !can.images {
        clear(&bench.sandbox.admits("docker.io/library/debian:stable").unwrap_err(), "image");
        clear(&bench.sandbox.image("docker.io/library/debian:stable", &|_| {}).await.unwrap_err(), "image");
    }
    if !can.builds {
        clear(&bench.sandbox.admits_build("Dockerfile", b"").unwrap_err(), "image");
        clear(&bench.sandbox.build("x:1", "Dockerfile", Vec::new(), &|_| {}).await.unwrap_err(), "image");
        assert_eq!(bench.sandbox.local_image("x:1").await.unwrap(), None);
    }
    if !can.services {
        let spec = StepSpec { network: Network::Of("x".to_owned()), ..bench.shell("true") };
        clear(&bench.sandbox.create(&spec).await.unwrap_err(), "network");
    }
    if !can.setup {
        let mut spec = bench.shell("true");
        spec.profile = Profile::Provision;
        clear(&bench.sandbox.create(&spec).await.unwrap_err(), "setup");
        clear(&bench.sandbox.commit("x", "x:1").await.unwrap_err(), "setup");
    }
}

pub async fn steps_share_a_network_as_declared(subject: &impl Subject) {
    let bench = subject.bench();
    if !bench.sandbox.abilities().services {
        return eprintln!("skipped: steps share no network here");
    }
    let program = bench.sandbox.own_program().await.unwrap();
    let words = |word: &str| program.iter().cloned().chain([word.to_owned()]).collect::<Vec<_>>();
    let mut holder = bench.shell("true");
    holder.argv = words("hold");
    holder.network = Network::Own(vec!["db".to_owned()]);
    let network = bench.begin(&holder).await;
    let joined = |spec: StepSpec| StepSpec { network: Network::Of(network.clone()), ..spec };
    let serve = joined(bench.spec(&["python3", "-m", "http.server", "--bind", "127.0.0.1", "8000"]));
    let server = bench.begin(&serve).await;
    let mut ready = joined(bench.shell("true"));
    ready.argv = words("await-ready");
    ready.argv.extend(["db", "http", "http://db:8000/", "20"].map(str::to_owned));
    assert_eq!(bench.run(&ready).await.end, StepEnd::Exited { code: 0 }, "{}", log(&ready));
    assert!(log(&ready).starts_with("db is ready after "), "{}", log(&ready));
    let ask =
        "import urllib.request as r, os\nprint(r.urlopen('http://db:8000/').status, os.listdir('/sys/class/net'))";
    let asks = joined(bench.spec(&["python3", "-c", ask]));
    assert_eq!(bench.run(&asks).await.end, StepEnd::Exited { code: 0 }, "{}", log(&asks));
    assert_eq!(log(&asks), "200 ['lo']\n");
    // Others do not reach it, and are not known to it by name.
    let stranger = bench.spec(&["python3", "-c", "import socket\nsocket.create_connection(('127.0.0.1', 8000), 2)"]);
    assert_eq!(bench.run(&stranger).await.end, StepEnd::Exited { code: 1 });
    assert!(log(&stranger).contains("ConnectionRefusedError"), "{}", log(&stranger));
    bench.sandbox.remove(&server).await.unwrap();
    bench.sandbox.remove(&network).await.unwrap();
}

pub async fn what_a_step_puts_on_disk_has_a_cap(subject: &impl Subject) {
    let bench = subject.bench();
    // Below the caps nothing happens.
    let mut spec = bench.shell("head -c 8m /dev/zero > /work/some; head -c 500k /dev/zero | tr '\\0' x; echo");
    (spec.limits.disk_mib, spec.limits.log_mib) = (16, 1);
    assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 });

    // What is left in the tree beyond its cap ends the step, whatever the program makes of signals.
    let mut spec =
        bench.shell("trap '' TERM; mkdir -p /work/a/b; head -c 40m /dev/zero > /work/a/b/big; echo; sleep 600");
    spec.limits.disk_mib = 16;
    assert_eq!(bench.run(&spec).await.end, StepEnd::Overfull { what: OnDisk::Tree, mib: 16 });

    // What writes without an end is stopped, and its log says how much it does not hold.
    let mut spec = bench.shell("yes 0123456789abcde");
    spec.limits.log_mib = 1;
    let id = bench.begin(&spec).await;
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Overfull { what: OnDisk::Log, mib: 1 });
    assert_eq!(bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap(), ended, "the next engine sees the same");
    bench.sandbox.remove(&id).await.unwrap();
    let text = log(&spec);
    assert!(text.len() < 1 << 20, "{}", text.len());
    let (output, mark) = text.split_once("[dogwatch: the log came to its cap of 1MiB here; ").unwrap();
    assert!(output.starts_with("0123456789abcde\n") && mark.ends_with(" bytes were left out]\n"), "{mark}");
    assert!(mark.split(' ').next().unwrap().parse::<u64>().unwrap() > 0, "{mark}");

    // Nor is the spool a place to fill.
    let mut spec = bench.shell("head -c 600m /dev/zero > /dogwatch/spool/big; echo; sleep 600");
    // What a busy disk has not taken yet counts as memory of the container.
    spec.limits.memory_mib = 1024;
    assert_eq!(bench.run(&spec).await.end, StepEnd::Overfull { what: OnDisk::Spool, mib: 512 });
}

pub async fn a_tree_has_a_file_system_of_its_own_as_declared(subject: &impl Subject) {
    let bench = subject.bench();
    if bench.sandbox.abilities().disk == DiskBound::Watched {
        let reason = volume::possible();
        let is_root = rustix::process::geteuid().is_root();
        eprintln!("skipped: trees are watched here ({reason:?})");
        return assert!(!is_root || reason.is_err() || std::env::var("DOGWATCH_TEST_DOCKER").is_ok(), "why not?");
    }
    let mut spec =
        bench.shell("id -u > mine; grep ' /work ' /proc/self/mountinfo; head -c 100m /dev/zero > big; sleep 600");
    spec.limits.disk_mib = 16;
    let tree = spec.tree.clone().unwrap();
    volume::make(&tree, spec.limits.disk_mib).unwrap();
    chown(&tree, Some(bench.user.0), Some(bench.user.1)).unwrap();
    assert_eq!(bench.run(&spec).await.end, StepEnd::Overfull { what: OnDisk::Tree, mib: 16 }, "{}", log(&spec));
    let text = log(&spec);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].contains("nosuid,nodev") && lines[0].contains(" ext4 "), "{text}");
    // It may be ended before it can say that no more fitted.
    let took = fs::metadata(tree.join("big")).unwrap().len() >> 20;
    assert!((16..40).contains(&took), "{took} MiB: {text}");
    assert_eq!(fs::read_to_string(tree.join("mine")).unwrap(), format!("{}\n", bench.user.0));
    assert!(volume::is_whole(&tree).unwrap());
    volume::release(&tree).unwrap();
    assert_eq!(fs::read_dir(&tree).unwrap().count(), 0);
    assert!(!volume::is_own(&tree).unwrap());
}
