//! Test runs that people ask for: at once, at an instant, or again and again by a clock. No agent works in them.

use super::{Actor, Millis, ProjectId, RunId, ScheduleId};
use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions};
use serde::{Deserialize, Serialize};

/// Most times that are counted as missed; more are told as so many.
pub const MOST_MISSED: u32 = 1_000;
/// A start that is later than this, in milliseconds, is told as late.
pub const LATE: i64 = 90_000;

/// When it is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Timing {
    /// Once.
    Once {
        /// When.
        at: Millis,
    },
    /// Again and again.
    Cron {
        /// Five fields as cron has them, and a zone of the IANA database where it is not UTC.
        expression: String,
    },
}

/// A clock that cannot be read, or that never comes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{expression}` is no time that comes again: {reason}; write minute, hour, day of month, month and day of week, such as `0 3 * * *`, \
     and a zone such as Europe/Vienna where you do not mean UTC"
)]
pub struct BadTiming {
    expression: String,
    reason: String,
}

impl Timing {
    /// Checks it.
    pub fn check(&self, now: Millis) -> Result<(), BadTiming> {
        let Self::Cron { expression } = self else { return Ok(()) };
        let bad = |reason: &str| BadTiming {
            expression: expression.chars().take(80).collect(),
            // What the parser points at spans lines.
            reason: reason.lines().last().unwrap_or_default().trim_matches(['^', ' ']).to_owned(),
        };
        if expression.len() > 200 {
            return Err(bad("it is longer than 200 bytes"));
        }
        let clock = clock(expression).map_err(|error| bad(&error))?;
        following(&clock, now).map(drop).ok_or_else(|| bad("no such instant comes within the next years"))
    }

    /// The first time after an instant, where there is one.
    pub fn after(&self, instant: Millis) -> Option<Millis> {
        match self {
            Self::Once { at } => Some(*at).filter(|at| *at > instant),
            Self::Cron { expression } => following(&clock(expression).ok()?, instant),
        }
    }
}

/// UTC where no zone is named, as the days of budgets are.
fn clock(expression: &str) -> Result<Crontab, String> {
    let mut options = ParseOptions::default();
    options.fallback_timezone_option = FallbackTimezoneOption::UTC;
    cronexpr::parse_crontab_with(expression, options).map_err(|error| error.to_string())
}

fn following(clock: &Crontab, instant: Millis) -> Option<Millis> {
    let instant = MakeTimestamp::from_millisecond(instant.0).ok()?;
    Some(Millis(clock.find_next(instant).ok()?.timestamp().as_millisecond()))
}

/// A test run that people want, once or again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// The project that is tested.
    pub project: ProjectId,
    /// The suites that run; all of the project's where none is named.
    pub suites: Vec<String>,
    /// What is tested; the source's HEAD at that moment where it is not said.
    pub revision: Option<String>,
    /// When.
    pub timing: Timing,
    /// Who asked.
    pub by: Actor,
    /// When that was.
    pub added: Millis,
    /// It does not run until somebody lets it.
    pub paused: bool,
    /// When it is due; `None` where it will not run again as things stand.
    pub next: Option<Millis>,
}

/// That one is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Since when.
    pub since: Millis,
    /// Further times that came by meanwhile. They get no run of their own.
    pub missed: u32,
    /// When it is due again.
    pub next: Option<Millis>,
}

impl Schedule {
    /// Whether it is due, what came by meanwhile, and what comes next.
    pub fn due(&self, now: Millis) -> Option<Due> {
        let since = self.next.filter(|next| *next <= now && !self.paused)?;
        let (mut missed, mut last) = (0, since);
        while missed < MOST_MISSED
            && let Some(next) = self.timing.after(last).filter(|next| *next <= now)
        {
            (missed, last) = (missed + 1, next);
        }
        Some(Due { since, missed, next: self.timing.after(now) })
    }

    /// Whether its next time may be too late: a clock that was ahead and was set back leaves it far away.
    pub fn could_be_sooner(&self, now: Millis) -> bool {
        matches!(self.timing, Timing::Cron { .. }) && !self.paused && self.next.is_some_and(|next| next > now)
    }

    /// The next time by its clock, where that is sooner than what is known; never one that it has had already.
    pub fn sooner(&self, now: Millis, last: Option<Millis>) -> Option<Millis> {
        let next = self.next.filter(|_| self.could_be_sooner(now))?;
        self.timing.after(last.map_or(now, |last| last.max(now))).filter(|other| *other < next)
    }
}

/// One time that it was due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// When it was due.
    pub due: Millis,
    /// When it was its turn.
    pub at: Millis,
    /// Further times that had come by until then.
    pub missed: u32,
    /// The run that was started.
    pub run: Option<RunId>,
    /// Why none was.
    pub fault: Option<String>,
}

impl Firing {
    /// That it came late or stands for several, in words, for what was registered at that time; `None` where there is nothing to say.
    pub fn lateness(&self, added: Millis) -> Option<String> {
        let late = self.at.since(self.due) > LATE;
        let so_many = if self.missed >= MOST_MISSED { "or more " } else { "" };
        match self.missed {
            0 if !late => None,
            0 if added.since(self.due) > 0 => Some("late: it was registered after that time".to_owned()),
            0 => Some("late: the engine did not run at that time".to_owned()),
            missed => Some(format!("once for {} {so_many}times that were missed", missed + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn at(text: &str) -> Millis {
        Millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn schedule(timing: Timing, next: Option<Millis>) -> Schedule {
        let (id, project, by) = (ScheduleId(1), ProjectId(1), Actor::Engine);
        Schedule { id, project, suites: Vec::new(), revision: None, timing, by, added: Millis(0), paused: false, next }
    }

    fn cron(expression: &str) -> Timing {
        Timing::Cron { expression: expression.to_owned() }
    }

    #[test]
    fn a_clock_is_read_in_utc_or_in_the_zone_that_it_names() {
        let now = at("2026-07-01T12:00:00Z");
        assert_eq!(cron("0 3 * * *").after(now), Some(at("2026-07-02T03:00:00Z")));
        assert_eq!(cron("0 3 * * * Europe/Vienna").after(now), Some(at("2026-07-02T01:00:00Z")));
        assert_eq!(cron("*/15 * * * *").after(now), Some(at("2026-07-01T12:15:00Z")), "never the instant itself");
        // Where clocks are set forward there is no half past two; where they are set back there are two of them.
        let spring = cron("30 2 * * * Europe/Vienna").after(at("2026-03-28T20:00:00Z")).unwrap();
        assert!(spring >= at("2026-03-29T00:30:00Z") && spring <= at("2026-03-30T01:00:00Z"), "{spring:?}");
    }

    #[test]
    fn what_never_comes_or_is_no_clock_is_refused_in_words() {
        let now = at("2026-07-01T12:00:00Z");
        for wrong in
            ["", "0 3 * *", "99 3 * * *", "0 3 * * * Mars/Olympus", "0 3 31 2 *", "every night", &"* ".repeat(200)]
        {
            let error = cron(wrong).check(now).unwrap_err().to_string();
            assert!(error.contains("is no time that comes again") && !error.contains('\n'), "{error}");
        }
        assert_eq!(cron("0 3 * * MON-FRI").check(now), Ok(()));
    }

    #[test]
    fn what_is_due_runs_once_however_often_it_was_missed() {
        let now = at("2026-07-01T12:00:30Z");
        let hourly = |next: Millis| schedule(cron("0 * * * *"), Some(next));
        let noon = at("2026-07-01T12:00:00Z");
        let next = Some(noon.plus(HOUR));
        assert_eq!(hourly(noon).due(now), Some(Due { since: noon, missed: 0, next }));
        assert_eq!(hourly(noon.plus(-5 * HOUR)).due(now), Some(Due { since: noon.plus(-5 * HOUR), missed: 5, next }));
        assert_eq!(hourly(noon.plus(HOUR)).due(now), None);
        let due = hourly(noon.plus(-5_000 * HOUR)).due(now).unwrap();
        assert_eq!((due.missed, due.next), (MOST_MISSED, next), "counting ends, the next one does not");
        assert_eq!(Schedule { paused: true, ..hourly(noon) }.due(now), None);
    }

    #[test]
    fn a_clock_that_was_a_year_ahead_for_a_moment_leaves_no_year_without_runs() {
        let now = at("2026-07-01T12:00:30Z");
        let three = at("2026-07-02T03:00:00Z");
        let nightly = |next: &str| schedule(cron("0 3 * * *"), Some(at(next)));
        let far = nightly("2027-07-02T03:00:00Z");
        assert_eq!(far.sooner(now, None), Some(three));
        // What the clock ahead took for its time has had its run.
        assert_eq!(far.sooner(now, Some(three)), Some(three.plus(24 * HOUR)));
        assert_eq!(nightly("2026-07-02T03:00:00Z").sooner(now, None), None, "nothing is wrong");
        // Set back by minutes right after a run: it does not come twice.
        let back = at("2026-07-02T02:58:00Z");
        assert_eq!(nightly("2026-07-03T03:00:00Z").sooner(back, Some(three)), None);
        assert_eq!(Schedule { paused: true, ..far.clone() }.sooner(now, None), None);
        assert_eq!(Schedule { timing: Timing::Once { at: three.plus(HOUR) }, ..far }.sooner(now, None), None);
    }

    #[test]
    fn what_is_wanted_once_is_due_once() {
        let once = Timing::Once { at: Millis(1_000) };
        assert_eq!((once.after(Millis(999)), once.after(Millis(1_000))), (Some(Millis(1_000)), None));
        let due = schedule(once, Some(Millis(1_000))).due(Millis(9 * HOUR));
        assert_eq!(due, Some(Due { since: Millis(1_000), missed: 0, next: None }));
    }

    #[test]
    fn what_came_late_says_so() {
        let firing = |at, missed| Firing { due: Millis(0), at: Millis(at), missed, run: Some(RunId(1)), fault: None };
        assert_eq!(firing(5_000, 0).lateness(Millis(0)), None);
        assert!(firing(5 * HOUR, 0).lateness(Millis(0)).unwrap().starts_with("late"));
        let after = firing(5 * HOUR, 0).lateness(Millis(HOUR));
        assert_eq!(after.as_deref(), Some("late: it was registered after that time"));
        assert_eq!(firing(5 * HOUR, 4).lateness(Millis(0)).unwrap(), "once for 5 times that were missed");
    }
}
