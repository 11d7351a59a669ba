//! The Insanity Rule: who does the same thing over and over may not expect different results. This room reads the history of
//! a run, one round after the other, and says whether it moves, and if not, by which rule and on what evidence.
//!
//! It is a pure fold: the same history gives the same verdicts, so nothing of it has to be stored to survive a restart.
//! A round that verified nothing is neutral: it neither counts nor resets. Progress is a strict gain over the best that the
//! run ever reached, never over the round before; otherwise breaking and repairing would look like work.

mod class;
mod debug;
mod event;
mod facts;
mod fold;
mod frontier;
mod made_up;
mod marks;
mod names;
mod noise;
mod read;
mod rules;
mod state;
#[cfg(test)]
mod tests;
mod thresholds;
mod verdict;
mod words;

pub use class::How;
pub use debug::debug;
pub use event::{ErrorLine, Event, Round, Stage};
pub use fold::Watchdog;
pub use noise::known_line;
pub use read::{HistoryError, LONGEST_LINE, event};
pub use thresholds::Thresholds;
pub use verdict::{Level, Rule, Verdict};
