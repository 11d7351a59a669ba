//! Counts those who could not prove to be the shim.

use std::collections::VecDeque;

/// How many connections that only broke off are remembered by process.
const REMEMBERED: usize = 64;

/// The count of one channel.
#[derive(Debug, Default)]
pub(super) struct Guard {
    certain: u32,
    /// Processes whose connection broke off or stalled; forgiven should one of them prove to be the shim.
    broken: VecDeque<i32>,
    shim: Option<i32>,
}

impl Guard {
    pub fn starting_at(certain: u32) -> Self {
        Self { certain, ..Self::default() }
    }

    /// Somebody sent what no shim sends.
    pub fn lied(&mut self) {
        self.certain = self.certain.saturating_add(1);
    }

    /// A connection ended, stalled or was crowded out before any proof.
    pub fn broke_off(&mut self, process: Option<i32>) {
        match process {
            Some(process) if Some(process) == self.shim => {}
            Some(process) if process > 0 => {
                self.broken.push_back(process);
                if self.broken.len() > REMEMBERED {
                    self.broken.pop_front();
                    self.lied();
                }
            }
            _ => self.lied(),
        }
    }

    /// This process proved to be the shim.
    pub fn proved(&mut self, process: Option<i32>) {
        self.shim = process.filter(|process| *process > 0);
        if let Some(shim) = self.shim {
            self.broken.retain(|process| *process != shim);
        }
    }

    /// How many intrusions there were.
    pub fn count(&self) -> u32 {
        self.certain.saturating_add(u32::try_from(self.broken.len()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgives_only_the_shim_itself() {
        let mut guard = Guard::starting_at(2);
        guard.broke_off(Some(10));
        guard.broke_off(Some(11));
        assert_eq!(guard.count(), 4);
        guard.proved(Some(10));
        guard.broke_off(Some(10));
        assert_eq!(guard.count(), 3);
        guard.broke_off(None);
        guard.lied();
        assert_eq!(guard.count(), 5);
    }

    #[test]
    fn counts_all_of_very_many() {
        let mut guard = Guard::default();
        for _ in 0..1000 {
            guard.broke_off(Some(7));
        }
        assert_eq!(guard.count(), 1000);
    }
}
