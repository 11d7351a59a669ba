//! `[roles.NAME]` of `config.toml`: what agents may use, by what they are there for. Only the operator says this.

use super::reader::{Placed, Section, clip};
use super::suggest::nearest;
use super::{rules, schema};
use crate::domain::{Data, ProviderTool, Role, RoleRules, Tool};
use std::collections::{BTreeMap, BTreeSet};

/// Longest name of a model.
const LONGEST: usize = 253;
/// Most entries of a list.
const MOST: usize = 200;

/// The roles that the file says something of; the others have what [`Role::rules`] gives them.
pub(super) fn read(top: &Section<'_, '_>) -> BTreeMap<Role, RoleRules> {
    let mut all = BTreeMap::new();
    for (name, section) in top.named_tables("roles", schema::NAMED_ROLE) {
        let Some(role) = Role::named(&name.value) else {
            let known = Role::ALL.map(Role::name);
            let remedy = match nearest(&name.value, known) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("there are {}", known.join(", ")),
            };
            section.note(name.at, format!("unknown role \"{}\": {remedy}", clip(&name.value)));
            continue;
        };
        all.insert(role, of(role, &section));
    }
    all
}

fn of(role: Role, section: &Section<'_, '_>) -> RoleRules {
    let usual = role.rules();
    let agent = section.string("agent").and_then(|text| rules::name(section, text)).map(|name| name.value);
    let made = RoleRules {
        agent,
        model: rules::model(section),
        models: patterns(section),
        tools: words(section, "tools", &Tool::ALL.map(|tool| (tool.name(), tool))).unwrap_or(usual.tools),
        data: words(section, "data", &Data::ALL.map(|data| (data.name(), data))).unwrap_or(usual.data),
        egress: hosts(section),
        provider_tools: words(section, "provider-tools", &ProviderTool::ALL.map(|tool| (tool.name(), tool)))
            .unwrap_or(usual.provider_tools),
    };
    if let Some(model) = made.model.as_ref().filter(|model| !made.admits(model)) {
        let message = format!("`model` is \"{}\", which `models` does not admit: add it there", clip(model));
        section.note(section.place_of("model"), message);
    }
    if made.data.contains(&Data::Assets) && !made.egress.is_empty() {
        section.note(
            section.place_of("egress"),
            "a role that reads of live systems reaches no host, since what it reads could be carried out: leave out `egress`, or \
             take \"assets\" out of `data`"
                .to_owned(),
        );
    }
    if made.data.contains(&Data::Assets) && !made.provider_tools.is_empty() {
        section.note(
            section.place_of("provider-tools"),
            "a role that reads of live systems has its provider reach nothing, since what it reads could be carried out: leave \
             out `provider-tools`, or take \"assets\" out of `data`"
                .to_owned(),
        );
    }
    if role == Role::Auditor && !made.provider_tools.is_empty() {
        section.note(
            section.place_of("provider-tools"),
            "the auditor's provider does nothing by itself, since what it says must come from the result alone: leave out \
             `provider-tools`"
                .to_owned(),
        );
    }
    if role == Role::Auditor && !made.tools.is_empty() {
        section.note(
            section.place_of("tools"),
            "the auditor has no tools, since what it says must come from the result alone: leave out `tools`"
                .to_owned(),
        );
    }
    if made.tools.contains(&Tool::Propose) && !made.data.contains(&Data::Assets) {
        section.note(
            section.place_of("tools"),
            "a role that proposes something for live systems must see them: add \"assets\" to `data`".to_owned(),
        );
    }
    made
}

fn words<T: Copy + Ord>(section: &Section<'_, '_>, key: &str, known: &[(&'static str, T)]) -> Option<BTreeSet<T>> {
    let list = section.strings(key)?;
    let mut chosen = BTreeSet::new();
    for text in list.value {
        if let Some((_, word)) = known.iter().find(|(name, _)| *name == text.value) {
            chosen.insert(*word);
        } else {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let message = format!("`{key}` has \"{}\"; it may have {}", clip(&text.value), names.join(", "));
            section.note(text.at, message);
        }
    }
    Some(chosen)
}

fn patterns(section: &Section<'_, '_>) -> Vec<String> {
    let fine = |text: &Placed<String>| {
        let bare = text.value.strip_suffix('*').unwrap_or(&text.value);
        let fine = text.value.len() <= LONGEST
            && !text.value.is_empty()
            && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:/@".contains(&byte));
        if !fine {
            let message =
                format!("`models` has \"{}\"; it must be the name of a model, which may end in *", clip(&text.value));
            section.note(text.at, message);
        }
        fine
    };
    some(section, "models", fine)
}

fn hosts(section: &Section<'_, '_>) -> Vec<String> {
    super::egress::words(section, "egress").unwrap_or_default().into_iter().collect()
}

fn some(section: &Section<'_, '_>, key: &str, fine: impl Fn(&Placed<String>) -> bool) -> Vec<String> {
    let Some(list) = section.strings(key) else { return Vec::new() };
    if list.value.len() > MOST {
        section.note(list.at, format!("`{key}` has {} entries, at most {MOST} are taken", list.value.len()));
        return Vec::new();
    }
    list.value.into_iter().filter(fine).map(|text| text.value).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::EngineConfig;

    fn parse(text: &str) -> Result<EngineConfig, String> {
        EngineConfig::parse(text, "c").map_err(|errors| errors.to_string())
    }

    #[test]
    fn what_the_operator_says_goes_before_what_a_role_has_by_itself() {
        let config = parse(
            "[roles.reviewer]\nagent = \"codex\"\nmodel = \"gpt-5\"\nmodels = [\"gpt-*\"]\ntools = [\"search\"]\n\
             [roles.researcher]\negress = [\"pypi\", \"*.example.org\", \"docs.rs\"]\nprovider-tools = [\"web_search\"]\n",
        )
        .unwrap();
        let reviewer = config.role(Role::Reviewer);
        assert_eq!((reviewer.agent.as_deref(), reviewer.model.as_deref()), (Some("codex"), Some("gpt-5")));
        assert_eq!(reviewer.tools, BTreeSet::from([Tool::Search]));
        assert_eq!(reviewer.data, Role::Reviewer.rules().data);
        assert_eq!(config.role(Role::Researcher).egress, ["*.example.org", "docs.rs", "pypi"]);
        assert_eq!(config.role(Role::Researcher).provider_tools, BTreeSet::from([ProviderTool::WebSearch]));
        assert_eq!(config.role(Role::Coder), Role::Coder.rules());
    }

    #[test]
    fn what_would_open_too_much_is_refused_with_its_line() {
        for (lines, words) in [
            ("[roles.codr]\n", "did you mean `coder`"),
            ("[roles.coder]\ntools = [\"everything\"]\n", "it may have search"),
            ("[roles.coder]\ndata = [\"secrets\"]\n", "it may have bugs"),
            ("[roles.auditor]\ntools = [\"search\"]\n", "has no tools"),
            ("[roles.remedy]\negress = [\"pypi\"]\n", "carried out"),
            ("[roles.coder]\ntools = [\"propose\"]\n", "must see them"),
            ("[roles.coder]\nmodel = \"gpt-5\"\nmodels = [\"claude-*\"]\n", "does not admit"),
            ("[roles.coder]\nmodels = [\"*x*\"]\n", "may end in *"),
            ("[roles.coder]\negress = [\"*\"]\n", "write a host"),
            ("[roles.coder]\negress = [\"*.com\"]\n", "at least two parts"),
            ("[roles.coder]\negress = [\"10.0.0.1\"]\n", "no address"),
            ("[roles.coder]\negress = [\"pypy\"]\n", "did you mean \"pypi\""),
            ("[roles.coder]\negress = [\"example.org:22\"]\n", "write a host"),
            ("[roles.remedy]\nprovider-tools = [\"web_fetch\"]\n", "carried out"),
            ("[roles.auditor]\nprovider-tools = [\"web_fetch\"]\n", "from the result alone"),
            ("[roles.coder]\nprovider-tools = [\"bash\"]\n", "it may have web_search"),
            ("[roles.coder]\nkey = 1\n", "unknown key"),
        ] {
            let error = parse(lines).unwrap_err();
            assert!(error.starts_with("c:") && error.contains(words), "{lines}: {error}");
        }
    }
}
