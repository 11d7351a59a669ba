//! Which directory of that machine is what. All lie below one that only the user who logs in can enter; containers see single
//! ones of them.
//!
//! | there | what |
//! | --- | --- |
//! | `~/.dogwatch/INSTANCE/exe/DIGEST` | this program, for its shim |
//! | `.../s/STEP/step`, `spool`, `session`, `tree` | what the container of a step sees as in `sandbox/layout` |
//! | `.../g/RUN` | the socket of the run's gateway |

use super::ssh::quote;
use sha2::{Digest, Sha256};

/// Longer names of steps are cut, since addresses of sockets are short.
const NAME: usize = 40;

/// Where everything of an engine lies.
pub(super) fn base(home: &str, instance: &str) -> String {
    format!("{home}/.dogwatch/{instance}")
}

/// The directories of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// All of them.
    pub dir: String,
}

impl Place {
    /// Those of a step, by its key.
    pub fn new(base: &str, key: &str) -> Self {
        Self { dir: format!("{base}/s/{}", name(key)) }
    }

    /// The shim's orders, and the socket of its channel.
    pub fn step(&self) -> String {
        format!("{}/step", self.dir)
    }

    /// What the shim keeps.
    pub fn spool(&self) -> String {
        format!("{}/spool", self.dir)
    }

    /// What an agent keeps.
    pub fn session(&self) -> String {
        format!("{}/session", self.dir)
    }

    /// The tree.
    pub fn tree(&self) -> String {
        format!("{}/tree", self.dir)
    }
}

/// The directory of a run's gateway.
pub(super) fn gateway(base: &str, run: &str) -> String {
    format!("{base}/g/{run}")
}

/// What a step's directory is called: its key, or what stands for a long one.
pub(super) fn name(key: &str) -> String {
    if key.len() <= NAME {
        return key.to_owned();
    }
    let run = key.split('-').next().unwrap_or_default();
    let digest = crate::audit::hex(&Sha256::digest(key));
    format!("{run}-{}", digest.get(..24).unwrap_or_default())
}

/// Whose a directory is there, in words of `sh`: only root can give any away. `None` for everybody's.
pub(super) fn own(dir: &str, mode: &str, owner: Option<(u32, u32)>) -> String {
    let dir = quote(dir);
    let give = owner.map_or_else(String::new, |(uid, gid)| format!(" && chown {uid}:{gid} {dir}"));
    format!("mkdir -p {dir} && chmod {mode} {dir}{give}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_sockets_stay_short() {
        let long = format!("r1234-i12-service-{}-a1", "x".repeat(64));
        let place = Place::new(&base(&"h".repeat(50), "abcdefgh"), &long);
        assert!(place.dir.ends_with(&name(&long)) && name(&long).starts_with("r1234-"));
        assert_ne!(name(&long), name(&long.replace("a1", "a2")));
        // With what a socket is called while it is made.
        assert!(place.step().len() < 107 + 30);
        assert_eq!(name("r1-i1-test-unit-a1"), "r1-i1-test-unit-a1");
    }

    #[test]
    fn directories_belong_to_whom_they_should() {
        assert_eq!(own("/a b", "700", Some((5, 6))), "mkdir -p '/a b' && chmod 700 '/a b' && chown 5:6 '/a b'");
        assert_eq!(own("/a", "777", None), "mkdir -p '/a' && chmod 777 '/a'");
    }
}
