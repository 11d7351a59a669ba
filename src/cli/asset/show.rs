//! Everything about one live system, in lines.

use crate::domain::Reach;
use crate::protocol::AssetView;
use crate::safe;
use crate::text::{SafeText, Style};
use crate::words;

pub(super) fn page(view: &AssetView) -> Vec<SafeText> {
    let spec = &view.asset.spec;
    let mut lines = vec![
        safe!("{}  ({}, version {})", spec.name, view.asset.id, view.asset.version).styled(Style::default().bold()),
    ];
    let mut say = |word: &'static str, text: SafeText| lines.push(safe!("{}{}", safe!("{}", word).pad_right(13), text));
    say("reached by", safe!("{}", spec.reach.name()));
    if spec.reach != Reach::Nowhere {
        say("at", safe!("{}", spec.reach.place()));
    }
    if let Reach::Ssh { host_keys, identity, .. } = &spec.reach {
        for key in host_keys {
            say("host key", safe!("{} {}", key.kind(), key.fingerprint()));
        }
        let identity =
            identity.as_ref().map_or_else(|| safe!("the engine's SSH agent"), |file| safe!("{}", file.as_str()));
        say("logs in with", identity);
    }
    if let Some(environment) = &spec.environment {
        say("environment", safe!("{}", environment.as_str()));
    }
    say("critical", if spec.critical { safe!("yes") } else { safe!("no") });
    for (word, value) in &spec.labels {
        say("label", safe!("{}={}", word.as_str(), value));
    }
    if let Some(receipts) = &spec.receipts {
        say("receipts", safe!("{}", receipts.as_str()));
    }
    say("said by", safe!("{}, {} ago", view.asset.by, words::ago(view.asset.changed, words::now())));
    if !spec.note.is_empty() {
        lines.push(SafeText::default());
        lines.extend(spec.note.lines().map(|line| safe!("{}", line)));
    }
    lines
}
