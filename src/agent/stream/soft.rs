//! Reading JSON of programs that change every week: a field of an unexpected kind counts as absent instead of spoiling its
//! line, and lists have an end. Nothing is copied before it is wanted.

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Elements of a list that are looked at.
const MOST: usize = 1_000;

/// A field that may be absent or something else than expected.
#[derive(Debug, Clone)]
pub(in crate::agent) struct Soft<T>(pub Option<T>);

impl<T> Default for Soft<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Default> Soft<T> {
    /// What is there, or the nothing of its kind.
    pub fn or_default(self) -> T {
        self.0.unwrap_or_default()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Soft<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        // What it is instead says nothing: the versions of these programs differ.
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// A string, borrowed from the line where it has no escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::agent) struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

/// The text, or an empty one.
pub(in crate::agent) fn text<'a>(soft: &'a Soft<Text<'_>>) -> &'a str {
    soft.0.as_ref().map_or("", |text| &text.0)
}

/// The first elements of a list; the others are skipped, so that no line makes many times its size in memory.
#[derive(Debug, Clone)]
pub(in crate::agent) struct Few<T>(pub Vec<T>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Few<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Few<T>, A::Error> {
                let mut kept = Vec::new();
                while kept.len() < MOST {
                    match list.next_element::<Soft<T>>()? {
                        Some(Soft(Some(element))) => kept.push(element),
                        Some(Soft(None)) => {}
                        None => return Ok(Few(kept)),
                    }
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Few(kept))
            }
        }
        deserializer.deserialize_seq(Reader(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Sample<'a> {
        #[serde(borrow)]
        name: Soft<Text<'a>>,
        count: Soft<u64>,
        list: Soft<Few<u64>>,
    }

    fn read(line: &str) -> (String, Option<u64>, Vec<u64>) {
        let sample: Sample<'_> = serde_json::from_str(line).unwrap();
        (text(&sample.name).to_owned(), sample.count.0, sample.list.or_default().0)
    }

    #[test]
    fn a_field_of_another_kind_is_no_field() {
        assert_eq!(read(r#"{"name":"a\nb","count":3,"list":[1,"x",2]}"#), ("a\nb".to_owned(), Some(3), vec![1, 2]));
        assert_eq!(read(r#"{"name":{"of":"it"},"count":"3","list":{},"new":[]}"#), (String::new(), None, vec![]));
        assert_eq!(read(r#"{"name":null,"count":-1,"list":null}"#), (String::new(), None, vec![]));
    }

    #[test]
    fn lists_have_an_end() {
        let many = format!(r#"{{"list":[{}7]}}"#, "1,".repeat(MOST));
        assert_eq!(read(&many).2.len(), MOST);
    }

    #[test]
    fn deep_nesting_is_no_trouble() {
        let deep = format!(r#"{{"name":"a","count":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep).1, None);
    }
}
