//! Texts and small files that subcommands are given, on the command line, by a path or by standard input, all read alike.

use super::context::Failure;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Most bytes that are read of a text: more than any that the engine takes, so that it is the engine that says what is too long.
const LONGEST: u64 = 1024 * 1024;

/// A text as it was given; `-` stands for what is on standard input.
pub fn text(given: String) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given);
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| wrong(format!("standard input: {error}; it has to be text in UTF-8")))?;
    Ok(text)
}

/// A file's text, with so many bytes at most and one that shows whether there are more.
pub fn file(path: &Path, most: u64) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_string(&mut text));
    read.map_err(|error| {
        wrong(format!("{}: {error}; name a file of text in UTF-8 that you may read", path.display()))
    })?;
    Ok(text)
}

/// Says which file does not do, what the system said of it, and what to do.
pub fn unusable(path: &Path, remedy: &'static str) -> impl Fn(std::io::Error) -> Failure + use<> {
    let place = path.display().to_string();
    move |error| Failure::new(format!("{place}: {error}; {remedy}"))
}

/// What the command line alone is to blame for.
pub fn wrong(message: impl Into<String>) -> Failure {
    Failure { code: 2, message: message.into() }
}
