//! What a tool takes: one table for each tool, by which its arguments are described to agents and checked.

use serde_json::{Map, Value, json};

/// What an argument may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Text of at most so many bytes.
    Text(usize),
    /// A whole number from 1 to this one.
    Number(u32),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// At most so many texts of at most so many bytes each.
    Texts(usize, usize),
}

/// One argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub name: &'static str,
    pub holds: Holds,
    pub needed: bool,
    /// What an agent is told of it.
    pub says: &'static str,
}

impl Field {
    /// One that must be there.
    pub const fn needed(name: &'static str, holds: Holds, says: &'static str) -> Self {
        Self { name, holds, needed: true, says }
    }

    /// One that may be left out.
    pub const fn may(name: &'static str, holds: Holds, says: &'static str) -> Self {
        Self { name, holds, needed: false, says }
    }
}

/// An argument that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadArgument {
    #[error("`{name}` is missing: it says {says}")]
    Missing { name: &'static str, says: &'static str },
    #[error("there is no argument `{name}`; this tool takes {known}")]
    Unknown { name: String, known: String },
    #[error("`{name}` must be {rule}")]
    Unfit { name: &'static str, rule: String },
}

/// Arguments that were checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments(Map<String, Value>);

impl Arguments {
    /// Checks arguments by a tool's table. `null` stands for nothing.
    pub fn check(fields: &[Field], mut given: Map<String, Value>) -> Result<Self, BadArgument> {
        given.retain(|_, value| !value.is_null());
        if let Some(name) = given.keys().find(|name| fields.iter().all(|field| field.name != **name)) {
            let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(BadArgument::Unknown { name: name.chars().take(40).collect(), known });
        }
        for field in fields {
            match given.get(field.name) {
                None if field.needed => return Err(BadArgument::Missing { name: field.name, says: field.says }),
                Some(value) if !fits(field.holds, field.needed, value) => {
                    return Err(BadArgument::Unfit { name: field.name, rule: rule(field.holds) });
                }
                _ => {}
            }
        }
        Ok(Self(given))
    }

    /// A text; `None` where it was left out.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A number; `None` where it was left out.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.0.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok())
    }

    /// Texts; none where they were left out.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

fn fits(holds: Holds, needed: bool, value: &Value) -> bool {
    match holds {
        Holds::Text(most) => value.as_str().is_some_and(|text| {
            let empty = text.trim().is_empty();
            text.len() <= most && !(needed && empty)
        }),
        Holds::Number(most) => value.as_u64().is_some_and(|number| (1..=u64::from(most)).contains(&number)),
        Holds::OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Holds::Texts(count, most) => value.as_array().is_some_and(|list| {
            list.len() <= count && list.iter().all(|one| one.as_str().is_some_and(|text| text.len() <= most))
        }),
    }
}

fn rule(holds: Holds) -> String {
    match holds {
        Holds::Text(most) => format!("text of 1 to {most} bytes"),
        Holds::Number(most) => format!("a whole number from 1 to {most}"),
        Holds::OneOf(words) => format!("one of {}", words.join(", ")),
        Holds::Texts(count, most) => format!("a list of at most {count} texts of at most {most} bytes each"),
    }
}

/// A tool's table as JSON Schema, in the words of it that every agent knows.
pub(crate) fn schema(fields: &[Field]) -> Map<String, Value> {
    let property = |field: &Field| {
        let mut value = match field.holds {
            Holds::Text(most) => json!({"type": "string", "maxLength": most}),
            Holds::Number(most) => json!({"type": "integer", "minimum": 1, "maximum": most}),
            Holds::OneOf(words) => json!({"type": "string", "enum": words}),
            Holds::Texts(count, most) => {
                json!({"type": "array", "maxItems": count, "items": {"type": "string", "maxLength": most}})
            }
        };
        if let Some(object) = value.as_object_mut() {
            object.insert("description".to_owned(), json!(field.says));
        }
        (field.name.to_owned(), value)
    };
    let properties: Map<String, Value> = fields.iter().map(property).collect();
    let needed: Vec<&str> = fields.iter().filter(|field| field.needed).map(|field| field.name).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("required".to_owned(), json!(needed));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const FIELDS: [Field; 4] = [
        Field::needed("text", Holds::Text(5), "what"),
        Field::may("limit", Holds::Number(20), "how many"),
        Field::may("kind", Holds::OneOf(&["a", "b"]), "which"),
        Field::may("list", Holds::Texts(2, 3), "them"),
    ];

    fn check(value: Value) -> Result<Arguments, String> {
        let Value::Object(map) = value else { panic!("no object") };
        Arguments::check(&FIELDS, map).map_err(|error| error.to_string())
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_rule() {
        for (given, words) in [
            (json!({}), "`text` is missing: it says what"),
            (json!({"text": "   "}), "`text` must be text of 1 to 5 bytes"),
            (json!({"text": "äää"}), "1 to 5 bytes"),
            (json!({"text": 5}), "1 to 5 bytes"),
            (json!({"text": "a", "limit": 0}), "a whole number from 1 to 20"),
            (json!({"text": "a", "limit": 21}), "from 1 to 20"),
            (json!({"text": "a", "limit": 1.5}), "from 1 to 20"),
            (json!({"text": "a", "kind": "c"}), "one of a, b"),
            (json!({"text": "a", "list": ["a", "b", "c"]}), "at most 2 texts"),
            (json!({"text": "a", "list": ["aaaa"]}), "at most 3 bytes"),
            (json!({"text": "a", "list": [1]}), "at most 2 texts"),
            (json!({"text": "a", "run": "r1"}), "there is no argument `run`; this tool takes text, limit, kind, list"),
        ] {
            let error = check(given.clone()).unwrap_err();
            assert!(error.contains(words), "{given}: {error}");
        }
    }

    #[test]
    fn what_fits_is_read() {
        let read = check(json!({"text": "abc", "limit": 7, "kind": null, "list": ["x", "y"]})).unwrap();
        assert_eq!((read.text("text"), read.number("limit"), read.text("kind")), (Some("abc"), Some(7), None));
        assert_eq!(read.texts("list"), ["x", "y"]);
    }

    proptest! {
        #[test]
        fn nothing_that_agents_send_breaks_the_check(name in ".{0,12}", text in ".{0,12}", number in any::<i64>()) {
            for value in [json!(text), json!(number), json!([text]), json!({"a": [text]}), json!(true), Value::Null] {
                let mut map = Map::new();
                map.insert(name.clone(), value.clone());
                map.insert("text".to_owned(), value);
                // Either way is fine.
                let _checked = Arguments::check(&FIELDS, map);
            }
        }
    }
}
