//! How fast long streams are read.

use super::*;
use std::time::Instant;

/// Bytes of each stream.
const LENGTH: usize = 128 << 20;

#[test]
#[ignore = "a measurement: cargo test --release --lib agent::tests::throughput -- --ignored --nocapture"]
fn long_streams_are_read_fast() {
    for adapter in Adapter::ALL {
        let (out, _) = streams(adapter, "success");
        let stream = out.repeat(LENGTH / out.len());
        let mut reader = reader(adapter, Tokens::default());
        let mut events = 0_u64;
        let begin = Instant::now();
        for piece in stream.chunks(64 * 1024) {
            reader.take(Stream::Stdout, piece, &mut |_| events += 1);
        }
        let summary = reader.close(&StepEnd::Exited { code: 0 }, None, &mut drop);
        let seconds = begin.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a measurement")]
        let rate = stream.len() as f64 / 1e6 / seconds;
        println!("{}: {rate:.0} MB/s, {} lines, {events} events", adapter.name(), summary.counts.lines);
        assert!(rate > 50.0, "{adapter:?}: {rate:.0} MB/s");
    }
}
