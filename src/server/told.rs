//! Bugs that people tell, and bugs of which they say that they are one.

use super::Server;
use crate::audit::AuditEvent;
use crate::domain::{Actor, BugId, ProjectId};
use crate::protocol::{Fault, FaultCode, Reply};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, Tx};
use serde_json::json;

/// Longest title in bytes.
const LONGEST_TITLE: usize = 300;
/// Longest text in bytes.
const LONGEST_TEXT: usize = 16 * 1024;
/// Longest reason of a person, in bytes.
pub(super) const LONGEST_REASON: usize = 2_000;
/// Projects of a bug that are compared. It is seldom in more than a few.
const PROJECTS: u32 = 1_000;

impl<S: Sandbox> Server<S> {
    /// Takes a bug on a person's word.
    pub(super) async fn add_bug(&self, project: &str, title: &str, text: &str, by: Actor) -> Result<Reply, Fault> {
        let message = message(title, text).map_err(refusal)?;
        let project = self.find_project(project).await?.id;
        let told = self.engine.store.write(move |tx| tell(tx, project, &message, by));
        self.bug(told.await?).await
    }

    /// Makes two bugs one because a person says that they are.
    pub(super) async fn merge_bugs(&self, from: BugId, into: BugId, reason: String, by: Actor) -> Result<Reply, Fault> {
        fit_reason(&reason)?;
        let merged = self.engine.store.write(move |tx| merge(tx, from, into, &reason, by)).await;
        match merged {
            Ok(bug) => self.bug(bug).await,
            Err(StoreError::Refused(message)) => Err(refusal(message)),
            Err(error) => Err(error.into()),
        }
    }
}

/// A reason that others read.
pub(super) fn fit_reason(reason: &str) -> Result<(), Fault> {
    if reason.trim().is_empty() || reason.len() > LONGEST_REASON {
        return Err(refusal(format!("say why in 1 to {LONGEST_REASON} bytes: others read it in the audit log")));
    }
    Ok(())
}

fn refusal(message: String) -> Fault {
    Fault { code: FaultCode::Refused, message }
}

/// Title and text as one message.
fn message(title: &str, text: &str) -> Result<String, String> {
    let (title, text) = (title.trim(), text.trim());
    if title.is_empty() || title.len() > LONGEST_TITLE || title.chars().any(char::is_control) {
        return Err(format!(
            "the title must be one line of 1 to {LONGEST_TITLE} bytes; the rest belongs into the text"
        ));
    }
    if text.len() > LONGEST_TEXT {
        return Err(format!("the text may have {LONGEST_TEXT} bytes: put what is longer into the repository"));
    }
    Ok(if text.is_empty() { title.to_owned() } else { format!("{title}\n\n{text}") })
}

fn tell(tx: &Tx<'_>, project: ProjectId, message: &str, by: Actor) -> Result<BugId, StoreError> {
    let bug = tx.tell_bug(project, message, &by)?;
    let detail = json!({ "bug": bug, "title": message.lines().next() });
    tx.record(AuditEvent::new(by, "bug.told").project(project).detail(detail))?;
    Ok(bug)
}

/// The bug that both are from now on.
fn merge(tx: &Tx<'_>, from: BugId, into: BugId, reason: &str, by: Actor) -> Result<BugId, StoreError> {
    let there = |id: BugId| tx.bug(id)?.ok_or_else(|| StoreError::Missing { what: "bug", id: id.to_string() });
    let (gone, kept) = (there(from)?, there(into)?);
    if gone.id != from {
        return Err(StoreError::Refused(format!("{from} is a part of {} already: merge that one", gone.id)));
    }
    if kept.id == gone.id {
        return Err(StoreError::Refused(if from == into {
            format!("{from} and {into} are the same bug: name two")
        } else {
            format!("{into} is a part of {from}, so {from} cannot become a part of it")
        }));
    }
    let (of_one, of_other) = (tx.projects_with(gone.id, PROJECTS)?, tx.projects_with(kept.id, PROJECTS)?);
    if !of_one.iter().any(|project| of_other.contains(project)) {
        let (one, other) = (of_one.join(", "), of_other.join(", "));
        return Err(StoreError::Refused(format!(
            "{} is a bug of {one} and {} one of {other}: bugs of different projects stay apart",
            gone.id, kept.id
        )));
    }
    tx.merge_bugs(gone.id, kept.id)?;
    let detail = json!({ "bug": gone.id, "into": kept.id, "was": gone.state, "seen": gone.seen, "reason": reason });
    tx.record(AuditEvent::new(by, "bug.merged").detail(detail))?;
    Ok(kept.id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::{AuditFilter, Options, Store, seed_for_tests};

    fn ada() -> Actor {
        Actor::operator(1000, "ada")
    }

    #[test]
    fn a_title_is_one_line_and_a_text_has_an_end() {
        assert_eq!(message(" a ", "").unwrap(), "a");
        assert_eq!(message("a", "b\nc\n").unwrap(), "a\n\nb\nc");
        for (title, text) in [("", "b"), ("a\nb", ""), ("a\u{1b}[2J", "")] {
            assert!(message(title, text).unwrap_err().contains("one line"), "{title}");
        }
        assert!(message(&"a".repeat(301), "").is_err() && message("a", &"b".repeat(LONGEST_TEXT + 1)).is_err());
        assert!(fit_reason(" ").is_err() && fit_reason("twins").is_ok());
    }

    #[test]
    fn a_merge_is_refused_where_it_leads_in_circles_or_between_projects() {
        let store = Store::in_memory(&Options::default()).unwrap();
        let write = |from: i64, into: i64| {
            store
                .write_sync(move |tx| merge(tx, BugId(from), BugId(into), "twins", ada()))
                .map_err(|error| error.to_string())
        };
        store
            .write_sync(|tx| {
                let (shop, farm) = (seed_for_tests(tx, "shop")?, seed_for_tests(tx, "farm")?);
                for title in ["one", "two", "three"] {
                    tell(tx, shop.project, title, ada())?;
                }
                tell(tx, farm.project, "four", ada())
            })
            .unwrap();
        for (from, into, why) in [
            (1, 9, "there is no bug b9"),
            (9, 1, "there is no bug b9"),
            (1, 1, "are the same bug"),
            (1, 4, "b1 is a bug of shop and b4 one of farm"),
        ] {
            assert!(write(from, into).unwrap_err().contains(why), "{why}");
        }
        assert_eq!(write(1, 2), Ok(BugId(2)));
        for (from, into, why) in
            [(1, 3, "b1 is a part of b2 already"), (2, 1, "b1 is a part of b2, so b2 cannot become a part of it")]
        {
            assert!(write(from, into).unwrap_err().contains(why), "{why}");
        }
        // What is named by an old id means the whole.
        assert_eq!(write(3, 1), Ok(BugId(2)));
        let told = store
            .read_sync(|view| {
                Ok((view.bugs_in(BugId(2))?, view.audit_page(&AuditFilter { most: 9, ..AuditFilter::default() })?))
            })
            .unwrap();
        assert_eq!(told.0, [BugId(1), BugId(3)]);
        let last: serde_json::Value = serde_json::from_str(&told.1.records[0].record).unwrap();
        assert_eq!((last["kind"].as_str(), last["detail"]["reason"].as_str()), (Some("bug.merged"), Some("twins")));
    }
}
