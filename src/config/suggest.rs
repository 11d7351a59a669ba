//! "Did you mean": the known word nearest to one that was typed.

/// The nearest of `known` to `typed`, if it is near enough to be what was meant. A letter too many, too few, wrong or
/// swapped counts 1 (optimal string alignment); up to a third of the word, at least 2, is taken for a slip.
pub(super) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = typed.to_lowercase().replace('_', "-").chars().take(64).collect();
    let limit = (wanted.len() / 3).max(2);
    known
        .into_iter()
        .map(|word| (distance(&wanted, &word.chars().collect::<Vec<_>>()), word))
        .filter(|(far, word)| *far <= limit && *far < word.chars().count())
        .min_by_key(|(far, _)| *far)
        .map(|(_, word)| word)
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut left_of_a: Option<char> = None;
    for (row, from) in a.iter().enumerate() {
        let mut line = vec![row + 1];
        let mut left_of_b: Option<char> = None;
        for (column, to) in b.iter().enumerate() {
            let at = |cells: &[usize], place: usize| cells.get(place).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&last, column) + usize::from(from != to))
                .min(at(&last, column + 1).saturating_add(1))
                .min(at(&line, column).saturating_add(1));
            if column > 0 && left_of_a == Some(*to) && left_of_b == Some(*from) {
                best = best.min(at(&before, column - 1).saturating_add(1));
            }
            line.push(best);
            left_of_b = Some(*to);
        }
        before = last;
        last = line;
        left_of_a = Some(*from);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const KEYS: [&str; 4] = ["timeout", "command", "report", "max-runs"];

    #[test]
    fn slips_are_recognised() {
        assert_eq!(nearest("timout", KEYS), Some("timeout"));
        assert_eq!(nearest("tiemout", KEYS), Some("timeout"));
        assert_eq!(nearest("Comand", KEYS), Some("command"));
        assert_eq!(nearest("max_runs", KEYS), Some("max-runs"));
    }

    #[test]
    fn other_words_are_left_alone() {
        assert_eq!(nearest("colour", KEYS), None);
        assert_eq!(nearest("", KEYS), None);
        assert_eq!(nearest(&"x".repeat(10_000), KEYS), None);
    }
}
