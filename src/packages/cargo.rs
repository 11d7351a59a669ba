//! Cargo: `Cargo.toml` says what is asked for, `Cargo.lock` what that came to.

use super::{Package, Unread, beside, table};
use toml::{Table, Value};

/// Tables of a manifest that name packages, in both spellings.
const ASKED: [&str; 5] =
    ["dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"];
/// Where packages are from that name no other place.
const USUAL: &str = "crates.io";

/// What `Cargo.toml` asks for.
pub(super) fn manifest(bytes: &[u8]) -> Result<Vec<Package>, Unread> {
    let top = table(bytes)?;
    let mut found = Vec::new();
    asked(&top, &mut found);
    for target in tables(&top, "target") {
        asked(target, &mut found);
    }
    if let Some(workspace) = top.get("workspace").and_then(Value::as_table) {
        asked(workspace, &mut found);
    }
    // Whatever stands in the place of another package is a package as well.
    for source in tables(&top, "patch") {
        each(source, &mut found);
    }
    if let Some(replaced) = top.get("replace").and_then(Value::as_table) {
        each(replaced, &mut found);
    }
    Ok(found)
}

/// What else stands in `Cargo.toml`, where that can be read.
pub(super) fn rest(bytes: &[u8]) -> Option<Table> {
    let mut top = table(bytes).ok()?;
    for name in ASKED.into_iter().chain(["patch", "replace"]) {
        top.remove(name);
    }
    for (_, target) in top.get_mut("target").and_then(Value::as_table_mut).into_iter().flatten() {
        if let Some(target) = target.as_table_mut() {
            target.retain(|name, _| !ASKED.contains(&name));
        }
    }
    if let Some(workspace) = top.get_mut("workspace").and_then(Value::as_table_mut) {
        workspace.remove("dependencies");
    }
    Some(top)
}

fn tables<'t>(top: &'t Table, name: &str) -> impl Iterator<Item = &'t Table> {
    top.get(name).and_then(Value::as_table).into_iter().flat_map(Table::values).filter_map(Value::as_table)
}

fn asked(top: &Table, found: &mut Vec<Package>) {
    for name in ASKED {
        if let Some(packages) = top.get(name).and_then(Value::as_table) {
            each(packages, found);
        }
    }
}

fn each(packages: &Table, found: &mut Vec<Package>) {
    for (key, value) in packages {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let version = value.as_str().or_else(|| text("version")).unwrap_or_default();
        if value.get("workspace").and_then(Value::as_bool) == Some(true) {
            // The workspace's own manifest says which one.
            continue;
        }
        let from = match (text("git"), text("path")) {
            (Some(git), _) => git.to_owned(),
            (None, Some(path)) => format!("the directory {path}"),
            (None, None) => text("registry").or_else(|| text("registry-index")).unwrap_or(USUAL).to_owned(),
        };
        let version = beside(version, text);
        let name = text("package").unwrap_or(key);
        found.push(Package { name: name.to_owned(), version, from, pin: String::new() });
    }
}

/// What `Cargo.lock` has. Packages without a source are the repository's own.
pub(super) fn lock(bytes: &[u8]) -> Result<Vec<Package>, Unread> {
    let top = table(bytes)?;
    let packages = top.get("package").and_then(Value::as_array).into_iter().flatten();
    let mut found = Vec::new();
    for one in packages {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let from = text("source");
        if !from.is_empty() {
            found.push(Package { name: text("name"), version: text("version"), from, pin: text("checksum") });
        }
    }
    Ok(found)
}
