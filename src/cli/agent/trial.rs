//! Containers of a try, which no run and no engine knows: made under a name of their own, followed to their end, removed. What
//! a try that was killed left behind is removed by the next one, by the engine, or by `dogwatch gc`.

use super::super::context::Failure;
use super::super::doctor::Finding;
use super::super::serve::{sandbox_of, step_user};
use super::judge;
use crate::agent::{Agent, CodingAgent, CodingSettings, Session, TurnContext, TurnReader as _, reader};
use crate::audit::hex;
use crate::config::{ChosenAgent, EngineConfig, Paths};
use crate::domain::{Millis, RunId, StepEnd, StepKey, StepKind, Tokens};
use crate::gateway::{Gateway, Ways, address};
use crate::logs::{LogError, LogReader, Stream};
use crate::sandbox::{
    AnySandbox, Limits, Network, Profile, SESSION_INSIDE, Sandbox, SandboxError, StepSpec, WallTimes,
};
use crate::workspace::remove_tree;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};

/// The run that a try passes for. No real one has this number.
const RUN: RunId = RunId(0);
/// What the model is asked.
const PROMPT: &str = "This is a check of an installation. Answer with the single word `ready`, and use no tools.";
/// How long a program may take to tell its version, in seconds.
const VERSION_SECONDS: u64 = 120;
/// How long the turn may take, in seconds: agents try again for minutes where a key is refused.
const TURN_SECONDS: u64 = 420;
/// The directory of what belongs to containers. It is there before the first one is.
const STEPS: &str = "steps";
/// How much of what a program writes is looked at.
const SAID: usize = 64 * 1024;

/// A place to try things in.
pub(super) struct Trial {
    sandbox: AnySandbox,
    gateway: Gateway,
    dir: PathBuf,
    /// Held for as long as the try lasts: one at a time.
    _alone: File,
}

/// What a program did.
struct Done {
    end: StepEnd,
    /// Its output and its error stream, as they came.
    said: Vec<(Stream, Vec<u8>)>,
}

/// The right to try something, where nobody else does at present.
fn alone(paths: &Paths) -> Result<Option<File>, SandboxError> {
    let place = paths.trials().join("lock");
    let failed = |error: io::Error| SandboxError::Local(format!("{}: {error}", place.display()));
    let alone = File::create(&place).map_err(failed)?;
    match alone.try_lock() {
        Ok(()) => Ok(Some(alone)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The sandbox for tries, under a name of its own.
async fn sandbox(paths: &Paths, config: &EngineConfig) -> Result<AnySandbox, SandboxError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| SandboxError::Local(format!("no random numbers: {error}")))?;
    // Never the engine's own name, and always the same one for this engine's tries.
    let instance = hex(&Sha256::digest(format!("trial of {}", paths.state().display())));
    sandbox_of(paths, config, instance, step_user(), key, paths.trials().join("containers")).await
}

/// Removes all that tries made; gives the names of the containers.
async fn clear(sandbox: &AnySandbox, dir: &Path) -> Result<Vec<String>, SandboxError> {
    let mut removed = Vec::new();
    for (name, container) in sandbox.labelled().await? {
        sandbox.remove(&container).await?;
        removed.push(name);
    }
    // Last, since they tell that there may be containers.
    for name in ["gateway", STEPS] {
        remove_tree(&dir.join(name)).map_err(|error| SandboxError::Local(error.to_string()))?;
    }
    Ok(removed)
}

/// Removes what a try that was killed left, or only says with `dry` what that is: the names of its containers. One that is at
/// work is left alone. Without any trace of a try no sandbox is asked.
pub(in crate::cli) async fn leftovers(
    paths: &Paths,
    config: &EngineConfig,
    dry: bool,
) -> Result<Vec<String>, SandboxError> {
    let dir = paths.trials();
    if !dir.join(STEPS).exists() {
        return Ok(Vec::new());
    }
    let Some(_alone) = alone(paths)? else { return Ok(Vec::new()) };
    let sandbox = sandbox(paths, config).await?;
    if dry {
        return Ok(sandbox.labelled().await?.into_iter().map(|(name, _)| name).collect());
    }
    clear(&sandbox, &dir).await
}

impl Trial {
    /// Makes the place, and removes what an earlier try left.
    pub async fn begin(paths: &Paths, config: &EngineConfig, gateway: Gateway) -> Result<Self, SandboxError> {
        paths.prepare().map_err(|error| SandboxError::Local(error.to_string()))?;
        let Some(alone) = alone(paths)? else {
            return Err(SandboxError::Local("another `dogwatch agent test` is at work: wait for its end".to_owned()));
        };
        let sandbox = sandbox(paths, config).await?;
        if let AnySandbox::Absent(reason) = &sandbox {
            return Err(SandboxError::Absent(reason.clone()));
        }
        let trial = Self { sandbox, gateway, dir: paths.trials(), _alone: alone };
        trial.clear().await?;
        Ok(trial)
    }

    /// Tries the image, the program and a turn, up to the first that fails.
    pub async fn steps(
        &self,
        chosen: &ChosenAgent,
        settings: &CodingSettings,
        image: &str,
        tell: &mut impl FnMut(&Finding) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let found = self.sandbox.image(image, &|_| {}).await.map(|image| image.id);
        let Ok(id) = &found else { return tell(&judge::image(&found, image)).map(drop) };
        tell(&judge::image(&found, image))?;
        let mut argv = settings.program.clone();
        argv.push("--version".to_owned());
        let version = self.spec(id, 1, argv, chosen.env.clone(), VERSION_SECONDS);
        let done = self.run(&version).await?;
        if !tell(&judge::program(&settings.program.join(" "), &done.end, &done.text(None)))? {
            return Ok(());
        }
        let agent = CodingAgent::new(&chosen.name, settings.clone(), &address(), SESSION_INSIDE);
        let session = Session::New("00000000-0000-5000-8000-000000000000");
        let turn = agent.turn(&TurnContext { iteration: 1, audit: false, prompt: PROMPT, session });
        let mut env = chosen.env.clone();
        env.extend(turn.env);
        let gateway = self.dir.join("gateway");
        self.gateway
            .open(RUN, &Ways::to_models(settings.api()), &gateway)
            .map_err(|error| Failure::new(error.to_string()))?;
        let spec = self.spec(id, 2, turn.argv, env, TURN_SECONDS);
        let spec = StepSpec { gateway: Some(gateway), stdin: turn.stdin, open_until: turn.open_until, ..spec };
        let begun = Instant::now();
        let done = self.run(&spec).await?;
        self.gateway.close(RUN);
        let mut events = Box::new(reader(settings.adapter, Tokens::default()));
        done.said.iter().for_each(|(stream, bytes)| events.push(*stream, bytes));
        let report = events.finish(&done.end, None::<Millis>);
        tell(&judge::turn(&report, begun.elapsed().as_secs(), &done.text(Some(Stream::Stderr)))).map(drop)
    }

    /// Removes everything again.
    pub async fn end(self) -> Result<(), Failure> {
        self.gateway.close(RUN);
        self.clear().await.map_err(|error| Failure::new(error.to_string()))
    }

    async fn clear(&self) -> Result<(), SandboxError> {
        clear(&self.sandbox, &self.dir).await.map(drop)
    }

    fn spec(
        &self,
        image: &str,
        attempt: u32,
        argv: Vec<String>,
        own: BTreeMap<String, String>,
        seconds: u64,
    ) -> StepSpec {
        let key = StepKey { run: RUN, iteration: 1, kind: StepKind::Develop, suite: String::new(), attempt };
        let dir = self.dir.join(STEPS).join(key.to_string());
        let mut env: BTreeMap<String, String> =
            [("HOME", "/tmp"), ("TMPDIR", "/tmp"), ("TERM", "dumb"), ("NO_COLOR", "1")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        env.extend(own);
        StepSpec {
            profile: Profile::Agent,
            image: image.to_owned(),
            argv,
            env,
            cwd: "/work".to_owned(),
            tree: Some(dir.join("tree")),
            stdin: Vec::new(),
            open_until: None,
            runtime: None,
            keep: Vec::new(),
            log: dir.join("log"),
            dir,
            gateway: None,
            data: BTreeMap::new(),
            limits: Limits::default(),
            network: Network::default(),
            times: WallTimes { seconds, silent_seconds: None },
            key,
        }
    }

    /// Runs a program to its end, or until somebody presses ctrl-c.
    async fn run(&self, spec: &StepSpec) -> Result<Done, Failure> {
        let failed = |error: SandboxError| Failure::new(error.to_string());
        lay(spec).map_err(|error| Failure::new(format!("{}: {error}", spec.dir.display())))?;
        let container = self.sandbox.create(spec).await.map_err(failed)?;
        self.sandbox.start(spec, &container).await.map_err(failed)?;
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let ended = tokio::select! {
            ended = self.sandbox.follow(spec, &container, &|_| {}) => Some(ended),
            _ = interrupt.recv() => None,
            _ = terminate.recv() => None,
        };
        self.sandbox.remove(&container).await.map_err(failed)?;
        let Some(ended) = ended else { return Err(Failure { code: 130, message: "interrupted".to_owned() }) };
        let end = ended.map_err(failed)?.end;
        let said = said(&spec.log).map_err(|error| Failure::new(error.to_string()))?;
        Ok(Done { end, said })
    }
}

impl Done {
    /// What was said, of one stream or of both.
    fn text(&self, only: Option<Stream>) -> String {
        let wanted = self.said.iter().filter(|(stream, _)| only.is_none_or(|only| only == *stream));
        let bytes: Vec<u8> = wanted.flat_map(|(_, bytes)| bytes.iter().copied()).take(SAID).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// An empty tree for the step's user.
fn lay(spec: &StepSpec) -> io::Result<()> {
    let Some(tree) = &spec.tree else { return Ok(()) };
    fs::create_dir_all(tree)?;
    fs::set_permissions(&spec.dir, Permissions::from_mode(0o700))?;
    if rustix::process::geteuid().is_root() {
        let (uid, gid) = step_user();
        chown(tree, Some(uid), Some(gid))?;
    }
    Ok(())
}

/// What a program wrote, without the engine's remarks.
fn said(log: &Path) -> Result<Vec<(Stream, Vec<u8>)>, LogError> {
    let log = match LogReader::open(log) {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        log => log?,
    };
    let mut said = Vec::new();
    loop {
        let records = log.records(said.len() as u64, 64)?;
        if records.is_empty() {
            said.retain(|(stream, _)| *stream != Stream::Engine);
            return Ok(said);
        }
        said.extend(records.into_iter().map(|(entry, bytes)| (entry.stream, bytes)));
    }
}
