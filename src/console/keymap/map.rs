//! The table of keys with what the operator's configuration says of it.

use super::{BINDINGS, Binding, Command, Scope};
use crate::console::keys::Key;
use std::collections::BTreeMap;

/// Which keys do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// The keys of each line of the table, in its order.
    keys: Vec<Vec<Key>>,
}

/// Two commands of one place that have the same key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key \"{key}\" would do two things {place}, `{first}` and `{second}`: give one of them another key, or none (`{second} = []`)",
    place = scope.words())]
pub struct Clash {
    /// The key.
    pub key: Key,
    /// Where.
    pub scope: Scope,
    /// The one command, by its name.
    pub first: &'static str,
    /// The other.
    pub second: &'static str,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::of(&BTreeMap::new())
    }
}

impl Keymap {
    /// The table, with other keys for the commands of these names.
    pub fn of(own: &BTreeMap<String, Vec<Key>>) -> Self {
        // The table's own keys can all be read, as its test sees to.
        let usual = |one: &Binding| one.keys.iter().filter_map(|key| key.parse().ok()).collect();
        Self { keys: BINDINGS.iter().map(|one| own.get(one.name).cloned().unwrap_or_else(|| usual(one))).collect() }
    }

    /// The lines of the table with their keys.
    pub fn all(&self) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        BINDINGS.iter().zip(self.keys.iter().map(Vec::as_slice))
    }

    /// What works at a place, for hints and help.
    pub fn at(&self, scope: Scope) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        self.all().filter(move |(one, _)| one.scope == scope)
    }

    /// The command of a key at a place. What is bound to the place goes before what works anywhere.
    pub fn command(&self, key: Key, scope: Scope) -> Option<Command> {
        let find = |scope| self.at(scope).find(|(_, keys)| keys.contains(&key)).map(|(one, _)| one.command);
        find(scope).or_else(|| find(scope.also()?)).or_else(|| find(Scope::Anywhere))
    }

    /// The first key of a command, for texts that tell it; its name in the palette where it has none.
    pub fn first(&self, command: Command) -> String {
        match self.all().find(|(one, _)| one.command == command) {
            Some((one, keys)) => keys.first().map_or_else(|| format!(":{}", one.name), ToString::to_string),
            None => String::new(),
        }
    }

    /// Commands that cannot be told apart, where they work or where what works there works as well.
    pub fn clashes(&self) -> Vec<Clash> {
        let mut found = Vec::new();
        for (place, (one, keys)) in self.all().enumerate() {
            for (other, theirs) in self.all().skip(place + 1).filter(|(other, _)| meet(one.scope, other.scope)) {
                found.extend(keys.iter().filter(|key| theirs.contains(key)).map(|key| Clash {
                    key: *key,
                    scope: one.scope,
                    first: one.name,
                    second: other.name,
                }));
            }
        }
        found
    }
}

/// Whether what works at one place works at the other, too, beside it.
fn meet(one: Scope, other: Scope) -> bool {
    // In the log and among bugs a key of the place goes before that of the run beside it.
    let beside = |one: Scope| one.also().filter(|_| !matches!(one, Scope::Log | Scope::Bugs));
    one == other || beside(one) == Some(other) || beside(other) == Some(one)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn own(pairs: &[(&str, &[&str])]) -> Keymap {
        let keys = |keys: &[&str]| keys.iter().map(|key| key.parse().unwrap()).collect();
        Keymap::of(&pairs.iter().map(|(name, own)| ((*name).to_owned(), keys(own))).collect())
    }

    #[test]
    fn own_keys_stand_in_the_place_of_the_usual_ones() {
        let map = own(&[("pause", &["P", "f5"]), ("quit", &[])]);
        let of = |key: &str| map.command(key.parse().unwrap(), Scope::Runs);
        assert_eq!((of("P"), of("f5"), of("p"), of("q")), (Some(Command::Pause), Some(Command::Pause), None, None));
        assert_eq!((map.first(Command::Pause), map.first(Command::Quit)), ("P".to_owned(), ":quit".to_owned()));
        assert!(map.clashes().is_empty());
    }

    #[test]
    fn two_commands_of_a_place_cannot_share_a_key() {
        let clashes = own(&[("pause", &["r"]), ("down", &["k"])]).clashes();
        let told: Vec<String> = clashes.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("\"k\"") && told[0].contains("everywhere, `up` and `down`"), "{told:?}");
        assert!(
            told[1].contains("\"r\"") && told[1].contains("where a run is selected or shown, `pause` and `redirect`"),
            "{told:?}"
        );
        // At a place of its own a key goes before what it does elsewhere.
        assert!(own(&[("pause", &["q"])]).clashes().is_empty());
    }
}
