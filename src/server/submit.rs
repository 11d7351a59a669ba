//! A run that somebody wants to start.

use super::Server;
use super::answer::not_found;
use crate::domain::Actor;
use crate::engine::NewRun;
use crate::engine::ports::World;
use crate::protocol::{Fault, Reply, Request};
use crate::sandbox::Sandbox;

impl<S: Sandbox> Server<S> {
    /// Starts it.
    pub(super) async fn submit(&self, request: Request, owner: Actor) -> Result<Reply, Fault> {
        let Request::Submit {
            project,
            task,
            criteria,
            role,
            engine,
            agent,
            iterations,
            revision,
            priority,
            plan,
            after,
        } = request
        else {
            return Err(not_found("request to start a run", ""));
        };
        let project = self.find_project(&project).await?;
        let base = self.engine.world.trees().fetch(&project, revision).await?;
        let agent = agent.unwrap_or_default();
        let new =
            NewRun { project, task, criteria, base, role, engine, agent, iterations, priority, plan, after, owner };
        let run = self.engine.submit(new).await?;
        self.run_reply(run).await
    }
}
