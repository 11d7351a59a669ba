//! A small scanner over XML's tags: how deep they nest, and where a report that breaks off can be closed.

/// What a scan found.
#[derive(Debug, Default)]
pub struct Outline<'t> {
    /// The deepest nesting.
    pub depth: usize,
    /// Elements still open at the end.
    pub open: Vec<&'t str>,
    /// The end of the last element that closed directly inside a suite.
    pub whole: usize,
}

/// Scans as far as the tags are complete.
pub fn outline(text: &str) -> Outline<'_> {
    let mut found = Outline::default();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find('<')).map(|offset| at + offset) {
        let rest = text.get(start..).unwrap_or_default();
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")]
            .into_iter()
            .find(|(opening, _)| rest.starts_with(opening));
        let length = match skipped {
            Some((opening, closing)) => {
                rest.get(opening.len()..).and_then(|r| r.find(closing)).map(|n| opening.len() + n + closing.len())
            }
            None => tag_length(rest),
        };
        let Some(length) = length else { break };
        at = start + length;
        if skipped.is_some() {
            continue;
        }
        let tag = rest.get(1..length.saturating_sub(1)).unwrap_or_default();
        if tag.starts_with('/') {
            found.open.pop();
        } else {
            found.depth = found.depth.max(found.open.len() + 1);
            if !tag.ends_with('/') {
                found.open.push(tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default());
                if !tag.starts_with("testsuite") {
                    continue;
                }
            }
        }
        if found.open.last().is_some_and(|name| name.starts_with("testsuite")) {
            found.whole = at;
        }
    }
    found
}

/// The length of a tag with its angle brackets; quotes may hold a `>`.
fn tag_length(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The report up to its last whole element, with the open ones closed.
pub fn mend(text: &str) -> Option<String> {
    let whole = outline(text).whole;
    let mut kept = text.get(..whole).filter(|kept| !kept.is_empty())?.to_owned();
    let open: Vec<String> = outline(&kept).open.iter().rev().map(|name| format!("</{name}>")).collect();
    kept.extend(open);
    Some(kept)
}
