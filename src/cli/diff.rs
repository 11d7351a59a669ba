//! `dogwatch diff`: the changes of a run, or of one iteration of it. Without a terminal the patch comes out byte for byte, so
//! that `dogwatch diff r1 > x.patch; git apply x.patch` works.

use super::context::{Context, Failure, open, unfit};
use crate::client::ClientError;
use crate::domain::RunId;
use crate::protocol::{Bytes, Reply, Request};
use serde_json::json;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, such as r12
    run: RunId,
    /// One iteration; the whole run by default
    iteration: Option<u32>,
    /// Refuse to print on a terminal, where bytes are escaped
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// Print JSON: the patch as text, or in base64 where it is not UTF-8
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    context.raw_allowed(args.raw)?;
    let request = Request::Diff { run: args.run, iteration: args.iteration };
    let Reply::Patch { bytes } = context.ask(request).await? else { return unfit() };
    if args.json {
        context.json(&json!({ "run": args.run, "iteration": args.iteration, "patch": bytes }))?;
    } else {
        let patch = exact(&bytes)?;
        open(context.out.raw_bytes(&patch)?)?;
    }
    Ok(0)
}

/// The exact bytes behind a patch of the protocol.
pub fn exact(bytes: &Bytes) -> Result<Vec<u8>, Failure> {
    bytes.decode().ok_or_else(|| ClientError::Broken("the patch arrived damaged".to_owned()).into())
}
