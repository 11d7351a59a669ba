//! Any program as an agent: the prompt on its standard input, the tree as its working directory.

use super::ending_line::EndingLine;
use super::{Agent, Turn, TurnContext, TurnReader};
use std::collections::BTreeMap;

/// A program that reads the prompt and edits the tree.
#[derive(Debug, Clone)]
pub struct CommandAgent {
    name: String,
    argv: Vec<String>,
    env: BTreeMap<String, String>,
}

impl CommandAgent {
    /// A program under the name by which it is configured.
    pub fn new(name: &str, argv: Vec<String>, env: BTreeMap<String, String>) -> Self {
        Self { name: name.to_owned(), argv, env }
    }
}

impl Agent for CommandAgent {
    fn name(&self) -> &str {
        &self.name
    }

    fn turn(&self, context: &TurnContext<'_>) -> Turn {
        let mut env = self.env.clone();
        env.insert("DOGWATCH_ITERATION".to_owned(), context.iteration.to_string());
        Turn { argv: self.argv.clone(), env, stdin: context.prompt.as_bytes().to_vec(), open_until: None }
    }

    fn steer(&self, _number: u32, _guidance: &str) -> Option<Vec<u8>> {
        None
    }

    fn reader(&self, _context: &TurnContext<'_>) -> Box<dyn TurnReader> {
        Box::<EndingLine>::default()
    }
}
