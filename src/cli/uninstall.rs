//! `dogwatch uninstall-data`: takes away everything that the engine of this state directory made, on the container engine
//! first and then what it made in the directory. What is there is shown before, and a word is asked for.
//!
//! The directory is locked meanwhile, so that no engine works in it. A container or an image is only taken if the database
//! knows its name, and one of Docker's only if its label says that it is this engine's. Both sandboxes are looked at, since
//! the operator may have changed from one to the other.

use super::context::{Context, Failure, open};
use super::engine;
use super::serve::{engine_settings, store_paths};
use crate::client::Witness;
use crate::config::{EngineConfig, Paths, SandboxKind};
use crate::safe;
use crate::sandbox::Sandbox;
use crate::sandbox::docker::{self, DockerSandbox, DockerSettings};
use crate::sandbox::process::Remains;
use crate::store::{MadeImage, OpenError, RunFilter, Store};
use crate::text::{Out, SafeText};
use crate::words;
use crate::workspace;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, ErrorKind, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a person has to type.
const WORD: &str = "remove";
/// A user that is not root, since the sandbox wants one; nothing is run here.
const NOBODY: (u32, u32) = (65_534, 65_534);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long, requires = "yes")]
    json: bool,
}

/// What goes.
#[derive(Debug, Serialize)]
struct Inventory {
    /// Names of containers, as they are steps of this engine, and their ids.
    containers: Vec<(String, String)>,
    /// Tags of images.
    images: Vec<String>,
    /// The same with the engines that they are on, empty for the usual one.
    #[serde(skip)]
    made: Vec<(String, String)>,
    state_dir: String,
    /// What the directory takes on disk.
    bytes: u64,
    /// Runs that are not over.
    unfinished: u32,
}

/// Where containers may be.
struct Sandboxes {
    /// `None` where there is nothing of Docker on this machine, or nothing of it that matters.
    docker: Option<DockerSandbox>,
    /// Those of further container engines, by their names.
    others: BTreeMap<String, DockerSandbox>,
    process: Remains,
}

impl Sandboxes {
    /// Names and ids of the containers that seem to be this engine's.
    async fn labelled(&self) -> Result<Vec<(String, String)>, String> {
        let process = self.process.names().map_err(|error| format!("containers of the process sandbox: {error}"))?;
        let mut all = match &self.docker {
            Some(docker) => docker.labelled().await.map_err(|error| error.to_string())?,
            None => Vec::new(),
        };
        for other in self.others.values() {
            all.extend(other.labelled().await.map_err(|error| error.to_string())?);
        }
        all.extend(process.into_iter().map(|name| (name.clone(), name)));
        Ok(all)
    }

    async fn remove_containers(&self, containers: &[(String, String)]) -> Result<(), Failure> {
        for (name, container) in containers {
            // A container of the process sandbox is called by its name.
            if name == container {
                self.process.remove(name).await.map_err(|error| not_all(name, &error))?;
                continue;
            }
            // Ids are never the same, and who does not have one removes nothing.
            for docker in self.docker.iter().chain(self.others.values()) {
                docker.remove(container).await.map_err(|error| not_all(name, &error))?;
            }
        }
        Ok(())
    }

    async fn remove(&self, inventory: &Inventory) -> Result<(), Failure> {
        self.remove_containers(&inventory.containers).await?;
        for (engine, tag) in &inventory.made {
            if let Some(docker) = self.at(engine) {
                docker.remove_image(tag).await.map_err(|error| not_all(tag, &error))?;
            }
        }
        for (name, other) in &self.others {
            other.forget_all().await.map_err(|error| not_all(name, &error))?;
        }
        Ok(())
    }

    /// The Docker that images of an engine are on.
    fn at(&self, engine: &str) -> Option<&DockerSandbox> {
        if engine.is_empty() { self.docker.as_ref() } else { self.others.get(engine) }
    }
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let paths = context.paths.clone();
    if !paths.database().try_exists()? {
        let message = format!("there is no engine's data in {}: nothing is to be removed", paths.state().display());
        return Err(Failure { code: 4, message });
    }
    is_own(paths.state())?;
    if !args.yes && !std::io::stdin().is_terminal() {
        let message = "everything would be removed: say --yes where nobody can be asked".to_owned();
        return Err(Failure { code: 5, message });
    }
    if let Some(_lives) = context.running().await? {
        if !args.yes && !agreed(&mut context, &safe!("The engine works and will be stopped. Go on?"))? {
            return kept(&mut context);
        }
        engine::end(&mut context).await?;
    }
    let store = hold(&paths)?;
    let (docker, passed_over) = docker(&paths, &store).await?;
    if let Some(reason) = passed_over {
        let text = safe!("Docker is not looked at, since [sandbox] names the process sandbox: {}", reason);
        open(Out::stderr().line(&text)?)?;
    }
    let others = others(&paths, &store).await?;
    let sandboxes = Sandboxes { docker, others, process: Remains::new(paths.containers()) };
    let inventory = take_stock(&paths, &store, &sandboxes).await?;
    if !args.json {
        context.say_all(&page(&inventory))?;
    }
    if !args.yes && !agreed(&mut context, &safe!("All of this is lost then, runs and their record included."))? {
        return kept(&mut context);
    }
    clear(&paths, &store, &sandboxes, &inventory).await?;
    let others = match std::fs::remove_dir(paths.state()) {
        Ok(()) => false,
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => true,
        Err(error) => return Err(error.into()),
    };
    if args.json {
        context.json(&inventory)?;
        return Ok(0);
    }
    if others {
        context.say(&safe!("{} stays: there are files in it that no engine made", inventory.state_dir))?;
    }
    context.say(&safe!("removed; {} stays as it is", paths.config().display().to_string()))?;
    Ok(0)
}

/// Ends the engine of these places and takes away everything that it made, without a question.
pub async fn everything(context: &mut Context) -> Result<(), Failure> {
    let paths = context.paths.clone();
    is_own(paths.state())?;
    engine::end(context).await?;
    let store = hold(&paths)?;
    let (docker, _passed_over) = docker(&paths, &store).await?;
    let others = others(&paths, &store).await?;
    let sandboxes = Sandboxes { docker, others, process: Remains::new(paths.containers()) };
    let inventory = take_stock(&paths, &store, &sandboxes).await?;
    clear(&paths, &store, &sandboxes, &inventory).await
}

/// Takes away what runs that are not over have in containers and trees, and gives how many containers there were: the database that
/// knows of them is put aside, and after that nobody does.
pub(super) async fn release(paths: &Paths, store: &Store) -> Result<usize, Failure> {
    let filter = RunFilter { unfinished: true, limit: Some(u32::MAX), ..RunFilter::default() };
    let known = store.read(move |view| Ok((view.step_names()?, view.runs(&filter)?))).await;
    let (steps, runs) = known.map_err(|error| Failure::new(error.to_string()))?;
    let steps: HashSet<String> = steps.into_iter().collect();
    let (docker, _passed_over) = docker(paths, store).await?;
    let others = others(paths, store).await?;
    let sandboxes = Sandboxes { docker, others, process: Remains::new(paths.containers()) };
    let labelled = sandboxes.labelled().await.map_err(Failure::new)?;
    let containers: Vec<_> = labelled.into_iter().filter(|(name, _)| steps.contains(name)).collect();
    sandboxes.remove_containers(&containers).await?;
    for run in runs {
        for dir in [paths.workspaces(), paths.steps()].map(|dir| dir.join(run.id.to_string())) {
            workspace::volume::release_beneath(&dir).map_err(|error| Failure::new(error.to_string()))?;
            workspace::remove_tree(&dir).map_err(|error| Failure::new(error.to_string()))?;
        }
    }
    Ok(containers.len())
}

/// Takes it away, containers first.
async fn clear(paths: &Paths, store: &Store, sandboxes: &Sandboxes, inventory: &Inventory) -> Result<(), Failure> {
    sandboxes.remove(inventory).await?;
    // The database is the only one that knows what is ours, so it goes when nothing of ours is left.
    let left = take_stock(paths, store, sandboxes).await?;
    if let Some((name, _)) = left.containers.first() {
        return Err(Failure::new(format!("the container {name} came back: try again")));
    }
    workspace::volume::release_beneath(&paths.workspaces()).map_err(|error| Failure::new(error.to_string()))?;
    for path in paths.everything() {
        workspace::remove_tree(&path).map_err(|error| Failure::new(error.to_string()))?;
    }
    if let Some(witness) = Witness::of(&paths.socket()) {
        witness.forget()?;
    }
    Ok(())
}

/// Refuses the state directory of another user: what lies there says which processes to kill and what to remove, and whoever
/// runs this may do more than who wrote it.
fn is_own(state: &Path) -> Result<(), Failure> {
    let (owner, own) = (std::fs::metadata(state)?.uid(), rustix::process::geteuid().as_raw());
    if owner == own {
        return Ok(());
    }
    let message = format!(
        "{} belongs to user {owner}, and this is user {own}: nothing was removed; do this as user {owner}",
        state.display()
    );
    Err(Failure { code: 5, message })
}

/// Keeps engines out of the state directory, and reads what they wrote.
fn hold(paths: &Paths) -> Result<Store, Failure> {
    Store::rescue_alone(&store_paths(paths)).map_err(|error| match &error {
        OpenError::Locked { .. } => Failure { code: 5, message: error.to_string() },
        _ => Failure::new(format!(
            "{error}; without the database nobody knows which containers and images are this engine's, so nothing was removed"
        )),
    })
}

/// The sandbox that Docker is; or else, where the operator wants the other one and Docker does not answer, why.
async fn docker(paths: &Paths, store: &Store) -> Result<(Option<DockerSandbox>, Option<String>), Failure> {
    let config = EngineConfig::load(&paths.config_file()).map_err(|errors| Failure::new(errors.to_string()))?;
    if config.sandbox.kind != SandboxKind::Docker && !docker::is_there(config.docker_host.as_deref()) {
        return Ok((None, None));
    }
    let settings = DockerSettings {
        host: config.docker_host,
        far: None,
        instance: store.instance().to_owned(),
        exe_copies: paths.exe_copies(),
        executable: None,
        // No step is started here.
        engine_key: [0; 32],
        allowed_registries: Vec::new(),
        user: NOBODY,
        runtime: None,
    };
    let docker = DockerSandbox::connect(settings).await.map_err(|error| Failure::new(error.to_string()))?;
    if config.sandbox.kind == SandboxKind::Process
        && let Err(error) = docker.labelled().await
    {
        return Ok((None, Some(error.to_string())));
    }
    Ok((Some(docker), None))
}

/// Those of the further container engines. What is there cannot be known of one that config.toml names no more.
async fn others(paths: &Paths, store: &Store) -> Result<BTreeMap<String, DockerSandbox>, Failure> {
    let config = EngineConfig::load(&paths.config_file()).map_err(|errors| Failure::new(errors.to_string()))?;
    let mut others = BTreeMap::new();
    for (name, at) in &config.engines {
        let settings = engine_settings(paths, &config, name, at, store.instance().to_owned());
        let other = DockerSandbox::connect(settings).await.map_err(|error| Failure::new(error.to_string()))?;
        let reached = other.far_facts().await;
        reached.map_err(|error| Failure::new(format!("nothing was removed: {error}")))?;
        others.insert(name.clone(), other);
    }
    Ok(others)
}

/// What there is of this engine.
async fn take_stock(paths: &Paths, store: &Store, sandboxes: &Sandboxes) -> Result<Inventory, Failure> {
    let unknown = |error: &dyn std::fmt::Display| Failure::new(format!("nothing was removed: {error}"));
    let known = store.read(|view| {
        let steps: HashSet<String> = view.step_names()?.into_iter().collect();
        Ok((steps, view.made_images()?, view.unfinished_runs()?))
    });
    let (steps, made, unfinished) = known.await.map_err(|error| unknown(&error))?;
    // An engine that never made anything needs no container engine to go.
    let labelled = if steps.is_empty() { Ok(Vec::new()) } else { sandboxes.labelled().await };
    let labelled = labelled.map_err(|error| unknown(&error))?;
    let containers = labelled.into_iter().filter(|(name, _)| steps.contains(name)).collect();
    let mut found = Vec::new();
    for MadeImage { tag, engine, image, .. } in made {
        let Some(docker) = sandboxes.at(&engine) else {
            let on = if engine.is_empty() { "Docker".to_owned() } else { format!("engine {engine}") };
            return Err(unknown(&safe!("the image {} was made with {}, which cannot be asked", tag, on)));
        };
        let seen = docker.made_image(&tag).await.map_err(|error| unknown(&error))?;
        if seen.is_some_and(|(id, _)| image.is_none_or(|image| image == id)) {
            found.push((engine, tag));
        }
    }
    let state_dir = paths.state().display().to_string();
    let images = found.iter().map(|(_, tag)| tag.clone()).collect();
    Ok(Inventory { containers, images, made: found, state_dir, bytes: workspace::size(paths.state())?, unfinished })
}

fn page(inventory: &Inventory) -> Vec<SafeText> {
    let mut lines = vec![safe!("This goes:")];
    lines.extend(inventory.containers.iter().map(|(name, id)| safe!("  container {} ({})", name, id).truncate(60)));
    lines.extend(inventory.images.iter().map(|tag| safe!("  image {}", tag)));
    lines.push(safe!("  {} with {}", inventory.state_dir, words::size(inventory.bytes)));
    if inventory.unfinished > 0 {
        lines.push(safe!("{} runs are not over.", inventory.unfinished));
    }
    lines
}

/// Asks a person for the word.
fn agreed(context: &mut Context, question: &SafeText) -> Result<bool, Failure> {
    context.say(&safe!("{} Type `{}` to go on.", question, WORD))?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == WORD)
}

fn kept(context: &mut Context) -> Result<i32, Failure> {
    context.say(&safe!("nothing was removed"))?;
    Ok(5)
}

fn not_all(name: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("{name} is still there: {error}; the state directory is kept, so that you can try again"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Root once obeyed files that an ordinary user had put into his own state directory.
    #[test]
    fn what_another_user_wrote_is_not_obeyed() {
        let home = tempfile::tempdir().unwrap();
        is_own(home.path()).unwrap();
        let others = if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(home.path(), Some(10_001), None).unwrap();
            home.path()
        } else {
            Path::new("/")
        };
        let refused = is_own(others).unwrap_err();
        assert!(refused.code == 5 && refused.message.contains("nothing was removed"), "{}", refused.message);
    }
}
