//! kill -9 of the engine while real containers work: nothing acknowledged is lost, no container is made twice, and the end is
//! that of the undisturbed run.
//!
//! `DOGWATCH_KILLS` says how often to kill (20 by default), `DOGWATCH_SEED` repeats a sequence of instants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

mod needs_docker {
    use crate::support::chance::{number, random};
    use crate::support::counting::{counting_repo, end};
    use crate::support::loops::REST;
    use crate::support::{DockerEnv, Engine, docker, wait_until};
    use bollard::query_parameters::{EventsOptionsBuilder, RemoveImageOptions};
    use dogwatch::domain::{RunId, RunState, Step, StepEnd, StepKey, StepKind, StepState};
    use dogwatch::protocol::{Reply, Request, RunDetail};
    use futures_util::StreamExt;
    use rand::RngExt;
    use std::collections::{BTreeMap, HashMap};
    use std::sync::{Arc, Mutex};
    use std::thread::JoinHandle;
    use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
    use tokio::sync::oneshot;

    /// What a client was told: the versions of runs, and every audit record with its hash.
    #[derive(Debug, Default)]
    struct Told {
        versions: BTreeMap<RunId, i64>,
        records: Vec<(i64, Vec<u8>)>,
    }

    fn told(engine: &Engine) -> Told {
        let mut told = Told::default();
        if let Ok(Reply::Runs { runs, .. }) = engine.ask(Request::Runs { all: true }) {
            told.versions = runs.iter().map(|view| (view.run.id, view.run.version)).collect();
        }
        let db = engine.database();
        let mut query = db.prepare("SELECT seq, hash FROM audit ORDER BY seq").unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        told.records = rows.map(Result::unwrap).collect();
        told
    }

    fn assert_nothing_lost(before: &Told, after: &Told) {
        for (run, version) in &before.versions {
            let now = after.versions.get(run).copied();
            assert!(now >= Some(*version), "{run} was told at version {version} and is at {now:?} now");
        }
        let kept = after.records.get(..before.records.len()).unwrap_or_default();
        assert!(kept == before.records.as_slice(), "audit records that were there are gone or changed");
    }

    /// Listens to Docker's own account of which containers are created. Docker remembers few events, so it is listened to
    /// from the beginning.
    struct Births {
        counts: Arc<Mutex<BTreeMap<String, u32>>>,
        stop: Option<oneshot::Sender<()>>,
        listener: Option<JoinHandle<()>>,
    }

    impl Births {
        /// Listens for containers with this engine's label, those of the present second included.
        fn of(docker: &DockerEnv, instance: &str) -> Self {
            let counts = Arc::new(Mutex::new(BTreeMap::new()));
            let (stop, stopped) = oneshot::channel::<()>();
            let label = format!("dogwatch.instance={instance}");
            let (docker, heard) = (docker.clone(), Arc::clone(&counts));
            let listener = std::thread::spawn(move || {
                docker.with(async |client| {
                    let filters = HashMap::from([("event", vec!["create"]), ("label", vec![label.as_str()])]);
                    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
                    let options = EventsOptionsBuilder::default().since(&since.to_string()).filters(&filters).build();
                    let mut events = client.events(Some(options)).take_until(stopped);
                    while let Some(event) = events.next().await {
                        let attributes = event.unwrap().actor.and_then(|actor| actor.attributes).unwrap_or_default();
                        let name = attributes.get("name").cloned().unwrap_or_default();
                        *heard.lock().unwrap().entry(name).or_insert(0) += 1;
                    }
                });
            });
            Self { counts, stop: Some(stop), listener: Some(listener) }
        }

        /// Fails the test unless each container was created once, and so many in all.
        fn assert_each_once(mut self, least: usize) {
            wait_until("Docker's account of the last container", REST, || self.counts.lock().unwrap().len() >= least);
            drop(self.stop.take());
            self.listener.take().unwrap().join().unwrap();
            let counts = self.counts.lock().unwrap();
            let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
            assert!(twice.is_empty(), "made more than once: {twice:?}");
        }
    }

    fn instance(engine: &Engine) -> String {
        match engine.ask(Request::Status).unwrap() {
            Reply::Status { status } => status.instance,
            other => panic!("{other:?}"),
        }
    }

    /// Whether a suite was run again since its result was in doubt, as that of a base that fails.
    fn was_doubted(detail: &RunDetail, step: &Step) -> bool {
        let iteration = detail.iterations.iter().find(|one| one.number == step.key.iteration);
        let ran = matches!(&step.state, StepState::Ended { end: StepEnd::Exited { .. }, .. });
        ran && step.key.kind == StepKind::Test && iteration.is_some_and(|one| one.rerun.contains(&step.key.suite))
    }

    /// A restart alone repeats a step in one case: the engine died between starting the container and telling the shim its
    /// secret, so the program never ran. Then the next attempt has a name of its own. Returns how often that was so.
    fn assert_repeated_only_unstarted(detail: &RunDetail) -> usize {
        let mut repeated = 0;
        for step in detail.steps.iter().filter(|step| step.key.attempt > 1) {
            let key = StepKey { attempt: step.key.attempt - 1, ..step.key.clone() };
            let earlier = detail.steps.iter().find(|one| one.key == key).expect("the attempt before");
            if was_doubted(detail, earlier) {
                continue;
            }
            repeated += 1;
            let StepState::Ended { end: StepEnd::Lost { reason, explained: true }, .. } = &earlier.state else {
                panic!("repeated without need: {earlier:#?}");
            };
            assert!(reason.contains("between the container's start and its first message"), "{reason}");
        }
        repeated
    }

    #[test]
    fn killed_at_random_instants() {
        let Some(docker) = docker() else { return };
        let wanted = number("DOGWATCH_KILLS", 20);
        println!("DOGWATCH_KILLS={wanted}");
        let mut random = random();
        let repo = counting_repo(&docker, 3, 1, "");
        let mut engine = Engine::start(&docker);
        let births = Births::of(&docker, &instance(&engine));
        let project = engine.add(&repo);

        let begin = Instant::now();
        let undisturbed = engine.submit(&project, None);
        let wish = end(&engine.rested(undisturbed));
        let alone = begin.elapsed();
        assert_eq!(wish.state, RunState::Succeeded, "{wish:#?}");
        assert_eq!((wish.iterations.len(), wish.spent), (4, 3), "{wish:#?}");
        println!("undisturbed: {:.1} s", alone.as_secs_f64());

        let (mut kills, mut repeated) = (0, 0);
        let mut runs = vec![undisturbed];
        let begin = Instant::now();
        while kills < wanted {
            let run = engine.submit(&project, None);
            runs.push(run);
            let mut states = Vec::new();
            while kills < wanted && !engine.detail(run).view.run.state.is_final() {
                // The instant is what is tried out here; nothing waits for it.
                std::thread::sleep(Duration::from_millis(random.random_range(0..1_200)));
                let before = told(&engine);
                let state = engine.detail(run).view.run;
                engine.kill();
                kills += 1;
                states.push(format!("{} {}", state.iteration, state.state.name()));
                if random.random_bool(0.3) {
                    // Meanwhile the containers may end unwatched.
                    std::thread::sleep(Duration::from_millis(random.random_range(0..1_500)));
                }
                engine.restart();
                assert_nothing_lost(&before, &told(&engine));
            }
            let detail = engine.rested(run);
            println!("{run}: killed at {}", states.join(", "));
            assert_eq!(end(&detail), wish, "{run} ended otherwise than undisturbed");
            repeated += assert_repeated_only_unstarted(&detail);
            assert!(begin.elapsed() < 4 * REST, "{kills} kills took too long");
        }
        let others = runs.len() - 1;
        println!(
            "{kills} kills over {others} runs in {:.1} s, {repeated} steps repeated",
            begin.elapsed().as_secs_f64()
        );
        engine.assert_nothing_left();
        engine.assert_anchored();
        births.assert_each_once(8 * runs.len());
    }

    /// Points around the effects on containers, images and trees.
    const POINTS: [&str; 15] = [
        "step.prepare.created",
        "step.prepare.followed",
        "prepare.committed",
        "test.checked_out",
        "step.test.created",
        "step.test.recorded",
        "step.test.started:2",
        "step.develop.intended",
        "step.develop.created",
        "step.develop.followed",
        "develop.checkpointed",
        "step.test.ended:2",
        "gather.parsed:2",
        "deliver.delivered",
        "clean.trees",
    ];

    #[test]
    fn killed_at_crash_points() {
        let Some(docker) = docker() else { return };
        let begin = Instant::now();
        let mut wish = None;
        for point in POINTS {
            // A setup that no other engine has cached: its text is part of the image's name.
            let setup = format!("\n[setup]\ncommand = \"echo {point} {} > /built\"\n", std::process::id());
            let repo = counting_repo(&docker, 1, 0, &setup);
            let mut engine = Engine::start_with(&docker, &[("DOGWATCH_CRASH_AT", point)]);
            let births = Births::of(&docker, &instance(&engine));
            let project = engine.add(&repo);
            let run = engine.submit(&project, None);
            wait_until(&format!("the engine's death at {point}"), REST, || engine.has_ended());
            engine.restart_plain();
            let detail = engine.rested(run);
            let image = detail.view.run.image.clone().expect("an image").id;
            let found = end(&detail);
            assert_eq!(found.state, RunState::Succeeded, "{point}: {detail:#?}");
            // The trees hold the setup's text, so only what is counted is compared over the points.
            let counted: Vec<_> = found.iterations.iter().map(|(number, _, tests)| (*number, *tests)).collect();
            assert_eq!(wish.get_or_insert_with(|| counted.clone()), &counted, "{point}");
            assert_eq!(assert_repeated_only_unstarted(&detail), 0, "{point}: {:#?}", detail.steps);
            engine.assert_nothing_left();
            engine.assert_anchored();
            births.assert_each_once(5);
            docker.with(async |client| client.remove_image(&image, None::<RemoveImageOptions>, None).await.unwrap());
        }
        println!("{} crash points in {:.1} s", POINTS.len(), begin.elapsed().as_secs_f64());
    }
}
