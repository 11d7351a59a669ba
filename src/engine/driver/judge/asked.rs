//! What people are asked before a result is delivered although no gate speaks against it: to look at all of it, and whether it may
//! bring packages. Repositories say so for themselves; the operator's word makes it stricter, never laxer.

use super::super::{Context, Engine, Halt};
use super::look::aside;
use crate::config::{AgentWork, DependencyGate, ReviewGate};
use crate::domain::{GateResult, GateVerdict, Suspicion};
use crate::engine::machine::Judgement;
use crate::engine::ports::{Trees, World};
use crate::gates::{self, Change, ChangeKind};
use crate::packages::{self, Changed};
use std::collections::BTreeSet;

/// The name under which the question about packages stands among the gates.
const PACKAGES: &str = "dependencies";
/// That of the gate which suspects every file that decides how tests run, manifests among them.
const HONESTY: &str = "honesty";
/// Bytes of a patch in which lines are counted.
const MOST_PATCH: usize = 4 << 20;
/// Manifests that are read.
const MOST_MANIFESTS: usize = 200;

impl<W: World> Engine<W> {
    /// What is asked of people about a result that differs from the base like this; and the manifests that differ in their packages
    /// alone.
    pub(super) async fn asked(
        &self,
        context: &Context,
        changes: &[Change],
    ) -> Result<(Vec<GateResult>, BTreeSet<String>), Halt> {
        let (mut results, mut only) = (Vec::new(), BTreeSet::new());
        // Nothing comes of a run without an agent that anybody could look at.
        if matches!(context.agent.work, AgentWork::Nothing) {
            return Ok((results, only));
        }
        let head = Self::tested_commit(context);
        let reviews = self.world.reviews();
        let whose = match (reviews.always, context.config.gates.review) {
            (true, _) => Some("config.toml asks for a review of every result"),
            (false, ReviewGate::Always) => Some("dogwatch.toml asks for a review of every result"),
            (false, ReviewGate::WhenSuspicious) => None,
        };
        if let Some(whose) = whose {
            let (patch, complete) =
                self.world.trees().patch(&context.project, &context.base, &head, MOST_PATCH).await?;
            let (changes, tests) = (changes.to_vec(), context.config.gates.test_files.clone());
            let told = move || gates::diff_facts(&changes, &patch, complete, &tests);
            let evidence = std::iter::once(whose.to_owned()).chain(aside(told).await?).collect();
            results.push(GateResult { gate: "review".to_owned(), verdict: GateVerdict::NeedsPerson, evidence });
        }
        if self.asks_about_packages(context) {
            let evidence;
            (evidence, only) = self.brought(context, &head, changes).await?;
            if !evidence.is_empty() {
                results.push(GateResult { gate: PACKAGES.to_owned(), verdict: GateVerdict::NeedsPerson, evidence });
            }
        }
        Ok((results, only))
    }

    /// Whether people are asked about packages.
    pub(in crate::engine::driver) fn asks_about_packages(&self, context: &Context) -> bool {
        self.world.reviews().packages || context.config.gates.dependencies == DependencyGate::Ask
    }

    /// Packages that the result brings, in words, and the manifests that differ in nothing else.
    async fn brought(
        &self,
        context: &Context,
        head: &str,
        changes: &[Change],
    ) -> Result<(Vec<String>, BTreeSet<String>), Halt> {
        let trees = self.world.trees();
        let (mut files, mut odd) = (Vec::new(), Vec::new());
        let says = changes.iter().filter(|change| packages::says(&change.path));
        for (number, change) in says.enumerate() {
            if number >= MOST_MANIFESTS {
                odd.push(format!("more than {MOST_MANIFESTS} manifests were changed, and the others were not read"));
                break;
            }
            if change.link {
                odd.push(format!("{} is a link now, and what it leads to was not read", change.path));
                continue;
            }
            let (was, is) = (change.kind != ChangeKind::Added, change.kind != ChangeKind::Deleted);
            let before = if was { trees.file_at(&context.project, &context.base, &change.raw).await } else { Ok(None) };
            let now = if is { trees.file_at(&context.project, head, &change.raw).await } else { Ok(None) };
            match (before, now) {
                (Ok(before), Ok(now)) => files.push(Changed { path: change.path.clone(), before, now }),
                // Too large, for the most part. Not reading is no reason to let it pass.
                (Err(fault), _) | (_, Err(fault)) => {
                    odd.push(format!("{} was changed and not read: {}", change.path, fault.0));
                }
            }
        }
        let look = move || {
            let only = files.iter().filter(|file| packages::nothing_else(file)).map(|file| file.path.clone());
            (packages::brought(&files), only.collect())
        };
        let (brought, only) = aside(look).await?;
        odd.extend(brought);
        Ok((odd, only))
    }
}

/// What people are asked where they are: about packages alone, or about the result as a whole. `manifests` says that whatever was
/// suspected is that manifests decide how tests run, and those differ in their packages alone.
pub(super) fn about(results: &[GateResult], manifests: bool) -> Judgement {
    let mut asks = results.iter().filter(|result| result.verdict == GateVerdict::NeedsPerson);
    let brings = asks.clone().any(|result| result.gate == PACKAGES);
    let alone = asks.all(|result| result.gate == PACKAGES || (manifests && result.gate == HONESTY));
    if brings && alone { Judgement::BringsPackages } else { Judgement::NeedsPerson }
}

/// Whether all that is suspected is about files that differ in their packages alone.
pub(super) fn manifests(suspicions: &[Suspicion], only: &BTreeSet<String>) -> bool {
    let known = |file: &String| only.contains(file.strip_suffix(" (added)").unwrap_or(file));
    suspicions.iter().all(|one| matches!(one, Suspicion::EntryPointsEdited { files } if files.iter().all(known)))
}
