//! How subcommands print what they were asked for, all alike: JSON for scripts, one value a line; for people a table, or lines about
//! one thing, or a sentence where there is nothing.

use super::context::{Context, Failure};
use crate::safe;
use crate::text::SafeText;
use serde::Serialize;

/// A list, and what is said around it.
pub struct List<'a, T> {
    /// What there is.
    pub items: &'a [T],
    /// Whether scripts read it.
    pub json: bool,
    /// Said where there is nothing: what is not there, and what makes one.
    pub nothing: SafeText,
    /// What the older ones are called that were left out, if any were.
    pub left_out: Option<&'static str>,
}

impl Context {
    /// Prints a list; the table is made for so many columns, where there is a terminal.
    pub fn list<T: Serialize>(
        &mut self,
        list: List<'_, T>,
        table: impl FnOnce(Option<usize>) -> Vec<SafeText>,
    ) -> Result<i32, Failure> {
        let List { items, json, nothing, left_out } = list;
        if json {
            for item in items {
                self.json(item)?;
            }
            if left_out.is_some() {
                self.json(&serde_json::json!({ "more": true }))?;
            }
            return Ok(0);
        }
        if items.is_empty() {
            self.say_wrapped(&nothing)?;
            return Ok(0);
        }
        let lines = table(self.columns());
        self.say_all(&lines)?;
        if let Some(older) = left_out {
            self.say(&safe!("older {} are not listed", older))?;
        }
        Ok(0)
    }

    /// Prints one thing: its lines are broken where a terminal is too narrow, and nothing of them is dropped.
    pub fn tell(
        &mut self,
        value: &impl Serialize,
        json: bool,
        lines: impl IntoIterator<Item = SafeText>,
    ) -> Result<i32, Failure> {
        if json {
            self.json(value)?;
            return Ok(0);
        }
        for line in lines {
            self.say_wrapped(&line)?;
        }
        Ok(0)
    }
}
