//! Go: `go.mod` says which modules are taken, and which stand in the place of others.

use super::{Package, Unread};

/// Where modules are from that none stands in for.
const USUAL: &str = "the module proxy";

/// What `go.mod` asks for.
pub(super) fn module(bytes: &[u8]) -> Result<Vec<Package>, Unread> {
    let text = std::str::from_utf8(bytes).map_err(|error| Unread(error.to_string()))?;
    let mut found = Vec::new();
    let mut block = String::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let mut words = line.split_whitespace().map(|word| word.trim_matches(['"', '`']));
        let verb = if block.is_empty() {
            match words.next() {
                Some(word) => word.to_owned(),
                None => continue,
            }
        } else {
            block.clone()
        };
        match (block.is_empty(), line) {
            (true, line) if line.ends_with('(') => {
                verb.trim_end_matches('(').clone_into(&mut block);
                continue;
            }
            (false, ")") => {
                block.clear();
                continue;
            }
            _ => {}
        }
        let words: Vec<&str> = words.collect();
        let package = |name: &str, version: &str, from: &str| Package {
            name: name.to_owned(),
            version: version.to_owned(),
            from: from.to_owned(),
            pin: String::new(),
        };
        match (verb.as_str(), words.as_slice()) {
            ("require", [name, version, ..]) => found.push(package(name, version, USUAL)),
            ("replace", words) => {
                let Some(at) = words.iter().position(|word| *word == "=>") else { continue };
                let (name, other) =
                    (words.first().copied().unwrap_or_default(), words.get(at + 1..).unwrap_or_default());
                let from = format!("{}, in its place", other.first().copied().unwrap_or_default());
                found.push(package(name, other.get(1).copied().unwrap_or_default(), &from));
            }
            _ => {}
        }
    }
    Ok(found)
}
