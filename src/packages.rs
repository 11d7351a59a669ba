//! What packages a change brings, by the manifests and lock files that it touches. Pure: bytes in, words out. Whoever publishes a
//! package runs code wherever the repository is built, so people are asked before a result that brings some is delivered.
//!
//! What cannot be read brings something that nobody knows, which is said: not understanding is no reason to let it pass.

mod cargo;
mod go;
mod npm;
mod python;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::Table;

/// The largest file that is read, in bytes.
const LARGEST: usize = 16 << 20;
/// Names of files that say what is taken in, in ways that are not read here.
const OTHERS: [&str; 61] = [
    "yarn.lock",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "bun.lock",
    "bun.lockb",
    "npm-shrinkwrap.json",
    "Pipfile",
    "Pipfile.lock",
    "setup.cfg",
    "setup.py",
    "go.sum",
    "go.work",
    "Gemfile",
    "Gemfile.lock",
    "composer.json",
    "composer.lock",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "mix.exs",
    "Package.swift",
    "Package.resolved",
    "settings.gradle",
    "settings.gradle.kts",
    "libs.versions.toml",
    "gradle.lockfile",
    "verification-metadata.xml",
    "build.sbt",
    "plugins.sbt",
    "mix.lock",
    "rebar.config",
    "rebar.lock",
    "packages.config",
    "packages.lock.json",
    "Directory.Packages.props",
    "paket.dependencies",
    "paket.lock",
    "pubspec.yaml",
    "pubspec.lock",
    "deno.json",
    "deno.jsonc",
    "deno.lock",
    "environment.yml",
    "environment.yaml",
    "conda-lock.yml",
    "pixi.toml",
    "pixi.lock",
    "pylock.toml",
    "Podfile",
    "Podfile.lock",
    "Cartfile",
    "Cartfile.resolved",
    "stack.yaml",
    "stack.yaml.lock",
    "shard.yml",
    "shard.lock",
    "flake.nix",
    "flake.lock",
    "conanfile.txt",
    "conanfile.py",
    "vcpkg.json",
];
/// Endings of such files whose names are free.
const ENDINGS: [&str; 9] =
    [".csproj", ".fsproj", ".vbproj", ".gemspec", ".cabal", ".nimble", ".rockspec", ".opam", ".podspec"];

/// A file whose bytes are not what they should be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unread(String);

/// Something that is taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    /// As it is asked for, or as it was found.
    version: String,
    /// Where it is from, in the file's own words.
    from: String,
    /// What its bytes are known by.
    pin: String,
}

/// A way to write down packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Format {
    CargoManifest,
    CargoLock,
    NpmManifest,
    NpmLock,
    Requirements,
    PyProject,
    PythonLock,
    GoMod,
    Other,
}

/// A changed file as it was and as it is.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    /// Its path, fit for display.
    pub path: String,
    /// Its bytes in the base, where it was there.
    pub before: Option<Vec<u8>>,
    /// Its bytes now, where it is there.
    pub now: Option<Vec<u8>>,
}

/// Whether a path is that of a file that says what is taken in.
pub fn says(path: &str) -> bool {
    format(path).is_some()
}

fn format(path: &str) -> Option<Format> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let lower = name.to_lowercase();
    Some(match name {
        "Cargo.toml" => Format::CargoManifest,
        "Cargo.lock" => Format::CargoLock,
        "package.json" => Format::NpmManifest,
        "package-lock.json" => Format::NpmLock,
        "pyproject.toml" => Format::PyProject,
        "poetry.lock" | "uv.lock" | "pdm.lock" => Format::PythonLock,
        "go.mod" => Format::GoMod,
        _ if OTHERS.contains(&name) || ENDINGS.iter().any(|end| name.ends_with(end)) => Format::Other,
        // One of several lock files of Python: `pylock.dev.toml`.
        _ if name.starts_with("pylock.") && Path::new(&lower).extension().is_some_and(|end| end == "toml") => {
            Format::Other
        }
        _ => {
            let text = Path::new(&lower).extension().is_some_and(|end| end == "txt" || end == "in");
            let inside = path.to_lowercase().split('/').rev().nth(1) == Some("requirements");
            let named = lower.contains("requirements") || lower.contains("constraints") || inside;
            return (text && named).then_some(Format::Requirements);
        }
    })
}

fn read(format: Format, path: &str, bytes: &[u8]) -> Result<Vec<Package>, Unread> {
    if bytes.len() > LARGEST {
        return Err(Unread(format!("it has {} bytes, at most {LARGEST} are read", bytes.len())));
    }
    match format {
        Format::CargoManifest => cargo::manifest(bytes),
        Format::CargoLock => cargo::lock(bytes),
        Format::NpmManifest => npm::manifest(bytes),
        Format::NpmLock => npm::lock(bytes),
        Format::Requirements => python::requirements(path, bytes),
        Format::PyProject => python::pyproject(bytes),
        Format::PythonLock => python::lock(bytes),
        Format::GoMod => go::module(bytes),
        Format::Other => Err(Unread("files of this kind are not read here".to_owned())),
    }
}

/// A version with the commit, tag or branch that is named beside it.
fn beside<'t>(version: &str, named: impl Fn(&str) -> Option<&'t str>) -> String {
    let parts = ["rev", "tag", "branch"].into_iter().filter_map(|part| Some(format!("{part} {}", named(part)?)));
    let version = (!version.is_empty()).then(|| version.to_owned());
    version.into_iter().chain(parts).collect::<Vec<_>>().join(" ")
}

fn table(bytes: &[u8]) -> Result<Table, Unread> {
    let text = std::str::from_utf8(bytes).map_err(|error| Unread(error.to_string()))?;
    text.parse::<Table>().map_err(|error| Unread(error.message().to_owned()))
}

/// What the changes bring that was not there before, a line each: packages with their version and where they are from, and files
/// of which nobody knows what they bring. A package that moved from one file to another of the same kind is nothing new.
pub fn brought(changes: &[Changed]) -> Vec<String> {
    let mut before: BTreeMap<Format, BTreeSet<Package>> = BTreeMap::new();
    for (one, format) in changes.iter().filter_map(|one| Some((one, format(&one.path)?))) {
        // What could not be read then had nothing that is known, so all of it is new.
        let known = one.before.as_deref().and_then(|bytes| read(format, &one.path, bytes).ok()).unwrap_or_default();
        before.entry(format).or_default().extend(known);
    }
    let mut lines = Vec::new();
    for (one, format) in changes.iter().filter_map(|one| Some((one, format(&one.path)?))) {
        let Some(now) = one.now.as_deref().filter(|now| one.before.as_deref() != Some(*now)) else { continue };
        let known = before.get(&format);
        match read(format, &one.path, now) {
            Err(Unread(why)) => lines.push(format!("{} was changed, and what it brings is not known: {why}", one.path)),
            Ok(packages) => {
                let new: BTreeSet<Package> = packages.into_iter().collect();
                let new = new.iter().filter(|package| known.is_none_or(|known| !known.contains(package)));
                lines.extend(new.map(|package| line(&one.path, package, known)));
            }
        }
    }
    lines
}

/// Whether a manifest differs in what it takes in and in nothing else, as far as that can be told: then nothing but its packages has to
/// be looked at.
pub fn nothing_else(change: &Changed) -> bool {
    let (Some(format), Some(now)) = (format(&change.path), change.now.as_deref()) else { return false };
    let before = change.before.as_deref();
    match format {
        Format::CargoLock | Format::NpmLock | Format::PythonLock | Format::Requirements => {
            read(format, &change.path, now).is_ok()
        }
        Format::CargoManifest => before.and_then(cargo::rest).is_some_and(|rest| Some(rest) == cargo::rest(now)),
        Format::NpmManifest => before.and_then(npm::rest).is_some_and(|rest| Some(rest) == npm::rest(now)),
        Format::PyProject | Format::GoMod | Format::Other => false,
    }
}

fn line(path: &str, package: &Package, known: Option<&BTreeSet<Package>>) -> String {
    let Package { name, version, from, pin } = package;
    let version = if version.is_empty() { "(no version)" } else { version };
    let olds: Vec<&Package> = known.into_iter().flatten().filter(|old| old.name == *name).collect();
    let what = if olds.is_empty() {
        "new".to_owned()
    } else if olds.iter().any(|old| old.version == package.version && old.from == *from && old.pin != *pin) {
        "THE SAME VERSION WITH OTHER BYTES".to_owned()
    } else {
        let olds: Vec<String> = olds.iter().map(|old| format!("{} from {}", old.version, old.from)).collect();
        format!("it was {}", olds.join(", "))
    };
    format!("{name} {version} from {from} ({path}): {what}")
}
