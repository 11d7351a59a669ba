//! `dogwatch budget`: what runs, projects and days have used and reserved of what they may.

use super::context::{Context, Failure, unfit};
use crate::domain::{Account, Caps, Measure, Spent};
use crate::protocol::{BudgetReport, Reply, Request};
use crate::safe;
use crate::text::{SafeText, Table, left, right};
use crate::words;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON: times in milliseconds, money in millionths of a dollar, `date` and `day` in UTC
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::Budget { budget } = context.ask(Request::Budget).await? else { return unfit() };
    if args.json {
        context.json(&budget)?;
        return Ok(0);
    }
    let lines = page(&budget, context.columns());
    context.say_all(&lines)?;
    Ok(0)
}

fn page(budget: &BudgetReport, columns: Option<usize>) -> Vec<SafeText> {
    let mut table = Table::new(
        [left("WHOSE"), left("WHEN"), left("WHAT"), right("USED"), right("RESERVED"), right("CAP"), left("")],
        columns,
    );
    let mut add = |whose: SafeText, when: SafeText, account: &Lines| {
        for row in account.rows() {
            let [what, used, reserved, cap, more] = row;
            table.row([whose.clone(), when.clone(), what, used, reserved, cap, more]);
        }
    };
    add(safe!("all projects"), safe!("today"), &Lines::from(&budget.engine));
    for project in &budget.projects {
        add(safe!("{}", project.name), safe!("today"), &Lines::from(&project.day));
        add(safe!("{}", project.name), safe!("in all"), &Lines::from(&project.total));
    }
    for run in &budget.runs {
        let (caps, granted) = (Caps::from(run.budget), Spent::default());
        let lines = Lines { caps, granted, used: run.used, reserved: run.reserved };
        add(safe!("{} of {}", run.run, run.project), words::state(run.state), &lines);
    }
    let mut lines = table.lines();
    let left = words::span(budget.turns.since(words::now()));
    lines.push(safe!("today is {} in UTC; the day turns at {}, in {}", budget.date, budget.turns, left));
    for name in &budget.unknown {
        lines.push(safe!(
            "config.toml has [projects.{}], but no project has that name: see `dogwatch project ls`",
            name
        ));
    }
    lines
}

/// What is shown of one account.
struct Lines {
    caps: Caps,
    granted: Spent,
    used: Spent,
    reserved: Spent,
}

impl From<&Account> for Lines {
    fn from(account: &Account) -> Self {
        let Account { caps, granted, used, reserved, .. } = *account;
        Self { caps, granted, used, reserved }
    }
}

impl Lines {
    /// One row for each measure that has a cap or any use.
    fn rows(&self) -> impl Iterator<Item = [SafeText; 5]> {
        Measure::ALL.into_iter().filter_map(|measure| {
            let (cap, granted) = (self.caps.of(measure), self.granted.of(measure));
            let (used, reserved) = (self.used.of(measure), self.reserved.of(measure));
            if cap.is_none() && used == 0 && reserved == 0 {
                return None;
            }
            let number = |amount| safe!("{}", measure.number(amount));
            let cap_words = cap.map_or_else(|| safe!("none"), |cap| number(cap.saturating_add(granted)));
            let full = cap.is_some_and(|cap| used.saturating_add(reserved) >= cap.saturating_add(granted));
            let more = match (full, granted > 0) {
                (true, _) => safe!("no room"),
                (false, true) => safe!("{} allowed once", number(granted)),
                (false, false) => SafeText::empty(),
            };
            Some([safe!("{}", measure.name()), number(used), number(reserved), cap_words, more])
        })
    }
}
