//! Whether the container engine answers, without making a client wait for one that does not: one question is on its way at
//! a time, and whoever asks meanwhile is told how long it has been.

use crate::sandbox::SandboxError;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// How long a client waits for the answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is known of the container engine.
#[derive(Debug)]
pub struct Health {
    state: watch::Sender<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Since when an answer is awaited.
    asked: Option<Instant>,
    /// Why the last question was not answered, if it was not.
    fault: Option<String>,
    /// What the last answer told of it.
    words: Option<String>,
}

impl Health {
    /// Nothing was asked yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { state: watch::Sender::default() })
    }

    /// What the container engine is, in words, and why no step could work now, if that is so; `question` is put if none is on
    /// its way. Returns within a second or so.
    pub async fn look<Q>(self: &Arc<Self>, question: Q) -> (Option<String>, Option<String>)
    where
        Q: Future<Output = Result<String, SandboxError>> + Send + 'static,
    {
        let begins = self.state.send_if_modified(|state| {
            let begins = state.asked.is_none();
            state.asked.get_or_insert_with(Instant::now);
            begins
        });
        if begins {
            let health = Arc::clone(self);
            tokio::spawn(async move {
                let (words, fault) = match question.await {
                    Ok(words) => (Some(words), None),
                    Err(error) => (None, Some(error.to_string())),
                };
                health.state.send_replace(State { asked: None, fault, words });
            });
        }
        let mut state = self.state.subscribe();
        // Too late is no fault of the question: then what is known by now is told.
        drop(timeout(PATIENCE, state.wait_for(|state| state.asked.is_none())).await);
        let state = self.state.borrow();
        match (state.asked, &state.fault) {
            (_, Some(fault)) => (None, Some(fault.clone())),
            (Some(since), None) => {
                let fault = format!("the container engine has not answered for {:.1} s", since.elapsed().as_secs_f64());
                (None, Some(fault))
            }
            (None, None) => (state.words.clone(), None),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Health, SandboxError};

    fn silent() -> Result<String, SandboxError> {
        Err(SandboxError::Unreachable("silent".to_owned()))
    }

    fn well() -> String {
        "docker 1".to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_container_engine_makes_nobody_wait() {
        let health = Health::new();
        assert_eq!(health.look(async { Ok(well()) }).await, (Some("docker 1".to_owned()), None));
        let (say, heard) = tokio::sync::oneshot::channel();
        let begun = tokio::time::Instant::now();
        let words = health.look(async move { heard.await.unwrap() }).await.1.unwrap();
        assert_eq!(words, "the container engine has not answered for 1.0 s");
        // The question on its way is waited for, no other one is put.
        let words = health.look(async { Ok(well()) }).await.1.unwrap();
        assert!(words.ends_with("for 2.0 s") && begun.elapsed().as_secs() == 2, "{words}");
        say.send(silent()).unwrap();
        assert!(health.look(async { silent() }).await.1.unwrap().ends_with("silent"));
        assert_eq!(health.look(async { Ok(well()) }).await, (Some("docker 1".to_owned()), None));
    }
}
