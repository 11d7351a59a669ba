//! The exception that a record tells of: its root, the chain to it, and the stack.

use super::record::{is_panic, is_ruby_frame};
use crate::domain::{Frame, Location};
use crate::evidence::junit_problem::exception;
use crate::evidence::limits;
use crate::evidence::trace::{frames, place};

/// Links of a chain that are told.
const CHAIN: usize = 8;

/// An exception with what led to it.
#[derive(Debug, Default)]
pub struct Exception {
    /// The type of the one at the root.
    pub kind: String,
    /// Its message.
    pub message: String,
    /// The others of the chain, each as `Kind: message`.
    pub chain: Vec<String>,
    /// The stack of the root, and of the others behind it.
    pub stack: Vec<Frame>,
    /// The place, where it stands beside the message.
    pub location: Option<Location>,
}

/// A link of the chain while it is read.
struct Link {
    kind: String,
    message: String,
    location: Option<Location>,
    below: String,
}

/// What the first line and those below it tell.
pub fn read(head: &str, lines: &[String]) -> Option<Exception> {
    if is_panic(head) {
        return Some(go(head, lines));
    }
    if let Some((_, place)) = head.split_once(" panicked at ") {
        return Some(rust(place, lines));
    }
    let python =
        head.starts_with("Traceback (") || lines.iter().any(|line| line.trim_start().starts_with("Traceback ("));
    let mut all = if python { python_links(lines) } else { links(head, lines) };
    // Python tells the last one last, and so does PHP; all others tell the root last.
    let root = if head.contains("Uncaught ") && lines.iter().any(|line| line.starts_with("Stack trace:")) {
        (!all.is_empty()).then(|| all.remove(0))
    } else {
        all.pop()
    }?;
    let mut stack = frames(&root.below);
    for link in all.iter().rev().take(CHAIN) {
        stack.extend(frames(&link.below));
    }
    stack.truncate(limits::FRAMES);
    let chain = all.iter().rev().take(CHAIN).map(|link| format!("{}: {}", link.kind, link.message)).collect();
    Some(Exception { kind: root.kind, message: root.message, chain, stack, location: root.location })
}

fn go(head: &str, lines: &[String]) -> Exception {
    let words = head.split_once("panic: ").or_else(|| head.split_once("fatal error: ")).map(|(_, words)| words);
    let served =
        head.split_once(": panic serving ").and_then(|(_, rest)| rest.split_once(": ")).map(|(_, words)| words);
    // Only the first goroutine is the one that panicked.
    let mut goroutines = 0;
    let own = lines.iter().take_while(|line| {
        goroutines += u32::from(line.starts_with("goroutine "));
        goroutines < 2
    });
    let text: Vec<&str> = own.map(String::as_str).collect();
    Exception {
        kind: "panic".to_owned(),
        message: words.or(served).unwrap_or(head).to_owned(),
        stack: frames(&text.join("\n")),
        ..Exception::default()
    }
}

fn rust(rest: &str, lines: &[String]) -> Exception {
    // Until Rust 1.72 the message stood in quotes before the place.
    let old = rest.strip_prefix('\'').and_then(|rest| rest.rsplit_once("', "));
    let (location, message) = if let Some((message, at)) = old {
        (place(at), message.to_owned())
    } else {
        let message =
            lines.iter().take_while(|line| !line.starts_with("stack backtrace:") && !line.starts_with("note: "));
        (place(rest.trim_end_matches(':')), message.cloned().collect::<Vec<_>>().join("\n"))
    };
    Exception { kind: "panic".to_owned(), message, location, stack: frames(&lines.join("\n")), ..Exception::default() }
}

fn python_links(lines: &[String]) -> Vec<Link> {
    let mut found = Vec::new();
    let mut below = String::new();
    for line in lines {
        // Groups of exceptions have bars before them.
        let line = line.trim_start_matches([' ', '|', '+']).trim_start_matches('-');
        if line.starts_with("Traceback (") || line.starts_with("Exception Group Traceback (") {
            below.clear();
            continue;
        }
        let (word, message) = line.split_once(": ").unwrap_or((line, ""));
        if !below.is_empty() && !line.starts_with("File \"") && is_python_error(word) {
            found.push(Link {
                kind: word.to_owned(),
                message: message.to_owned(),
                location: None,
                below: std::mem::take(&mut below),
            });
            continue;
        }
        below.push_str(line);
        below.push('\n');
    }
    found
}

/// Any dotted name whose last part begins with a capital letter.
pub fn is_python_error(word: &str) -> bool {
    let last = word.rsplit('.').next().unwrap_or_default();
    word.len() <= limits::KIND_BYTES
        && last.starts_with(|c: char| c.is_ascii_uppercase())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b))
}

/// The exceptions of Java, JavaScript, .NET, Ruby and PHP, in the order in which they stand.
fn links(head: &str, lines: &[String]) -> Vec<Link> {
    let mut found: Vec<Link> = Vec::new();
    for (at, line) in std::iter::once(head).chain(lines.iter().map(String::as_str)).enumerate() {
        let trimmed = line.trim();
        let opened = if at == 0 { last_in(trimmed) } else { first_in(trimmed) };
        match opened {
            Some((kind, message)) if found.len() < CHAIN => {
                let (message, location) = with_place(message, trimmed);
                found.push(Link { kind, message, location, below: String::new() });
            }
            _ => {
                if let Some(link) = found.last_mut() {
                    link.below.push_str(line);
                    link.below.push('\n');
                }
            }
        }
        // Ruby's first line is its first frame.
        if is_ruby_frame(trimmed)
            && let Some(link) = found.last_mut()
            && link.below.is_empty()
        {
            link.below = format!("{}\n", trimmed.split(": ").next().unwrap_or(trimmed));
        }
    }
    found.retain(|link| !link.kind.is_empty());
    found
}

/// PHP's place behind the message: ` in /a.php:3`.
pub fn with_place(message: &str, line: &str) -> (String, Option<Location>) {
    if (line.contains("Uncaught ") || line.starts_with("Next "))
        && let Some((words, at)) = message.rsplit_once(" in ")
        && let Some(location) = place(at)
    {
        return (words.to_owned(), Some(location));
    }
    (message.to_owned(), None)
}

/// The exception that a line below begins with, behind the words that announce it.
fn first_in(line: &str) -> Option<(String, &str)> {
    let announced = ["Caused by: ", "[cause]: ", "---> ", "Next ", "Exception in thread ", "Unhandled exception. "];
    let line = announced.iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    ruby(line).or_else(|| {
        let (word, message) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        Some((exception(word.split(" [").next().unwrap_or(word))?, message))
    })
}

/// The exception that a log's line ends with, or names first.
fn last_in(line: &str) -> Option<(String, &str)> {
    if let Some(found) = ruby(line) {
        return Some(found);
    }
    for (at, _) in line.match_indices(':').take(32) {
        let front = line.get(..at)?;
        let word = front.rsplit([' ', '(', '[', '"']).next()?;
        let rest = line.get(at + 1..)?;
        if (rest.starts_with(' ') || rest.is_empty())
            && let Some(kind) = exception(word)
        {
            return Some((kind, rest.trim_start()));
        }
    }
    let last = line.rsplit(' ').next()?;
    Some((exception(last)?, ""))
}

/// `app.rb:5:in 'load': words (KeyError)` and `words (KeyError)`.
fn ruby(line: &str) -> Option<(String, &str)> {
    let (words, kind) = line.strip_suffix(')')?.rsplit_once(" (")?;
    let kind = exception(kind).or_else(|| kind.starts_with("Errno::").then(|| kind.to_owned()))?;
    let words = if is_ruby_frame(words) { words.split_once(": ").map_or("", |(_, words)| words) } else { words };
    Some((kind, words.rsplit_once(" : ").map_or(words, |(_, words)| words)))
}
