//! Another program gets the terminal for a while: `$PAGER` or `$EDITOR` with a file. What the variables hold is taken apart
//! into words as a shell does, but no shell sees them.

use super::export::Purpose;
use super::{Signals, Woken, stop};
use crate::safe;
use crate::text::SafeText;
use std::path::Path;
use tokio::process::Command;

/// Why the file was not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum PagerError {
    /// The variable cannot be read as words.
    #[error("{variable} is `{value}`: a quote in it is not closed")]
    Words {
        /// Its name.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// The program does not start.
    #[error("`{program}` cannot be started: {reason}; set {variable} to a program that is there")]
    Start {
        /// The program.
        program: String,
        /// Why.
        reason: std::io::Error,
        /// The variable that names it.
        variable: &'static str,
    },
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Shown {
    /// The terminal is ours again, and there may be something to say.
    Back(Option<SafeText>),
    /// The console has to end.
    Leave,
}

/// The program and its arguments, with the variable that names it.
fn program(purpose: Purpose, var: impl Fn(&str) -> Option<String>) -> Result<(Vec<String>, &'static str), PagerError> {
    let (variables, fallback): (&[&'static str], &str) = match purpose {
        Purpose::Editor => (&["VISUAL", "EDITOR"], "vi"),
        Purpose::Pager | Purpose::Copy => (&["PAGER"], "less"),
    };
    let set = variables.iter().find_map(|name| Some((*name, var(name).filter(|value| !value.trim().is_empty())?)));
    let (variable, value) = set.unwrap_or((variables.last().copied().unwrap_or("PAGER"), fallback.to_owned()));
    let words = shell_words::split(&value).map_err(|_| PagerError::Words { variable, value })?;
    Ok((words, variable))
}

/// Shows a file. The terminal must have been given back.
pub(super) async fn show(purpose: Purpose, path: &Path, signals: &mut Signals) -> Result<Shown, PagerError> {
    let (words, variable) = program(purpose, |name| std::env::var(name).ok())?;
    let (name, args) = words.split_first().map_or(("", [].as_slice()), |(name, args)| (name.as_str(), args));
    let start = |reason| PagerError::Start { program: name.to_owned(), reason, variable };
    let mut child = Command::new(name).args(args).arg(path).spawn().map_err(start)?;
    loop {
        tokio::select! {
            ended = child.wait() => return Ok(Shown::Back(match ended {
                Ok(status) if status.success() => None,
                Ok(status) => Some(safe!("{} ended with {}", name, status.to_string())),
                Err(error) => Some(safe!("{} is lost: {}", name, error.to_string())),
            })),
            woken = signals.next() => match woken {
                // The terminal stops both, the shell wakes both; the program gives the terminal back in its own time.
                Woken::Suspend if !stop::has_shell() => {}
                Woken::Suspend => if let Err(error) = stop::stop_alone() {
                    return Ok(Shown::Back(Some(safe!("{}", error.to_string()))));
                },
                // An interrupt is the program's own affair.
                Woken::Interrupt => {}
                _ => return Ok(Shown::Leave),
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_words_and_never_a_shell_s() {
        let of = |purpose, pairs: &[(&str, &str)]| {
            let found = program(purpose, |name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            });
            found.map(|(words, _)| words).map_err(|error| error.to_string())
        };
        assert_eq!(of(Purpose::Pager, &[]).unwrap(), ["less"]);
        assert_eq!(
            of(Purpose::Pager, &[("PAGER", "less -S '+/a b'; rm x")]).unwrap(),
            ["less", "-S", "+/a b;", "rm", "x"]
        );
        let both = [("VISUAL", "code --wait"), ("EDITOR", "vi")];
        assert_eq!(of(Purpose::Editor, &both).unwrap(), ["code", "--wait"]);
        assert_eq!(of(Purpose::Editor, &[("VISUAL", " "), ("EDITOR", "nano")]).unwrap(), ["nano"]);
        assert!(of(Purpose::Pager, &[("PAGER", "less '")]).unwrap_err().contains("not closed"));
    }
}
