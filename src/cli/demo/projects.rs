//! The projects that come with this program, laid out as git repositories of the demo's own.

use super::ground::Ground;
use super::place::Place;
use super::runs::PROJECTS;
use crate::cli::context::Failure;
use git2::{IndexAddOption, Repository, RepositoryInitOptions, Signature};
use include_dir::{Dir, File, include_dir};
use std::fs;
use std::path::Path;
use toml_edit::DocumentMut;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/assets/demo");

/// What runs the tests of each project.
const CHECK: &str = "check.py";
/// Stands for the image, and for the directory of what is live.
const IMAGE: &str = "@image@";
const LIVE: &str = "@live@";
/// What the live service is set up by.
pub(super) const SETTINGS: &str = "service.conf";

/// Lays all of them, and the live service beside them.
pub(super) fn lay(place: &Place, ground: &Ground) -> Result<(), Failure> {
    for name in PROJECTS {
        let dir = FILES.get_dir(name).ok_or_else(|| lost(name))?;
        let to = place.projects().join(name);
        fs::create_dir(&to)?;
        let mut files = Vec::new();
        collect(dir, &mut files);
        for file in files {
            let inside = file.path().strip_prefix(name).map_err(|_| lost(name))?;
            write(&to.join(inside), &text_of(file, name, place, ground)?)?;
        }
        write(&to.join(CHECK), text(CHECK)?)?;
        commit(&to).map_err(|error| Failure::new(format!("{} cannot be a repository: {error}", to.display())))?;
    }
    write(&place.live().join(SETTINGS), text(&format!("service/{SETTINGS}"))?)
}

fn collect(dir: &'static Dir<'static>, files: &mut Vec<&'static File<'static>>) {
    files.extend(dir.files());
    dir.dirs().for_each(|inner| collect(inner, files));
}

fn lost(name: &str) -> Failure {
    Failure::new(format!("this program was built without assets/demo/{name}: build it anew"))
}

fn text(path: &str) -> Result<&'static str, Failure> {
    FILES.get_file(path).and_then(File::contents_utf8).ok_or_else(|| lost(path))
}

/// A file as it is here: the image and the places filled in, and nothing that this sandbox could not do.
fn text_of(file: &File<'static>, name: &str, place: &Place, ground: &Ground) -> Result<String, Failure> {
    let text = file.contents_utf8().ok_or_else(|| lost(name))?;
    match file.path().file_name().and_then(|name| name.to_str()) {
        Some("dogwatch.toml") => settings(text, ground),
        Some("replay.json") => {
            let live = serde_json::Value::from(place.live().display().to_string()).to_string();
            Ok(text.replace(LIVE, live.trim_matches('"')))
        }
        _ => Ok(text.to_owned()),
    }
}

fn settings(text: &str, ground: &Ground) -> Result<String, Failure> {
    let mut settings: DocumentMut = text.parse().map_err(|error| Failure::new(format!("dogwatch.toml: {error}")))?;
    let image = match &ground.browser {
        Some(image) if settings.contains_key("browser") => image,
        _ => {
            // The application runs beside the pages only.
            settings.remove("browser");
            settings.remove("services");
            &ground.image
        }
    };
    Ok(settings.to_string().replace(IMAGE, image))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, text)?)
}

/// Makes a repository of a directory, with one commit.
fn commit(dir: &Path) -> Result<(), git2::Error> {
    let mut options = RepositoryInitOptions::new();
    let repo = Repository::init_opts(dir, options.initial_head("main").external_template(false))?;
    let mut index = repo.index()?;
    index.add_all(["*"], IndexAddOption::FORCE, None)?;
    index.write()?;
    let tree = repo.find_tree(index.write_tree()?)?;
    let author = Signature::now("dogwatch demo", "demo@example.invalid")?;
    repo.commit(Some("HEAD"), &author, &author, "Begin", &tree, &[])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::agent::Script;
    use crate::config::ProjectConfig;

    /// Whatever the sandbox is, every project's settings and script are ones that the engine takes.
    #[test]
    fn each_project_is_one_that_the_engine_takes() {
        for name in PROJECTS {
            let file = |end: &str| text(&format!("{name}/{end}")).unwrap();
            for browser in [None, Some("docker.io/library/browser:1".to_owned())] {
                let ground = Ground::for_tests("docker.io/library/python:3", browser.clone());
                let settings = settings(file("dogwatch.toml"), &ground).unwrap();
                let config = ProjectConfig::parse(&settings, "dogwatch.toml").unwrap();
                let pages = config.suites.iter().any(|suite| suite.browser.is_some());
                assert_eq!(pages, name == "shop" && browser.is_some(), "{settings}");
                assert!(!settings.contains('@'), "{settings}");
            }
            Script::parse(file("replay.json").as_bytes(), name).unwrap();
        }
        assert!(text(CHECK).unwrap().contains("report.xml"));
    }
}
