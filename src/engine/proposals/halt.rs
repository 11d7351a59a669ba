//! Ends what runs on an asset where a person wants it. That it is wanted is on record before the first word leaves, so the next engine
//! goes on with it. The word may leave more than once, since it starts nothing; how the command ended is told by its receipt alone, to
//! whoever looks after it.

use super::Proposals;
use super::carry::{LONGEST, PAUSE, order};
use crate::approval::machine::Event;
use crate::domain::{ExecutionOutcome, ProposalId, shortened};
use crate::engine::crash::Crashed;

/// Longest text of an asset that is kept.
const MOST: usize = 300;

impl Proposals {
    /// Tells the asset until it has answered, or there is nothing left to end. `Err` only when a crash point was hit.
    pub(super) async fn halt(&self, id: ProposalId) -> Result<(), Crashed> {
        let mut pause = PAUSE;
        loop {
            let Some(one) = self.load(id).await else { continue };
            if !one.is_to_stop() {
                return Ok(());
            }
            self.crash.at("execution.stop")?;
            let said = self.desk.fleet.stop(order(&one)).await;
            self.crash.at("execution.stopped")?;
            match said {
                Ok(outcome) => {
                    let words = words(&outcome);
                    self.step(id, "told", || Event::StopTold { words: words.clone() }).await?;
                    // Whoever waits before asking for its end again need not.
                    self.nudged.notify_waiters();
                }
                Err(why) => {
                    tracing::info!(proposal = %id, "cannot be told to stop yet: {why}");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST);
                }
            }
        }
    }
}

fn words(outcome: &ExecutionOutcome) -> String {
    match outcome {
        ExecutionOutcome::Ran { code } => format!("it is over and ended with {code}"),
        ExecutionOutcome::TimedOut => "it is over; its own time had ended it".to_owned(),
        ExecutionOutcome::NotRun { .. } => "it had not begun, and now it never will".to_owned(),
        ExecutionOutcome::StillRunning => {
            "it was told to end and runs on: the account that it was started by may not end it".to_owned()
        }
        ExecutionOutcome::Unknown { why } => format!("nobody knows: {}", shortened(why, MOST)),
    }
}
