//! What is removed because nobody needs it any more.

use serde::{Deserialize, Serialize};

/// What kind of thing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GarbageKind {
    /// Logs of the steps of a run that is over.
    Logs,
    /// An image that a build or a setup made.
    Image,
    /// A container of a run that is over.
    Container,
    /// Trees and private directories of a run that is over.
    Workspace,
    /// A copy of the program of an older engine, which no container runs any more.
    Program,
    /// Single objects of a repository, put together into a pack that has them all. The bytes are what that saves.
    Objects,
}

/// Single objects of a repository that were put together, or could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Packed {
    /// How many.
    pub objects: usize,
    /// By how many bytes less they take now.
    pub saved: u64,
}

/// One thing that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Garbage {
    /// What it is.
    pub kind: GarbageKind,
    /// Its name.
    pub name: String,
    /// What it takes on disk; absent where that is not known.
    pub bytes: Option<u64>,
    /// Why it goes.
    pub reason: String,
}

/// What went, or would go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// The first of them.
    pub items: Vec<Garbage>,
    /// How many more there are.
    pub more: u64,
    /// What all of them take on disk, as far as that is known. Images may share parts, so that less becomes free.
    pub bytes: u64,
    /// What could not be removed, or not be looked at, and why.
    pub faults: Vec<String>,
}

impl Collection {
    /// Most items that are named.
    const MOST: usize = 1000;

    /// Adds one thing.
    pub fn add(&mut self, kind: GarbageKind, name: impl Into<String>, bytes: Option<u64>, reason: impl Into<String>) {
        self.bytes = self.bytes.saturating_add(bytes.unwrap_or(0));
        if self.items.len() < Self::MOST {
            self.items.push(Garbage { kind, name: name.into(), bytes, reason: reason.into() });
        } else {
            self.more += 1;
        }
    }

    /// Says what stood in the way.
    pub fn fault(&mut self, fault: impl Into<String>) {
        if self.faults.len() < Self::MOST {
            self.faults.push(fault.into());
        }
    }
}
