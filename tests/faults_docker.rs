//! Faults of the container engine while runs are at work: containers that vanish, an engine that accepts and never answers,
//! an engine that restarts. Each run ends as the undisturbed one does, and nothing is left over.
//!
//! At full size: `DOGWATCH_REMOVALS=100` (12 by default), `DOGWATCH_RESTARTS=20` (2), `DOGWATCH_RESUMED=50` (10).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::chance::{number, random};
    use crate::support::counting::{End, counting_repo, end};
    use crate::support::loops::{ENOUGH, REST};
    use crate::support::proxy::Proxy;
    use crate::support::{DockerEnv, Engine, TempRepo, docker, wait_until};
    use dogwatch::domain::{RunId, RunState, Step, StepEnd, StepState};
    use dogwatch::protocol::{Reply, Request, RunDetail};
    use rand::RngExt;
    use std::fs;
    use std::process::Command;
    use std::time::{Duration, Instant};

    /// An engine that works on so many runs at once.
    fn engine(docker: &DockerEnv, runs: usize) -> Engine {
        let mut engine = Engine::start(docker);
        fs::write(engine.paths().config_file(), format!("[engine]\nmax-runs = {runs}\n{ENOUGH}")).unwrap();
        engine.restart();
        engine
    }

    /// The end of a run that nothing disturbs.
    fn undisturbed(engine: &Engine, project: &str) -> End {
        let wish = end(&engine.rested(engine.submit(project, None)));
        assert_eq!((wish.state, wish.spent), (RunState::Succeeded, 3), "{wish:#?}");
        wish
    }

    /// The steps of a run that were lost, and whether that was explained.
    fn lost(detail: &RunDetail) -> Vec<bool> {
        let ends = detail.steps.iter().filter_map(|step| match &step.state {
            StepState::Ended { end: StepEnd::Lost { explained, .. }, .. } => Some(*explained),
            _ => None,
        });
        ends.collect()
    }

    #[test]
    fn containers_removed_behind_our_back() {
        let Some(docker) = docker() else { return };
        let wanted = number("DOGWATCH_REMOVALS", 12);
        println!("DOGWATCH_REMOVALS={wanted}");
        let mut random = random();
        let engine = engine(&docker, 4);
        let repo = counting_repo(&docker, 3, 1, "");
        let project = engine.add(&repo);
        let wish = undisturbed(&engine, &project);

        let begin = Instant::now();
        let (mut removed, mut seen_lost, mut asked, mut runs) = (0, 0, 0, 0);
        while removed < wanted {
            let batch: Vec<RunId> = (0..4).map(|_| engine.submit(&project, None)).collect();
            runs += batch.len();
            let over = |run: &RunId| engine.detail(*run).view.run.state.is_final();
            while !batch.iter().all(over) {
                // Three losses in a row that nothing explains are a person's matter.
                for run in &batch {
                    let state = engine.detail(*run).view.run.state;
                    if state.awaits_person() && !state.is_final() {
                        engine.answer(*run, true, "go on");
                        asked += 1;
                    }
                }
                let present = engine.containers();
                if removed < wanted && !present.is_empty() {
                    docker.remove(&present[random.random_range(0..present.len())..][..1]);
                    removed += 1;
                }
                // The instant is what is tried out here; nothing waits for it.
                std::thread::sleep(Duration::from_millis(random.random_range(100..900)));
                assert!(begin.elapsed() < 8 * REST, "{removed} removals took too long");
            }
            for run in batch {
                let detail = engine.detail(run);
                assert_eq!(end(&detail), wish, "{run} ended otherwise than undisturbed: {detail:#?}");
                seen_lost += lost(&detail).len();
            }
        }
        println!(
            "{removed} containers removed over {runs} runs in {:.1} s: {seen_lost} steps were lost and repeated, {asked} \
             questions",
            begin.elapsed().as_secs_f64()
        );
        assert!(seen_lost > 0, "no removal was noticed");
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    fn fault(engine: &Engine) -> Option<String> {
        match engine.ask(Request::Status).unwrap() {
            Reply::Status { status } => status.sandbox_fault,
            other => panic!("{other:?}"),
        }
    }

    /// How long the list of runs takes to come.
    fn time_of_ps(engine: &Engine) -> Duration {
        let begin = Instant::now();
        engine.cmd(&["ps"]).expect_code(0);
        begin.elapsed()
    }

    #[test]
    fn a_container_engine_that_accepts_and_never_answers() {
        let Some(docker) = docker() else { return };
        let proxy = Proxy::start(&docker.host);
        let through = DockerEnv { host: proxy.host(), ..docker.clone() };
        // From the start.
        proxy.hang();
        let begin = Instant::now();
        let engine = engine(&through, 2);
        wait_until("the fault", REST, || fault(&engine).is_some());
        println!("from the start: named after {:.1} s: {}", begin.elapsed().as_secs_f64(), fault(&engine).unwrap());
        proxy.go_on();
        wait_until("an end of the fault", REST, || fault(&engine).is_none());
        let repo = counting_repo(&docker, 3, 1, "");
        let project = engine.add(&repo);
        let wish = undisturbed(&engine, &project);
        // In the middle of the work, several times.
        let run = engine.submit(&project, None);
        for round in 0..3 {
            engine.wait_run(run, "at work", |detail| detail.view.run.iteration >= round);
            proxy.hang();
            let begin = Instant::now();
            wait_until("the fault", REST, || fault(&engine).is_some());
            println!(
                "at work: named after {:.1} s, ps took {:.0} ms",
                begin.elapsed().as_secs_f64(),
                time_of_ps(&engine).as_secs_f64() * 1e3
            );
            proxy.go_on();
        }
        let detail = engine.rested(run);
        assert_eq!(end(&detail), wish, "{detail:#?}");
        assert_eq!(lost(&detail), [true; 0], "a silent container engine is no loss");
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    /// A run whose agent says something all the time and never ends.
    fn talking_repo(docker: &DockerEnv) -> TempRepo {
        let toml = format!(
            "[image]\nreference = \"{}\"\n\n[[suite]]\nname = \"unit\"\ncommand = \"false\"\nformat = \"exit-code\"\n\n[agent]\n\
             name = \"command\"\ncommand = [\"sh\", \"-c\", \"while :; do echo tick; sleep 0.5; done\"]\n\n[limits]\n\
             memory = \"64MiB\"\n",
            docker.image
        );
        TempRepo::new(&[("dogwatch.toml", toml.as_str())])
    }

    #[test]
    fn many_runs_are_taken_up_again() {
        let Some(docker) = docker() else { return };
        let wanted = usize::try_from(number("DOGWATCH_RESUMED", 10)).unwrap();
        let mut engine = engine(&docker, wanted);
        let repo = talking_repo(&docker);
        let project = engine.add(&repo);
        let runs: Vec<RunId> = (0..wanted).map(|_| engine.submit(&project, None)).collect();
        let said = |engine: &Engine, run: &RunId| engine.raw_log(*run, "develop").len();
        wait_until("all agents at work", 4 * REST, || runs.iter().all(|run| said(&engine, run) > 0));
        engine.kill();
        let before: Vec<usize> = runs.iter().map(|run| said(&engine, run)).collect();
        let begin = Instant::now();
        engine.restart();
        let answers = begin.elapsed();
        wait_until("more of every agent", 4 * REST, || {
            runs.iter().zip(&before).all(|(run, before)| said(&engine, run) > *before)
        });
        println!(
            "{wanted} runs: the new engine answered after {:.2} s and had news of all after {:.2} s",
            answers.as_secs_f64(),
            begin.elapsed().as_secs_f64()
        );
        for run in &runs {
            assert_eq!(lost(&engine.detail(*run)), [true; 0], "{run}");
            engine.expect_run(Request::Cancel { run: *run, reason: "seen".to_owned() });
        }
        for run in &runs {
            engine.reaches(*run, RunState::Cancelled);
        }
        engine.assert_nothing_left();
    }

    /// Takes other tests' containers down, so this runs only when asked for by name.
    #[test]
    #[ignore = "restarts the container engine; run alone with --ignored"]
    fn restarts_of_the_container_engine() {
        let Some(docker) = docker() else { return };
        let Ok(command) = std::env::var("DOGWATCH_TEST_DOCKER_RESTART") else {
            println!("skipped: DOGWATCH_TEST_DOCKER_RESTART does not say how to restart the engine; tests/run says it");
            return;
        };
        let restart = |how: &str| {
            let status = Command::new("/bin/sh").args(["-c", &format!("{command} {how}")]).status().unwrap();
            assert!(status.success());
        };
        let wanted = number("DOGWATCH_RESTARTS", 2);
        let engine = engine(&docker, 2);
        let repo = counting_repo(&docker, 3, 1, "");
        let project = engine.add(&repo);
        let wish = undisturbed(&engine, &project);
        for how in ["plain", "live-restore"] {
            restart(how);
            let begin = Instant::now();
            let (mut restarts, mut runs, mut losses) = (0, 0, 0);
            while restarts < wanted {
                let run = engine.submit(&project, None);
                runs += 1;
                wait_until("a program at work", REST, || at_work(&engine, run));
                while restarts < wanted && !engine.detail(run).view.run.state.is_final() {
                    restart(how);
                    restarts += 1;
                    // What was lost is noticed and repeated before the next restart.
                    wait_until("a program at work again", REST, || {
                        at_work(&engine, run) || engine.detail(run).view.run.state.is_final()
                    });
                }
                let detail = engine.rested(run);
                assert_eq!(end(&detail), wish, "{how}: {detail:#?}");
                let lost = lost(&detail);
                assert!(lost.iter().all(|explained| *explained), "{how}: a loss is not explained: {detail:#?}");
                losses += lost.len();
            }
            println!(
                "{how}: {restarts} restarts over {runs} runs in {:.1} s, {losses} steps repeated",
                begin.elapsed().as_secs_f64()
            );
            if how == "live-restore" {
                assert_eq!(losses, 0, "containers outlive the container engine");
            }
        }
        restart("plain");
        engine.assert_nothing_left();
        engine.assert_anchored();
    }

    /// Whether a program has begun, and said so. A container that is just being started when the container engine goes down
    /// is lost, whatever the engine does for others.
    fn at_work(engine: &Engine, run: RunId) -> bool {
        let steps = engine.detail(run).steps;
        let begun = |step: &Step| !engine.raw_log(run, &step.key.to_string()).is_empty();
        steps.iter().any(|step| matches!(step.state, StepState::Created { .. }) && begun(step))
    }
}
