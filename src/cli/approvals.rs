//! `dogwatch approvals`: what runs ask of people, what is proposed for live assets, and the answers. What somebody decides on is shown in the exact form,
//! wrapped where a terminal is narrow and never cut.

use super::context::{Context, Failure, unfit};
use super::edit::{self, Changes};
use super::evidence;
use super::input;
use super::proposals::{self, Found, Yes};
use super::steer::tell;
use super::together;
use super::which::Which;
use crate::domain::{ProposalId, Question, QuestionId, QuestionKind};
use crate::protocol::{Reply, Request, Verdict};
use crate::safe;
use crate::text::{SafeText, Style, Table, left};
use crate::words;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Display;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List what waits for people: questions of runs, and proposals for live assets
    Ls {
        /// Settled ones as well
        #[arg(short, long)]
        all: bool,
        /// Print JSON, one question or proposal a line; `{"more":true}` last where older are left out
        #[arg(long)]
        json: bool,
    },
    /// Show one question with every fact, or one proposal exactly
    Show {
        /// The question or proposal, such as q5 or x3
        #[arg(value_name = "QUESTION|PROPOSAL")]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say yes: the run goes on as the question says, or the proposal may run
    Approve {
        /// The question or proposal, such as q5 or x3
        #[arg(value_name = "QUESTION|PROPOSAL")]
        which: Which,
        /// Why, for the record
        #[arg(short, long, default_value = "", hide_default_value = true)]
        reason: String,
        /// To what is asked about a host: let every run of the project reach it, until `dogwatch project close-host`
        #[arg(long)]
        project: bool,
        #[command(flatten)]
        yes: Yes,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say yes to several proposals that are alike, at most ten and none for a critical asset: without --digest each is shown,
    /// with the digest that stands for all of them
    ApproveAll {
        /// The proposals, such as x3 x4
        #[arg(value_name = "PROPOSAL", num_args = 2.., required = true)]
        which: Vec<ProposalId>,
        /// To which bytes: the digest that showing them ends with, or at least 8 digits of it
        #[arg(long)]
        digest: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a run that reached the cap of a day wait: it goes on by itself when the day turns in UTC
    Wait {
        /// The question, such as q5
        question: QuestionId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say no, with a reason that guides what comes next
    Deny {
        /// The question or proposal, such as q5 or x3
        #[arg(value_name = "QUESTION|PROPOSAL")]
        which: Which,
        /// Why; the agent gets to read it
        #[arg(short, long)]
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Put another proposal in the place of one: yours, which others then decide on; what is not named stays
    Edit {
        /// The proposal, such as x3
        proposal: ProposalId,
        #[command(flatten)]
        changes: Changes,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take back a proposal of yours, or of a run of yours
    Withdraw {
        /// The proposal, such as x3
        proposal: ProposalId,
        /// Why, for the record
        #[arg(short, long, default_value = "", hide_default_value = true)]
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Stop what runs: it is told to end, and killed where it does not; how it ended its receipt tells
    Stop {
        /// The proposal, such as x3
        proposal: ProposalId,
        /// Why; the agent gets to read it
        #[arg(short, long)]
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what became of an execution of which nothing tells
    Resolve {
        /// The proposal, such as x3
        proposal: ProposalId,
        /// What you found
        found: Found,
        /// How you know
        #[arg(short, long)]
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say that you have looked at what one person decided for two
    Review {
        /// The proposal, such as x3
        proposal: ProposalId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write what was decided into files that `sha256sum` and `ssh-keygen` alone can check
    Export {
        /// The proposal, such as x3
        proposal: ProposalId,
        /// A directory, which is made
        dir: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print what an execution printed
    Output {
        /// The proposal, such as x3
        proposal: ProposalId,
        /// Print JSON, one piece a line
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Ls { all, json } => list(context, all, json).await,
        Command::Show { which: Which::Question(question), json } => show(context, question, json).await,
        Command::Show { which: Which::Proposal(id), json } => proposals::show(context, id, json).await,
        Command::Approve { which, reason, project, yes, json } => {
            let answer = Answer { reason, project, yes };
            approve(context, which, answer, json).await
        }
        Command::ApproveAll { which, digest, json } => {
            together::perform(context, &which, digest.as_deref(), json).await
        }
        Command::Wait { question, json } => tell(context, Request::AwaitDay { question }, json).await,
        Command::Deny { which: Which::Question(question), reason, json } => {
            let reason = input::text(reason)?;
            tell(context, Request::Answer { question, approve: false, reason }, json).await
        }
        Command::Deny { which: Which::Proposal(id), reason, json } => {
            proposals::decide(context, id, Verdict::Deny { reason: input::text(reason)? }, json).await
        }
        Command::Edit { proposal, changes, json } => edit::perform(context, proposal, changes, json).await,
        Command::Withdraw { proposal, reason, json } => {
            proposals::decide(context, proposal, Verdict::Withdraw { reason: input::text(reason)? }, json).await
        }
        Command::Stop { proposal, reason, json } => {
            proposals::stop(context, proposal, input::text(reason)?, json).await
        }
        Command::Resolve { proposal, found, reason, json } => {
            let verdict = Verdict::Resolve { as_what: found.resolution(), note: input::text(reason)? };
            proposals::decide(context, proposal, verdict, json).await
        }
        Command::Review { proposal, json } => proposals::decide(context, proposal, Verdict::Review, json).await,
        Command::Export { proposal, dir, json } => evidence::export(context, proposal, &dir, json).await,
        Command::Output { proposal, json } => proposals::output(context, proposal, json).await,
    }
}

/// How somebody says yes to either.
struct Answer {
    reason: String,
    project: bool,
    yes: Yes,
}

/// Says yes to what was meant: what only the other kind has is never passed over.
async fn approve(context: Context, which: Which, answer: Answer, json: bool) -> Result<i32, Failure> {
    let Answer { reason, project, yes } = answer;
    match which {
        Which::Question(question) if yes.is_said() => {
            let (QuestionId(number), other) =
                (question, "--digest, --confirm, --key and --break-glass are for proposals");
            Err(input::wrong(format!("{question} is a question, which has no digest: did you mean x{number}? {other}")))
        }
        Which::Question(question) if project => {
            tell(context, Request::OpenHost { question, reason: input::text(reason)? }, json).await
        }
        Which::Question(question) => {
            let reason = input::text(reason)?;
            tell(context, Request::Answer { question, approve: true, reason }, json).await
        }
        Which::Proposal(id) if project => Err(input::wrong(format!(
            "{id} is a proposal, which is agreed to once and for no project: leave --project away"
        ))),
        Which::Proposal(id) => proposals::approve(context, id, yes, input::text(reason)?, json).await,
    }
}

/// One of the list for scripts: questions and proposals have numbers of their own, so each says what it is called.
fn referred(value: &impl Serialize, id: impl Display) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(value).map_err(|error| Failure::new(error.to_string()))?;
    if let Some(object) = value.as_object_mut() {
        object.insert("ref".to_owned(), Value::from(id.to_string()));
    }
    Ok(value)
}

async fn list(mut context: Context, all: bool, json: bool) -> Result<i32, Failure> {
    let Reply::Questions { mut questions, more } = context.ask(Request::Questions { all }).await? else {
        return unfit();
    };
    let (proposed, older) = proposals::ask(&mut context, all).await?;
    let more = more || older;
    if json {
        for question in &questions {
            context.json(&referred(question, question.id)?)?;
        }
        for one in &proposed {
            context.json(&referred(one, one.id)?)?;
        }
        if more {
            context.json(&serde_json::json!({ "more": true }))?;
        }
        return Ok(0);
    }
    // Where the proposal is listed, the question that stands for it says nothing more.
    questions.retain(|question| question.kind != QuestionKind::Execution);
    if questions.is_empty() && proposed.is_empty() {
        context.say(&nothing(more))?;
        return Ok(0);
    }
    let columns = context.columns();
    if !questions.is_empty() {
        context.say_all(&table(&questions, columns))?;
    }
    if !proposed.is_empty() {
        if !questions.is_empty() {
            context.say(&SafeText::empty())?;
        }
        context.say_all(&proposals::table(&proposed, columns))?;
    }
    if more {
        context.say(&safe!("older ones are not listed; `dogwatch approvals show` still shows them"))?;
    }
    Ok(0)
}

fn table(questions: &[Question], columns: Option<usize>) -> Vec<SafeText> {
    let now = words::now();
    let headers = ["QUESTION", "RUN", "KIND", "STATE", "AGE", "TITLE"];
    let mut table = Table::new(headers.map(left), columns);
    for question in questions {
        table.row([
            safe!("{}", question.id),
            safe!("{}", question.run),
            safe!("{}", question.kind.name()),
            standing(question),
            words::ago(question.asked, now),
            safe!("{}", question.title),
        ]);
    }
    table.lines()
}

/// What an empty list means: that nothing waits may be said only where nothing was left out.
fn nothing(more: bool) -> SafeText {
    if more {
        return safe!("questions wait that do not fit into an answer; `dogwatch ps` names the runs that wait for them");
    }
    safe!("nothing waits for you")
}

async fn show(mut context: Context, id: QuestionId, json: bool) -> Result<i32, Failure> {
    let Reply::Questions { questions, .. } = context.ask(Request::Question { question: id }).await? else {
        return unfit();
    };
    let Some(question) = questions.into_iter().next() else { return unfit() };
    if json {
        context.json(&question)?;
        return Ok(0);
    }
    for line in lines(&question) {
        context.say_wrapped(&line)?;
    }
    if question.answer.is_none() {
        context.say(&safe!(""))?;
        if matches!(question.kind, QuestionKind::Execution | QuestionKind::Outcome | QuestionKind::Glass) {
            context
                .say_wrapped(&safe!("look: dogwatch approvals ls, then `dogwatch approvals show` with the proposal"))?;
            return Ok(0);
        }
        context.say_wrapped(&safe!("look: dogwatch show {}; dogwatch diff {}", question.run, question.run))?;
        context.say_wrapped(&safe!("answer: dogwatch approvals approve {}", id))?;
        if question.may_wait() {
            context.say_wrapped(&safe!("    or: dogwatch approvals wait {}", id))?;
        }
        context.say_wrapped(&safe!("    or: dogwatch approvals deny {} --reason WHY", id))?;
    }
    Ok(0)
}

/// One question in full.
pub fn lines(question: &Question) -> Vec<SafeText> {
    let head = safe!("{} {}", question.id, question.title).styled(Style::strong());
    let (kind, iteration) = (question.kind.name(), question.iteration);
    let mut lines = vec![
        head,
        safe!(
            "  {} of {}, iteration {}, asked {}: {}",
            kind,
            question.run,
            iteration,
            question.asked,
            standing(question)
        ),
    ];
    lines.extend(question.facts.iter().map(|fact| safe!("  - {}", fact)));
    if let Some(answer) = &question.answer {
        let word = if answer.approve { safe!("approved") } else { safe!("denied") };
        lines.push(safe!("  {} by {} at {}: {}", word, answer.by, answer.at, answer.reason));
    }
    lines
}

fn standing(question: &Question) -> SafeText {
    use crate::domain::QuestionState;
    match question.state {
        QuestionState::Open => safe!("open"),
        QuestionState::Answered => safe!("answered"),
        QuestionState::Withdrawn => safe!("withdrawn"),
    }
}

#[cfg(test)]
mod tests {
    use super::nothing;

    #[test]
    fn nothing_waits_only_where_nothing_was_left_out() {
        assert_eq!(nothing(false).as_str(), "nothing waits for you");
        assert!(nothing(true).as_str().starts_with("questions wait"));
    }
}
