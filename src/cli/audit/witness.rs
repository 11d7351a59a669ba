//! `dogwatch audit witness`: what this user saw of the engine's audit log, and whether the log continues it.

use crate::cli::context::{Context, Failure};
use crate::client::Witness;
use crate::domain::Millis;
use crate::safe;
use serde_json::json;

pub(super) async fn perform(mut context: Context, accept: bool, json: bool) -> Result<i32, Failure> {
    let Some(witness) = Witness::of(&context.paths.socket()) else {
        return Err(Failure::new("this user has no home, so nothing of the audit log is remembered: set HOME"));
    };
    if accept {
        witness.forget()?;
    }
    context.client().await?;
    let alarm = context.alarm();
    let seen = witness.seen()?;
    if json {
        context.json(&json!({ "seen": seen, "alarm": alarm, "accepted": accept }))?;
        return Ok(0);
    }
    match seen {
        Some(seen) => {
            let at = Millis(seen.wall);
            context.say(&safe!("you saw event {} of engine {}, at {}, as {}", seen.seq, seen.engine, at, seen.hash))?;
        }
        None => context.say(&safe!("you have seen nothing of this engine's audit log yet"))?,
    }
    if alarm.is_none() {
        context.say(&safe!("the log continues it"))?;
    }
    Ok(0)
}
