//! The grammar of the text format of `OpenMetrics` 1.0, as far as gauges need it, and what it says about families.

use std::collections::BTreeSet;

/// The samples of an exposition, or what is wrong with it.
pub fn samples(text: &str) -> Result<Vec<(String, f64)>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("it does not end with `# EOF`")?;
    let (mut family, mut families) = (String::new(), BTreeSet::new());
    let (mut samples, mut seen) = (Vec::new(), BTreeSet::new());
    for line in body.split_terminator('\n') {
        let wrong = |what: &str| Err(format!("{what}: {line}"));
        if let Some(descriptor) = line.strip_prefix("# ") {
            let mut parts = descriptor.splitn(3, ' ');
            let (word, name, rest) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
            match word {
                Some("TYPE") if rest == Some("gauge") && is_name(name) => {
                    if !families.insert(name.to_owned()) {
                        return wrong("a family twice");
                    }
                    name.clone_into(&mut family);
                }
                Some("HELP") if name == family && rest.is_some_and(is_escaped) => {}
                _ => return wrong("no descriptor of a gauge"),
            }
            continue;
        }
        let (name, number) = line.rsplit_once(' ').ok_or_else(|| format!("no sample: {line}"))?;
        let (metric, labels) = match name.split_once('{') {
            Some((metric, rest)) => match rest.strip_suffix('}') {
                Some(labels) => (metric, labels),
                None => return wrong("labels without an end"),
            },
            None => (name, ""),
        };
        if metric != family || !is_labels(labels) {
            return wrong("a sample of another family, or with labels that are none");
        }
        if !seen.insert(name.to_owned()) {
            return wrong("a sample twice");
        }
        samples.push((name.to_owned(), number.parse().map_err(|error| format!("{error}: {line}"))?));
    }
    Ok(samples)
}

fn is_name(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.chars().next().is_some_and(|c| first(c) || c == ':')
        && text.chars().all(|c| first(c) || c.is_ascii_digit() || c == ':')
}

/// No line feed can be left here; a backslash escapes one of three.
fn is_escaped(text: &str) -> bool {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '"' || letter == '\\' && !matches!(letters.next(), Some('n' | '\\' | '"')) {
            return false;
        }
    }
    true
}

fn is_labels(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once("=\"") else { return false };
        if !is_name(name) || name.contains(':') {
            return false;
        }
        let mut escaped = false;
        let end = value.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end.filter(|end| is_escaped(&value[..*end])) else { return false };
        rest = &value[end + 1..];
        rest = match rest.strip_prefix(',') {
            Some(more) if !more.is_empty() => more,
            None if rest.is_empty() => rest,
            _ => return false,
        };
    }
    true
}
