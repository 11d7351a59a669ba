//! Endings that programs, operators and crashes of the engine make hard to tell, and programs that work against the shim.

use super::{Bench, until};
use bollard::query_parameters::StopContainerOptionsBuilder;
use dogwatch::domain::StepEnd;
use dogwatch::sandbox::{Presence, Sandbox};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ends_well_when_somebody_stops_it_is_lost_all_the_same() {
    let Some(bench) = Bench::new().await else { return };
    let spec = bench.shell("trap 'exit 0' TERM; echo up; for i in $(seq 600); do sleep 0.1; done; exit 1");
    let id = bench.begin(&spec).await;
    let behind = async {
        until(|| async { Bench::log(&spec).contains("up") }).await;
        let options = StopContainerOptionsBuilder::default().t(10).build();
        bench.docker.stop_container(&id, Some(options)).await.unwrap();
    };
    let (ended, ()) = tokio::join!(bench.sandbox.follow(&spec, &id, &|_| {}), behind);
    let ended = ended.unwrap();
    assert!(matches!(ended.end, StepEnd::Lost { explained: false, .. }), "{ended:?}");
    bench.sandbox.remove(&id).await.unwrap();
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_loss_is_explained_that_the_program_made_itself() {
    let Some(bench) = Bench::new().await else { return };
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
    bench.done().await;
}

/// The other processes in the container of its first one: Docker gives each container a control group of its own.
fn beside(first: i64) -> Vec<i64> {
    let group = |process: i64| fs::read_to_string(format!("/proc/{process}/cgroup")).ok();
    let ours = group(first);
    assert!(ours.is_some() && ours != group(i64::from(std::process::id())), "{ours:?}");
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|process| *process != first && group(*process) == ours).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_lives_on_after_the_program() {
    let Some(bench) = Bench::new().await else { return };
    // A session of its own, no pipe of the step, and no engine that would take the end and let the container go.
    let beats = "while :; do echo x >>/work/beats; sleep 0.02; done";
    let spec = bench.shell(&format!("setsid sh -c '{beats}' </dev/null >/dev/null 2>&1 & sleep 0.5"));
    let id = bench.begin(&spec).await;
    let beats = spec.tree.as_ref().unwrap().join("beats");
    let size = || fs::metadata(&beats).map_or(0, |beats| beats.len());
    until(|| async { size() > 0 }).await;
    let shim = bench.docker.inspect_container(&id, None).await.unwrap().state.unwrap().pid.unwrap();
    until(|| async { beside(shim).is_empty() }).await;
    assert_eq!(bench.sandbox.presence(&id).await.unwrap(), Presence::Running);
    let ended = bench.sandbox.follow(&spec, &id, &|_| {}).await.unwrap();
    assert_eq!(ended.end, StepEnd::Exited { code: 0 });
    bench.sandbox.remove(&id).await.unwrap();
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_it_was_stopped_is_known_to_the_next_engine() {
    let Some(bench) = Bench::new().await else { return };
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
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_connections_keeps_nobody_out() {
    let Some(bench) = Bench::new().await else { return };
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
    assert_eq!(Bench::log(&spec), "flood\nend\n");
    bench.sandbox.remove(&id).await.unwrap();
    bench.done().await;
}
