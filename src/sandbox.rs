//! Where agent code runs. The trait puts and takes trees and never assumes host paths beyond the step's own spec, so that
//! another engine can stand behind it.

mod abilities;
mod any;
pub mod channel;
pub mod docker;
mod elf;
pub mod executable;
mod follow;
mod frozen;
mod gauge;
mod layout;
mod limiter;
pub mod process;
mod spec;
mod verdict;
mod words;

pub use abilities::{Abilities, Bound, DiskBound};
pub use any::{AnySandbox, REMEDIES};
pub use docker::agents_build;
pub use layout::{SESSION_INSIDE, session_dir};
pub use spec::{Limits, Network, Profile, StepSpec, WallTimes};

use crate::domain::{ImageUsed, Millis, StepEnd};
use std::future::Future;
use std::time::Duration;

/// Why a sandbox could not do what was asked. Not a verdict on the agent or the tests: the loop treats it as neutral.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// The container engine cannot be reached or does not answer in time.
    #[error("the container engine does not answer: {0}")]
    Unreachable(String),
    /// The image cannot be had. `retry` says whether a later try may help.
    #[error("image {image}: {reason}")]
    Image {
        /// What was asked for.
        image: String,
        /// What went wrong and what to do.
        reason: String,
        /// Whether a later try may help.
        retry: bool,
    },
    /// No space left where containers, images or logs live.
    #[error("no space left: {0}")]
    DiskFull(String),
    /// The container engine refused the request.
    #[error("the container engine refused {what}: {reason}")]
    Refused {
        /// The request in words.
        what: String,
        /// Its answer.
        reason: String,
    },
    /// There is no sandbox on this machine, and what to do. Not over before the engine is started again.
    #[error("{0}")]
    Absent(String),
    /// Something on our side: a mount source is missing, a socket cannot be made.
    #[error("{0}")]
    Local(String),
}

/// How a step's container ended, with what its result is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub end: StepEnd,
    /// SHA-256 of the log's bytes in lower-case hexadecimal.
    pub log_digest: String,
    /// Connections on the log channel that could not prove to be the shim.
    pub intrusions: u32,
}

/// What became of something that was said to a program by its standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// All of it was written there, at this time. Whether the program reads it is its own affair.
    Written(Millis),
    /// The program takes no more: it ended, or closed its input.
    Refused,
    /// Its input was closed when a part had been written.
    Cut,
    /// The container was begun by an engine that did not know how to say anything; nothing was sent.
    Unable,
}

/// What is known of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Made and never started.
    Created,
    /// Its main process lives and works.
    Running,
    /// Its main process lives and is frozen.
    Frozen,
    /// Its main process ended; the exit code can be read.
    Exited,
    /// No such container.
    Gone,
}

/// A place to run steps. Every call has a deadline inside and is safe to repeat.
pub trait Sandbox: Send + Sync + 'static {
    /// What it can do; it refuses the rest with clear words.
    fn abilities(&self) -> Abilities;

    /// Which sandbox it is and what its walls are, in a few words for people; may quote what it says of itself.
    fn words(&self) -> impl Future<Output = Result<String, SandboxError>> + Send;

    /// The command line of this program inside of a container.
    fn own_program(&self) -> impl Future<Output = Result<Vec<String>, SandboxError>> + Send;

    /// Makes the step's container, or finds the one with the step's name if it was made before. Returns its id.
    fn create(&self, spec: &StepSpec) -> impl Future<Output = Result<String, SandboxError>> + Send;

    /// Starts the container; a container that already runs or has ended is left alone.
    fn start(&self, spec: &StepSpec, container: &str) -> impl Future<Output = Result<(), SandboxError>> + Send;

    /// Follows a started container to its end, taking its log to disk; also enforces the spec's time limits, and tells in
    /// words what is in the way (a full disk). Works on a container that ended meanwhile, and after a restart of this
    /// process. Dropping the future leaves it running.
    fn follow(
        &self,
        spec: &StepSpec,
        container: &str,
        tell: &(dyn Fn(String) + Send + Sync),
    ) -> impl Future<Output = Result<Ended, SandboxError>> + Send;

    /// Says something to the program of a container that is being followed, whose standard input is open
    /// ([`StepSpec::open_until`]), and waits until it is known what became of it. A number is written at most once, however
    /// often and by however many engines this is asked; an error leaves what became of it unknown.
    fn say(
        &self,
        container: &str,
        number: u64,
        bytes: &[u8],
    ) -> impl Future<Output = Result<Said, SandboxError>> + Send;

    /// Asks the program of a container that is being followed to end: SIGTERM, and after `grace` SIGKILL. Its follower sees that
    /// this engine stopped it. An error means that nobody was asked.
    fn stop(&self, container: &str, grace: Duration) -> impl Future<Output = Result<(), SandboxError>> + Send;

    /// What is known of the container.
    fn presence(&self, container: &str) -> impl Future<Output = Result<Presence, SandboxError>> + Send;

    /// Stops all processes of the container from running without ending them; absent or ended ones are left alone.
    fn freeze(&self, container: &str) -> impl Future<Output = Result<(), SandboxError>> + Send;

    /// Undoes `freeze`.
    fn thaw(&self, container: &str) -> impl Future<Output = Result<(), SandboxError>> + Send;

    /// Kills and removes the container; absent is success.
    fn remove(&self, container: &str) -> impl Future<Output = Result<(), SandboxError>> + Send;

    /// Containers that carry this engine instance's label: the names of their steps, as `StepKey` writes them, and their ids.
    /// A hint: ours are those in the database.
    fn labelled(&self) -> impl Future<Output = Result<Vec<(String, String)>, SandboxError>> + Send;

    /// Whether `image` would take such a reference at all; asks nobody.
    fn admits(&self, reference: &str) -> Result<(), SandboxError>;

    /// Whether `build` would begin with such a context at all; asks nobody.
    fn admits_build(&self, dockerfile: &str, context: &[u8]) -> Result<(), SandboxError>;

    /// Pulls (from allowed registries only) or finds an image and pins it; reports progress in words.
    fn image(
        &self,
        reference: &str,
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> impl Future<Output = Result<ImageUsed, SandboxError>> + Send;

    /// Builds an image from a Dockerfile inside a context archive (tar bytes), without network.
    fn build(
        &self,
        tag: &str,
        dockerfile: &str,
        context: Vec<u8>,
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> impl Future<Output = Result<ImageUsed, SandboxError>> + Send;

    /// Commits an ended provision container as an image under a local tag and returns its content id.
    fn commit(&self, container: &str, tag: &str) -> impl Future<Output = Result<String, SandboxError>> + Send;

    /// The content id and size in bytes of what a local tag names, whatever it is.
    fn made_image(&self, tag: &str) -> impl Future<Output = Result<Option<(String, u64)>, SandboxError>> + Send;

    /// Takes a local tag away, and the image with it where it has no other name; absent is success.
    fn remove_image(&self, tag: &str) -> impl Future<Output = Result<(), SandboxError>> + Send;

    /// Copies of this program that older builds of the engine made for their containers, and their bytes; none while there is
    /// any container of this engine, which may need one. Removes them unless `dry`.
    fn old_programs(&self, dry: bool) -> impl Future<Output = Result<Vec<(String, u64)>, SandboxError>> + Send;

    /// The content id of a local tag, if there is such an image.
    fn local_image(&self, tag: &str) -> impl Future<Output = Result<Option<String>, SandboxError>> + Send;
}
