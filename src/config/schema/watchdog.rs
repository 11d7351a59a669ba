//! The keys of `[watchdog]` of `config.toml`.

use super::{Table, key};

const ROUNDS: &str = "a whole number";

/// `[watchdog]`.
pub const WATCHDOG: Table = Table {
    header: "[watchdog]",
    about: "When a run that does not move is warned and paused: numbers of iterations, at most 60. Iterations that verified nothing (an outage, a limit of the account, a lost container) are not counted. A gain over the best that the run ever reached begins all counting anew. `dogwatch debug watchdog` tries them on a history.",
    keys: &[
        key("same-warn", ROUNDS, "3", "R1: the next prompt is told when the same tests failed so often."),
        key("same-pause", ROUNDS, "5", "R1: the run waits for a person."),
        key("root-pause", ROUNDS, "5", "R2: one problem stayed for so long while others came and went."),
        key("cycles", ROUNDS, "2", "R3: so many whole turns of a circle of two to four states."),
        key("idle-pause", ROUNDS, "4", "R4: so many iterations in a row changed neither the tree nor the plan."),
        key("idle-claimed", ROUNDS, "3", "R4: the same where the agent says each time that it is done."),
        key(
            "plans",
            ROUNDS,
            "4",
            "R4: so many iterations that change the plan alone count as work, between two gains.",
        ),
        key("plateau-warn", ROUNDS, "5", "R6: the next prompt is told when nothing was gained for so long."),
        key("plateau-pause", ROUNDS, "8", "R6: the run waits for a person. No other threshold may be larger."),
        key("worse-offer", ROUNDS, "4", "R7: a rollback is offered when so many in a row are worse than the best."),
        key("grace", ROUNDS, "2", "R8: after new guidance so many go on, whatever they show."),
        key("returns", ROUNDS, "2", "R8: what the guidance was about may come back so often after them."),
        key(
            "instant",
            ROUNDS,
            "3",
            "So many turns in a row that fail within 5 seconds, without a token, are for a person.",
        ),
        key(
            "change",
            "\"fresh-session\", \"agent:NAME\" or \"model:NAME\"",
            "\"fresh-session\"",
            "What the first warning of a run changes for its next turn, once: the agent begins a conversation anew (it does so after every warning), another agent works, or the agent asks another model. What the run's role may not use is left as it was.",
        ),
        key("earned", ROUNDS, "5", "A run that has gained so often has one iteration more before R1 and R4 pause it."),
    ],
};
