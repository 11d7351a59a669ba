//! Test runs that people want by a clock, for screens and the command line.

use crate::domain::{Millis, RunState, Schedule, Timing};
use crate::protocol::{FiringView, ScheduleDetail, ScheduleView};
use crate::safe;
use crate::text::{Colour, SafeText, Style};
use crate::words;

/// What is tested.
pub fn what(schedule: &Schedule) -> SafeText {
    let suites = match schedule.suites.as_slice() {
        [] => safe!("all suites"),
        [one] => safe!("suite {}", one),
        more => safe!("suites {}", more.join(", ")),
    };
    match &schedule.revision {
        Some(revision) => safe!("{} at {}", suites, revision),
        None => suites,
    }
}

/// When.
pub fn timing(schedule: &Schedule) -> SafeText {
    match &schedule.timing {
        Timing::Once { at } => safe!("once, at {}", at),
        Timing::Cron { expression } => safe!("{}", expression),
    }
}

/// When it is due next.
pub fn next(schedule: &Schedule, now: Millis) -> SafeText {
    match schedule.next {
        _ if schedule.paused => safe!("paused").styled(Style::fg(Colour::Magenta)),
        Some(next) if next > now => safe!("in {}", words::span(next.since(now))),
        Some(_) => safe!("now"),
        None => safe!("over").styled(Style::faint()),
    }
}

/// What came of the last time, in a few words.
pub fn last(view: &ScheduleView) -> SafeText {
    view.last.as_ref().map_or_else(|| safe!("not yet").styled(Style::faint()), outcome)
}

fn outcome(one: &FiringView) -> SafeText {
    let (Some(run), Some(state)) = (one.firing.run, one.state) else {
        return safe!("not started").styled(Style::fg(Colour::Red));
    };
    let word = match state {
        RunState::Succeeded => safe!("passed").styled(Style::fg(Colour::Green)),
        RunState::Failed => safe!("failed").styled(Style::fg(Colour::Red)),
        state => words::state(state),
    };
    let tests = one.tests.map_or_else(SafeText::empty, |tests| safe!(" {}", words::tests(tests)));
    safe!("{} {}{}", run, word, tests)
}

/// One in full.
pub fn told(detail: &ScheduleDetail, now: Millis) -> Vec<SafeText> {
    let schedule = &detail.view.schedule;
    let strong = |text: SafeText| text.styled(Style::strong());
    let mut lines = vec![strong(safe!("{} {}: {}", schedule.id, detail.view.project, what(schedule)))];
    lines.push(safe!("when    {}", timing(schedule)));
    let due = match schedule.next {
        Some(next) => safe!("{} ({})", next, self::next(schedule, now)),
        None => self::next(schedule, now),
    };
    lines.push(safe!("next    {}", due));
    lines.push(safe!("added   by {} at {}", schedule.by, schedule.added));
    lines.extend([SafeText::empty(), strong(safe!("What came of it"))]);
    if detail.firings.is_empty() {
        lines.push(safe!("  it was not due yet").styled(Style::faint()));
    }
    for one in &detail.firings {
        lines.push(safe!("  {}  {}", one.firing.due, outcome(one)));
        lines.extend(one.firing.lateness(schedule.added).map(|late| safe!("     {}", late)));
        let why = one.firing.fault.as_deref().unwrap_or(&one.reason);
        lines.extend(why.lines().map(|line| safe!("     {}", line)));
    }
    lines
}
