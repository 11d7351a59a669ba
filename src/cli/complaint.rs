//! What went wrong, and pages of help: in words for people, in JSON where `--json` is given.

use super::context::{Alarmed, Failure};
use crate::safe;
use crate::text::{Flow, Out, SafeText, exact, report_text};
use clap::error::ErrorKind;
use serde_json::json;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// Whether the arguments ask for JSON. They are looked at as they are, since those that cannot be understood count too.
pub fn json_wanted(args: impl Iterator<Item = OsString>) -> bool {
    args.take_while(|arg| arg != "--").any(|arg| arg == "--json")
}

/// A message of several lines keeps them; the further ones are set in, so that none passes for a message of its own.
fn worded(message: &str) -> Vec<SafeText> {
    let mut lines = message.split('\n');
    let first = lines.next().unwrap_or_default();
    std::iter::once(safe!("error: {}", first)).chain(lines.map(|line| safe!("  {}", line))).collect()
}

/// Prints why a subcommand failed; returns its exit code.
pub fn complain(why: &color_eyre::Report, json: bool) -> i32 {
    let (failure, alarm) = match why.downcast_ref::<Alarmed>() {
        Some(Alarmed { failure, alarm }) => (Some(failure), Some(alarm.as_str())),
        None => (why.downcast_ref::<Failure>(), None),
    };
    let (code, mut lines) = match failure {
        Some(failure) if failure.message.is_empty() => return failure.code,
        Some(failure) if json => return as_json(failure.code, &failure.message, alarm),
        Some(failure) => (failure.code, worded(&failure.message)),
        None if json => return as_json(1, &format!("{why:#}"), None),
        None => (1, report_text(&format!("{why:?}"))),
    };
    lines.extend(alarm.into_iter().flat_map(worded));
    let mut err = Out::stderr();
    for line in lines {
        if !matches!(err.line(&line), Ok(Flow::Written)) {
            break;
        }
    }
    code
}

/// One line for scripts; returns the exit code.
fn as_json(code: i32, message: &str, alarm: Option<&str>) -> i32 {
    let error = match alarm {
        Some(alarm) => json!({ "error": { "code": code, "message": message, "alarm": alarm } }),
        None => json!({ "error": { "code": code, "message": message } }),
    };
    // The exit code says it too, should nobody listen.
    let _told = Out::stderr().json(&error);
    code
}

/// An argument in the exact form, in which nothing is hidden and no line begins.
pub fn exactly(arg: &OsString) -> OsString {
    // Between quotes, as messages have it, so that blanks at its ends stay.
    let quoted = [b"'".as_slice(), arg.as_bytes(), b"'"].concat();
    let shown = exact::encode(&quoted).plain();
    shown.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(&shown).into()
}

/// Prints what clap has to say: help and version to standard output, mistakes to standard error. `quoted` is the mistake over arguments
/// in the exact form, where that makes the same one.
pub fn usage(error: &clap::Error, quoted: Option<&clap::Error>, json: bool) -> i32 {
    let text = quoted.unwrap_or(error).render().to_string();
    if json && error.use_stderr() {
        return as_json(error.exit_code(), text.trim_end(), None);
    }
    let ours = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    let lines = match quoted {
        _ if ours => help(&text),
        Some(_) => text.lines().map(mistake).collect(),
        None => worded(text.trim_end().trim_start_matches("error: ")),
    };
    let printed = if error.use_stderr() { Out::stderr().lines(&lines) } else { Out::stdout().lines(&lines) };
    if printed.is_err() { 1 } else { error.exit_code() }
}

/// A line of clap in which arguments are quoted in the exact form already.
fn mistake(line: &str) -> SafeText {
    let words = line.trim_start_matches(' ');
    let indent = SafeText::empty().pad_left(line.len() - words.len());
    // What was not quoted so is shown as it stands.
    let bytes = exact::decode(words).unwrap_or_else(|_| words.as_bytes().to_vec());
    safe!("{}{}", indent, exact::encode(&bytes))
}

/// A page of help as lines. It quotes nothing from outside, so its columns may stay blank where the exact form would count
/// the blanks.
pub fn help(text: &str) -> Vec<SafeText> {
    text.lines()
        .map(|line| {
            let mut shown = SafeText::empty();
            let mut rest = line;
            while !rest.is_empty() {
                let words = rest.trim_start_matches(' ');
                shown.push(&SafeText::empty().pad_left(rest.len() - words.len()));
                let end = words.find("  ").unwrap_or(words.len());
                let (head, tail) = words.split_at_checked(end).unwrap_or((words, ""));
                shown.push(&safe!("{}", head));
                rest = tail;
            }
            shown
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{SafeText, help, json_wanted, worded};

    #[test]
    fn further_lines_of_a_message_pass_for_no_message_of_their_own() {
        let lines: Vec<String> = worded("one\nerror: two\u{1b}[2J").iter().map(SafeText::plain).collect();
        assert_eq!(lines, ["error: one", "  error: two\\e[2J"]);
    }

    #[test]
    fn json_is_asked_for_anywhere_before_two_dashes() {
        let wanted = |args: &[&str]| json_wanted(args.iter().map(Into::into));
        assert!(wanted(&["dogwatch", "nonsense", "--json"]));
        assert!(!wanted(&["dogwatch", "run", "--", "--json"]));
        assert!(!wanted(&["dogwatch", "run", "say --json"]));
    }

    #[test]
    fn columns_of_help_stay_and_controls_do_not() {
        let lines = help("  ps           List\n\n  x\u{1b}[2J         y");
        let lines: Vec<String> = lines.iter().map(SafeText::plain).collect();
        assert_eq!(lines, ["  ps           List", "", "  x\\e[2J         y"]);
    }
}
