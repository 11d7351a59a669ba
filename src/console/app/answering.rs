//! The dialog that answers a question. Somebody else may answer it meanwhile: its facts stay before the eyes of whoever reads them,
//! with what became of it, and nothing is sent any more.

use super::{App, Editing};
use crate::domain::{Question, QuestionId, QuestionState};
use crate::safe;
use crate::text::SafeText;

impl App {
    /// Asks for the answer to what is selected in the queue.
    pub(super) fn open_answer(&mut self, approve: bool) {
        if let Some(id) = self.proposal_selected().map(|brief| brief.id) {
            // Nothing for a live asset is decided from a list.
            self.open_proposal(id);
        } else if let Some(question) = self.question {
            self.open(Editing::Answer(question, approve));
        }
    }

    /// Remembers what a dialog is about that opens.
    pub(super) fn attend_to(&mut self, what: Editing) {
        self.deciding = what.answers().and_then(|id| self.questions.get(&id)).cloned();
    }

    /// The question that a dialog is about, as it was when it was known last.
    pub fn question_of(&self, id: QuestionId) -> Option<&Question> {
        self.questions.get(&id).or_else(|| self.deciding.as_ref().filter(|question| question.id == id))
    }

    /// A question does not wait any more.
    pub(super) fn hear_decided(&mut self, question: Question) {
        if self.deciding.as_ref().is_some_and(|one| one.id == question.id) {
            self.deciding = Some(question);
        }
    }

    /// What became of the question that a dialog answers, where it does not wait any more.
    pub fn is_decided(&self, what: Editing) -> Option<SafeText> {
        let id = what.answers().filter(|id| !self.questions.contains_key(id))?;
        let known = self.deciding.as_ref().filter(|one| one.id == id && one.state != QuestionState::Open);
        Some(match known.map(|one| &one.answer) {
            Some(Some(answer)) => {
                let word = if answer.approve { "YES" } else { "NO" };
                safe!("{} was answered by {} meanwhile: {}", id, answer.by, word)
            }
            Some(None) => safe!("{} was withdrawn meanwhile: nobody needs its answer any more", id),
            None => safe!("{} does not wait for an answer any more", id),
        })
    }
}

impl Editing {
    /// The question that it answers.
    fn answers(self) -> Option<QuestionId> {
        match self {
            Self::Answer(question, _) | Self::AwaitDay(question) => Some(question),
            _ => None,
        }
    }
}
