//! Reads one TOML file key by key, noting every mistake with its place instead of stopping at the first.
//!
//! The file is walked by hand over the spanned tree of the `toml` crate, since deriving would stop at the first error.

use super::errors::{ConfigErrors, Problem};
use super::schema::{Key, Table};
use super::suggest::nearest;
use std::cell::RefCell;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A configuration file larger than this many bytes is refused.
const LARGEST_FILE: usize = 256 * 1024;
/// Some editors put it in front of a file; it is seen by nobody and counted by nobody.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// More mistakes than this are not listed.
const MOST_PROBLEMS: usize = 50;

/// The text under way and the mistakes found in it.
pub(super) struct Doc<'t> {
    text: &'t str,
    problems: RefCell<Vec<(usize, String)>>,
}

/// A value with the place it was written at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed<T> {
    pub value: T,
    pub at: usize,
}

/// One table of the file, checked against its schema.
pub(super) struct Section<'d, 't> {
    doc: &'d Doc<'t>,
    schema: Table,
    table: &'d DeTable<'t>,
    at: usize,
}

/// Parses the text, hands its top to `read`, and returns what that made unless there was any mistake.
pub(super) fn read_file<T>(
    text: &str,
    place: &str,
    top: Table,
    read: impl FnOnce(&Section<'_, '_>) -> Option<T>,
) -> Result<T, ConfigErrors> {
    if text.len() > LARGEST_FILE {
        return Err(ConfigErrors::whole(
            place,
            format!("the file has {} bytes; at most {LARGEST_FILE} are read: make it shorter", text.len()),
        ));
    }
    let doc = Doc { text, problems: RefCell::new(Vec::new()) };
    let (tree, mistakes) = DeTable::parse_recoverable(text);
    for mistake in &mistakes {
        doc.note(mistake.span().map_or(0, |span| span.start), format!("not valid TOML: {}", mistake.message()));
    }
    // What could be read of a file with broken syntax says little about what was meant.
    let made = if mistakes.is_empty() { read(&doc.section(tree.get_ref(), top, 0)) } else { None };
    doc.finish(place, made)
}

impl<'t> Doc<'t> {
    /// Notes a mistake at a byte of the text.
    pub fn note(&self, at: usize, message: String) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < MOST_PROBLEMS && !problems.iter().any(|known| known.0 == at && known.1 == message) {
            problems.push((at, message));
        }
    }

    fn section<'d>(&'d self, table: &'d DeTable<'t>, schema: Table, at: usize) -> Section<'d, 't> {
        let section = Section { doc: self, schema, table, at };
        for key in table.keys() {
            if !schema.keys.iter().any(|known| known.name == key.get_ref().as_ref()) {
                self.note(key.span().start, section.unknown(key.get_ref()));
            }
        }
        section
    }

    fn finish<T>(self, place: &str, made: Option<T>) -> Result<T, ConfigErrors> {
        let mut found = self.problems.into_inner();
        if found.is_empty() {
            return made.ok_or_else(|| ConfigErrors::whole(place, "the file could not be understood".to_owned()));
        }
        found.sort();
        let problems = found
            .into_iter()
            .map(|(at, message)| {
                let (line, column) = position(self.text, at);
                Problem { line, column, message }
            })
            .collect();
        Err(ConfigErrors { place: place.to_owned(), problems })
    }
}

impl<'d, 't> Section<'d, 't> {
    /// Notes a mistake at a byte of the text.
    pub fn note(&self, at: usize, message: String) {
        self.doc.note(at, message);
    }

    /// The byte where the table starts.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Where the key is written, or where the table starts when it is not.
    pub fn place_of(&self, name: &str) -> usize {
        self.table.get_key_value(name).map_or(self.at, |(key, _)| key.span().start)
    }

    /// Whether the key is written at all.
    pub fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// Notes that a required key is missing.
    pub fn missing(&self, name: &str) {
        let kind = self.key(name).map_or("a value", |key| key.kind);
        self.note(self.at, format!("{} has no `{name}`: add it, {kind}", self.name()));
    }

    /// A string.
    pub fn string(&self, name: &str) -> Option<Placed<String>> {
        let value = self.table.get(name)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Placed { value: text.to_string(), at: value.span().start }),
            other => self.wrong(name, value.span(), other),
        }
    }

    /// A whole number that is not negative.
    pub fn whole(&self, name: &str, allowed: Range<u64>) -> Option<u64> {
        let value = self.table.get(name)?;
        let DeValue::Integer(number) = value.get_ref() else { return self.wrong(name, value.span(), value.get_ref()) };
        match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if allowed.contains(&number) => Some(number),
            _ => {
                let (least, most) = (allowed.start, allowed.end.saturating_sub(1));
                self.note(value.span().start, format!("`{name}` must lie between {least} and {most}"));
                None
            }
        }
    }

    /// Yes or no.
    pub fn flag(&self, name: &str) -> Option<bool> {
        let value = self.table.get(name)?;
        match value.get_ref() {
            DeValue::Boolean(yes) => Some(*yes),
            other => self.wrong(name, value.span(), other),
        }
    }

    /// A number, fractions allowed.
    pub fn number(&self, name: &str, least: f64, most: f64) -> Option<f64> {
        let value = self.table.get(name)?;
        let text = match value.get_ref() {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            other => return self.wrong(name, value.span(), other),
        };
        match text.parse::<f64>() {
            Ok(number) if number >= least && number <= most => Some(number),
            _ => {
                self.note(value.span().start, format!("`{name}` must lie between {least} and {most}"));
                None
            }
        }
    }

    /// A list of strings.
    pub fn strings(&self, name: &str) -> Option<Placed<Vec<Placed<String>>>> {
        let value = self.table.get(name)?;
        let DeValue::Array(items) = value.get_ref() else { return self.wrong(name, value.span(), value.get_ref()) };
        let mut words = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => words.push(Placed { value: text.to_string(), at: item.span().start }),
                other => return self.wrong(name, item.span(), other),
            }
        }
        Some(Placed { value: words, at: value.span().start })
    }

    /// A value that is true or false.
    pub fn truth(&self, name: &str) -> Option<bool> {
        let value = self.table.get(name)?;
        match value.get_ref() {
            DeValue::Boolean(truth) => Some(*truth),
            other => self.wrong(name, value.span(), other),
        }
    }

    /// A table whose values are strings, with the place of each key.
    pub fn string_table(&self, name: &str) -> Vec<(Placed<String>, Placed<String>)> {
        let Some(value) = self.table.get(name) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong::<()>(name, value.span(), value.get_ref());
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (key, item) in table {
            match item.get_ref() {
                DeValue::String(text) => pairs.push((
                    Placed { value: key.get_ref().to_string(), at: key.span().start },
                    Placed { value: text.to_string(), at: item.span().start },
                )),
                other => {
                    let word = clip(key.get_ref());
                    self.note(
                        item.span().start,
                        format!("`{name}.{word}` is {}; it must be a string: put it in quotes", type_name(other)),
                    );
                }
            }
        }
        pairs
    }

    /// Lists of strings under names that are looked at elsewhere, with the place of each name. `kind` is what each must be.
    pub fn named_lists(&self, name: &str, kind: &str) -> Vec<(Placed<String>, Vec<Placed<String>>)> {
        let Some(value) = self.table.get(name) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong::<()>(name, value.span(), value.get_ref());
            return Vec::new();
        };
        let mut lists = Vec::new();
        for (key, item) in table {
            let word = Placed { value: key.get_ref().to_string(), at: key.span().start };
            let wrong = |at: usize, what: &str| {
                self.note(at, format!("`{name}.{}` {what}; it must be {kind}", clip(&word.value)));
            };
            let DeValue::Array(items) = item.get_ref() else {
                wrong(item.span().start, &format!("is {}", type_name(item.get_ref())));
                continue;
            };
            let strings = items.iter().filter_map(|item| match item.get_ref() {
                DeValue::String(text) => Some(Placed { value: text.to_string(), at: item.span().start }),
                other => {
                    wrong(item.span().start, &format!("has {} in it", type_name(other)));
                    None
                }
            });
            let strings = strings.collect();
            lists.push((word, strings));
        }
        lists
    }

    /// A sub-table with its own schema.
    pub fn table(&self, name: &str, schema: Table) -> Option<Section<'d, 't>> {
        let value = self.table.get(name)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(self.doc.section(table, schema, self.header_of(name, value.span()))),
            other => self.wrong(name, value.span(), other),
        }
    }

    /// The tables of an array of tables.
    pub fn tables(&self, name: &str, schema: Table) -> Vec<Section<'d, 't>> {
        let Some(value) = self.table.get(name) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong::<()>(name, value.span(), value.get_ref());
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => sections.push(self.doc.section(table, schema, item.span().start)),
                other => {
                    self.wrong::<()>(name, item.span(), other);
                }
            }
        }
        sections
    }

    /// Sub-tables that people name themselves, each with its own schema.
    pub fn named_tables(&self, name: &str, schema: Table) -> Vec<(Placed<String>, Section<'d, 't>)> {
        let Some(value) = self.table.get(name) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong::<()>(name, value.span(), value.get_ref());
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (key, item) in table {
            let word = Placed { value: key.get_ref().to_string(), at: key.span().start };
            match item.get_ref() {
                DeValue::Table(inner) => {
                    let section = self.doc.section(inner, schema, word.at);
                    sections.push((word, section));
                }
                other => self.note(
                    item.span().start,
                    format!("`{name}.{}` is {}; it must be a table", clip(&word.value), type_name(other)),
                ),
            }
        }
        sections
    }

    /// Notes that a value is of the wrong type and gives nothing.
    pub fn wrong<T>(&self, name: &str, span: Range<usize>, value: &DeValue<'_>) -> Option<T> {
        let kind = self.key(name).map_or("something else", |key| key.kind);
        self.note(span.start, format!("`{name}` is {}; it must be {kind}", type_name(value)));
        None
    }

    /// The raw value of a key.
    pub fn value(&self, name: &str) -> Option<&'d Spanned<DeValue<'t>>> {
        self.table.get(name)
    }

    /// What the schema says of a key.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.schema.keys.iter().find(|key| key.name == name)
    }

    /// The table in words.
    pub fn name(&self) -> &'static str {
        if self.schema.header.is_empty() { "the file" } else { self.schema.header }
    }

    // The span of a table that has a header is the header; the key is nearer for `suite.env = {}`.
    fn header_of(&self, name: &str, span: Range<usize>) -> usize {
        self.table.get_key_value(name).map_or(span.start, |(key, _)| key.span().start)
    }

    fn unknown(&self, typed: &str) -> String {
        let known = self.schema.keys.iter().map(|key| key.name);
        let remedy = match nearest(typed, known.clone()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("known here: {}", known.collect::<Vec<_>>().join(", ")),
        };
        format!("unknown key `{}` in {}: {remedy}", clip(typed), self.name())
    }
}

/// At most 60 characters of a text, for quoting it in a message.
pub(super) fn clip(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn position(text: &str, at: usize) -> (usize, usize) {
    let mut line = 1;
    let mut column = 1;
    for (index, letter) in text.char_indices().filter(|(_, letter)| *letter != BYTE_ORDER_MARK) {
        if index >= at {
            break;
        }
        if letter == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    (line, column)
}
