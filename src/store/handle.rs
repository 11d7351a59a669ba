//! The store as callers hold it: cheap to clone, closed with its last clone.

use super::blobs::BlobFiles;
use super::jobs::{Job, Typed};
use super::lock::EngineLock;
use super::readers::{Readers, snapshot};
use super::reserve::Reserve;
use super::writer::Writer;
use super::{Faults, OpenError, Options, Paths, StoreError, Tx, View, check, connect, open, switch};
use crate::audit::Context;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Jobs that share one commit at most.
const BATCH: usize = 256;
/// How often the log is moved into the database while there is work; `SQLite` does it as well where the log grows long.
const CHECKPOINT: Duration = Duration::from_mins(1);

/// How jobs reach the database.
enum Mode {
    /// A writer thread and pooled readers.
    Threaded {
        queue: Option<mpsc::Sender<Box<dyn Job>>>,
        thread: Option<JoinHandle<()>>,
        readers: Readers,
        /// One connection, for what takes long.
        patient: Readers,
    },
    /// Everything on the caller's thread, one job a commit.
    Inline(Box<Mutex<Writer>>),
    /// Reading only; with the lock where this is an engine.
    Rescue { readers: Readers, _lock: Option<EngineLock> },
}

/// What the store shares with its writer.
struct Shared {
    blobs: Arc<BlobFiles>,
    context: Context,
    /// The kernel's name of the boot in which this store was opened.
    boot: Arc<str>,
    faults: Arc<Faults>,
    reserve: Option<Arc<Reserve>>,
    /// What the writer has to complain of.
    fault: Arc<Mutex<Option<String>>>,
}

impl Shared {
    fn with(writer: &Writer) -> Self {
        Self {
            blobs: Arc::clone(&writer.blobs),
            context: writer.context.clone(),
            boot: writer.clock.now().boot_id,
            faults: Arc::clone(&writer.faults),
            reserve: writer.reserve.clone(),
            fault: Arc::clone(&writer.fault),
        }
    }
}

struct Inner {
    mode: Mode,
    shared: Shared,
    /// The database where it was opened as it lay, without its log.
    lay: Option<PathBuf>,
    /// Held by whoever reads for long.
    long: Arc<tokio::sync::Mutex<()>>,
}

/// Keeps every engine out of a store's place for as long as it is held, whatever its files are worth.
pub struct Hold {
    paths: Paths,
    _lock: EngineLock,
}

impl Hold {
    /// Takes the place, or says who has it. A restoration that was cut short is finished.
    pub fn take(paths: &Paths) -> Result<Self, OpenError> {
        let lock = open::lock(paths)?;
        Ok(Self { paths: paths.clone(), _lock: lock })
    }

    /// The store's files.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Moves what lies whole beside the store into its place (`switch`).
    pub(crate) fn switch(&self) -> std::io::Result<()> {
        switch::finish(&self.paths)
    }
}

/// The durable state. Clones share it; dropping the last one waits for queued jobs and frees the engine lock.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

impl Store {
    /// Opens or creates the store with its writer thread.
    pub fn open(paths: &Paths, options: &Options) -> Result<Self, OpenError> {
        let writer = open::writer(paths, options)?;
        let failed = |error: &(dyn std::error::Error + 'static)| {
            check::refusal(&paths.database, error, |path, reason| OpenError::Database { path, reason })
        };
        let readers = (0..options.readers.max(1)).map(|_| connect::reader(&paths.database));
        let readers = readers.collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
        let patient = connect::reader(&paths.database).map_err(|error| failed(&error))?;
        let shared = Shared::with(&writer);
        let (queue, jobs) = mpsc::channel(options.queue.max(1));
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        let thread = thread
            .spawn(move || serve(writer, jobs))
            .map_err(|source| OpenError::Io { path: paths.database.clone(), source })?;
        let (readers, patient) = (Readers::new(readers), Readers::new(vec![patient]));
        let mode = Mode::Threaded { queue: Some(queue), thread: Some(thread), readers, patient };
        Ok(Self(Arc::new(Inner { mode, shared, lay: None, long: Arc::default() })))
    }

    /// Opens or creates the store without a thread of its own: jobs run on the caller's thread, one a commit.
    pub fn open_inline(paths: &Paths, options: &Options) -> Result<Self, OpenError> {
        open::writer(paths, options).map(Self::inline)
    }

    /// A store in memory, inline; nothing outlives it.
    pub fn in_memory(options: &Options) -> Result<Self, OpenError> {
        open::memory(options).map(Self::inline)
    }

    fn inline(writer: Writer) -> Self {
        let shared = Shared::with(&writer);
        let mode = Mode::Inline(Box::new(Mutex::new(writer)));
        Self(Arc::new(Inner { mode, shared, lay: None, long: Arc::default() }))
    }

    /// Opens what is there for reading only; an engine may be at work on it. Neither the database nor its log is ever
    /// written to; queries may fail where there is damage.
    pub fn rescue(paths: &Paths) -> Result<Self, OpenError> {
        check::places(paths)?;
        Self::read_only(paths, None)
    }

    /// As [`Store::rescue`] for an engine after [`Store::open`] has failed: it keeps every other engine out.
    pub fn rescue_alone(paths: &Paths) -> Result<Self, OpenError> {
        let lock = open::lock(paths)?;
        Self::read_only(paths, Some(lock))
    }

    fn read_only(paths: &Paths, lock: Option<EngineLock>) -> Result<Self, OpenError> {
        let path = &paths.database;
        let failed = |error: rusqlite::Error| check::refusal(path, &error, check::damage);
        std::fs::metadata(path).map_err(|source| OpenError::Io { path: path.clone(), source })?;
        // Where a log may be, it is read, or nothing is: without the newest commits everything would look cut off.
        let lay = (!check::is_in_use(path)).then(|| path.clone());
        let conn = if lay.is_some() { connect::immutable(path) } else { connect::reader(path) };
        let conn = conn.map_err(failed)?;
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map_err(failed)?;
        let instance = "SELECT value FROM settings WHERE key = 'instance'";
        // A damaged settings table must not stop the rescue of the others.
        let engine = conn.query_row(instance, [], |row| row.get(0)).unwrap_or_default();
        let blobs = Arc::new(BlobFiles::Dir(paths.blobs.clone()));
        let mode = Mode::Rescue { readers: Readers::new(vec![conn]), _lock: lock };
        let context = Context { engine, epoch: 0 };
        let (boot, faults) = (Arc::from(""), Arc::default());
        let shared = Shared { blobs, context, boot, faults, reserve: None, fault: Arc::default() };
        Ok(Self(Arc::new(Inner { mode, shared, lay, long: Arc::default() })))
    }

    /// Whether an engine began to write to a database that [`Store::rescue`] took as it lay: what was read since may be
    /// of two minds, so read it again from a new rescue.
    pub fn is_outdated(&self) -> bool {
        self.0.lay.as_deref().is_some_and(check::is_in_use)
    }

    /// What people should put right about the files, in words; writing goes on.
    pub fn fault(&self) -> Option<String> {
        self.0.shared.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why no new step may begin for want of space, in words, if so. What was given of the reserve is taken back where there
    /// is room again.
    pub fn shortage(&self) -> Option<String> {
        let shared = &self.0.shared;
        if shared.faults.is_short() {
            return Some("the disk is full, as a test will have it".to_owned());
        }
        let room = shared.reserve.as_ref()?.look();
        // Unknown space counts as none, and says why.
        room.map_or_else(
            |error| Some(format!("how much space is free cannot be told: {error}")),
            |room| room.shortage(),
        )
    }

    /// The engine instance of this store, from which names of containers are derived. Empty in a rescue that could not
    /// read it.
    pub fn instance(&self) -> &str {
        &self.0.shared.context.engine
    }

    /// The kernel's name of the boot in which this store was opened; empty where it cannot be read, and in rescue mode.
    pub fn boot(&self) -> &str {
        &self.0.shared.boot
    }

    /// The epoch in which this store was opened; 0 in rescue mode.
    pub fn epoch(&self) -> u64 {
        self.0.shared.context.epoch
    }

    /// Whether nothing can be written.
    pub fn is_rescue(&self) -> bool {
        matches!(self.0.mode, Mode::Rescue { .. })
    }

    /// Runs one job in a transaction and gives its value once it is on disk. A caller that stops waiting does not stop
    /// the job.
    pub async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let (job, answer) = Typed::new(job);
        match &self.0.mode {
            Mode::Threaded { queue: Some(queue), .. } => {
                queue.send(Box::new(job)).await.map_err(|_| StoreError::Closed)?;
            }
            other => Self::here(other, Box::new(job))?,
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// As [`Store::write`], for callers outside an async runtime.
    pub fn write_sync<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let (job, answer) = Typed::new(job);
        match &self.0.mode {
            Mode::Threaded { queue: Some(queue), .. } => {
                queue.blocking_send(Box::new(job)).map_err(|_| StoreError::Closed)?;
            }
            other => Self::here(other, Box::new(job))?,
        }
        answer.blocking_recv().map_err(|_| StoreError::Closed)?
    }

    fn here(mode: &Mode, job: Box<dyn Job>) -> Result<(), StoreError> {
        match mode {
            Mode::Inline(writer) => {
                writer.lock().unwrap_or_else(PoisonError::into_inner).batch(vec![job]);
                Ok(())
            }
            Mode::Rescue { .. } => Err(StoreError::ReadOnly),
            Mode::Threaded { .. } => Err(StoreError::Closed),
        }
    }

    /// Reads one snapshot on the caller's thread; it may wait for a free connection.
    pub fn read_sync<T>(&self, read: impl FnOnce(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let blobs = &self.0.shared.blobs;
        match &self.0.mode {
            Mode::Threaded { readers, .. } | Mode::Rescue { readers, .. } => readers.with(blobs, read),
            Mode::Inline(writer) => {
                let writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                snapshot(&writer.conn, blobs, read)
            }
        }
    }

    /// Reads one snapshot on a blocking thread; inline stores read on the caller's.
    pub async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        F: FnOnce(&View<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        if matches!(self.0.mode, Mode::Inline(_)) {
            return self.read_sync(read);
        }
        let store = self.clone();
        match tokio::task::spawn_blocking(move || store.read_sync(read)).await {
            Ok(result) => result,
            Err(error) => Err(StoreError::Panicked(error.to_string())),
        }
    }

    /// As [`Store::read`], for what takes seconds, such as the whole audit log: one at a time, and never in the way of other readers.
    pub async fn read_long<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        F: FnOnce(&View<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        if !matches!(self.0.mode, Mode::Threaded { .. }) {
            return self.read(read).await;
        }
        // Whoever waits keeps no thread.
        let turn = Arc::clone(&self.0.long).lock_owned().await;
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            match &store.0.mode {
                Mode::Threaded { patient, .. } => patient.with(&store.0.shared.blobs, read),
                _ => store.read_sync(read),
            }
        });
        done.await.map_err(|error| StoreError::Panicked(error.to_string()))?
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let Mode::Threaded { queue, thread, readers, patient } = &mut self.mode else { return };
        // The last connection to close moves the log into the database, and only the writer's can.
        *readers = Readers::new(Vec::new());
        *patient = Readers::new(Vec::new());
        drop(queue.take());
        let Some(thread) = thread.take() else { return };
        // A job that holds the last clone drops it on the writer's own thread, which cannot wait for itself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the writer thread of the store panicked");
        }
    }
}

/// The writer thread: takes what waits, up to a batch, and runs it.
fn serve(mut writer: Writer, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::new();
    let mut moved = Instant::now();
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        writer.batch(std::mem::take(&mut batch));
        if moved.elapsed() >= CHECKPOINT {
            writer.checkpoint();
            moved = Instant::now();
        }
    }
}
