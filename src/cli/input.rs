//! Texts and small files that subcommands are given, on the command line, by a path or by standard input, all read alike.

use super::context::Failure;
use std::fs::File;
use std::io::{Read, Stdin};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most bytes that are read of a text: more than any that the engine takes, so that it is the engine that says what is too long.
const LONGEST: u64 = 1024 * 1024;

/// Whether standard input stands for something already: what is read once is empty for whoever reads it again.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Standard input, for the one thing that it stands for.
fn standard_input() -> Result<Stdin, Failure> {
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(wrong(
            "`-` is standard input, which is read for one thing alone: give the other in words or by a file",
        ));
    }
    Ok(std::io::stdin())
}

/// A text as it was given; `-` stands for what is on standard input, without the newline that ends its last line.
pub fn text(given: String) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given);
    }
    let mut text = String::new();
    let read = standard_input()?.lock().take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| wrong(format!("standard input: {error}; it has to be text in UTF-8")))?;
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).len());
    text.truncate(line.unwrap_or(text.len()));
    Ok(text)
}

/// What is read of a path; `-` stands for standard input. The outer failure is the command line's, the inner one the file's.
pub fn source(path: &Path) -> Result<std::io::Result<Box<dyn Read>>, Failure> {
    if path == Path::new("-") {
        return Ok(Ok(Box::new(standard_input()?)));
    }
    Ok(File::open(path).map(|file| Box::new(file) as Box<dyn Read>))
}

/// A file's text, with so many bytes at most and one that shows whether there are more.
pub fn file(path: &Path, most: u64) -> Result<String, Failure> {
    let mut text = String::new();
    let read = source(path)?.and_then(|file| file.take(most + 1).read_to_string(&mut text));
    read.map_err(|error| wrong(format!("{}: {error}; name a file of text in UTF-8 that you may read", named(path))))?;
    Ok(text)
}

/// What a path is called in messages.
pub fn named(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// A path as the engine is told of it; one that no text can name would be taken for another.
pub fn nameable(path: &Path) -> Result<String, Failure> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("{}: the path is not UTF-8; give it another name", path.display())))
}

/// Says which file does not do, what the system said of it, and what to do.
pub fn unusable(path: &Path, remedy: &'static str) -> impl Fn(std::io::Error) -> Failure + use<> {
    let place = named(path);
    move |error| Failure::new(format!("{place}: {error}; {remedy}"))
}

/// What the command line alone is to blame for.
pub fn wrong(message: impl Into<String>) -> Failure {
    Failure { code: 2, message: message.into() }
}
