//! The agent's turn: a checkout of the head, the agent as the container's main process, a checkpoint of what it left.

use super::ledger::{Prompt, StoredMaterial};
use super::steps::{duration, key};
use super::turn::{About, INSTANT, Turned, held};
use super::{Context, Engine, Halt};
use crate::config::Suite;
use crate::domain::{AgentReport, Remedy, RunState, Step, StepEnd, StepKind, bounded_text};
use crate::engine::machine::Event;
use crate::engine::ports::{PLAN_FILE, Take, Taken, Trees, World};
use crate::engine::prompt::{self, Material, Tried};
use crate::knowledge::Tool;

impl<W: World> Engine<W> {
    pub(super) async fn develop(&self, context: &Context) -> Result<(), Halt> {
        let key = key(context, StepKind::Develop, "");
        let head = context.run.head.clone().unwrap_or_else(|| context.base.clone());
        let known = self.step(&key).await?;
        let prompt = self.prompt_of(context, known.as_ref()).await?;
        let talk = self.conversation(context).await?;
        let planning = context.run.state == RunState::Planning;
        let about = if planning { About::Plan } else { About::Work };
        let turned = self.take_turn(context, key, (&prompt, talk.as_ref()), about).await?;
        let report = self.keep_conversation(context, &turned.spec.key, turned.report.clone()).await?;
        if planning {
            return self.planned(context, &turned, report).await;
        }
        let taken = match self.take(context, &turned.step, &head).await {
            // What is too much to be kept is no reason to begin anew: the next turn is told why nothing was.
            Err(Halt::Trouble(reason)) if matches!(turned.end, StepEnd::Overfull { .. }) => {
                self.note(context.run.id, &format!("nothing was taken of an overfull tree: {reason}"));
                let tree = self.world.trees().tree_of(&context.project, &head).await?;
                Taken { commit: head.clone(), tree, unchanged: true, planted: Vec::new(), not_taken: Some(reason) }
            }
            taken => taken?,
        };
        self.crash.at("develop.checkpointed")?;
        self.world.trees().set_branch(&context.run, &taken.commit).await?;
        self.crash.at("develop.branch")?;
        let changed = matches!(context.change, Some(Remedy::Agent(_) | Remedy::Model(_)));
        self.advance(context, event(report, taken, (duration(&turned.step), turned.beside), changed)).await?;
        self.clear_turn(&turned).await?;
        self.crash.at("develop.removed")?;
        Ok(())
    }

    async fn take(&self, context: &Context, step: &Step, head: &str) -> Result<Taken, Halt> {
        let message = format!(
            "dogwatch run {}, iteration {}\n\nMade by the {} agent; not verified by this commit.",
            context.run.id.0, context.run.iteration, context.agent.name
        );
        let take = Take {
            parent: head,
            base: &context.base,
            exclude: &keep_paths(context),
            message: &message,
            // The time of the recorded end, so that repeating after a crash gives the same commit.
            time: step.ended.unwrap_or(step.started),
        };
        Ok(self.world.trees().take(&context.project, &self.places().tree(&step.key), &take).await?)
    }

    /// The prompt of the present iteration: the one that was kept with the step's intent, so that guidance which comes later
    /// is not in what the agent is given, or else one made from what is stored.
    async fn prompt_of(&self, context: &Context, step: Option<&Step>) -> Result<Prompt, Halt> {
        if let Some(step) = step
            && let Some(text) = self.kept_prompt(step).await?
        {
            return Ok(Prompt { text, quotes: 0, tells: Vec::new(), offers: Vec::new() });
        }
        let stored = self.prompt_material(context.run.id, context.run.iteration).await?;
        let quotes = stored.guidance.last().map_or(0, |last| last.number);
        let suites: Vec<_> =
            context.config.suites.iter().map(|suite| (suite.name.clone(), command_text(suite))).collect();
        let head = context.run.head.as_deref().unwrap_or(&context.base);
        let outline = self.world.trees().outline(&context.project, &context.base, head).await?;
        let tried = self.tried(context, &stored).await?;
        let planning = context.run.state == RunState::Planning;
        // A plan is not the place for repairs.
        let offers = if planning { Vec::new() } else { self.remembered(context, &stored).await? };
        let toolset = self.toolset(context);
        let material = Material {
            run: &context.run,
            guidance: &stored.guidance,
            iterations: &stored.iterations,
            findings: &stored.findings,
            gates: &stored.gates,
            suites: &suites,
            tried: &tried,
            since: &stored.moved.since,
            outline: &outline,
            watch: stored.watch.as_ref(),
            plan: stored.plan.as_deref(),
            flaky: &stored.flaky,
            asked: &stored.asked,
            proposed: &stored.proposed,
            offers: &offers,
            lessons: &stored.lessons,
            datasets: &context.config.datasets,
            tools: !toolset.is_empty(),
            reports: toolset.has(Tool::ReportCriterion),
            packages: self.asks_about_packages(context),
        };
        if planning {
            return Ok(Prompt { text: prompt::of_plan(&material, PLAN_FILE), quotes, tells: Vec::new(), offers });
        }
        let tells = stored.proposed.iter().map(|one| one.id).collect();
        Ok(Prompt { text: prompt::build(&material), quotes, tells, offers })
    }

    /// What the iterations did that the prompt tells of.
    async fn tried(&self, context: &Context, stored: &StoredMaterial) -> Result<Vec<Tried>, Halt> {
        let mut tried = Vec::new();
        for iteration in prompt::told(&stored.iterations) {
            let changes = match &iteration.commit {
                Some(commit) => self.world.trees().changes(&context.project, &iteration.base, commit).await?,
                None => Vec::new(),
            };
            let findings = stored.moved.by.get(&iteration.number).copied();
            tried.push(Tried {
                number: iteration.number,
                changed: changes.into_iter().map(|change| change.path).collect(),
                findings,
            });
        }
        Ok(tried)
    }
}

impl<W: World> Engine<W> {
    /// Takes the plan from the tree of a turn, and nothing else.
    async fn planned(&self, context: &Context, turned: &Turned, report: AgentReport) -> Result<(), Halt> {
        let head = context.run.head.as_ref().unwrap_or(&context.base);
        let plan = self.left(context, turned, head, PLAN_FILE).await?.map(|plan| bounded_text(&plan, "a plan"));
        let instant = turned.is_instant() && plan.is_none();
        let milliseconds = duration(&turned.step).saturating_add(turned.beside);
        let event = if held(&report, instant, false) {
            Event::AgentHeld { report, commit: None, instant, milliseconds }
        } else {
            Event::Planned { report, plan, milliseconds }
        };
        self.advance(context, event).await?;
        self.crash.at("develop.planned")?;
        self.clear_turn(turned).await
    }
}

pub(super) fn command_text(suite: &Suite) -> String {
    let what = match &suite.browser {
        Some(browser) => {
            format!("a browser opens {}; no request may fail and nothing may be thrown", browser.pages.join(", "))
        }
        None => format!("`{}`", suite.command.argv().join(" ")),
    };
    if suite.services.is_empty() { what } else { format!("{what}, beside {}", suite.services.join(", ")) }
}

/// Paths that the setup made.
pub(super) fn keep_paths(context: &Context) -> Vec<String> {
    context.config.setup.as_ref().map(|setup| setup.keep.clone()).unwrap_or_default()
}

/// What the turn was for the run. Its time is the turn's own, with that of what the agent had the engine do beside it.
fn event(report: AgentReport, taken: Taken, (milliseconds, beside): (u64, u64), changed: bool) -> Event {
    let instant = milliseconds < INSTANT && report.usage.tokens == 0 && taken.unchanged;
    let milliseconds = milliseconds.saturating_add(beside);
    // What was planted must be on record before anybody goes on from it, and the next turn must be told of what was lost.
    if held(&report, instant, changed) && taken.planted.is_empty() && taken.not_taken.is_none() {
        let commit = (!taken.unchanged).then_some(taken.commit);
        return Event::AgentHeld { report, commit, instant, milliseconds };
    }
    let Taken { commit, tree, planted, not_taken, .. } = taken;
    Event::AgentEnded { report, commit, tree, planted, not_taken, milliseconds }
}
