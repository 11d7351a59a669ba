//! Runtimes other than Docker's usual one: each is tried before a step runs in it. The tests' Docker knows some that are not what
//! they are called (`tests/lib/engine.sh`).

use super::Bench;
use crate::contract::log;
use dogwatch::domain::StepEnd;
use dogwatch::sandbox::{Sandbox, SandboxError};
use std::time::Instant;

/// Whether the tests' Docker knows a runtime. One that was started by other hands may not.
async fn knows(bench: &Bench, name: &str) -> bool {
    let runtimes = bench.docker.info().await.unwrap().runtimes.unwrap_or_default();
    let knows = runtimes.contains_key(name);
    if !knows {
        eprintln!("skipped: this Docker knows no runtime {name}");
    }
    knows
}

async fn refused(bench: &Bench, name: &str) -> String {
    let sandbox = bench.with_runtime(name).await;
    let spec = bench.shell("true");
    let Err(error) = sandbox.create(&spec).await else { panic!("{name} was taken") };
    assert!(matches!(error, SandboxError::Refused { .. }), "{error}");
    // What failed is known for a while: nothing is tried anew for the next step.
    let begun = Instant::now();
    assert_eq!(sandbox.create(&spec).await.unwrap_err(), error);
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
    assert!(sandbox.labelled().await.unwrap().is_empty());
    error.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_works_is_taken_and_told_of_as_what_it_is() {
    let Some(bench) = Bench::new().await else { return };
    for name in ["copy", "crun"] {
        if !knows(&bench, name).await {
            continue;
        }
        let sandbox = bench.with_runtime(name).await;
        assert!(sandbox.words().await.unwrap().contains("not tried yet"));
        let spec = bench.shell("echo it runs; cat /proc/self/uid_map");
        let begun = Instant::now();
        let container = match sandbox.create(&spec).await {
            // So it is refused by some versions on machines with both versions of control groups.
            Err(error) if name == "crun" && error.to_string().contains("hybrid") => {
                eprintln!("skipped: {error}");
                continue;
            }
            container => container.unwrap(),
        };
        let tried = begun.elapsed();
        sandbox.start(&spec, &container).await.unwrap();
        let ended = sandbox.follow(&spec, &container, &|_| {}).await.unwrap();
        assert_eq!(ended.end, StepEnd::Exited { code: 0 });
        assert!(log(&spec).contains("it runs"));
        let seen = bench.docker.inspect_container(&container, None).await.unwrap();
        assert_eq!(seen.host_config.unwrap().runtime.as_deref(), Some(name));
        let words = sandbox.words().await.unwrap();
        assert!(words.contains(&format!("as root, {name},")) && words.ends_with("shared kernel"), "{words}");
        sandbox.remove(&container).await.unwrap();
        println!("{name}: tried and made in {tried:?}; {words}");
    }
    bench.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runtimes_that_lie_or_hide_the_gateway_or_are_not_there_are_refused() {
    let Some(bench) = Bench::new().await else { return };
    let error = refused(&bench, "nobody").await;
    assert!(error.contains("Docker knows no runtime nobody") && error.contains("[sandbox]"), "{error}");
    for (name, words) in [("runsc", "by its name programs in it have a kernel of its own"), ("deaf", "gateway: ")] {
        if knows(&bench, name).await {
            let error = refused(&bench, name).await;
            assert!(error.contains(words), "{error}");
        }
    }
    bench.done().await;
}
