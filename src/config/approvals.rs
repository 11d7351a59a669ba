//! `[approvals]` and `[[rule]]` of `config.toml`: who may have what run on live assets. Whatever is not understood here is an error, since
//! people rely on a rule that they wrote.

use super::reader::{Placed, Section, clip};
use super::suggest::nearest;
use super::{rules, schema};
use crate::approval::freeze::Freeze;
use crate::approval::pattern::Pattern;
use crate::approval::policy::{LONGEST_GRANT, LONGEST_WAIT, Policy, Rule};
use crate::approval::signature;
use crate::domain::{OperatorRole, Role};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most entries of a list.
const MOST: usize = 200;
/// Roles of people that propose or decide. Who only looks or audits does neither; who only steers runs decides nothing.
const PEOPLE: [OperatorRole; 4] =
    [OperatorRole::Operator, OperatorRole::Approver, OperatorRole::CriticalApprover, OperatorRole::Admin];
/// Most people that may have to agree.
const MOST_PEOPLE: u64 = 5;

/// What the operator wants people to look at before any project's result is delivered. It makes that stricter, never laxer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviews {
    /// Every result.
    pub always: bool,
    /// Packages that a result brings.
    pub packages: bool,
    /// Every result, by another agent first.
    pub audit: bool,
}

/// Reads both, and what people look at.
pub(super) fn read(top: &Section<'_, '_>) -> (Policy, Reviews) {
    let (mut policy, mut reviews) = (Policy::default(), Reviews::default());
    if let Some(section) = top.table("approvals", schema::APPROVALS) {
        policy.wait = rules::duration(&section, "wait", LONGEST_WAIT).unwrap_or(policy.wait);
        policy.critical_wait = rules::duration(&section, "critical-wait", LONGEST_WAIT).unwrap_or(policy.critical_wait);
        policy.grant = rules::duration(&section, "grant", LONGEST_GRANT).unwrap_or(policy.grant);
        policy.freeze = each(&section, "freeze", |text| Freeze::read(text).ok_or_else(not_a_freeze));
        policy.deny = each(&section, "deny", |text| {
            Pattern::new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
        });
        policy.break_glass = words(&section, "break-glass").unwrap_or_default();
        policy.keys = keys(&section);
        reviews.always = rules::one_of(&section, "review", &["by-project", "always"]) == Some("always");
        reviews.packages = rules::one_of(&section, "dependencies", &["by-project", "ask"]) == Some("ask");
        reviews.audit = rules::one_of(&section, "audit", &["by-project", "always"]) == Some("always");
    }
    let mut names = BTreeSet::new();
    for section in top.tables("rule", schema::RULE) {
        let Some(rule) = rule(&section) else { continue };
        if !names.insert(rule.name.clone()) {
            section.note(
                section.place_of("name"),
                format!("there are two rules \"{}\": name each differently", rule.name),
            );
        }
        policy.rules.push(rule);
    }
    (policy, reviews)
}

fn not_a_freeze() -> String {
    "it must be a time such as \"fri 16:00 - mon 08:00\" or \"2026-12-24 00:00 - 2027-01-02 08:00\", in UTC".to_owned()
}

/// Each text of a list, as `read` understands it.
fn each<T>(section: &Section<'_, '_>, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
    let mut all = Vec::new();
    for text in list(section, key).unwrap_or_default() {
        match read(&text.value) {
            Ok(one) => all.push(one),
            Err(rule) => section.note(text.at, format!("`{key}` has \"{}\": {rule}", clip(&text.value))),
        }
    }
    all
}

fn list(section: &Section<'_, '_>, key: &str) -> Option<Vec<Placed<String>>> {
    let list = section.strings(key)?;
    if list.value.len() > MOST {
        section.note(list.at, format!("`{key}` has {} entries; at most {MOST} are taken", list.value.len()));
        return None;
    }
    Some(list.value)
}

/// Roles of people.
fn words(section: &Section<'_, '_>, key: &str) -> Option<BTreeSet<OperatorRole>> {
    let list = list(section, key)?;
    let known = || PEOPLE.map(OperatorRole::name);
    let role = |text: &Placed<String>| {
        let found = PEOPLE.into_iter().find(|role| role.name() == text.value);
        if found.is_none() {
            section.note(text.at, format!("`{key}` has \"{}\"; {}", clip(&text.value), remedy(&text.value, &known())));
        }
        found
    };
    let roles: BTreeSet<OperatorRole> = list.iter().filter_map(role).collect();
    if roles.contains(&OperatorRole::Operator) {
        let at = section.place_of(key);
        section
            .note(at, format!("`{key}` has \"operator\", who decides nothing: give them \"approver\" in [operators]"));
    }
    Some(roles)
}

fn remedy(typed: &str, known: &[&'static str]) -> String {
    match nearest(typed, known.iter().copied()) {
        Some(word) => format!("did you mean \"{word}\"?"),
        None => format!("it may have {}", known.join(", ")),
    }
}

fn keys(section: &Section<'_, '_>) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for (name, texts) in section.named_lists("keys", "a list of public keys") {
        let mut fine = Vec::new();
        for text in texts {
            if !text.value.contains('\n') && signature::key(&text.value).is_some() {
                fine.push(text.value);
            } else {
                let message = format!(
                    "`keys.{}` has no public key there that can be used: copy the line of the `.pub` file of an ed25519 or ecdsa key",
                    clip(&name.value)
                );
                section.note(text.at, message);
            }
        }
        all.insert(name.value, fine);
    }
    all
}

fn rule(section: &Section<'_, '_>) -> Option<Rule> {
    let usual = Rule::default();
    if !section.has("name") {
        section.missing("name");
    }
    let name = section.string("name").and_then(|text| rules::name(section, text))?.value;
    let plain = |text: &str| {
        let fine =
            (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if fine { Ok(text.to_owned()) } else { Err("a word has 1 to 64 letters, digits, `.`, `_` and `-`".to_owned()) }
    };
    let asset = |text: &str| {
        plain(text.strip_suffix('*').filter(|rest| !rest.is_empty()).unwrap_or(text)).map(|_| text.to_owned())
    };
    let (agents, people) = proposers(section).unwrap_or((usual.agents, usual.people));
    let approvals = section.whole("approvals", 1..MOST_PEOPLE + 1).and_then(|number| u32::try_from(number).ok());
    let by = words(section, "by").unwrap_or(usual.by);
    if by.is_empty() {
        section.note(section.place_of("by"), "`by` names nobody, so nothing could ever be approved".to_owned());
    }
    Some(Rule {
        name,
        assets: each(section, "assets", asset),
        environments: each(section, "environments", plain).into_iter().collect(),
        labels: section.string_table("labels").into_iter().map(|(name, value)| (name.value, value.value)).collect(),
        agents,
        people,
        approvals: approvals.unwrap_or(usual.approvals),
        by,
        own_vote: rules::one_of(section, "own-vote", &["yes", "no"]).is_none_or(|word| word == "yes"),
    })
}

/// Roles of agents and of people.
fn proposers(section: &Section<'_, '_>) -> Option<(BTreeSet<Role>, BTreeSet<OperatorRole>)> {
    let (mut agents, mut people) = (BTreeSet::new(), BTreeSet::new());
    for text in list(section, "propose")? {
        if let Some(role) = Role::named(&text.value) {
            agents.insert(role);
        } else if let Some(role) = PEOPLE.into_iter().find(|role| role.name() == text.value) {
            people.insert(role);
        } else {
            let known: Vec<&'static str> =
                Role::ALL.into_iter().map(Role::name).chain(PEOPLE.into_iter().map(OperatorRole::name)).collect();
            section.note(text.at, format!("`propose` has \"{}\"; {}", clip(&text.value), remedy(&text.value, &known)));
        }
    }
    Some((agents, people))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::EngineConfig;

    #[test]
    fn rules_are_read_in_their_order() {
        let text = "[approvals]\nwait = \"2h\"\ngrant = \"3m\"\nfreeze = [\"fri 16:00 - mon 08:00\"]\ndeny = [\"rm -rf *\"]\n\
                    break-glass = [\"admin\"]\nkeys = { ada = [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICwbdiCCfXJP6Ky7/eAD9nb/5JkMc7x5GZK7gbPBDOnC ada\"] }\n\
                    [[rule]]\nname = \"shop\"\nassets = [\"web-*\"]\nenvironments = [\"production\"]\nlabels = { team = \"shop\" }\n\
                    propose = [\"remedy\", \"admin\"]\napprovals = 2\nby = [\"critical-approver\"]\nown-vote = \"no\"\n\
                    [[rule]]\nname = \"rest\"\n";
        let policy = EngineConfig::parse(text, "c").unwrap().approvals;
        assert_eq!((policy.wait, policy.critical_wait, policy.grant), (7200, 3600, 180));
        assert_eq!(policy.freeze.len() + policy.deny.len() + policy.keys.len(), 3);
        let [shop, rest] = &policy.rules[..] else { panic!("{policy:?}") };
        assert_eq!((shop.approvals, shop.own_vote, shop.assets.as_slice()), (2, false, &["web-*".to_owned()][..]));
        assert_eq!(shop.agents, [Role::Remedy].into());
        assert_eq!(shop.people, [OperatorRole::Admin].into());
        assert_eq!(*rest, Rule { name: "rest".to_owned(), ..Rule::default() });
        assert_ne!(policy.version(), Policy::default().version());
        assert_eq!(EngineConfig::parse("", "c").unwrap().approvals, Policy::default());
    }

    #[test]
    fn what_people_look_at_is_no_part_of_the_rules_for_assets() {
        let read = |text: &str| EngineConfig::parse(text, "c").unwrap();
        assert_eq!(read("[approvals]\nreview = \"by-project\"").reviews, Reviews::default());
        let strict = read("[approvals]\nreview = \"always\"\ndependencies = \"ask\"\naudit = \"always\"");
        assert_eq!(strict.reviews, Reviews { always: true, packages: true, audit: true });
        // Proposals that wait are bound to these, and stay good.
        assert_eq!(strict.approvals.version(), Policy::default().version());
        assert!(
            EngineConfig::parse("[approvals]\ndependencies = \"allow\"", "c").is_err(),
            "only a repository is laxer"
        );
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (text, words) in [
            ("[approvals]\nwait = \"25h\"", "between 1s and 1d"),
            ("[approvals]\ngrant = \"16m\"", "between 1s and 15m"),
            ("[approvals]\nfreeze = [\"fridays\"]", "fri 16:00"),
            ("[approvals]\ndeny = [\"*\"]", "not only `*`"),
            ("[approvals]\nbreak-glass = [\"admins\"]", "did you mean \"admin\"?"),
            ("[approvals]\nkeys = { ada = [\"id_ed25519.pub\"] }", "copy the line of the `.pub` file"),
            ("[approvals]\nwaits = \"1h\"", "did you mean `wait`?"),
            ("[[rule]]\nnam = \"a\"", "did you mean `name`?"),
            ("[[rule]]\napprovals = 1", "has no `name`"),
            ("[[rule]]\nname = \"a\"\napprovals = 0", "between 1 and 5"),
            ("[[rule]]\nname = \"a\"\nby = []", "nobody"),
            ("[[rule]]\nname = \"a\"\nby = [\"operator\"]", "who decides nothing"),
            ("[[rule]]\nname = \"a\"\npropose = [\"remedi\"]", "did you mean \"remedy\"?"),
            ("[[rule]]\nname = \"a\"\nassets = [\"a b\"]", "1 to 64 letters"),
            ("[[rule]]\nname = \"a\"\nown-vote = \"maybe\"", "own-vote"),
            ("[[rule]]\nname = \"a\"\n[[rule]]\nname = \"a\"", "two rules \"a\""),
        ] {
            let told = EngineConfig::parse(text, "c").unwrap_err().to_string();
            assert!(told.starts_with("c:") && told.contains(words), "{text}: {told}");
        }
    }
}
