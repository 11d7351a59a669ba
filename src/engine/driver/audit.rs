//! The auditor's turn: another agent looks at a result that nothing else holds, and says whether it agrees. Its tree is thrown away
//! with all that it changed there; what it says is taken from one file.

use super::develop::command_text;
use super::ledger::Prompt;
use super::remedy::with_model;
use super::steps::{duration, key};
use super::turn::{About, held};
use super::{Context, Engine, Halt};
use crate::config::{ChosenAgent, ProjectConfig};
use crate::domain::{AgentReport, Audit, Opinion, Role, Run, Step, StepKey, StepKind};
use crate::engine::machine::Event;
use crate::engine::ports::{AUDIT_FILE, Trees, World};
use crate::engine::prompt::{self, Audited};
use crate::gates;
use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Between two looks at what it has written so far.
const LOOK: Duration = Duration::from_secs(1);
/// Bytes of the patch that are quoted.
const MOST_PATCH: usize = 48 * 1024;

impl<W: World> Engine<W> {
    /// The agent that looks at results. Whoever works on the run has no part in that.
    pub(in crate::engine) fn auditor(&self, config: &ProjectConfig) -> Result<ChosenAgent, String> {
        self.can_work(self.world.choose_agent("", Role::Auditor, config)?)
    }

    /// The agent of a run's present audit: the one that its turn was begun with, or else the one that is named now.
    pub(super) async fn auditor_of(&self, run: &Run, config: &ProjectConfig) -> Result<ChosenAgent, Halt> {
        let (iteration, attempt) = (run.iteration, run.attempt);
        let key = StepKey { run: run.id, iteration, kind: StepKind::Audit, suite: String::new(), attempt };
        let chosen = match self.kept_auditor(&key).await? {
            None => self.auditor(config),
            Some((agent, model)) => self.world.choose_agent(&agent, Role::Auditor, config).map(|chosen| match model {
                Some(model) => with_model(chosen, &model).0,
                None => chosen,
            }),
        };
        chosen.map_err(Halt::Trouble)
    }

    pub(super) async fn audit(&self, context: &Context) -> Result<(), Halt> {
        let key = key(context, StepKind::Audit, "");
        let known = self.step(&key).await?;
        let head = context.run.head.clone().unwrap_or_else(|| context.base.clone());
        let prompt = self.audit_prompt(context, &head, known.as_ref()).await?;
        let turned = self.take_turn(context, key, (&prompt, None), About::Audit).await?;
        let text = self.left(context, &turned, &head, AUDIT_FILE).await?;
        let instant = turned.is_instant() && text.is_none();
        let milliseconds = duration(&turned.step);
        // Nobody goes on with what was said in it.
        let report = AgentReport { conversation: None, ..turned.report.clone() };
        let event = if held(&report, instant, false) {
            Event::AgentHeld { report, commit: None, instant, milliseconds }
        } else {
            let (agent, model) = (context.agent.name.clone(), context.agent.model().map(str::to_owned));
            let mut audit = Audit::new(text.as_deref(), agent, model, report.usage);
            if turned.disagreed {
                audit.waver();
            }
            Event::Audited { report, audit, milliseconds, guided: false }
        };
        self.advance(context, event).await?;
        self.crash.at("audit.told")?;
        self.clear_turn(&turned).await?;
        self.crash.at("audit.removed")?;
        Ok(())
    }

    /// Looks at what an auditor writes until the turn is over. Code under audit that the auditor started could write over it.
    pub(super) async fn hear(&self, tree: &Path, disagreed: &AtomicBool) -> Infallible {
        loop {
            tokio::time::sleep(LOOK).await;
            match self.world.trees().left(tree, AUDIT_FILE).await {
                Ok(Some(text)) if Opinion::of(&text).0 == Opinion::Disagrees => {
                    disagreed.store(true, Ordering::Relaxed);
                }
                Ok(_) => {}
                // A tree on another machine is not here before the turn is over.
                Err(fault) => tracing::debug!(%fault, "what an auditor has written so far cannot be read"),
            }
        }
    }

    /// What the auditor is told: what was kept with the step's intent, or else made from what is stored. It quotes guidance that the
    /// author was told, and is no prompt by which any counts as applied.
    async fn audit_prompt(&self, context: &Context, head: &str, step: Option<&Step>) -> Result<Prompt, Halt> {
        let made = |text| Prompt { text, quotes: 0, tells: Vec::new(), offers: Vec::new() };
        if let Some(step) = step
            && let Some(text) = self.kept_prompt(step).await?
        {
            return Ok(made(text));
        }
        let stored = self.prompt_material(context.run.id, context.run.iteration).await?;
        let suites: Vec<_> =
            context.config.suites.iter().map(|suite| (suite.name.clone(), command_text(suite))).collect();
        let trees = self.world.trees();
        let changes = trees.changes(&context.project, &context.base, head).await?;
        let (patch, whole) = trees.patch(&context.project, &context.base, head, MOST_PATCH).await?;
        let facts = gates::diff_facts(&changes, &patch, whole, &context.config.gates.test_files);
        let tests = |number| stored.iterations.iter().find(|one| one.number == number).map(|one| one.tests);
        let text = prompt::of_audit(&Audited {
            run: &context.run,
            guidance: &stored.guidance,
            plan: stored.plan.as_deref(),
            base: &context.base,
            suites: &suites,
            before: tests(0).unwrap_or_default(),
            now: tests(context.run.iteration).unwrap_or_default(),
            gates: &stored.gates,
            facts: &facts,
            patch: &patch,
            whole,
            file: AUDIT_FILE,
        });
        Ok(made(text))
    }
}
