//! `dogwatch init`: writes a first `dogwatch.toml` by looking at a repository. It needs neither engine nor network.

use super::context::{Context, Failure};
use super::input;
use crate::project::{Detection, HostTree, Tree, detect, render, unsupported};
use crate::safe;
use crate::text::SafeText;
use crate::workspace::open_source;
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use serde_json::json;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The file in a repository.
const FILE: &str = "dogwatch.toml";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The repository
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Replace a file that is there
    #[arg(short, long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn perform(mut context: Context, args: &Args) -> Result<i32, Failure> {
    let tree = HostTree::open(&args.path)
        .map_err(|error| Failure::new(format!("{}: {error}; name a repository's directory", args.path.display())))?;
    let repository = is_repository(&args.path)?;
    let found = detect(&tree);
    let hindered = hindered(&tree);
    let file = args.path.join(FILE);
    write(&args.path, &file, &render(&found), args.force)?;
    if args.json {
        let found_json: Vec<_> = found
            .found
            .iter()
            .map(|one| {
                let suites: Vec<_> = one.suites.iter().map(|suite| &suite.name).collect();
                json!({ "kind": one.ecosystem.title(), "directory": one.directory, "why": one.why, "suites": suites })
            })
            .collect();
        let name = file.to_string_lossy();
        context.json(&json!({
            "file": name, "found": found_json, "passed_over": found.passed_over, "unknown": found.unknown,
            "repository": repository, "unsupported": hindered
        }))?;
    } else {
        context.say_all(&words(&file, &found))?;
        for reason in &hindered {
            context.say_wrapped(&safe!("No run can start as long as this is so: {}", reason))?;
        }
        context.say_all(&next(&args.path, repository))?;
    }
    Ok(0)
}

/// Whether this is the top of a repository's work tree, which alone counts; refused where it lies in one, or has none.
fn is_repository(path: &Path) -> Result<bool, Failure> {
    let refused = |message: String| Failure { code: 5, message };
    let here = path
        .canonicalize()
        .map_err(|error| Failure::new(format!("{}: {error}; name a repository's directory", path.display())))?;
    let Some(repository) = here.ancestors().find_map(|place| open_source(place).ok()) else { return Ok(false) };
    let Some(top) = repository.workdir() else {
        return Err(refused(format!(
            "{} is a bare repository, and {FILE} is a file of its commits: write it in a clone, commit it there and push it",
            repository.path().display()
        )));
    };
    let top = top.canonicalize().unwrap_or_else(|_| top.to_owned());
    if top != here {
        return Err(refused(format!(
            "{} lies in the repository {}, and {FILE} counts at its top only: `dogwatch init {}`",
            here.display(),
            top.display(),
            quoted(&top)
        )));
    }
    Ok(true)
}

/// Why no run could start here, as far as the top of the tree tells.
fn hindered(tree: &HostTree) -> Vec<String> {
    let attributes = tree.read(".gitattributes");
    let attributes: Vec<_> = attributes.iter().map(|text| (".gitattributes", text.as_str())).collect();
    unsupported(tree.read(".gitmodules").as_deref(), &attributes)
}

fn words(file: &Path, detection: &Detection) -> Vec<SafeText> {
    let mut lines = vec![safe!("wrote {}", file)];
    for one in &detection.found {
        lines.push(safe!("  found {} in {} ({})", one.ecosystem.title(), one.directory, one.why));
        lines.extend(one.suites.iter().map(|suite| safe!("    suite {}: {}", suite.name, suite.command)));
    }
    if let Some(first) = detection.passed_over.first() {
        let count = detection.passed_over.len();
        lines.push(safe!("  {} directories were not looked at, such as {}; the file names them", count, first));
    }
    if detection.unknown {
        lines.push(safe!("No test suite was found. Write one into the file: without one no run can count as done."));
    }
    lines
}

fn next(path: &Path, repository: bool) -> Vec<SafeText> {
    let here = path == Path::new(".");
    let git = if here { "git".to_owned() } else { format!("git -C {}", quoted(path)) };
    let mut lines = vec![safe!(
        "Next: read it, say which [agent] works, change what is wrong, and commit it. A run reads it from the commit it starts from:"
    )];
    if repository {
        lines.push(safe!("  {} add {} && {} commit -m \"Add {}\"", git, FILE, git, FILE));
    } else {
        lines.push(safe!("This is no git repository yet, and a run starts from a commit: make it one."));
        lines.push(safe!("  {} init && {} add . && {} commit -m \"Begin\"", git, git, git));
    }
    if !here {
        lines.push(safe!("  cd {}", quoted(path)));
    }
    lines.push(safe!("  dogwatch run \"make the tests pass\" --follow"));
    lines
}

/// A path as one word for a shell.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+,@".contains(c)) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Writes beside and renames, so that no half file is left and nothing that lies in the way is written through. Without
/// force a file (or link) that is there stays.
fn write(dir: &Path, file: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let failed = input::unusable(file, "see that you may write in its directory, and that the disk has room");
    let beside = dir.join(format!(".{FILE}.{}", std::process::id()));
    let mut made = std::fs::File::create_new(&beside).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::new(format!("{}: {error}; remove it and try again", beside.display())),
        _ => failed(error),
    })?;
    let written = made.write_all(text.as_bytes()).and_then(|()| made.sync_all());
    let placed = written.and_then(|()| if force { std::fs::rename(&beside, file) } else { place_new(&beside, file) });
    placed.map_err(|error| {
        // It is the one reported that counts.
        let _removed = std::fs::remove_file(&beside);
        match error.kind() {
            ErrorKind::AlreadyExists if !force => {
                Failure { code: 5, message: format!("{} is there already: use --force to replace it", file.display()) }
            }
            _ => failed(error),
        }
    })
}

/// Renames where nothing is.
fn place_new(beside: &Path, file: &Path) -> std::io::Result<()> {
    match rustix::fs::renameat_with(CWD, beside, CWD, file, RenameFlags::NOREPLACE) {
        // Some file systems cannot tell; then the file is looked for first.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if file.symlink_metadata().is_err() => {
            std::fs::rename(beside, file)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Err(ErrorKind::AlreadyExists.into()),
        done => Ok(done?),
    }
}
