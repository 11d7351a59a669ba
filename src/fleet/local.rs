//! This machine as an asset, for trying things out: the engine's own user runs what was approved.

use super::FleetFault;
use super::call::Call;
use super::talk::Talk;
use std::process::Stdio;

pub(super) fn call(call: &Call, input: Vec<u8>) -> Result<Talk, FleetFault> {
    let words = call.words();
    let failed = || FleetFault("the receipt's text does not start on this machine".to_owned());
    let (program, arguments) = words.split_first().ok_or_else(failed)?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| FleetFault(format!("{program} does not start: {error}")))?;
    let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else { return Err(failed()) };
    Ok(Talk::over(to, from, input, child))
}
