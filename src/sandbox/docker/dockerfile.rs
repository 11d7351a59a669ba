//! What a Dockerfile would fetch, so that a build needs nothing but allowed images.
//!
//! A build runs without network, but the builder itself still fetches base images and the addresses that `ADD` names, and
//! it does so from the host. So every image is named before the build, and every other fetch is refused. This reader
//! understands just enough of the format for that: comments, continued lines, stages and `ARG`
//! before the first `FROM`. Where it cannot be sure it refuses.

use std::collections::BTreeMap;

/// Longest Dockerfile that is looked at, in bytes.
const LENGTH_MAX: usize = 1 << 20;

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
    stages: usize,
}

impl Found {
    fn take(&mut self, line: &str) -> Result<(), String> {
        let mut words = line.split_whitespace();
        let instruction = words.next().unwrap_or_default().to_ascii_uppercase();
        let words: Vec<&str> = words.collect();
        if has_heredoc(line) {
            return Err("here-documents are not supported by the classic builder; use COPY or a script".to_owned());
        }
        match instruction.as_str() {
            "FROM" => self.from(&words),
            "ARG" if self.stages == 0 => self.argument(&words),
            "COPY" => self.copy(&words),
            "ADD" => add(&words),
            // What an image leaves for later ones also runs for a later stage of this file.
            "ONBUILD" if words.first().is_some_and(|word| word.eq_ignore_ascii_case("ONBUILD")) => {
                Err("ONBUILD within ONBUILD, which Docker refuses as well".to_owned())
            }
            "ONBUILD" => self.take(&words.join(" ")),
            _ => Ok(()),
        }
    }

    fn from(&mut self, words: &[&str]) -> Result<(), String> {
        let mut words = words.iter().skip_while(|word| word.starts_with("--"));
        let name = self.expand(words.next().ok_or("FROM names no image")?)?;
        let earlier = self.names.iter().any(|stage| stage.eq_ignore_ascii_case(&name));
        if !earlier && name != "scratch" {
            self.images.push(name);
        }
        self.stages += 1;
        if let (Some(word), Some(stage)) = (words.next(), words.next())
            && word.eq_ignore_ascii_case("as")
        {
            self.names.push((*stage).to_owned());
        }
        Ok(())
    }

    fn argument(&mut self, words: &[&str]) -> Result<(), String> {
        for word in words {
            if let Some((name, value)) = word.split_once('=') {
                let value = self.expand(value.trim_matches(['"', '\'']))?;
                self.arguments.insert(name.to_owned(), value);
            }
        }
        Ok(())
    }

    fn copy(&mut self, words: &[&str]) -> Result<(), String> {
        for from in words.iter().filter_map(|word| word.strip_prefix("--from=")) {
            if from.contains('$') {
                return Err("a variable in COPY --from cannot be checked; write the name".to_owned());
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
        if out.contains(['\\', '"', '\'']) {
            Err("quotes and escapes in names cannot be checked".to_owned())
        } else {
            Ok(out)
        }
    }
}

/// The builder fetches addresses itself, past the missing network.
fn add(words: &[&str]) -> Result<(), String> {
    let text = words.join(" ").to_lowercase();
    if text.contains("://") || text.contains("git@") {
        return Err("ADD of an address would fetch it past the walls; put the file into the repository".to_owned());
    }
    // A variable or an escape may spell an address.
    if text.contains(['$', '\\', '`']) {
        return Err("ADD with variables or escapes cannot be checked; use COPY".to_owned());
    }
    Ok(())
}

fn has_heredoc(line: &str) -> bool {
    line.match_indices("<<").any(|(at, _)| {
        let after = line.get(at + 2..).unwrap_or_default();
        let after = after.strip_prefix('-').unwrap_or(after);
        after.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '"' | '\''))
            && !line.get(..at).unwrap_or_default().ends_with('<')
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
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base_images_are_named() {
        let text = "# syntax=docker/dockerfile:1\nARG V=1.90\nFROM --platform=linux/amd64 rust:${V} AS build\n\
                    RUN cargo build \\\n # a comment\n  --release\nFROM scratch\nCOPY --from=build /x /x\n\
                    COPY --from=0 /y /y\nCOPY --from=nginx:1 /z /z\nfrom build\n";
        assert_eq!(images(text).unwrap(), ["rust:1.90", "nginx:1"]);
    }

    #[test]
    fn other_fetches_are_refused() {
        for bad in [
            "FROM a\nADD https://x.org/y /y",
            "FROM a\nADD --chown=1 HTTP://x.org/y /y",
            "FROM a\nADD git@github.com:x/y /y",
            "FROM a\nARG U\nADD $U /y",
            "FROM a\nADD htt\\\nps://x.org/y /y",
            "FROM a\nADD [\"htt\\u0070s://x\", \"/y\"]",
            "FROM a\nONBUILD ADD https://x.org/y /y",
            "FROM a\nONBUILD ONBUILD RUN true",
            "FROM $UNKNOWN",
            "ARG A=${B:-evil}\nFROM $A",
            "FROM a\nCOPY --from=$X /a /b",
            "FROM a\nRUN <<EOF\nx\nEOF",
            "# escape=`\nFROM a",
            "FROM a\nRUN x \\\u{a0}\nADD https://x /y",
            "FROM a\nRUN x \\\\\nADD https://x /y",
            "FROM a\nRUN x \\\r\r\nADD https://x /y",
            "FROM a\nAD\\\nD https://x /y",
            "RUN true",
            "",
        ] {
            assert!(images(bad).is_err(), "{bad:?}");
        }
        let error = images("FROM a\n\nADD https://x /y").unwrap_err();
        assert!(error.starts_with("Dockerfile line 3: "), "{error}");
    }

    #[test]
    fn shell_shifts_are_not_here_documents() {
        assert!(images("FROM a\nRUN echo $((1 << 2)) && cat <<< word").is_ok());
    }

    #[test]
    fn triggers_of_a_base_are_checked() {
        assert!(check_triggers(&["COPY . /src".into(), "RUN make".into()]).is_ok());
        assert!(check_triggers(&["ADD https://x/y /y".into()]).is_err());
        assert!(check_triggers(&["COPY --from=evil /x /y".into()]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn no_text_makes_it_panic(text in "(FROM|ADD|COPY|ARG|ONBUILD|[ $\\\\{}=<\"a:/\n#é-]){0,40}") {
            drop(images(&text));
        }
    }
}
