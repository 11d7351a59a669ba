//! `dogwatch task`: test runs that people want, at once or by a clock, without an agent.

use super::context::{Context, Failure, unfit};
use super::print::List;
use crate::domain::{Millis, ScheduleId, Timing};
use crate::protocol::{Reply, Request, ScheduleAsk, ScheduleView};
use crate::safe;
use crate::text::{SafeText, Table, left};
use crate::words;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add a task: a project's suites run, now or when it is time; no agent works, and nothing is changed
    Add {
        /// The project's name or id
        #[arg(short, long)]
        project: String,
        /// A suite of its dogwatch.toml; may be given several times. All of them where none is named
        #[arg(short, long = "suite", value_name = "SUITE")]
        suites: Vec<String>,
        /// The revision that is tested; the source's HEAD at that moment by default
        #[arg(short, long)]
        revision: Option<String>,
        /// Once, at that time: `in 2h`, `2026-12-24 03:00` in UTC, or RFC 3339 with any offset
        #[arg(long, value_name = "TIME", conflicts_with = "cron", value_parser = once)]
        at: Option<Millis>,
        /// Again and again, by five fields as cron has them, in UTC or the zone that is named: `0 3 * * *`,
        /// `*/30 8-18 * * MON-FRI Europe/Vienna`
        #[arg(long, value_name = "CRON")]
        cron: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List tasks, the newest first, with what came of the last time
    Ls {
        /// Only those of this project, by name or id
        #[arg(short, long)]
        project: Option<String>,
        /// Print JSON, one task a line
        #[arg(long)]
        json: bool,
    },
    /// Show one task, with what came of each time
    Show {
        /// The task, such as c3
        task: ScheduleId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a task start nothing until it is resumed
    Pause {
        /// The task, such as c3
        task: ScheduleId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a paused task start again when it is due; what came by meanwhile is not made up for
    Resume {
        /// The task, such as c3
        task: ScheduleId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a task; a run that is under way goes on
    Rm {
        /// The task, such as c3
        task: ScheduleId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let (about, json) = match args.command {
        Command::Ls { project, json } => return list(&mut context, project, json).await,
        Command::Add { project, suites, revision, at, cron, json } => {
            let timing = match (at, cron) {
                (_, Some(expression)) => Some(Timing::Cron { expression }),
                (at, None) => at.map(|at| Timing::Once { at }),
            };
            (ScheduleAsk::Add { project, suites, revision, timing }, json)
        }
        Command::Show { task, json } => (ScheduleAsk::One { schedule: task }, json),
        Command::Pause { task, json } => (ScheduleAsk::Pause { schedule: task }, json),
        Command::Resume { task, json } => (ScheduleAsk::Resume { schedule: task }, json),
        Command::Rm { task, json } => (ScheduleAsk::Remove { schedule: task }, json),
    };
    let removed = matches!(about, ScheduleAsk::Remove { .. });
    let Reply::Schedule { detail } = context.ask(Request::Schedule { about }).await? else { return unfit() };
    let lines = if removed {
        vec![safe!("{} is removed", detail.view.schedule.id)]
    } else {
        words::schedule::told(&detail, words::now())
    };
    context.tell(&detail, json, lines)
}

/// An instant as people write it.
fn once(text: &str) -> Result<Millis, String> {
    let rule = "write `in 2h`, `2026-12-24 03:00` (UTC) or RFC 3339";
    if let Some(span) = text.strip_prefix("in ") {
        let span: jiff::SignedDuration = span.trim().parse().map_err(|_| rule.to_owned())?;
        let span = i64::try_from(span.as_millis()).ok().filter(|span| *span >= 0).ok_or_else(|| rule.to_owned())?;
        return Ok(words::now().plus(span));
    }
    let stamp = text.parse::<jiff::Timestamp>().or_else(|_| {
        let day: jiff::civil::DateTime = text.parse()?;
        day.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp())
    });
    stamp.map(|stamp| Millis(stamp.as_millisecond())).map_err(|_| rule.to_owned())
}

async fn list(context: &mut Context, project: Option<String>, json: bool) -> Result<i32, Failure> {
    let about = ScheduleAsk::List { project };
    let Reply::Schedules { schedules } = context.ask(Request::Schedule { about }).await? else { return unfit() };
    let nothing = safe!("no task is there; `dogwatch task add` adds one");
    let list = List { items: &schedules, json, nothing, left_out: None };
    context.list(list, |columns| table(&schedules, columns))
}

fn table(schedules: &[ScheduleView], columns: Option<usize>) -> Vec<SafeText> {
    let headers = ["TASK", "PROJECT", "WHAT", "WHEN", "NEXT", "LAST"];
    let mut table = Table::new(headers.map(left), columns);
    let now = words::now();
    for view in schedules {
        let schedule = &view.schedule;
        table.row([
            safe!("{}", schedule.id),
            safe!("{}", view.project),
            words::schedule::what(schedule),
            words::schedule::timing(schedule),
            words::schedule::next(schedule, now),
            words::schedule::last(view),
        ]);
    }
    table.lines()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(once("2026-12-24 03:00"), once("2026-12-24T03:00:00Z"));
        assert_eq!(once("2026-12-24T04:00:00+01:00"), once("2026-12-24T03:00:00Z"));
        let soon = once("in 2h").unwrap().since(words::now());
        assert!((7_190_000..=7_200_000).contains(&soon), "{soon}");
        for wrong in ["", "soon", "in", "in -2h", "in two hours", "25:00", "2026-13-01"] {
            assert!(once(wrong).is_err(), "{wrong}");
        }
    }
}
