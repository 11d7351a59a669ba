//! `dogwatch completions`: a script by which a shell completes our words.

use super::context::{Context, Failure, open};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub fn perform(mut context: Context, args: &Args, mut command: clap::Command) -> Result<i32, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "dogwatch", &mut script);
    open(context.out.raw_bytes(&script)?)?;
    Ok(0)
}
