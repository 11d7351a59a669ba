//! How much of a budget is left for requests that go on at the same time. What a request may take is held while it is under
//! way, so that many at once cannot spend the same rest.

use crate::domain::Tokens;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Caps of one turn. `None` is no cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TurnCaps {
    /// Tokens of every kind.
    pub tokens: Option<u64>,
    /// Millionths of a dollar.
    pub microusd: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    tokens: u64,
    microusd: u64,
}

impl Sums {
    fn reach(self, left: TurnCaps) -> bool {
        left.tokens.is_some_and(|cap| self.tokens >= cap) || left.microusd.is_some_and(|cap| self.microusd >= cap)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            microusd: self.microusd.saturating_add(other.microusd),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(other.tokens),
            microusd: self.microusd.saturating_sub(other.microusd),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    used: Sums,
    held: Sums,
}

/// What is left for one turn.
#[derive(Debug)]
pub struct Room {
    left: TurnCaps,
    state: Mutex<State>,
    settled: Notify,
}

/// The cap is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedUp;

impl Room {
    /// With these caps.
    pub fn new(left: TurnCaps) -> Arc<Self> {
        Arc::new(Self { left, state: Mutex::default(), settled: Notify::new() })
    }

    /// The caps.
    pub fn caps(&self) -> TurnCaps {
        self.left
    }

    /// Waits until a request that may take this much can begin: at once where what is used and held leaves anything, after
    /// others where only they stand in its way. So the cap is passed by one request at most.
    pub async fn hold(self: &Arc<Self>, tokens: Tokens, microusd: u64) -> Result<Held, UsedUp> {
        let wanted = Sums { tokens: tokens.all(), microusd };
        loop {
            // Listened for before looking, or the last one could end in between.
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            {
                let mut state = self.state();
                if state.used.reach(self.left) {
                    return Err(UsedUp);
                }
                if !state.used.plus(state.held).reach(self.left) {
                    state.held = state.held.plus(wanted);
                    return Ok(Held { room: Arc::clone(self), likely: wanted, took: Sums::default() });
                }
            }
            settled.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change under this lock is a few additions, so a panic cannot leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one request holds. Dropping it gives back what it did not take.
#[derive(Debug)]
pub struct Held {
    room: Arc<Room>,
    likely: Sums,
    took: Sums,
}

impl Held {
    /// Says what it took.
    pub fn took(&mut self, tokens: Tokens, microusd: u64) {
        self.took = Sums { tokens: tokens.all(), microusd };
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.room.state();
        state.held = state.held.minus(self.likely);
        state.used = state.used.plus(self.took);
        drop(state);
        self.room.settled.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn tokens(output: u64) -> Tokens {
        Tokens { output, ..Tokens::default() }
    }

    #[tokio::test]
    async fn many_at_once_pass_a_cap_by_one_request_at_most() {
        let room = Room::new(TurnCaps { tokens: Some(100), microusd: None });
        let mut first = room.hold(tokens(90), 0).await.unwrap();
        let second = room.hold(tokens(90), 0).await.unwrap();
        // All that is left is held, so a third waits for what the others really take.
        let third = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.hold(tokens(90), 0).await }
        });
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert!(!third.is_finished());
        first.took(tokens(30), 0);
        drop(first);
        drop(second);
        let mut third = third.await.unwrap().unwrap();
        third.took(tokens(75), 0);
        drop(third);
        assert_eq!(room.hold(tokens(1), 0).await.map(drop), Err(UsedUp));
        assert_eq!(
            Room::new(TurnCaps { tokens: Some(0), microusd: None }).hold(tokens(1), 0).await.map(drop),
            Err(UsedUp)
        );
    }

    proptest! {
        #[test]
        fn no_more_than_one_request_beyond_the_cap(cap in 1..500u64, sizes in prop::collection::vec((1..200u64, 0..200u64), 1..40)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (used, greatest) = runtime.block_on(async {
                let room = Room::new(TurnCaps { tokens: None, microusd: Some(cap) });
                let mut under_way: Vec<(Held, u64)> = Vec::new();
                let mut used = 0;
                for (likely, real) in &sizes {
                    // A real use is never beyond what was reckoned with, as the bound of the output sees to it.
                    let real = (*real).min(*likely);
                    let hold = room.hold(tokens(0), *likely);
                    tokio::pin!(hold);
                    let held = loop {
                        match futures_util::poll!(&mut hold) {
                            std::task::Poll::Ready(held) => break held,
                            std::task::Poll::Pending => {
                                let (mut held, real) = under_way.pop().unwrap();
                                held.took(tokens(0), real);
                                used += real;
                            }
                        }
                    };
                    match held {
                        Ok(held) => under_way.push((held, real)),
                        Err(UsedUp) => break,
                    }
                }
                for (mut held, real) in under_way {
                    held.took(tokens(0), real);
                    used += real;
                }
                (used, sizes.iter().map(|(likely, _)| *likely).max().unwrap_or(0))
            });
            prop_assert!(used < cap + greatest, "{used} of {cap}, requests of up to {greatest}");
        }
    }
}
