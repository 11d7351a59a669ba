//! Registering repositories.

use super::Server;
use super::answer::not_found;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Project, ProjectId};
use crate::engine::ports::World;
use crate::protocol::{Fault, FaultCode, Reply};
use crate::sandbox::Sandbox;
use serde_json::json;

impl<S: Sandbox> Server<S> {
    /// Registers a repository and fetches it at once, so that a wrong path is refused here and not at night.
    pub(super) async fn add_project(&self, source: String, name: Option<String>, you: Actor) -> Result<Reply, Fault> {
        let name = name.unwrap_or_else(|| default_name(&source));
        let fine = !name.is_empty()
            && name.len() <= 64
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            && name.parse::<ProjectId>().is_err();
        if !fine {
            let message = format!(
                "`{name}` cannot be a project's name: up to 64 letters, digits, dots, dashes and underscores, and not an \
                 id such as p3; choose one with --name"
            );
            return Err(Fault { code: FaultCode::Refused, message });
        }
        let project = self
            .engine
            .store
            .write(move |tx| {
                let project = tx.insert_project(&name, &source)?;
                let detail = json!({ "name": project.name, "source": project.source });
                tx.record(AuditEvent::new(you, "project.added").project(project.id).detail(detail))?;
                Ok(project)
            })
            .await?;
        match self.engine.world.trees().fetch(&project, None).await {
            Ok(_) => Ok(Reply::Project { project }),
            Err(fault) => {
                let id = project.id;
                self.engine
                    .store
                    .write(move |tx| {
                        tx.remove_project(id)?;
                        let event = AuditEvent::new(Actor::Engine, "project.refused").project(id);
                        tx.record(event.detail(json!({ "reason": fault.0 })))?;
                        Ok(fault)
                    })
                    .await
                    .map_or_else(|error| Err(error.into()), |fault| Err(fault.into()))
            }
        }
    }

    /// A project by name or id.
    pub(super) async fn find_project(&self, text: &str) -> Result<Project, Fault> {
        let wanted = text.to_owned();
        let found = self
            .engine
            .store
            .read(move |view| match view.project_named(&wanted)? {
                Some(project) => Ok(Some(project)),
                None => wanted.parse::<ProjectId>().ok().map_or(Ok(None), |id| view.project(id)),
            })
            .await?;
        found.ok_or_else(|| not_found("project", text))
    }
}

/// The last part of a path or URL without `.git`.
fn default_name(source: &str) -> String {
    let last = source.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    last.strip_suffix(".git").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::default_name;

    #[test]
    fn names_come_from_the_last_part() {
        for (source, name) in [
            ("/srv/code/shop", "shop"),
            ("/srv/code/shop.git/", "shop"),
            ("https://host/a/b.git", "b"),
            ("git@host:b.git", "b"),
        ] {
            assert_eq!(default_name(source), name);
        }
    }
}
