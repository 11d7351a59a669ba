//! How much a model has written in one event of a stream, where nothing else tells: the texts in it, without what stands around
//! them.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Members that hold what a model writes, in the words of each API.
const TEXTS: [&str; 11] = [
    "text",
    "thinking",
    "partial_json",
    "delta",
    "content",
    "reasoning",
    "reasoning_content",
    "arguments",
    "refusal",
    "response",
    "input",
];

/// Bytes of text in an event. One that repeats what other events said counts nothing.
pub(super) fn bytes(event: &[u8]) -> u64 {
    let (mut sum, mut repeats) = (0, false);
    let mut reader = serde_json::Deserializer::from_slice(event);
    let read = Texts { sum: &mut sum, repeats: &mut repeats, counts: Counts::Nothing }.deserialize(&mut reader);
    match read {
        Ok(()) if repeats => 0,
        Ok(()) => sum,
        // Whatever it is, somebody wrote it.
        Err(_) => event.len() as u64,
    }
}

/// What of a value was written by the model.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// Nothing, but for what its members say.
    Nothing,
    /// A text, or a list of them.
    Text,
    /// Everything in it.
    All,
}

struct Texts<'t> {
    sum: &'t mut u64,
    repeats: &'t mut bool,
    counts: Counts,
}

impl Texts<'_> {
    fn on(&mut self, counts: Counts) -> Texts<'_> {
        Texts { sum: self.sum, repeats: self.repeats, counts }
    }
}

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.counts != Counts::Nothing {
            *self.sum = self.sum.saturating_add(text.len() as u64);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut all: A) -> Result<(), A::Error> {
        let counts = self.counts;
        while all.next_element_seed(self.on(counts))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut all: A) -> Result<(), A::Error> {
        while let Some(key) = all.next_key::<String>()? {
            match key.as_str() {
                // Events of Responses that end a part have the whole of it again.
                "type" if self.counts != Counts::All => {
                    let kind = all.next_value::<Option<String>>()?.unwrap_or_default();
                    let again = ["response.completed", "response.incomplete", "response.failed"];
                    *self.repeats |=
                        kind.rsplit_once('.').is_some_and(|(_, end)| end == "done") || again.contains(&kind.as_str());
                }
                _ if self.counts == Counts::All => all.next_value_seed(self.on(Counts::All))?,
                "args" => all.next_value_seed(self.on(Counts::All))?,
                key if TEXTS.contains(&key) => all.next_value_seed(self.on(Counts::Text))?,
                _ => all.next_value_seed(self.on(Counts::Nothing))?,
            }
        }
        Ok(())
    }
}
