//! Faults that are related: six causes, each of which shows itself at several places, with words that differ from place to place.

/// One cause, and how it shows.
#[derive(Debug)]
pub struct Cause {
    /// The repair that helps, by the agent's name for it.
    pub repair: &'static str,
    /// What the value is before it is repaired, as Python writes it.
    raw: &'static str,
    /// What it should be.
    wanted: &'static str,
    /// What the test says, with the thing in place of `{}`.
    says: &'static str,
}

/// The six causes. The first two and the last two show themselves in nearly the same words.
pub const CAUSES: [Cause; 6] = [
    Cause {
        repair: "trimmed",
        raw: "'  oak '",
        wanted: "'oak'",
        says: "the lookup of a {} finds nothing where the input has blanks around it: %r, not %r",
    },
    Cause {
        repair: "lowered",
        raw: "'Oak'",
        wanted: "'oak'",
        says: "the lookup of a {} finds nothing where the input has capital letters: %r, not %r",
    },
    Cause {
        repair: "rounded",
        raw: "2.6750001",
        wanted: "2.68",
        says: "the sum of all {} entries is off by a fraction of a cent: %r, not %r",
    },
    Cause { repair: "whole", raw: "7.0", wanted: "'7'", says: "a {} number is shown with a decimal point: %r, not %r" },
    Cause {
        repair: "ordered",
        raw: "['b', 'a']",
        wanted: "['a', 'b']",
        says: "the list of {} rows comes in another order than expected: %r, not %r",
    },
    Cause {
        repair: "defaulted",
        raw: "None",
        wanted: "[]",
        says: "the list of {} rows comes as nothing where there are none: %r, not %r",
    },
];

/// What faults are about; one each.
const THINGS: [&str; 36] = [
    "customer",
    "invoice",
    "parcel",
    "street",
    "teacher",
    "garden",
    "ticket",
    "reader",
    "harbour",
    "engine",
    "recipe",
    "window",
    "planet",
    "bottle",
    "camera",
    "farmer",
    "signal",
    "island",
    "letter",
    "museum",
    "pencil",
    "doctor",
    "bridge",
    "forest",
    "candle",
    "mirror",
    "basket",
    "violin",
    "saddle",
    "anchor",
    "legacy_coin",
    "legacy_map",
    "legacy_boat",
    "legacy_lamp",
    "legacy_seed",
    "legacy_door",
];

/// How many faults the family has.
pub const FAMILY: usize = 30;

/// One fault.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// What it is about.
    pub thing: &'static str,
    /// Which project it is in: 0 to 2, and 3 for the one of the wrong memories.
    pub project: usize,
    /// The cause whose words it has.
    pub shows: &'static Cause,
    /// The cause whose repair helps.
    pub helps: &'static Cause,
}

/// The family, in the order in which the faults turn up: causes and projects come mixed.
pub fn family() -> Vec<Fault> {
    (0..FAMILY)
        .map(|n| {
            // 7 has no divisor in common with 30, so each fault comes once.
            let at = (n * 7 + 3) % FAMILY;
            let cause = &CAUSES[at % CAUSES.len()];
            Fault { thing: THINGS[at], project: (at / CAUSES.len() + at) % 3, shows: cause, helps: cause }
        })
        .collect()
}

/// Faults of another project that show themselves in the same words and want another repair: what is learned of them is wrong here.
pub fn misleading() -> Vec<Fault> {
    let fault = |n: usize| Fault {
        thing: THINGS[FAMILY + n],
        project: 3,
        shows: &CAUSES[n],
        helps: &CAUSES[(n + 2) % CAUSES.len()],
    };
    (0..CAUSES.len()).map(fault).collect()
}

/// The family in a world without any rule: the same words, and repairs that have nothing to do with them.
pub fn lawless() -> Vec<Fault> {
    let family = family();
    let helps = |n: usize| &CAUSES[(n * n + n / 5 + 1) % CAUSES.len()];
    family.iter().enumerate().map(|(n, fault)| Fault { helps: helps(n), ..*fault }).collect()
}

impl Fault {
    /// The file with the fault.
    pub fn program(&self) -> String {
        let says = self.shows.says.replace("{}", self.thing);
        let about = says.split(": %r").next().unwrap_or_default().to_owned();
        let quoted = format!("'{}'", self.thing);
        format!(
            "\"\"\"Of one thing, the {thing}.\"\"\"\n\nfrom repairs import *\n\nNAME = {thing:?}\nSAYS = {says:?}\nABOUT = {about:?}\n\
             WANTED = {wanted}\n\n\ndef raw(name):\n    return {raw}\n\n\ndef value():\n    return raw({quoted})  # value; tried:\n",
            thing = self.thing,
            wanted = self.helps.wanted,
            raw = self.helps.raw,
            quoted = quoted,
        )
    }
}
