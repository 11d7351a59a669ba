//! What a check of the log can find. Five verdicts, each with an exit code of its own.

use std::fmt;

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every record holds and the last one is the anchored head. Exit code 0.
    Anchored {
        /// How many records.
        events: u64,
    },
    /// Every record holds, but not all of them are covered by an anchor. Exit code 10.
    NotAnchored {
        /// How many records.
        events: u64,
        /// The record at which the anchor was found lost and began anew: those before it are not covered. 0 when it never
        /// was.
        before: u64,
        /// The last anchored record: those after it are not covered. 0 when there is no anchor at all.
        since: u64,
        /// Why, in words.
        reason: String,
    },
    /// The log ends before the anchored head. Exit code 11.
    Truncated {
        /// How many records are left.
        events: u64,
        /// The anchored record that is missing.
        head: u64,
    },
    /// A record does not hold. Exit code 12.
    Broken {
        /// Its number.
        at: u64,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// Every record holds, but the anchored one is another: the chain was made anew. Exit code 13.
    Rewritten {
        /// The anchored record that differs.
        at: u64,
    },
}

impl Verdict {
    /// How many records there are, where all of them hold.
    pub fn events(&self) -> Option<u64> {
        match self {
            Self::Anchored { events } | Self::NotAnchored { events, .. } | Self::Truncated { events, .. } => {
                Some(*events)
            }
            Self::Broken { .. } | Self::Rewritten { .. } => None,
        }
    }

    /// The exit code of `dogwatch audit verify`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Anchored { .. } => 0,
            Self::NotAnchored { .. } => 10,
            Self::Truncated { .. } => 11,
            Self::Broken { .. } => 12,
            Self::Rewritten { .. } => 13,
        }
    }

    /// The verdict's name, for scripts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Anchored { .. } => "intact",
            Self::NotAnchored { .. } => "not_anchored",
            Self::Truncated { .. } => "truncated",
            Self::Broken { .. } => "broken",
            Self::Rewritten { .. } => "rewritten",
        }
    }

    /// Whether nothing speaks against the log: intact, anchored to its end or not.
    pub fn is_intact(&self) -> bool {
        matches!(self, Self::Anchored { .. } | Self::NotAnchored { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchored { events } => write!(f, "intact and anchored: {events} events"),
            Self::NotAnchored { events, before, since, reason } => {
                write!(f, "intact, not anchored ")?;
                if *before > 0 {
                    write!(f, "before event {before}")?;
                }
                if *before > 0 && since < events {
                    write!(f, " and ")?;
                }
                if since < events || *before == 0 {
                    write!(f, "since event {since}")?;
                }
                write!(f, ": {events} events; {reason}")
            }
            Self::Truncated { events, head } => {
                write!(f, "truncated: the log ends at event {events}, but event {head} was anchored")
            }
            Self::Broken { at, reason } => write!(f, "broken at event {at}: {reason}"),
            Self::Rewritten { at } => write!(f, "rewritten: event {at} is not the one that was anchored"),
        }
    }
}
