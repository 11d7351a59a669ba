//! Registering repositories.

use super::Server;
use super::answer::not_found;
use super::detail::blocking;
use crate::audit::AuditEvent;
use crate::domain::{Actor, Project, ProjectId};
use crate::engine::ports::{Trees, World};
use crate::protocol::{Fault, FaultCode, Reply};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, Tx};
use crate::workspace::{check_source, redacted};
use serde_json::json;

/// Longest name of a project in bytes.
const LONGEST_NAME: usize = 64;

impl<S: Sandbox> Server<S> {
    /// Registers a repository and fetches it at once, so that a wrong path is refused here and not at night.
    pub(super) async fn add_project(&self, source: String, name: Option<String>, you: Actor) -> Result<Reply, Fault> {
        let given = source.clone();
        // Before anything is written: what is refused here may hold a password.
        blocking(move || check_source(&given)).await?.map_err(|error| refused(error.to_string()))?;
        let Some(name) = name else { return self.add_under_free_name(source, you).await };
        let fine = !name.is_empty()
            && name.len() <= LONGEST_NAME
            && name.chars().all(fits)
            && name.parse::<ProjectId>().is_err();
        if !fine {
            let message = format!(
                "`{name}` cannot be a project's name: up to 64 letters, digits, dots, dashes and underscores, and not an \
                 id such as p3; choose one with --name"
            );
            return Err(refused(message));
        }
        self.insert_and_fetch(source, you, move |_| Ok(name)).await
    }

    /// A repository whose name nobody chose is called after its directory, with a number where that is taken.
    async fn add_under_free_name(&self, source: String, you: Actor) -> Result<Reply, Fault> {
        let wanted = source.clone();
        if let Some(known) = self.projects().await?.into_iter().find(|project| project.source == wanted) {
            let name = known.name;
            let message = format!("{wanted} is registered as {name} already: choose a second name with --name");
            return Err(refused(message));
        }
        let wanted = default_name(&source);
        self.insert_and_fetch(source, you, move |tx| {
            let numbered = (2..).map(|number| format!("{wanted}-{number}"));
            for name in std::iter::once(wanted.clone()).chain(numbered) {
                if tx.project_named(&name)?.is_none() {
                    return Ok(name);
                }
            }
            Ok(wanted)
        })
        .await
    }

    async fn insert_and_fetch(
        &self,
        source: String,
        you: Actor,
        name: impl FnOnce(&Tx<'_>) -> Result<String, StoreError> + Send + 'static,
    ) -> Result<Reply, Fault> {
        let project = self
            .engine
            .store
            .write(move |tx| {
                let project = tx.insert_project(&name(tx)?, &source)?;
                let detail = json!({ "name": project.name, "source": redacted(&project.source) });
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

    /// Takes a project away of which nothing is on record, with what was fetched of it. The audit log keeps that it was there.
    pub(super) async fn remove_project(&self, named: &str, you: Actor) -> Result<Reply, Fault> {
        let project = self.find_project(named).await?;
        let gone = project.clone();
        let on_record = self
            .engine
            .store
            .write(move |tx| {
                let on_record = tx.on_record(gone.id)?;
                if on_record.is_empty() {
                    tx.remove_project(gone.id)?;
                    let detail = json!({ "name": gone.name, "source": redacted(&gone.source) });
                    tx.record(AuditEvent::new(you, "project.removed").project(gone.id).detail(detail))?;
                }
                Ok(on_record)
            })
            .await?;
        if !on_record.is_empty() {
            let all: Vec<String> = on_record.iter().map(|(what, count)| format!("{what} ({count})")).collect();
            let message = format!(
                "{} stays, since this is on record of it: {}; a project goes only as long as there is nothing",
                project.name,
                all.join(", ")
            );
            return Err(refused(message));
        }
        if let Err(fault) = self.engine.world.trees().forget(project.id).await {
            tracing::warn!(project = %project.id, "what was fetched of a project that was taken away is still there: {fault}");
        }
        Ok(Reply::Project { project })
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

fn refused(message: String) -> Fault {
    Fault { code: FaultCode::Refused, message }
}

/// The last part of a path or URL without `.git`, as far as it can be a name, with room for a number.
fn default_name(source: &str) -> String {
    let last = source.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let last = last.strip_suffix(".git").unwrap_or(last);
    let plain: String = last.chars().map(|c| if fits(c) { c } else { '-' }).take(LONGEST_NAME - 8).collect();
    match plain.trim_matches('-') {
        "" => "project".to_owned(),
        id if id.parse::<ProjectId>().is_ok() => format!("project-{id}"),
        name => name.to_owned(),
    }
}

fn fits(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
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
            ("/srv/My Shop (é)", "My-Shop"),
            ("/srv/p3", "project-p3"),
            ("/srv/été", "t"),
            ("/", "project"),
        ] {
            assert_eq!(default_name(source), name);
        }
    }
}
