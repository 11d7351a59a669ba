//! Stack traces of Python, Rust, JavaScript, Go and the JVM, as they stand in text.

use super::limits::{self, head};
use super::trace_other;
use crate::domain::{Frame, Location};

/// The frames that the text shows, innermost first, bounded.
pub fn frames(text: &str) -> Vec<Frame> {
    let mut found = Vec::new();
    let mut python = false;
    let mut function: Option<String> = None;
    for line in text.lines() {
        if found.len() >= 4 * limits::FRAMES {
            break;
        }
        let trimmed = line.trim();
        // Most frames of most languages begin so, and no others do.
        let at = trimmed.starts_with("at ");
        if let Some(frame) = if at { None } else { python_frame(trimmed) } {
            python = true;
            found.push(frame);
        } else if let Some(frame) = trace_other::frame(trimmed) {
            found.push(frame);
        } else if let Some(frame) = at_frame(trimmed, function.as_ref()) {
            function = None;
            found.push(frame);
        } else if let Some(frame) = go_frame(line, function.as_ref()) {
            function = None;
            found.push(frame);
        } else {
            if let Some(name) = function.take() {
                found.push(Frame { function: Some(name), location: None });
            }
            function = rust_function(trimmed).or_else(|| go_function(line));
        }
    }
    if python {
        // Python tells the innermost call last.
        found.reverse();
    }
    found.truncate(limits::FRAMES);
    found
}

/// `path:line` or `path:line:column`.
pub fn place(text: &str) -> Option<Location> {
    let text = text.trim();
    let (front, last) = text.rsplit_once(':')?;
    let last = number(last)?;
    let (file, line, column) = match front.rsplit_once(':') {
        Some((file, middle)) if number(middle).is_some() => (file, number(middle), Some(last)),
        _ => (front, Some(last), None),
    };
    let file = file.strip_prefix("file://").unwrap_or(file);
    if file.is_empty() || file.contains(['\n', '"']) || file.starts_with(char::is_whitespace) {
        return None;
    }
    Some(Location { file: head(file, limits::NAME_BYTES).to_owned(), line, column })
}

/// The place in the project itself: the first frame that is not a library's, or else the first with a place.
pub fn telling(frames: &[Frame]) -> Option<Location> {
    let own = |frame: &&Frame| frame.location.as_ref().is_some_and(|l| !foreign(&l.file)) && !foreign_function(frame);
    frames.iter().find(own).or_else(|| frames.iter().find(|f| f.location.is_some())).and_then(|f| f.location.clone())
}

fn foreign(file: &str) -> bool {
    const PARTS: [&str; 11] = [
        "/rustc/",
        "node:",
        "site-packages/",
        "dist-packages/",
        "node_modules/",
        "/.cargo/registry/",
        "/lib/python",
        "<frozen",
        "/usr/lib/",
        "/usr/local/go/src/",
        "/go/pkg/mod/",
    ];
    file.starts_with('<') || file.contains("internal/") || PARTS.iter().any(|part| file.contains(part))
}

fn foreign_function(frame: &Frame) -> bool {
    const STARTS: [&str; 12] = [
        "java.",
        "javax.",
        "jdk.",
        "sun.",
        "org.junit.",
        "org.testng.",
        "org.apache.maven.",
        "kotlin.",
        "org.opentest4j.",
        "org.gradle.",
        "org.hamcrest.",
        "org.assertj.",
    ];
    frame.function.as_ref().is_some_and(|name| STARTS.iter().any(|start| name.starts_with(start)))
}

/// How the files of languages on the JVM end.
const JVM: [&str; 4] = ["java", "kt", "scala", "groovy"];

fn number(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn name(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| head(text, limits::NAME_BYTES).to_owned())
}

/// `File "a.py", line 3, in f`, and pytest's `a.py:3: in f`.
fn python_frame(line: &str) -> Option<Frame> {
    if let Some(rest) = line.strip_prefix("File \"") {
        let (file, rest) = rest.split_once("\", line ")?;
        let (line, function) = rest.split_once(", in ").map_or((rest, None), |(line, f)| (line, Some(f)));
        let location =
            Location { file: head(file, limits::NAME_BYTES).to_owned(), line: number(line.trim()), column: None };
        return Some(Frame { function: function.and_then(name), location: Some(location) });
    }
    if let Some((front, function)) = line.split_once(": in ") {
        return Some(Frame { function: name(function), location: Some(place(front)?) });
    }
    // Pytest's own style has the place of each level, and at the innermost one the exception's name.
    let (front, word) = line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, "")))?;
    let location = place(front).filter(|place| place.file.strip_suffix(".py").is_some())?;
    (!word.contains(' ')).then_some(Frame { function: None, location: Some(location) })
}

/// `❯ f a.js:3:4` of Vitest, `at f (a.js:3:4)`, `at a.js:3:4`, `at com.x.Y.f(Y.java:3)`, Rust's `at ./src/lib.rs:3:4` under its function.
fn at_frame(line: &str, function: Option<&String>) -> Option<Frame> {
    if let Some(rest) = line.strip_prefix("❯ ") {
        let (function, path) = rest.rsplit_once(' ').map_or((None, rest), |(function, path)| (name(function), path));
        return Some(Frame { function, location: Some(place(path)?) });
    }
    let rest = line.strip_prefix("at ")?;
    if let Some((front, inner)) = rest.rsplit_once('(')
        && let Some((inner, _)) = inner.rsplit_once(')')
    {
        let front = front.trim().trim_start_matches("async ");
        let location = place(inner);
        // The JVM writes its class loader and module before the class.
        let jvm = location.as_ref().and_then(|l| l.file.rsplit_once('.')).is_some_and(|(_, end)| JVM.contains(&end));
        let front = if jvm { front.rsplit('/').next().unwrap_or(front) } else { front };
        return Some(Frame { function: name(front), location });
    }
    let rest = rest.trim_start_matches("async ").trim_end_matches(" {");
    Some(Frame { function: function.cloned(), location: Some(place(rest)?) })
}

/// One line of node's TAP stack: `f (a.js:3:4)`, `async f (a.js:3:4)` or `a.js:3:4`.
pub fn tap_frame(line: &str) -> Option<Frame> {
    at_frame(&format!("at {}", line.trim()), None)
}

/// `   4: tiny::tests::fails`.
fn rust_function(line: &str) -> Option<String> {
    let (index, function) = line.split_once(": ")?;
    number(index)?;
    if function.contains(' ') && !function.starts_with('<') {
        return None;
    }
    name(function)
}

/// `main.f(0x1, 0x2)` at the start of a line, as Go writes it above the place.
fn go_function(line: &str) -> Option<String> {
    if line.starts_with(char::is_whitespace) || !line.ends_with(')') || line.contains("://") {
        return None;
    }
    let line = line.strip_prefix("created by ").unwrap_or(line);
    let (front, _) = line.rsplit_once('(')?;
    if !front.contains('.') || front.contains(' ') {
        return None;
    }
    name(front)
}

/// `\t/src/a.go:12 +0x1d` below its function.
fn go_frame(line: &str, function: Option<&String>) -> Option<Frame> {
    let rest = line.trim_start();
    if rest.len() == line.len() {
        return None;
    }
    let (front, _) = rest.split_once(" +0x").unwrap_or((rest, ""));
    let location = place(front).filter(|l| l.file.strip_suffix(".go").or(l.file.strip_suffix(".s")).is_some())?;
    Some(Frame { function: Some(function?.clone()), location: Some(location) })
}
