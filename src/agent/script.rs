//! The file format of the replay agent: a prepared sequence of edits, one entry an iteration.

use serde::{Deserialize, Serialize};

/// Largest script that is read, in bytes.
const MAX_SCRIPT: usize = 16 * 1024 * 1024;

/// A script that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// Not the format.
    #[error("replay script {place}: {reason}; `dogwatch help repository` has the format")]
    Format {
        /// The file.
        place: String,
        /// What is wrong, with line and column.
        reason: String,
    },
}

/// A whole script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Version of the format: 1.
    pub replay: u32,
    /// What it does where a plan is wanted first; nothing where this is left out.
    #[serde(default)]
    pub plan: Option<Entry>,
    /// What it does where it is asked about a result: one entry an iteration, the last one repeats; nothing where this is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audits: Vec<Entry>,
    /// What it does instead once its prompt quotes guidance of an operator, whatever that says; as without it where this is left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guided: Option<Entry>,
    /// One entry an iteration; the last one repeats when the run needs more.
    pub iterations: Vec<Entry>,
}

/// What the replay agent does in one iteration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Entry {
    /// Printed before the edits.
    pub say: String,
    /// Done in order.
    pub edits: Vec<Edit>,
    /// What it claims at the end: `done`, `gave_up`, or nothing.
    pub claims: Option<String>,
    /// Its exit code.
    pub exit: i32,
    /// Seconds to wait after the edits, for trying out pause, cancel and time limits.
    pub sleep: u32,
}

/// One edit below the working directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Edit {
    /// Replace the one occurrence of a text.
    Replace {
        /// The file.
        path: String,
        /// Old and new text.
        replace: Replacement,
    },
    /// Write a whole file, making its directories.
    Write {
        /// The file.
        path: String,
        /// Its contents.
        write: String,
        /// Octal mode such as `755`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<String>,
    },
    /// Remove a file or a directory with all that is in it.
    Delete {
        /// The file.
        path: String,
        /// `true`.
        delete: bool,
    },
    /// Make a symbolic link.
    Symlink {
        /// The link.
        path: String,
        /// Where it points.
        symlink: String,
    },
    /// Run a program in the working directory.
    Run {
        /// Program and arguments.
        run: Vec<String>,
    },
    /// Use a tool of the engine's, where the run has it.
    Tool {
        /// Its name, such as `propose_execution`.
        tool: String,
        /// What it takes.
        #[serde(default)]
        arguments: serde_json::Value,
    },
}

/// Old and new text of a replacement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// Must be there exactly once.
    pub old: String,
    /// What takes its place.
    pub new: String,
}

impl Script {
    /// Reads a script; `place` names it in errors.
    pub fn parse(bytes: &[u8], place: &str) -> Result<Self, ScriptError> {
        let fault = |reason: String| ScriptError::Format { place: place.to_owned(), reason };
        if bytes.len() > MAX_SCRIPT {
            return Err(fault(format!("it is larger than {MAX_SCRIPT} bytes")));
        }
        let script: Self = serde_json::from_slice(bytes).map_err(|error| fault(error.to_string()))?;
        if script.replay != 1 {
            return Err(fault(format!("`replay` is {}, this dogwatch reads version 1", script.replay)));
        }
        if script.iterations.is_empty() {
            return Err(fault("`iterations` is empty: it needs at least one entry".to_owned()));
        }
        Ok(script)
    }

    /// The entry of an iteration (from 1), or that of the plan (0). `guided` says that the prompt quotes guidance.
    pub fn entry(&self, iteration: u32, guided: bool) -> Entry {
        if iteration == 0 {
            return self.plan.clone().unwrap_or_default();
        }
        if let (true, Some(entry)) = (guided, &self.guided) {
            return entry.clone();
        }
        of(&self.iterations, iteration)
    }

    /// The entry for the result of an iteration.
    pub fn audit(&self, iteration: u32) -> Entry {
        of(&self.audits, iteration)
    }
}

/// The entry of an iteration, the last one where there are fewer.
fn of(entries: &[Entry], iteration: u32) -> Entry {
    let index = usize::try_from(iteration.saturating_sub(1)).unwrap_or(usize::MAX);
    entries.get(index).or(entries.last()).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn entries_beyond_the_last_repeat_it() {
        let script = Script::parse(
            br#"{"replay":1,"iterations":[{"say":"a"},{"say":"b","edits":[{"path":"x","write":"y"}],"claims":"done"}]}"#,
            "s.json",
        )
        .unwrap();
        assert_eq!(script.entry(1, false).say, "a");
        assert_eq!(script.entry(9, true).say, "b");
    }

    #[test]
    fn what_people_say_has_its_own_entry() {
        let text = br#"{"replay":1,"guided":{"say":"as you wish"},"plan":{"say":"plan"},"iterations":[{"say":"a"}]}"#;
        let script = Script::parse(text, "s.json").unwrap();
        assert_eq!([1, 7].map(|number| script.entry(number, true).say), ["as you wish", "as you wish"]);
        assert_eq!([script.entry(1, false).say, script.entry(0, true).say], ["a", "plan"]);
    }

    #[test]
    fn results_are_looked_at_by_entries_of_their_own() {
        let text = br#"{"replay":1,"audits":[{"say":"no"},{"say":"yes"}],"iterations":[{"say":"a"}]}"#;
        let script = Script::parse(text, "s.json").unwrap();
        assert_eq!([1, 2, 9].map(|number| script.audit(number).say), ["no", "yes", "yes"]);
        let script = Script::parse(br#"{"replay":1,"iterations":[{"say":"a"}]}"#, "s.json").unwrap();
        assert_eq!(script.audit(1), Entry::default());
    }

    #[test]
    fn faults_name_the_place() {
        for bad in [
            "",
            "{",
            r#"{"replay":2,"iterations":[{}]}"#,
            r#"{"replay":1,"iterations":[]}"#,
            r#"{"replay":1,"iterations":[{"sya":""}]}"#,
        ] {
            let error = Script::parse(bad.as_bytes(), "s.json").unwrap_err().to_string();
            assert!(error.starts_with("replay script s.json: "), "{error}");
        }
    }
}
