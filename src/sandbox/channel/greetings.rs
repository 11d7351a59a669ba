//! Connections that have not proved anything yet. Few at a time: whoever connects must not eat up the engine's memory.

use super::Secret;
use super::greet::{Greeted, greet};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::timeout;

/// How many connections may be in their greeting; the oldest makes room for the next, so that nobody can lock the shim out.
const MAX_GREETINGS: usize = 16;
/// How many tasks there may be, those that were just ended included.
const MAX_TASKS: usize = 2 * MAX_GREETINGS;
/// How long a greeting may take.
const GREETING: Duration = Duration::from_secs(5);

/// The greetings under way.
#[derive(Default)]
pub(super) struct Greetings {
    tasks: JoinSet<Greeted>,
    order: VecDeque<(AbortHandle, Option<i32>)>,
}

/// A connection that had to make room.
pub(super) struct CrowdedOut {
    /// Who was behind it, where that is known.
    pub process: Option<i32>,
}

impl Greetings {
    /// Whether another connection may be accepted.
    pub fn has_room(&self) -> bool {
        self.tasks.len() < MAX_TASKS
    }

    /// Begins another. Returns the one that had to make room, if one had to.
    pub fn begin(&mut self, stream: UnixStream, secret: &Secret, process: Option<i32>) -> Option<CrowdedOut> {
        self.order.retain(|(handle, _)| !handle.is_finished());
        let mut crowded_out = None;
        if self.order.len() >= MAX_GREETINGS
            && let Some((handle, process)) = self.order.pop_front()
        {
            handle.abort();
            crowded_out = Some(CrowdedOut { process });
        }
        let secret = secret.clone();
        let handle = self.tasks.spawn(async move {
            timeout(GREETING, greet(stream, &secret, process)).await.unwrap_or(Greeted::Gone(process))
        });
        self.order.push_back((handle, process));
        crowded_out
    }

    /// The next result; `None` when nothing is under way.
    pub async fn next(&mut self) -> Option<Result<Greeted, JoinError>> {
        self.tasks.join_next().await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn there_are_never_many() {
        let mut greetings = Greetings::default();
        let secret = Secret::derive(&[1; 32], "x");
        let mut held = Vec::new();
        let mut crowded_out = 0;
        // Fewer than the files that a process usually may have, other tests' included.
        for number in 0..200 {
            while !greetings.has_room() {
                // Those that were crowded out; the rest of them never says a word.
                assert!(greetings.next().await.unwrap().is_err());
            }
            let (ours, theirs) = UnixStream::pair().unwrap();
            held.push(theirs);
            crowded_out += usize::from(greetings.begin(ours, &secret, Some(number)).is_some());
            assert!(greetings.tasks.len() <= MAX_TASKS && greetings.order.len() <= MAX_GREETINGS);
        }
        assert_eq!(crowded_out, 200 - MAX_GREETINGS);
    }
}
