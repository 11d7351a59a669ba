//! `dogwatch serve`: the engine itself.

mod ending;
mod files;
mod heaps;
mod key;
mod log;
mod loops;
mod place;
mod unit;

use super::agent;
use super::context::{Failure, open};
use crate::audit::{Clock, Sealer, SystemClock};
use crate::backup::Keeper;
use crate::client::TAKEN;
use crate::config::{EngineAt, EngineConfig, Paths};
use crate::engine::Engine;
use crate::engine::checkpoints::Checkpoints;
use crate::engine::crash::CrashPoints;
use crate::engine::meter::StoreMeter;
use crate::engine::proposals::{Desk, Proposals, Roles};
use crate::engine::room::{self, Room};
use crate::engine::world::RealWorld;
use crate::fleet::{self, Gate};
use crate::gateway::{Books, Gateway};
use crate::knowledge::Knowledge;
use crate::notify::Notifier;
use crate::people::People;
use crate::query::Queries;
use crate::safe;
use crate::sandbox::docker::{DockerSandbox, DockerSettings, FarSettings};
use crate::sandbox::process::ProcessSettings;
use crate::sandbox::{AnySandbox, SandboxError};
use crate::server::{Server, Settings, listen};
use crate::store::{self, OpenError, Store};
use crate::text::Out;
use loops::Loops;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// The user and group that containers run as where the engine is root.
const NOBODY_IN_PARTICULAR: (u32, u32) = (10_001, 10_001);
/// How often leftovers of tries are looked for, beside each start.
const TRIES: Duration = Duration::from_hours(1);

#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Args {
    /// Print a systemd user unit instead
    #[arg(long)]
    print_unit: bool,
    /// Be the engine of the whole machine: state in /var/lib/dogwatch, config.toml in /etc/dogwatch, socket in /run/dogwatch
    /// for the group that [engine] names
    #[arg(long, conflicts_with = "detach")]
    system: bool,
    /// Print the unit as JSON
    #[arg(long, requires = "print_unit")]
    json: bool,
    /// Become a session of its own (used when another command starts the engine)
    #[arg(long, hide = true)]
    detach: bool,
}

/// Runs the engine until it is told to stop. Containers live on.
pub fn perform(args: &Args) -> Result<i32, Failure> {
    if args.print_unit {
        return unit::print(args.json, args.system);
    }
    if args.detach {
        // Fails only for the leader of a process group, which one that was started in the background never is.
        let _leads_already = rustix::process::setsid();
    }
    let paths = if args.system { Paths::of_system()? } else { Paths::from_environment()? };
    if paths.is_system() && !args.system {
        let message = format!(
            "this machine has an engine of its own ({}), and none is run beside it: use that one, or, if this is to be it, say --system",
            paths.socket().display()
        );
        return Err(Failure { code: TAKEN, message });
    }
    paths.prepare()?;
    let _flushed_on_drop = log_to(&paths)?;
    files::raise();
    if !heaps::few() {
        tracing::warn!("the allocator keeps a heap for each thread, so memory may grow with their number");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(serve(&paths));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    outcome
}

async fn serve(paths: &Paths) -> Result<i32, Failure> {
    let settings = Settings::of(&paths.config_file());
    let config = EngineConfig::load(&paths.config_file()).map_err(|errors| Failure::new(errors.to_string()))?;
    let group = if paths.is_system() { Some(group(&config.group).await?) } else { None };
    let (store, rescue) = open_store(paths, config.reserve_mib)?;
    let place = place::Place::of(paths.state())?;
    let user = step_user();
    let sandbox = sandbox(paths, &config, sandbox_instance(&store), user).await?;
    tracing::info!(kind = sandbox.name(), "the sandbox is chosen");
    let room = Room::new(&config, room::machine());
    let instance = store.instance().to_owned();
    let mut loops = Loops::default();
    let (at, told) = (paths.clone(), config.clone());
    loops.add("the removal of what tries of agents left", move || look_after_tries(at.clone(), told.clone()));
    let checkpoints = Arc::new(checkpoints(paths, &config, &store)?);
    let (books, knowledge) = (Books::new(store.clone()), Knowledge::new(store.clone()));
    let knowledge = knowledge.with_queries(Queries::new(paths.database())).with_logs(paths.logs());
    let knowledge = knowledge.across_projects(config.memory.across_projects);
    let crash = CrashPoints::from_environment();
    let gate = Arc::new(Gate::new(paths.gate(), paths.config_file()).crashing(crash.clone()));
    if let Some(seconds) = config.look_every.filter(|_| rescue.is_none()) {
        let (store, gate, every) = (store.clone(), Arc::clone(&gate), Duration::from_secs(seconds));
        loops.add("the look at assets", move || fleet::watch(store.clone(), Arc::clone(&gate), every));
    }
    let desk = Desk {
        policy: Arc::new(config.approvals.clone()),
        fleet: Arc::new(fleet::Assets::new(store.clone(), Arc::clone(&gate))),
        engine: store.instance().to_owned(),
        epoch: store.epoch(),
    };
    let knowledge = knowledge.with_desk(desk.clone());
    let gateway = Gateway::new(&config.models, config.prices.clone(), Arc::new(StoreMeter::new(store.clone())))
        .map_err(|error| Failure::new(error.to_string()))?;
    let gateway = gateway.recording(books.clone()).with_tools(knowledge.clone());
    let others = others(paths, &config, sandbox_instance(&store), user).await?;
    let people = Arc::new(People::new(config.operators.clone(), &paths.config_file()));
    let backups = Arc::new(backups(paths, &config, &store));
    let (tells, notify, home) = (store.clone(), config.notify.clone(), paths.config().to_owned());
    let world = RealWorld::new(sandbox, paths, config, gateway, user).and(others);
    let engine = Engine::new(store.clone(), world, crash.clone(), room);
    let ground = (Arc::<People>::clone(&people) as Arc<dyn Roles>, Arc::new(SystemClock::new()) as Arc<dyn Clock>);
    let proposals = Proposals::new(store, desk, ground, crash, paths.logs(), engine.announcer());
    books.tell(engine.announcer());
    knowledge.tell(engine.announcer());
    let stop = Arc::new(Notify::new());
    let stays_alone = rescue.is_some();
    let commits = engine.commits();
    // Nothing runs in rescue mode, and nothing is written.
    if !stays_alone {
        let (one, other) = (Arc::clone(&engine), Arc::clone(&engine));
        loops.add("the clock of test runs", move || Arc::clone(&one).keep_schedules());
        loops.add("the reader of data sets", move || Arc::clone(&other).keep_datasets());
        let (marks, news) = (Arc::clone(&checkpoints), commits.clone());
        loops.add("the maker of checkpoints", move || Arc::clone(&marks).keep(news.clone()));
        loops.add("the way to tell people what waits", move || {
            Notifier::new(tells.clone(), &notify, &home).keep(commits.clone())
        });
        let copies = Arc::clone(&backups);
        loops.add("the maker of backups", move || Arc::clone(&copies).keep());
    }
    let shared = (Arc::clone(&stop), gate);
    let place_of = (paths.state().to_owned(), settings);
    let sealed = (checkpoints, backups, loops.faults());
    let server = Server::new((engine, proposals), instance, place_of, rescue, shared, people, sealed);
    // Whoever finds it answering may tell it to end at once.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // A terminal that goes away is no reason to stop.
    let _hang_up_is_ignored = signal(SignalKind::hangup())?;
    let socket = paths.socket();
    let (listener, socket_file) = listen(&socket, group)?;
    tracing::info!(socket = %socket.display(), "the engine serves");
    let code = tokio::select! {
        crashed = Arc::clone(&server).serve(listener) => i32::from(crashed.is_err()),
        _ = terminate.recv() => 0,
        _ = interrupt.recv() => 0,
        () = stop.notified() => 0,
        // At once, as if it were killed: whatever it wrote now would be in another engine's place.
        () = place.lost() => std::process::exit(1),
    };
    ending::sure(code);
    drop(loops);
    tracing::info!("the engine ends; containers live on");
    ending::say(async {
        books.settle().await;
        // Nothing is written in rescue mode.
        if server.rescue.is_none()
            && let Err(error) = server.checkpoints.make().await
        {
            tracing::warn!("{error}");
        }
    })
    .await;
    // Before the store and its lock go: after that the place may be another engine's.
    socket_file.remove();
    drop(server);
    Ok(code)
}

/// The group whose members may reach the system's engine.
async fn group(name: &str) -> Result<u32, Failure> {
    let found = People::group_id(name).await;
    found.ok_or_else(|| {
        Failure::new(format!(
            "there is no Unix group {name}, whose members may reach the engine: `groupadd --system {name}`, or name another one as \
             `group` of [engine] in config.toml"
        ))
    })
}

/// Removes now and then what tries of agents left that were killed.
async fn look_after_tries(paths: Paths, config: EngineConfig) {
    loop {
        match agent::leftovers(&paths, &config, false).await {
            Ok(names) if names.is_empty() => {}
            Ok(names) => tracing::info!(?names, "containers of tries that were killed are removed"),
            Err(error) => tracing::warn!("what a try of an agent left cannot be removed: {error}"),
        }
        tokio::time::sleep(TRIES).await;
    }
}

/// The user and group of steps.
pub fn step_user() -> (u32, u32) {
    match rustix::process::geteuid() {
        uid if uid.is_root() => NOBODY_IN_PARTICULAR,
        uid => (uid.as_raw(), rustix::process::getegid().as_raw()),
    }
}

/// What signs checkpoints of the audit log, with a key that comes of the engine's own.
fn checkpoints(paths: &Paths, config: &EngineConfig, store: &Store) -> Result<Checkpoints, Failure> {
    let sealer = Sealer::of(&engine_key(paths)?).map_err(Failure::new)?;
    Ok(Checkpoints::new(store.clone(), sealer, paths.checkpoints(), config.audit.clone()))
}

/// What makes the engine's own backups.
fn backups(paths: &Paths, config: &EngineConfig, store: &Store) -> Keeper {
    let place = config.backup.to.clone().unwrap_or_else(|| paths.backups());
    Keeper::new(store.clone(), paths.blobs(), place, config.backup.clone(), config.reserve_mib << 20)
}

fn engine_key(paths: &Paths) -> Result<[u8; 32], Failure> {
    key::read_or_make(&paths.state().join("engine.key")).map_err(|error| Failure::new(error.to_string()))
}

/// The sandbox that the operator wants, with the engine's own key.
async fn sandbox(
    paths: &Paths,
    config: &EngineConfig,
    instance: String,
    user: (u32, u32),
) -> Result<AnySandbox, Failure> {
    let chosen = sandbox_of(paths, config, instance, user, engine_key(paths)?, paths.containers()).await;
    chosen.map_err(|error| Failure::new(error.to_string()))
}

/// The sandboxes of the further container engines, by their names.
async fn others(
    paths: &Paths,
    config: &EngineConfig,
    instance: String,
    user: (u32, u32),
) -> Result<BTreeMap<String, AnySandbox>, Failure> {
    if config.engines.is_empty() {
        return Ok(BTreeMap::new());
    }
    let engine_key =
        key::read_or_make(&paths.state().join("engine.key")).map_err(|error| Failure::new(error.to_string()))?;
    let mut others = BTreeMap::new();
    for (name, at) in &config.engines {
        let settings =
            DockerSettings { engine_key, user, ..engine_settings(paths, config, name, at, instance.clone()) };
        let sandbox = DockerSandbox::connect(settings).await;
        let sandbox = sandbox.map_err(|error| Failure::new(format!("engine {name}: {error}")))?;
        others.insert(name.clone(), AnySandbox::Docker(Box::new(sandbox)));
    }
    Ok(others)
}

/// What a further container engine is told of its own, for a user who runs nothing there.
pub(super) fn engine_settings(
    paths: &Paths,
    config: &EngineConfig,
    name: &str,
    at: &EngineAt,
    instance: String,
) -> DockerSettings {
    let home = paths.far().join(name);
    // Copies of the program are let go by whoever sees no container of its own, so each engine that mounts them has its own.
    let (host, far, exe_copies) = match at {
        EngineAt::Here(socket) => (Some(socket.clone()), None, home.join("exe")),
        EngineAt::Far(place) => (None, Some(FarSettings::new(name, place, home)), paths.exe_copies()),
    };
    DockerSettings {
        host,
        far,
        instance,
        exe_copies,
        executable: None,
        engine_key: [0; 32],
        allowed_registries: config.allowed_registries.iter().cloned().collect(),
        user: NOBODY_IN_PARTICULAR,
        runtime: None,
    }
}

/// The sandbox that the operator wants, under a name and with a key; `home` is where a process sandbox knows its containers.
pub(super) async fn sandbox_of(
    paths: &Paths,
    config: &EngineConfig,
    instance: String,
    user: (u32, u32),
    engine_key: [u8; 32],
    home: PathBuf,
) -> Result<AnySandbox, SandboxError> {
    let docker = DockerSettings {
        host: config.docker_host.clone(),
        far: None,
        instance: instance.clone(),
        exe_copies: paths.exe_copies(),
        executable: None,
        engine_key,
        allowed_registries: config.allowed_registries.iter().cloned().collect(),
        user,
        runtime: config.sandbox.runtime.clone(),
    };
    let process = ProcessSettings {
        instance,
        home,
        exe_copies: paths.exe_copies(),
        executable: None,
        engine_key,
        user,
        roots: config.sandbox.roots.clone(),
        visible: config.sandbox.visible.clone(),
        private: vec![paths.state().to_owned(), paths.config().to_owned()],
    };
    AnySandbox::choose(config.sandbox.kind, docker, process).await
}

/// Opens the store; one that fails its checks is opened for reading only, with the reason. Nothing runs then, but what is
/// there can be looked at.
fn open_store(paths: &Paths, reserve_mib: u64) -> Result<(Store, Option<String>), Failure> {
    let files = store_paths(paths);
    let refused = |error: &OpenError, message: String| Failure {
        code: if matches!(error, OpenError::Locked { .. }) { TAKEN } else { 1 },
        message,
    };
    let options = store::Options { reserve: reserve_mib << 20, ..store::Options::default() };
    let reason = match Store::open(&files, &options) {
        Ok(store) => return Ok((store, None)),
        Err(error) if error.rescue_offered() => error.to_string(),
        Err(error) => return Err(refused(&error, error.to_string())),
    };
    let store = Store::rescue_alone(&files)
        .map_err(|error| refused(&error, format!("{reason}; nor can it be read: {error}")))?;
    tracing::error!("rescue mode, nothing runs and nothing is written: {reason}");
    let line = safe!("dogwatch: rescue mode, nothing runs and nothing is written: {}", reason);
    open(Out::stderr().line(&line)?)?;
    Ok((store, Some(reason)))
}

/// The name under which containers are made; a rescued store may not be able to tell it, and makes none.
fn sandbox_instance(store: &Store) -> String {
    if store.is_rescue() { "rescue-mode".to_owned() } else { store.instance().to_owned() }
}

/// The store's files.
pub fn store_paths(paths: &Paths) -> store::Paths {
    store::Paths {
        database: paths.database(),
        lock: paths.lock(),
        chain_head: paths.chain_head(),
        epoch: paths.epoch(),
        blobs: paths.blobs(),
        reserve: paths.reserve(),
    }
}

fn log_to(paths: &Paths) -> Result<tracing_appender::non_blocking::WorkerGuard, Failure> {
    let file = paths.engine_log();
    let (Some(dir), Some(name)) = (file.parent(), file.file_name()) else {
        return Err(Failure::new(format!("{}: not a place for a log", file.display())));
    };
    let log = log::EngineLog::new(dir, &name.to_string_lossy());
    let log = log.map_err(|error| Failure::new(format!("{}: the log cannot be written: {error}", dir.display())))?;
    let (writer, guard) = tracing_appender::non_blocking(log);
    let filter = tracing_subscriber::EnvFilter::try_from_env("DOGWATCH_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().json().with_writer(writer).with_env_filter(filter).init();
    Ok(guard)
}
