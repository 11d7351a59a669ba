//! A run that counts: its steps build on each other, so that its end tells whether work was lost or done twice.

use super::{DockerEnv, TempRepo};
use dogwatch::domain::RunState;
use dogwatch::protocol::RunDetail;
use serde_json::{Value, json};

/// A run counts up to the wanted value, one step an iteration. Each edit fails unless it finds exactly what the one
/// before it left, so work that is applied twice or lost shows.
pub fn counting_repo(docker: &DockerEnv, rounds: u32, turn: u32, more: &str) -> TempRepo {
    let entries: Vec<Value> = (0..rounds)
        .map(|round| {
            let (old, new) = (format!("value={round}\n"), format!("value={}\n", round + 1));
            let edit = json!({ "path": "value", "replace": { "old": old, "new": new } });
            json!({ "say": format!("round {round}"), "edits": [edit], "claims": "done", "sleep": turn })
        })
        .collect();
    let script = json!({ "replay": 1, "iterations": entries }).to_string();
    let check = format!(
        "echo checks\nif grep -q '^value={rounds}$' value; then bad=; code=0; else bad='<failure message=\"too small\"/>'; code=1; fi\n\
         printf '<testsuite tests=\"2\"><testcase classname=\"c\" name=\"there\"/><testcase classname=\"c\" name=\"right\">%s\
         </testcase></testsuite>' \"$bad\" > report.xml\nsleep 0.5\nexit $code\n"
    );
    let toml = format!(
        "[image]\nreference = \"{}\"\n\n[[suite]]\nname = \"unit\"\ncommand = \"sh check.sh\"\nformat = \"junit\"\n\
         report = \"report.xml\"\ntimeout = \"1m\"\n\n[agent]\nname = \"replay\"\nscript = \"replay.json\"\n{more}",
        docker.image
    );
    let files = [
        ("dogwatch.toml", toml.as_str()),
        ("check.sh", check.as_str()),
        ("value", "value=0\n"),
        ("replay.json", &script),
    ];
    TempRepo::new(&files)
}

/// An iteration's number, tree, and tests passed, failed and skipped.
pub type Round = (u32, Option<String>, (u32, u32, u32));

/// What must be the same however often the engine died.
#[derive(Debug, PartialEq, Eq)]
pub struct End {
    /// How it ended.
    pub state: RunState,
    /// Every iteration.
    pub iterations: Vec<Round>,
    /// Iterations that count.
    pub spent: u32,
}

/// The end of a run.
pub fn end(detail: &RunDetail) -> End {
    End {
        state: detail.view.run.state,
        iterations: detail.iterations.iter().map(|one| (one.number, one.tree.clone(), one.tests)).collect(),
        spent: detail.view.run.spent.iterations,
    }
}
