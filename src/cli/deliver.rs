//! `dogwatch deliver`: hands over a run's result, as a branch in the source repository or as a patch.

use super::context::{Context, Failure, open, unfit};
use super::diff::exact;
use crate::domain::RunId;
use crate::protocol::{DeliverAs, Reply, Request};
use crate::safe;
use crate::text::{Out, SafeText};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, such as r12
    run: RunId,
    /// The iteration; the last checkpoint by default
    iteration: Option<u32>,
    /// The branch's name in the source repository; dogwatch/run-N by default
    #[arg(short, long)]
    branch: Option<String>,
    /// Also where the branch there has other commits
    #[arg(short, long)]
    force: bool,
    /// Write a patch against the base to this new file instead; `-` is standard output
    #[arg(short, long, conflicts_with_all = ["branch", "force"])]
    patch: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let how = match &args.patch {
        Some(_) => DeliverAs::Patch,
        None => DeliverAs::Branch { name: args.branch, force: args.force },
    };
    let reply = context.ask(Request::Deliver { run: args.run, iteration: args.iteration, how }).await?;
    match (reply, args.patch) {
        (Reply::Delivered { branch, source, commit, before, verified }, None) => {
            if args.json {
                context.json(&json!({
                    "run": args.run, "branch": branch, "source": source, "commit": commit, "before": before,
                    "verified": verified
                }))?;
            } else {
                let was = before.filter(|before| *before != commit);
                let was = was.map_or_else(SafeText::empty, |before| safe!("; it was at {}", before));
                context.say(&safe!("branch {} in {} is at {}{}{}", branch, source, commit, was, doubt(verified)))?;
            }
        }
        (Reply::Handed { bytes, commit, verified }, Some(file)) if file.as_os_str() == "-" => {
            if args.json {
                context.json(&json!({ "run": args.run, "patch": bytes, "commit": commit, "verified": verified }))?;
            } else {
                if !verified {
                    // Not among the bytes of the patch, and before them: whoever applies them may not wait for more.
                    open(Out::stderr().line(&safe!("dogwatch: commit {}{}", commit, doubt(verified)))?)?;
                }
                open(context.out.raw_bytes(&exact(&bytes)?)?)?;
            }
        }
        (Reply::Handed { bytes, commit, verified }, Some(file)) => {
            let patch = exact(&bytes)?;
            let failed = |error| Failure::new(format!("{}: {error}; choose a new file", file.display()));
            let mut to = std::fs::File::create_new(&file).map_err(failed)?;
            to.write_all(&patch).map_err(failed)?;
            if args.json {
                let (name, bytes) = (file.to_string_lossy(), patch.len());
                let told = json!({
                    "run": args.run, "file": name, "bytes": bytes, "commit": commit, "verified": verified
                });
                context.json(&told)?;
            } else {
                let doubt = doubt(verified);
                context.say(&safe!("{} bytes in {}; apply them with `git apply`{}", patch.len(), file, doubt))?;
            }
        }
        _ => return unfit(),
    }
    Ok(0)
}

/// What there is to say of a result that no run succeeded with.
fn doubt(verified: bool) -> &'static str {
    if verified { "" } else { "; not verified: the run has not succeeded with it" }
}
