//! What runs asked of hosts outside.

use super::Server;
use super::answer::not_found;
use crate::domain::{Actor, EgressSeen, HostName, RunId};
use crate::engine::ports::World;
use crate::protocol::{EgressReport, Fault, FaultCode, Reply};
use crate::sandbox::Sandbox;
use crate::store::StoreError;

/// Refused requests that the engine's status tells.
const NEWEST: u32 = 5;

impl<S: Sandbox> Server<S> {
    pub(super) async fn egress(&self, run: RunId) -> Result<Reply, Fault> {
        let most = self.engine.world.egress().most();
        let found = self.engine.store.read(move |view| {
            let known = view.run(run)?;
            let report = EgressReport { run, seen: view.egress(run)?, spent: view.egress_bytes(run)?, most };
            Ok(known.map(|_| report))
        });
        let egress = found.await?.ok_or_else(|| not_found("run", run))?;
        Ok(Reply::Egress { egress })
    }

    /// Hosts that are open to every run of a project.
    pub(super) async fn hosts(&self, project: &str) -> Result<Reply, Fault> {
        let project = self.find_project(project).await?.id;
        let hosts = self.engine.store.read(move |view| view.hosts_of(project)).await?;
        Ok(Reply::Hosts { hosts })
    }

    /// Closes one of them again.
    pub(super) async fn close_host(
        &self,
        project: &str,
        host: &str,
        reason: String,
        you: Actor,
    ) -> Result<Reply, Fault> {
        let found = self.find_project(project).await?;
        let host = HostName::parse(host).map_err(|fault| Fault {
            code: FaultCode::Refused,
            message: format!("{}: {fault}", crate::domain::shortened(host, 64)),
        })?;
        self.engine.close_host(found, host, reason, you).await?;
        self.hosts(project).await
    }

    /// What was refused last; nothing in rescue mode, where the database may be of another program.
    pub(super) async fn refused(&self) -> Result<Vec<EgressSeen>, StoreError> {
        if self.rescue.is_some() {
            return Ok(Vec::new());
        }
        self.engine.store.read(|view| view.egress_refused(NEWEST)).await
    }
}
