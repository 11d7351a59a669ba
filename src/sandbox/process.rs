//! The embedded process sandbox, for machines without Docker: every step is a process tree of its own in namespaces that
//! bubblewrap makes, with `dogwatch shim` as its first process.
//!
//! The engine can be killed at any instant. Containers live on: bubblewrap waits for the first process and writes its exit
//! code to a file, the shim keeps what the program writes, and which process is meant is on disk before it is told its
//! secret, without which it starts no program. So everything here may be repeated.
//!
//! | file | what |
//! | --- | --- |
//! | `bwrap.rs` | the program bubblewrap, and whether it works here |
//! | `walls.rs`, `filter.rs` | the walls: namespaces and mounts, refused system calls |
//! | `root.rs`, `private.rs` | what a step sees as its root, and what it never sees |
//! | `groups.rs`, `limits.rs` | what bounds a container: control groups, else limits of each process |
//! | `record.rs`, `identity.rs` | what is on disk of a container, and which process is meant |
//! | `life.rs` | started, frozen, thawed, stopped, removed |
//! | `freeze.rs`, `kin.rs`, `keeper.rs` | freezing, by signals where no control group does it: who is meant, and that it lasts |
//! | `watch.rs` | waiting for the end, time limits |
//! | `remains.rs` | taking containers away where there may be no bubblewrap any more |

mod bwrap;
mod filter;
mod freeze;
mod groups;
mod identity;
mod keeper;
mod kin;
mod life;
mod limits;
mod private;
mod record;
mod remains;
mod root;
mod walls;
mod watch;

use super::executable::{self, Staged};
use super::follow::{self, Followed};
use super::words::is_disk_full;
use super::{
    Abilities, Bound, DiskBound, Ended, Network, Presence, Profile, Said, Sandbox, SandboxError, StepSpec, layout,
};
use crate::domain::ImageUsed;
use crate::shim::Secret;
use crate::workspace::volume;
use bwrap::Bubblewrap;
use groups::{Controller, Tree};
use keeper::Keeper;
use private::Private;
use record::{Made, Record};
pub use remains::Remains;
use root::Roots;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the engine gives to its process sandbox.
#[derive(Debug, Clone)]
pub struct ProcessSettings {
    /// The engine instance's id. Two engines on one machine differ in it, so that they never meet.
    pub instance: String,
    /// Directory for what is known of containers; nobody else uses it.
    pub home: PathBuf,
    /// Directory for copies of the executable.
    pub exe_copies: PathBuf,
    /// The executable that containers run as their shim; `None` for the running one.
    pub executable: Option<PathBuf>,
    /// The engine's own key, from which the secrets of its steps are derived.
    pub engine_key: [u8; 32],
    /// User and group of steps: the engine's own, or some other than root where the engine is root.
    pub user: (u32, u32),
    /// Directories that serve as roots, by the name of the image.
    pub roots: BTreeMap<String, PathBuf>,
    /// Further directories of the host that the image `host` shows, read-only, under their own paths.
    pub visible: BTreeSet<PathBuf>,
    /// The engine's own directories, its state and its configuration: steps see nothing of them.
    pub private: Vec<PathBuf>,
}

/// Bubblewrap as a sandbox.
pub struct ProcessSandbox {
    bubblewrap: Bubblewrap,
    instance: String,
    home: PathBuf,
    copy: Staged,
    key: [u8; 32],
    user: (u32, u32),
    roots: Roots,
    tree: Tree,
    followed: Followed,
    keeper: Keeper,
}

/// What is known of process sandboxes on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessFacts {
    /// The program.
    pub program: PathBuf,
    /// Its version.
    pub version: String,
    /// What it can do here.
    pub abilities: Abilities,
    /// Whether steps are in a user namespace of their own.
    pub own_namespace: bool,
}

/// What a process sandbox of an engine of this user would be; the error says what is in the way and what to do.
pub async fn ask_facts(user: (u32, u32)) -> Result<ProcessFacts, String> {
    let executable = std::env::current_exe().map_err(|error| format!("this program's file is not known: {error}"))?;
    let becomes = becomes(user);
    let Bubblewrap { program, version } = bwrap::find(&executable, becomes).await?;
    let abilities = abilities(&Tree::find());
    Ok(ProcessFacts { program, version, abilities, own_namespace: becomes.is_none() })
}

/// Where a directory really lies, if steps may see it; `private` are the engine's own.
pub fn may_be_shown(private: Vec<PathBuf>, path: &Path) -> std::io::Result<PathBuf> {
    Private(private).passes(path)
}

/// Whether what these settings show to steps may be shown; the error says what may not, and why. `private` are the engine's own
/// directories.
pub fn check_shown(
    roots: &BTreeMap<String, PathBuf>,
    visible: &BTreeSet<PathBuf>,
    private: Vec<PathBuf>,
) -> Result<(), SandboxError> {
    Roots { named: roots.clone(), visible: visible.clone(), private: Private(private) }.check()
}

impl ProcessSandbox {
    /// Makes sure that containers can be made here, makes the copy of the executable and keeps the settings.
    pub async fn connect(settings: ProcessSettings) -> Result<Self, SandboxError> {
        let ProcessSettings { instance, home, exe_copies, executable, engine_key, user, roots, visible, private } =
            settings;
        if user.0 == 0 {
            return Err(SandboxError::Local("agents and tests never run as root; choose another user".to_owned()));
        }
        let roots = Roots { named: roots, visible, private: Private(private) };
        roots.check()?;
        let staged = {
            let home = home.clone();
            tokio::task::spawn_blocking(move || {
                std::fs::create_dir_all(&home).and_then(|()| record::tidy(&home)).map_err(|error| {
                    SandboxError::Local(format!("{}: {error}; it must be a directory of the engine", home.display()))
                })?;
                Ok(Tree::find())
            })
        };
        let staged = staged.await.map_err(|error| SandboxError::Local(format!("cannot prepare: {error}")))?;
        let tree = staged?;
        let copy = Staged::prepare(executable, exe_copies).await?;
        let program = copy.program().await?;
        let bubblewrap = bwrap::find(&program, becomes(user)).await.map_err(SandboxError::Absent)?;
        let followed = Followed::default();
        let keeper = Keeper::default();
        Ok(Self { bubblewrap, instance, home, copy, key: engine_key, user, roots, tree, followed, keeper })
    }

    /// The user that shims become by themselves, where bubblewrap is started as root.
    fn becomes(&self) -> Option<(u32, u32)> {
        becomes(self.user)
    }

    fn record(&self, container: &str) -> Result<Record, SandboxError> {
        Record::named(&self.home, container).ok_or_else(|| {
            SandboxError::Local(format!("`{}` is no container of a process sandbox", super::words::shorten(container)))
        })
    }

    /// The secret of a step's container.
    fn secret(&self, spec: &StepSpec) -> Secret {
        Secret::derive(&self.key, &format!("process-{}-{}", self.instance, spec.key))
    }

    fn local(&self, error: &std::io::Error) -> SandboxError {
        let text = format!("process sandbox in {}: {error}", self.home.display());
        let full = matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
        if full || is_disk_full(&text) { SandboxError::DiskFull(text) } else { SandboxError::Local(text) }
    }
}

fn becomes(user: (u32, u32)) -> Option<(u32, u32)> {
    rustix::process::geteuid().is_root().then_some(user)
}

fn abilities(tree: &Tree) -> Abilities {
    let bound = |controller, otherwise| if tree.does(controller) { Bound::Whole } else { otherwise };
    Abilities {
        images: false,
        builds: false,
        setup: false,
        memory: bound(Controller::Memory, Bound::EachProcess),
        pids: bound(Controller::Pids, Bound::EachUser),
        cpus: bound(Controller::Cpu, Bound::Nothing),
        disk: if volume::possible().is_ok() { DiskBound::FileSystem } else { DiskBound::Watched },
        freezer: tree.does(Controller::Freezer),
        services: false,
    }
}

impl Sandbox for ProcessSandbox {
    fn abilities(&self) -> Abilities {
        abilities(&self.tree)
    }

    async fn words(&self) -> Result<String, SandboxError> {
        let limits = if self.abilities().memory == Bound::Whole { "" } else { ", loose limits" };
        Ok(format!("bubblewrap {}, the machine's own programs{limits}", self.bubblewrap.version))
    }

    async fn own_program(&self) -> Result<Vec<String>, SandboxError> {
        Ok(self.copy.get().await?.command.clone())
    }

    async fn create(&self, spec: &StepSpec) -> Result<String, SandboxError> {
        if spec.network != Network::default() {
            return Err(unable("to let steps share a network", "leave out the services, or install Docker"));
        }
        if spec.profile == Profile::Provision {
            return Err(unable(
                "to run a setup",
                "write what it would do into the image's directory, or install Docker",
            ));
        }
        self.roots.admits(&spec.image)?;
        layout::prepare(spec, self.user)?;
        let name = spec.key.to_string();
        let record = self.record(&name)?;
        let instance: String = self.instance.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        let groups = self.tree.plan(&format!("{instance}-{name}"));
        let made = Made { image: spec.image.clone(), step: spec.dir.clone(), groups };
        if record.make(&made, self.user).map_err(|error| self.local(&error))? {
            return Ok(name);
        }
        let found = record.made().map_err(|error| self.local(&error))?;
        if found.is_some_and(|found| found.image == made.image && found.step == made.step) {
            return Ok(name);
        }
        Err(SandboxError::Refused {
            what: format!("to make container {name}"),
            reason: "there is one of that name with another image or directory; it must be removed first".to_owned(),
        })
    }

    async fn start(&self, spec: &StepSpec, container: &str) -> Result<(), SandboxError> {
        life::start(self, spec, &self.record(container)?).await
    }

    async fn follow(
        &self,
        spec: &StepSpec,
        container: &str,
        tell: &(dyn Fn(String) + Send + Sync),
    ) -> Result<Ended, SandboxError> {
        let following = self.followed.begin(container);
        let record = self.record(container)?;
        let channel = follow::open_channel(spec, self.secret(spec)).await?;
        following.speak_by(&channel);
        let over = watch::Watch { spec, record: &record, channel: &channel, tell }.over().await;
        let over = over.map_err(|error| self.local(&error))?;
        let drained = follow::drain(spec, &channel).await?;
        let words = if drained.exit.is_none() { record.words() } else { String::new() };
        follow::conclude(spec, &following, channel, drained, over, words).await
    }

    async fn say(&self, container: &str, number: u64, bytes: &[u8]) -> Result<Said, SandboxError> {
        self.followed.say(container, number, bytes).await
    }

    async fn stop(&self, container: &str, grace: Duration) -> Result<(), SandboxError> {
        self.followed.stop(container, grace).await
    }

    async fn presence(&self, container: &str) -> Result<Presence, SandboxError> {
        // Such as Docker's: a run that was begun with another sandbox.
        let Ok(record) = self.record(container) else { return Ok(Presence::Gone) };
        let seen = life::look(&record).map_err(|error| self.local(&error))?;
        Ok(seen.map_or(Presence::Gone, |seen| seen.presence))
    }

    async fn freeze(&self, container: &str) -> Result<(), SandboxError> {
        let Ok(record) = self.record(container) else { return Ok(()) };
        self.keeper.freeze(container, record).await.map_err(|error| self.local(&error))
    }

    async fn thaw(&self, container: &str) -> Result<(), SandboxError> {
        let Ok(record) = self.record(container) else { return Ok(()) };
        self.keeper.thaw(container, record).await.map_err(|error| self.local(&error))
    }

    async fn remove(&self, container: &str) -> Result<(), SandboxError> {
        self.followed.note_removal(container);
        self.keeper.forget(container);
        let Ok(record) = self.record(container) else { return Ok(()) };
        life::remove(&record).await.map_err(|error| self.local(&error))
    }

    async fn labelled(&self) -> Result<Vec<(String, String)>, SandboxError> {
        let names = Record::names(&self.home).map_err(|error| self.local(&error))?;
        Ok(names.into_iter().map(|name| (name.clone(), name)).collect())
    }

    fn admits(&self, reference: &str) -> Result<(), SandboxError> {
        self.roots.admits(reference)
    }

    fn admits_build(&self, _dockerfile: &str, _context: &[u8]) -> Result<(), SandboxError> {
        Err(unable(
            "to build an image",
            "name a root under [image] with `reference`, such as \"host\", or install Docker",
        ))
    }

    async fn image(
        &self,
        reference: &str,
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<ImageUsed, SandboxError> {
        self.roots.entries(reference, Path::new("/")).map(drop)?;
        progress(format!("steps see the programs of `{reference}` as they are on this machine; nothing pins them"));
        Ok(ImageUsed { asked: reference.to_owned(), id: reference.to_owned(), digest: None, services: BTreeMap::new() })
    }

    async fn build(
        &self,
        _tag: &str,
        dockerfile: &str,
        context: Vec<u8>,
        _progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<ImageUsed, SandboxError> {
        self.admits_build(dockerfile, &context)?;
        Err(unable("to build an image", "install Docker"))
    }

    async fn commit(&self, _container: &str, _tag: &str) -> Result<String, SandboxError> {
        Err(unable("to keep a setup", "install Docker"))
    }

    async fn made_image(&self, _tag: &str) -> Result<Option<(String, u64)>, SandboxError> {
        Ok(None)
    }

    async fn remove_image(&self, _tag: &str) -> Result<(), SandboxError> {
        Ok(())
    }

    async fn old_programs(&self, dry: bool) -> Result<Vec<(String, u64)>, SandboxError> {
        executable::old(&self.copy, self.labelled().await?.is_empty(), dry).await
    }

    async fn local_image(&self, _tag: &str) -> Result<Option<String>, SandboxError> {
        Ok(None)
    }
}

/// What a process sandbox has no way to do.
fn unable(what: &str, remedy: &str) -> SandboxError {
    let reason = format!("the process sandbox has no images of its own; {remedy}");
    SandboxError::Refused { what: what.to_owned(), reason }
}
