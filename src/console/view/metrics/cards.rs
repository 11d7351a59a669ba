//! What each plot tells: its name, its number in all, and its values by days.

use crate::domain::{Day, LoopMetrics, Tally};
use crate::safe;
use crate::text::SafeText;
use crate::words;
use std::cmp::Reverse;

/// How many there are.
pub(super) const COUNT: usize = 9;

/// One plot.
pub(super) struct Card {
    pub name: SafeText,
    /// The number in all.
    pub value: SafeText,
    pub body: Body,
}

pub(super) enum Body {
    /// Values over the days.
    Plot(Numbers),
    /// Values by kind.
    Counts(Vec<Count>),
}

/// Values over the days, each of one day or of some together.
pub(super) struct Numbers {
    pub values: Vec<Option<u64>>,
    /// What the highest one is.
    pub highest: SafeText,
}

/// A value of one kind.
pub(super) struct Count {
    pub name: SafeText,
    pub shown: SafeText,
    pub weight: u64,
}

/// All of them, for plots of so many columns.
pub(super) fn all(metrics: &LoopMetrics, columns: usize) -> [Card; COUNT] {
    let total = &metrics.total;
    let spans = spans(metrics, columns);
    let plot = |name: SafeText, value: SafeText, of: fn(&Tally) -> Option<u64>, shown: fn(u64) -> SafeText| {
        let values: Vec<Option<u64>> = spans.iter().map(of).collect();
        let highest = values.iter().flatten().max().map_or_else(SafeText::empty, |most| shown(*most));
        Card { name, value, body: Body::Plot(Numbers { values, highest }) }
    };
    let of_ended = |count: u64, rate: Option<u64>| {
        let part = |rate| safe!("{} of {}, {}", count, total.ended(), words::percent(Some(rate)));
        rate.map_or_else(|| safe!("-"), part)
    };
    [
        plot(safe!("Iterations of a success"), trend(metrics), Tally::iterations_each, |most| {
            words::thousandths(Some(most))
        }),
        plot(safe!("Done without a person"), of_ended(total.alone, total.autonomy()), Tally::autonomy, |most| {
            words::percent(Some(most))
        }),
        plot(
            safe!("Runs that ended"),
            safe!("{} green, {} not", total.succeeded, total.failed + total.cancelled),
            |tally| Some(tally.ended()),
            short,
        ),
        plot(safe!("Stuck at least once"), of_ended(total.stuck, total.stuck_rate()), |tally| Some(tally.stuck), short),
        plot(safe!("Tokens"), safe!("{} in all", short(total.tokens)), |tally| Some(tally.tokens), short),
        plot(
            safe!("Money"),
            safe!("{} in all", words::dollars(total.microusd)),
            |tally| Some(tally.microusd),
            words::dollars,
        ),
        Card { name: safe!("Time to success"), value: SafeText::empty(), body: Body::Counts(to_green(metrics)) },
        Card {
            name: safe!("What people did"),
            value: safe!("{} in all", metrics.interventions.values().sum::<u64>()),
            body: Body::Counts(counts(&metrics.interventions)),
        },
        Card {
            name: safe!("Repairs from memory"),
            value: effect(metrics),
            body: Body::Counts(counts(&metrics.memory)),
        },
    ]
}

/// The days put together, so that there are at most so many spans; days on which nothing happened included.
fn spans(metrics: &LoopMetrics, columns: usize) -> Vec<Tally> {
    let (Day(first), Day(last)) = metrics.days;
    let days = usize::try_from(last - first + 1).unwrap_or(0);
    let each = days.div_ceil(columns.max(1)).max(1);
    let mut spans = vec![Tally::default(); days.div_ceil(each)];
    for (Day(day), tally) in &metrics.by_day {
        let at = usize::try_from(day - first).ok().map(|at| at / each);
        if let Some(span) = at.and_then(|at| spans.get_mut(at)) {
            span.add(tally);
        }
    }
    spans
}

/// Iterations of a success in all, and how that changed from the first half of the days to the second.
fn trend(metrics: &LoopMetrics) -> SafeText {
    let all = words::thousandths(metrics.total.iterations_each());
    let half = |second: bool| {
        let middle = i64::midpoint(metrics.days.0.0, metrics.days.1.0);
        let mut sum = Tally::default();
        for (_, tally) in metrics.by_day.iter().filter(|(day, _)| (day.0 > middle) == second) {
            sum.add(tally);
        }
        sum.iterations_each()
    };
    match (half(false), half(true)) {
        (Some(before), Some(after)) => {
            safe!("{}; {} → {}", all, words::thousandths(Some(before)), words::thousandths(Some(after)))
        }
        _ => all,
    }
}

fn to_green(metrics: &LoopMetrics) -> Vec<Count> {
    let Some((middle, most)) = metrics.to_green else { return Vec::new() };
    let count = |name: SafeText, weight: u64| {
        let shown = words::span(i64::try_from(weight).unwrap_or(i64::MAX));
        Count { name, shown, weight }
    };
    vec![count(safe!("in the middle"), middle), count(safe!("19 of 20 within"), most)]
}

/// Those that occur most first.
fn counts(kinds: &std::collections::BTreeMap<String, u64>) -> Vec<Count> {
    let mut counts: Vec<_> = kinds.iter().collect();
    counts.sort_by_key(|(name, count)| (Reverse(**count), *name));
    let count = |(name, count): (&String, &u64)| {
        let name = safe!("{}", name.replace('_', " "));
        Count { name, shown: short(*count), weight: *count }
    };
    counts.into_iter().map(count).collect()
}

/// What came of repairs that agents followed.
fn effect(metrics: &LoopMetrics) -> SafeText {
    let of = |outcome: &str| metrics.memory.get(outcome).copied().unwrap_or(0);
    match (of("helped"), of("failed")) {
        (0, 0) => SafeText::empty(),
        (helped, failed) => safe!("{} of {} helped", helped, helped + failed),
    }
}

/// A number in at most five columns: `999`, `1.2k`, `34M`.
fn short(number: u64) -> SafeText {
    let (scale, unit) = match number {
        0..1_000 => return safe!("{}", number),
        1_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    let (whole, tenth) = (number / scale, number % scale * 10 / scale);
    if whole < 10 { safe!("{}.{}{}", whole, tenth, unit) } else { safe!("{}{}", whole, unit) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn on(day: i64, iterations: u64) -> (Day, Tally) {
        (Day(day), Tally { succeeded: 1, iterations, ..Tally::default() })
    }

    #[test]
    fn days_without_anything_count_and_many_days_share_a_bar() {
        let metrics = LoopMetrics {
            days: (Day(10), Day(19)),
            by_day: vec![on(10, 4), on(14, 6), on(19, 2)],
            ..LoopMetrics::default()
        };
        let iterations = |columns| spans(&metrics, columns).iter().map(|tally| tally.iterations).collect::<Vec<_>>();
        assert_eq!(iterations(50), [4, 0, 0, 0, 6, 0, 0, 0, 0, 2]);
        assert_eq!(iterations(9), [4, 0, 6, 0, 2]);
        assert_eq!((iterations(1), iterations(0)), (vec![12], vec![12]));
        assert!(trend(&metrics).plain().ends_with("; 5.0 → 2.0"), "{}", trend(&metrics).plain());
    }

    #[test]
    fn numbers_are_short() {
        let told = [0, 999, 1_000, 1_250, 34_900, 999_999, 1_200_000, 5_000_000_000, u64::MAX];
        let told: Vec<String> = told.into_iter().map(|number| short(number).plain()).collect();
        assert_eq!(told, ["0", "999", "1.0k", "1.2k", "34k", "999k", "1.2M", "5.0G", "18446744073G"]);
    }
}
