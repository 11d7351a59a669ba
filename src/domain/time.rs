//! Wall-clock instants as they are stored.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z. Order between events comes from sequence numbers, never from this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// This instant moved by a number of milliseconds, saturating.
    pub fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to this instant; never negative, since clocks may be set back.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }

    /// RFC 3339 in UTC with whole seconds, or the bare number when it is outside the calendar.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| self.0.to_string(), |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }
}

/// Milliseconds of a day in UTC.
const DAY: i64 = 86_400_000;

/// A day in UTC, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i64);

impl Day {
    /// The day that an instant falls into.
    pub fn of(instant: Millis) -> Self {
        Self(instant.0.div_euclid(DAY))
    }

    /// Its first instant.
    pub fn begin(self) -> Millis {
        Millis(self.0.saturating_mul(DAY))
    }

    /// The day after it.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.begin().rfc3339().split('T').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_turn_at_midnight_in_utc() {
        let eve = Day(20_417);
        assert_eq!(eve.to_string(), "2025-11-25");
        assert_eq!(Day::of(eve.next().begin()), eve.next());
        assert_eq!(Day::of(eve.next().begin().plus(-1)), eve);
        assert_eq!(Day::of(Millis(-1)), Day(-1));
    }
}
