//! A small web application with one of everything that goes wrong: a test that fails, an exception of the backend that shows as
//! an error of the frontend, an exception of the frontend alone, and a picture that is not there. One run finds all of it, joins
//! what belongs together, and repairs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

mod needs_docker {
    use crate::support::{Engine, TempRepo, docker};
    use dogwatch::domain::{Outcome, RunState};
    use std::fs;
    use std::path::Path;

    /// The files of the application, as a repository whose image is the one that the tests have.
    fn shop(image: &str) -> TempRepo {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo/shop");
        let mut files = Vec::new();
        let mut dirs = vec![root.clone()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else if path.extension().is_none_or(|end| end != "pyc") {
                    let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                    files.push((name, fs::read_to_string(path).unwrap()));
                }
            }
        }
        for (name, text) in &mut files {
            if name == "dogwatch.toml" {
                *text = text.replace("@image@", image);
            }
        }
        files.push(("check.py".to_owned(), include_str!("../assets/demo/check.py").to_owned()));
        TempRepo::new(&files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>())
    }

    #[test]
    fn one_run_finds_and_repairs_what_is_wrong_at_both_ends() {
        let Some(docker) = docker() else { return };
        let image = std::env::var("DOGWATCH_TEST_BROWSER_IMAGE").unwrap_or_default();
        if image == "none" {
            return eprintln!("skipped: this distribution has no browser as a package");
        }
        if image.is_empty() {
            assert!(
                std::env::var("DOGWATCH_REQUIRE_DOCKER").is_err(),
                "an image with a browser is required: set DOGWATCH_TEST_BROWSER_IMAGE, as tests/run does"
            );
            return eprintln!("skipped: DOGWATCH_TEST_BROWSER_IMAGE is not set; tests/run sets it");
        }
        let engine = Engine::start(&docker);
        let repo = shop(&image);
        let run = engine.run_on(&repo);
        let detail = engine.rested(run);
        let account = engine.raw_log(run, "i0-test-browser");
        assert_eq!(detail.view.run.state, RunState::Succeeded, "{account}\n{detail:#?}");
        let outcomes: Vec<_> = detail.iterations.iter().map(|one| (one.outcome, one.tests)).collect();
        // Three tests and three pages: the pages each have something wrong with them, and two tests fail.
        let (red, green) = (Some(Outcome::Red), Some(Outcome::Green));
        assert_eq!(outcomes, [(Some(Outcome::Neutral), (1, 5, 0)), (red, (3, 3, 0)), (green, (6, 0, 0))], "{account}");

        let found = engine
            .texts("SELECT source || ' ' || kind || ': ' || message FROM findings WHERE iteration = 0 ORDER BY id");
        let about = |part: &str| found.iter().filter(|one| one.contains(part)).count();
        // The exception of the backend and what the page said of it are one.
        let joined: Vec<&String> = found.iter().filter(|one| one.contains("saucer")).collect();
        assert_eq!(joined.len(), 1, "{found:#?}");
        assert!(joined[0].starts_with("backend KeyError: 'saucer'"), "{}", joined[0]);
        assert!(joined[0].contains("/api/total") && joined[0].contains("cannot be had: 500"), "{}", joined[0]);
        assert_eq!(about("cannot be had"), 1, "{found:#?}");
        // What is of the frontend alone, and the picture, by itself.
        assert!(found.iter().any(|one| one.starts_with("frontend TypeError: ") && one.contains("year")), "{found:#?}");
        assert!(
            found.iter().any(|one| one.starts_with("frontend broken image: ") && one.contains("/logo.svg")),
            "{found:#?}"
        );
        assert_eq!(about("12.05"), 1, "{found:#?}");
        assert_eq!(about("ZeroDivisionError"), 1, "{found:#?}");
        assert_eq!(found.len(), 5, "{found:#?}");
        let place = engine.texts(
            "SELECT json_extract(location, '$.file') || ':' || json_extract(location, '$.line') FROM findings
             WHERE iteration = 0 AND kind = 'TypeError'",
        );
        assert_eq!(place, ["about.js:5"]);
        let prompt = &engine.prompts(run)[0];
        assert!(["saucer", "about.js", "/logo.svg"].iter().all(|part| prompt.contains(part)), "{prompt}");

        // A picture of each page is kept with each iteration, of both times where its result was in doubt.
        let pictures = engine.texts("SELECT DISTINCT sha256 FROM blob_origins WHERE kind = 'screenshot'");
        assert!(pictures.len() >= 3, "{pictures:?}");
        for name in &pictures {
            let bytes = fs::read(engine.paths().blobs().join(name)).unwrap();
            assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.len() > 1_000, "{name}");
        }
        assert_eq!(engine.count("SELECT count(*) FROM blob_origins WHERE kind = 'screenshot'"), 12);
        assert_eq!(repo.branches().len(), 2);
        engine.assert_nothing_left();
        engine.assert_anchored();
    }
}
