//! One turn of an agent, whatever it is about: a checkout of the head, the agent as the container's main process, and what its
//! program says. What is taken of its tree is the business of whoever asked for the turn.

use super::ledger::Prompt;
use super::steps::{duration, step_environment};
use super::way::{by_provider, proxies};
use super::{Context, Engine, Halt};
use crate::agent::{Agent, CodingAgent, CommandAgent, ReplayAgent, Script, Session, ToolServer, TurnContext};
use crate::audit::hex;
use crate::config::AgentWork;
use crate::domain::{AgentReport, Conversation, Ending, Step, StepEnd, StepKey, StepKind, StepState};
use crate::engine::ports::{Trees, World};
use crate::gateway::{address, tools_at};
use crate::sandbox::{Profile, SESSION_INSIDE, StepSpec, session_dir};
use sha2::{Digest, Sha256};
use std::sync::atomic::AtomicBool;

/// What agents call the engine's tools.
const TOOLS: &str = "dogwatch";
/// An agent that fails faster than this, in milliseconds, has not worked at all.
pub(super) const INSTANT: u64 = 5_000;

/// What a turn is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The plan.
    Plan,
    /// The work.
    Work,
    /// The result.
    Audit,
}

/// A turn that is over.
pub(super) struct Turned {
    /// What ran.
    pub spec: StepSpec,
    /// How far it came.
    pub step: Step,
    /// How its program ended.
    pub end: StepEnd,
    /// What the agent says of it, and what it used.
    pub report: AgentReport,
    /// How long the engine was at work for it beside, in milliseconds.
    pub beside: u64,
    /// Whether an auditor's file was seen to disagree while the turn went on.
    pub disagreed: bool,
}

impl Turned {
    /// Whether it ended before it can have worked.
    pub fn is_instant(&self) -> bool {
        duration(&self.step) < INSTANT && self.report.usage.tokens == 0
    }
}

impl<W: World> Engine<W> {
    /// Runs a turn to its recorded end.
    pub(super) async fn take_turn(
        &self,
        context: &Context,
        key: StepKey,
        (prompt, talk): (&Prompt, Option<&Conversation>),
        about: About,
    ) -> Result<Turned, Halt> {
        let agent = self.agent(context).await?;
        let kind = key.kind;
        let head = context.run.head.clone().unwrap_or_else(|| context.base.clone());
        let tree = self.places().tree(&key);
        if self.wants_tree(&key).await? {
            self.await_space(context.run.id).await;
            let trees = self.world.trees();
            let commit = match about {
                About::Audit => trees.for_audit(&context.project, &context.base, &head).await?,
                About::Plan | About::Work => head,
            };
            trees.checkout(&context.project, &commit, &tree, None, self.room(context)).await?;
            self.lay_conversation(&key, talk).await?;
            self.crash.at(format!("{}.checked_out", kind.name()))?;
        }
        let new = session(self.store.instance(), &key);
        let session = talk.map_or(Session::New(&new), |talk| Session::Resumed { id: &talk.id, used: talk.used });
        let iteration = if about == About::Plan { 0 } else { context.run.iteration };
        let told = TurnContext { iteration, audit: about == About::Audit, prompt: &prompt.text, session };
        let turn = agent.turn(&told);
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
            tree: Some(tree),
            stdin: turn.stdin,
            open_until: turn.open_until,
            runtime: context.config.runtime.clone(),
            keep: super::develop::keep_paths(context),
            dir: self.places().step(&key),
            log: self.places().log(&key),
            gateway: self.gateway_of(context.run.id, &ways),
            data: self.data_of(context).await?,
            limits: context.config.limits,
            times: context.agent.times,
            network: self.agent_network(context),
            key,
        };
        let doing = match about {
            About::Plan => "writes a plan",
            About::Work => "works",
            About::Audit => "audits the result",
        };
        self.note(context.run.id, &format!("iteration {}: {} {doing}", context.run.iteration, agent.name()));
        self.open_way(context.run.id, &ways)?;
        let disagreed = AtomicBool::new(false);
        let steered = async {
            // Guidance is for whoever works on the task.
            match about {
                About::Audit => match self.hear(&self.places().tree(&spec.key), &disagreed).await {},
                About::Plan | About::Work => self.steer(context, &spec.key, agent.as_ref()).await,
            }
        };
        let step = tokio::select! {
            step = self.run_step(context, &spec, Some(prompt), false) => step?,
            halt = steered => return Err(halt),
            halt = Box::pin(self.do_tasks(context, &spec.key)) => return Err(halt),
        };
        // What the author of the same iteration had done is none of the auditor's.
        let beside = if kind == StepKind::Develop { self.close_tasks(context).await? } else { 0 };
        let answered = self.close_way(context);
        let StepState::Ended { end, log_digest, .. } = &step.state else { return Err(Halt::Superseded) };
        let reader = self.world.trees().hand_over(&spec.log, log_digest, agent.reader(&told)).await?;
        let report = reader.finish(end, step.ended);
        let report = self.metered(context, by_provider(report, answered)).await?;
        let disagreed = disagreed.into_inner();
        Ok(Turned { end: end.clone(), spec, step, report, beside, disagreed })
    }

    /// The text that a turn left in a file at the top of its tree, and nothing else of that tree. One that the repository has is
    /// none that the agent wrote.
    pub(super) async fn left(
        &self,
        context: &Context,
        turned: &Turned,
        head: &str,
        file: &'static str,
    ) -> Result<Option<String>, Halt> {
        let trees = self.world.trees();
        let before = trees.file(&context.project, head, file).await?;
        let text = trees.left(&self.places().tree(&turned.spec.key), file).await?;
        Ok(text.filter(|text| before.as_deref() != Some(text.as_bytes())))
    }

    /// Removes what a turn worked in.
    pub(super) async fn clear_turn(&self, turned: &Turned) -> Result<(), Halt> {
        self.world.trees().remove(&self.places().tree(&turned.spec.key)).await?;
        self.world.trees().remove(&session_dir(&turned.spec.dir)).await?;
        Ok(())
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

/// Endings that say nothing about the work are held: they neither count as an iteration nor reset anything.
pub(super) fn held(report: &AgentReport, instant: bool, changed: bool) -> bool {
    match report.ending {
        Ending::RateLimited { .. } | Ending::Overloaded => true,
        // What a warning changed is tried once: the run's own agent goes on instead of a person who has to say so.
        Ending::Auth | Ending::Billing | Ending::Misconfigured | Ending::Blocked => !changed,
        Ending::Crashed | Ending::Killed { .. } => instant && !changed,
        _ => false,
    }
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
