//! What the way out costs.

use super::tunnels::{echo, hello};
use super::*;

fn percentile(times: &mut [u128], part: usize) -> u128 {
    times.sort_unstable();
    times[(times.len() * part / 100).min(times.len() - 1)]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
#[allow(clippy::print_stdout)]
async fn what_a_tunnel_costs() {
    const BYTES: usize = 256 << 20;
    let bench =
        Bench::new(&["mirror.example.com"], echo().await, EgressConfig { up_mib: 4096, ..EgressConfig::default() });
    let bench = bench.await;
    let port = bench.outside.server.port();
    let greeting = hello("mirror.example.com");
    let head = format!("CONNECT mirror.example.com:{port} HTTP/1.1\r\nHost: mirror.example.com:{port}\r\n\r\n");
    let open = || async {
        let mut stream = bench.connect().await;
        stream.write_all(&[head.as_bytes(), &greeting].concat()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(&greeting) {
            stream.read_buf(&mut answer).await.unwrap();
        }
        stream
    };
    let (mut opened, mut direct) = (Vec::new(), Vec::new());
    for _ in 0..1000 {
        let begun = Instant::now();
        drop(open().await);
        opened.push(begun.elapsed().as_micros());
        let begun = Instant::now();
        let mut stream = TcpStream::connect(bench.outside.server).await.unwrap();
        stream.write_all(&greeting).await.unwrap();
        stream.read_exact(&mut vec![0; greeting.len()]).await.unwrap();
        direct.push(begun.elapsed().as_micros());
    }
    println!(
        "a tunnel opened and its greeting echoed: p50 {} us, p99 {} us; without the proxy: p50 {} us, p99 {} us",
        percentile(&mut opened, 50),
        percentile(&mut opened, 99),
        percentile(&mut direct, 50),
        percentile(&mut direct, 99)
    );
    let (mut from, mut to) = open().await.into_split();
    let begun = Instant::now();
    let piece = vec![0; 1 << 16];
    let sent = tokio::spawn(async move {
        for _ in 0..BYTES >> 16 {
            to.write_all(&piece).await.unwrap();
        }
        to.shutdown().await.unwrap();
    });
    let mut piece = vec![0; 1 << 16];
    while from.read(&mut piece).await.unwrap() > 0 {}
    sent.await.unwrap();
    let rate = f64::from(u32::try_from(BYTES >> 20).unwrap()) / begun.elapsed().as_secs_f64();
    println!("{rate:.0} MiB a second through a tunnel, there and back");
}
