//! The replay agent: applies a prepared sequence of edits instead of asking a model. It is for trying dogwatch out and for
//! testing it, and is named as such wherever it shows. The edits are made inside the container by the same executable
//! that is the container's PID 1, so that any image will do.

mod tool;

use super::ending_line::EndingLine;
use super::script::{Edit, Entry, Script};
use super::{Agent, Turn, TurnContext, TurnReader};
use crate::domain::GUIDANCE_HEADING;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The adapter's name.
pub const NAME: &str = "replay";
/// Where the sandbox puts this executable.
const EXECUTABLE: &str = "/dogwatch/bin/dogwatch";

/// The adapter over a script.
#[derive(Debug, Clone)]
pub struct ReplayAgent {
    script: Script,
    /// Where the tools of its run are, if it has any.
    tools: Option<String>,
}

impl ReplayAgent {
    /// An agent that replays this script.
    pub fn new(script: Script) -> Self {
        Self { script, tools: None }
    }

    /// The same, of a run that has tools of the engine's at this URL.
    pub fn with_tools(self, url: String) -> Self {
        Self { tools: Some(url), ..self }
    }
}

impl Agent for ReplayAgent {
    fn name(&self) -> &str {
        NAME
    }

    fn turn(&self, context: &TurnContext<'_>) -> Turn {
        let guided = context.prompt.starts_with(GUIDANCE_HEADING);
        let entry = if context.audit {
            self.script.audit(context.iteration)
        } else {
            self.script.entry(context.iteration, guided)
        };
        let stdin = serde_json::to_vec(&entry).unwrap_or_default();
        let words = [EXECUTABLE, "replay-edits"].map(str::to_owned);
        Turn {
            argv: words.into_iter().chain(self.tools.clone()).collect(),
            env: BTreeMap::new(),
            stdin,
            open_until: None,
        }
    }

    fn steer(&self, _number: u32, _guidance: &str) -> Option<Vec<u8>> {
        None
    }

    fn reader(&self, _context: &TurnContext<'_>) -> Box<dyn TurnReader> {
        Box::<EndingLine>::default()
    }
}

/// The program inside the container, over its standard streams; its first word says where tools are.
pub fn main(args: &[OsString]) -> i32 {
    let tools = args.first().and_then(|word| word.to_str());
    // Its standard output is a pipe to the shim, never a terminal.
    act(&mut io::stdin().lock(), &mut io::stdout().lock(), tools)
}

/// Reads an entry on standard input, applies it below the working directory, prints
/// what it does, and returns the exit code.
fn act(input: &mut dyn Read, output: &mut dyn Write, tools: Option<&str>) -> i32 {
    match replay(input, output, tools) {
        Ok(code) => code,
        Err(error) => {
            // The output is a pipe to the shim; if even that is gone, the exit code still tells.
            drop(writeln!(output, "replay: {error}"));
            1
        }
    }
}

fn replay(input: &mut dyn Read, output: &mut dyn Write, tools: Option<&str>) -> io::Result<i32> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let entry: Entry = serde_json::from_slice(&text)?;
    writeln!(output, "replay agent: applies prepared edits, no model is asked")?;
    if !entry.say.is_empty() {
        writeln!(output, "{}", entry.say)?;
    }
    for edit in &entry.edits {
        apply(edit, output, tools)?;
    }
    if entry.sleep > 0 {
        writeln!(output, "sleeps for {} s", entry.sleep)?;
        output.flush()?;
        std::thread::sleep(Duration::from_secs(u64::from(entry.sleep)));
    }
    let ending = match entry.claims.as_deref() {
        Some("done") => Some("claims_done"),
        Some("gave_up") => Some("gave_up"),
        _ => None,
    };
    if let Some(ending) = ending {
        writeln!(output, "{{\"dogwatch\":{{\"ending\":\"{ending}\",\"detail\":\"replay script\"}}}}")?;
    }
    output.flush()?;
    Ok(entry.exit)
}

/// A path below the working directory, so that a slip in a script stays inside.
fn below(path: &str) -> io::Result<PathBuf> {
    let path = Path::new(path);
    if path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(path.to_owned());
    }
    Err(io::Error::other(format!("path {} must be relative and without `..`", path.display())))
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn apply(edit: &Edit, output: &mut dyn Write, tools: Option<&str>) -> io::Result<()> {
    match edit {
        Edit::Replace { path, replace } => {
            let place = below(path)?;
            let text = fs::read_to_string(&place).map_err(|error| io::Error::other(format!("{path}: {error}")))?;
            let times = text.matches(&replace.old).count();
            if times != 1 {
                return Err(io::Error::other(format!("{path}: the old text is there {times} times, expected once")));
            }
            fs::write(&place, text.replacen(&replace.old, &replace.new, 1))?;
            writeln!(output, "edited {path}")
        }
        Edit::Write { path, write, mode } => {
            let place = below(path)?;
            make_parent(&place)?;
            fs::write(&place, write)?;
            if let Some(mode) = mode {
                let bits = u32::from_str_radix(mode, 8).map_err(io::Error::other)?;
                fs::set_permissions(&place, fs::Permissions::from_mode(bits))?;
            }
            writeln!(output, "wrote {path}")
        }
        Edit::Delete { path, .. } => {
            let place = below(path)?;
            let kind = fs::symlink_metadata(&place)?;
            let removed = if kind.is_dir() { fs::remove_dir_all(&place) } else { fs::remove_file(&place) };
            removed?;
            writeln!(output, "removed {path}")
        }
        Edit::Symlink { path, symlink: target } => {
            let place = below(path)?;
            make_parent(&place)?;
            if fs::symlink_metadata(&place).is_ok() {
                fs::remove_file(&place)?;
            }
            symlink(target, &place)?;
            writeln!(output, "linked {path}")
        }
        Edit::Run { run } => {
            let Some((program, arguments)) = run.split_first() else { return Ok(()) };
            writeln!(output, "runs {program}")?;
            output.flush()?;
            let status = Command::new(program).args(arguments).stdin(Stdio::null()).status()?;
            writeln!(output, "{program}: {status}")
        }
        Edit::Tool { tool, arguments } => {
            let Some(url) = tools else {
                return Err(io::Error::other(format!(
                    "there is no tool `{tool}`: this run has none that it could use"
                )));
            };
            let said = tool::call(url, tool, arguments)?;
            writeln!(output, "{tool}: {said}")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::agent::Session;

    #[test]
    fn paths_stay_below_the_working_directory() {
        assert!(below("a/b").is_ok());
        for bad in ["/etc/passwd", "../x", "a/../../x"] {
            assert!(below(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_turn_carries_the_entry_of_its_iteration() {
        let script = Script::parse(br#"{"replay":1,"iterations":[{"say":"one"},{"say":"two"}]}"#, "s").unwrap();
        let turn = ReplayAgent::new(script).turn(&TurnContext {
            iteration: 2,
            audit: false,
            prompt: "ignored",
            session: Session::New(""),
        });
        let mut output = Vec::new();
        assert_eq!(act(&mut turn.stdin.as_slice(), &mut output, None), 0);
        assert!(String::from_utf8(output).unwrap().contains("two"));
    }

    #[test]
    fn guidance_in_the_prompt_chooses_its_own_entry() {
        let script =
            Script::parse(br#"{"replay":1,"guided":{"say":"as told"},"iterations":[{"say":"alone"}]}"#, "s").unwrap();
        let said = |prompt: &str| {
            let context = TurnContext { iteration: 1, audit: false, prompt, session: Session::New("") };
            String::from_utf8(ReplayAgent::new(script.clone()).turn(&context).stdin).unwrap()
        };
        let quoted = crate::engine::prompt::quoted(["anything"].into_iter());
        assert!(said(&quoted).contains("as told"));
        // What comes from outside stands further down, whatever it says.
        assert!(said(&format!("# Task\n\n{quoted}")).contains("alone"));
    }

    #[test]
    fn who_has_no_tools_says_so() {
        let entry = br#"{"edits":[{"tool":"propose_execution","arguments":{"asset":"a"}}]}"#;
        let mut output = Vec::new();
        assert_eq!(act(&mut entry.as_slice(), &mut output, None), 1);
        assert!(String::from_utf8(output).unwrap().contains("this run has none"));
    }
}
