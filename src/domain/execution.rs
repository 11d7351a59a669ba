//! What runs on a live asset once people have approved it, and what came of it. A command is exact bytes: nothing of it is ever put
//! together by a shell of ours, completed, trimmed or read again from a file.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is started. Bytes, since Unix arguments are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Program {
    /// A program with its arguments, the name first; at least one, none with a NUL.
    Argv {
        /// The words, exactly.
        words: Vec<Vec<u8>>,
    },
    /// A script for `/bin/sh`, handed over by its bytes.
    Script {
        /// The text, exactly.
        bytes: Vec<u8>,
    },
}

/// One command for a live asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// What is started.
    pub program: Program,
    /// What it reads; nothing where it is absent.
    pub stdin: Option<Vec<u8>>,
    /// Its whole environment beside the fixed `PATH`, in the order in which it is shown.
    pub env: Vec<(String, Vec<u8>)>,
    /// Where it is started, an absolute path on the asset.
    pub cwd: String,
    /// The user it runs as on the asset; the one of the connection where it is absent.
    pub user: Option<String>,
    /// After how many seconds it is ended.
    pub timeout: u32,
}

/// The name of an execution on its asset: 64 hexadecimal digits, made from what was approved and its nonce, never by chance. So a
/// database that was restored meets the receipt of what it has already run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExecutionId(String);

impl ExecutionId {
    /// The id that these 32 bytes spell.
    pub fn new(digest: [u8; 32]) -> Self {
        use fmt::Write;
        let mut text = String::with_capacity(64);
        for byte in digest {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of an execution that was dispatched. It is never dispatched again, whatever stands here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ExecutionOutcome {
    /// It ran to its end.
    Ran {
        /// Its exit code; 128 and the signal's number where it was killed.
        code: i32,
    },
    /// It was ended after its time.
    TimedOut,
    /// Its receipt says that it is still at work.
    StillRunning,
    /// It did not run and never will: it was refused before anything left, or the fence holds its place on the asset.
    NotRun {
        /// Why, in words.
        why: String,
    },
    /// It may have run, and nothing on the asset tells. Only evidence or a person ends this.
    Unknown {
        /// What is missing, in words.
        why: String,
    },
}

impl ExecutionOutcome {
    /// Whether nothing more can become known without a person.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::StillRunning | Self::Unknown { .. })
    }
}
