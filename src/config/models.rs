//! `[models.NAME]` of `config.toml`: where the models are that coding agents work with, and where the engine finds the key for
//! them. The key itself is never written there, and nothing of this enters a container.

use super::reader::{Placed, Section, clip};
use super::secrets::secret_place;
use super::{rules, schema};
use crate::domain::ModelApi;
use hyper::Uri;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};

/// The keys that say where a key is.
const PLACES: [&str; 4] = ["key-file", "key-env", "key-credential", "key-secret"];
/// Longest address in bytes.
const LONGEST_URL: usize = 512;

/// A provider of models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelsAt {
    /// The language that is spoken there.
    pub api: ModelApi,
    /// Its address without the path that belongs to the language, and without a slash at the end.
    pub url: String,
    /// Where its key is, if it wants one.
    pub key: Option<KeyPlace>,
    /// How it wants it.
    #[serde(default)]
    pub scheme: KeyScheme,
    /// When it is asked, among the providers of its API: the lowest first.
    #[serde(default = "first")]
    pub order: u32,
    /// What models are called there that agents ask for by other names.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
}

fn first() -> u32 {
    1
}

/// How a provider wants its key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyScheme {
    /// In the header that its API has for keys.
    #[default]
    Key,
    /// As a bearer token: what a login gives (OAuth).
    Bearer,
}

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// In a file that nobody else can read.
    File(PathBuf),
    /// In a variable of the engine's environment.
    Variable(String),
    /// What systemd gave the engine under this name.
    Credential(String),
    /// In the secret store beside `config.toml`, under this name.
    Secret(String),
}

impl KeyPlace {
    /// A secret as the file that it is, for a configuration that lies in this directory.
    pub(super) fn beside(self, config: &Path) -> Self {
        match self {
            Self::Secret(name) => Self::File(secret_place(config, &name)),
            other => other,
        }
    }
}

/// Reads all tables. Providers of one language stand in an order that somebody has said, so that there is never a doubt which is
/// meant.
pub(super) fn read(top: &Section<'_, '_>) -> BTreeMap<String, ModelsAt> {
    let mut all: BTreeMap<String, ModelsAt> = BTreeMap::new();
    for (name, section) in top.named_tables("models", schema::NAMED_MODELS) {
        let Some(name) = rules::name(&section, name) else { continue };
        let Some(models) = provider(&section, &name) else { continue };
        match all.iter().find(|(_, known)| (known.api, known.order) == (models.api, models.order)) {
            Some((known, _)) => section.note(
                name.at,
                format!(
                    "[models.{known}] speaks {} already: say which is asked first, such as `order = {}` for the one that is asked \
                     when the other fails, or leave one out",
                    models.api.name(),
                    models.order + 1
                ),
            ),
            None => drop(all.insert(name.value, models)),
        }
    }
    all
}

fn provider(section: &Section<'_, '_>, name: &Placed<String>) -> Option<ModelsAt> {
    let known = ModelApi::ALL.map(ModelApi::name);
    let api = if section.has("api") {
        rules::one_of(section, "api", &known).and_then(ModelApi::named)
    } else {
        let api = ModelApi::named(&name.value);
        if api.is_none() {
            section.missing("api");
        }
        api
    };
    let url = match section.string("url") {
        Some(text) => url(section, &text),
        None if section.has("url") => None,
        None => api.map(|api| api.makers_url().to_owned()),
    };
    let given: Vec<&str> = PLACES.into_iter().filter(|key| section.has(key)).collect();
    if let [first, second, ..] = given.as_slice() {
        let message = format!("`{first}` and `{second}` exclude each other: leave one out");
        section.note(section.place_of(second), message);
    }
    let scheme = match rules::one_of(section, "scheme", &["key", "bearer"]) {
        Some("bearer") => KeyScheme::Bearer,
        _ => KeyScheme::Key,
    };
    let credential =
        section.string("key-credential").and_then(|text| credential(section, &text)).map(KeyPlace::Credential);
    let secret =
        section.string("key-secret").and_then(|text| secret(section, &text)).map(KeyPlace::Secret).or(credential);
    let file = section.string("key-file").and_then(|text| file(section, &text)).map(KeyPlace::File);
    let variable = section.string("key-env").and_then(|text| variable(section, &text)).map(KeyPlace::Variable);
    let order = section.whole("order", 1..100).and_then(|order| u32::try_from(order).ok()).unwrap_or(first());
    let names = names(section);
    // What runs on one's own machine wants none.
    let given_away = api == Some(ModelApi::Ollama);
    // Whoever says nothing of a key has it in the secret store, under the provider's own name; a place of one's own may want none.
    let usual = (given.is_empty() && !section.has("url") && !given_away).then(|| KeyPlace::Secret(name.value.clone()));
    Some(ModelsAt { api: api?, url: url?, key: file.or(variable).or(secret).or(usual), scheme, order, names })
}

/// What models are called there.
fn names(section: &Section<'_, '_>) -> BTreeMap<String, String> {
    let fine = |name: &str| {
        (1..=128).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:/@[]".contains(&byte))
    };
    let pairs = section.string_table("names").into_iter().filter_map(|(asked, there)| {
        for name in [&asked, &there] {
            if !fine(&name.value) {
                section.note(name.at, format!("`names`: \"{}\" must be the name of a model", clip(&name.value)));
                return None;
            }
        }
        Some((asked.value, there.value))
    });
    pairs.collect()
}

/// An address that a key may be sent to.
fn url(section: &Section<'_, '_>, text: &Placed<String>) -> Option<String> {
    let refuse = |rule: &str| {
        section.note(text.at, format!("`url` is \"{}\"; {rule}", clip(&text.value)));
        None
    };
    let trimmed = text.value.trim_end_matches('/');
    let parsed = trimmed.parse::<Uri>().ok().filter(|_| trimmed.len() <= LONGEST_URL);
    let Some(uri) = parsed else { return refuse("it must be an address such as \"https://api.anthropic.com\"") };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return refuse("it must be an address such as \"https://api.anthropic.com\"");
    };
    if authority.as_str().contains('@') || uri.query().is_some() || trimmed.contains('#') {
        return refuse("it must have no user, no ? and no #: a key belongs into `key-file` or `key-env`");
    }
    if authority.host().is_empty() || authority.as_str().ends_with(':') {
        return refuse("it must name a host, and a port in digits or none");
    }
    match scheme {
        "https" => {}
        "http" if is_loopback(authority.host()) => {}
        "http" => {
            return refuse(
                "it must begin with https://, since a key would be readable on the way; http:// is for this machine",
            );
        }
        _ => return refuse("it must begin with https://"),
    }
    if uri.path().split('/').any(|part| ["v1", "v1beta", ".", ".."].contains(&part)) {
        return refuse("leave out /v1 and what comes after it: agents add that themselves");
    }
    Some(trimmed.to_owned())
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn file(section: &Section<'_, '_>, text: &Placed<String>) -> Option<PathBuf> {
    let path = Path::new(&text.value);
    let plain = path.is_absolute()
        && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
        && !text.value.chars().any(char::is_control);
    if !plain {
        section.note(
            text.at,
            format!("`key-file` is \"{}\"; it must be the absolute path of a file, without ..", clip(&text.value)),
        );
        return None;
    }
    Some(path.to_owned())
}

fn credential(section: &Section<'_, '_>, text: &Placed<String>) -> Option<String> {
    let name = &text.value;
    let fine = (1..=128).contains(&name.len())
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !fine {
        // It may be the key itself, so it is not quoted.
        section.note(
            text.at,
            "`key-credential` must be the name of a credential of systemd, such as \"anthropic\"".to_owned(),
        );
        return None;
    }
    Some(name.clone())
}

fn secret(section: &Section<'_, '_>, text: &Placed<String>) -> Option<String> {
    if !rules::is_name(&text.value) {
        // As above.
        section.note(
            text.at,
            "`key-secret` must be a name in the secret store, as `dogwatch secret ls` lists them, such as \"anthropic\"".to_owned(),
        );
        return None;
    }
    Some(text.value.clone())
}

fn variable(section: &Section<'_, '_>, text: &Placed<String>) -> Option<String> {
    let name = &text.value;
    let fine = (1..=128).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !fine {
        // It may be the key itself, so it is not quoted.
        section.note(
            text.at,
            "`key-env` must be the name of a variable of the engine's environment, such as \"ANTHROPIC_API_KEY\"; the key itself \
             never stands in this file"
                .to_owned(),
        );
        return None;
    }
    Some(name.clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::EngineConfig;

    fn parse(text: &str) -> Result<BTreeMap<String, ModelsAt>, String> {
        EngineConfig::parse(text, "c").map(|config| config.models).map_err(|errors| errors.to_string())
    }

    #[test]
    fn providers_are_read() {
        assert!(parse("").unwrap().is_empty());
        let models = parse(
            "[models]\nanthropic = { key-file = \"/etc/keys/one\" }\n[models.mine]\napi = \"openai\"\n\
             url = \"http://127.0.0.1:9000/proxy/\"\n[models.gemini]\nkey-env = \"GEMINI_API_KEY\"\n",
        )
        .unwrap();
        let one = ModelsAt {
            api: ModelApi::Anthropic,
            url: "https://api.anthropic.com".to_owned(),
            key: Some(KeyPlace::File("/etc/keys/one".into())),
            scheme: KeyScheme::Key,
            order: 1,
            names: BTreeMap::new(),
        };
        assert_eq!(models.get("anthropic"), Some(&one));
        assert_eq!(models.get("mine").unwrap().url, "http://127.0.0.1:9000/proxy");
        assert_eq!(models.get("mine").unwrap().key, None);
        let own = parse("[models.anthropic]\nscheme = \"bearer\"\n").unwrap();
        let own = own.get("anthropic").unwrap();
        assert_eq!((&own.key, own.scheme), (&Some(KeyPlace::Secret("anthropic".to_owned())), KeyScheme::Bearer));
        let place = own.key.clone().unwrap().beside(Path::new("/etc/dogwatch"));
        assert_eq!(place, KeyPlace::File("/etc/dogwatch/secrets/anthropic".into()));
        assert_eq!(models.get("gemini").unwrap().key, Some(KeyPlace::Variable("GEMINI_API_KEY".to_owned())));
    }

    #[test]
    fn what_would_leak_or_mislead_is_refused_with_its_line() {
        for (line, words) in [
            ("url = \"http://models.example\"\nkey-env = \"K\"", "https://"),
            ("url = \"https://user:secret@models.example\"", "no user"),
            ("url = \"https://models.example?key=1\"", "no ?"),
            ("url = \"https://models.example/v1\"", "leave out /v1"),
            ("url = \"ftp://models.example\"", "https://"),
            ("url = \"models.example\"", "such as"),
            ("url = 5", "must be"),
            ("key-file = \"keys/one\"", "absolute"),
            ("key-file = \"/a/../b\"", "absolute"),
            ("key-env = \"sk-ant-123\"", "never stands"),
            ("key-env = \"A\"\nkey-file = \"/b\"", "exclude"),
            ("key = \"sk-ant-123\"", "unknown key `key`"),
            ("key-credential = \"a/b\"", "of systemd"),
            ("key-secret = \"sk-ant-A\"", "`key-secret`"),
            ("scheme = \"basic\"", "`scheme`"),
            ("order = 0", "`order`"),
            ("names = { \"a b\" = \"c\" }", "name of a model"),
        ] {
            let error = parse(&format!("[models.anthropic]\n{line}\n")).unwrap_err();
            assert!(error.starts_with("c:") && error.contains(words), "{line}: {error}");
            assert!(!error.contains("sk-ant"), "{error}");
        }
        let twice = "[models.anthropic]\nkey-env = \"A\"\n[models.other]\napi = \"anthropic\"\nkey-env = \"B\"\n";
        assert!(parse(twice).unwrap_err().contains("speaks anthropic already"));
        let ordered = parse(&twice.replace("api =", "order = 2\nnames = { \"one\" = \"x/one:free\" }\napi =")).unwrap();
        assert_eq!((ordered["anthropic"].order, ordered["other"].order), (1, 2));
        assert_eq!(ordered["other"].names["one"], "x/one:free");
        let ollama = &parse("[models.ollama]\n").unwrap()["ollama"];
        assert_eq!((ollama.url.as_str(), &ollama.key), ("http://127.0.0.1:11434", &None));
        assert!(parse("[models.other]\nkey-env = \"B\"\n").unwrap_err().contains("has no `api`"));
    }
}
