//! Questions of agents in SQL: asked of a child process, over what the run's role may read.

use super::field::Arguments;
use super::{DATA, Given, Knowledge, ToolFault, Toolset, flat, who};
use crate::domain::{Millis, RunId};
use crate::query::{Asked, Told};
use serde_json::json;

/// Rows, where an agent does not say how many.
const ROWS: u32 = 100;

impl Knowledge {
    pub(super) async fn query(&self, run: RunId, toolset: &Toolset, arguments: &Arguments) -> Given {
        let Some(queries) = &self.queries else {
            return Err(ToolFault::refused("this engine answers no questions in SQL".to_owned()));
        };
        let who = flat(self.store.read(move |view| Ok(who(view, run, Millis(0)))).await)?;
        let asked = Asked {
            database: queries.database().to_owned(),
            project: who.project,
            across: self.across,
            run,
            data: toolset.data().clone(),
            sql: arguments.text("sql").unwrap_or_default().to_owned(),
            most: arguments.number("limit").unwrap_or(ROWS),
        };
        match queries.answer(&asked).await {
            Told::Rows(rows) => Ok(json!({
                "says": DATA, "columns": rows.columns, "rows": rows.rows, "more": rows.more,
                "from": "copies of the engine's rows; what is in notes is an agent's word",
            })),
            Told::Refused(words) => Err(ToolFault::refused(words)),
            Told::Failed(reason) => {
                tracing::warn!(%run, "a question in SQL failed: {reason}");
                Err(ToolFault::Failed(reason))
            }
        }
    }
}
