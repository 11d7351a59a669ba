//! Tests of the reader of `dogwatch.toml`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::config::units::{format_duration, format_size, parse_duration, parse_size};

const FULL: &str = r#"
version = 1
[image]
dockerfile = "./Dockerfile"
[setup]
command = "npm ci"
keep = ["node_modules", "web/node_modules"]
timeout = "20m"
[[suite]]
name = "unit"
command = ["npm", "test"]
format = "junit"
report = "reports/*.xml"
timeout = "1h30m"
directory = "backend/"
env = { CI = "1" }
[agent]
name = "command"
command = "agent"
silence = "off"
[limits]
memory = "512MiB"
cpus = 1
pids = 64
tmp = "2GiB"
disk = "20GiB"
log = "100MiB"
[budget]
iterations = 50
time = "8h"
tokens = 1_000_000
usd = 5.0
[gates]
review = "always"
rerun = "20m"
test-files = ["spec/**"]
[deliver]
to = "none"
"#;

fn errors(text: &str) -> String {
    ProjectConfig::parse(text, "dogwatch.toml").unwrap_err().to_string()
}

#[test]
fn every_key_is_read() {
    let config = ProjectConfig::parse(FULL, "dogwatch.toml").unwrap();
    assert_eq!(config.image, ImageSource::Dockerfile { path: "Dockerfile".to_owned(), context: ".".to_owned() });
    assert_eq!(config.setup.as_ref().unwrap().timeout, 1200);
    let suite = config.suite("unit").unwrap();
    assert_eq!((suite.timeout, suite.cwd().as_str()), (5400, "/work/backend"));
    assert_eq!(suite.report_in_repository().unwrap(), "backend/reports/*.xml");
    assert_eq!(config.agent.as_ref().unwrap().silence, Some(Silence::Off));
    assert_eq!(
        config.limits,
        Limits { memory_mib: 512, cpus: 1.0, pids: 64, tmp_mib: 2048, disk_mib: 20_480, log_mib: 100 }
    );
    let budget = Budget { iterations: 50, seconds: Some(28_800), tokens: Some(1_000_000), microusd: Some(5_000_000) };
    assert_eq!(config.budget, budget);
    assert_eq!((config.gates.review, config.deliver), (ReviewGate::Always, DeliverTo::None));
    assert_eq!(config.gates.rerun, Some(1200));
    assert_eq!(config.why_never_done(), None);
    let again: ProjectConfig = serde_json::from_str(&config.canonical()).unwrap();
    assert_eq!(again, config);
}

#[test]
fn several_mistakes_are_named_at_once_with_their_places() {
    let text = "[image]\nreference = \"a b\"\n[[suite]]\nname = \"unit\"\ncommand = \"x\"\nformat = \"exit-code\"\n  timout = \"1m\"\n\
                [[suite]]\nname = \"unit\"\ncommand = 3\nformat = \"juint\"\n[limits]\nmemory = \"4GB\"\npids = 2\n";
    let lines = errors(text);
    let expected = [
        "dogwatch.toml:2:13: `reference` is \"a b\"; it must be an image such as",
        "dogwatch.toml:7:3: unknown key `timout` in [[suite]]: did you mean `timeout`?",
        "dogwatch.toml:9:8: the suite name \"unit\" is used twice: give each suite its own",
        "dogwatch.toml:10:11: `command` is a whole number; it must be a string for /bin/sh or a list of words",
        "dogwatch.toml:11:10: `format` cannot be \"juint\": did you mean \"junit\"?",
        "dogwatch.toml:13:10: `memory` is \"4GB\"; it must be a size such as \"512MiB\" or \"4GiB\"",
        "dogwatch.toml:14:8: `pids` must lie between 16 and 65536",
    ];
    let found: Vec<&str> = lines.lines().collect();
    assert_eq!(found.len(), expected.len(), "{lines}");
    for (line, start) in found.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}\nshould start with\n{start}");
    }
}

#[test]
fn an_empty_file_lacks_an_image_and_broken_syntax_has_a_place() {
    assert!(errors("").starts_with("dogwatch.toml:1:1: the file has no [image]"));
    assert!(errors("[image]\nreference = \n").starts_with("dogwatch.toml:2:"));
    assert!(errors("[image]\nreference = \"a\"\nreference = \"b\"\n").contains("dogwatch.toml:3:1: not valid TOML"));
    assert!(errors(&" ".repeat(300_000)).contains("at most"));
}

#[test]
fn paths_stay_inside_the_repository() {
    for path in ["../x", "a/../../b", "/etc", ".git/hooks", ".", "", "a\\u0000b"] {
        let text = format!("[image]\nreference = \"a\"\n[setup]\ncommand = \"x\"\nkeep = [\"{path}\"]\n");
        assert!(errors(&text).contains("dogwatch.toml:5:9: `keep`"), "{path}");
    }
    let text = "[image]\nreference = \"a\"\n[setup]\ncommand = \"x\"\nkeep = [\"a/b\", \"a\"]\n";
    assert!(errors(text).contains("keep the outer one only"));
}

#[test]
fn formats_agents_and_images_need_what_belongs_to_them() {
    let suite = "[image]\nreference = \"a\"\n[[suite]]\nname = \"u\"\ncommand = \"x\"\n";
    assert!(errors(&format!("{suite}format = \"junit\"\n")).contains("needs `report`"));
    assert!(errors(&format!("{suite}format = \"exit-code\"\nreport = \"r\"\n")).contains("reads no report"));
    assert!(errors(&format!("{suite}format = \"junit\"\nreport = \"**/r\"\n")).contains("without **"));
    let agent = "[image]\nreference = \"a\"\n[agent]\n";
    assert!(errors(&format!("{agent}name = \"replay\"\n")).contains("needs `script`"));
    assert!(errors(&format!("{agent}name = \"nora\"\ncommand = \"x\"\n")).contains("belongs to the agent \"command\""));
    assert!(errors("[image]\nreference = \"a\"\ndockerfile = \"b\"\n").contains("keep one of them"));
    assert!(errors("[image]\n").contains("neither"));
}

#[test]
fn a_project_without_counted_suites_is_never_done() {
    let image = "[image]\nreference = \"a\"\n";
    let none = ProjectConfig::parse(image, "p").unwrap();
    assert!(none.why_never_done().unwrap().contains("no test suite"));
    let text = format!("{image}[[suite]]\nname = \"u\"\ncommand = \"x\"\nformat = \"exit-code\"\n");
    let uncounted = ProjectConfig::parse(&text, "p").unwrap();
    assert!(uncounted.why_never_done().unwrap().contains("test counts"));
    assert_ne!(none.digest(), uncounted.digest());
    let same = ProjectConfig::parse("# other words\nversion = 1\n[image]\nreference = 'a'\n", "q").unwrap();
    assert_eq!(none.digest(), same.digest());
    assert_eq!(none.digest().len(), 64);
}

#[test]
fn units_that_mislead_are_refused() {
    for text in ["", "10", "m", "1m1h", "1h1h", "-1s", "1.5h", "10 m", "99999999999999999999s", "1w"] {
        assert_eq!(parse_duration(text), None, "{text}");
    }
    for text in ["", "4", "4GB", "4gib", "GiB", "18446744073709551615TiB"] {
        assert_eq!(parse_size(text), None, "{text}");
    }
    assert_eq!(parse_duration("1h30m"), Some(5400));
    assert_eq!(parse_size("1TiB"), Some(1 << 20));
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(\\PC|\\n|[\\[\\]=\"{},.#]|image|suite|env){0,80}") {
        if let Err(errors) = ProjectConfig::parse(&text, "p") {
            proptest::prop_assert!(!errors.problems.is_empty());
        }
    }

    #[test]
    fn any_value_of_any_key_is_read_or_refused(key in 0usize..9, name in "[a-z-]{1,8}", value in "[\\[\\]{}\"'=,.0-9a-z -]{0,20}") {
        let header = ["", "[image]", "[setup]", "[[suite]]", "[agent]", "[limits]", "[budget]", "[gates]", "[deliver]"][key];
        let table = crate::config::schema::PROJECT[key];
        for name in table.keys.iter().map(|key| key.name).chain([name.as_str()]) {
            // Only that it ends without a panic.
            drop(ProjectConfig::parse(&format!("{header}\n{name} = {value}\n"), "p"));
        }
    }

    #[test]
    fn durations_and_sizes_round_trip(number: u64) {
        proptest::prop_assert_eq!(parse_duration(&format_duration(number)), Some(number));
        proptest::prop_assert_eq!(parse_size(&format_size(number)), Some(number));
    }
}

#[test]
fn services_are_read_strictly() {
    let text = "[image]\nreference = \"x\"\n[services.db]\nimage = \"postgres:17\"\ncommand = \"postgres\"\nready = { tcp = 5432 }\n\
                [services.app]\ncommand = [\"serve\"]\ndirectory = \"web/\"\nmemory = \"2GiB\"\ncpus = 0.5\n\
                [services.app.ready]\nhttp = \"http://db:8000/health\"\nwithin = \"5m\"\n\
                [[suite]]\nname = \"e2e\"\ncommand = \"x\"\nformat = \"pytest\"\nservices = [\"db\", \"app\"]\n";
    let config = ProjectConfig::parse(text, "dogwatch.toml").unwrap();
    assert_eq!(config.suites[0].services, ["db", "app"]);
    let (db, app) = (&config.services["db"], &config.services["app"]);
    assert_eq!((db.cwd().as_str(), app.cwd().as_str()), ("/tmp", "/work/web"));
    assert_eq!(db.ready, Some(Ready { tcp: Some(5432), http: None, within: 60 }));
    assert_eq!(app.ready.as_ref().unwrap().within, 300);
    assert_eq!(config.needs_of_services(), Needs { memory_mib: 1024 + 2048, millicpus: 1500 });
    // A file without any has the canonical form that it always had.
    assert!(!ProjectConfig::parse(FULL, "dogwatch.toml").unwrap().canonical().contains("services"));

    let wrong = "[image]\nreference = \"x\"\n[services.localhost]\ncommand = \"x\"\n[services.Bad]\ncommand = \"x\"\n\
                 [services.db]\nimage = \"https://x\"\ndirectory = \"a\"\nready = {}\n\
                 [services.app]\ncommand = \"x\"\nready = { http = \"http://example.org/\", tcp = 0, within = \"2h\", how = 1 }\n\
                 [[suite]]\nname = \"a\"\ncommand = \"x\"\nformat = \"pytest\"\nservices = [\"bd\", \"app\", \"app\", \"zzzzz\"]\n";
    let told = errors(wrong);
    for part in [
        "dogwatch.toml:3:11: a service cannot be called \"localhost\"",
        "dogwatch.toml:5:11: \"Bad\" cannot be a name",
        "dogwatch.toml:7:11: [services.NAME] has no `command`",
        "dogwatch.toml:8:9: `image` is \"https://x\"; it must be an image",
        "dogwatch.toml:9:1: `directory` is of the repository",
        "dogwatch.toml:10:1: `ready` has neither `tcp` nor `http`",
        "`http` is \"http://example.org/\"; it must be an address",
        "`tcp` must lie between 1 and 65535",
        "`within` must lie between 1s and 1h",
        "unknown key `how` in [services.NAME.ready]",
        "there is no service \"bd\": did you mean \"db\"?",
        "`services` has \"app\" twice",
        "there is no service \"zzzzz\": add a [services.zzzzz]",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

#[test]
fn a_browser_is_one_more_suite() {
    let text = "[image]\nreference = \"x\"\n[services.app]\ncommand = \"x\"\n[browser]\nurl = \"http://127.0.0.1:8000/\"\n\
                pages = [\"/\", \"/a?b=1\"]\nservices = [\"app\"]\nimage = \"localhost:5000/browser:1\"\ntimeout = \"2m\"\n";
    let config = ProjectConfig::parse(text, "dogwatch.toml").unwrap();
    let suite = config.suite("browser").unwrap();
    let browser = suite.browser.as_ref().unwrap();
    assert_eq!(browser.pages, ["http://127.0.0.1:8000/", "http://127.0.0.1:8000/a?b=1"]);
    assert_eq!((suite.timeout, suite.services.as_slice()), (120, ["app".to_owned()].as_slice()));
    assert!(config.why_never_done().unwrap().contains("no test suite"), "pages alone prove nothing");

    let wrong = "[image]\nreference = \"x\"\n[services.app]\ncommand = \"x\"\n[[suite]]\nname = \"browser\"\ncommand = \"x\"\n\
                 format = \"pytest\"\n[[suite]]\nname = \"a\"\ncommand = \"x\"\nformat = \"browser\"\n[browser]\nurl = \"http://app:8000\"\npages = [\"a\", \"//b\", \"/c\", \"/c\"]\nservices = []\n";
    let told = errors(wrong);
    for part in [
        "a [[suite]] is called \"browser\"",
        "`format` cannot be \"browser\"",
        "`url` is \"http://app:8000\"; it must be an address such as \"http://127.0.0.1:8000\"",
        "`pages` has \"a\"; a page is a path",
        "`pages` has \"//b\"",
        "`pages` has \"/c\" twice",
        "`services` names none",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

#[test]
fn a_runtime_is_a_name_and_nothing_else() {
    let with = |section: &str| {
        let text = format!(
            "[image]\nreference = \"x\"\n{section}[[suite]]\nname = \"a\"\ncommand = \"x\"\nformat = \"pytest\"\n"
        );
        ProjectConfig::parse(&text, "c").map_err(|errors| errors.to_string())
    };
    assert_eq!(with("").unwrap().runtime, None);
    assert_eq!(with("[sandbox]\nruntime = \"runsc\"\n").unwrap().runtime.as_deref(), Some("runsc"));
    let error = with("[sandbox]\nruntime = \"--privileged\"\n").unwrap_err();
    assert!(error.contains("a name by which Docker knows a runtime"), "{error}");
    let error = with("[sandbox]\nkind = \"docker\"\n").unwrap_err();
    assert!(error.contains("kind"), "{error}");
}
