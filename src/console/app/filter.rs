//! The filter that every list has: words that an item must have, and words after `!` that it must not.

use super::{App, Editing, Layer, Page, Pane};
use crate::domain::{Bug, BugState, Question};
use crate::protocol::{ProposalBrief, RunView};
use crate::safe;
use std::collections::BTreeMap;

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum List {
    Runs,
    Questions,
    Bugs,
    Audit,
    Assets,
    Known,
}

/// The filters of all lists, and the one that a field would put back.
#[derive(Debug, Default)]
pub struct Filters {
    set: BTreeMap<List, String>,
    before: String,
}

impl Filters {
    /// The filter of a list; empty where all is shown.
    pub fn of(&self, list: List) -> &str {
        self.set.get(&list).map_or("", String::as_str)
    }

    /// Whether an item with these texts is listed.
    pub(super) fn passes(&self, list: List, texts: &[&str]) -> bool {
        passes(self.of(list), texts)
    }
}

/// Whether texts have every word of a filter and none of those after `!`, in upper or lower case.
fn passes(filter: &str, texts: &[&str]) -> bool {
    if filter.trim().is_empty() {
        return true;
    }
    let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let has = |word: &str| texts.iter().any(|text| text.contains(word));
    filter.to_lowercase().split_whitespace().all(|word| match word.strip_prefix('!') {
        Some(not) => not.is_empty() || !has(not),
        None => has(word),
    })
}

impl App {
    /// The list that has the keys, if one has.
    pub fn list(&self) -> Option<List> {
        match (self.page, self.pane) {
            (Page::Watch, Pane::Runs) => Some(List::Runs),
            (Page::Watch, Pane::Questions) | (Page::Approvals, _) => Some(List::Questions),
            (Page::Watch, Pane::Bugs) | (Page::Bugs, _) => Some(List::Bugs),
            (Page::Audit, _) => Some(List::Audit),
            (Page::Fleet, _) => Some(List::Assets),
            (Page::Knowledge, _) => Some(List::Known),
            (Page::Watch, Pane::Log) | (Page::Run | Page::Health | Page::Metrics | Page::Proposal, _) => None,
        }
    }

    /// Opens the field for the filter of the list that has the keys.
    pub(super) fn open_filter(&mut self) {
        let Some(list) = self.list() else {
            self.complain(safe!("there is no list here to filter"));
            return;
        };
        self.filters.before = self.filters.of(list).to_owned();
        self.reading.inside = false;
        self.open(Editing::Filter(list));
        if let Some(Layer::Edit { text, .. }) = &mut self.layer {
            text.insert_str(&self.filters.before);
        }
    }

    /// Takes a filter while it is written. The audit log is the engine's to look through, so its filter waits for enter.
    pub(super) fn filter_as_written(&mut self, list: List, text: &str) {
        if list != List::Audit {
            self.set_filter(list, text);
        }
    }

    /// Puts back the filter that was there before the field opened.
    pub(super) fn leave_filter(&mut self, list: List) {
        let before = std::mem::take(&mut self.filters.before);
        self.filter_as_written(list, &before);
    }

    pub(super) fn set_filter(&mut self, list: List, text: &str) {
        if self.filters.of(list) != text {
            self.filters.set.insert(list, text.to_owned());
            if list == List::Audit {
                self.audit.restart();
            }
        }
        self.keep_selection();
        self.follow_selected();
    }

    pub(super) fn lists_run(&self, view: &RunView) -> bool {
        let (id, run) = (view.run.id.to_string(), &view.run);
        let note = view.note.as_deref().unwrap_or_default();
        self.filters
            .passes(List::Runs, &[&id, &view.project, &run.task, run.state.name(), note, &run.agent, &run.engine])
    }

    pub(super) fn lists_question(&self, question: &Question) -> bool {
        let id = question.id.to_string();
        let run = question.run.map(|run| run.to_string()).unwrap_or_default();
        let facts = question.facts.iter().map(String::as_str);
        let texts: Vec<&str> = [&*id, &run, question.kind.name(), &question.title].into_iter().chain(facts).collect();
        self.filters.passes(List::Questions, &texts)
    }

    pub(super) fn lists_proposal(&self, brief: &ProposalBrief) -> bool {
        let (id, asked) = (brief.id.to_string(), brief.question.to_string());
        let run = brief.run.map(|run| run.to_string()).unwrap_or_default();
        let beginning = String::from_utf8_lossy(&brief.beginning.decode().unwrap_or_default()).into_owned();
        let critical = if brief.critical { "critical" } else { "" };
        let texts: [&str; 9] = [
            &id,
            &asked,
            &run,
            &brief.asset,
            &brief.environment,
            brief.state.name(),
            &brief.requester,
            critical,
            &beginning,
        ];
        let texts: Vec<&str> = texts.into_iter().chain(brief.risks.iter().map(String::as_str)).collect();
        self.filters.passes(List::Questions, &texts)
    }

    pub(super) fn lists_bug(&self, bug: &Bug) -> bool {
        let (id, run) = (bug.id.to_string(), bug.first_run.map(|run| run.to_string()).unwrap_or_default());
        let by = bug.told.as_ref().map_or("", |told| told.by.label());
        let solved = if bug.state == BugState::Solved { "solved" } else { "open" };
        self.filters.passes(List::Bugs, &[&id, &run, by, solved, &bug.kind, &bug.message, &bug.exact.0])
    }
}

#[cfg(test)]
mod tests {
    use super::passes;

    #[test]
    fn all_words_must_be_there_and_none_of_the_others() {
        let texts = ["r12", "Fix the Rounding of totals", "developing"];
        for (filter, listed) in [
            ("", true),
            ("round TOTALS", true),
            ("round gone", false),
            ("!round", false),
            ("r12 !paused", true),
            ("!", true),
        ] {
            assert_eq!(passes(filter, &texts), listed, "{filter}");
        }
    }
}
