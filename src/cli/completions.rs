//! `dogwatch completions`: a script by which a shell completes our words.

use super::context::{Context, Failure, open};
use serde_json::json;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: clap_complete::Shell,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn perform(mut context: Context, args: &Args, mut command: clap::Command) -> Result<i32, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "dogwatch", &mut script);
    if args.json {
        let text = String::from_utf8(script).map_err(|error| Failure::new(format!("not UTF-8: {error}")))?;
        context.json(&json!({ "shell": args.shell.to_string(), "script": text }))?;
    } else {
        open(context.out.raw_bytes(&script)?)?;
    }
    Ok(0)
}
