//! The whole of it at once: an agent in a container finds a service down on a live asset and proposes what would mend it; one person
//! reads and corrects that in a console, another one agrees in theirs; it runs once over SSH, the service is healthy, the run goes on
//! to its end, and the trail tells it all. Also with the engine killed at the instant at which it runs. The asset is a real sshd, people
//! are real Unix users (which needs root: elsewhere it says so and skips), the agent is played (`tests/agents/claude`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

#[path = "repair/scene.rs"]
mod scene;
#[path = "repair/service.rs"]
mod service;
#[path = "people/system.rs"]
#[allow(dead_code, reason = "each test program uses its own part of this module")]
mod system;
#[path = "people/users.rs"]
#[allow(dead_code, reason = "each test program uses its own part of this module")]
mod users;

mod needs_docker {
    use crate::scene::Scene;
    use crate::support::dialog;
    use crate::support::loops::{REST, RIGHT, WRONG, python_repo};
    use crate::support::model::{Model, Say};
    use crate::support::{docker, wait_until};
    use dogwatch::domain::{RunId, RunState};
    use serde_json::{Value, json};
    use std::fs;

    const AGENT: &str = "[agent]\nname = \"claude\"\nmodel = \"m\"\n";

    /// Up to the point at which an approver reads what ada made of the agent's proposal. `state` is what the agent waits to hear of it.
    fn corrected(crash: Option<&str>, state: &str) -> Option<(Scene, Model, RunId)> {
        let docker = docker()?;
        let model = Model::start(vec![Say::Hang]);
        let mut scene = Scene::new(&docker, &model)?;
        if crash.is_some() {
            scene.restart(crash);
        }
        assert!(scene.is_down() && !scene.service.is_up());
        // It mistakes the service's name.
        let wrong = json!({
            "write": { "calc.py": WRONG.replace("a - b", "a * b") },
            "tools": [
                ["assets", { "name": "web-1" }],
                ["propose_execution", {
                    "asset": "web-1", "argv": ["systemctl", "restart", "shp.service"],
                    "why": "shop.service failed", "expect": "the shop answers", "undo": "stop it", "timeout": 60,
                }],
                ["!until", ["proposals", {}, state]],
                ["proposals", {}],
            ],
        });
        let right = json!({ "write": { "calc.py": RIGHT }, "tools": [["assets", { "name": "web-1" }]] });
        model.now_say(vec![Say::order(&wrong), Say::order(&right)]);
        let repo = python_repo(&docker, AGENT, &[("claude", include_str!("agents/claude"))]);
        let run = scene.begin(&repo);
        scene.until("x1", "pending");
        let mut ada = scene.console(&scene.ada, 60, 100);
        dialog::open(&mut ada);
        for text in ["2: shp.service", "shop.service failed", "the agent (remedy)"] {
            ada.wait_for(text);
        }
        ada.type_keys("e");
        ada.wait_for("Another command in the place of x1");
        ada.type_keys("the unit is called shop\u{1b}[B\u{1b}[B\u{1b}[B\u{1b}[F");
        ada.type_keys(&"\u{7f}".repeat("shp.service".len()));
        ada.type_keys("shop.service");
        dialog::see();
        ada.type_keys("\r");
        ada.wait_for("x2 for web-1");
        ada.wait_for("it was edited from x1");
        // Who asked for it does not decide it.
        ada.type_keys("y");
        ada.wait_for("your yes would not count");
        ada.type_keys("q");
        assert_eq!(ada.end(), Some(0));
        assert_eq!((scene.proposal("x1")["state"].as_str(), scene.service.restarts()), (Some("superseded"), 0));
        scene.repo = Some(repo);
        Some((scene, model, run))
    }

    /// Ben reads it in his console, and types the code that is drawn there.
    fn agreed(scene: &Scene) {
        let mut ben = scene.console(&scene.ben, 24, 80);
        dialog::open(&mut ben);
        ben.wait_for("x2 for web-1");
        dialog::read(&mut ben);
        let code = dialog::code(&mut ben);
        dialog::see();
        ben.type_keys(&format!("{code}\r"));
        wait_until("ben's yes", REST, || !ben.shown().contains("Type this code"));
    }

    /// The run is over as it should be, with the trail whole.
    fn over(scene: &Scene, model: &Model, run: RunId, told: &str) {
        let detail = scene.rested(run);
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{detail:#?}");
        let prompt = model.asked().iter().map(|asked| asked.body.clone()).next_back().unwrap();
        assert!(prompt.contains("a person put x2 in its place; it did not run") && prompt.contains(told), "{prompt}");
        scene.assert_nothing_left();
        scene.assert_anchored();
    }

    /// Lines of the log of the asset that tell of an event.
    fn story(scene: &Scene) -> Vec<(String, String)> {
        let log = scene.system.cmd_as(&scene.ben, "", &["audit", "log", "--asset", "web-1", "-n", "200", "--json"]);
        let event = |line: &str| {
            let event: Value = serde_json::from_str(line).unwrap();
            let record = &event["record"];
            (record["kind"].as_str().unwrap().to_owned(), record["actor"].to_string())
        };
        log.expect_code(0).lines().map(event).filter(|(kind, _)| kind.starts_with("proposal.")).collect()
    }

    #[test]
    fn what_an_agent_proposes_is_corrected_by_one_agreed_by_another_and_runs_once() {
        let Some((scene, model, run)) = corrected(None, "succeeded") else { return };
        agreed(&scene);
        scene.until("x2", "succeeded");
        assert!(scene.service.is_up() && !scene.is_down());
        over(&scene, &model, run, "it ran and ended with 0");
        assert_eq!(scene.service.restarts(), 1);
        let (ada, ben, engine) = (scene.ada.name.as_str(), scene.ben.name.as_str(), "engine");
        let story = story(&scene);
        let expected = [
            ("proposal.asked", engine),
            ("proposal.asked", ada),
            ("proposal.superseded", ada),
            ("proposal.approved", ben),
            ("proposal.claimed", engine),
            ("proposal.dispatched", engine),
            ("proposal.running", engine),
            ("proposal.succeeded", engine),
        ];
        assert_eq!(story.len(), expected.len(), "{story:#?}");
        for ((kind, actor), (wanted, who)) in story.iter().zip(expected) {
            assert!(kind == wanted && actor.contains(who), "{story:#?}");
        }
        let vote = &scene.proposal("x2")["votes"][0];
        assert!(vote["seen"]["rows"].as_u64() > Some(20) && vote["seen"]["columns"] == 78, "{vote}");
        let printed = scene.cmd(&["approvals", "output", "x2"]);
        assert_eq!(printed.expect_code(0).trim(), "the shop is open");
    }

    /// Killed between the word that it is about to start and its first byte: it did not run, and never will.
    #[test]
    fn an_engine_that_dies_before_the_first_byte_has_it_run_never() {
        let point = "proposal.dispatch.after";
        let Some((mut scene, model, run)) = corrected(Some(point), "not_run") else { return };
        agreed(&scene);
        wait_until("the engine's death", REST, || scene.system.has_ended());
        scene.restart(None);
        scene.until("x2", "not_run");
        over(&scene, &model, run, "it did not run and never will");
        assert_eq!((scene.service.restarts(), scene.is_down()), (0, true));
    }

    /// Killed when it has run and nothing of that is written down yet: the asset's receipt tells it.
    #[test]
    fn an_engine_that_dies_when_it_ran_learns_it_from_the_asset() {
        let point = "execution.dispatched";
        let Some((mut scene, model, run)) = corrected(Some(point), "succeeded") else { return };
        agreed(&scene);
        wait_until("the engine's death", REST, || scene.system.has_ended());
        scene.restart(None);
        scene.until("x2", "succeeded");
        over(&scene, &model, run, "it ran and ended with 0");
        assert_eq!((scene.service.restarts(), scene.is_down()), (1, false));
    }

    /// The same, and the asset has lost its receipts with its boot: people are asked, and nothing is ever started again.
    #[test]
    fn what_nobody_knows_is_asked_of_people_and_never_run_again() {
        let point = "execution.dispatched";
        let Some((mut scene, model, run)) = corrected(Some(point), "resolved_ran") else { return };
        agreed(&scene);
        wait_until("the engine's death", REST, || scene.system.has_ended());
        fs::remove_dir_all(scene.sshd.file("receipts")).unwrap();
        scene.sshd.reboot(2);
        scene.restart(None);
        scene.until("x2", "outcome_unknown");
        let mut ben = scene.console(&scene.ben, 30, 100);
        dialog::open(&mut ben);
        ben.wait_for("outcome unknown");
        ben.type_keys("r");
        ben.wait_for("What became of x2?");
        dialog::see();
        ben.type_keys("ran the shop answers\r");
        scene.until("x2", "resolved_ran");
        over(&scene, &model, run, "a person found that it ran");
        assert_eq!((scene.service.restarts(), scene.is_down()), (1, false));
    }
}
