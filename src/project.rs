//! What can be told of a repository by looking at it: which tools it uses, a first `dogwatch.toml` for it, and what it
//! needs that dogwatch does not support.

pub mod detect;
pub mod init;
pub mod requirements;
#[cfg(test)]
mod tests;
pub mod tree;

pub use detect::{Detection, Ecosystem, Found, SuiteHint, detect};
pub use init::render;
pub use requirements::unsupported;
pub use tree::{Entry, HostTree, Tree};
