//! `[notify.NAME]` of `config.toml`: by which ways people are told that something waits for them.

use super::reader::{Placed, Section, clip};
use super::{rules, schema};
use crate::domain::QuestionKind;
use hyper::Uri;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The longest of the durations here.
const WEEK: u64 = 7 * rules::DAY;
/// Where mail is handed over.
const SENDMAIL: &str = "/usr/sbin/sendmail";

/// One way to tell people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyConfig {
    /// How.
    pub by: NotifyBy,
    /// Of which questions; of all where there are none.
    pub kinds: Vec<QuestionKind>,
    /// When nothing is told; what waits then is told afterwards.
    pub quiet: Option<Quiet>,
    /// For how many seconds questions are gathered into one message.
    pub digest: Option<u64>,
    /// After how many seconds a question that still waits is told again.
    pub again: Option<u64>,
    /// Whether a message holds more of a question than its title.
    pub detail: bool,
}

/// How people are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotifyBy {
    /// A topic of ntfy.
    Ntfy {
        /// The topic's address.
        url: String,
        /// The name of the secret that is the token, if one is needed.
        token: Option<String>,
    },
    /// An incoming webhook of Slack, whose address is a secret.
    Slack {
        /// The name of that secret.
        secret: String,
    },
    /// Any HTTP server, with a signature.
    Webhook {
        /// Its address.
        url: String,
        /// The name of the secret that is the key of the signature.
        secret: String,
    },
    /// Mail, handed to a program.
    Mail {
        /// To whom.
        to: String,
        /// From whom; the program's own choice where nobody is named.
        from: Option<String>,
        /// The program.
        sendmail: PathBuf,
    },
}

/// A part of each day, in minutes since midnight where the engine is; it may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// Its first minute.
    pub from: u16,
    /// The first minute after it.
    pub until: u16,
}

impl Quiet {
    /// Whether a minute of the day lies in it.
    pub fn holds(self, minute: u16) -> bool {
        if self.from <= self.until {
            (self.from..self.until).contains(&minute)
        } else {
            minute >= self.from || minute < self.until
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let fine = hour.len() == 2 && minute.len() == 2;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (fine && hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let (from, until) = (minute(from)?, minute(until)?);
        (from != until).then_some(Self { from, until })
    }
}

/// One way of the file.
pub(super) fn read(section: &Section<'_, '_>) -> Option<NotifyConfig> {
    let by = by(section);
    let kinds = section
        .strings("kinds")
        .map_or_else(Vec::new, |list| list.value.iter().filter_map(|text| kind(section, text)).collect());
    let quiet = section.string("quiet").and_then(|text| {
        let read = Quiet::parse(&text.value);
        if read.is_none() {
            let message =
                format!("`quiet` is \"{}\"; write a part of the day such as \"22:00-07:00\"", clip(&text.value));
            section.note(text.at, message);
        }
        read
    });
    let digest = rules::duration(section, "digest", rules::DAY);
    let again = rules::duration(section, "again", WEEK);
    let detail = rules::one_of(section, "text", &["title", "detail"]) == Some("detail");
    Some(NotifyConfig { by: by?, kinds, quiet, digest, again, detail })
}

fn by(section: &Section<'_, '_>) -> Option<NotifyBy> {
    let Some(kind) = rules::one_of(section, "by", &["ntfy", "slack", "webhook", "mail"]) else {
        if !section.has("by") {
            section.missing("by");
        }
        return None;
    };
    let (url, secret) = (url(section), secret(section));
    for (key, kinds) in
        [("url", ["ntfy", "webhook"].as_slice()), ("to", &["mail"]), ("from", &["mail"]), ("sendmail", &["mail"])]
    {
        if section.has(key) && !kinds.contains(&kind) {
            section.note(section.place_of(key), format!("`{key}` says nothing to {kind}: leave it out"));
        }
    }
    let needed = |key: &str| {
        if !section.has(key) {
            section.missing(key);
        }
    };
    match kind {
        "ntfy" => {
            needed("url");
            Some(NotifyBy::Ntfy { url: url?, token: secret })
        }
        "slack" => {
            needed("secret");
            Some(NotifyBy::Slack { secret: secret? })
        }
        "webhook" => {
            ["url", "secret"].into_iter().for_each(needed);
            Some(NotifyBy::Webhook { url: url?, secret: secret? })
        }
        _ => {
            needed("to");
            let (to, from) = (address(section, "to"), address(section, "from"));
            let sendmail = section.string("sendmail").map_or_else(|| SENDMAIL.into(), |text| PathBuf::from(text.value));
            if !sendmail.is_absolute() {
                section
                    .note(section.place_of("sendmail"), "`sendmail` must be the absolute path of a program".to_owned());
            }
            Some(NotifyBy::Mail { to: to?, from, sendmail })
        }
    }
}

fn kind(section: &Section<'_, '_>, text: &Placed<String>) -> Option<QuestionKind> {
    let named = serde_json::from_value(serde_json::Value::from(text.value.as_str()));
    if named.is_err() {
        let words = "and no question is of that kind: `dogwatch approvals ls --all` tells the kind of each";
        section.note(text.at, format!("`kinds` has \"{}\", {words}", clip(&text.value)));
    }
    named.ok()
}

fn secret(section: &Section<'_, '_>) -> Option<String> {
    section.string("secret").and_then(|text| rules::name(section, text)).map(|name| name.value)
}

/// Whether messages can go there: nothing is said over a network that others can read.
pub(crate) fn is_address(url: &str) -> bool {
    let Ok(address) = url.parse::<Uri>() else { return false };
    let here = address.host().is_some_and(|host| ["127.0.0.1", "localhost", "[::1]"].contains(&host));
    let scheme = address.scheme_str();
    address.host().is_some() && !url.contains('@') && (scheme == Some("https") || (scheme == Some("http") && here))
}

fn url(section: &Section<'_, '_>) -> Option<String> {
    let text = section.string("url")?;
    if is_address(&text.value) {
        return Some(text.value);
    }
    section.note(
        text.at,
        format!(
            "`url` is \"{}\"; it must be an address such as \"https://ntfy.sh/topic\", without a name and password; http:// only on this \
             machine",
            clip(&text.value)
        ),
    );
    None
}

/// One mail address, with nothing in it that could be a header, an option or another address.
fn address(section: &Section<'_, '_>, key: &str) -> Option<String> {
    let text = section.string(key)?;
    let word = |c: char| c.is_ascii_alphanumeric() || "._+-=@".contains(c);
    let halves = text.value.split_once('@');
    let fine = text.value.len() <= 254
        && !text.value.starts_with('-')
        && text.value.chars().all(word)
        && halves.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if !fine {
        section.note(
            text.at,
            format!("`{key}` is \"{}\"; write one mail address such as \"ada@example.org\"", clip(&text.value)),
        );
    }
    fine.then_some(text.value)
}

/// All ways of the file.
pub(super) fn all(top: &Section<'_, '_>) -> std::collections::BTreeMap<String, NotifyConfig> {
    let mut ways = std::collections::BTreeMap::new();
    for (name, section) in top.named_tables("notify", schema::NOTIFY) {
        if let (Some(name), Some(way)) = (rules::name(&section, name), read(&section)) {
            ways.insert(name.value, way);
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::EngineConfig;

    #[test]
    fn ways_are_read_with_all_that_belongs_to_them() {
        let text = "[notify.ada]\nby = \"ntfy\"\nurl = \"https://ntfy.sh/dw\"\nsecret = \"ntfy\"\nkinds = [\"review\", \"stuck\"]\n\
                    quiet = \"22:00-07:00\"\ndigest = \"10m\"\nagain = \"4h\"\n[notify.ops]\nby = \"mail\"\nto = \"ops@example.org\"\n\
                    text = \"detail\"\n[notify.chat]\nby = \"slack\"\nsecret = \"slack\"\n[notify.hook]\nby = \"webhook\"\n\
                    url = \"http://127.0.0.1:9/x\"\nsecret = \"hook\"\n";
        let ways = EngineConfig::parse(text, "c").unwrap().notify;
        let ada = &ways["ada"];
        assert_eq!((ada.digest, ada.again, ada.kinds.len(), ada.detail), (Some(600), Some(14_400), 2, false));
        assert_eq!(ada.by, NotifyBy::Ntfy { url: "https://ntfy.sh/dw".into(), token: Some("ntfy".into()) });
        assert!(ways["ops"].detail && matches!(&ways["ops"].by, NotifyBy::Mail { to, .. } if to == "ops@example.org"));
        assert_eq!(ways.len(), 4);
    }

    #[test]
    fn quiet_hours_may_go_over_midnight() {
        let night = Quiet::parse("22:00-07:00").unwrap();
        assert!([22 * 60, 0, 419].into_iter().all(|minute| night.holds(minute)));
        assert!([420, 12 * 60, 22 * 60 - 1].into_iter().all(|minute| !night.holds(minute)));
        let noon = Quiet::parse("12:00-13:30").unwrap();
        assert!(noon.holds(12 * 60) && noon.holds(809) && !noon.holds(810) && !noon.holds(0));
        for wrong in ["", "22-7", "22:00", "24:00-01:00", "10:00-10:00", "1:00-2:00", "10:60-11:00"] {
            assert_eq!(Quiet::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_could_go_astray_is_refused_with_its_line() {
        for (lines, words) in [
            ("url = \"https://x/y\"", "has no `by`"),
            ("by = \"fax\"", "write one of"),
            ("by = \"ntfy\"", "has no `url`"),
            ("by = \"ntfy\"\nurl = \"http://ntfy.sh/x\"", "only on this"),
            ("by = \"ntfy\"\nurl = \"https://me:pw@ntfy.sh/x\"", "without a name"),
            ("by = \"slack\"", "has no `secret`"),
            ("by = \"slack\"\nsecret = \"s\"\nurl = \"https://x/y\"", "says nothing to slack"),
            ("by = \"webhook\"\nurl = \"https://x/y\"", "has no `secret`"),
            ("by = \"mail\"\nto = \"a@b, c@d\"", "one mail address"),
            ("by = \"mail\"\nto = \"-oQ/tmp@b\"", "one mail address"),
            ("by = \"mail\"\nto = \"a@b\"\nsendmail = \"sendmail\"", "absolute path"),
            ("by = \"mail\"\nto = \"a@b\"\nkinds = [\"gossip\"]", "no question is of that kind"),
            ("by = \"mail\"\nto = \"a@b\"\nquiet = \"night\"", "22:00-07:00"),
        ] {
            let error = EngineConfig::parse(&format!("[notify.x]\n{lines}\n"), "c").unwrap_err().to_string();
            assert!(error.starts_with("c:") && error.contains(words), "{lines}: {error}");
        }
    }
}
