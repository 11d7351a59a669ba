//! `dogwatch approvals`: what runs ask of people, and the answers. What somebody decides on is shown in the exact form,
//! wrapped where a terminal is narrow and never cut.

use super::context::{Context, Failure, unfit};
use super::steer::tell;
use crate::domain::{Question, QuestionId};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::{Align, SafeText, Style, Table};
use crate::words;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the questions that wait for an answer
    Ls {
        /// Also show those that are settled
        #[arg(short, long)]
        all: bool,
        /// Print JSON, one question a line; `{"more":true}` last where older are left out
        #[arg(long)]
        json: bool,
    },
    /// Show one question with every fact
    Show {
        /// The question, such as q5
        question: QuestionId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say yes: the run goes on as the question says
    Approve {
        /// The question, such as q5
        question: QuestionId,
        /// Why, for the record
        #[arg(short, long, default_value = "")]
        reason: String,
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
        /// The question, such as q5
        question: QuestionId,
        /// Why; the agent gets to read it
        #[arg(short, long)]
        reason: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(context: Context, args: Args) -> Result<i32, Failure> {
    match args.command {
        Command::Ls { all, json } => list(context, all, json).await,
        Command::Show { question, json } => show(context, question, json).await,
        Command::Approve { question, reason, json } => {
            tell(context, Request::Answer { question, approve: true, reason }, json).await
        }
        Command::Wait { question, json } => tell(context, Request::AwaitDay { question }, json).await,
        Command::Deny { question, reason, json } => {
            tell(context, Request::Answer { question, approve: false, reason }, json).await
        }
    }
}

async fn list(mut context: Context, all: bool, json: bool) -> Result<i32, Failure> {
    let Reply::Questions { questions, more } = context.ask(Request::Questions { all }).await? else { return unfit() };
    if json {
        for question in &questions {
            context.json(question)?;
        }
        if more {
            context.json(&serde_json::json!({ "more": true }))?;
        }
        return Ok(0);
    }
    if questions.is_empty() {
        context.say(&nothing(more))?;
        return Ok(0);
    }
    let now = words::now();
    let headers = [safe!("QUESTION"), safe!("RUN"), safe!("KIND"), safe!("STATE"), safe!("AGE"), safe!("TITLE")];
    let mut table = Table::new(headers.map(|header| (header, Align::Left)));
    if let Some(columns) = context.columns() {
        table = table.limit(columns);
    }
    for question in &questions {
        table.row([
            safe!("{}", question.id),
            safe!("{}", question.run),
            safe!("{}", question.kind.name()),
            standing(question),
            words::ago(question.asked, now),
            safe!("{}", question.title),
        ]);
    }
    context.say_all(&table.lines())?;
    if more {
        context.say(&safe!("older questions are not listed; `dogwatch approvals show Q` still shows them"))?;
    }
    Ok(0)
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
