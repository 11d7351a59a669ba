//! Rules for single values that both configuration files share. Each notes what is wrong and gives nothing then.

use super::command::CommandLine;
use super::reader::{Placed, Section, clip};
use super::units::{format_duration, format_size, parse_duration, parse_size};
use crate::agent::Adapter;
use ignore::gitignore::GitignoreBuilder;
use std::collections::BTreeMap;
use toml::de::DeValue;

/// A day: the longest that one step may take.
pub(super) const DAY: u64 = 86_400;
/// The most work that can be allowed.
pub(super) const YEAR: u64 = 365 * DAY;
/// The most model tokens that can be allowed.
pub(super) const MOST_TOKENS: u64 = 1_000_000_000_000;
const LONGEST_TEXT: usize = 64 * 1024;
const LONGEST_PATH: usize = 512;

/// A duration in seconds between 1 second and `most`.
pub(super) fn duration(section: &Section<'_, '_>, name: &str, most: u64) -> Option<u64> {
    let text = section.string(name)?;
    duration_text(section, name, &text, most)
}

/// The same for a text that was already taken out.
pub(super) fn duration_text(section: &Section<'_, '_>, name: &str, text: &Placed<String>, most: u64) -> Option<u64> {
    let Some(seconds) = parse_duration(&text.value) else {
        let kind = section.key(name).map_or("a duration", |key| key.kind);
        section.note(text.at, format!("`{name}` is \"{}\"; it must be {kind}", clip(&text.value)));
        return None;
    };
    if seconds == 0 || seconds > most {
        section.note(text.at, format!("`{name}` must lie between 1s and {}", format_duration(most)));
        return None;
    }
    Some(seconds)
}

/// A size in MiB.
pub(super) fn size(section: &Section<'_, '_>, name: &str, least: u64, most: u64) -> Option<u64> {
    let text = section.string(name)?;
    let Some(mebibytes) = parse_size(&text.value) else {
        let kind = section.key(name).map_or("a size", |key| key.kind);
        section.note(text.at, format!("`{name}` is \"{}\"; it must be {kind}", clip(&text.value)));
        return None;
    };
    if mebibytes < least || mebibytes > most {
        section.note(text.at, format!("`{name}` must lie between {} and {}", format_size(least), format_size(most)));
        return None;
    }
    Some(mebibytes)
}

/// An amount of money in dollars, as millionths.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0.01 and 1e6 dollars, checked")]
pub(super) fn microusd(section: &Section<'_, '_>, name: &str) -> Option<u64> {
    section.number(name, 0.01, 1_000_000.0).map(|usd| (usd * 1_000_000.0).round() as u64)
}

/// Thousandths of a number that was checked to be positive and small.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive and small, checked by whoever reads it"
)]
pub(crate) fn thousandths(number: f64) -> u64 {
    (number * 1000.0).round() as u64
}

/// A command: a string or a list of words.
pub(super) fn command(section: &Section<'_, '_>, name: &str) -> Option<CommandLine> {
    let value = section.value(name)?;
    let at = value.span().start;
    let command = match value.get_ref() {
        DeValue::String(line) => CommandLine::Shell(line.to_string()),
        DeValue::Array(_) => {
            CommandLine::Argv(section.strings(name)?.value.into_iter().map(|word| word.value).collect())
        }
        other => return section.wrong(name, value.span(), other),
    };
    let (empty, size, nul) = match &command {
        CommandLine::Shell(line) => (line.trim().is_empty(), line.len(), line.contains('\0')),
        CommandLine::Argv(words) => (
            words.first().is_none_or(String::is_empty),
            words.iter().map(String::len).sum(),
            words.iter().any(|word| word.contains('\0')),
        ),
    };
    if empty {
        section.note(at, format!("`{name}` names no program: write {}", super::schema::COMMAND));
        return None;
    }
    if size > LONGEST_TEXT || nul {
        section.note(at, format!("`{name}` must have at most {LONGEST_TEXT} bytes and no NUL"));
        return None;
    }
    Some(command)
}

/// The name of a model, as a coding agent takes it.
pub(super) fn model(section: &Section<'_, '_>) -> Option<String> {
    let text = section.string("model")?;
    let fine = (1..=128).contains(&text.value.len())
        && text.value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.value.chars().all(|c| c.is_ascii_alphanumeric() || "._:/@-[]".contains(c));
    if !fine {
        section.note(
            text.at,
            format!(
                "`model` is \"{}\"; a model's name has 1 to 128 letters, digits and . _ : / @ - [ ]",
                clip(&text.value)
            ),
        );
        return None;
    }
    Some(text.value)
}

/// Further arguments for a coding agent.
pub(super) fn arguments(section: &Section<'_, '_>, adapter: Adapter) -> Vec<String> {
    let Some(list) = section.strings("arguments") else { return Vec::new() };
    let words: Vec<String> = list.value.into_iter().map(|word| word.value).collect();
    let size: usize = words.iter().map(String::len).sum();
    if size > LONGEST_TEXT || words.iter().any(|word| word.contains('\0')) {
        section.note(list.at, format!("`arguments` must have at most {LONGEST_TEXT} bytes and no NUL"));
    }
    if let Some(option) = adapter.refuses(&words) {
        let (option, name) = (clip(option), adapter.name());
        section.note(
            list.at,
            format!("`arguments` has \"{option}\", which the engine sets for {name} itself: leave it out"),
        );
    }
    words
}

/// Environment variables.
pub(super) fn env(section: &Section<'_, '_>) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (key, value) in section.string_table("env") {
        let word = clip(&key.value);
        let starts_well = key.value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts_well || !key.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || key.value.len() > 256 {
            section.note(
                key.at,
                format!("`{word}` cannot be an environment variable: use letters, digits and _, no digit first"),
            );
        } else if key.value.starts_with("DOGWATCH_") {
            section.note(key.at, format!("`{word}` is taken: names that start with DOGWATCH_ belong to the engine"));
        } else if value.value.contains('\0') || value.value.len() > LONGEST_TEXT {
            section.note(value.at, format!("the value of `{word}` must have at most {LONGEST_TEXT} bytes and no NUL"));
        } else {
            variables.insert(key.value, value.value);
        }
    }
    variables
}

/// One word of a fixed set.
pub(super) fn one_of(section: &Section<'_, '_>, name: &str, known: &[&'static str]) -> Option<&'static str> {
    let text = section.string(name)?;
    if let Some(word) = known.iter().find(|word| **word == text.value) {
        return Some(word);
    }
    let remedy = match super::suggest::nearest(&text.value, known.iter().copied()) {
        Some(word) => format!("did you mean \"{word}\"?"),
        None => format!("write one of {}", known.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ")),
    };
    section.note(text.at, format!("`{name}` cannot be \"{}\": {remedy}", clip(&text.value)));
    None
}

/// Whether a name is 1 to 32 lower-case letters, digits and dashes. Such a name is safe in paths and container names.
pub(super) fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
}

/// Notes a bad name; gives it back when it is good.
pub(super) fn name(section: &Section<'_, '_>, text: Placed<String>) -> Option<Placed<String>> {
    if is_name(&text.value) {
        return Some(text);
    }
    section.note(
        text.at,
        format!(
            "\"{}\" cannot be a name: use 1 to 32 lower-case letters, digits and dashes, no dash first",
            clip(&text.value)
        ),
    );
    None
}

/// A path inside the repository, cleaned: no leading `./`, no double or trailing slash. `.` for the top where `top` allows.
pub(super) fn inside(section: &Section<'_, '_>, name: &str, text: &Placed<String>, top: bool) -> Option<String> {
    match clean(&text.value) {
        Ok(path) if path == "." && !top => {
            section.note(text.at, format!("`{name}` cannot be the top of the repository: name something inside it"));
            None
        }
        Ok(path) => Some(path),
        Err(rule) => {
            section.note(text.at, format!("`{name}` is \"{}\"; {rule}", clip(&text.value)));
            None
        }
    }
}

/// A pattern by the rules of `.gitignore`, relative to the repository or a directory of it.
pub(super) fn pattern(section: &Section<'_, '_>, name: &str, text: &Placed<String>) -> Option<String> {
    let quoted = clip(&text.value);
    if text.value.starts_with(['!', '#']) {
        section.note(text.at, format!("`{name}` has \"{quoted}\"; a pattern cannot start with ! or #"));
        return None;
    }
    let path = inside(section, name, text, false)?;
    if let Err(error) = GitignoreBuilder::new("/").add_line(None, &path) {
        section.note(text.at, format!("`{name}` has \"{quoted}\", which is not a path pattern: {error}"));
        return None;
    }
    Some(path)
}

/// Where reports lie: a path with `*` and `?` inside its components, as the reader of reports has it.
pub(super) fn report(section: &Section<'_, '_>, name: &str, text: &Placed<String>) -> Option<String> {
    let path = inside(section, name, text, false)?;
    if path.contains("**") || path.split('/').count() > 32 || text.value.ends_with('/') {
        section.note(
            text.at,
            format!(
                "`{name}` is \"{}\"; it must name files by at most 32 components, with * and ? inside a component and without **",
                clip(&text.value)
            ),
        );
        return None;
    }
    Some(path)
}

/// Every pattern of a list.
pub(super) fn patterns(section: &Section<'_, '_>, name: &str) -> Vec<String> {
    let Some(list) = section.strings(name) else { return Vec::new() };
    list.value.iter().filter_map(|text| pattern(section, name, text)).collect()
}

fn clean(path: &str) -> Result<String, &'static str> {
    if path.is_empty() {
        return Err("it must not be empty");
    }
    if path.len() > LONGEST_PATH {
        return Err("it must have at most 512 bytes");
    }
    if path.chars().any(char::is_control) {
        return Err("it must not have control characters");
    }
    if path.starts_with('/') {
        return Err("it must be relative to the repository: leave out the leading /");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err("it must stay inside the repository: leave out ..");
    }
    if parts.first().is_some_and(|part| part.eq_ignore_ascii_case(".git")) {
        return Err("it must not reach into .git");
    }
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}
