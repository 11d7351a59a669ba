//! What runs may take of this machine together: places, memory and processors; and what a run needs of it.
//!
//! A run needs what one of its steps may use, since it has one at a time. A paused run has no place; the memory in its frozen
//! container is not counted, nor what an agent has run beside its turn, which is little most of the time and within the same
//! limits.

use crate::config::{EngineConfig, thousandths};
use crate::domain::Needs;
use crate::sandbox::Limits;

/// So much of something, and whether the operator has stated it; otherwise it is what the machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// How much.
    pub most: u64,
    /// The operator has stated it.
    pub stated: bool,
}

/// What runs may take together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Runs that may work at once.
    pub runs: usize,
    /// Memory in MiB.
    pub memory_mib: Amount,
    /// Thousandths of a processor.
    pub millicpus: Amount,
}

/// What is lacking for a further run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// All places are taken.
    Places,
    /// Too much memory is taken.
    Memory,
    /// Too many processors are taken.
    Processors,
}

impl Room {
    /// What the operator has stated, and what the machine has where nothing is stated.
    pub fn new(config: &EngineConfig, machine: Needs) -> Self {
        let amount = |stated: Option<u64>, has| Amount { most: stated.unwrap_or(has), stated: stated.is_some() };
        Self {
            runs: usize::try_from(config.max_runs).unwrap_or(1),
            memory_mib: amount(config.memory_mib, machine.memory_mib),
            millicpus: amount(config.millicpus, machine.millicpus),
        }
    }

    /// What a run with these limits needs; in words why it could never have that.
    pub fn needs(&self, limits: &Limits) -> Result<Needs, String> {
        let (memory, cpus) = (self.memory_mib, self.millicpus);
        let mut needs = Needs { memory_mib: limits.memory_mib, millicpus: thousandths(limits.cpus) };
        // The usual limit, where a repository names none, is as much as there is on a machine that has less.
        if !memory.stated && needs.memory_mib == Limits::default().memory_mib {
            needs.memory_mib = needs.memory_mib.min(memory.most);
        }
        // No sandbox gives a step more processors than there are.
        if !cpus.stated {
            needs.millicpus = needs.millicpus.min(cpus.most);
        }
        let whose = |amount: Amount, key: &str| {
            if amount.stated {
                format!("`{key}` under [engine] in config.toml: lower the one or raise the other")
            } else {
                "all that this machine has: lower the limit".to_owned()
            }
        };
        if needs.memory_mib > memory.most {
            let (wanted, most, whose) = (needs.memory_mib, memory.most, whose(memory, "memory"));
            return Err(format!(
                "the run could never start: its steps may use {wanted} MiB (`memory` under [limits] in dogwatch.toml), and all \
                 runs together have {most} MiB, {whose}"
            ));
        }
        if needs.millicpus > cpus.most {
            let (wanted, most, whose) = (processors(needs.millicpus), processors(cpus.most), whose(cpus, "cpus"));
            return Err(format!(
                "the run could never start: its steps may use {wanted} processors (`cpus` under [limits] in dogwatch.toml), and \
                 all runs together have {most}, {whose}"
            ));
        }
        Ok(needs)
    }

    /// What a run needs that has so much beside its steps; in words why it could never have that.
    pub fn beside(&self, needs: Needs, services: Needs) -> Result<Needs, String> {
        if services == Needs::default() {
            return Ok(needs);
        }
        let memory_mib = needs.memory_mib.saturating_add(services.memory_mib);
        if memory_mib > self.memory_mib.most {
            let most = self.memory_mib.most;
            return Err(format!(
                "the run could never start: a suite with its services may use {memory_mib} MiB (`memory` under [limits] and \
                 [services] in dogwatch.toml), and all runs together have {most} MiB: lower the limits"
            ));
        }
        // They wait for each other most of the time, so what is more than there is they share.
        let millicpus =
            needs.millicpus.saturating_add(services.millicpus).min(self.millicpus.most.max(needs.millicpus));
        Ok(Needs { memory_mib, millicpus })
    }

    /// What is lacking for one more beside those that have a place. A run alone always has room: what it needs was looked at
    /// when it was submitted, and an operator who made the room smaller since then shall not keep it waiting for ever.
    pub fn lack(&self, taken: &[Needs], more: Needs) -> Option<Lack> {
        let sum = |of: fn(&Needs) -> u64| taken.iter().chain([&more]).map(of).fold(0, u64::saturating_add);
        if taken.len() >= self.runs {
            Some(Lack::Places)
        } else if taken.is_empty() {
            None
        } else if sum(|needs| needs.memory_mib) > self.memory_mib.most {
            Some(Lack::Memory)
        } else if sum(|needs| needs.millicpus) > self.millicpus.most {
            Some(Lack::Processors)
        } else {
            None
        }
    }

    /// Whether all of these have room at once.
    pub fn holds(&self, all: &[Needs]) -> bool {
        all.split_last().is_none_or(|(last, others)| self.lack(others, *last).is_none())
    }
}

/// What this machine has, as far as the kernel says so.
pub fn machine() -> Needs {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = rustix::system::sysinfo();
    let bytes = kernel.totalram.saturating_mul(u64::from(kernel.mem_unit));
    Needs { memory_mib: bytes >> 20, millicpus: u64::try_from(processors).unwrap_or(1).saturating_mul(1000) }
}

/// Thousandths of processors, in words.
pub fn processors(thousandths: u64) -> String {
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A room in which only places are counted.
    pub fn places(runs: usize) -> Room {
        let endless = Amount { most: u64::MAX, stated: true };
        Room { runs, memory_mib: endless, millicpus: endless }
    }

    fn room(text: &str) -> Room {
        let machine = Needs { memory_mib: 2000, millicpus: 1000 };
        Room::new(&EngineConfig::parse(text, "c").unwrap(), machine)
    }

    #[test]
    fn usual_limits_fit_a_small_machine_and_what_is_beyond_it_is_refused() {
        let usual = Limits::default();
        let small = room("[engine]\nmax-runs = 3\n");
        assert_eq!(small.needs(&usual), Ok(Needs { memory_mib: 2000, millicpus: 1000 }));
        let large = Limits { memory_mib: 2001, ..usual };
        let refused = small.needs(&large).unwrap_err();
        assert!(refused.contains("may use 2001 MiB") && refused.contains("all that this machine has"), "{refused}");

        let stated = room("[engine]\nmemory = \"8GiB\"\ncpus = 1.5\n");
        let refused = stated.needs(&usual).unwrap_err();
        assert!(refused.contains("2 processors") && refused.contains("have 1.5, `cpus` under [engine]"), "{refused}");
        let fits = Limits { cpus: 1.5, memory_mib: 8192, ..usual };
        assert_eq!(stated.needs(&fits), Ok(Needs { memory_mib: 8192, millicpus: 1500 }));
    }

    #[test]
    fn services_count_beside_the_steps() {
        let room = room("[engine]\nmemory = \"2GiB\"\ncpus = 2\n");
        let needs = |memory_mib, millicpus| Needs { memory_mib, millicpus };
        assert_eq!(room.beside(needs(1024, 1000), needs(1024, 3000)), Ok(needs(2048, 2000)));
        assert_eq!(room.beside(needs(4096, 1000), Needs::default()), Ok(needs(4096, 1000)));
        let refused = room.beside(needs(1024, 1000), needs(1025, 0)).unwrap_err();
        assert!(refused.contains("may use 2049 MiB") && refused.contains("2048 MiB"), "{refused}");
    }

    #[test]
    fn what_is_lacking_is_named_and_a_run_alone_lacks_nothing() {
        let room = room("[engine]\nmax-runs = 2\nmemory = \"1000MiB\"\ncpus = 2\n");
        let needs = |memory_mib, millicpus| Needs { memory_mib, millicpus };
        let one = [needs(600, 1000)];
        assert_eq!(room.lack(&one, needs(400, 1000)), None);
        assert_eq!(room.lack(&one, needs(401, 1000)), Some(Lack::Memory));
        assert_eq!(room.lack(&one, needs(400, 1001)), Some(Lack::Processors));
        assert_eq!(room.lack(&[one[0]; 2], needs(0, 0)), Some(Lack::Places));
        assert_eq!(room.lack(&[], needs(5000, 9000)), None);
        assert!(room.holds(&[]) && room.holds(&[needs(5000, 1)]) && !room.holds(&[needs(5000, 1), needs(1, 1)]));
        assert!(machine().memory_mib > 0 && machine().millicpus > 0);
    }
}
