//! `dogwatch init`: writes a first `dogwatch.toml` by looking at a repository. It needs neither engine nor network.

use super::context::{Context, Failure};
use super::input;
use crate::project::{Detection, HostTree, detect, render};
use crate::safe;
use crate::text::SafeText;
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
    let found = detect(&tree);
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
            "file": name, "found": found_json, "passed_over": found.passed_over, "unknown": found.unknown
        }))?;
    } else {
        context.say_all(&words(&file, &found))?;
    }
    Ok(0)
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
    lines.push(safe!(
        "Next: read it, change what is wrong, and commit it. A run reads it from the commit it starts from:"
    ));
    lines.push(safe!("  git add dogwatch.toml && git commit -m \"Add dogwatch.toml\""));
    lines.push(safe!("  dogwatch run \"make the tests pass\" --follow"));
    lines
}

/// Writes beside and renames, so that no half file is left and nothing that lies in the way is written through. Without
/// force a file (or link) that is there stays.
fn write(dir: &Path, file: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let failed = input::unusable(file, "see that you may write in its directory, and that the disk has room");
    let beside = dir.join(format!(".{FILE}.{}", std::process::id()));
    let mut made = std::fs::File::create_new(&beside)
        .map_err(|error| Failure::new(format!("{}: {error}; remove it and try again", beside.display())))?;
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
