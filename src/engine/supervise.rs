//! Keeps the engine's own loops at work: one that fails is begun again, ever later, and until it has gone well for a while people see
//! that it failed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};

/// How long the first pause is, and the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(5);
/// A loop that has run for so long since it failed is well again.
const WELL: Duration = Duration::from_hours(1);

/// Which loops have failed lately, in words.
#[derive(Debug, Default, Clone)]
pub struct Faults(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Faults {
    /// What people should know, if there is anything.
    pub fn words(&self) -> Option<String> {
        let faults = self.lock();
        (!faults.is_empty()).then(|| faults.values().cloned().collect::<Vec<_>>().join("; "))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a loop until it ends by itself. Dropped, it takes the loop with it.
pub async fn keep<F>(name: &'static str, faults: Faults, make: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut times = 0;
    loop {
        let mut task = JoinSet::new();
        task.spawn(make());
        let failed = loop {
            tokio::select! {
                ended = task.join_next() => match ended {
                    Some(Err(error)) if error.is_panic() => break error,
                    _ => return,
                },
                () = tokio::time::sleep(WELL), if times > 0 => {
                    times = 0;
                    faults.lock().remove(name);
                }
            }
        };
        times += 1;
        let (words, pause) = (words(failed), pause(times));
        tracing::error!(name, times, pause = pause.as_secs(), "failed, and is begun again: {words}");
        let said = format!("{name} failed ({times} in a row) and is begun again; the engine's log has more: {words}");
        faults.lock().insert(name, said);
        tokio::time::sleep(pause).await;
    }
}

/// How long to wait after so many failures in a row.
pub fn pause(times: u32) -> Duration {
    FIRST.saturating_mul(2_u32.saturating_pow(times.saturating_sub(1).min(16))).min(LONGEST)
}

/// Why a task failed.
pub fn words(error: JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
        }
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Goes on forever, but the first two times.
    async fn stumbles(times: Arc<AtomicU32>) {
        assert!(times.fetch_add(1, Ordering::Relaxed) >= 2, "no luck");
        std::future::pending::<()>().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_fails_is_begun_again_and_told() {
        let (times, faults) = (Arc::new(AtomicU32::new(0)), Faults::default());
        let begun = Arc::clone(&times);
        let kept = tokio::spawn(keep("the clock", faults.clone(), move || stumbles(Arc::clone(&begun))));
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(times.load(Ordering::Relaxed), 1);
        assert!(faults.words().unwrap().contains("the clock failed (1 in a row)"), "{faults:?}");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(times.load(Ordering::Relaxed), 3, "it goes on");
        let words = faults.words().unwrap();
        assert!(words.contains("(2 in a row)") && words.ends_with("no luck"), "{words}");
        tokio::time::sleep(WELL).await;
        assert_eq!(faults.words(), None, "it has gone well for a while");
        kept.abort();
    }

    #[tokio::test]
    async fn a_loop_that_ends_is_left_alone() {
        keep("nothing to do", Faults::default(), || async {}).await;
    }

    #[test]
    fn pauses_grow_up_to_minutes() {
        assert_eq!((pause(1), pause(3), pause(1000)), (FIRST, FIRST * 4, LONGEST));
    }
}
