//! `[operators]` of `config.toml`: which people may do what. Names are not looked up here: whether somebody of that name exists may
//! change while the engine runs, and a directory that is down must not keep it from starting. `dogwatch doctor` looks.

use super::reader::{Placed, Section, clip};
use super::schema;
use crate::domain::{Holder, OperatorRole, Operators};

/// Longest name of a user or group.
const LONGEST: usize = 256;
/// Most entries of a list.
const MOST: usize = 200;

/// `None` where the file has no such table.
pub(super) fn read(top: &Section<'_, '_>) -> Option<Operators> {
    let section = top.table("operators", schema::OPERATORS)?;
    let mut operators = Operators::default();
    for role in OperatorRole::ALL {
        let Some(list) = section.strings(role.name()) else { continue };
        if list.value.len() > MOST {
            section.note(
                list.at,
                format!("`{}` has {} entries, at most {MOST} are taken: name a group", role.name(), list.value.len()),
            );
            continue;
        }
        let holders = list.value.iter().filter_map(|text| holder(&section, role, text)).collect();
        operators.0.insert(role, holders);
    }
    // What is no list at all was noted already.
    let unread = section.has("admin") && !operators.0.contains_key(&OperatorRole::Admin);
    if operators.holders(OperatorRole::Admin).is_empty() && !unread {
        section.note(
            section.place_of("admin"),
            "[operators] gives nobody the role admin, so nobody could stop the engine or register a project: add `admin`, such as \
             [\"root\"]"
                .to_owned(),
        );
    }
    Some(operators)
}

/// The name of a Unix group.
pub(super) fn group(section: &Section<'_, '_>, key: &str) -> Option<String> {
    let text = section.string(key)?;
    if is_fine(&text.value) {
        return Some(text.value);
    }
    section
        .note(text.at, format!("`{key}` is \"{}\"; it must be the name of a Unix group, without @", clip(&text.value)));
    None
}

fn is_fine(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len())
        && !name.starts_with(['-', '+', '@'])
        && !name.chars().any(|c| c.is_control() || c.is_whitespace() || ":,/\"'`#".contains(c))
        && !name.bytes().all(|byte| byte.is_ascii_digit())
}

fn holder(section: &Section<'_, '_>, role: OperatorRole, text: &Placed<String>) -> Option<Holder> {
    let (group, name) = match text.value.strip_prefix('@') {
        Some(name) => (true, name),
        None => (false, text.value.as_str()),
    };
    if !is_fine(name) {
        section.note(
            text.at,
            format!(
                "`{}` has \"{}\"; write the name of a Unix user such as \"ada\", or of a group with @ such as \"@ops\", not a number",
                role.name(),
                clip(&text.value)
            ),
        );
        return None;
    }
    Some(if group { Holder::Group(name.to_owned()) } else { Holder::User(name.to_owned()) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::config::EngineConfig;
    use crate::domain::{Holder, OperatorRole};

    fn parse(text: &str) -> Result<EngineConfig, String> {
        EngineConfig::parse(text, "c").map_err(|errors| errors.to_string())
    }

    #[test]
    fn users_and_groups_are_told_apart() {
        assert_eq!(parse("").unwrap().operators, None);
        let text = "[operators]\nadmin = [\"root\"]\ncritical-approver = [\"@ops\", \"ada\", \"CORP\\\\eve\"]\n";
        let operators = parse(text).unwrap().operators.unwrap();
        let expected = [Holder::Group("ops".into()), Holder::User("ada".into()), Holder::User("CORP\\eve".into())];
        assert_eq!(operators.holders(OperatorRole::CriticalApprover), expected);
        assert_eq!(operators.holders(OperatorRole::Viewer), []);
        assert_eq!(operators.named().len(), 4);
    }

    #[test]
    fn what_names_nobody_is_refused_with_its_line() {
        for (lines, place, words) in [
            ("[operators]\nviewer = [\"ada\"]\n", "c:1:2", "add `admin`"),
            ("[operators]\nadmin = []\n", "c:2:1", "add `admin`"),
            ("[operators]\nadmin = [\"root\"]\nviewer = [\"1000\"]\n", "c:3:11", "not a number"),
            ("[operators]\nadmin = [\"root\"]\nviewer = [\"@\"]\n", "c:3:11", "or of a group with @"),
            ("[operators]\nadmin = [\"root\"]\nviewer = [\"-u\"]\n", "c:3:11", "Unix user"),
            ("[operators]\nadmin = [\"root\"]\nviewer = [\"a b\"]\n", "c:3:11", "Unix user"),
            ("[operators]\nadmin = \"root\"\n", "c:2:9", "a list"),
            ("[operators]\nadmin = [\"root\"]\naprover = [\"ada\"]\n", "c:3:1", "did you mean `approver`"),
        ] {
            let error = parse(lines).unwrap_err();
            assert!(error.starts_with(place) && error.contains(words), "{lines}: {error}");
        }
    }
}
