//! How programs end, and that nobody can make their end look like another.

use super::{Subject, log};
use dogwatch::domain::StepEnd;
use dogwatch::sandbox::{Bound, Said, Sandbox};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

pub async fn ends_are_told_apart(subject: &impl Subject) {
    let bench = subject.bench();
    let mut spec = bench.shell("cat; echo out; echo err >&2; pwd; exit 3");
    spec.stdin = b"from stdin\n".to_vec();
    let ended = bench.run(&spec).await;
    assert_eq!(ended.end, StepEnd::Exited { code: 3 });
    assert_eq!(ended.log_digest.len(), 64);
    assert_eq!(ended.intrusions, 0);
    for part in ["from stdin\n", "out\n", "err\n", "/work\n"] {
        assert!(log(&spec).contains(part), "{}", log(&spec));
    }

    let ended = bench.run(&bench.shell("kill -SEGV $$")).await;
    assert_eq!(ended.end, StepEnd::Signalled { signal: 11, oom: Some(false) });
    let ended = bench.run(&bench.shell("kill -KILL $$")).await;
    let oom = (bench.sandbox.abilities().memory == Bound::Whole).then_some(false);
    assert_eq!(ended.end, StepEnd::Signalled { signal: 9, oom });
    let ended = bench.run(&bench.spec(&["/no/such/program"])).await;
    assert!(matches!(ended.end, StepEnd::NotStarted { .. }), "{ended:?}");
}

pub async fn a_program_is_told_more_while_it_works(subject: &impl Subject) {
    let bench = subject.bench();
    let mut spec =
        bench.shell("while read -r line; do echo got $line; echo '{\"type\":\"done\"}'; done; echo closed; exit 3");
    (spec.stdin, spec.open_until) = (b"first\n".to_vec(), Some("done".to_owned()));
    let id = bench.begin(&spec).await;
    // Nobody follows it yet, so nobody could say what became of it.
    assert!(bench.sandbox.say(&id, 2, b"never\n").await.is_err());
    let told = async {
        // The follower comes first, or a moment later.
        loop {
            if let Ok(said) = bench.sandbox.say(&id, 2, b"second\n").await {
                break said;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let tell = |_| {};
    let (ended, said) = tokio::join!(bench.sandbox.follow(&spec, &id, &tell), told);
    assert!(matches!(said, Said::Written(_)), "{said:?}");
    assert_eq!(ended.unwrap().end, StepEnd::Exited { code: 3 });
    assert_eq!(log(&spec).replace("{\"type\":\"done\"}\n", ""), "got first\ngot second\nclosed\n");
    bench.sandbox.remove(&id).await.unwrap();
}

pub async fn want_of_memory_is_seen_as_declared(subject: &impl Subject) {
    let bench = subject.bench();
    let eat = "import sys\nx=[]\nwhile True: x.append(bytearray(1<<20))";
    let ended = bench.run(&bench.spec(&["python3", "-c", eat])).await;
    match bench.sandbox.abilities().memory {
        Bound::Whole => {}
        Bound::EachProcess => {
            // The program is told that there is no more and ends as it likes.
            return assert_eq!(ended.end, StepEnd::Exited { code: 1 });
        }
        other => panic!("memory must be bounded: {other:?}"),
    }
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
    assert_eq!(log(&spec).matches("[dogwatch: the step came to its limit of memory").count(), 1);
    bench.sandbox.remove(&id).await.unwrap();
}

pub async fn time_limits_are_kept(subject: &impl Subject) {
    let bench = subject.bench();
    let mut spec = bench.shell("trap '' TERM; while :; do echo tick; sleep 0.2; done");
    spec.times.seconds = 2;
    assert_eq!(bench.run(&spec).await.end, StepEnd::TimedOut { seconds: 2 });
    let mut spec = bench.shell("echo once; sleep 600");
    spec.times.silent_seconds = Some(2);
    assert_eq!(bench.run(&spec).await.end, StepEnd::Silent { seconds: 2 });
    assert_eq!(log(&spec), "once\n");
}

pub async fn no_loss_is_explained_that_the_program_made_itself(subject: &impl Subject) {
    let bench = subject.bench();
    // It takes the shim's descriptors away, has it stopped, and ends with the code that once excused it.
    let script = "import os, resource, signal\nresource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))\n\
                  os.kill(1, signal.SIGTERM)\nos._exit(125)";
    let ended = bench.run(&bench.spec(&["python3", "-c", script])).await;
    let excused = matches!(ended.end, StepEnd::Lost { explained: true, .. });
    assert!(!excused && ended.end != StepEnd::Exited { code: 0 }, "{ended:?}");

    // A shim that cannot work says why.
    let spec = bench.shell("true");
    let id = bench.sandbox.create(&spec).await.unwrap();
    let spool = spec.dir.join("spool");
    fs::set_permissions(&spool, Permissions::from_mode(0o000)).unwrap();
    bench.sandbox.start(&spec, &id).await.unwrap();
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    let StepEnd::Lost { reason, explained: false } = &ended.end else { panic!("{ended:?}") };
    assert!(reason.contains("no spool"), "{reason}");
    bench.sandbox.remove(&id).await.unwrap();
}

pub async fn a_program_that_is_told_to_stop_from_within_is_lost(subject: &impl Subject) {
    let bench = subject.bench();
    let ended = bench.run(&bench.shell("trap 'exit 0' TERM; kill -TERM 1; while :; do sleep 0.1; done")).await;
    assert!(matches!(ended.end, StepEnd::Lost { explained: false, .. }), "{ended:?}");
}
