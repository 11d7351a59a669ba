//! An engine is replaced by another build while runs are at work: the new one takes them over, with containers whose shim is the
//! old one's, and every run ends as if nothing had happened.
//!
//! The other build is the one under test with a few bytes more, or what `DOGWATCH_BEFORE` names, such as the last release.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::counting::{counting_repo, end};
    use crate::support::loops::REST;
    use crate::support::{Engine, docker, wait_until};
    use dogwatch::domain::{RunState, StepEnd, StepState};
    use dogwatch::protocol::Request;
    use std::fs::{self, File};
    use std::io::Write as _;
    use std::path::{Path, PathBuf};

    /// Another build.
    fn before(dir: &Path) -> PathBuf {
        if let Some(path) = std::env::var_os("DOGWATCH_BEFORE") {
            return path.into();
        }
        let path = dir.join("dogwatch");
        fs::copy(env!("CARGO_BIN_EXE_dogwatch"), &path).unwrap();
        // What follows the last section of an ELF file is nobody's.
        File::options().append(true).open(&path).unwrap().write_all(b"another build").unwrap();
        path
    }

    #[test]
    fn the_next_build_takes_over_what_is_at_work() {
        let Some(docker) = docker() else { return };
        let dir = tempfile::tempdir().unwrap();
        let mut engine = Engine::start_as(&docker, before(dir.path()));
        let repo = counting_repo(&docker, 3, 2, "");
        let project = engine.add(&repo);
        let wish = end(&engine.rested(engine.submit(&project, None)));
        assert_eq!((wish.state, wish.spent), (RunState::Succeeded, 3), "{wish:#?}");

        let runs = [engine.submit(&project, None), engine.submit(&project, None)];
        for run in runs {
            wait_until("an agent at work", REST, || engine.raw_log(run, "i1-develop").contains("round 0"));
        }
        engine.expect_run(Request::Pause { run: runs[1] });
        wait_until("a pause", REST, || engine.detail(runs[1]).view.run.state == RunState::Paused);
        assert_eq!(engine.stop(), Some(0));
        let containers = engine.containers();
        assert!(!containers.is_empty(), "nothing is at work");

        engine.upgrade();
        engine.restart();
        assert_eq!(engine.detail(runs[1]).view.run.state, RunState::Paused);
        engine.expect_run(Request::Resume { run: runs[1] });
        for run in runs {
            let detail = engine.rested(run);
            assert_eq!(end(&detail), wish);
            let lost = |end: &StepEnd| matches!(end, StepEnd::Lost { .. });
            assert!(
                !detail.steps.iter().any(|step| matches!(&step.state, StepState::Ended { end, .. } if lost(end))),
                "{detail:#?}"
            );
        }
        engine.assert_nothing_left();
        let programs = || fs::read_dir(engine.paths().exe_copies()).unwrap().count();
        wait_until("the end of the old program", REST, || {
            engine.cmd(&["gc"]).expect_code(0);
            programs() == 1
        });
        engine.assert_anchored();
    }
}
