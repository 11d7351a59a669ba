//! What runs as the first process of a sandbox (`dogwatch shim`): starts the step's program, carries its output to the
//! engine over the log channel and what the engine says to the program's standard input, and says how it ended.
//!
//! It needs nothing from the image: static, no user entry, no writable root, no `/tmp`, no `/proc`. It finds under
//! `/dogwatch` (or the directory given by `--root`, for tests): `step/` (read-only) with `spec.json`, the program's
//! standard input and the engine's socket; `spool/` (writable), where output waits while no engine listens; `keep/`, what
//! a setup made; for agents that need a model `gateway/` (read-only) with the socket to which `forward.rs` passes on what comes
//! to a port of 127.0.0.1. The step's secret comes over its own standard input, and nowhere else. The program runs under the same
//! user, so before anything else (but becoming that user, `--user`, where it was started as root) the shim makes itself
//! non-dumpable: the kernel then lets no process of that user look
//! into its memory, environment or descriptors.

mod clock;
mod durable;
mod ends;
mod forward;
mod input;
mod keep;
mod limits;
mod link;
mod outbox;
mod output;
mod program;
pub(crate) mod proof;
mod secret;
mod spec;
pub(crate) mod spool;
mod supervise;
mod user;
pub mod wire;

pub use forward::GATEWAY_SOCKET;
#[cfg(test)]
pub(crate) use forward::start as forward_for_tests;
pub use secret::Secret;
pub use spec::{KeepMode, OPEN_FILE, SPEC_FILE, ShimSpec};

use input::Input;
use link::Order;
use outbox::Outbox;
use rustix::process::{DumpableBehavior, getpid, set_child_subreaper, set_dumpable_behavior};
use secret::SECRET_BYTES;
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use std::ffi::OsString;
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{SystemTime, UNIX_EPOCH};
use supervise::{Event, supervise};

/// The exit code for failures of the shim itself.
pub const FAILED: i32 = 125;
/// The exit code when standard input ended before the secret was there: whoever started the container died first. It says
/// at the same time that no program was started, so no program's own code is ever passed on as this one or as [`FAILED`].
pub const NO_SECRET: i32 = 121;
/// The stack of each thread. Stated, since the image's environment would decide over it otherwise.
const STACK: usize = 1 << 20;
/// Descriptors below this number are looked at for having been inherited.
const MAX_INHERITED: i32 = 4096;

/// Why the shim could not work.
struct Failure {
    reason: String,
    code: i32,
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self { reason, code: FAILED }
    }
}

impl From<&str> for Failure {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

/// Runs the shim; `args` are those after `shim`. Returns the exit code for the process: the program's own (1 in the place
/// of the next two), 128 and the signal's number where a signal ended it, 127 or 126 where it did not start, 125 where the
/// shim could not work, 121 where it was given no secret.
pub fn main(args: &[OsString]) -> i32 {
    match run(args) {
        Ok(code) => code,
        Err(Failure { reason, code }) => {
            // With standard error closed there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "dogwatch shim: {reason}");
            code
        }
    }
}

/// What the command line says.
struct Arguments {
    root: PathBuf,
    /// The user to become first.
    user: Option<(u32, u32)>,
    /// What to take on before that.
    limits: Vec<limits::Limit>,
    /// How readily the kernel may kill what is in here.
    oom: Option<i32>,
}

impl Arguments {
    fn read(args: &[OsString]) -> Option<Self> {
        let mut read = Self { root: PathBuf::from("/dogwatch"), user: None, limits: Vec::new(), oom: None };
        for pair in args.chunks(2) {
            match pair {
                [flag, root] if flag == "--root" => read.root = PathBuf::from(root),
                [flag, limit] if flag == "--limit" => read.limits.push(limits::parse(limit.to_str()?)?),
                [flag, score] if flag == "--oom" => read.oom = Some(limits::parse_oom(score.to_str()?)?),
                [flag, user] if flag == "--user" => read.user = Some(user::parse(user.to_str()?)?),
                _ => return None,
            }
        }
        Some(read)
    }
}

fn run(args: &[OsString]) -> Result<i32, Failure> {
    let arguments = Arguments::read(args).ok_or(
        "only --root DIR, --user UID:GID, --oom SCORE and --limit NAME=NUMBER are understood, the last of known names",
    )?;
    for limit in arguments.limits {
        limits::take_on(limit)?;
    }
    // Before it becomes another user and hides, since its own file would be closed to it then.
    if let Some(score) = arguments.oom {
        limits::offer_oom(score)?;
    }
    if let Some(user) = arguments.user {
        user::become_user(user)?;
    }
    let root = arguments.root;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| format!("cannot hide: {error}"))?;
    close_inherited_on_exec();
    let secret = read_secret()?;
    // Orphans come to the first process anyway; asking for them serves where the shim is not the first one.
    set_child_subreaper(Some(getpid())).map_err(|error| format!("cannot adopt orphans: {error}"))?;
    let outbox = Outbox::open(&root.join("spool"), secret.clone()).map_err(|error| format!("no spool: {error}"))?;
    let outbox = Arc::new(outbox);
    let (sender, events) = mpsc::channel();
    watch_signals(sender.clone()).map_err(|error| format!("cannot watch signals: {error}"))?;
    let input = Input::new(Arc::clone(&outbox)).map_err(|error| format!("no event descriptor: {error}"))?;
    let input = Arc::new(input);
    start_link(&root, secret, (&outbox, &input), sender.clone())
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    Ok(supervise(&root, (&outbox, &input), &events, &sender))
}

/// Keeps descriptors that whoever started the shim left open from reaching the program. Its own are marked already.
#[expect(unsafe_code, reason = "a descriptor that was inherited has no owner to borrow it from")]
fn close_inherited_on_exec() {
    for number in 3..MAX_INHERITED {
        // SAFETY: the borrow is used for one system call, which does nothing but fail when no such descriptor is open.
        let inherited = unsafe { BorrowedFd::borrow_raw(number) };
        // Most numbers are not in use, which is the failure expected here.
        let _ = rustix::io::fcntl_setfd(inherited, rustix::io::FdFlags::CLOEXEC);
    }
}

/// Reads the secret and closes standard input (by putting nothing in its place).
fn read_secret() -> Result<Secret, Failure> {
    let mut line = [0; SECRET_BYTES * 2 + 1];
    let mut place = 0;
    while place < line.len() {
        match rustix::io::read(rustix::stdio::stdin(), line.get_mut(place..).unwrap_or_default()) {
            Ok(0) => return Err(Failure { reason: "no secret".to_owned(), code: NO_SECRET }),
            Ok(count) => place += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(format!("cannot read the secret: {error}").into()),
        }
    }
    let secret = Secret::parse(&line);
    line.fill(0);
    std::hint::black_box(&mut line);
    let nothing = std::fs::File::open("/dev/null").map_err(|error| format!("/dev/null: {error}"))?;
    rustix::stdio::dup2_stdin(&nothing).map_err(|error| format!("cannot close standard input: {error}"))?;
    secret.ok_or_else(|| "what came in its place is no secret".into())
}

fn watch_signals(sender: mpsc::Sender<Event>) -> std::io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGCHLD])?;
    std::thread::Builder::new().name("signals".to_owned()).stack_size(STACK).spawn(move || {
        for signal in signals.forever() {
            let event = if signal == SIGCHLD { Event::Child } else { Event::Terminate };
            if sender.send(event).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

fn start_link(
    root: &Path,
    secret: Secret,
    (outbox, input): (&Arc<Outbox>, &Arc<Input>),
    sender: mpsc::Sender<Event>,
) -> std::io::Result<()> {
    let (path, outbox, input) = (root.join("step").join("channel.sock"), Arc::clone(outbox), Arc::clone(input));
    std::thread::Builder::new().name("link".to_owned()).stack_size(STACK).spawn(move || {
        link::run(&path, &secret, &outbox, &|order| match order {
            Order::Input(number, bytes) => input.take(number, bytes),
            order => {
                // Nobody listens any more only when the shim is about to end.
                let _ = sender.send(Event::Order(order));
            }
        })
    })?;
    Ok(())
}

/// Milliseconds since 1970 by this machine's clock; 0 before that.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
