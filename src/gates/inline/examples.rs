//! The examples in Rust's documents, which are tests: fenced blocks in `///`, `//!`, `/** */` and `/*! */`.

/// Words behind a fence that leave the block a test in Rust. With any other it is a text in another language.
const RUST: [&str; 7] =
    ["rust", "should_panic", "no_run", "compile_fail", "test_harness", "allow_fail", "standalone_crate"];

/// Every example as written, with its fences and without what stands before the document's text.
pub(super) fn examples(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for document in documents(text) {
        let mut open: Option<(&str, bool, String)> = None;
        // Fences within markup are markup.
        let mut markup: Option<&str> = None;
        for line in document {
            let trimmed = line.trim();
            if let Some((fence, is_test, mut block)) = open.take() {
                block.push('\n');
                block.push_str(line);
                let closes = trimmed.starts_with(fence) && trimmed.trim_matches(fence_mark(fence)).is_empty();
                if !closes {
                    open = Some((fence, is_test, block));
                } else if is_test {
                    found.push(block);
                }
            } else if let Some(end) = markup {
                let ends = if end.is_empty() { trimmed.is_empty() } else { trimmed.contains(end) };
                markup = Some(end).filter(|_| !ends);
            } else if let Some(comment) = trimmed.strip_prefix("<!--") {
                markup = Some("-->").filter(|end| !comment.contains(end));
            } else if trimmed.starts_with('<') {
                markup = Some("");
            } else if let Some(fence) = fence(trimmed) {
                let words = trimmed.get(fence.len()..).unwrap_or_default();
                open = Some((fence, is_test(words), line.to_owned()));
            }
        }
        // A fence that is not closed reaches to the document's end.
        found.extend(open.filter(|(_, is_test, _)| *is_test).map(|(_, _, block)| block));
    }
    found
}

/// How often a text sets how its examples are run.
pub(super) fn settings(text: &str) -> usize {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    text.matches("doc(test(").count()
}

/// The lines of each document.
fn documents(text: &str) -> Vec<Vec<&str>> {
    let mut found: Vec<Vec<&str>> = Vec::new();
    let mut last = "";
    let mut in_block = false;
    for line in text.lines() {
        let line = line.trim_start();
        let mark = ["///", "//!"].into_iter().find(|mark| line.starts_with(mark) && !line.starts_with("////"));
        let opens = ["/**", "/*!"].into_iter().find(|mark| line.starts_with(mark) && !line.starts_with("/**/"));
        if in_block || opens.is_some() {
            let inside = opens.filter(|_| !in_block).and_then(|mark| line.strip_prefix(mark)).unwrap_or(line);
            let (inside, ended) = inside.split_once("*/").map_or((inside, false), |(inside, _)| (inside, true));
            if !in_block {
                found.push(Vec::new());
            }
            if let Some(document) = found.last_mut() {
                document.push(inside.strip_prefix('*').unwrap_or(inside));
            }
            in_block = !ended;
            last = "";
        } else if let Some((mark, inside)) = mark.and_then(|mark| Some((mark, line.strip_prefix(mark)?))) {
            match found.last_mut().filter(|_| last == mark) {
                Some(document) => document.push(inside),
                None => found.push(vec![inside]),
            }
            last = mark;
        } else {
            last = "";
        }
    }
    found
}

/// The fence at the front, at its full length.
fn fence(line: &str) -> Option<&str> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    line.get(..length).filter(|fence| fence.len() >= 3)
}

fn fence_mark(fence: &str) -> char {
    if fence.starts_with('~') { '~' } else { '`' }
}

/// Whether a block with these words behind its fence is compiled.
fn is_test(words: &str) -> bool {
    let mut words = words.split([',', ' ', '\t', '{', '}']).filter(|word| !word.is_empty()).peekable();
    words.all(|word| {
        RUST.contains(&word)
            || word.starts_with("edition")
            || (word.starts_with('E') && word.chars().skip(1).all(|c| c.is_ascii_digit()))
    })
}
