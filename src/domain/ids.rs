//! Identifiers. Each is the row id of its table, printed with a letter so that people cannot mix them up.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: write it as `{letter}7` or `7`")]
pub struct BadId {
    text: String,
    what: &'static str,
    letter: char,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $letter:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let digits = text.strip_prefix($letter).unwrap_or(text);
                let bad = || BadId { text: text.chars().take(40).collect(), what: $what, letter: $letter };
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(bad());
                }
                digits.parse().map(Self).map_err(|_| bad())
            }
        }
    };
}

id!(/// A registered project, printed as `p3`.
    ProjectId, 'p', "a project id");
id!(/// A run, printed as `r12`.
    RunId, 'r', "a run id");
id!(/// One execution of a step, printed as `s40`.
    StepId, 's', "a step id");
id!(/// Something that was asked for beside the loop, printed as `t5`.
    TaskId, 't', "a task id");
id!(/// A test run that people want by a clock, printed as `c3`.
    ScheduleId, 'c', "a task of the clock");
id!(/// A question that waits for a person, printed as `q5`.
    QuestionId, 'q', "a question id");
id!(/// A proposal for a live asset, printed as `x4`.
    ProposalId, 'x', "a proposal id");
id!(/// A live system, printed as `a4`.
    AssetId, 'a', "an asset's id");
id!(/// Something that is wanted of a project, printed as `f3`.
    FeatureId, 'f', "a feature's id");
id!(/// What was taught about a project, printed as `l3`.
    LessonId, 'l', "a lesson's id");
id!(/// A directory of data, printed as `d3`.
    DatasetId, 'd', "a data set's id");
id!(/// A row of the bug table, printed as `b9`.
    BugId, 'b', "a bug id");
