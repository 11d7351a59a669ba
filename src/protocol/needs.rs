//! Which role a request needs. The one table of it: a new request does not compile before it stands here.

use super::{DatasetAsk, DeliverAs, FeatureAsk, LessonAsk, Request, ScheduleAsk, Verdict};
use crate::domain::OperatorRole;

impl Request {
    /// The word that stands for it on the socket.
    pub fn word(&self) -> String {
        // Every request is an object with this field, so the other word never comes.
        let value = serde_json::to_value(self).unwrap_or_default();
        value.get("type").and_then(serde_json::Value::as_str).unwrap_or("request").to_owned()
    }

    /// The role without which the engine refuses it.
    pub fn needs(&self) -> OperatorRole {
        match self {
            Self::Status
            | Self::WhoAmI
            | Self::Projects
            | Self::Runs { .. }
            | Self::Run { .. }
            | Self::Iteration { .. }
            | Self::Diff { .. }
            | Self::Deliver { how: DeliverAs::Patch, .. }
            | Self::Questions { .. }
            | Self::Question { .. }
            | Self::Budget
            | Self::Models
            | Self::Usage { .. }
            | Self::Egress { .. }
            | Self::Hosts { .. }
            | Self::Logs { .. }
            | Self::ReadLog { .. }
            | Self::FollowLog { .. }
            | Self::ReadLines { .. }
            | Self::SearchLines { .. }
            | Self::TailLog { .. }
            | Self::Bugs { .. }
            | Self::Bug { .. }
            | Self::Metrics { .. }
            | Self::Tools { .. }
            | Self::Tasks { .. }
            | Self::Entries
            | Self::Feature { about: FeatureAsk::List { .. } | FeatureAsk::One { .. } }
            | Self::Lesson { about: LessonAsk::List { .. } }
            | Self::Dataset { about: DatasetAsk::List | DatasetAsk::One { .. } }
            | Self::Schedule { about: ScheduleAsk::List { .. } | ScheduleAsk::One { .. } }
            | Self::Witness { .. }
            | Self::Assets
            | Self::Asset { .. }
            | Self::Proposals { .. }
            | Self::Proposal { .. }
            | Self::ReadOutput { .. }
            // Who may do these is the rules' of [approvals] to say, asset by asset.
            | Self::Propose { .. }
            | Self::EditProposal { .. }
            | Self::Decide { verdict: Verdict::Withdraw { .. } | Verdict::Deny { .. } | Verdict::Stop { .. }, .. }
            | Self::Collect { dry_run: true }
            | Self::Watch { .. } => OperatorRole::Viewer,
            Self::Submit { .. }
            | Self::Pause { .. }
            | Self::Resume { .. }
            | Self::Redirect { .. }
            | Self::Cancel { .. }
            | Self::Prioritise { .. }
            | Self::Rollback { .. }
            | Self::Deliver { how: DeliverAs::Branch { .. }, .. }
            | Self::StopModels { .. }
            | Self::CloseHost { .. }
            | Self::AddEntry { .. }
            | Self::Feature { .. }
            | Self::Schedule { .. }
            | Self::Lesson { .. }
            | Self::Dataset { about: DatasetAsk::Verify { .. } }
            | Self::CloseBug { .. }
            | Self::AddBug { .. }
            | Self::MergeBugs { .. }
            | Self::LookAtAsset { .. }
            | Self::RemoveEntry { .. } => OperatorRole::Operator,
            // Whoever sees that something goes wrong may stop it; that money is spent again is a decision. What only steers a run
            // (`QuestionKind::steers`) operators answer as well, which `server/connection` knows by the question.
            Self::Answer { .. }
            | Self::AwaitDay { .. }
            | Self::OpenHost { .. }
            | Self::StartModels { .. }
            | Self::AgreeToAll { .. }
            | Self::Decide { .. } => OperatorRole::Approver,
            Self::Audit { .. } | Self::VerifyAudit => OperatorRole::Auditor,
            // A repository is read with the engine's rights, wherever it lies; what a live system is and by which keys it is known
            // decides what approvals are worth.
            Self::AddProject { .. }
            | Self::RemoveProject { .. }
            // So is a data set.
            | Self::Dataset { .. }
            | Self::PutAssets { .. }
            | Self::RemoveAsset { .. }
            | Self::Stop
            | Self::Collect { dry_run: false } => OperatorRole::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::domain::{OperatorRole, has_role};
    use crate::protocol::Request;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    fn proposed() -> Value {
        json!({ "asset": "a", "command": { "program": { "as": "argv", "words": [[108, 115]] }, "stdin": null, "env": [],
            "cwd": "/", "user": null, "timeout": 60 } })
    }

    /// One of each request as it crosses the socket, with the least role that may ask it.
    fn all() -> Vec<(Value, OperatorRole)> {
        use OperatorRole::{Admin, Approver, Auditor, Operator, Viewer};
        vec![
            (json!({ "type": "status" }), Viewer),
            (json!({ "type": "who_am_i" }), Viewer),
            (json!({ "type": "stop" }), Admin),
            (json!({ "type": "add_project", "source": "/r", "name": null }), Admin),
            (json!({ "type": "projects" }), Viewer),
            (
                json!({ "type": "submit", "project": "p", "task": "t", "criteria": [], "agent": null, "iterations": null,
                     "revision": null }),
                Operator,
            ),
            (json!({ "type": "runs", "all": true }), Viewer),
            (json!({ "type": "run", "run": 1 }), Viewer),
            (json!({ "type": "iteration", "run": 1, "iteration": 1 }), Viewer),
            (json!({ "type": "look_at_asset", "name": "db-1" }), Operator),
            (json!({ "type": "pause", "run": 1 }), Operator),
            (json!({ "type": "resume", "run": 1 }), Operator),
            (json!({ "type": "redirect", "run": 1, "text": "t" }), Operator),
            (json!({ "type": "cancel", "run": 1, "reason": "r" }), Operator),
            (json!({ "type": "prioritise", "run": 1, "priority": "high" }), Operator),
            (json!({ "type": "rollback", "run": 1, "iteration": 1 }), Operator),
            (json!({ "type": "diff", "run": 1, "iteration": null }), Viewer),
            (json!({ "type": "deliver", "run": 1, "iteration": null, "how": "patch" }), Viewer),
            (
                json!({ "type": "deliver", "run": 1, "iteration": null, "how": { "branch": { "name": null, "force": false } } }),
                Operator,
            ),
            (json!({ "type": "questions", "all": true }), Viewer),
            (json!({ "type": "question", "question": 1 }), Viewer),
            (json!({ "type": "answer", "question": 1, "approve": true, "reason": "" }), Approver),
            (json!({ "type": "await_day", "question": 1 }), Approver),
            (json!({ "type": "open_host", "question": 1 }), Approver),
            (json!({ "type": "hosts", "project": "p" }), Viewer),
            (json!({ "type": "close_host", "project": "p", "host": "a.example" }), Operator),
            (json!({ "type": "proposals", "all": true }), Viewer),
            (json!({ "type": "proposal", "proposal": 1 }), Viewer),
            (json!({ "type": "read_output", "proposal": 1, "offset": 0, "most": 1 }), Viewer),
            (json!({ "type": "propose", "new": proposed() }), Viewer),
            (json!({ "type": "edit_proposal", "proposal": 1, "new": proposed() }), Viewer),
            (json!({ "type": "decide", "proposal": 1, "verdict": { "decision": "approve", "digest": "d" } }), Approver),
            (json!({ "type": "decide", "proposal": 1, "verdict": { "decision": "deny", "reason": "r" } }), Viewer),
            (json!({ "type": "decide", "proposal": 1, "verdict": { "decision": "withdraw" } }), Viewer),
            (json!({ "type": "decide", "proposal": 1, "verdict": { "decision": "stop", "reason": "r" } }), Viewer),
            (json!({ "type": "decide", "proposal": 1, "verdict": { "decision": "review" } }), Approver),
            (json!({ "type": "agree_to_all", "yes": [{ "proposal": 1, "digest": "d" }] }), Approver),
            (json!({ "type": "budget" }), Viewer),
            (json!({ "type": "models" }), Viewer),
            (json!({ "type": "stop_models", "project": null, "reason": "" }), Operator),
            (json!({ "type": "start_models", "project": null }), Approver),
            (json!({ "type": "usage", "run": 1 }), Viewer),
            (json!({ "type": "egress", "run": 1 }), Viewer),
            (json!({ "type": "logs", "run": 1 }), Viewer),
            (json!({ "type": "read_log", "run": 1, "step": "s", "offset": 0, "most": 1 }), Viewer),
            (json!({ "type": "follow_log", "run": 1, "from_iteration": 0 }), Viewer),
            (json!({ "type": "read_lines", "run": 1, "step": "s", "first": null, "part": 0, "most": 1 }), Viewer),
            (
                json!({ "type": "search_lines", "run": 1, "step": "s", "sought": { "text": "x" }, "from": 0, "backward": false,
                     "most": 1 }),
                Viewer,
            ),
            (json!({ "type": "tail_log", "run": 1, "most": 1 }), Viewer),
            (json!({ "type": "bugs", "all": true }), Viewer),
            (json!({ "type": "bug", "bug": 1 }), Viewer),
            (json!({ "type": "metrics", "days": 30 }), Viewer),
            (json!({ "type": "close_bug", "bug": 1, "reason": "r" }), Operator),
            (json!({ "type": "add_bug", "project": "p", "title": "t", "text": "" }), Operator),
            (json!({ "type": "merge_bugs", "from": 1, "into": 2, "reason": "r" }), Operator),
            (json!({ "type": "tools", "run": 1 }), Viewer),
            (json!({ "type": "tasks", "run": null }), Viewer),
            (json!({ "type": "add_entry", "kind": "dataset", "project": null, "name": "n", "text": "t" }), Operator),
            (json!({ "type": "entries" }), Viewer),
            (json!({ "type": "remove_entry", "entry": 1 }), Operator),
            (json!({ "type": "assets" }), Viewer),
            (json!({ "type": "asset", "name": "db" }), Viewer),
            (json!({ "type": "put_assets", "assets": [], "replace": false }), Admin),
            (json!({ "type": "remove_asset", "name": "db" }), Admin),
            (json!({ "type": "witness", "seen": 3 }), Viewer),
            (json!({ "type": "verify_audit" }), Auditor),
            (json!({ "type": "audit", "before": null, "most": 1 }), Auditor),
            (json!({ "type": "collect", "dry_run": true }), Viewer),
            (json!({ "type": "collect", "dry_run": false }), Admin),
            (json!({ "type": "watch", "since": null }), Viewer),
        ]
    }

    /// The same of what is kept for projects.
    fn kept() -> Vec<(Value, OperatorRole)> {
        use OperatorRole::{Admin, Operator, Viewer};
        vec![
            (json!({ "type": "feature", "about": { "ask": "list", "project": null, "all": false } }), Viewer),
            (json!({ "type": "feature", "about": { "ask": "one", "feature": 1 } }), Viewer),
            (
                json!({ "type": "feature", "about": { "ask": "add", "project": "p", "title": "t", "text": "x", "criteria": [],
                     "notes": "" } }),
                Operator,
            ),
            (json!({ "type": "feature", "about": { "ask": "edit", "feature": 1, "title": "t" } }), Operator),
            (json!({ "type": "feature", "about": { "ask": "close", "feature": 1, "reason": "r" } }), Operator),
            (json!({ "type": "feature", "about": { "ask": "reopen", "feature": 1 } }), Operator),
            (json!({ "type": "remove_project", "project": "p" }), Admin),
            (json!({ "type": "dataset", "about": { "ask": "list" } }), Viewer),
            (json!({ "type": "dataset", "about": { "ask": "one", "name": "n" } }), Viewer),
            (json!({ "type": "dataset", "about": { "ask": "verify", "name": "n" } }), Operator),
            (
                json!({ "type": "dataset", "about": { "ask": "add", "name": "n", "path": "/d", "project": null, "text": "" } }),
                Admin,
            ),
            (json!({ "type": "dataset", "about": { "ask": "remove", "name": "n" } }), Admin),
            (json!({ "type": "lesson", "about": { "ask": "list", "project": null } }), Viewer),
            (json!({ "type": "lesson", "about": { "ask": "add", "project": "p", "text": "t" } }), Operator),
            (json!({ "type": "lesson", "about": { "ask": "edit", "lesson": 1, "text": "t" } }), Operator),
            (json!({ "type": "lesson", "about": { "ask": "remove", "lesson": 1 } }), Operator),
            (json!({ "type": "schedule", "about": { "ask": "list", "project": null } }), Viewer),
            (json!({ "type": "schedule", "about": { "ask": "one", "schedule": 1 } }), Viewer),
            (json!({ "type": "schedule", "about": { "ask": "add", "project": "p", "suites": [] } }), Operator),
            (json!({ "type": "schedule", "about": { "ask": "pause", "schedule": 1 } }), Operator),
            (json!({ "type": "schedule", "about": { "ask": "resume", "schedule": 1 } }), Operator),
            (json!({ "type": "schedule", "about": { "ask": "remove", "schedule": 1 } }), Operator),
        ]
    }

    #[test]
    fn each_request_is_open_to_just_the_roles_that_include_the_one_it_needs() {
        let mut tried = 0;
        for (text, needed) in all().into_iter().chain(kept()) {
            let request: Request = serde_json::from_value(text.clone()).unwrap();
            assert_eq!(request.needs(), needed, "{text}");
            for role in OperatorRole::ALL {
                let open = has_role(&BTreeSet::from([role]), request.needs());
                let expected = role == needed
                    || role == OperatorRole::Admin
                    || needed == OperatorRole::Viewer
                    || (role, needed) == (OperatorRole::CriticalApprover, OperatorRole::Approver);
                assert_eq!(open, expected, "{text} by {}", role.name());
                tried += 1;
            }
            assert!(!has_role(&BTreeSet::new(), request.needs()), "{text} is open to nobody in particular");
        }
        assert_eq!(tried, (all().len() + kept().len()) * OperatorRole::ALL.len());
    }

    /// Every variant of the enumeration stands in the list above.
    #[test]
    fn no_request_is_left_out() {
        let listed: BTreeSet<String> =
            all().iter().chain(&kept()).map(|(text, _)| text["type"].as_str().unwrap().to_owned()).collect();
        let unknown = serde_json::from_value::<Request>(json!({ "type": "?" })).unwrap_err().to_string();
        let known: BTreeSet<String> = unknown.split('`').skip(1).step_by(2).skip(1).map(str::to_owned).collect();
        assert_eq!(listed, known);
    }
}
