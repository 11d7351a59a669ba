//! What projects and days may spend beside what each run may. The caps are the operator's alone; what counts against them
//! are the ledger's uses and what is reserved for iterations under way.

use super::{Budget, Day, ProjectId, RunId, Spent};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Part of the smallest cap that is reserved for an iteration while nothing is known of how much one uses.
const FIRST_PART: u64 = 10;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Iterations of the loop.
    Iterations,
    /// Milliseconds of work.
    Time,
    /// Model tokens.
    Tokens,
    /// Millionths of a US dollar.
    Money,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Iterations, Self::Time, Self::Tokens, Self::Money];

    /// An amount in words for people.
    pub fn words(self, amount: u64) -> String {
        format!("{}{}", self.number(amount), self.unit(amount))
    }

    /// So much of so much, in words for people.
    pub fn part(self, used: u64, cap: u64) -> String {
        format!("{} of {}{}", self.number(used), self.number(cap), self.unit(cap))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Iterations => "iterations",
            Self::Time => "time",
            Self::Tokens => "tokens",
            Self::Money => "money",
        }
    }

    /// An amount without its unit, where the measure is named beside it.
    pub fn number(self, amount: u64) -> String {
        match self {
            Self::Iterations | Self::Tokens => amount.to_string(),
            Self::Time => {
                let seconds = amount / 1000;
                match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
                    (0, 0, _) => format!("{seconds}s"),
                    (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
                    (hours, minutes, _) => format!("{hours}h {minutes}m"),
                }
            }
            Self::Money => format!("${}.{:04}", amount / 1_000_000, amount % 1_000_000 / 100),
        }
    }

    fn unit(self, amount: u64) -> &'static str {
        match self {
            Self::Iterations if amount == 1 => " iteration",
            Self::Iterations => " iterations",
            Self::Time => " of work",
            Self::Tokens => " tokens",
            Self::Money => "",
        }
    }
}

/// Caps of one account. `None` means no cap of that kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// Iterations of the loop.
    pub iterations: Option<u64>,
    /// Seconds of work.
    pub seconds: Option<u64>,
    /// Model tokens.
    pub tokens: Option<u64>,
    /// Money in millionths of a US dollar.
    pub microusd: Option<u64>,
}

impl Caps {
    /// One cap, in the unit that its measure is counted in.
    pub fn of(&self, measure: Measure) -> Option<u64> {
        match measure {
            Measure::Iterations => self.iterations,
            Measure::Time => self.seconds.map(|seconds| seconds.saturating_mul(1000)),
            Measure::Tokens => self.tokens,
            Measure::Money => self.microusd,
        }
    }
}

impl From<Budget> for Caps {
    fn from(budget: Budget) -> Self {
        let Budget { iterations, seconds, tokens, microusd } = budget;
        Self { iterations: Some(iterations.into()), seconds, tokens, microusd }
    }
}

/// What the operator allows one project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectAllowance {
    /// In all.
    pub total: Caps,
    /// On each day.
    pub day: Caps,
    /// What is reserved for one of its iterations; goes before the engine's own.
    pub iteration: Caps,
}

/// What the operator allows: nothing that a repository says changes any of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowances {
    /// All projects together, on each day.
    pub day: Caps,
    /// What is reserved for one iteration.
    pub iteration: Caps,
    /// By the name of the project.
    pub projects: BTreeMap<String, ProjectAllowance>,
}

impl Allowances {
    /// What a project is allowed by itself.
    pub fn project(&self, name: &str) -> ProjectAllowance {
        self.projects.get(name).copied().unwrap_or_default()
    }

    /// The caps of a scope, for the project with this name.
    pub fn caps(&self, scope: Scope, project: &str) -> Caps {
        match scope {
            Scope::Day { .. } => self.day,
            Scope::Project { .. } => self.project(project).total,
            Scope::ProjectDay { .. } => self.project(project).day,
        }
    }

    /// What is to be reserved for one iteration of a project: what the operator says; else the greatest use of its last
    /// iterations; else, for the first one, a tenth of the smallest cap. Never more than the smallest cap, so that what fits
    /// into no day by itself can begin all the same.
    pub fn wanted(&self, project: &str, greatest: Option<Spent>, accounts: &[Account]) -> Spent {
        let own = self.project(project).iteration;
        let mut wanted = Spent { iterations: 1, ..Spent::default() };
        for measure in [Measure::Time, Measure::Tokens, Measure::Money] {
            let least = accounts.iter().filter_map(|account| account.cap(measure)).min();
            let said = own.of(measure).or(self.iteration.of(measure));
            let known = said.or(greatest.map(|greatest| greatest.of(measure)));
            let amount = known.or(least.map(|least| least.div_ceil(FIRST_PART))).unwrap_or(0);
            wanted.set(measure, least.map_or(amount, |least| amount.min(least)));
        }
        wanted
    }
}

/// Whose uses are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Scope {
    /// Everything on one day.
    Day {
        /// Which.
        day: Day,
    },
    /// A project in all.
    Project {
        /// Which.
        project: ProjectId,
    },
    /// A project on one day.
    ProjectDay {
        /// Which.
        project: ProjectId,
        /// When.
        day: Day,
    },
}

impl Scope {
    /// Every account that the work of a project counts in.
    pub fn all(project: ProjectId, day: Day) -> [Self; 3] {
        [Self::Day { day }, Self::ProjectDay { project, day }, Self::Project { project }]
    }

    /// The day that it is about, if it is about one.
    pub fn day(self) -> Option<Day> {
        match self {
            Self::Day { day } | Self::ProjectDay { day, .. } => Some(day),
            Self::Project { .. } => None,
        }
    }

    /// The project that it is about, if it is about one.
    pub fn project(self) -> Option<ProjectId> {
        match self {
            Self::Project { project } | Self::ProjectDay { project, .. } => Some(project),
            Self::Day { .. } => None,
        }
    }

    /// In words, for the project with this name.
    pub fn words(self, project: &str) -> String {
        match self {
            Self::Day { day } => format!("the engine on {day}"),
            Self::Project { .. } => format!("project {project} in all"),
            Self::ProjectDay { day, .. } => format!("project {project} on {day}"),
        }
    }
}

/// How things stand in one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose.
    pub scope: Scope,
    /// What the operator's configuration allows.
    pub caps: Caps,
    /// What people allowed beyond it, once.
    pub granted: Spent,
    /// What was used.
    pub used: Spent,
    /// What iterations under way may still use.
    pub reserved: Spent,
}

impl Account {
    /// The cap with what people allowed beyond it.
    pub fn cap(&self, measure: Measure) -> Option<u64> {
        Some(self.caps.of(measure)?.saturating_add(self.granted.of(measure)))
    }

    fn reached(&self, measure: Measure, wanted: &Spent) -> Option<Reached> {
        let cap = self.cap(measure)?;
        let (used, reserved, wanted) = (self.used.of(measure), self.reserved.of(measure), wanted.of(measure));
        let taken = used.saturating_add(reserved);
        if taken < cap && taken.saturating_add(wanted) <= cap {
            return None;
        }
        let usual = self.caps.of(measure)?;
        let least = taken.saturating_add(wanted.max(1)).saturating_sub(cap);
        let more = usual.max(least).max(1);
        Some(Reached {
            scope: self.scope,
            measure,
            cap,
            granted: self.granted.of(measure),
            used,
            reserved,
            wanted,
            more,
        })
    }
}

/// Every cap that leaves no room for what is wanted.
pub fn reached(accounts: &[Account], wanted: &Spent) -> Vec<Reached> {
    let each = |account: &Account| Measure::ALL.map(|measure| account.reached(measure, wanted));
    accounts.iter().flat_map(each).flatten().collect()
}

/// A cap that left no room for one more iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Whose.
    pub scope: Scope,
    /// Of what.
    pub measure: Measure,
    /// The cap as it stood, with what people had allowed beyond the configuration's.
    pub cap: u64,
    /// What people had allowed beyond the configuration's cap.
    pub granted: u64,
    /// What was used.
    pub used: u64,
    /// What iterations under way might still use.
    pub reserved: u64,
    /// What was to be reserved for one more.
    pub wanted: u64,
    /// What a yes allows beyond the cap, once.
    pub more: u64,
}

impl Reached {
    /// The cap in a few words, for the project with this name.
    pub fn short(&self, project: &str) -> String {
        let Self { scope, measure, cap, used, .. } = self;
        format!("{} has used {}", scope.words(project), measure.part(*used, *cap))
    }

    /// Everything that a person has to know of it.
    pub fn words(&self, project: &str) -> String {
        let Self { measure, reserved, wanted, more, .. } = self;
        let [reserved, wanted, more] = [reserved, wanted, more].map(|amount| measure.words(*amount));
        let until = match self.scope.day() {
            Some(day) => format!("until the day turns at {} (days are those of UTC)", day.next().begin().rfc3339()),
            None => "once and for all, since this cap does not turn with the day".to_owned(),
        };
        format!(
            "{}; reserved for iterations under way: {reserved}; for the next one: {wanted}; approve allows {more} more, {until}",
            self.short(project)
        )
    }
}

/// What an iteration under way may still use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// The run.
    pub run: RunId,
    /// Its iteration.
    pub iteration: u32,
    /// The attempt of the agent's turn.
    pub attempt: u32,
    /// The day that its uses count to.
    pub day: Day,
    /// How much.
    pub held: Spent,
}

/// What is left of a reservation when a part of the iteration is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The iteration itself and the rest of its time: the turn is over.
    Tests,
    /// The iteration itself: its tests have run.
    Gates,
    /// Nothing.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn account(cap: u64, used: u64, reserved: u64) -> Account {
        Account {
            scope: Scope::Day { day: Day(1) },
            caps: Caps { tokens: Some(cap), ..Caps::default() },
            granted: Spent::default(),
            used: Spent { tokens: used, ..Spent::default() },
            reserved: Spent { tokens: reserved, ..Spent::default() },
        }
    }

    #[test]
    fn what_is_reserved_is_said_or_known_or_a_tenth_and_never_more_than_the_cap() {
        let accounts = [account(1_000, 0, 0), account(95, 0, 0)];
        let mut allowed = Allowances::default();
        let tokens = |allowed: &Allowances, greatest: Option<u64>| {
            let greatest = greatest.map(|tokens| Spent { tokens, ..Spent::default() });
            allowed.wanted("shop", greatest, &accounts).tokens
        };
        assert_eq!(tokens(&allowed, None), 10);
        assert_eq!(tokens(&allowed, Some(40)), 40);
        assert_eq!(tokens(&allowed, Some(4_000)), 95);
        allowed.iteration.tokens = Some(50);
        assert_eq!(tokens(&allowed, Some(40)), 50);
        let own = ProjectAllowance { iteration: Caps { tokens: Some(60), ..Caps::default() }, ..Default::default() };
        allowed.projects.insert("shop".to_owned(), own);
        assert_eq!(tokens(&allowed, None), 60);
        assert_eq!(allowed.wanted("other", None, &[]).tokens, 50);
        assert_eq!(allowed.wanted("other", None, &[]).iterations, 1);
    }

    #[test]
    fn a_reached_cap_says_all_that_a_person_has_to_know() {
        let found = reached(&[account(100, 80, 15)], &Spent { tokens: 10, ..Spent::default() });
        let words = found[0].words("shop");
        for part in ["the engine on 1970-01-02", "80 of 100 tokens", "under way: 15 tokens", "1970-01-03T00:00:00Z"] {
            assert!(words.contains(part), "{part} is not in {words}");
        }
        assert!(words.contains("allows 100 tokens more"), "{words}");
    }

    proptest! {
        /// What is not reached has room, what is reached has none, and one yes makes room for what was wanted.
        #[test]
        fn there_is_room_or_the_cap_is_reached(
            cap in 1..1_000_u64, used in 0..2_000_u64, reserved in 0..2_000_u64, wanted in 0..1_000_u64
        ) {
            let mut one = account(cap, used, reserved);
            let wanted = Spent { tokens: wanted, ..Spent::default() };
            let found = reached(&[one], &wanted);
            let fits = used + reserved < cap && used + reserved + wanted.tokens <= cap;
            prop_assert_eq!(found.is_empty(), fits);
            if let [found] = found[..] {
                one.granted.tokens += found.more;
                prop_assert!(reached(&[one], &wanted).is_empty());
            }
        }
    }
}
