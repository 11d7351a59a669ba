//! On what other terms a run goes on: who works on it, and how many more iterations it may spend.

use super::App;
use crate::domain::{RunId, Terms};
use crate::protocol::Request;
use crate::safe;
use crate::text::SafeText;

/// What whoever takes over is told.
const TAKE_OVER: &str =
    "The work is in other hands now: go on from what is there, and not in the way that did not help.";

impl App {
    /// Sends who is to work on.
    pub(super) fn reassign(&mut self, run: RunId, text: &str) {
        match hands(text) {
            Ok(terms) => self.go_on(run, safe!("others for {}", run), TAKE_OVER.to_owned(), terms),
            Err(why) => self.complain(why),
        }
    }

    /// Sends how many more iterations there may be.
    pub(super) fn extend(&mut self, run: RunId, text: &str) {
        let Some(more) = text.trim().parse().ok().filter(|more| (1..=1000).contains(more)) else {
            self.complain(safe!("`{}` is no number from 1 to 1000: nothing was sent", text.trim()));
            return;
        };
        let told = format!("You may use {more} more iterations: go on, and not in the way that did not help.");
        let terms = Terms { iterations: Some(more), ..Terms::default() };
        self.go_on(run, safe!("more iterations for {}", run), told, terms);
    }

    fn go_on(&mut self, run: RunId, words: SafeText, text: String, terms: Terms) {
        self.act(words, Request::Redirect { run, text, criteria: None, terms });
    }
}

/// An agent's name, `model:NAME`, or both in any order.
fn hands(text: &str) -> Result<Terms, SafeText> {
    let mut terms = Terms::default();
    for word in text.split_whitespace() {
        let (place, name) = match word.split_once(':') {
            Some(("model", name)) => (&mut terms.model, name),
            Some(("agent", name)) => (&mut terms.agent, name),
            _ => (&mut terms.agent, word),
        };
        if name.is_empty() || place.replace(name.to_owned()).is_some() {
            return Err(safe!("`{}` does not fit: write one agent's name, model:NAME, or both", word));
        }
    }
    if terms.is_none() { Err(safe!("nothing was written, so nothing was sent")) } else { Ok(terms) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_and_a_model_are_read_in_any_order() {
        let both = Terms { agent: Some("codex".to_owned()), model: Some("large:2".to_owned()), iterations: None };
        for text in ["codex model:large:2", " model:large:2  agent:codex "] {
            assert_eq!(hands(text).unwrap(), both);
        }
        assert_eq!(hands("model:m").unwrap(), Terms { model: Some("m".to_owned()), ..Terms::default() });
        for text in ["", "  ", "a b", "model:", "model:a model:b", "agent:"] {
            assert!(hands(text).is_err(), "{text}");
        }
    }
}
