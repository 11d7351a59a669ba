//! `dogwatch lesson`: what people and solved bugs teach about a project, for its agents.

use super::context::{Context, Failure, unfit};
use crate::domain::LessonId;
use crate::protocol::{LessonAsk, LessonView, Reply, Request};
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
    /// Teach something: prompts of the project's runs quote it, as far as there is room
    Add {
        /// It, in one line
        text: String,
        /// The project's name or id
        #[arg(short, long)]
        project: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List lessons, newest first, with where they are from and whether prompts have room for them
    Ls {
        /// Only those of this project, by name or id
        #[arg(short, long)]
        project: Option<String>,
        /// Print JSON, one lesson a line
        #[arg(long)]
        json: bool,
    },
    /// Say a lesson anew, also one that a bug taught; its words are then yours
    Edit {
        /// The lesson, such as l3
        lesson: LessonId,
        /// It, in one line
        text: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a lesson; its bug does not teach it again
    Rm {
        /// The lesson, such as l3
        lesson: LessonId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let (about, json) = match args.command {
        Command::Add { text, project, json } => (LessonAsk::Add { project, text }, json),
        Command::Ls { project, json } => (LessonAsk::List { project }, json),
        Command::Edit { lesson, text, json } => (LessonAsk::Edit { lesson, text }, json),
        Command::Rm { lesson, json } => (LessonAsk::Remove { lesson }, json),
    };
    let Reply::Lessons { lessons } = context.ask(Request::Lesson { about }).await? else { return unfit() };
    if json {
        for lesson in &lessons {
            context.json(lesson)?;
        }
    } else if lessons.is_empty() {
        context.say(&safe!("nothing was taught yet; `dogwatch lesson add` teaches something"))?;
    } else {
        let lines = table(&lessons, context.columns());
        context.say_all(&lines)?;
    }
    Ok(0)
}

fn table(lessons: &[LessonView], columns: Option<usize>) -> Vec<SafeText> {
    let headers = ["LESSON", "PROJECT", "QUOTED", "AGE", "FROM", "TEXT"];
    let mut table = Table::new(headers.map(|header| (safe!("{}", header), Align::Left)));
    if let Some(columns) = columns {
        table = table.limit(columns);
    }
    let now = words::now();
    for view in lessons {
        let lesson = &view.lesson;
        table.row([
            safe!("{}", lesson.id),
            safe!("{}", view.project),
            if view.quoted { safe!("yes") } else { safe!("no room") },
            words::ago(lesson.added, now),
            words::lesson::from(lesson),
            safe!("{}", lesson.text),
        ]);
    }
    table.lines()
}
