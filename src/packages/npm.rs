//! npm: `package.json` says what is asked for, `package-lock.json` what that came to.

use super::{Package, Unread};
use serde_json::{Map, Value};

/// Objects of a manifest that name packages.
const ASKED: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
/// Objects that put other packages in the place of some, as deep as they like.
const REPLACED: [&str; 2] = ["overrides", "resolutions"];
/// Where packages are from that name no other place.
const USUAL: &str = "the npm registry";

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Unread> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(text).map_err(|error| Unread(error.to_string()))
}

/// What `package.json` asks for.
pub(super) fn manifest(bytes: &[u8]) -> Result<Vec<Package>, Unread> {
    let top = object(bytes)?;
    let mut found = Vec::new();
    let mut inside: Vec<&Map<String, Value>> = ASKED.iter().filter_map(|name| top.get(*name)?.as_object()).collect();
    inside.extend(REPLACED.iter().filter_map(|name| top.get(*name)?.as_object()));
    while let Some(packages) = inside.pop() {
        for (name, value) in packages {
            match value {
                Value::String(version) => found.push(asked(name, version)),
                Value::Object(deeper) => inside.push(deeper),
                _ => {}
            }
        }
    }
    Ok(found)
}

/// What else stands in `package.json`, where that can be read.
pub(super) fn rest(bytes: &[u8]) -> Option<Map<String, Value>> {
    let mut top = object(bytes).ok()?;
    top.retain(|name, _| !ASKED.contains(&name.as_str()) && !REPLACED.contains(&name.as_str()));
    Some(top)
}

/// A version that is an address, a path or another package's name says where it is from.
fn asked(name: &str, version: &str) -> Package {
    let elsewhere = version.contains([':', '/']);
    let (version, from) = if elsewhere { ("", version) } else { (version, USUAL) };
    Package { name: name.to_owned(), version: version.to_owned(), from: from.to_owned(), pin: String::new() }
}

/// What `package-lock.json` has, in its newer and its older form.
pub(super) fn lock(bytes: &[u8]) -> Result<Vec<Package>, Unread> {
    let top = object(bytes)?;
    let mut found = Vec::new();
    for (place, value) in top.get("packages").and_then(Value::as_object).into_iter().flatten() {
        // What lies elsewhere is the repository's own.
        let Some((_, name)) = place.rsplit_once("node_modules/") else { continue };
        let name = value.get("name").and_then(Value::as_str).unwrap_or(name);
        found.push(locked(name, value));
    }
    let mut inside: Vec<&Map<String, Value>> = top.get("dependencies").and_then(Value::as_object).into_iter().collect();
    while let Some(packages) = inside.pop() {
        for (name, value) in packages {
            found.push(locked(name, value));
            inside.extend(value.get("dependencies").and_then(Value::as_object));
        }
    }
    Ok(found)
}

fn locked(name: &str, value: &Value) -> Package {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let from = match (text("resolved"), value.get("link").and_then(Value::as_bool)) {
        (from, Some(true)) => format!("the directory {from}"),
        (from, _) if from.is_empty() => USUAL.to_owned(),
        (from, _) => from,
    };
    Package { name: name.to_owned(), version: text("version"), from, pin: text("integrity") }
}
