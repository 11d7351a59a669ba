//! What the agents are started with.

use super::*;
use crate::agent::{Agent, CodingAgent, CodingSettings, Session, ToolServer, TurnContext};

const ID: &str = "0f8fad5b-d9cb-569f-a165-70867728950e";

fn turn(agent: &CodingAgent, session: Session<'_>) -> String {
    let turn = agent.turn(&TurnContext { iteration: 3, audit: false, prompt: "Repair it.", session });
    let open = turn.open_until.map_or_else(String::new, |word| format!("open until {word}\n"));
    let input = String::from_utf8(turn.stdin).unwrap();
    let steer = agent.steer(4, "Use \"tabs\".\nOnly tabs.").map(|bytes| String::from_utf8(bytes).unwrap());
    let given = format!("{open}<< {}\n{}", input.trim_end(), steer.unwrap_or_default());
    let words = turn.argv.iter().map(|word| format!("{word}\n"));
    let words: String = words.chain(turn.env.iter().map(|(name, value)| format!("{name}={value}\n"))).collect();
    words + &given
}

#[test]
fn every_agent_is_started_as_it_was_tried() {
    for adapter in Adapter::ALL {
        let settings = CodingSettings {
            model: Some(if adapter == Adapter::Opencode { "anthropic/m-1" } else { "m-1" }.to_owned()),
            arguments: vec!["--extra".to_owned(), "x y".to_owned()],
            ..CodingSettings::of(adapter)
        };
        let plain = CodingAgent::new("one", settings, "http://127.0.0.1:8080", "/home");
        let server = ToolServer { name: "echo".to_owned(), url: "http://127.0.0.1:8080/mcp?\"it\"".to_owned() };
        let more = plain.clone().with_servers(vec![server]);
        let resumed = Session::Resumed { id: ID, used: Tokens::default() };
        let text =
            format!("{}\n---- resumed, with a tool server\n{}", turn(&plain, Session::New(ID)), turn(&more, resumed));
        insta::assert_snapshot!(format!("start-{}", adapter.name()), text);
        assert_eq!(turn(&plain, Session::New(ID)), turn(&plain, Session::New(ID)));
    }
}

#[test]
fn a_prompt_is_never_an_argument() {
    for adapter in Adapter::ALL {
        let agent = CodingAgent::new("one", CodingSettings::of(adapter), "http://127.0.0.1:8080", "/home");
        let turn = agent.turn(&TurnContext {
            iteration: 1,
            audit: false,
            prompt: "--version; $(reboot)",
            session: Session::New(ID),
        });
        assert!(!turn.argv.iter().chain(turn.env.values()).any(|word| word.contains("reboot")));
    }
}

#[test]
fn an_auditor_is_not_told_how_to_work_and_has_no_shell() {
    for (adapter, word) in [
        (Adapter::Claude, "--disallowedTools Bash"),
        (Adapter::Gemini, r#""exclude":["run_shell_command"]"#),
        (Adapter::Opencode, r#""bash":"deny""#),
        (Adapter::Copilot, "--deny-tool shell"),
    ] {
        let agent = CodingAgent::new("one", CodingSettings::of(adapter), "http://127.0.0.1:8080", "/home");
        let said = |audit| {
            let turn = agent.turn(&TurnContext { iteration: 1, audit, prompt: "Judge it.", session: Session::New(ID) });
            let words: Vec<String> = turn.argv.into_iter().chain(turn.env.into_values()).collect();
            words.join(" ")
        };
        assert!(said(true).contains(word) && !said(false).contains(word), "{}", said(true));
        assert!(!said(true).contains("AGENTS.md"), "{}", said(true));
    }
}
