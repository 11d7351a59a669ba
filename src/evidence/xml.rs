//! A small scanner over XML's tags: how deep they nest, and where a report that breaks off can be closed.

use super::limits::XML_ATTRIBUTES;

/// What a scan found.
#[derive(Debug, Default)]
pub struct Outline<'t> {
    /// The deepest nesting.
    pub depth: usize,
    /// Elements still open at the end.
    pub open: Vec<&'t str>,
    /// The end of the last element that closed directly inside a suite.
    pub whole: usize,
    /// Where further documents begin, behind the first one.
    pub documents: Vec<usize>,
    /// Whether an element has more attributes, or more namespaces are in force, than a report ever needs.
    pub crowded: bool,
}

/// Scans as far as the tags are complete.
pub fn outline(text: &str) -> Outline<'_> {
    let mut found = Outline::default();
    let mut at = 0;
    let mut closed = false;
    // Namespaces that the open elements declare, and in all.
    let mut declared: Vec<usize> = Vec::new();
    let mut in_force = 0_usize;
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
        if closed && found.open.is_empty() && rest.starts_with("<?xml ") {
            found.documents.push(start);
            closed = false;
        }
        at = start + length;
        if skipped.is_some() {
            continue;
        }
        let tag = rest.get(1..length.saturating_sub(1)).unwrap_or_default();
        if tag.starts_with('/') {
            found.open.pop();
            in_force = in_force.saturating_sub(declared.pop().unwrap_or(0));
            closed = true;
        } else {
            let (attributes, namespaces) = attributes(tag);
            found.crowded |= attributes > XML_ATTRIBUTES || in_force.saturating_add(namespaces) > XML_ATTRIBUTES;
            closed |= tag.ends_with('/');
            found.depth = found.depth.max(found.open.len() + 1);
            if !tag.ends_with('/') {
                declared.push(namespaces);
                in_force = in_force.saturating_add(namespaces);
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

/// How many attributes a tag has, and how many of them declare namespaces.
fn attributes(tag: &str) -> (usize, usize) {
    let mut quote = None;
    let (mut all, mut namespaces, mut name) = (0, 0, 0);
    let mut gap = false;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => (quote, gap) = (None, true),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => {
                all += 1;
                namespaces += usize::from(tag.get(name..at).is_some_and(|name| name.starts_with("xmlns")));
            }
            (None, b' ' | b'\t' | b'\n' | b'\r') => gap = true,
            (None, _) if gap => (name, gap) = (at, false),
            _ => {}
        }
    }
    (all, namespaces)
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
