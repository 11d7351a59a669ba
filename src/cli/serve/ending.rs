//! The end of an engine, which comes whatever hangs: an anchor on a disk that does not answer, or the store's own disk. What is not
//! written by then is as if the engine had been killed, which loses nothing.

use std::time::Duration;
use tokio::time::timeout;

/// How long last words may take.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long all of the end may take.
const ALL: Duration = Duration::from_secs(10);

/// Sees to it that the process ends with this code, soon.
pub(super) fn sure(code: i32) {
    let watch = move || {
        std::thread::sleep(ALL);
        tracing::error!("the end took more than {} s and is cut short", ALL.as_secs());
        std::process::exit(code);
    };
    if let Err(error) = std::thread::Builder::new().name("ending".to_owned()).spawn(watch) {
        tracing::warn!("nobody sees to it that the engine ends: {error}");
    }
}

/// Has the last words said, but does not wait for them for ever.
pub(super) async fn say(words: impl Future<Output = ()>) {
    if timeout(LAST_WORDS, words).await.is_err() {
        tracing::warn!("the last checkpoint was not made within {} s", LAST_WORDS.as_secs());
    }
}
