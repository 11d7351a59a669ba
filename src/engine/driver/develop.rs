//! The agent's turn: a checkout of the head, the agent as the container's main process, a checkpoint of what it left.

use super::ledger::{Prompt, StoredMaterial};
use super::steps::{duration, key, step_environment};
use super::way::{by_provider, proxies};
use super::{Context, Engine, Halt};
use crate::agent::{Agent, CodingAgent, CommandAgent, ReplayAgent, Script, Session, ToolServer, TurnContext};
use crate::audit::hex;
use crate::config::{AgentWork, Suite};
use crate::domain::{AgentReport, Ending, Remedy, RunState, Step, StepEnd, StepKey, StepKind, StepState, bounded_plan};
use crate::engine::machine::Event;
use crate::engine::ports::{PLAN_FILE, Take, Taken, Trees, World};
use crate::engine::prompt::{self, Material, Tried};
use crate::gateway::{address, tools_at};
use crate::knowledge::Tool;
use crate::sandbox::{Profile, SESSION_INSIDE, StepSpec, session_dir};
use sha2::{Digest, Sha256};

/// What agents call the engine's tools.
const TOOLS: &str = "dogwatch";
/// An agent that fails faster than this, in milliseconds, has not worked at all.
const INSTANT: u64 = 5_000;

impl<W: World> Engine<W> {
    pub(super) async fn develop(&self, context: &Context) -> Result<(), Halt> {
        let agent = self.agent(context).await?;
        let key = key(context, StepKind::Develop, "");
        let head = context.run.head.clone().unwrap_or_else(|| context.base.clone());
        let tree = self.places().tree(&key);
        let known = self.step(&key).await?;
        let prompt = self.prompt_of(context, known.as_ref()).await?;
        let talk = self.conversation(context).await?;
        if self.wants_tree(&key).await? {
            self.await_space(context.run.id).await;
            self.world.trees().checkout(&context.project, &head, &tree, None, self.room(context)).await?;
            self.lay_conversation(&key, talk.as_ref()).await?;
            self.crash.at("develop.checked_out")?;
        }
        let new = session(self.store.instance(), &key);
        let session =
            talk.as_ref().map_or(Session::New(&new), |talk| Session::Resumed { id: &talk.id, used: talk.used });
        let planning = context.run.state == RunState::Planning;
        let iteration = if planning { 0 } else { context.run.iteration };
        let about = TurnContext { iteration, prompt: &prompt.text, session };
        let turn = agent.turn(&about);
        let ways = self.agent_ways(context).await?;
        let mut env = proxies(&ways);
        env.extend(step_environment(&context.agent.env));
        env.extend(turn.env);
        let spec = StepSpec {
            profile: Profile::Agent,
            image: context.run.image.as_ref().map(|image| image.id.clone()).unwrap_or_default(),
            argv: turn.argv,
            env,
            cwd: "/work".to_owned(),
            tree: Some(tree.clone()),
            stdin: turn.stdin,
            open_until: turn.open_until,
            runtime: context.config.runtime.clone(),
            keep: keep_paths(context),
            dir: self.places().step(&key),
            log: self.places().log(&key),
            gateway: self.gateway_of(context.run.id, &ways),
            data: self.data_of(context).await?,
            limits: context.config.limits,
            times: context.agent.times,
            network: self.agent_network(context),
            key,
        };
        let doing = if planning { "writes a plan" } else { "works" };
        self.note(context.run.id, &format!("iteration {}: {} {doing}", context.run.iteration, agent.name()));
        self.open_way(context.run.id, &ways)?;
        let step = tokio::select! {
            step = self.run_step(context, &spec, Some(&prompt), false) => step?,
            halt = self.steer(context, &spec.key, agent.as_ref()) => return Err(halt),
            halt = Box::pin(self.do_tasks(context, &spec.key)) => return Err(halt),
        };
        let beside = self.close_tasks(context).await?;
        let answered = self.close_way(context);
        let StepState::Ended { end, log_digest, .. } = &step.state else { return Err(Halt::Superseded) };
        let reader = self.world.trees().hand_over(&spec.log, log_digest, agent.reader(&about)).await?;
        let report = reader.finish(end, step.ended);
        let report = self.metered(context, by_provider(report, answered)).await?;
        let report = self.keep_conversation(context, &spec.key, report).await?;
        if planning {
            return self.planned(context, &spec, report, (duration(&step), beside)).await;
        }
        let taken = match self.take(context, &step, &head).await {
            // What is too much to be kept is no reason to begin anew: the next turn is told why nothing was.
            Err(Halt::Trouble(reason)) if matches!(end, StepEnd::Overfull { .. }) => {
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
        self.advance(context, event(report, taken, (duration(&step), beside), changed)).await?;
        self.world.trees().remove(&tree).await?;
        self.world.trees().remove(&session_dir(&spec.dir)).await?;
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

    async fn agent(&self, context: &Context) -> Result<Box<dyn Agent>, Halt> {
        match &context.agent.work {
            AgentWork::Command(command) => {
                Ok(Box::new(CommandAgent::new(&context.agent.name, command.argv(), context.agent.env.clone())))
            }
            AgentWork::Replay(path) => {
                let bytes = self.world.trees().file(&context.project, &context.base, path).await?;
                let bytes = bytes.ok_or_else(|| Halt::Trouble(format!("the replay script {path} was not found")))?;
                let script = Script::parse(&bytes, path).map_err(|error| Halt::Trouble(error.to_string()))?;
                let agent = ReplayAgent::new(script);
                let has_tools = !self.toolset(context).is_empty();
                Ok(Box::new(if has_tools { agent.with_tools(tools_at(&address())) } else { agent }))
            }
            AgentWork::Nothing => Err(Halt::Trouble(format!("{} only tests: it has no agent", context.run.id))),
            AgentWork::Coding(settings) => {
                let name = &context.agent.name;
                let address = self.world.models(settings.api()).map_err(|why| Halt::Trouble(no_models(name, &why)))?;
                let server = ToolServer { name: TOOLS.to_owned(), url: tools_at(&address) };
                let servers = if self.toolset(context).is_empty() { Vec::new() } else { vec![server] };
                let agent = CodingAgent::new(name, settings.clone(), &address, SESSION_INSIDE);
                Ok(Box::new(agent.with_servers(servers)))
            }
        }
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
    async fn planned(
        &self,
        context: &Context,
        spec: &StepSpec,
        report: AgentReport,
        (milliseconds, beside): (u64, u64),
    ) -> Result<(), Halt> {
        let trees = self.world.trees();
        let tree = &self.places().tree(&spec.key);
        let head = context.run.head.as_ref().unwrap_or(&context.base);
        // One that the repository has is none that the agent wrote.
        let before = trees.file(&context.project, head, PLAN_FILE).await?;
        let plan = trees.plan(tree).await?.filter(|plan| before.as_deref() != Some(plan.as_bytes()));
        let plan = plan.map(|plan| bounded_plan(&plan));
        let instant = milliseconds < INSTANT && report.usage.tokens == 0 && plan.is_none();
        let milliseconds = milliseconds.saturating_add(beside);
        let event = if held(&report, instant, false) {
            Event::AgentHeld { report, commit: None, instant, milliseconds }
        } else {
            Event::Planned { report, plan, milliseconds }
        };
        self.advance(context, event).await?;
        self.crash.at("develop.planned")?;
        trees.remove(tree).await?;
        trees.remove(&session_dir(&spec.dir)).await?;
        Ok(())
    }
}

/// Why a coding agent cannot work.
pub(in crate::engine) fn no_models(agent: &str, why: &str) -> String {
    format!("the agent `{agent}` has no model to work with: {why}")
}

/// A UUID for the conversation of a turn: always the same for the same step, and never that of another engine's.
fn session(instance: &str, key: &StepKey) -> String {
    let mut bytes: Vec<u8> = Sha256::digest(format!("{instance}/{key}")).iter().copied().take(16).collect();
    if let [.., version, _, variant, _, _, _, _, _, _, _] = bytes.as_mut_slice() {
        *version = (*version & 0x0f) | 0x50;
        *variant = (*variant & 0x3f) | 0x80;
    }
    let text = hex(&bytes);
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

fn command_text(suite: &Suite) -> String {
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

/// Endings that say nothing about the work are held: they neither count as an iteration nor reset anything.
fn held(report: &AgentReport, instant: bool, changed: bool) -> bool {
    match report.ending {
        Ending::RateLimited { .. } | Ending::Overloaded => true,
        // What a warning changed is tried once: the run's own agent goes on instead of a person who has to say so.
        Ending::Auth | Ending::Billing | Ending::Misconfigured | Ending::Blocked => !changed,
        Ending::Crashed | Ending::Killed { .. } => instant && !changed,
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunId;

    #[test]
    fn a_conversation_has_a_uuid_of_its_own() {
        let key =
            |attempt| StepKey { run: RunId(7), iteration: 2, kind: StepKind::Develop, suite: String::new(), attempt };
        let one = session("here", &key(1));
        assert_eq!(one, session("here", &key(1)));
        assert_ne!(one, session("here", &key(2)));
        assert_ne!(one, session("there", &key(1)));
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        // Version 5, and the variant of RFC 9562.
        assert!(one[14..].starts_with('5') && "89ab".contains(&one[19..20]), "{one}");
    }
}
