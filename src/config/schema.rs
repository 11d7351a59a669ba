//! The one table of keys. The readers take their allowed keys and what they expect from here, and the reference page is
//! written from it, so that neither can drift from the other.

/// One key of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it must be, in words that end "... must be": `a duration such as "10m"`.
    pub kind: &'static str,
    /// What holds when it is left out; `required` where it may not be.
    pub default: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
}

/// One table of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// How its header is written; empty for the top of the file.
    pub header: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its keys. A sub-table appears here as a key of the table above it.
    pub keys: &'static [Key],
}

const fn key(name: &'static str, kind: &'static str, default: &'static str, about: &'static str) -> Key {
    Key { name, kind, default, about }
}

pub(super) const COMMAND: &str = "a string for /bin/sh or a list of words";
const DURATION: &str = "a duration such as \"90s\", \"10m\" or \"1h30m\"";
const SILENCE: &str = "a duration such as \"15m\", or \"off\"";
const LONG: &str = "a duration such as \"12h\" or \"30d\", up to ten years";
/// A size.
const SIZE: &str = "a size such as \"512MiB\" or \"4GiB\"";
const ENV: &str = "a table of strings such as { CI = \"1\" }";
const GLOBS: &str = "a list of path patterns such as [\"spec/**\"]";
const MODEL: &str = "the name of a model";
const ARGUMENTS: &str = "a list of words";
/// A price.
const DOLLARS: &str = "a number of dollars from 0 to 10000";
const NAME: &str = "a name of 1 to 32 lower-case letters, digits and dashes";

mod allowances;
mod approvals;
mod assets;
mod audit;
mod backup;
mod egress;
mod engine;
mod fleet;
mod memory;
mod notify;
mod operators;
mod project;
mod watchdog;

pub use allowances::*;
pub use approvals::*;
pub use assets::*;
pub use audit::*;
pub use backup::*;
pub use egress::*;
pub use engine::*;
pub use fleet::*;
pub use memory::*;
pub use notify::*;
pub use operators::*;
pub use project::*;
pub use watchdog::*;
