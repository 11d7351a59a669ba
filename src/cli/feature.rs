//! `dogwatch feature`: what people want of a project, how far it is, and what agents say of its criteria.

use super::context::{Context, Failure, unfit};
use super::input;
use super::print::List;
use crate::domain::FeatureId;
use crate::protocol::{FeatureAsk, FeatureView, Reply, Request};
use crate::safe;
use crate::text::{SafeText, Table, left, right};
use crate::words;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add a feature that is wanted of a project; `dogwatch run --feature` has it built
    Add {
        /// The feature in one line
        title: String,
        /// What is wanted and why; `-` reads it from standard input
        #[arg(short, long)]
        description: String,
        /// By what it is judged, in one line; may be given several times, and is numbered in this order
        #[arg(short, long = "criterion", value_name = "LINE")]
        criteria: Vec<String>,
        /// What whoever builds it should know; `-` reads it from standard input
        #[arg(short, long, default_value = "", hide_default_value = true)]
        notes: String,
        /// The project's name or id
        #[arg(short, long)]
        project: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List features, the newest first
    Ls {
        /// Only those of this project, by name or id
        #[arg(short, long)]
        project: Option<String>,
        /// Closed ones as well
        #[arg(short, long)]
        all: bool,
        /// Print JSON, one feature a line; `{"more":true}` last where older are left out
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
    /// Say a feature anew; what is not named stays, and runs keep the words that they were started with
    Edit {
        /// The feature, such as f3
        feature: FeatureId,
        /// The feature in one line
        #[arg(short, long)]
        title: Option<String>,
        /// What is wanted and why; `-` reads it from standard input
        #[arg(short, long)]
        description: Option<String>,
        /// All criteria, in the place of those that there are; may be given several times
        #[arg(short, long = "criterion", value_name = "LINE")]
        criteria: Vec<String>,
        /// What whoever builds it should know; `-` reads it from standard input
        #[arg(short, long)]
        notes: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Close a feature: nothing more is to come of it, whether it was delivered or not
    Close {
        /// The feature, such as f3
        feature: FeatureId,
        /// Why; others read it beside the feature
        #[arg(short, long)]
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Open a feature again that was closed
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
            let (text, notes) = (input::text(description)?, input::text(notes)?);
            (FeatureAsk::Add { project, title, text, criteria, notes }, json)
        }
        Command::Show { feature, json } => (FeatureAsk::One { feature }, json),
        Command::Edit { feature, title, description, criteria, notes, json } => {
            let criteria = (!criteria.is_empty()).then_some(criteria);
            let text = description.map(input::text).transpose()?;
            let notes = notes.map(input::text).transpose()?;
            if title.is_none() && text.is_none() && criteria.is_none() && notes.is_none() {
                return Err(input::wrong("nothing is said anew: name --title, --description, --criterion or --notes"));
            }
            (FeatureAsk::Edit { feature, title, text, criteria, notes }, json)
        }
        Command::Close { feature, reason, json } => (FeatureAsk::Close { feature, reason: input::text(reason)? }, json),
        Command::Reopen { feature, json } => (FeatureAsk::Reopen { feature }, json),
    };
    let Reply::Feature { detail } = context.ask(Request::Feature { about }).await? else { return unfit() };
    context.tell(&detail, json, words::feature::told(&detail))
}

/// The name of the project of which a feature is wanted.
pub async fn project_of(context: &mut Context, feature: FeatureId) -> Result<String, Failure> {
    match context.ask(Request::Feature { about: FeatureAsk::One { feature } }).await? {
        Reply::Feature { detail } => Ok(detail.view.project),
        _ => unfit(),
    }
}

async fn list(context: &mut Context, project: Option<String>, all: bool, json: bool) -> Result<i32, Failure> {
    let about = FeatureAsk::List { project, all };
    let Reply::Features { features, more } = context.ask(Request::Feature { about }).await? else { return unfit() };
    let nothing = if all {
        safe!("no feature is wanted yet; `dogwatch feature add` adds one")
    } else {
        safe!("no feature is open; --all lists closed ones, `dogwatch feature add` adds one")
    };
    let list = List { items: &features, json, nothing, left_out: more.then_some("features") };
    context.list(list, |columns| table(&features, columns))
}

fn table(features: &[FeatureView], columns: Option<usize>) -> Vec<SafeText> {
    let headers =
        [left("FEATURE"), left("PROJECT"), left("STATE"), right("RUNS"), right("CRITERIA"), left("AGE"), left("TITLE")];
    let mut table = Table::new(headers, columns);
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
