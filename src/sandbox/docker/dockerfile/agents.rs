//! Dockerfiles that agents write. The builder gives the steps of a build more than agents have (its default capabilities, no
//! bound on processes), and it fetches images past all walls. So of an agent's file only what copies and sets is taken, from
//! images that the run has, and what is sent to the builder is written anew from what was understood.

use super::{instructions, is_plain, is_stage};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Instructions that are passed on as they are: they set words of the image's configuration.
const SETTING: [&str; 8] = ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "STOPSIGNAL", "USER", "WORKDIR"];
/// Most instructions.
const MOST: usize = 200;
/// Longest instruction in bytes.
const LONGEST: usize = 8 * 1024;

/// The file as it is sent. `images` has the names that may stand after FROM, with what they stand for.
pub fn compose(text: &str, images: &BTreeMap<String, String>) -> Result<String, String> {
    if text.len() > super::LENGTH_MAX {
        return Err("the Dockerfile is too long".to_owned());
    }
    let all = instructions(text)?;
    if all.len() > MOST {
        return Err(format!("the Dockerfile has {} instructions; at most {MOST} are taken", all.len()));
    }
    let mut composed = Composed { images, text: String::new(), stages: 0, names: Vec::new() };
    for (number, line) in all {
        composed.take(line.trim()).map_err(|reason| format!("Dockerfile line {number}: {reason}"))?;
    }
    if composed.stages == 0 {
        return Err("the Dockerfile has no FROM".to_owned());
    }
    Ok(composed.text)
}

struct Composed<'a> {
    images: &'a BTreeMap<String, String>,
    text: String,
    stages: usize,
    names: Vec<String>,
}

impl Composed<'_> {
    fn take(&mut self, line: &str) -> Result<(), String> {
        if line.len() > LONGEST {
            return Err(format!("an instruction of more than {LONGEST} bytes"));
        }
        // Other kinds of space mean other things to other readers, and so do bytes that nobody sees.
        if line.chars().any(|c| c.is_control() && c != '\t' || c.is_whitespace() && c != ' ' && c != '\t') {
            return Err("it has characters that cannot be seen: write it with plain spaces".to_owned());
        }
        let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let (word, rest) = (word.to_ascii_uppercase(), rest.trim_matches([' ', '\t']));
        match word.as_str() {
            "FROM" => self.from(rest),
            _ if self.stages == 0 => Err("the first instruction must be FROM".to_owned()),
            "COPY" => self.copy(rest),
            "RUN" => Err(
                "RUN is not taken from agents: run it in a container with `container_run`, or in the service itself"
                    .to_owned(),
            ),
            "ADD" => Err("ADD is not taken from agents: use COPY".to_owned()),
            known if SETTING.contains(&known) => {
                self.put(known, rest);
                Ok(())
            }
            other => {
                let other = crate::domain::shortened(other, 40);
                Err(format!("{other} is not taken from agents: FROM, COPY, {} are", SETTING.join(", ")))
            }
        }
    }

    fn put(&mut self, word: &str, rest: &str) {
        // Writing to a string cannot fail.
        let _infallible = writeln!(self.text, "{word} {rest}");
    }

    fn from(&mut self, rest: &str) -> Result<(), String> {
        let words: Vec<&str> = rest.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        let (name, stage) = match words.as_slice() {
            [name] => (*name, None),
            [name, word, stage] if word.eq_ignore_ascii_case("as") => (*name, Some(*stage)),
            _ => return Err("FROM is written as FROM image or FROM image AS stage".to_owned()),
        };
        let earlier = self.names.iter().find(|stage| stage.eq_ignore_ascii_case(name)).cloned();
        let image = match (self.images.get(name), earlier) {
            (_, Some(stage)) => stage,
            (Some(image), None) => image.clone(),
            (None, None) if name == "scratch" => name.to_owned(),
            (None, None) => {
                let known: Vec<&str> = self.images.keys().map(String::as_str).collect();
                return Err(format!(
                    "there is no image {} for you: FROM takes {} and scratch",
                    crate::domain::shortened(name, 60),
                    known.join(", ")
                ));
            }
        };
        self.stages += 1;
        match stage {
            Some(stage) if !is_stage(stage) || self.images.contains_key(stage) || stage == "scratch" => {
                Err("a stage has a name of letters, digits, dots, dashes and underscores that no image has".to_owned())
            }
            Some(stage) => {
                self.names.push(stage.to_owned());
                self.put("FROM", &format!("{image} AS {stage}"));
                Ok(())
            }
            None => {
                self.put("FROM", &image);
                Ok(())
            }
        }
    }

    fn copy(&mut self, rest: &str) -> Result<(), String> {
        let (flags, paths) = super::flags(rest, &["from", "chown", "chmod"])?;
        for (name, value) in &flags {
            if *name != "from" {
                continue;
            }
            let stage = self.names.iter().any(|stage| stage.eq_ignore_ascii_case(value))
                || value.parse::<usize>().is_ok_and(|index| index + 1 < self.stages.max(1));
            if !is_plain(value) || !stage {
                return Err("COPY --from takes an earlier stage of this file".to_owned());
            }
        }
        if paths.contains("<<") {
            return Err("here-documents are not supported".to_owned());
        }
        self.put("COPY", rest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn images() -> BTreeMap<String, String> {
        [("run", "sha256:aa"), ("db", "sha256:bb")].map(|(name, id)| (name.to_owned(), id.to_owned())).into()
    }

    #[test]
    fn what_is_understood_is_written_anew() {
        let text = "# a comment\nfrom run as build\nCOPY a \\\n  b /x/\nFROM db\nCOPY --from=build --chown=1:1 /x /y\nENV A=1\n";
        let composed = compose(text, &images()).unwrap();
        assert_eq!(
            composed,
            "FROM sha256:aa AS build\nCOPY a   b /x/\nFROM sha256:bb\nCOPY --from=build --chown=1:1 /x /y\nENV A=1\n"
        );
    }

    #[test]
    fn nothing_is_fetched_and_nothing_is_run() {
        for (text, words) in [
            ("FROM docker.io/library/alpine", "no image docker.io/library/alpine"),
            ("FROM sha256:aa", "no image sha256:aa"),
            ("FROM RUN", "no image RUN"),
            ("FROM ${X}", "no image ${X}"),
            ("ARG X=run\nFROM $X", "the first instruction must be FROM"),
            ("FROM --platform=linux/arm64 run", "FROM is written as"),
            ("FROM run AS db", "that no image has"),
            ("FROM run\nRUN id", "RUN is not taken"),
            ("FROM run\nrun id", "RUN is not taken"),
            ("FROM run\nADD http://127.0.0.1/ /x", "ADD is not taken"),
            ("FROM run\nONBUILD RUN id", "ONBUILD is not taken"),
            ("FROM run\nVOLUME /data", "VOLUME is not taken"),
            ("FROM run\nSHELL [\"sh\"]", "SHELL is not taken"),
            ("FROM run\nARG X", "ARG is not taken"),
            ("FROM run\nHEALTHCHECK CMD id", "HEALTHCHECK is not taken"),
            ("FROM run\nCOPY --from=alpine / /x", "an earlier stage"),
            ("FROM run\nCOPY --from=0 / /x", "an earlier stage"),
            ("FROM run\nCOPY --from=$X / /x", "an earlier stage"),
            ("FROM run\nCOPY --mount=x / /x", "not known"),
            ("FROM run\nCOPY <<E /x\nRUN id\nE", "here-documents"),
            ("FROM run\nENV A=1\u{b}RUN id", "cannot be seen"),
            ("FROM run\nENV\u{a0}A=1", "cannot be seen"),
            ("FROM\u{2028}run", "cannot be seen"),
            ("FROM run\0", "cannot be seen"),
            ("ＦROM run", "the first instruction must be FROM"),
            ("# escape=`\nFROM run", "escape"),
            ("FROM run\nENV A=\\\\\nRUN id", "two backslashes"),
            ("", "no FROM"),
            ("FROM run\n  \\\nRUN id", "RUN"),
        ] {
            let error = compose(text, &images()).unwrap_err();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
