//! How soon a step in a new container hears the first byte of its gateway.

use super::Bench;
use crate::contract::log;
use dogwatch::config::{KeyScheme, ModelsAt};
use dogwatch::domain::{ModelApi, StepEnd};
use dogwatch::gateway::{Gateway, PORT, Ways};
use dogwatch::models::{NoMeter, Prices};
use dogwatch::sandbox::{Profile, StepSpec};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

#[tokio::test]
#[ignore = "figures: cargo test --release --test docker_sandbox way -- --ignored --nocapture"]
async fn how_soon_a_container_reaches_its_gateway() {
    let Some(bench) = Bench::new().await else { return };
    let script = format!(
        r"
import socket, time
begun = time.time_ns()
link = socket.create_connection(('127.0.0.1', {PORT}), 10)
link.sendall(b'HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
link.recv(1)
print('AT', begun, time.time_ns())
"
    );
    let provider = ModelsAt {
        api: ModelApi::Anthropic,
        url: "http://127.0.0.1:9".to_owned(),
        key: None,
        scheme: KeyScheme::Key,
        order: 1,
        names: BTreeMap::new(),
    };
    let all = BTreeMap::from([("anthropic".to_owned(), provider)]);
    let gateway = Gateway::new(&all, Prices::default(), Arc::new(NoMeter)).unwrap();
    let (mut first, mut own) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        let spec = bench.spec(&["python3", "-c", &script]);
        let dir = spec.dir.join("gateway");
        let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        gateway.open(spec.key.run, &Ways::to_models(ModelApi::Anthropic), &dir).unwrap();
        let spec = StepSpec { gateway: Some(dir), profile: Profile::Agent, ..spec };
        assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
        let said = log(&spec);
        let numbers = said.lines().find_map(|line| line.split_once("AT ")).unwrap().1;
        let (begun, heard) = numbers.trim().split_once(' ').unwrap();
        let number = |text: &str| text.trim().parse::<u128>().unwrap();
        first.push((number(heard) - before) / 1_000_000);
        own.push((number(heard) - number(begun)) / 1_000);
        gateway.close(spec.key.run);
    }
    first.sort_unstable();
    own.sort_unstable();
    let load = fs::read_to_string("/proc/loadavg").unwrap();
    println!(
        "from before the container is made to the gateway's first byte: {} ms median, {} to {} ms; of that from the program's first \
         line on {} us median; load {load}",
        first[7], first[0], first[14], own[7]
    );
}
