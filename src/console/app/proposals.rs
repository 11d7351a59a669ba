//! Proposals for live assets in the one queue of what waits for people: each stands there for the questions that ask for it.

use super::App;
use crate::domain::{Millis, ProposalState, Question, QuestionId, QuestionKind};
use crate::protocol::ProposalBrief;

/// Something in the queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Waiting<'a> {
    /// A question.
    Asked(&'a Question),
    /// A proposal for a live asset.
    Proposed(&'a ProposalBrief),
}

impl Waiting<'_> {
    /// The question by which it is known.
    pub fn id(&self) -> QuestionId {
        match self {
            Self::Asked(question) => question.id,
            Self::Proposed(brief) => brief.question,
        }
    }

    /// Since when.
    pub fn since(&self) -> Millis {
        match self {
            Self::Asked(question) => question.asked,
            Self::Proposed(brief) => brief.asked,
        }
    }
}

/// Whether people are needed for a proposal.
pub fn needs_person(brief: &ProposalBrief) -> bool {
    brief.state.is_open() || brief.state == ProposalState::OutcomeUnknown || brief.wants_review
}

impl App {
    /// What is listed, the oldest first.
    pub fn waiting(&self) -> Vec<Waiting<'_>> {
        let asked = self.questions.values().filter(|question| !self.is_proposed(question));
        let asked = asked.filter(|question| self.lists_question(question)).map(Waiting::Asked);
        let proposed = self.proposals.iter().filter(|brief| self.lists_proposal(brief)).map(Waiting::Proposed);
        let mut all: Vec<_> = asked.chain(proposed).collect();
        all.sort_by_key(Waiting::id);
        all
    }

    /// How many there are, listed or not.
    pub fn queued(&self) -> usize {
        self.questions.values().filter(|question| !self.is_proposed(question)).count() + self.proposals.len()
    }

    /// How many of them need a person.
    pub fn needing(&self) -> usize {
        let asked = self.questions.values().filter(|question| !self.is_proposed(question)).count();
        asked + self.proposals.iter().filter(|brief| needs_person(brief)).count()
    }

    /// Whether a proposal stands in the queue for a question.
    fn is_proposed(&self, question: &Question) -> bool {
        let id = question.id;
        matches!(question.kind, QuestionKind::Execution | QuestionKind::Outcome | QuestionKind::Glass)
            && self.proposals.iter().any(|one| one.question == id || [one.unknown, one.glass].contains(&Some(id)))
    }

    /// The selected proposal, if one is selected.
    pub fn proposal_selected(&self) -> Option<&ProposalBrief> {
        let id = self.question?;
        self.proposals.iter().find(|brief| brief.question == id)
    }

    /// Proposals that one person decided for two, at which nobody else has looked.
    pub fn unreviewed(&self) -> impl Iterator<Item = &ProposalBrief> {
        self.proposals.iter().filter(|brief| brief.wants_review)
    }
}
