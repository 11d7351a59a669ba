//! What people are asked before a result is delivered although no gate speaks against it: to look at all of it, and whether it may
//! bring packages. Repositories say so for themselves; the operator's word makes it stricter, never laxer.

use super::super::{Context, Engine, Halt};
use super::look::aside;
use crate::config::{AgentWork, DependencyGate, ReviewGate};
use crate::domain::{GateResult, GateVerdict};
use crate::engine::machine::Judgement;
use crate::engine::ports::{Trees, World};
use crate::gates::{self, Change, ChangeKind};
use crate::packages::{self, Changed};

/// The name under which the question about packages stands among the gates.
const PACKAGES: &str = "dependencies";
/// Bytes of a patch in which lines are counted.
const MOST_PATCH: usize = 4 << 20;
/// Manifests that are read.
const MOST_MANIFESTS: usize = 200;

impl<W: World> Engine<W> {
    /// What is asked of people about a result that differs from the base like this.
    pub(super) async fn asked(&self, context: &Context, changes: &[Change]) -> Result<Vec<GateResult>, Halt> {
        let mut results = Vec::new();
        // Nothing comes of a run without an agent that anybody could look at.
        if matches!(context.agent.work, AgentWork::Nothing) {
            return Ok(results);
        }
        let head = Self::tested_commit(context);
        let reviews = self.world.reviews();
        let whose = match (reviews.always, context.config.gates.review) {
            (true, _) => Some("config.toml asks for a review of every result"),
            (false, ReviewGate::Always) => Some("dogwatch.toml asks for a review of every result"),
            (false, ReviewGate::WhenSuspicious) => None,
        };
        if let Some(whose) = whose {
            let patch = self.world.trees().patch(&context.project, &context.base, &head, MOST_PATCH).await?;
            let (changes, tests) = (changes.to_vec(), context.config.gates.test_files.clone());
            let told = move || gates::diff_facts(&changes, &patch, patch.len() < MOST_PATCH, &tests);
            let evidence = std::iter::once(whose.to_owned()).chain(aside(told).await?).collect();
            results.push(GateResult { gate: "review".to_owned(), verdict: GateVerdict::NeedsPerson, evidence });
        }
        if reviews.packages || context.config.gates.dependencies == DependencyGate::Ask {
            let evidence = self.brought(context, &head, changes).await?;
            if !evidence.is_empty() {
                results.push(GateResult { gate: PACKAGES.to_owned(), verdict: GateVerdict::NeedsPerson, evidence });
            }
        }
        Ok(results)
    }

    /// Packages that the result brings, in words.
    async fn brought(&self, context: &Context, head: &str, changes: &[Change]) -> Result<Vec<String>, Halt> {
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
        odd.extend(aside(move || packages::brought(&files)).await?);
        Ok(odd)
    }
}

/// What people are asked where they are: about packages alone, or about the result as a whole.
pub(super) fn about(results: &[GateResult]) -> Judgement {
    let mut asks = results.iter().filter(|result| result.verdict == GateVerdict::NeedsPerson);
    if asks.all(|result| result.gate == PACKAGES) { Judgement::BringsPackages } else { Judgement::NeedsPerson }
}
