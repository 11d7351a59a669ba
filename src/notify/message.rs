//! What people are told, in words. Titles come from outside: everything is made visible and cut, so that whoever shows it is told
//! nothing but text.

use crate::audit::hex;
use crate::domain::{Millis, Question, QuestionKind};
use crate::safe;
use crate::text::SafeText;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Longest title, in columns.
const TITLE: usize = 120;
/// Longest of what else is told of a question, in columns.
const DETAIL: usize = 1_000;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The same for the same content, so that whoever gets it twice can tell.
    pub id: String,
    /// In one line.
    pub subject: String,
    /// What waits.
    pub questions: Vec<Told>,
    /// How many questions wait in all.
    pub waiting: u32,
}

/// A question as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Its id.
    pub question: String,
    /// Its kind.
    pub kind: &'static str,
    /// The run that asks; absent where none does.
    pub run: Option<String>,
    /// What it is about, cut.
    pub title: String,
    /// When it was asked.
    pub asked: String,
    /// It was told before and still waits.
    pub again: bool,
    /// What is known of it, where that is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Message {
    /// About questions, each with how often it was told before.
    pub fn of(engine: &str, way: &str, questions: &[(Question, u32)], waiting: u32, detail: bool) -> Self {
        let mut hash = Sha256::new();
        hash.update(format!("{engine} {way}"));
        for (question, told) in questions {
            hash.update(format!(" {}.{told}", question.id));
        }
        let id = hex(&hash.finalize()).get(..16).unwrap_or_default().to_owned();
        let told: Vec<Told> = questions.iter().map(|(question, told)| Told::of(question, *told, detail)).collect();
        let subject = match told.as_slice() {
            [one] if one.again => format!("dogwatch: {} still waits for you ({})", one.question, one.about()),
            [one] => format!("dogwatch: {} waits for you ({})", one.question, one.about()),
            many => format!("dogwatch: {} questions wait for you", many.len()),
        };
        // That one person decided for two is to be seen in a list of subjects.
        let alone = questions.iter().any(|(question, _)| question.kind == QuestionKind::Glass);
        let subject = if alone { format!("{subject}, BREAK-GLASS") } else { subject };
        Self { id, subject, questions: told, waiting }
    }

    /// A message that is about nothing, by which a way is tried.
    pub fn test(way: &str, at: Millis) -> Self {
        let id = hex(&Sha256::digest(format!("test {way} {}", at.0))).get(..16).unwrap_or_default().to_owned();
        Self { id, subject: format!("dogwatch: a test of [notify.{way}]"), questions: Vec::new(), waiting: 0 }
    }

    /// The message in lines.
    pub fn text(&self) -> String {
        if self.questions.is_empty() {
            return format!("This is a test, nothing waits for you by it.\n({})", self.id);
        }
        let mut lines = Vec::new();
        for one in &self.questions {
            let again = if one.again { ", again" } else { "" };
            lines.push(format!("{} {}{again}: {}", one.question, one.about(), one.title));
            lines.extend(one.detail.clone());
        }
        lines.push(format!("{} wait in all. Look and answer: dogwatch approvals ls ({})", self.waiting, self.id));
        lines.join("\n")
    }
}

impl Told {
    /// Its kind, and the run where one asks.
    fn about(&self) -> String {
        self.run.as_ref().map_or_else(|| self.kind.to_owned(), |run| format!("{}, {run}", self.kind))
    }

    fn of(question: &Question, told: u32, detail: bool) -> Self {
        let visible = |text: &str, most: usize| safe!("{}", text).truncate(most).as_str().to_owned();
        let facts: Vec<SafeText> = question.facts.iter().map(|fact| safe!("{}", fact)).collect();
        Self {
            question: question.id.to_string(),
            kind: question.kind.name(),
            run: question.run.map(|run| run.to_string()),
            title: visible(&question.title, TITLE),
            asked: question.asked.rfc3339(),
            again: told > 0,
            detail: detail.then(|| SafeText::join(&facts, &safe!(" | ")).truncate(DETAIL).as_str().to_owned()),
        }
    }
}
