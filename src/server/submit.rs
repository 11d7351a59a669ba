//! A run that somebody wants to start.

use super::Server;
use super::answer::not_found;
use crate::domain::{Actor, Origin};
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
            feature,
        } = request
        else {
            return Err(not_found("request to start a run", ""));
        };
        let project = self.find_project(&project).await?;
        let (origin, task, criteria) = match feature {
            None => (Origin::Operator, task, criteria),
            Some(feature) => {
                let (origin, task, mut of_feature) = self.to_build(feature, project.id, &task).await?;
                of_feature.extend(criteria);
                (origin, task, of_feature)
            }
        };
        let base = self.engine.world.trees().fetch(&project, revision).await?;
        let agent = agent.unwrap_or_default();
        let new = NewRun {
            project,
            task,
            criteria,
            origin,
            base,
            role,
            engine,
            agent,
            iterations,
            priority,
            plan,
            after,
            owner,
        };
        let run = self.engine.submit(new).await?;
        self.run_reply(run).await
    }
}
