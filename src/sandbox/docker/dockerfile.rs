//! What a Dockerfile would fetch, so that a build needs nothing but allowed images.
//!
//! A build runs without network, but the builder itself still fetches base images and the addresses that `ADD` names, and
//! it does so from the host. So every image is named before the build, and every other fetch is refused. This reader
//! understands just enough of the format for that: comments, continued lines, stages and `ARG`
//! before the first `FROM`. The builder takes quotes, escapes and variables out of words in more ways than one, so where
//! they could make an image or an address this reader does not interpret them: it refuses.

mod agents;

pub(super) use agents::compose;

use std::collections::{BTreeMap, BTreeSet};

/// Longest Dockerfile that is looked at, in bytes.
const LENGTH_MAX: usize = 1 << 20;
/// Instructions that fetch nothing.
const HARMLESS: [&str; 14] = [
    "ARG",
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// The images that a Dockerfile builds upon. The error says which line cannot be allowed and why.
pub(super) fn images(text: &str) -> Result<Vec<String>, String> {
    if text.len() > LENGTH_MAX {
        return Err("the Dockerfile is too long".to_owned());
    }
    let mut found = Found::default();
    for (number, line) in instructions(text)? {
        found.take(&line).map_err(|reason| format!("Dockerfile line {number}: {reason}"))?;
    }
    if found.stages == 0 {
        return Err("the Dockerfile has no FROM".to_owned());
    }
    Ok(found.images)
}

/// Checks the instructions that a base image has left for images built upon it (`ONBUILD`).
pub(super) fn check_triggers(triggers: &[String]) -> Result<(), String> {
    let mut found = Found { stages: 1, ..Found::default() };
    triggers.iter().try_for_each(|trigger| found.take(trigger))?;
    match found.images.first() {
        Some(image) => Err(format!("its ONBUILD instructions need a further image, {image}")),
        None => Ok(()),
    }
}

#[derive(Default)]
struct Found {
    images: Vec<String>,
    names: Vec<String>,
    arguments: BTreeMap<String, String>,
    seen: BTreeSet<String>,
    stages: usize,
}

impl Found {
    fn take(&mut self, line: &str) -> Result<(), String> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let instruction = word.to_ascii_uppercase();
        if matches!(instruction.as_str(), "RUN" | "COPY" | "ADD") && has_heredoc(line) {
            return Err("here-documents are not supported by the classic builder; use COPY or a script".to_owned());
        }
        match instruction.as_str() {
            "FROM" => self.from(rest),
            "ARG" if self.stages == 0 => self.argument(rest),
            "COPY" => self.copy(rest),
            "ADD" => add(rest),
            "RUN" if rest.starts_with("--") => {
                Err("flags of RUN (mounts, network, security) are not supported; write the command alone".to_owned())
            }
            // What an image leaves for later ones also runs for a later stage of this file.
            "ONBUILD" if rest.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("ONBUILD")) => {
                Err("ONBUILD within ONBUILD, which Docker refuses as well".to_owned())
            }
            "ONBUILD" => self.take(rest),
            known if HARMLESS.contains(&known) => Ok(()),
            _ => Err(format!("the instruction {} is not known to this dogwatch", super::link::shorten(word))),
        }
    }

    fn from(&mut self, rest: &str) -> Result<(), String> {
        let (_, rest) = flags(rest, &["platform"])?;
        let words: Vec<&str> = rest.split_ascii_whitespace().collect();
        let (name, stage) = match words.as_slice() {
            [name] => (*name, None),
            [name, word, stage] if word.eq_ignore_ascii_case("as") => (*name, Some(*stage)),
            _ => return Err("FROM is written as FROM image or FROM image AS stage".to_owned()),
        };
        let name = self.expand(name)?;
        let earlier = self.names.iter().any(|stage| stage.eq_ignore_ascii_case(&name));
        if !earlier && name != "scratch" {
            self.images.push(name);
        }
        self.stages += 1;
        if let Some(stage) = stage {
            if !is_stage(stage) {
                return Err("a stage has a name of letters, digits, dots, dashes and underscores".to_owned());
            }
            self.names.push(stage.to_owned());
        }
        Ok(())
    }

    /// A global argument, which may become part of an image's name.
    fn argument(&mut self, rest: &str) -> Result<(), String> {
        let (name, value) = rest.split_once('=').map_or((rest, None), |(name, value)| (name, Some(value)));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
            return Err("an ARG before the first FROM is written as ARG NAME=value, one a line".to_owned());
        }
        if is_of_the_builder(name) {
            return Err(format!("the builder has a value of its own for ARG {name}; take another name"));
        }
        if !self.seen.insert(name.to_owned()) {
            return Err(format!("ARG {name} is there twice before the first FROM; keep one of them"));
        }
        let Some(value) = value else { return Ok(()) };
        // Quotes around the whole of a plain value change nothing.
        let inner = ['"', '\''].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote));
        let value = self.expand(inner.unwrap_or(value))?;
        self.arguments.insert(name.to_owned(), value);
        Ok(())
    }

    fn copy(&mut self, rest: &str) -> Result<(), String> {
        let (flags, _) = flags(rest, &["from", "chown", "chmod", "link", "parents", "exclude"])?;
        for (_, from) in flags.into_iter().filter(|(name, _)| *name == "from") {
            if !is_plain(from) {
                return Err("COPY --from cannot be checked; write the name itself".to_owned());
            }
            let stage = self.names.iter().any(|stage| stage.eq_ignore_ascii_case(from))
                || from.parse::<usize>().is_ok_and(|index| index < self.stages);
            if !stage {
                self.images.push(from.to_owned());
            }
        }
        Ok(())
    }

    /// Puts the defaults of global arguments in; no other expansion is understood.
    fn expand(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (name, tail) = if let Some(braced) = after.strip_prefix('{') {
                braced.split_once('}').ok_or("a variable is not closed")?
            } else {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at(end)
            };
            let value = self
                .arguments
                .get(name)
                .ok_or_else(|| format!("the variable `{name}` has no plain default in an ARG before the first FROM"))?;
            out.push_str(value);
            rest = tail;
        }
        out.push_str(rest);
        if is_plain(&out) {
            Ok(out)
        } else {
            Err("only plain names and values can be checked, without quotes, escapes or spaces".to_owned())
        }
    }
}

/// Whether a text is the same to every reader: nothing but what names of images and versions are made of.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "._/:@+-".contains(c))
}

/// Whether builders may give an argument a value of their own.
fn is_of_the_builder(name: &str) -> bool {
    let platform = name.strip_prefix("BUILD").or_else(|| name.strip_prefix("TARGET"));
    platform.is_some_and(|part| ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"].contains(&part))
        || name == "TARGETSTAGE"
        || name.starts_with("BUILDKIT_")
}

/// Whether a text can name a stage, by Docker's own rule.
fn is_stage(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// A flag's name and value.
type Flag<'a> = (&'a str, &'a str);

/// Takes the flags off the front of an instruction, names and values. Only known ones, and only values that the builder
/// cannot read as more than one word; names of users may come from variables, which are put in later.
fn flags<'a>(text: &'a str, known: &[&str]) -> Result<(Vec<Flag<'a>>, &'a str), String> {
    let mut all = Vec::new();
    let mut rest = text;
    while rest.starts_with("--") {
        // Any other space is part of the word here, and refused below.
        let ends = |c: char| c.is_ascii_whitespace() || c == '\u{b}';
        let (word, tail) = rest.split_once(ends).unwrap_or((rest, ""));
        let flag = word.trim_start_matches('-');
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        if !known.contains(&name) {
            return Err(format!("the flag {} is not known to this dogwatch", super::link::shorten(word)));
        }
        let variable = matches!(name, "chown" | "chmod");
        if !value
            .chars()
            .all(|c| is_plain(c.encode_utf8(&mut [0; 4])) || "*,".contains(c) || variable && "${}".contains(c))
        {
            return Err(format!("the flag --{name} cannot be checked; write its value without quotes and variables"));
        }
        all.push((name, value));
        rest = tail.trim_start();
    }
    Ok((all, rest))
}

/// The builder fetches addresses itself, past the missing network. Every address has a colon, or begins as GitHub's do.
fn add(rest: &str) -> Result<(), String> {
    let (_, rest) = flags(rest, &["chown", "chmod", "link"])?;
    let words: Vec<String> = match serde_json::from_str(rest) {
        Ok(words) => words,
        // In this form the builder takes quotes away.
        Err(_) if rest.contains('"') => return Err("ADD with quotes cannot be checked; use COPY".to_owned()),
        Err(_) => rest.split_whitespace().map(str::to_owned).collect(),
    };
    // A variable, a quote or an escape may spell an address.
    if rest.contains(['$', '\\', '`', '\'']) || words.iter().any(|word| word.contains('"')) {
        return Err("ADD with variables, quotes or escapes cannot be checked; use COPY".to_owned());
    }
    if words.iter().any(|word| word.contains(':') || word.to_ascii_lowercase().starts_with("github.com")) {
        return Err("ADD of an address would fetch it past the walls; put the file into the repository".to_owned());
    }
    Ok(())
}

/// Whether a builder might take what follows the line for the body of a here-document. One begins with a word of its own;
/// whatever stands within arithmetic is a shift.
fn has_heredoc(line: &str) -> bool {
    line.match_indices("<<").any(|(at, _)| {
        let (before, after) = (line.get(..at).unwrap_or_default(), line.get(at + 2..).unwrap_or_default());
        let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let arithmetic = |c: char| c.is_ascii_alphanumeric() || "$()_+-*/%&|^~!=,<>".contains(c);
        let shift = word.contains("((") && word.chars().all(arithmetic);
        let named = !after.trim_start_matches('-').starts_with(|c: char| c == '<' || c.is_whitespace());
        named && !after.is_empty() && !before.ends_with('<') && !shift
    })
}

/// Lines with their continuations joined, without comments and empty lines, each with the number of its first line.
///
/// Engines differ in two places, and there this refuses: another escape character, and a line that ends in two of them.
fn instructions(text: &str) -> Result<Vec<(usize, String)>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut all = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut head = true;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end_matches([' ', '\t']);
        if let Some(comment) = line.trim().strip_prefix('#') {
            if head && sets_escape(comment) {
                return Err(format!("Dockerfile line {number}: another escape character is not supported"));
            }
            continue;
        }
        head = false;
        if line.trim().is_empty() {
            continue;
        }
        let (first, mut joined) = open.take().unwrap_or((number, String::new()));
        match line.strip_suffix('\\') {
            Some(part) if part.ends_with('\\') => {
                return Err(format!(
                    "Dockerfile line {number}: two backslashes at its end are not clear; change the line"
                ));
            }
            Some(part) => {
                joined.push_str(part);
                open = Some((first, joined));
            }
            None => {
                joined.push_str(line);
                all.push((first, joined));
            }
        }
    }
    all.extend(open);
    Ok(all)
}

fn sets_escape(comment: &str) -> bool {
    comment
        .split_once('=')
        .is_some_and(|(name, value)| name.trim().eq_ignore_ascii_case("escape") && value.trim() != "\\")
}

#[cfg(test)]
mod tests;
