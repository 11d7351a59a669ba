//! What another agent says of a result before it is delivered. It is outside text like all that agents say: where it does not plainly
//! agree, a person decides.

use super::{Usage, bounded_text, text_facts};
use serde::{Deserialize, Serialize};

/// Longest first line that is looked at, in bytes: what is longer is no clear word.
const LONGEST_WORD: usize = 100;

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// Nothing speaks against the result.
    Agrees,
    /// Something does.
    Disagrees,
    /// It wrote something, and not first whether it agrees.
    Unclear,
    /// It wrote nothing.
    Silent,
}

/// The opinion of one auditor on the result of an iteration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// What it comes to.
    pub opinion: Opinion,
    /// Why, in the auditor's words, bounded.
    pub words: String,
    /// The agent, as configured.
    pub agent: String,
    /// The model that it was to ask, where it asks one of the engine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What its last turn used.
    pub usage: Usage,
}

impl Opinion {
    /// As a clause about the auditor.
    pub fn words(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Disagrees => "disagrees",
            Self::Unclear => "does not say whether it agrees",
            Self::Silent => "wrote nothing",
        }
    }

    /// What a text comes to by its first line, and the rest of it: all of it where the line says neither.
    pub fn of(text: &str) -> (Self, &str) {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let word = first.trim();
        if word.len() > LONGEST_WORD {
            return (Self::Unclear, text);
        }
        if word.eq_ignore_ascii_case("agree") {
            (Self::Agrees, rest)
        } else if word.eq_ignore_ascii_case("disagree") {
            (Self::Disagrees, rest)
        } else {
            (Self::Unclear, text)
        }
    }
}

impl Audit {
    /// What an auditor's text comes to; without one it said nothing.
    pub fn new(text: Option<&str>, agent: String, model: Option<String>, usage: Usage) -> Self {
        let (opinion, words) = text.map_or((Opinion::Silent, ""), Opinion::of);
        Self { opinion, words: bounded_text(words.trim(), "an opinion"), agent, model, usage }
    }

    /// The file disagreed for a while. Whose word the last one is nobody knows: code under audit, started by whoever judges it, could
    /// have written it.
    pub fn waver(&mut self) {
        if self.opinion == Opinion::Agrees {
            self.opinion = Opinion::Unclear;
            let words = format!(
                "The file said `disagree` while the auditor was at work, and `agree` at its end: a program that it ran may have \
                 written that.\n\n{}",
                self.words
            );
            self.words = bounded_text(words.trim(), "an opinion");
        }
    }

    /// Who gave it.
    pub fn by(&self) -> String {
        match &self.model {
            Some(model) => format!("{} with {model}", self.agent),
            None => self.agent.clone(),
        }
    }

    /// What it cost, where that is known.
    pub fn cost(&self) -> Option<String> {
        let Usage { tokens, microusd } = self.usage;
        let money = super::Measure::Money.words(microusd);
        match (tokens, microusd) {
            (0, 0) => None,
            (tokens, 0) => Some(format!("{tokens} tokens")),
            (0, _) => Some(money),
            (tokens, _) => Some(format!("{tokens} tokens, {money}")),
        }
    }

    /// As the facts of a question: who says what and for how much, then the words.
    pub fn facts(&self) -> Vec<String> {
        let cost = self.cost().map(|cost| format!("; that cost {cost}")).unwrap_or_default();
        let mut facts = vec![format!("the auditor {} {}{cost}", self.by(), self.opinion.words())];
        // No line of it can pass for one of the engine's.
        facts.extend(text_facts(&self.words).into_iter().map(|line| format!("> {line}")));
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bounded_facts;
    use proptest::prelude::*;

    fn audit(text: &str) -> Audit {
        Audit::new(Some(text), "codex".to_owned(), Some("large".to_owned()), Usage { tokens: 7, microusd: 2_500 })
    }

    #[test]
    fn a_file_that_disagreed_before_does_not_agree() {
        let mut wavers = audit("agree\nfine");
        wavers.waver();
        assert_eq!(wavers.opinion, Opinion::Unclear);
        assert!(wavers.words.contains("`disagree`") && wavers.words.ends_with("fine"), "{}", wavers.words);
        let mut objects = audit("disagree\nno");
        objects.waver();
        assert_eq!(objects, audit("disagree\nno"));
    }

    #[test]
    fn only_a_plain_word_on_the_first_line_is_an_opinion() {
        for (text, opinion, words) in [
            ("agree", Opinion::Agrees, ""),
            ("  AGREE \r\nfine\n", Opinion::Agrees, "fine\n"),
            ("Disagree\nit hides\nan error", Opinion::Disagrees, "it hides\nan error"),
            ("agree.\n", Opinion::Unclear, "agree.\n"),
            ("I agree\n", Opinion::Unclear, "I agree\n"),
            ("agree with the first half\n", Opinion::Unclear, "agree with the first half\n"),
            ("\nagree\n", Opinion::Unclear, "\nagree\n"),
            ("```\nagree\n```", Opinion::Unclear, "```\nagree\n```"),
            ("agree disagree", Opinion::Unclear, "agree disagree"),
            ("", Opinion::Unclear, ""),
        ] {
            assert_eq!(Opinion::of(text), (opinion, words), "{text:?}");
        }
        assert_eq!(Audit::new(None, String::new(), None, Usage::default()).opinion, Opinion::Silent);
    }

    #[test]
    fn who_says_it_and_what_it_cost_is_told_with_it() {
        let facts = audit("disagree\nthe test was weakened\n\nsee line 3\n").facts();
        let told = "the auditor codex with large disagrees; that cost 7 tokens, $0.0025";
        assert_eq!(facts, [told, "> the test was weakened", "> ", "> see line 3"]);
        let free = Audit::new(None, "command".to_owned(), None, Usage::default());
        assert_eq!((free.cost(), free.facts()), (None, vec!["the auditor command wrote nothing".to_owned()]));
    }

    proptest! {
        /// 16 KiB is what is taken of an opinion at most.
        #[test]
        fn all_that_is_kept_of_it_is_shown(text in proptest::collection::vec("\\PC{0,3}|agree|ä{0,900}|\n{0,900}", 0..20)) {
            let text = text.concat();
            let audit = audit(text.get(..text.floor_char_boundary(16 * 1024)).unwrap_or_default());
            let mut facts = audit.facts();
            facts.extend(["it came too late".to_owned(), "approve or deny".to_owned()]);
            prop_assert_eq!(bounded_facts(&facts), facts.clone());
            let shown: String = facts[1..facts.len() - 2].iter().filter_map(|line| line.strip_prefix("> ")).collect();
            prop_assert_eq!(shown, audit.words.lines().collect::<String>());
        }
    }
}
