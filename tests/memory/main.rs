//! What the memory of bugs is worth: a family of thirty related faults in three small projects, each repaired by a run of its own
//! with real programs in bubblewrap, once without memory and once with it. The agent is simulated (`agent.py` says by what rules);
//! it reads what was remembered in the bytes of its prompt and nowhere else.
//!
//! `cargo test --test memory -- --nocapture` repairs some of the faults; with `DOGWATCH_FAULTS=30` all of them, in four worlds:
//! without memory, with it, with it after a project whose repairs mislead, and where words and repairs have nothing to do with
//! each other. Each prints its mean number of iterations and how many of what was offered was right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::print_stdout)]
#![allow(clippy::cast_precision_loss)]

mod faults;
#[path = "../support/mod.rs"]
mod support;

mod needs_bwrap {
    use super::faults::{CAUSES, FAMILY, Fault, family, lawless, misleading};
    use super::support::{Engine, TempRepo};
    use dogwatch::domain::{RunId, RunState};

    const TOML: &str = "[image]\nreference = \"host\"\n[[suite]]\nname = \"unit\"\ncommand = \"/usr/bin/python3 check.py\"\n\
        format = \"junit\"\nreport = \"report.xml\"\ntimeout = \"1m\"\nenv = { PYTHONDONTWRITEBYTECODE = \"1\" }\n\
        [agent]\nname = \"command\"\ncommand = [\"/usr/bin/python3\", \"agent.py\"]\n";
    /// The watchdog is not what is measured.
    const PATIENT: &str =
        "[watchdog]\nsame-warn = 19\nsame-pause = 20\nroot-pause = 20\nplateau-warn = 29\nplateau-pause = 30\n";

    /// What a world came to.
    #[derive(Debug, Default)]
    struct World {
        /// Iterations of each fault, in order.
        iterations: Vec<u32>,
        /// How many repairs were offered by prompts.
        offered: u32,
        /// How many of them were right.
        right: u32,
    }

    impl World {
        fn mean(&self) -> f64 {
            f64::from(self.iterations.iter().sum::<u32>()) / self.iterations.len() as f64
        }

        fn print(&self, name: &str) {
            let share = f64::from(self.right) / f64::from(self.offered.max(1));
            println!(
                "{name:<44} {:>2} faults  mean {:.2} iterations  offered {:>3}, right {:>3} ({share:.2})  {:?}",
                self.iterations.len(),
                self.mean(),
                self.offered,
                self.right,
                self.iterations
            );
        }
    }

    /// How many faults are repaired in each world.
    fn faults() -> usize {
        let asked = std::env::var("DOGWATCH_FAULTS").map(|value| value.parse().expect("a number of faults"));
        asked.unwrap_or(8).min(FAMILY)
    }

    /// Repairs these faults one after the other; those of `before` come first and are not counted.
    fn world(memory: bool, before: &[Fault], faults: &[Fault]) -> Option<World> {
        let engine = Engine::in_bubblewrap(&format!("[memory]\noffer = {memory}\n{PATIENT}"))?;
        let first = faults.first().expect("a fault").program();
        let repo = || {
            TempRepo::new(&[
                ("dogwatch.toml", TOML),
                ("agent.py", include_str!("agent.py")),
                ("check.py", include_str!("check.py")),
                ("repairs.py", include_str!("repairs.py")),
                ("work.py", &first),
            ])
        };
        let repos = [repo(), repo(), repo(), repo()];
        let names: Vec<String> = repos.iter().map(|repo| engine.add(repo)).collect();
        let mut world = World::default();
        for (number, fault) in before.iter().chain(faults).enumerate() {
            repos[fault.project].commit(&[("work.py", &fault.program())], fault.thing);
            let run = engine.submit(&names[fault.project], Some(10));
            let done = engine.reaches(run, RunState::Succeeded);
            if number >= before.len() {
                world.iterations.push(done.view.run.spent.iterations);
                let (offered, right) = offered(&engine, run, fault);
                world.offered += offered;
                world.right += right;
            }
        }
        engine.assert_anchored();
        Some(world)
    }

    /// How many repairs the run's prompts offered, and how many of them were the right one. An offer is a line of a patch.
    fn offered(engine: &Engine, run: RunId, fault: &Fault) -> (u32, u32) {
        let prompts = engine.prompts(run);
        let lines =
            prompts.iter().flat_map(|prompt| prompt.lines()).map(str::trim).filter(|line| line.starts_with('+'));
        let repairs = lines.filter_map(|line| CAUSES.iter().find(|cause| line.contains(&format!("{}(", cause.repair))));
        repairs.fold((0, 0), |(all, right), cause| (all + 1, right + u32::from(cause.repair == fault.helps.repair)))
    }

    #[test]
    fn what_was_learned_of_a_bug_spares_others_the_search() {
        let family: Vec<Fault> = family().into_iter().take(faults()).collect();
        let Some(without) = world(false, &[], &family) else { return };
        let with = world(true, &[], &family).expect("the same sandbox");
        without.print("without memory");
        with.print("with memory");
        assert_eq!(without.offered, 0, "nothing is offered where nobody wants it");
        if family.len() < FAMILY {
            println!("the figures that are promised hold for the whole family: DOGWATCH_FAULTS=30");
            return;
        }
        assert!(with.mean() <= 0.6 * without.mean(), "{:.2} against {:.2}", with.mean(), without.mean());
        let misled = world(true, &misleading(), &family).expect("the same sandbox");
        misled.print("with memory that begins with what misleads");
        assert!(misled.mean() <= 1.05 * without.mean());
        let lawless = lawless();
        let without = world(false, &[], &lawless).expect("the same sandbox");
        let with = world(true, &[], &lawless).expect("the same sandbox");
        without.print("a world without rules, without memory");
        with.print("a world without rules, with memory");
        assert!(with.mean() <= 1.05 * without.mean(), "{:.2} against {:.2}", with.mean(), without.mean());
    }
}
