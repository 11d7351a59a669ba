//! The life of containers: frozen, removed, found again by the next engine, and gone without a trace.

use super::{Subject, log, until};
use dogwatch::domain::StepEnd;
use dogwatch::sandbox::{Presence, Sandbox, SandboxError, StepSpec};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::time::Duration;
use tokio::time::sleep;

pub async fn frozen_time_does_not_count(subject: &impl Subject) {
    let bench = subject.bench();
    let mut spec = bench.shell("i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo $i; sleep 0.1; done");
    spec.times.seconds = 8;
    let id = bench.begin(&spec).await;
    bench.follow_until(&spec, &id, "3\n").await;
    bench.sandbox.freeze(&id).await.unwrap();
    bench.sandbox.freeze(&id).await.unwrap();
    assert_eq!(bench.sandbox.presence(&id).await.unwrap(), Presence::Frozen);
    let before = log(&spec);
    // Longer than the limit, on a clock that the program must not feel.
    sleep(Duration::from_secs(9)).await;
    bench.sandbox.thaw(&id).await.unwrap();
    bench.sandbox.thaw(&id).await.unwrap();
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Exited { code: 0 });
    assert!(log(&spec).starts_with(&before));
    assert_eq!(log(&spec), (1..=30).map(|i| format!("{i}\n")).collect::<String>());
    bench.sandbox.remove(&id).await.unwrap();
    bench.sandbox.freeze(&id).await.unwrap();
}

pub async fn a_container_removed_behind_our_back_is_lost_and_one_of_ours_is_stopped(subject: &impl Subject) {
    let bench = subject.bench();
    let spec = bench.shell("echo up; sleep 600");
    let id = bench.begin(&spec).await;
    let behind = async {
        until(|| async { log(&spec).contains("up") }).await;
        subject.remove_behind(&id).await;
    };
    let (ended, ()) = tokio::join!(bench.sandbox.follow(&spec, &id, &|_| {}), behind);
    let ended = ended.unwrap();
    assert!(matches!(ended.end, StepEnd::Lost { explained: false, .. }), "{ended:?}");
    bench.sandbox.remove(&id).await.unwrap();

    let spec = bench.shell("echo up; sleep 600");
    let id = bench.begin(&spec).await;
    let ours = async {
        until(|| async { log(&spec).contains("up") }).await;
        bench.sandbox.remove(&id).await.unwrap();
    };
    let (ended, ()) = tokio::join!(bench.sandbox.follow(&spec, &id, &|_| {}), ours);
    assert_eq!(ended.unwrap().end, StepEnd::Stopped);
    bench.sandbox.remove(&id).await.unwrap();
    bench.sandbox.remove(&id).await.unwrap();
}

pub async fn one_killed_with_its_shim_is_lost(subject: &impl Subject) {
    let bench = subject.bench();
    let spec = bench.shell("echo up; sleep 600");
    let id = bench.begin(&spec).await;
    bench.follow_until(&spec, &id, "up").await;
    let first = Pid::from_raw(subject.first_process(&id).await).unwrap();
    kill_process(first, Signal::KILL).unwrap();
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert!(matches!(ended.end, StepEnd::Lost { explained: false, .. }), "{ended:?}");
    assert_eq!(bench.sandbox.presence(&id).await.unwrap(), Presence::Exited);
    bench.sandbox.remove(&id).await.unwrap();
}

pub async fn making_twice_finds_the_first_and_following_twice_loses_nothing(subject: &impl Subject) {
    let bench = subject.bench();
    let spec = bench.shell("i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done; sleep 1; echo end");
    let (one, two) = tokio::join!(bench.sandbox.create(&spec), bench.sandbox.create(&spec));
    let id = one.unwrap();
    assert_eq!(id, two.unwrap());
    assert_eq!(bench.sandbox.presence(&id).await.unwrap(), Presence::Created);
    let (one, two) = tokio::join!(bench.sandbox.start(&spec, &id), bench.sandbox.start(&spec, &id));
    one.unwrap();
    two.unwrap();
    bench.sandbox.start(&spec, &id).await.unwrap();
    assert_eq!(bench.sandbox.labelled().await.unwrap(), [(spec.key.to_string(), id.clone())]);
    bench.follow_until(&spec, &id, "line 1\n").await;
    bench.follow_until(&spec, &id, "line 2000\n").await;
    // Another engine process would be a new object with the same settings.
    let again = subject.again().await;
    assert_eq!(again.create(&spec).await.unwrap(), id);
    let first = again.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(first.end, StepEnd::Exited { code: 0 });
    let wanted: String = (1..=3000).map(|i| format!("line {i}\n")).collect::<String>() + "end\n";
    assert_eq!(log(&spec), wanted);
    // Following an ended container gives the same once more.
    assert_eq!(bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap(), first);
    // The same name for something else is not taken for ours.
    let other = StepSpec { image: "other".to_owned(), ..spec.clone() };
    let refused = bench.sandbox.create(&other).await.unwrap_err();
    assert!(matches!(refused, SandboxError::Refused { .. } | SandboxError::Image { .. }), "{refused}");
    bench.sandbox.remove(&id).await.unwrap();
}

pub async fn nothing_lives_on_after_the_program(subject: &impl Subject) {
    let bench = subject.bench();
    // A session of its own, no pipe of the step, and no engine that would take the end and let the container go.
    let beats = "while :; do echo x >>/work/beats; sleep 0.02; done";
    let spec = bench.shell(&format!("setsid sh -c '{beats}' </dev/null >/dev/null 2>&1 & sleep 0.5"));
    let id = bench.begin(&spec).await;
    let beats = spec.tree.as_ref().unwrap().join("beats");
    let size = || fs::metadata(&beats).map_or(0, |beats| beats.len());
    until(|| async { size() > 0 }).await;
    let first = subject.first_process(&id).await;
    until(|| async { children(first).is_empty() }).await;
    assert_eq!(bench.sandbox.presence(&id).await.unwrap(), Presence::Running);
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Exited { code: 0 });
    bench.sandbox.remove(&id).await.unwrap();
}

/// The processes whose parent this is. Orphans in a container become children of its first process.
fn children(parent: i32) -> Vec<i32> {
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let parent = parent.to_string();
    let is_child = |number: &i32| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        let rest = stat.rsplit_once(')').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        rest.split_ascii_whitespace().nth(1) == Some(parent.as_str())
    };
    numbers.filter(is_child).collect()
}

pub async fn why_it_was_stopped_is_known_to_the_next_engine(subject: &impl Subject) {
    let bench = subject.bench();
    let mut spec = bench.shell("trap 'sleep 2; exit 0' TERM; echo up; while :; do sleep 0.1; done");
    spec.times.silent_seconds = Some(1);
    let id = bench.begin(&spec).await;
    let state = spec.log.with_extension("state");
    tokio::select! {
        ended = bench.sandbox.follow(&spec, &id, &|_| {}) => panic!("too late to see: {ended:?}"),
        () = until(|| async { fs::read_to_string(&state).is_ok_and(|text| text.contains("silent")) }) => {}
    }
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Silent { seconds: 1 });
    bench.sandbox.remove(&id).await.unwrap();
}

pub async fn the_frozen_can_be_removed(subject: &impl Subject) {
    let bench = subject.bench();
    let spec = bench.shell("echo up; sleep 600 & sleep 600");
    let id = bench.begin(&spec).await;
    bench.follow_until(&spec, &id, "up").await;
    bench.sandbox.freeze(&id).await.unwrap();
    let first = subject.first_process(&id).await;
    bench.sandbox.remove(&id).await.unwrap();
    assert_eq!(bench.sandbox.presence(&id).await.unwrap(), Presence::Gone);
    until(|| async { !fs::exists(format!("/proc/{first}")).unwrap() }).await;
}

pub async fn a_flood_of_connections_keeps_nobody_out(subject: &impl Subject) {
    let bench = subject.bench();
    let script = "import os, socket\n\
                  for _ in range(40):\n    \
                      if os.fork() == 0:\n        \
                          while True:\n            \
                              s = socket.socket(socket.AF_UNIX)\n            \
                              try: s.connect('/dogwatch/step/channel.sock')\n            \
                              except OSError: pass\n            \
                              s.close()\n\
                  print('flood', flush=True)\n\
                  import time\n\
                  while not os.path.exists('/work/go'): time.sleep(0.05)\n\
                  print('end', flush=True)\nos._exit(0)";
    let spec = bench.spec(&["python3", "-c", script]);
    let id = bench.begin(&spec).await;
    bench.follow_until(&spec, &id, "flood").await;
    // Another engine comes in the middle of it, and the shim finds its way through.
    fs::write(spec.tree.as_ref().unwrap().join("go"), "").unwrap();
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Exited { code: 0 });
    assert!(ended.intrusions > 0);
    assert_eq!(log(&spec), "flood\nend\n");
    bench.sandbox.remove(&id).await.unwrap();
}
