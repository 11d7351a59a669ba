//! Tests of `config.toml`, of the choice of an agent, of the places, and of the reference page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::agent::Adapter;
use crate::domain::{Caps, ProjectAllowance, Role};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const ENGINE: &str = "[docker]\nhost = \"unix:///run/docker.sock\"\nallowed-registries = [\"localhost:5000\"]\n\
                      [engine]\nmax-runs = 3\nmemory = \"6GiB\"\ncpus = 2.5\nreserve = \"1GiB\"\n[agents.nora]\ncommand = [\"nora\"]\ntimeout = \"2h\"\nenv = { A = \"1\" }\n";

#[test]
fn the_reference_page_is_fresh() {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/docs/config.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&place, reference()).unwrap();
    }
    let stored = std::fs::read_to_string(&place).unwrap();
    assert!(stored == reference(), "assets/docs/config.md is stale: run this test once with UPDATE_DOCS=1");
}

/// Tables that stand in a repository's file; all others stand in the engine's.
const OF_A_PROJECT: [&str; 5] = ["[agent]", "[setup]", "[services.", "[[suite]]", "[browser]"];

/// What the pages of `dogwatch help` show as TOML is taken as it stands there.
#[test]
fn the_examples_of_the_pages_hold() {
    let pages = std::fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/docs")).unwrap();
    let mut project = "version = 1\n[image]\nreference = \"docker.io/library/python:3\"\n".to_owned();
    let mut of_engines = 0;
    let mut pages: Vec<PathBuf> = pages.map(|page| page.unwrap().path()).collect();
    pages.sort();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for block in text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            if OF_A_PROJECT.iter().any(|header| block.starts_with(header)) {
                project.push_str(block);
                continue;
            }
            // A key that is cut in the page.
            let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL8mZ2OMbWfHyd6u5fBuvyLJN0Cc4iwdcdtJ3Iu9p5Xb";
            let whole = block.replace("ssh-ed25519 AAAA...", key);
            let read = EngineConfig::parse(&whole, &page.display().to_string());
            assert!(read.is_ok(), "{}\n{block}", read.unwrap_err());
            of_engines += 1;
        }
        for words in text.split("# also ").skip(1).filter_map(|rest| rest.split(" and others").next()) {
            let known = |word: &str| PRESETS.iter().any(|preset| preset.word == word);
            assert!(words.split(", ").all(known), "no presets of egress: {words}");
        }
    }
    let read = ProjectConfig::parse(&project, "pages");
    assert!(read.is_ok() && of_engines > 4, "{}\n{project}", read.unwrap_err());
}

#[test]
fn the_engine_file_is_read_strictly() {
    let config = EngineConfig::parse(ENGINE, "config.toml").unwrap();
    assert_eq!((config.max_runs, config.reserve_mib), (3, 1024));
    assert_eq!((config.memory_mib, config.millicpus), (Some(6144), Some(2500)));
    assert_eq!((config.max_runs, config.docker_host.as_deref()), (3, Some("unix:///run/docker.sock")));
    assert_eq!(config.allowed_registries.into_iter().collect::<Vec<_>>(), ["localhost:5000"]);
    assert_eq!(EngineConfig::parse("", "c").unwrap(), EngineConfig::default());
    let text = "[docker]\nhost = \"tcp://x\"\n[engine]\nmax_runs = 1\n[agents.replay]\ncommand = \"x\"\n[agents.A]\n";
    let errors = EngineConfig::parse(text, "config.toml").unwrap_err().to_string();
    let marked = EngineConfig::parse("\u{feff}nonsense = 1\n", "config.toml").unwrap_err().to_string();
    assert!(marked.starts_with("config.toml:1:1: "), "{marked}");
    for part in [
        "config.toml:2:8: `host`",
        "config.toml:4:1: unknown key `max_runs`",
        "`max-runs`?",
        "is taken",
        "no `command`",
    ] {
        assert!(errors.contains(part), "{part} not in\n{errors}");
    }
}

#[test]
fn what_projects_and_days_may_spend_is_read_strictly() {
    let text = "[budget.day]\ntime = \"20h\"\niterations = 100\n[budget.iteration]\ntokens = 50000\n\
                [projects.shop.total]\nusd = 12.5\n[projects.\"my.shop\".day]\niterations = 3\n";
    let allowances = EngineConfig::parse(text, "config.toml").unwrap().allowances;
    let day = Caps { iterations: Some(100), seconds: Some(72_000), ..Caps::default() };
    assert_eq!((allowances.day, allowances.iteration.tokens), (day, Some(50_000)));
    assert_eq!(allowances.project("shop").total.microusd, Some(12_500_000));
    assert_eq!(allowances.project("my.shop").day.iterations, Some(3));
    assert_eq!(allowances.project("other"), ProjectAllowance::default());
    let text = "[budget]\niterations = 3\n[budget.iteration]\niterations = 2\n[projects.shop.day]\ntokens = 0\n";
    let errors = EngineConfig::parse(text, "config.toml").unwrap_err().to_string();
    for part in
        ["2:1: unknown key `iterations` in [budget]", "4:1: unknown key `iterations`", "6:10: `tokens` must lie"]
    {
        assert!(errors.contains(part), "{part} not in\n{errors}");
    }
    // What an agent can write raises nothing: a repository has no word for it.
    let repository = "[image]\nreference = \"a\"\n[budget.day]\niterations = 9\n";
    assert!(ProjectConfig::parse(repository, "p").unwrap_err().to_string().contains("unknown key `day` in [budget]"));
}

#[test]
fn agents_come_from_the_operator_first() {
    let engine = EngineConfig::parse(ENGINE, "c").unwrap();
    let text =
        "[image]\nreference = \"a\"\n[agent]\nname = \"nora\"\nsilence = \"off\"\nenv = { A = \"2\", B = \"3\" }\n";
    let project = ProjectConfig::parse(text, "p").unwrap();
    let nora = choose_agent(None, Role::Coder, &project, &engine).unwrap();
    assert_eq!((nora.times.seconds, nora.times.silent_seconds), (7200, None));
    assert_eq!((nora.env["A"].as_str(), nora.env["B"].as_str()), ("1", "3"));
    assert!(matches!(
        choose_agent(Some("replay"), Role::Coder, &project, &engine),
        Err(AgentChoiceError::NotInRepository { .. })
    ));
    assert!(choose_agent(Some("x"), Role::Coder, &project, &engine).unwrap_err().to_string().contains("nora"));
    // A role's agent goes before the repository's, and what is asked for before both.
    let both = format!("{ENGINE}[agents.rita]\ncommand = [\"rita\"]\n[roles.reviewer]\nagent = \"rita\"\n");
    let both = EngineConfig::parse(&both, "c").unwrap();
    let name = |asked, role| choose_agent(asked, role, &project, &both).unwrap().name;
    assert_eq!(name(None, Role::Reviewer), "rita");
    assert_eq!((name(Some("nora"), Role::Reviewer), name(None, Role::Tester)), ("nora".to_owned(), "nora".to_owned()));
    let bare = ProjectConfig::parse("[image]\nreference = \"a\"\n", "p").unwrap();
    assert!(matches!(choose_agent(None, Role::Coder, &bare, &engine), Err(AgentChoiceError::None { .. })));
    assert_eq!(choose_agent(Some("nora"), Role::Coder, &bare, &engine).unwrap().times.silent_seconds, Some(900));
}

#[test]
fn coding_agents_are_known_by_name() {
    let project =
        |agent: &str| ProjectConfig::parse(&format!("[image]\nreference = \"a\"\n[agent]\n{agent}"), "p").unwrap();
    let engine = |text: &str| EngineConfig::parse(text, "c").unwrap();
    let coding = |asked: Option<&str>, agent: &str, settings: &str| match choose_agent(
        asked,
        Role::Coder,
        &project(agent),
        &engine(settings),
    )
    .unwrap()
    .work
    {
        AgentWork::Coding(settings) => settings,
        other => panic!("{other:?}"),
    };
    let plain = coding(None, "name = \"claude\"\nmodel = \"opus\"\narguments = [\"--max-turns\", \"9\"]\n", "");
    assert_eq!(
        (plain.adapter, plain.program[0].as_str(), plain.model.as_deref()),
        (Adapter::Claude, "claude", Some("opus"))
    );
    assert_eq!(plain.arguments, ["--max-turns", "9"]);
    // What the operator has decided stays, and what is left open the repository may say.
    let own = "[agents.claude]\nmodel = \"sonnet\"\n";
    let both = coding(None, "name = \"claude\"\nmodel = \"opus\"\narguments = [\"--max-turns\", \"9\"]\n", own);
    assert_eq!((both.model.as_deref(), both.arguments.len()), (Some("sonnet"), 2));
    let other =
        "[agents.night]\nadapter = \"gemini\"\ncommand = [\"node\", \"/opt/gemini.js\"]\narguments = [\"-d\"]\n";
    let night = coding(Some("night"), "name = \"claude\"\nmodel = \"opus\"\n", other);
    assert_eq!((night.adapter, night.model, night.program.len()), (Adapter::Gemini, None, 2));
    // A command under such a name is what it was before the name meant anything.
    let taken = choose_agent(
        None,
        Role::Coder,
        &project("name = \"codex\"\n"),
        &engine("[agents.codex]\ncommand = [\"mine\"]\n"),
    );
    assert_eq!(taken.unwrap().work, AgentWork::Command(CommandLine::Argv(vec!["mine".to_owned()])));
    let none = choose_agent(None, Role::Coder, &project("name = \"opencode\"\n"), &engine("")).unwrap_err().to_string();
    assert!(none.contains("needs a model"), "{none}");
    let role = "[roles.tester]\nmodel = \"gpt-5\"\nmodels = [\"gpt-*\"]\n[roles.reviewer]\nmodels = [\"gpt-*\"]\n";
    let codex = project("name = \"codex\"\nmodel = \"o9\"\n");
    let AgentWork::Coding(tester) = choose_agent(None, Role::Tester, &codex, &engine(role)).unwrap().work else {
        panic!("not a coding agent")
    };
    assert_eq!(tester.model.as_deref(), Some("gpt-5"));
    let refused = choose_agent(None, Role::Reviewer, &codex, &engine(role)).unwrap_err().to_string();
    assert!(refused.contains("the model o9 is none"), "{refused}");
}

#[test]
fn mistakes_about_coding_agents_are_named() {
    let engine = |text: &str| EngineConfig::parse(&format!("[agents.{text}"), "c").unwrap_err().to_string();
    for (text, part) in [
        ("nora]\nmodel = \"m\"\n", "has no `command`"),
        ("nora]\ncommand = \"x\"\nmodel = \"m\"\n", "`model` belongs to a coding agent: add `adapter`"),
        ("nora]\nadapter = \"cloude\"\n", "did you mean \"claude\""),
        ("claude]\nmodel = \"--x\"\n", "a model's name has"),
        ("claude]\nadapter = \"claude\"\ncommand = \"claude -x\"\n", "must be a list of words"),
        ("codex]\narguments = [\"-c\", \"x=1\"]\n", "the engine sets for codex itself"),
        ("claude]\narguments = [\"a\\u0000\"]\n", "no NUL"),
    ] {
        let told = engine(text);
        assert!(told.contains(part), "{text}: {told}");
    }
    let project = |agent: &str| {
        ProjectConfig::parse(&format!("[image]\nreference = \"a\"\n[agent]\n{agent}"), "p").unwrap_err().to_string()
    };
    assert!(project("name = \"nora\"\nmodel = \"m\"\n").contains("`model` belongs to a coding agent"));
    assert!(project("name = \"claude\"\ncommand = \"x\"\n").contains("belongs to the agent \"command\""));
    assert!(project("name = \"claude\"\narguments = [\"--resume\"]\n").contains("the engine sets for claude itself"));
}

#[test]
fn places_are_private_and_the_socket_fits() {
    let top = tempfile::tempdir().unwrap();
    let paths = Paths::new(top.path().join("s"), top.path().join("c")).unwrap();
    paths.prepare().unwrap();
    std::fs::set_permissions(paths.logs(), std::fs::Permissions::from_mode(0o755)).unwrap();
    paths.prepare().unwrap();
    for place in [paths.state(), paths.config(), &paths.logs(), &paths.sock(), &paths.blobs()] {
        assert_eq!(std::fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o700, "{}", place.display());
    }
    let long = PathBuf::from(format!("/{}", "x".repeat(100)));
    assert!(matches!(Paths::new(long, "/c".into()), Err(PathsError::SocketTooLong { .. })));
    assert!(matches!(Paths::new("s".into(), "/c".into()), Err(PathsError::Relative { .. })));
    std::fs::write(top.path().join("file"), "").unwrap();
    let blocked = Paths::new(top.path().join("file"), top.path().join("c")).unwrap();
    assert!(blocked.prepare().is_err());
}
