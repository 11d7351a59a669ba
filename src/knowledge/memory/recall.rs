//! Which of the repairs that are remembered are worth quoting: alike enough, borne out often enough, few. Nobody is helped by a
//! guess, and a wrong one costs an iteration.
//!
//! A repair was borne out once when it was found. Its confidence is `(1 + helped) / (1.5 + helped + failed)`, a Laplace-like mean that
//! begins at two thirds, and halves with every ninety days in which it was not borne out again. So one that was followed twice in
//! vain is not quoted any more.

use super::likeness::{share, words};
use crate::domain::{Finding, Likeness, Millis, Offer, Remembered};
use std::collections::{BTreeSet, HashSet};
use std::hash::BuildHasher;

/// Most repairs that are quoted at once.
pub const MOST: usize = 3;
/// Most characters of them together.
pub const CHARACTERS: usize = 1_800;
/// Longest message that is quoted with one.
pub const MESSAGE: usize = 200;
/// Findings, most useful first, for which something is sought.
pub const FINDINGS: usize = 10;

/// The least share of words that two problems need to have in common.
const ALIKE: f64 = 0.5;
/// What is much less alike than the best is left out.
const NEAR_THE_BEST: f64 = 0.85;
/// What problems of different classes count for.
const OTHER_CLASS: f64 = 0.85;
/// The least confidence with which something is quoted.
const TRUSTED: f64 = 0.35;
/// Days after which confidence has halved.
const HALF_LIFE: f64 = 90.0;
/// Milliseconds of a day.
const DAY: f64 = 86_400_000.0;

/// Judged offers that count for how reliable likeness by words is, the latest.
pub const JUDGED: u32 = 30;

/// Whether likeness by words is worth quoting here at all, by what came of the latest offers of that kind: three helped before
/// anything is known, and a third has to. Where it is not, offers go on unquoted, compared with what agents do by themselves, so it
/// can be again.
pub fn reliable(helped: u32, failed: u32) -> bool {
    let (helped, failed) = (f64::from(helped), f64::from(failed));
    (3.0 + helped) / (4.5 + helped + failed) >= TRUSTED
}

/// How far a repair is believed to help again, from 0 to 1.
pub fn confidence(repair: &Remembered, now: Millis) -> f64 {
    let (helped, failed) = (f64::from(repair.helped), f64::from(repair.failed));
    let age = days(now.0.saturating_sub(repair.borne_out.0));
    (1.0 + helped) / (1.5 + helped + failed) * 0.5_f64.powf(age / HALF_LIFE)
}

/// Days of so many milliseconds; a time in the future is none.
#[allow(clippy::cast_precision_loss, reason = "ages are far smaller than what a float tells apart")]
fn days(milliseconds: i64) -> f64 {
    milliseconds.max(0) as f64 / DAY
}

/// What is quoted for these findings, the most promising first. `found` has for each of them what a search brought, and `spent` the
/// solutions that were quoted in this run before and did not help. What is alike by its words is quoted only `by_words`.
pub fn choose<S: BuildHasher>(
    findings: &[Finding],
    found: Vec<Vec<Remembered>>,
    spent: &HashSet<i64, S>,
    by_words: bool,
    now: Millis,
) -> Vec<Offer> {
    let mut offers: Vec<(f64, Offer)> = Vec::new();
    for (finding, repairs) in findings.iter().zip(found) {
        let these = words(&format!("{} {}", finding.kind, finding.message));
        let usable = repairs.into_iter().filter(|one| !spent.contains(&one.solution) && !one.patch.trim().is_empty());
        let judged = usable.map(|one| (alike(finding, &these, &one), one));
        offers.extend(judged.filter_map(|((likeness, alike), repair)| {
            let trust = confidence(&repair, now);
            let quoted = likeness == Likeness::Same || by_words;
            let offer = Offer { about: finding.exact.clone(), likeness, repair, quoted };
            (alike >= ALIKE && trust >= TRUSTED).then_some((alike * trust, offer))
        }));
    }
    // Stable, so that what is equally good stays in the order of the findings and of the search.
    offers.sort_by(|one, other| other.0.total_cmp(&one.0));
    let least = offers.first().map_or(0.0, |best| best.0 * NEAR_THE_BEST);
    let mut left = CHARACTERS;
    let mut seen = HashSet::new();
    let mut chosen = Vec::new();
    for (worth, offer) in offers {
        let long = length(&offer);
        // The same repair may have made several bugs go away.
        if chosen.len() == MOST || worth < least || long > left || !seen.insert(offer.repair.patch.clone()) {
            continue;
        }
        left -= long;
        chosen.push(offer);
    }
    chosen
}

/// In what two problems are alike, and how much.
fn alike(finding: &Finding, these: &BTreeSet<String>, repair: &Remembered) -> (Likeness, f64) {
    if repair.exact == finding.exact {
        return (Likeness::Same, 1.0);
    }
    let share = share(these, &words(&format!("{} {}", repair.kind, repair.message)));
    if repair.class == finding.class { (Likeness::Class, share) } else { (Likeness::Words, share * OTHER_CLASS) }
}

/// How many characters quoting it takes, at most.
fn length(offer: &Offer) -> usize {
    let repair = &offer.repair;
    let parts = [&repair.kind, &repair.project].map(|part| part.chars().count().min(80));
    parts.iter().sum::<usize>() + repair.message.chars().count().min(MESSAGE) + repair.patch.chars().count() + 60
}

#[cfg(test)]
mod tests {
    use super::super::excerpt::tests::finding;
    use super::*;
    use crate::domain::{BugId, Fingerprint, RunId};

    fn repair(solution: i64, kind: &str, message: &str) -> Remembered {
        let other = finding(kind, message, None, None);
        Remembered {
            solution,
            bug: BugId(solution),
            exact: other.exact,
            class: other.class,
            kind: kind.to_owned(),
            message: message.to_owned(),
            project: "shop".to_owned(),
            here: true,
            run: RunId(1),
            iteration: 1,
            patch: format!("work.py\n+ repair {solution}\n"),
            borne_out: Millis(0),
            helped: 0,
            failed: 0,
        }
    }

    fn chosen(finding: &Finding, repairs: Vec<Remembered>) -> Vec<i64> {
        let offers = choose(std::slice::from_ref(finding), vec![repairs], &HashSet::<i64>::new(), true, Millis(0));
        offers.iter().map(|offer| offer.repair.solution).collect()
    }

    const LOOKUP: &str = "the lookup of a customer finds nothing where the input has blanks around it";

    #[test]
    fn what_is_like_it_is_quoted_and_what_is_not_is_not() {
        let at_hand = finding("KeyError", LOOKUP, None, None);
        let alike = repair(1, "KeyError", &LOOKUP.replace("customer", "street"));
        let capitals =
            repair(2, "KeyError", "the lookup of a street finds nothing where the input has capital letters");
        let other = repair(3, "KeyError", "no such column in the table of invoices");
        assert_eq!(chosen(&at_hand, vec![other.clone(), capitals.clone(), alike.clone()]), [1]);
        // What is second best is quoted where there is nothing better.
        assert_eq!(chosen(&at_hand, vec![other.clone(), capitals]), [2]);
        assert_eq!(chosen(&at_hand, vec![other]), Vec::<i64>::new());
        let mut same = repair(4, "KeyError", LOOKUP);
        same.exact = at_hand.exact.clone();
        assert_eq!(chosen(&at_hand, vec![alike, same])[0], 4);
    }

    #[test]
    fn few_are_quoted_and_each_repair_once() {
        let at_hand = finding("KeyError", LOOKUP, None, None);
        let many: Vec<_> = (0..10).map(|n| repair(n, "KeyError", LOOKUP)).collect();
        assert_eq!(chosen(&at_hand, many.clone()), [0, 1, 2]);
        let twice = vec![Remembered { patch: many[0].patch.clone(), ..many[5].clone() }, many[0].clone()];
        assert_eq!(chosen(&at_hand, twice), [5]);
        let long = |n: i64| Remembered { patch: format!("+{n}{}", "x".repeat(900)), ..repair(n, "KeyError", LOOKUP) };
        assert_eq!(chosen(&at_hand, vec![long(1), long(2)]), [1], "characters are counted together");
        let spent = HashSet::from([0, 1]);
        let left = choose(&[at_hand], vec![many], &spent, true, Millis(0));
        assert_eq!(left.iter().map(|one| one.repair.solution).collect::<Vec<_>>(), [2, 3, 4]);
    }

    #[test]
    fn what_fails_is_left_and_what_helps_is_kept() {
        let at_hand = finding("KeyError", LOOKUP, None, None);
        let with = |helped, failed, days: i64| Remembered {
            helped,
            failed,
            borne_out: Millis(-days * 86_400_000),
            ..repair(1, "KeyError", LOOKUP)
        };
        let quoted = |helped, failed, days| !chosen(&at_hand, vec![with(helped, failed, days)]).is_empty();
        assert!(quoted(0, 0, 0) && quoted(0, 1, 0) && !quoted(0, 2, 0));
        assert!(quoted(3, 2, 0) && quoted(0, 0, 80) && !quoted(0, 0, 100));
        assert!(quoted(9, 0, 100) && !quoted(9, 0, 200));
        let (more, less) = (confidence(&with(2, 0, 0), Millis(0)), confidence(&with(0, 0, 0), Millis(0)));
        assert!(more > less && less > confidence(&with(0, 1, 0), Millis(0)));
        assert!(confidence(&with(0, 0, -5), Millis(0)) <= less, "a clock that was set back helps nobody");
    }

    #[test]
    fn words_that_mislead_are_not_quoted_until_they_would_have_helped() {
        assert!(
            reliable(0, 0)
                && reliable(0, 4)
                && !reliable(0, 5)
                && reliable(1, 5)
                && reliable(10, 15)
                && !reliable(2, 20)
        );
        let at_hand = finding("KeyError", LOOKUP, None, None);
        let mut same = repair(1, "KeyError", LOOKUP);
        same.exact = at_hand.exact.clone();
        let repairs = vec![same, repair(2, "KeyError", &LOOKUP.replace("customer", "street"))];
        let offers = choose(&[at_hand], vec![repairs], &HashSet::<i64>::new(), false, Millis(0));
        assert_eq!(
            offers.iter().map(|offer| (offer.repair.solution, offer.quoted)).collect::<Vec<_>>(),
            [(1, true), (2, false)]
        );
    }

    #[test]
    fn a_class_alone_says_nothing() {
        let at_hand = finding("AssertionError", "totals differ by one", None, None);
        assert!(chosen(&at_hand, vec![repair(1, "AssertionError", "no row was written at all")]).is_empty());
        let mut strange = repair(2, "AssertionError", "totals differ by one");
        strange.class = Fingerprint("another".to_owned());
        assert_eq!(chosen(&at_hand, vec![strange]), [2]);
    }
}
