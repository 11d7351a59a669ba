//! `dogwatch demo`: real runs over small projects that come with this program, in a state directory of their own, and the console
//! on them. No key, no model, no configuration: the agent replays prepared edits. All that is here is known to this subcommand
//! alone; the engine that works is an ordinary one.

mod goal;
mod ground;
mod place;
mod projects;
mod runs;

use super::context::{Context, Failure};
use super::{engine, uninstall, watch};
use crate::domain::RunId;
use crate::safe;
use crate::text::SafeText;
use ground::{Ground, Wanted};
use place::{Alone, Place};
use serde::Serialize;
use std::fs::File;
use std::io::{BufRead, IsTerminal};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long an engine that was just started may take until it answers, and how often it is asked meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stop the demo's engine and remove everything of it
    #[arg(long, conflicts_with_all = ["no_console", "sandbox", "image", "browser_image"])]
    clean: bool,
    /// Print what was started, and leave the console closed
    #[arg(long)]
    no_console: bool,
    /// Where steps run: auto takes Docker where that answers and the image can be had, else the process sandbox
    #[arg(long, value_enum, default_value_t)]
    sandbox: Wanted,
    /// The image for Docker; it has to hold python3
    #[arg(long, default_value = ground::IMAGE)]
    image: String,
    /// An image with python3 and Chromium: with Docker, the shop's pages are then opened, too
    #[arg(long, value_name = "IMAGE")]
    browser_image: Option<String>,
    /// Print JSON, and leave the console closed
    #[arg(long)]
    json: bool,
}

/// What was started, for scripts.
#[derive(Debug, Serialize)]
struct Started {
    state_dir: String,
    config_dir: String,
    /// What is said of the sandbox, and of what is left out.
    says: Vec<String>,
    runs: Vec<(RunId, &'static str)>,
}

pub async fn perform(context: Context, args: Args) -> Result<i32, Failure> {
    let place = Place::of_user()?;
    let alone = place.lock()?;
    let mut context = context.at(place.paths.clone());
    if args.clean {
        return clean(&mut context, &place, args.json).await;
    }
    let terminal = std::io::stdin().is_terminal() && context.out.is_terminal();
    let known = place.is_laid();
    let runs = if known {
        let words = "The demo is there already; its engine goes on where it was. To have it begin anew: `dogwatch demo --clean`, \
             then `dogwatch demo`.";
        if args.json {
            started(&mut context, &place, goal::numbered(), vec![words.to_owned()])?
        } else {
            context.say_prose(&SafeText::empty(), &safe!("{}", words))?;
            goal::numbered()
        }
    } else {
        match begin(&mut context, &place, &args).await {
            Ok(runs) => runs,
            Err(failure) => {
                // Half a demo is none. What became of this is told in any case; of both, the first fault says more.
                let _also_failed = remove(&mut context, &place).await;
                return Err(failure);
            }
        }
    };
    if args.json || args.no_console {
        return Ok(0);
    }
    if !terminal {
        return goal::reach(context, &runs, &place).await;
    }
    context.say(&SafeText::empty())?;
    context.say(&safe!("Press enter for the console."))?;
    std::io::stdin().lock().read_line(&mut String::new())?;
    let mut after = Context::new()?;
    drop(alone);
    let code = watch::perform(context, watch::Args::with_tour()).await?;
    after.say_all(&farewell(&place))?;
    Ok(code)
}

/// Sets everything up and submits the runs; says what there is.
async fn begin(context: &mut Context, place: &Place, args: &Args) -> Result<Vec<RunId>, Failure> {
    remove(context, place).await?;
    place.prepare()?;
    let ground = Ground::choose(place, args, &mut |line| {
        if args.json { Ok(()) } else { context.say_prose(&SafeText::empty(), &line) }
    })
    .await?;
    place.configure(&ground)?;
    projects::lay(place, &ground)?;
    let runs = runs::submit(context, place).await?;
    place.is_complete()?;
    if args.json {
        return started(context, place, runs, ground.says);
    }
    for line in &ground.says {
        context.say_prose(&SafeText::empty(), &safe!("{}", line))?;
    }
    context.say(&SafeText::empty())?;
    for (run, about) in runs.iter().zip(runs::ABOUT) {
        context.say_prose(&safe!("{}  ", run), &safe!("{}", about))?;
    }
    context.say(&SafeText::empty())?;
    context.say_all(&surroundings(place))?;
    context.say(&safe!("`dogwatch demo --clean` stops its engine and removes all of it."))?;
    Ok(runs)
}

/// Tells scripts what there is.
fn started(context: &mut Context, place: &Place, runs: Vec<RunId>, says: Vec<String>) -> Result<Vec<RunId>, Failure> {
    let text = |path: &std::path::Path| path.display().to_string();
    let (state_dir, config_dir) = (text(place.paths.state()), text(place.paths.config()));
    let named = runs.iter().copied().zip(runs::NAMES).collect();
    context.json(&Started { state_dir, config_dir, says, runs: named })?;
    Ok(runs)
}

/// How other commands find the demo's engine.
fn surroundings(place: &Place) -> Vec<SafeText> {
    let quoted = |path: &std::path::Path| shell_words::quote(&path.display().to_string()).into_owned();
    vec![
        safe!("All of it lies in {}. Other commands find it by:", place.root().display().to_string()),
        safe!("  export DOGWATCH_STATE_DIR={}", quoted(place.paths.state())),
        safe!("  export DOGWATCH_CONFIG_DIR={}", quoted(place.paths.config())),
    ]
}

fn farewell(place: &Place) -> Vec<SafeText> {
    let mut lines = vec![
        safe!("The demo's engine works on without the console. `dogwatch demo` comes back to it;"),
        safe!("`dogwatch demo --clean` stops it and removes everything of it."),
    ];
    lines.extend(surroundings(place));
    lines
}

async fn clean(context: &mut Context, place: &Place, json: bool) -> Result<i32, Failure> {
    let there = place.is_there();
    remove(context, place).await?;
    let words = if there { safe!("the demo is removed, its engine included") } else { safe!("there is no demo") };
    if json {
        context.json(&serde_json::json!({ "removed": there }))?;
    } else {
        context.say(&words)?;
    }
    Ok(0)
}

/// Ends the demo's engine and removes what that made, wherever it is, and then the rest.
async fn remove(context: &mut Context, place: &Place) -> Result<(), Failure> {
    let alone = end(context, place).await?;
    if place.paths.database().try_exists()? {
        // It keeps engines out by itself.
        drop(alone);
        uninstall::everything(context).await?;
        return place.remove();
    }
    place.remove()
}

/// Ends the engine that lives here, also one that has no database yet and one that is about to answer; keeps the next one out.
async fn end(context: &mut Context, place: &Place) -> Result<Option<File>, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        engine::end(context).await?;
        match place.without_engine()? {
            Alone::Nobody(held) => return Ok(held),
            Alone::Engine if Instant::now() < deadline => sleep(LOOK).await,
            Alone::Engine => {
                let state = place.paths.state().display().to_string();
                return Err(Failure::new(format!(
                    "the demo's engine in {state} neither answers nor ends, and nothing was removed: end the process that \
                     engine.lock there names, and try again"
                )));
            }
        }
    }
}
