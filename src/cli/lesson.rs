//! `dogwatch lesson`: what people and solved bugs teach about a project, for its agents.

use super::context::{Context, Failure, unfit};
use super::input;
use super::print::List;
use crate::domain::LessonId;
use crate::protocol::{LessonAsk, LessonView, Reply, Request};
use crate::safe;
use crate::text::{SafeText, Style, Table, left};
use crate::words;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add a lesson: prompts of the project's runs quote it, as far as there is room
    Add {
        /// The lesson in one line; `-` reads it from standard input
        text: String,
        /// The project's name or id
        #[arg(short, long)]
        project: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List lessons, the newest first, with where they are from and whether prompts have room for them
    Ls {
        /// Only those of this project, by name or id
        #[arg(short, long)]
        project: Option<String>,
        /// Print JSON, one lesson a line
        #[arg(long)]
        json: bool,
    },
    /// Show one lesson in full
    Show {
        /// The lesson, such as l3
        lesson: LessonId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say a lesson anew, also one that a bug taught; its words are then yours
    Edit {
        /// The lesson, such as l3
        lesson: LessonId,
        /// The lesson in one line; `-` reads it from standard input
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
        Command::Ls { project, json } => return list(&mut context, project, json).await,
        Command::Show { lesson, json } => return show(&mut context, lesson, json).await,
        Command::Add { text, project, json } => (LessonAsk::Add { project, text: input::text(text)? }, json),
        Command::Edit { lesson, text, json } => (LessonAsk::Edit { lesson, text: input::text(text)? }, json),
        Command::Rm { lesson, json } => (LessonAsk::Remove { lesson }, json),
    };
    let removed = matches!(about, LessonAsk::Remove { .. });
    let view = ask(&mut context, about).await?.pop().map_or_else(unfit, Ok)?;
    let lines = if removed { vec![safe!("{} is removed", view.lesson.id)] } else { told(&view) };
    context.tell(&view, json, lines)
}

async fn ask(context: &mut Context, about: LessonAsk) -> Result<Vec<LessonView>, Failure> {
    let Reply::Lessons { lessons } = context.ask(Request::Lesson { about }).await? else { return unfit() };
    Ok(lessons)
}

async fn show(context: &mut Context, lesson: LessonId, json: bool) -> Result<i32, Failure> {
    let all = ask(context, LessonAsk::List { project: None }).await?;
    let Some(view) = all.into_iter().find(|view| view.lesson.id == lesson) else {
        let message = format!("there is no lesson {lesson}: `dogwatch lesson ls` lists those that there are");
        return Err(Failure { code: 4, message });
    };
    context.tell(&view, json, told(&view))
}

fn told(view: &LessonView) -> Vec<SafeText> {
    let head = safe!("{} of {}", view.lesson.id, view.project).styled(Style::strong());
    std::iter::once(head).chain(words::lesson::told(view)).collect()
}

async fn list(context: &mut Context, project: Option<String>, json: bool) -> Result<i32, Failure> {
    let lessons = ask(context, LessonAsk::List { project }).await?;
    let nothing = safe!("no lesson was taught yet; `dogwatch lesson add` adds one");
    let list = List { items: &lessons, json, nothing, left_out: None };
    context.list(list, |columns| table(&lessons, columns))
}

fn table(lessons: &[LessonView], columns: Option<usize>) -> Vec<SafeText> {
    let headers = ["LESSON", "PROJECT", "QUOTED", "AGE", "FROM", "TEXT"];
    let mut table = Table::new(headers.map(left), columns);
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
