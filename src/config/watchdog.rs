//! `[watchdog]` of `config.toml`: when a run that does not move is warned and paused. A threshold that no history could reach
//! is refused, since people would rely on it.

use super::reader::{Section, clip};
use super::schema;
use crate::domain::Remedy;
use crate::watchdog::Thresholds;

/// The most rounds that can be waited for.
const MOST: u64 = 60;

/// Reads the section: the thresholds, and what a first warning changes.
pub(super) fn read(top: &Section<'_, '_>) -> (Thresholds, Remedy) {
    let usual = Thresholds::default();
    let Some(section) = top.table("watchdog", schema::WATCHDOG) else { return (usual, Remedy::default()) };
    let number = |name, least, usual| {
        section.whole(name, least..MOST + 1).and_then(|number| u32::try_from(number).ok()).unwrap_or(usual)
    };
    let read = Thresholds {
        same_warn: number("same-warn", 2, usual.same_warn),
        same_pause: number("same-pause", 2, usual.same_pause),
        root_pause: number("root-pause", 3, usual.root_pause),
        cycles: number("cycles", 2, usual.cycles),
        idle_pause: number("idle-pause", 1, usual.idle_pause),
        idle_claimed: number("idle-claimed", 1, usual.idle_claimed),
        plans: number("plans", 0, usual.plans),
        plateau_warn: number("plateau-warn", 2, usual.plateau_warn),
        plateau_pause: number("plateau-pause", 3, usual.plateau_pause),
        worse_offer: number("worse-offer", 1, usual.worse_offer),
        grace: number("grace", 0, usual.grace),
        returns: number("returns", 1, usual.returns),
        instant: number("instant", 2, usual.instant),
        earned: number("earned", 0, usual.earned),
    };
    let reached = |early, rounds: u32, late, bound: u32| {
        if rounds > bound {
            let message = format!(
                "`{early}` could never be reached: `{late}` comes first, after {bound}; make it at most as large, or the other larger"
            );
            section.note(section.place_of(early), message);
        }
    };
    let pause = read.plateau_pause;
    reached("same-warn", read.same_warn, "same-pause", read.same_pause.saturating_sub(1));
    reached("plateau-warn", read.plateau_warn, "plateau-pause", pause.saturating_sub(1));
    reached("same-pause", read.same_pause, "plateau-pause", pause);
    reached("root-pause", read.root_pause, "plateau-pause", pause);
    reached("idle-pause", read.idle_pause, "plateau-pause", pause);
    reached("idle-claimed", read.idle_claimed, "idle-pause", read.idle_pause);
    reached("worse-offer", read.worse_offer, "plateau-pause", pause);
    reached("cycles", read.cycles.saturating_mul(2), "plateau-pause", pause);
    reached("returns", read.returns.saturating_add(read.grace), "plateau-pause", pause);
    (read, change(&section))
}

fn change(section: &Section<'_, '_>) -> Remedy {
    let Some(text) = section.string("change") else { return Remedy::default() };
    text.value.parse().unwrap_or_else(|()| {
        let message = format!("`change` is `{}`: write fresh-session, agent:NAME or model:NAME", clip(&text.value));
        section.note(text.at, message);
        Remedy::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::EngineConfig;

    #[test]
    fn thresholds_are_read() {
        assert_eq!(EngineConfig::parse("", "c").unwrap().watchdog, Thresholds::default());
        let text = "[watchdog]\nsame-warn = 2\nsame-pause = 6\nplateau-pause = 20\ncycles = 3\ngrace = 0\n";
        let read = EngineConfig::parse(text, "c").unwrap().watchdog;
        let wanted =
            Thresholds { same_warn: 2, same_pause: 6, plateau_pause: 20, cycles: 3, grace: 0, ..Thresholds::default() };
        assert_eq!(read, wanted);
        assert_eq!(EngineConfig::parse("", "c").unwrap().change, Remedy::FreshSession);
        let other = EngineConfig::parse("[watchdog]\nchange = \"agent:codex\"\n", "c").unwrap();
        assert_eq!((other.change, other.watchdog), (Remedy::Agent("codex".to_owned()), Thresholds::default()));
    }

    #[test]
    fn a_threshold_that_nothing_reaches_is_refused_with_its_line() {
        for (text, words) in [
            ("same-warn = 5", "`same-warn` could never be reached: `same-pause` comes first"),
            ("plateau-warn = 9", "`plateau-warn` could never"),
            ("same-pause = 9", "`same-pause` could never"),
            ("root-pause = 30", "`plateau-pause` comes first, after 8"),
            ("idle-pause = 9", "`idle-pause` could never"),
            ("idle-claimed = 5", "`idle-claimed` could never"),
            ("worse-offer = 9", "`worse-offer` could never"),
            ("cycles = 5", "`cycles` could never"),
            ("returns = 7", "`returns` could never"),
            ("same-pause = 61", "must lie between 2 and 60"),
            ("same-pause = \"5\"", "a whole number"),
            ("change = \"agent\"", "write fresh-session, agent:NAME or model:NAME"),
            ("same_pause = 5", "did you mean `same-pause`?"),
        ] {
            let told = EngineConfig::parse(&format!("[watchdog]\n{text}\n"), "c").unwrap_err().to_string();
            assert!(told.starts_with("c:2:") && told.contains(words), "{text}: {told}");
        }
    }
}
