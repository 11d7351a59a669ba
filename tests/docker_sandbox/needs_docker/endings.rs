//! Endings that operators make hard to tell.

use super::Bench;
use crate::contract::{log, until};
use bollard::query_parameters::StopContainerOptionsBuilder;
use dogwatch::domain::StepEnd;
use dogwatch::sandbox::Sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ends_well_when_somebody_stops_it_is_lost_all_the_same() {
    let Some(bench) = Bench::new().await else { return };
    let spec = bench.shell("trap 'exit 0' TERM; echo up; for i in $(seq 600); do sleep 0.1; done; exit 1");
    let id = bench.begin(&spec).await;
    let behind = async {
        until(|| async { log(&spec).contains("up") }).await;
        let options = StopContainerOptionsBuilder::default().t(10).build();
        bench.docker.stop_container(&id, Some(options)).await.unwrap();
    };
    let (ended, ()) = tokio::join!(bench.sandbox.follow(&spec, &id, &|_| {}), behind);
    let ended = ended.unwrap();
    assert!(matches!(ended.end, StepEnd::Lost { explained: false, .. }), "{ended:?}");
    bench.sandbox.remove(&id).await.unwrap();
    bench.done().await;
}
