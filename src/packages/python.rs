//! Python: `requirements*.txt` and `pyproject.toml` say what is asked for, the lock files of poetry, uv and pdm what that came to.

use super::{Package, Unread, beside, table};
use toml::{Table, Value};

/// Where packages are from that name no other place.
const USUAL: &str = "the index of Python packages";
/// Options of a line that say where packages are from.
const SOURCES: [&str; 8] =
    ["-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host", "--pre"];

/// Names that Python takes for one are one here.
fn name(text: &str) -> String {
    text.trim().to_lowercase().replace(['_', '.'], "-")
}

/// What lines of requirements ask for. `path` is where they stand.
pub(super) fn requirements(path: &str, bytes: &[u8]) -> Result<Vec<Package>, Unread> {
    let text = std::str::from_utf8(bytes).map_err(|error| Unread(error.to_string()))?;
    // A line ends where no backslash stands before its end.
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    Ok(joined.lines().filter_map(|text| line(path, text)).collect())
}

fn line(path: &str, text: &str) -> Option<Package> {
    let text = text.trim();
    let text = if text.starts_with('#') { "" } else { text.split(" #").next().unwrap_or_default().trim() };
    if text.is_empty() {
        return None;
    }
    let first = text.split([' ', '=']).next().unwrap_or_default();
    if SOURCES.contains(&first) {
        return Some(source(text));
    }
    if let Some(place) = ["-e", "--editable"].iter().find_map(|option| text.strip_prefix(option)) {
        return Some(from_place(place.trim_start_matches('=').trim()));
    }
    // Other files of requirements are looked at by themselves where they are known for such by their names.
    if let Some(file) =
        ["-r", "--requirement", "-c", "--constraint"].iter().find_map(|option| text.strip_prefix(option))
    {
        let file = file.trim_start_matches('=').trim().trim_start_matches("./");
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let known = !file.contains("://") && super::says(&format!("{directory}/{file}"));
        return (!known).then(|| source(text));
    }
    if text.starts_with('-') {
        return None;
    }
    Some(requirement(text))
}

/// A line that is no package and decides where packages are from.
fn source(text: &str) -> Package {
    Package { name: "(an option)".to_owned(), version: String::new(), from: text.to_owned(), pin: String::new() }
}

fn from_place(place: &str) -> Package {
    let name = place.rsplit_once("#egg=").map_or(place, |(_, name)| name);
    Package { name: name.to_owned(), version: String::new(), from: place.to_owned(), pin: String::new() }
}

/// One requirement as PEP 508 writes it, with hashes behind it.
fn requirement(text: &str) -> Package {
    let (text, pins) = match text.find("--hash") {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let text = text.split(';').next().unwrap_or_default().trim();
    if let Some((before, place)) = text.split_once('@')
        && !before.contains(['=', '<', '>', '~', '!'])
    {
        let before = before.split('[').next().unwrap_or_default();
        return Package {
            name: name(before),
            from: place.trim().to_owned(),
            version: String::new(),
            pin: pins.to_owned(),
        };
    }
    if text.contains("://") || text.starts_with(['.', '/']) {
        return Package { pin: pins.to_owned(), ..from_place(text) };
    }
    let end = text.find(['=', '<', '>', '~', '!', ' ', '(', '[']).unwrap_or(text.len());
    let (before, rest) = text.split_at(end);
    let rest = if rest.starts_with('[') { rest.split_once(']').map_or("", |(_, rest)| rest) } else { rest };
    Package { name: name(before), version: rest.trim().to_owned(), from: USUAL.to_owned(), pin: pins.to_owned() }
}

/// What `pyproject.toml` asks for, in all the places where that may stand.
pub(super) fn pyproject(bytes: &[u8]) -> Result<Vec<Package>, Unread> {
    let top = table(bytes)?;
    let at = |path: &[&str]| path.iter().try_fold(&top, |table, name| table.get(*name)?.as_table());
    let mut found = Vec::new();
    let mut list = |value: Option<&Value>| {
        let texts = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        found.extend(texts.map(requirement));
    };
    list(at(&["project"]).and_then(|table| table.get("dependencies")));
    list(at(&["build-system"]).and_then(|table| table.get("requires")));
    for path in
        [&["project", "optional-dependencies"][..], &["dependency-groups"], &["tool", "pdm", "dev-dependencies"]]
    {
        at(path).into_iter().flat_map(Table::values).for_each(|value| list(Some(value)));
    }
    list(at(&["tool", "uv"]).and_then(|table| table.get("dev-dependencies")));
    for environment in at(&["tool", "hatch", "envs"]).into_iter().flat_map(Table::values) {
        for key in ["dependencies", "extra-dependencies"] {
            list(environment.get(key));
        }
    }
    // Files with lists that the tools take in from here.
    for dynamic in at(&["tool", "setuptools", "dynamic"]).into_iter().flat_map(Table::iter) {
        let files = |table: &Value| match table.get("file")? {
            Value::String(one) => Some(vec![one.clone()]),
            more => Some(more.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        };
        let (key, value) = dynamic;
        // Groups of optional packages are tables of such.
        let groups = value.as_table().filter(|_| key == "optional-dependencies");
        let lists = groups.map_or_else(|| vec![value], |groups| groups.values().collect());
        if key.ends_with("dependencies") {
            let named = lists.into_iter().filter_map(files).flatten();
            found.extend(named.filter(|file| !super::says(file)).map(|file| source(&format!("the list {file}"))));
        }
    }
    for path in
        [&["tool", "poetry", "dependencies"][..], &["tool", "poetry", "dev-dependencies"], &["tool", "uv", "sources"]]
    {
        if let Some(packages) = at(path) {
            of_tables(packages, &mut found);
        }
    }
    for group in at(&["tool", "poetry", "group"]).into_iter().flat_map(Table::values) {
        if let Some(packages) = group.get("dependencies").and_then(Value::as_table) {
            of_tables(packages, &mut found);
        }
    }
    for (path, key) in [(&["tool", "poetry"][..], "source"), (&["tool", "uv"], "index"), (&["tool", "pdm"], "source")] {
        let all = at(path).and_then(|table| table.get(key)).and_then(Value::as_array).into_iter().flatten();
        found.extend(all.filter_map(|one| one.get("url")?.as_str()).map(|url| source(&format!("index {url}"))));
    }
    Ok(found)
}

/// Packages as poetry and uv name them: a version, or a table, or several tables.
fn of_tables(packages: &Table, found: &mut Vec<Package>) {
    for (key, value) in packages.iter().filter(|(key, _)| *key != "python") {
        let one = std::slice::from_ref(value);
        for value in value.as_array().map_or(one, Vec::as_slice) {
            let text = |name: &str| value.get(name).and_then(Value::as_str);
            let place = ["git", "url", "path", "file", "index", "source"].into_iter().find_map(text);
            let version = beside(value.as_str().or_else(|| text("version")).unwrap_or_default(), text);
            let from = place.unwrap_or(USUAL).to_owned();
            found.push(Package { name: name(key), version, from, pin: String::new() });
        }
    }
}

/// What the lock files of poetry, uv and pdm have. What uv finds in the repository itself is its own.
pub(super) fn lock(bytes: &[u8]) -> Result<Vec<Package>, Unread> {
    let top = table(bytes)?;
    let mut found = Vec::new();
    // Older lock files of poetry have what is known of the bytes in a table of its own.
    let apart = top.get("metadata").and_then(|metadata| metadata.get("files"));
    for one in top.get("package").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let source = one.get("source").and_then(Value::as_table);
        if source.is_some_and(|source| source.contains_key("virtual") || source.contains_key("editable")) {
            continue;
        }
        let place = ["url", "git", "registry", "path", "directory"];
        let from = place.into_iter().find_map(|key| source?.get(key)?.as_str());
        let from = from.map_or_else(|| USUAL.to_owned(), str::to_owned);
        let mut pins: Vec<&str> = Vec::new();
        for list in ["files", "wheels"] {
            let files = one.get(list).and_then(Value::as_array).into_iter().flatten();
            pins.extend(files.filter_map(|file| file.get("hash")?.as_str()));
        }
        pins.extend(one.get("sdist").and_then(|file| file.get("hash")?.as_str()));
        let files = apart.and_then(|files| files.get(text("name"))?.as_array()).into_iter().flatten();
        pins.extend(files.filter_map(|file| file.get("hash")?.as_str()));
        pins.sort_unstable();
        found.push(Package { name: name(&text("name")), version: text("version"), from, pin: pins.join(" ") });
    }
    Ok(found)
}
