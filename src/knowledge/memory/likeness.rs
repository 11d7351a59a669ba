//! How alike two problems are, and two patches: by the words in them. Numbers and single letters say nothing, since every message
//! has others.

use std::collections::BTreeSet;

/// Most different words that are looked at.
const MOST: usize = 400;

/// The words that count in a text.
pub fn words(text: &str) -> BTreeSet<String> {
    let split = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    let telling = split.filter(|word| word.chars().nth(1).is_some() && word.chars().any(|c| !c.is_ascii_digit()));
    telling.take(MOST).map(str::to_lowercase).collect()
}

/// The share of the words of both that both have, from 0 to 1; 0 where one has none.
pub fn share(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let both = one.intersection(other).count();
    let all = one.len() + other.len() - both;
    if both == 0 { 0.0 } else { ratio(both, all) }
}

/// Two counts, which are far smaller than what a float tells apart.
#[allow(clippy::cast_precision_loss, reason = "at most twice MOST")]
fn ratio(part: usize, all: usize) -> f64 {
    part as f64 / all as f64
}

/// The words that a patch brings: those of the lines that it adds, without those of the lines that it takes away. Where it brings
/// none, those that it takes away.
fn brought(patch: &str) -> BTreeSet<String> {
    let of = |sign: char| {
        let lines = patch.lines().filter_map(|line| line.trim_start().strip_prefix(sign));
        words(&lines.collect::<Vec<_>>().join("\n"))
    };
    let (added, gone) = (of('+'), of('-'));
    let new: BTreeSet<_> = added.difference(&gone).cloned().collect();
    if new.is_empty() { gone } else { new }
}

/// Whether a patch does something like another one did: at least three tenths of the words that they bring are the same. Whoever
/// takes over a repair has to give it other names.
pub fn follows(patch: &str, example: &str) -> bool {
    share(&brought(patch), &brought(example)) >= 0.3
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_and_letters_say_nothing() {
        let (one, other) = (words("order 17: x is not 3"), words("Order 4711: y is not 9"));
        assert_eq!(share(&one, &other).to_bits(), 1.0f64.to_bits());
        assert!(share(&words("1 2 x"), &words("1 2 x")) < 0.5);
    }

    #[test]
    fn a_repair_is_followed_where_its_words_come_again() {
        let example = "-    return row['price']\n+    return row.get('price', 0)";
        assert!(follows("work.py\n-    return row['weight']\n+    return row.get('weight', 0)", example));
        assert!(
            !follows("work.py\n-    return row['weight']\n+    return int(row['weight'])", example),
            "only the names are the same"
        );
        assert!(follows("-    print(debug)", "-    print(debug)\n"));
        assert!(!follows("+    value = sorted(entries)", example));
        assert!(!follows("", example));
    }

    proptest! {
        #[test]
        fn any_texts_have_a_share_between_nothing_and_all(one in ".{0,200}", other in ".{0,200}") {
            let (a, b) = (words(&one), words(&other));
            let both = share(&a, &b);
            prop_assert!((0.0..=1.0).contains(&both));
            prop_assert!((both - share(&b, &a)).abs() < 1e-12);
        }
    }
}
