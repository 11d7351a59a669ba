//! Times at which nothing is started on live assets: every week, or once. In UTC, since a team has many clocks.

use crate::domain::{Day, Millis};
use serde::{Deserialize, Serialize};

const MINUTE: i64 = 60_000;
const WEEK: i64 = 7 * 24 * 60;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// One such time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freeze {
    /// From a minute of the week to another, counted from Monday 00:00.
    Weekly {
        /// The first.
        from: i64,
        /// The first that is free again.
        until: i64,
    },
    /// Once.
    Once {
        /// The first instant.
        from: Millis,
        /// The first that is free again.
        until: Millis,
    },
}

impl Freeze {
    /// Reads `fri 16:00 - mon 08:00`, or `2026-12-24 00:00 - 2027-01-02 08:00`.
    pub fn read(text: &str) -> Option<Self> {
        let (from, until) = text.split_once(" - ")?;
        if let (Some(from), Some(until)) = (of_week(from), of_week(until)) {
            return (from != until).then_some(Self::Weekly { from, until });
        }
        let (from, until) = (once(from)?, once(until)?);
        (from < until).then_some(Self::Once { from, until })
    }

    /// Whether an instant is in it.
    pub fn holds(&self, at: Millis) -> bool {
        match *self {
            Self::Once { from, until } => (from..until).contains(&at),
            Self::Weekly { from, until } => {
                // 1970-01-01 was a Thursday.
                let minute = (at.0.div_euclid(MINUTE) + 3 * 24 * 60).rem_euclid(WEEK);
                if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until }
            }
        }
    }
}

impl std::fmt::Display for Freeze {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clock = |minute: i64| {
            let day = usize::try_from(minute / (24 * 60)).ok().and_then(|day| DAYS.get(day)).unwrap_or(&"mon");
            format!("{day} {:02}:{:02}", minute / 60 % 24, minute % 60)
        };
        match *self {
            Self::Weekly { from, until } => write!(f, "{} - {} in UTC", clock(from), clock(until)),
            Self::Once { from, until } => write!(f, "{} - {}", from.rfc3339(), until.rfc3339()),
        }
    }
}

fn of_week(text: &str) -> Option<i64> {
    let (day, clock) = text.split_once(' ')?;
    let day = DAYS.iter().position(|name| *name == day)?;
    Some(i64::try_from(day).ok()? * 24 * 60 + of_day(clock)?)
}

fn of_day(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, most: i64| {
        let fine = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| fine && *number <= most)
    };
    Some(number(hours, 23)? * 60 + number(minutes, 59)?)
}

fn once(text: &str) -> Option<Millis> {
    let (date, clock) = text.split_once(' ')?;
    let date: jiff::civil::Date = date.parse().ok()?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    Some(Day::of(Millis(midnight)).begin().plus(of_day(clock)? * MINUTE))
}
