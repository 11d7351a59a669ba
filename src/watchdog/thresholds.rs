//! When the watchdog warns and when it pauses. `[watchdog]` of `config.toml` sets them; the usual ones were measured on ten
//! thousand runs that converge (`tests/watchdog`).

use serde::{Deserialize, Serialize};

/// Numbers of rounds, counted as each rule counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// R1 warns after so many rounds with the same failures.
    pub same_warn: u32,
    /// R1 pauses.
    pub same_pause: u32,
    /// R2 pauses after so many rounds in which one problem stays and the rest changes.
    pub root_pause: u32,
    /// R3 pauses after so many whole cycles.
    pub cycles: u32,
    /// R4 pauses after so many rounds in a row that changed nothing.
    pub idle_pause: u32,
    /// And after so many if the agent says each time that it is done.
    pub idle_claimed: u32,
    /// So many rounds that change the plan alone are taken for work, between two gains.
    pub plans: u32,
    /// R6 warns after so many rounds without a gain.
    pub plateau_warn: u32,
    /// R6 pauses.
    pub plateau_pause: u32,
    /// R7 offers to roll back after so many rounds that are worse than the best.
    pub worse_offer: u32,
    /// R8 lets so many rounds after a redirect go on, whatever they show.
    pub grace: u32,
    /// And pauses when what the redirect was about was seen so often after them.
    pub returns: u32,
    /// So many failures in an instant, one after the other, are no accident.
    pub instant: u32,
    /// A run that has gained so often is given one more round by R1 and R4.
    pub earned: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            same_warn: 3,
            same_pause: 5,
            root_pause: 5,
            cycles: 2,
            idle_pause: 4,
            idle_claimed: 3,
            plans: 4,
            plateau_warn: 5,
            plateau_pause: 8,
            worse_offer: 4,
            grace: 2,
            returns: 2,
            instant: 3,
            earned: 5,
        }
    }
}
