//! Says something to the program by its standard input, and waits until its shim says what became of that; or tells it to end.

use super::listen::{Shared, blocking};
use super::{Cause, ChannelError};
use crate::shim::wire::{Fate, Frame, INPUT_SINCE};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// What the shim says of a piece of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// The piece's number.
    pub number: u64,
    /// When that was, in milliseconds since 1970.
    pub time_ms: i64,
    /// What became of it.
    pub fate: Fate,
}

/// A way to a program's standard input. It does not keep its channel open.
#[derive(Debug, Clone)]
pub struct Voice(Weak<Shared>);

/// Why nothing is known of a piece of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsaid {
    /// The shim is of a version that takes no input, so nothing was sent.
    Unable,
    /// The channel was closed.
    Closed,
}

impl Voice {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self(Arc::downgrade(shared))
    }

    /// Tells the shim to end the program (SIGTERM, and after `grace` SIGKILL), having noted on disk that this engine wants it
    /// so. Returns whether a shim was there to hear it; one that was not hears it from whoever follows it.
    pub async fn stop(&self, grace: Duration) -> Result<bool, ChannelError> {
        let shared = self.0.upgrade().ok_or(ChannelError::Closed)?;
        blocking(&shared, |shared| shared.intake.save_cause(Cause::Removed)).await?;
        let grace_ms = u32::try_from(grace.as_millis()).unwrap_or(u32::MAX);
        Ok(shared.order(Frame::Stop { grace_ms }).await)
    }

    /// Says it, and waits until it is known what became of it, for ever if need be. The same number is written once, however
    /// often this is asked and by however many engines, so asking again is the way to find out.
    pub async fn say(&self, number: u64, bytes: &[u8]) -> Result<Heard, Unsaid> {
        let shared = self.0.upgrade().ok_or(Unsaid::Closed)?;
        let (mut connected, mut heard) = (shared.connected.subscribe(), shared.heard.subscribe());
        drop(shared);
        loop {
            connected.wait_for(|connected| *connected).await.map_err(|_| Unsaid::Closed)?;
            let shared = self.0.upgrade().ok_or(Unsaid::Closed)?;
            if shared.live().version < INPUT_SINCE {
                return Err(Unsaid::Unable);
            }
            shared.order(Frame::Input { number, bytes: bytes.to_vec() }).await;
            drop(shared);
            loop {
                tokio::select! {
                    changed = heard.changed() => {
                        changed.map_err(|_| Unsaid::Closed)?;
                        let said = *heard.borrow_and_update();
                        if let Some(said) = said.filter(|said| said.number == number) {
                            return Ok(said);
                        }
                    }
                    // Whoever is there now may not have been told.
                    changed = connected.changed() => {
                        changed.map_err(|_| Unsaid::Closed)?;
                        break;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
