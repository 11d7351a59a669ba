//! `dogwatch feature`: what people want of a project, how far it is, and what agents say of its criteria.

use super::context::{Context, Failure, unfit};
use crate::domain::FeatureId;
use crate::protocol::{FeatureAsk, FeatureView, Reply, Request};
use crate::safe;
use crate::text::{Align, SafeText, Table};
use crate::words;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add what is wanted of a project; `dogwatch run --feature` has it built
    Add {
        /// It in one line
        title: String,
        /// What is wanted and why; `-` reads it from standard input
        #[arg(short, long)]
        description: String,
        /// By what it is judged, in one line; may be given several times, and is numbered in this order
        #[arg(short, long = "criterion")]
        criteria: Vec<String>,
        /// What whoever builds it should know
        #[arg(short, long, default_value = "", hide_default_value = true)]
        notes: String,
        /// The project's name or id
        #[arg(short, long)]
        project: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List features, newest first
    Ls {
        /// Only those of this project, by name or id
        #[arg(short, long)]
        project: Option<String>,
        /// Closed ones as well
        #[arg(short, long)]
        all: bool,
        /// Print JSON, one feature a line
        #[arg(long)]
        json: bool,
    },
    /// Show one feature: its words, its runs by the engine's tests, and what their agents say of each criterion
    Show {
        /// The feature, such as f3
        feature: FeatureId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say its words anew; what is not named stays. Runs that were started keep the words that they were started with
    Edit {
        /// The feature, such as f3
        feature: FeatureId,
        /// It in one line
        #[arg(short, long)]
        title: Option<String>,
        /// What is wanted and why; `-` reads it from standard input
        #[arg(short, long)]
        description: Option<String>,
        /// All criteria, in the place of those that there are; may be given several times
        #[arg(short, long = "criterion")]
        criteria: Vec<String>,
        /// What whoever builds it should know
        #[arg(short, long)]
        notes: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Close it: nothing more is to come of it, whether it was delivered or not
    Close {
        /// The feature, such as f3
        feature: FeatureId,
        /// Why; others read it beside the feature
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Open one again that was closed
    Reopen {
        /// The feature, such as f3
        feature: FeatureId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let (about, json) = match args.command {
        Command::Ls { project, all, json } => return list(&mut context, project, all, json).await,
        Command::Add { title, description, criteria, notes, project, json } => {
            (FeatureAsk::Add { project, title, text: text(description)?, criteria, notes }, json)
        }
        Command::Show { feature, json } => (FeatureAsk::One { feature }, json),
        Command::Edit { feature, title, description, criteria, notes, json } => {
            let criteria = (!criteria.is_empty()).then_some(criteria);
            let text = description.map(text).transpose()?;
            if title.is_none() && text.is_none() && criteria.is_none() && notes.is_none() {
                let message = "nothing is said anew: name --title, --description, --criterion or --notes";
                return Err(Failure { code: 2, message: message.to_owned() });
            }
            (FeatureAsk::Edit { feature, title, text, criteria, notes }, json)
        }
        Command::Close { feature, reason, json } => (FeatureAsk::Close { feature, reason }, json),
        Command::Reopen { feature, json } => (FeatureAsk::Reopen { feature }, json),
    };
    let Reply::Feature { detail } = context.ask(Request::Feature { about }).await? else { return unfit() };
    if json {
        context.json(&detail)?;
        return Ok(0);
    }
    for line in words::feature::told(&detail) {
        context.say_wrapped(&line)?;
    }
    Ok(0)
}

/// The name of the project of which a feature is wanted.
pub async fn project_of(context: &mut Context, feature: FeatureId) -> Result<String, Failure> {
    match context.ask(Request::Feature { about: FeatureAsk::One { feature } }).await? {
        Reply::Feature { detail } => Ok(detail.view.project),
        _ => unfit(),
    }
}

/// A text as it was given, or what stands on standard input.
fn text(given: String) -> Result<String, Failure> {
    if given == "-" { Ok(std::io::read_to_string(std::io::stdin())?) } else { Ok(given) }
}

async fn list(context: &mut Context, project: Option<String>, all: bool, json: bool) -> Result<i32, Failure> {
    let about = FeatureAsk::List { project, all };
    let Reply::Features { features, more } = context.ask(Request::Feature { about }).await? else { return unfit() };
    if json {
        for feature in &features {
            context.json(feature)?;
        }
        return Ok(0);
    }
    if features.is_empty() {
        let hint = if all {
            safe!("no feature is wanted yet; `dogwatch feature add` adds one")
        } else {
            safe!("no feature is open; --all lists closed ones, `dogwatch feature add` adds one")
        };
        context.say(&hint)?;
        return Ok(0);
    }
    context.say_all(&table(&features, context.columns()))?;
    if more {
        context.say(&safe!("older features are not listed"))?;
    }
    Ok(0)
}

fn table(features: &[FeatureView], columns: Option<usize>) -> Vec<SafeText> {
    let headers = [("FEATURE", Align::Left), ("PROJECT", Align::Left), ("STATE", Align::Left), ("RUNS", Align::Right)];
    let texts = [("CRITERIA", Align::Right), ("AGE", Align::Left), ("TITLE", Align::Left)];
    let headers = headers.into_iter().chain(texts).map(|(header, align)| (safe!("{}", header), align));
    let mut table = Table::new(headers);
    if let Some(columns) = columns {
        table = table.limit(columns);
    }
    let now = words::now();
    for view in features {
        let feature = &view.feature;
        table.row([
            safe!("{}", feature.id),
            safe!("{}", view.project),
            words::feature::state(view.state),
            safe!("{}", view.runs),
            safe!("{}", feature.criteria.len()),
            words::ago(feature.added, now),
            safe!("{}", feature.title),
        ]);
    }
    table.lines()
}
