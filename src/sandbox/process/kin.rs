//! The first process of a container and all that descend from it, at one look. Orphans inside become children of the first
//! process, or of one below it that asked for them, so nobody is missing.
//!
//! A program can make that hard: a chain of processes, each of which starts the next and ends at once, or a thread that
//! goes on when its process seems to have ended. So every thread is looked at by itself, a look in which anybody vanished is
//! not whole, and two whole looks that found the same are needed to be sure that nobody went on in between.

use super::identity::{Identity, Stat};
use std::collections::{BTreeMap, BTreeSet};

/// What one look found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Kin {
    /// Every thread: its process, its number, when it started.
    threads: BTreeSet<(i32, i32, u64)>,
    /// Processes of which a thread is not stopped.
    pub(super) moving: BTreeSet<i32>,
    /// Whether nobody vanished between being named and being looked at.
    pub(super) whole: bool,
}

/// Who descends from whom, for kernels that do not list the children of a thread.
type Parents = BTreeMap<i32, Vec<i32>>;

impl Kin {
    /// Looks at everybody.
    pub(super) fn look(first: &Identity) -> Self {
        let mut kin = Self { whole: true, ..Self::default() };
        if first.look().is_none() {
            return kin;
        }
        let listed = children(first.pid(), first.pid()).is_some();
        let parents = if listed { Parents::new() } else { kin.everybody() };
        let mut waiting = vec![(first.pid(), None)];
        while let Some((pid, parent)) = waiting.pop() {
            // A number may be another's by now: who has another parent is found by the next look, or is not meant.
            match Stat::of(pid) {
                Some(stat) if parent.is_none_or(|parent| stat.parent == parent) => {}
                _ => {
                    kin.whole = false;
                    continue;
                }
            }
            let threads = numbers(&format!("/proc/{pid}/task"));
            kin.whole &= !threads.is_empty();
            for thread in threads {
                let (stat, below) = (Stat::of_thread(pid, thread), children(pid, thread));
                if let Some(stat) = &stat {
                    kin.threads.insert((pid, thread, stat.start));
                    if !matches!(stat.state, 'T' | 't' | 'Z' | 'X') {
                        kin.moving.insert(pid);
                    }
                }
                kin.whole &= stat.is_some() && (below.is_some() || !listed);
                waiting.extend(below.into_iter().flatten().map(|child| (child, Some(pid))));
            }
            waiting.extend(parents.get(&pid).into_iter().flatten().map(|child| (*child, Some(pid))));
        }
        kin
    }

    /// The processes.
    pub(super) fn processes(&self) -> BTreeSet<i32> {
        self.threads.iter().map(|(pid, ..)| *pid).collect()
    }

    fn everybody(&mut self) -> Parents {
        let mut parents = Parents::new();
        for pid in numbers("/proc") {
            match Stat::of(pid) {
                Some(stat) => parents.entry(stat.parent).or_default().push(pid),
                None => self.whole = false,
            }
        }
        parents
    }
}

/// The children that a thread has; `None` where it is gone, or the kernel does not list them.
fn children(pid: i32, thread: i32) -> Option<Vec<i32>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{thread}/children")).ok()?;
    Some(text.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect())
}

/// The names in a directory that are numbers; none where it is gone.
fn numbers(dir: &str) -> Vec<i32> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
