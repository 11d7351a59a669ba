//! What a backup is called: its instant in UTC, to the second, and the number of the last event in it, such as `20261130T191500Z-42`.
//! In the order of their names backups are in the order of their instants.

use crate::domain::Millis;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::fmt;
use std::str::FromStr;

/// The form of the instant.
const FORM: &str = "%Y%m%dT%H%M%SZ";
/// Its length.
const LENGTH: usize = 16;

/// A backup's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// When it was begun, in whole seconds.
    pub made: Millis,
    /// The last event in it.
    pub event: u64,
}

impl Name {
    /// Of an instant and an event.
    pub fn new(made: Millis, event: u64) -> Self {
        Self { made: Millis(made.0.div_euclid(1000) * 1000), event }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = Timestamp::from_millisecond(self.made.0).unwrap_or_default();
        write!(f, "{}-{}", instant.strftime(FORM), self.event)
    }
}

/// It is no name of a backup.
#[derive(Debug, thiserror::Error)]
#[error("it is no name of a backup, such as 20261130T191500Z-42")]
pub struct NoName;

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let (instant, event) = text.split_once('-').ok_or(NoName)?;
        if instant.len() != LENGTH {
            return Err(NoName);
        }
        let instant = DateTime::strptime(FORM, instant).map_err(|_| NoName)?;
        let instant = instant.to_zoned(TimeZone::UTC).map_err(|_| NoName)?.timestamp();
        let name = Self { made: Millis(instant.as_millisecond()), event: event.parse().map_err(|_| NoName)? };
        // One backup has one name.
        if name.to_string() == text { Ok(name) } else { Err(NoName) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_read_back_and_nothing_else_is_one() {
        let name = Name::new(Millis(1_796_066_100_999), 42);
        assert_eq!(name.to_string(), "20261130T191500Z-42");
        assert_eq!(name.to_string().parse::<Name>().unwrap(), name);
        for other in [
            "",
            "-",
            "20261130T191500Z",
            "20261130T191500Z-042",
            "20261130T191500Z-+4",
            "20261331T191500Z-4",
            "../20261130T1915-4",
            "20261130T191500Z-4/..",
        ] {
            assert!(other.parse::<Name>().is_err(), "{other}");
        }
    }
}
