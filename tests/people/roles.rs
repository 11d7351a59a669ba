//! Each role against requests of each kind, as real users.

use crate::system::System;
use crate::users::{Group, User, can_be_made};
use serde_json::json;
use std::fmt::Write as _;

/// One request for each role, which does nothing where it is allowed: there is no such thing.
fn probes() -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("viewer", json!({ "type": "status" })),
        ("operator", json!({ "type": "pause", "run": 99 })),
        ("approver", json!({ "type": "answer", "question": 99, "approve": true, "reason": "" })),
        ("auditor", json!({ "type": "audit", "before": null, "most": 1 })),
        ("admin", json!({ "type": "remove_asset", "name": "nothing" })),
    ]
}

#[test]
fn each_role_opens_what_it_includes_and_refusals_say_who_can_give_more() {
    if !can_be_made() {
        return;
    }
    let reach = Group::new();
    let roles = ["viewer", "operator", "approver", "critical-approver", "auditor", "admin"];
    let groups: Vec<Group> = roles.iter().map(|_| Group::new()).collect();
    let users: Vec<User> = groups.iter().map(|group| User::new(&[&reach, group])).collect();
    let (nobody, outside) = (User::new(&[&reach]), User::new(&[&groups[5]]));
    let mut config = format!("[engine]\ngroup = \"{}\"\n[operators]\n", reach.0);
    for (role, group) in roles.iter().zip(&groups) {
        writeln!(config, "{role} = [\"@{}\"]", group.0).unwrap();
    }
    let system = System::start_unseen(&config);
    let mut checks = 0;
    for (role, user) in roles.iter().zip(&users) {
        user.act(|| {
            let mut link = system.greet().unwrap();
            for (needed, request) in probes() {
                let open = *role == "admin"
                    || *role == needed
                    || needed == "viewer"
                    || (*role, needed) == ("critical-approver", "approver");
                let fault = link.fault(&request);
                assert_eq!(fault != "forbidden", open, "{needed} by {role}: {fault}");
                checks += 1;
            }
        });
    }
    assert_eq!(checks, 30);
    // The socket's group alone gives nothing, and a role alone does not reach the socket.
    let refused = nobody.act(|| system.greet().unwrap_err().to_string());
    assert!(refused.contains("forbidden") && refused.contains("has none here"), "{refused}");
    // Metrics by HTTP are no other door.
    let refused = nobody.act(|| system.collect());
    assert!(refused.starts_with("HTTP/1.1 403") && refused.contains("has none here"), "{refused}");
    assert!(users[0].act(|| system.collect()).starts_with("HTTP/1.1 200"));
    let closed = outside.act(|| system.greet().unwrap_err().kind());
    assert_eq!(closed, std::io::ErrorKind::PermissionDenied);
    // The engine's own user is nobody in particular where there are operators.
    assert!(system.greet().unwrap_err().to_string().contains("forbidden"));
    // The same in words, through the commands.
    let pause = system.cmd_as(&users[0], "", &["pause", "r99"]);
    assert_eq!(pause.code, Some(5), "{pause:?}");
    assert!(pause.stderr.contains("needs the role operator") && pause.stderr.contains(&groups[5].0), "{pause:?}");
    let words = system.cmd_as(&users[3], "", &["whoami"]);
    assert!(words.expect_code(0).contains("roles critical-approver, which includes viewer, approver"), "{words:?}");
    let outside = system.cmd_as(&outside, "", &["ps"]);
    assert_eq!(outside.code, Some(5), "{outside:?}");
    assert!(outside.stderr.contains(&format!("let you into the group {}", reach.0)), "{outside:?}");
}

/// What only steers a run operators answer as well; whoever looks on does not.
#[test]
fn an_operator_answers_what_only_steers() {
    if !can_be_made() {
        return;
    }
    let reach = Group::new();
    let (ada, eve) = (User::new(&[&reach]), User::new(&[&reach]));
    let system = System::start(&format!(
        "[engine]\ngroup = \"{}\"\n[operators]\nadmin = [\"root\"]\noperator = [\"{}\"]\nviewer = [\"{}\"]\n",
        reach.0, ada.name, eve.name
    ));
    let toml = "[image]\nreference = \"docker.io/library/python:3\"\n[[suite]]\nname = \"unit\"\ncommand = \"true\"\nformat = \"junit\"\nreport = \"r.xml\"\n\
                [agent]\nname = \"command\"\ncommand = [\"true\"]\n";
    let repo = crate::support::TempRepo::new(&[("dogwatch.toml", toml)]);
    let root = |args: &[&str]| crate::support::bare::output(&mut system.users(args)).expect_code(0).to_owned();
    root(&["project", "add", repo.path().to_str().unwrap(), "--name", "shop"]);
    root(&["run", "a", "--project", "shop"]);
    root(&["run", "b", "--project", "shop", "--after", "r1"]);
    root(&["cancel", "r1", "--reason", "enough"]);
    let mut link = ada.act(|| system.greet().unwrap());
    let mut asked = serde_json::Value::Null;
    crate::support::wait_until("the question about r2", std::time::Duration::from_mins(1), || {
        let answer = ada.act(|| link.ask(&json!({ "type": "questions", "all": false })).unwrap());
        asked = answer["reply"]["reply"]["questions"][0].clone();
        asked["kind"] == "predecessor"
    });
    let no = json!({ "type": "answer", "question": asked["id"], "approve": false, "reason": "not without a" });
    eve.act(|| assert_eq!(system.greet().unwrap().fault(&no), "forbidden"));
    ada.act(|| assert_eq!(link.fault(&no), ""));
    // One that is not there is an approver's, as far as anybody can tell.
    ada.act(|| assert_eq!(link.fault(&probes()[2].1), "forbidden"));
}

/// The system's engine is down: nobody gets one of their own beside it by the way.
#[test]
fn nobody_starts_an_engine_of_their_own_beside_the_machines() {
    if !can_be_made() {
        return;
    }
    let (reach, theirs) = (Group::new(), "theirs");
    let user = User::new(&[&reach]);
    let config =
        format!("[engine]\ngroup = \"{}\"\n[operators]\nadmin = [\"root\"]\nviewer = [\"{}\"]\n", reach.0, user.name);
    let mut system = System::start(&config);
    assert!(system.cmd_as(&user, "", &["ps"]).expect_code(0).contains("no run is at work"));
    system.stop();
    assert_eq!(system.cmd_as(&user, "", &["ps"]).code, Some(3));
    let serve = system.cmd_as(&user, "", &["serve"]);
    assert_eq!(serve.code, Some(5), "{serve:?}");
    assert!(!system.path().join(theirs).exists());
    // Without the group there is no engine, and it says what to do.
    let broken = System::prepare("[engine]\ngroup = \"dw-no-such-group\"\n");
    let output = crate::support::bare::output(&mut broken.engines(&["serve", "--system"]));
    assert!(output.code == Some(1) && output.stderr.contains("groupadd --system dw-no-such-group"), "{output:?}");
}
