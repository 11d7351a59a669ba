//! `dogwatch restore`: puts a backup in the place of the database. What is lost by that is shown before, and a word is asked for.

use super::backup::{is_own, place};
use super::context::{Context, Failure};
use super::serve::store_paths;
use super::uninstall;
use crate::backup::{self, BackupError, Plan, Restored};
use crate::client::Witness;
use crate::config::{EngineConfig, Paths};
use crate::domain::Actor;
use crate::people;
use crate::safe;
use crate::store::{Hold, OpenError, Store};
use crate::text::SafeText;
use crate::words;
use serde_json::json;
use std::io::{BufRead, IsTerminal};

/// What a person has to type.
const WORD: &str = "restore";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Its name, as `dogwatch backup ls` tells it, or the path of its directory
    backup: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long, requires = "yes")]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    if !args.yes && !std::io::stdin().is_terminal() {
        let message = "the database would be exchanged: say --yes where nobody can be asked".to_owned();
        return Err(Failure { code: 5, message });
    }
    let paths = context.paths.clone();
    is_own(&paths)?;
    let config = EngineConfig::load(&paths.config_file()).map_err(|errors| Failure::new(errors.to_string()))?;
    let dir = std::path::absolute(backup::find(&place(&paths, &config), &args.backup)?)?;
    let hold = Hold::take(&store_paths(&paths)).map_err(|error| match error {
        OpenError::Locked { .. } => {
            let message = "an engine works here: `dogwatch stop` ends it; its steps go on meanwhile".to_owned();
            Failure { code: 5, message }
        }
        error => BackupError::from(error).into(),
    })?;
    let plan = backup::plan(&hold, &dir)?;
    if !args.json {
        context.say_all(&page(&plan))?;
    }
    if !args.yes && !agreed(&mut context)? {
        context.say(&safe!("nothing was changed"))?;
        return Ok(5);
    }
    let at_work = matches!(&plan.lost, Some(Ok(lost)) if lost.now.unfinished > 0);
    let released = if at_work { release(&paths).await } else { Ok(0) };
    let uid = rustix::process::getuid().as_raw();
    let by = Actor::operator(uid, people::user_name(uid));
    let restored = backup::carry_out(&hold, &plan, &by, words::now())?;
    drop(hold);
    // This user has seen what was lost and said yes to it; everybody else is told.
    if let Some(witness) = Witness::of(&paths.socket()) {
        witness.forget()?;
    }
    if args.json {
        context.json(
            &json!({ "backup": plan.manifest.name().to_string(), "lost": lost_json(&plan), "restored": restored }),
        )?;
    } else {
        context.say_all(&done(&restored))?;
    }
    if let Err(failure) = released {
        // The database is in its place all the same; what is left over is told.
        let message = format!("what runs of before have in containers may be there still: {}", failure.message);
        return Err(Failure::new(message));
    }
    Ok(0)
}

/// Takes away what runs of the present database have in containers.
async fn release(paths: &Paths) -> Result<usize, Failure> {
    let store = Store::rescue(&store_paths(paths)).map_err(|error| Failure::new(error.to_string()))?;
    uninstall::release(paths, &store).await
}

fn lost_json(plan: &Plan) -> serde_json::Value {
    match &plan.lost {
        None => serde_json::Value::Null,
        Some(Ok(lost)) => json!(lost),
        Some(Err(why)) => json!({ "unknown": why }),
    }
}

/// What it comes to, before anybody agrees.
fn page(plan: &Plan) -> Vec<SafeText> {
    let manifest = &plan.manifest;
    let counts = manifest.counts;
    let mut lines = vec![safe!(
        "{} is whole: it was made {} ago and holds {} events, {} runs, {}",
        manifest.name().to_string(),
        words::ago(manifest.made, words::now()),
        counts.events,
        counts.runs,
        words::size(manifest.bytes)
    )];
    match &plan.lost {
        None => lines.push(safe!("There is no database here now.")),
        Some(Ok(lost)) => {
            let (events, runs, decisions) = (lost.events, lost.runs, lost.decisions);
            lines.push(safe!(
                "Lost is what came after it: {} events, {} runs, {} decisions of people.",
                events,
                runs,
                decisions
            ));
            if !lost.continues {
                lines
                    .push(safe!("The present database is no continuation of it, so nothing of the present one stays."));
            }
            if lost.now.unfinished > 0 {
                lines.push(safe!(
                    "{} runs of the present database are not over: what they have in containers goes.",
                    lost.now.unfinished
                ));
            }
        }
        Some(Err(why)) => {
            lines.push(safe!("What is lost nobody can tell, since the present database cannot be read: {}", why));
        }
    }
    if counts.unfinished > 0 {
        lines.push(safe!(
            "{} runs were under way in it and end: what they did since it was made is not known to it.",
            counts.unfinished
        ));
    }
    lines.push(safe!(
        "Whatever was spent since then counts against no cap, and everything that people agreed to is void."
    ));
    if plan.blobs_damaged > 0 {
        lines.push(safe!(
            "{} of its {} blobs (prompts, reports, commands) are lost where they are not in the state directory.",
            plan.blobs_damaged,
            manifest.blobs
        ));
    }
    lines
}

fn done(restored: &Restored) -> Vec<SafeText> {
    let mut lines = vec![safe!(
        "restored; event {} of the audit log tells it, and epoch {} begins",
        restored.event,
        restored.epoch
    )];
    if let Some(aside) = &restored.aside {
        lines.push(safe!("what was there before is in {}", aside));
    }
    if !restored.ended.is_empty() {
        let runs: Vec<String> = restored.ended.iter().map(ToString::to_string).collect();
        lines.push(safe!("these runs end when the engine starts: {}", runs.join(", ")));
    }
    if restored.blobs_missing > 0 {
        lines.push(safe!("{} blobs are lost", restored.blobs_missing));
    }
    lines.push(safe!(
        "everybody who saw the audit log is told once that it is another one now; whoever knows of this says `dogwatch audit witness --accept`"
    ));
    lines
}

fn agreed(context: &mut Context) -> Result<bool, Failure> {
    context.say(&safe!("The present database is put aside. Type `{}` to go on.", WORD))?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == WORD)
}
