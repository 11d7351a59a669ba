//! What is on the disk for good, and what a loss of power makes of the rest.

use super::{File, Op};
use rand::RngExt;
use rand::rngs::StdRng;

/// What a disk may write in one piece.
const SECTOR: usize = 512;

/// What becomes of writes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing of them is left.
    None,
    /// All are there: the process was killed, not the machine.
    All,
    /// Any of them, in any order, whole or in part, as the dice say.
    Some,
}

/// The two files, rebuilt call by call.
#[derive(Debug, Default)]
pub struct Platter {
    database: Content,
    log: Content,
    /// A log that was removed without a sync of its directory: it may come back.
    removed: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Content {
    /// Synced.
    durable: Vec<u8>,
    /// Written since.
    pending: Vec<Op>,
}

fn perform(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write { at, bytes: new, .. } => {
            let end = at + new.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*at..end].copy_from_slice(new);
        }
        Op::Truncate { to, .. } => bytes.resize(*to, 0),
        Op::Sync { .. } | Op::FailedSync { .. } | Op::Removed => {}
    }
}

impl Content {
    fn after_power_loss(&self, keep: Keep, rng: &mut StdRng) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for op in &self.pending {
            let fate = match keep {
                Keep::None => 0,
                Keep::Some => rng.random_range(0..3),
                Keep::All => 2,
            };
            match (fate, op) {
                (0, _) => {}
                (1, Op::Write { file, at, bytes: new }) => {
                    // Sectors of a write are lost one by one.
                    for (n, piece) in new.chunks(SECTOR).enumerate() {
                        if rng.random_bool(0.5) {
                            let piece = Op::Write { file: *file, at: at + n * SECTOR, bytes: piece.to_owned() };
                            perform(&mut bytes, &piece);
                        }
                    }
                }
                _ => perform(&mut bytes, op),
            }
        }
        bytes
    }
}

impl Platter {
    /// A disk that holds these files for good.
    pub fn holding(database: Vec<u8>, log: Vec<u8>) -> Self {
        let content = |durable| Content { durable, pending: Vec::new() };
        Self { database: content(database), log: content(log), removed: None }
    }

    fn content(&mut self, file: File) -> &mut Content {
        match file {
            File::Database => &mut self.database,
            File::Log => &mut self.log,
        }
    }

    /// The next call.
    pub fn perform(&mut self, op: &Op) {
        match op {
            Op::Write { file, .. } | Op::Truncate { file, .. } => self.content(*file).pending.push(op.clone()),
            Op::Sync { file } => {
                let content = self.content(*file);
                for op in std::mem::take(&mut content.pending) {
                    perform(&mut content.durable, &op);
                }
                if *file == File::Log {
                    // The first sync of a new log is one of its directory too.
                    self.removed = None;
                }
            }
            Op::FailedSync { file } => self.content(*file).pending.clear(),
            Op::Removed => {
                let gone = std::mem::take(&mut self.log);
                self.removed = Some(gone.durable);
            }
        }
    }

    /// The database and its log as they are found when power is back.
    pub fn after_power_loss(&self, keep: Keep, rng: &mut StdRng) -> (Vec<u8>, Vec<u8>) {
        let log = match &self.removed {
            Some(removed) if keep != Keep::All && rng.random_bool(0.5) => removed.clone(),
            _ => self.log.after_power_loss(keep, rng),
        };
        (self.database.after_power_loss(keep, rng), log)
    }
}
