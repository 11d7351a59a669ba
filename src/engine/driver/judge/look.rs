//! What the contents of the changed files say, beyond that they changed.
//!
//! An agent decides how many files there are and what is in them, so bytes and time are bounded and the looking is done off
//! the threads that serve others. What is not looked at calls for a person.

mod command;
mod inline;
mod instead;

use super::super::{Context, Engine, Halt};
use crate::engine::ports::{TreeFault, Trees, World};
use crate::gates::{self, Change, ChangeKind};
use inline::{Pair, edited_inline_tests};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::spawn_blocking;

/// Changed files that are looked through; more call for a person.
const MOST_LOOKED_THROUGH: usize = 2_000;
/// Bytes that are looked through, both versions of all files together.
const MOST_BYTES: usize = 64 << 20;
/// How long the looking may take; honest work takes milliseconds.
const LONGEST: Duration = Duration::from_mins(1);

/// What was found in the changed files.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// What is new and reaches into the test run, in words.
    pub meddling: Vec<String>,
    /// Files of which tests were edited, though their path does not say that they hold some.
    pub inline_tests: Vec<String>,
    /// Files that differ in remarks and blanks only.
    pub same_programs: Vec<String>,
    /// Files of which only the mode differs.
    pub same_bytes: Vec<String>,
    /// New files in which no code stands.
    pub bare: Vec<String>,
}

impl<W: World> Engine<W> {
    /// Looks through the changed files.
    pub(super) async fn look_through(
        &self,
        context: &Context,
        head: &str,
        changes: &[Change],
        reports: &[String],
    ) -> Result<Look, Halt> {
        let begin = Instant::now();
        let reports: Arc<[String]> = reports.into();
        let mut look = Look::default();
        let mut rust = Vec::new();
        let mut bytes = 0;
        let gone = changes.iter().filter(|change| change.kind == ChangeKind::Deleted);
        // The first one of a name counts.
        let gone: HashMap<&[u8], &Change> = gone.rev().map(|change| (file_name(&change.raw), change)).collect();
        for (number, change) in changes.iter().enumerate() {
            if number >= MOST_LOOKED_THROUGH || bytes > MOST_BYTES || begin.elapsed() > LONGEST {
                look.meddling.push(format!(
                    "not looked through: {} of {} changed files, which are too many, too large or take too long",
                    changes.len() - number,
                    changes.len()
                ));
                break;
            }
            let (before, now) = match self.both(context, head, change, &gone).await {
                Ok(both) => both,
                // Too large, for the most part. Not looking is no reason to let it pass.
                Err(fault) => {
                    look.meddling.push(format!("not looked through: {}", fault.0));
                    continue;
                }
            };
            bytes += [&before, &now].into_iter().flatten().map(Vec::len).sum::<usize>();
            let is_rust = Path::new(&change.path).extension().is_some_and(|end| end == "rs");
            if is_rust && change.kind != ChangeKind::Added && self.is_for_tests(context, &change.path).await? {
                look.inline_tests.push(change.path.clone());
            }
            let (change, reports) = (change.clone(), Arc::clone(&reports));
            let one = aside(move || look_at(&change, before.as_deref(), now.as_deref(), is_rust, &reports)).await?;
            look.meddling.extend(one.look.meddling);
            look.same_programs.extend(one.look.same_programs);
            look.same_bytes.extend(one.look.same_bytes);
            look.bare.extend(one.look.bare);
            look.inline_tests.extend(one.look.inline_tests);
            rust.extend(one.rust);
        }
        look.inline_tests.extend(aside(move || edited_inline_tests(&rust)).await?);
        Ok(look)
    }

    /// A changed file as it was and as it is. A new file that bears the name of one that is gone was that one.
    async fn both(
        &self,
        context: &Context,
        head: &str,
        change: &Change,
        gone: &HashMap<&[u8], &Change>,
    ) -> Result<(Option<Vec<u8>>, Option<Vec<u8>>), TreeFault> {
        let trees = self.world.trees();
        let moved = if change.kind == ChangeKind::Added { gone.get(file_name(&change.raw)) } else { None };
        let before = moved.map_or(&change.raw, |other| &other.raw);
        let before = trees.file_at(&context.project, &context.base, before).await?;
        Ok((before, trees.file_at(&context.project, head, &change.raw).await?))
    }

    /// Whether another file of the base has this Rust file, or a module around it, for tests only.
    async fn is_for_tests(&self, context: &Context, path: &str) -> Result<bool, Halt> {
        for (file, name) in gates::declaring_files(path) {
            let text = self.world.trees().file_at(&context.project, &context.base, file.as_bytes()).await?;
            let Some(text) = text else { continue };
            let declares = move || gates::declares_for_tests(&String::from_utf8_lossy(&text), &name);
            if aside(declares).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// Runs what may take long where it holds nobody up. A runtime of one thread, which the simulator has, does it in order.
pub(super) async fn aside<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Result<T, Halt> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return Ok(job());
    }
    spawn_blocking(job).await.map_err(|error| Halt::Trouble(format!("looking through the changes failed: {error}")))
}

/// What was found in one file.
#[derive(Debug, Default)]
struct One {
    look: Look,
    rust: Option<Pair>,
}

fn look_at(change: &Change, before: Option<&[u8]>, now: Option<&[u8]>, is_rust: bool, reports: &[String]) -> One {
    let mut one = One::default();
    let was = before.unwrap_or_default();
    let is = now.unwrap_or_default();
    if change.kind != ChangeKind::Deleted && !change.link {
        if now.is_none() {
            one.look.meddling.push(format!("{} was not found and not looked through", change.path));
        }
        one.look.meddling.extend(gates::meddling(&change.path, was, is, reports));
    } else if is_rust && was.len() > gates::LARGEST {
        one.look.meddling.push(format!("{} is too large and was not looked through", change.path));
    }
    if change.kind == ChangeKind::Modified && was == is {
        one.look.same_bytes.push(change.path.clone());
    }
    if was.len().max(is.len()) > gates::LARGEST {
        return one;
    }
    if change.kind == ChangeKind::Added && !change.link && !gates::has_code(&change.path, is) {
        one.look.bare.push(change.path.clone());
    }
    if change.kind != ChangeKind::Added && gates::edits_tests_in_source(&change.path, was, is) {
        one.look.inline_tests.push(change.path.clone());
    }
    if change.kind == ChangeKind::Modified && was != is && gates::same_program(&change.path, was, is) {
        one.look.same_programs.push(change.path.clone());
    }
    if is_rust {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let base = if change.kind == ChangeKind::Added { String::new() } else { text(was) };
        one.rust = Some(Pair { path: change.path.clone(), kind: change.kind, base, now: text(is) });
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str, before: &[u8], now: &[u8]) -> One {
        let change = Change { path: path.to_owned(), raw: path.into(), kind: ChangeKind::Modified, link: false };
        look_at(&change, Some(before), Some(now), Path::new(path).extension().is_some_and(|end| end == "rs"), &[])
    }

    #[test]
    fn a_file_that_is_too_large_is_named_and_not_kept() {
        let large = vec![b' '; gates::LARGEST + 1];
        let one = at("src/a.rs", b"", &large);
        assert!(one.rust.is_none() && one.look.same_programs.is_empty(), "{:?}", one.look);
        assert!(one.look.meddling.iter().any(|said| said.contains("not looked through")), "{:?}", one.look);
    }

    #[test]
    fn another_mode_and_other_bytes_are_told_apart() {
        assert_eq!(at("tests/run.sh", b"x", b"x").look.same_bytes, ["tests/run.sh"]);
        let binary = at("golden/a.bin", b"\xff", b"\xfe").look;
        assert!(binary.same_bytes.is_empty() && binary.same_programs.is_empty());
    }
}
