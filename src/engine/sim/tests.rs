//! The engine against its promises: crashes anywhere, twice in a row, a full disk, a faulty container engine.

mod told;
mod waiting;

use super::campaign::{Tally, campaign, cores};
use super::dice::Dice;
use super::life::{End, Sim, ada, crashed, play, undisturbed};
use super::plot::{Ask, Call, Fate, Plot, Says, Slip, Turn, When};
use super::stories;
use crate::domain::{QuestionKind, RunState, StepKind};
use crate::engine::crash::{self, Plan};
use crate::engine::machine::Event;
use crate::engine::room::tests::places;
use crate::engine::room::{Amount, Room};
use crate::engine::{Engine, HandOver};
use crate::sandbox::Limits;
use crate::store::{FaultKind, View};
use crate::text::{Out, exact};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Where a crash point is reached: a plot, and how often.
type Reached<'p> = BTreeMap<String, Vec<(&'p Plot, u32)>>;

fn reached(played: &[(Plot, BTreeMap<String, u32>)]) -> Reached<'_> {
    let mut reached = Reached::new();
    for (plot, seen) in played {
        for (point, times) in seen {
            reached.entry(point.clone()).or_default().push((plot, *times));
        }
    }
    reached
}

/// Where the engine is killed in the plots of one seed.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    /// Each point in one plot; every other time there is a short life between the crash and the last start.
    Short,
    /// Each point in every plot that reaches it, both ways.
    Full,
}

/// Kills the engine at each point and compares with the same plot played in peace. Gives the number of crashed lives.
fn sweep(seed: u64, depth: Depth) -> u64 {
    let mut finishes = BTreeMap::new();
    let mut played = Vec::new();
    for plot in stories::all(seed) {
        let (finish, counts) = undisturbed(&plot);
        finishes.insert(plot.name, finish);
        played.push((plot, counts));
    }
    let reached = reached(&played);
    let missed: Vec<String> = crash::of_runs().into_iter().filter(|point| !reached.contains_key(point)).collect();
    assert!(missed.is_empty(), "no plot reaches {missed:?}");
    assert_eq!(reached.len(), crash::of_runs().len(), "a point is not in the list");
    let mut crashes = 0;
    for (at, (point, places)) in reached.iter().enumerate() {
        let at = at as u64;
        let chosen = usize::try_from(seed + at).unwrap() % places.len();
        for (_, (plot, times)) in places.iter().enumerate().filter(|(n, _)| depth == Depth::Full || *n == chosen) {
            let mut dice = Dice::of(seed, point);
            let nth = u32::try_from(dice.between(1, u64::from(*times))).unwrap();
            let moment = Duration::from_millis(dice.below(15_000));
            let twice = (seed + at).is_multiple_of(2);
            for moments in [vec![], vec![moment]] {
                if depth == Depth::Full || moments.is_empty() != twice {
                    let finish = crashed(plot, point, nth, &moments);
                    assert_eq!(finish, finishes[plot.name], "{point} reached {nth} times, then {moments:?}: {plot:?}");
                    crashes += 1;
                }
            }
        }
    }
    crashes
}

/// Tells a figure to whoever runs the tests with `--nocapture`.
fn tell(text: &str) {
    drop(Out::stderr().line(&exact::encode(text.as_bytes())));
}

fn sweep_seeds(seeds: std::ops::Range<u64>, depth: Depth) {
    let begun = Instant::now();
    let count = seeds.clone().count();
    let crashes: u64 = seeds.map(|seed| sweep(seed, depth)).sum();
    tell(&format!(
        "{} crash points x {count} seeds: {crashes} crashed lives in {:?}",
        crash::of_runs().len(),
        begun.elapsed()
    ));
}

#[test]
fn a_crash_anywhere_comes_to_the_same_end() {
    sweep_seeds(0..3, Depth::Short);
}

#[test]
fn a_crash_anywhere_comes_to_the_same_end_with_more_seeds() {
    sweep_seeds(3..5, Depth::Short);
}

#[test]
#[ignore = "minutes: cargo test --release --lib engine::sim -- --ignored --nocapture"]
fn a_crash_anywhere_in_every_plot_comes_to_the_same_end() {
    sweep_seeds(100..125, Depth::Full);
}

fn campaigned(seeds: std::ops::Range<u64>, hours: i64, paces: &[u32]) {
    let begun = Instant::now();
    let count = seeds.clone().count();
    let Tally { runs, crashes, kills, passed, transitions, looks } = campaign(seeds, hours, paces);
    let (passed, took) = (passed / 3_600_000, begun.elapsed());
    let rate = |figure: u64| f64::from(u32::try_from(figure).unwrap()) / took.as_secs_f64();
    tell(&format!(
        "{count} seeds: {runs} runs, {transitions} transitions, {crashes} crashes and {kills} kills in {passed} simulated hours; \
         what must hold at every moment was checked {looks} times; {took:?} on {} threads: {:.2} seeds/s, {:.0} runs/s, \
         {:.0} simulated hours/s",
        cores(),
        rate(count as u64),
        rate(runs),
        rate(passed.unsigned_abs())
    ));
}

#[test]
fn random_runs_keep_their_promises() {
    campaigned(0..100, 0, &[1]);
}

#[test]
fn more_random_runs_keep_their_promises() {
    campaigned(100..200, 0, &[1, 30, 60]);
}

/// Days as they are: turns and tests take from seconds to two thirds of an hour.
#[test]
#[ignore = "minutes: cargo test --release --lib engine::sim -- --ignored --nocapture"]
fn ten_thousand_random_days_keep_their_promises() {
    campaigned(1_000..11_000, 24, &[1, 30, 60, 60, 60, 60, 60, 60]);
}

/// Days in which everything takes seconds, so that fifty times as much happens.
#[test]
#[ignore = "an hour: cargo test --release --lib engine::sim -- --ignored --nocapture"]
fn ten_thousand_crowded_days_keep_their_promises() {
    campaigned(1_000..11_000, 24, &[1]);
}

#[test]
fn a_full_disk_stops_nothing_for_good() {
    let begun = Instant::now();
    let plot = Plot { setup: true, parts: 1, ..Plot::plain("full disk", 7) };
    let play_with = |broken: Option<u64>| {
        play(async {
            let mut sim = Sim::new(plot.clone()).await;
            let before = sim.faults.commits();
            for n in broken.into_iter().flat_map(|first| first..first + 3) {
                sim.faults.fail_commit(n, FaultKind::DiskFull);
            }
            let finish = sim.finish().await;
            let id = sim.run;
            let ended = sim.store.read_sync(|view| Ok(view.run(id)?.unwrap().updated)).unwrap();
            (finish, ended, sim.faults.commits() - before)
        })
    };
    let (peaceful, ended, commits) = play_with(None);
    for broken in 1..=commits {
        let (finish, later, _) = play_with(Some(broken));
        assert_eq!(finish, peaceful, "commits {broken} to {} fail", broken + 2);
        // Three failures in a row, and on again within ten seconds of the first.
        assert!(later.since(ended) <= 10_000, "commits {broken} to {} cost {} ms", broken + 2, later.since(ended));
    }
    tell(&format!("disk full at each of {commits} commits in {:?}", begun.elapsed()));
}

/// Plays a plot to its end and gives how the run ended.
fn end_of(plot: &Plot) -> (RunState, Vec<String>) {
    let finish = undisturbed(plot).0;
    (finish.state, finish.questions)
}

#[test]
fn a_limit_that_is_over_already_comes_before_a_person_in_the_end() {
    let answers = vec![(QuestionKind::Trouble, false)];
    let plot = Plot { turns: vec![(1, 0, Turn::Limited(-3600))], answers, ..Plot::plain("past limits", 1) };
    assert_eq!(end_of(&plot), (RunState::Failed, vec!["trouble Answered Some(false)".to_owned()]));
}

#[test]
fn a_limit_of_a_thousand_years_is_not_believed() {
    let plot = Plot { turns: vec![(1, 1, Turn::Limited(31_536_000_000))], ..Plot::plain("endless limit", 1) };
    play(async {
        let mut sim = Sim::new(plot).await;
        // The witness checks that nothing waits longer than account limits last.
        assert_eq!(sim.life(Plan::count(), Some(Duration::from_hours(1))).await, End::Expired);
    });
}

#[test]
fn a_container_engine_that_keeps_going_down_comes_before_a_person() {
    let answers = vec![(QuestionKind::Trouble, false)];
    let fates = vec![(StepKind::Develop, 1, 0, 3, Fate::Dropped)];
    let plot = Plot { fates, answers, ..Plot::plain("down", 1) };
    assert_eq!(end_of(&plot), (RunState::Failed, vec!["trouble Answered Some(false)".to_owned()]));
}

#[test]
fn a_pause_that_cannot_freeze_yet_tries_again_in_its_time() {
    let fates = vec![(StepKind::Develop, 1, 1, 4, Fate::Restart)];
    let asks = vec![(When::Down, Ask::Pause), (When::State(RunState::Paused, 120), Ask::Resume)];
    let plot = Plot { fates, asks, ..Plot::plain("down and paused", 1) };
    play(async {
        let mut sim = Sim::new(plot).await;
        assert_eq!(sim.finish().await.state, RunState::Succeeded);
        let calls = sim.world.daemon.kept().calls;
        assert!(calls < 200, "{calls} calls");
    });
}

#[test]
fn a_freezing_that_comes_after_the_pause_does_not_stop_the_work() {
    let pause = (When::Runs(StepKind::Develop, 1, 3), Ask::Pause);
    let resume = (When::State(RunState::Paused, 4), Ask::Resume);
    let plot =
        Plot { asks: vec![pause, resume], slips: vec![(Call::Freeze, 1, Slip::Late)], ..Plot::plain("late freeze", 1) };
    assert_eq!(end_of(&plot).0, RunState::Succeeded);
}

#[test]
fn a_start_that_comes_after_the_pause_is_frozen_all_the_same() {
    let asks =
        vec![(When::State(RunState::Developing, 5), Ask::Pause), (When::State(RunState::Paused, 400), Ask::Resume)];
    // The fourth start, after those of two suites and of the one that fails once more, is that of the first turn; the witness looks whether anything runs while the run is paused.
    let slips = vec![(Call::Start, 4, Slip::Late)];
    let plot = Plot { slips, asks, ..Plot::plain("late start", 1) };
    assert_eq!(end_of(&plot).0, RunState::Succeeded);
}

#[test]
fn a_cancelled_run_does_not_wait_for_a_container_engine_that_is_gone() {
    let asks = vec![(When::Runs(StepKind::Develop, 1, 3), Ask::Cancel)];
    let slips = (1..=20).map(|nth| (Call::Labelled, nth, Slip::Hung)).collect();
    let plot = Plot { slips, asks, ..Plot::plain("cancelled and down", 1) };
    play(async {
        let mut sim = Sim::new(plot).await;
        // The witness of the simulation sees what is left behind go as soon as calls are answered again.
        assert_eq!(sim.life(Plan::count(), Some(Duration::from_mins(5))).await, End::Expired);
        let id = sim.run;
        let run = sim.store.read_sync(|view| Ok(view.run(id)?.unwrap())).unwrap();
        assert_eq!(run.state, RunState::Cancelled, "{run:?}");
        assert!(run.reason.contains("not needed any more") && run.reason.contains("no answer"), "{}", run.reason);
        assert_eq!(sim.finish().await.state, RunState::Cancelled);
    });
}

#[test]
fn a_delivery_that_fails_in_passing_needs_nobody_and_one_that_keeps_failing_does() {
    let plot = Plot { shaky_deliveries: 4, ..Plot::plain("shaky", 1) };
    assert_eq!(end_of(&plot), (RunState::Succeeded, Vec::new()));
    let answers = vec![(QuestionKind::Trouble, false)];
    let plot = Plot { shaky_deliveries: 5, answers, ..Plot::plain("shakier", 1) };
    assert_eq!(end_of(&plot), (RunState::Failed, vec!["trouble Answered Some(false)".to_owned()]));
}

#[test]
fn packages_are_delivered_once_somebody_has_said_yes_to_just_these() {
    let answers = vec![(QuestionKind::Dependency, false), (QuestionKind::Dependency, true)];
    let plot = Plot { parts: 1, turns: vec![(1, 1, Turn::Packages)], answers, ..Plot::plain("packages", 1) };
    let asked = ["dependency Answered Some(false)".to_owned(), "dependency Answered Some(true)".to_owned()];
    assert_eq!(end_of(&plot), (RunState::Succeeded, asked.to_vec()));
}

#[test]
fn a_result_that_is_audited_is_delivered_once_the_auditor_or_a_person_agrees() {
    let plain = |audits, answers| Plot { audit: true, parts: 1, audits, answers, ..Plot::plain("audit", 1) };
    assert_eq!(end_of(&plain(vec![], vec![])), (RunState::Succeeded, Vec::new()));
    let no = vec![(1, 1, Says::No)];
    let asked = |answer| vec![format!("audit Answered Some({answer})")];
    assert_eq!(end_of(&plain(no.clone(), vec![(QuestionKind::Audit, true)])), (RunState::Succeeded, asked("true")));
    assert_eq!(end_of(&plain(no, vec![(QuestionKind::Audit, false)])), (RunState::Succeeded, asked("false")));
    let much = vec![(1, 0, Says::Much)];
    assert_eq!(end_of(&plain(much, vec![])), (RunState::Succeeded, asked("true")));
}

#[test]
fn what_people_take_by_hand_is_on_record_before_and_after() {
    play(async {
        let mut sim = Sim::new(Plot { broken_deliveries: 1, ..Plot::plain("by hand", 1) }).await;
        sim.finish().await;
        let (id, commit) = (sim.run, "c".repeat(40));
        let engine = Engine::new(sim.store.clone(), sim.world.clone(), Plan::count().into(), places(2));
        let run = engine.load(id).await.unwrap();
        let project = engine.project(run.project).await.unwrap();
        let wish = HandOver { run, project, commit, branch: "mine".to_owned(), force: true, by: ada() };
        assert_eq!(engine.hand_over(wish.clone()).await.unwrap().before, None);
        sim.world.disk.held().repairs = 0;
        engine.hand_over(wish.clone()).await.unwrap_err();
        sim.world.disk.held().repairs = 1;
        let again = HandOver { commit: "d".repeat(40), ..wish };
        assert_eq!(engine.hand_over(again).await.unwrap().before, Some("c".repeat(40)));
        let record = |view: &View<'_>| {
            let sql = "SELECT kind, record FROM audit WHERE run = ?1 AND kind LIKE 'delivery.%' ORDER BY seq";
            let mut statement = view.connection().prepare(sql)?;
            let rows = statement.query_map([id.0], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        };
        let rows = sim.store.read_sync(record).unwrap();
        let kinds: Vec<&str> = rows.iter().map(|(kind, _)| kind.strip_prefix("delivery.").unwrap()).collect();
        assert_eq!(kinds, ["intended", "done", "intended", "failed", "intended", "done"]);
        let last: serde_json::Value = serde_json::from_slice(&rows[5].1).unwrap();
        assert_eq!(last["actor"]["name"], "ada", "{last}");
        let detail = serde_json::json!({
            "before": "c".repeat(40), "branch": "mine", "commit": "d".repeat(40), "force": true
        });
        assert_eq!(last["detail"], detail);
    });
}

#[test]
fn calls_that_are_lost_or_late_make_nothing_twice() {
    for call in
        [Call::Create, Call::Start, Call::Presence, Call::Thaw, Call::Remove, Call::Labelled, Call::Image, Call::Commit]
    {
        for slip in [Slip::Hung, Slip::LostReply, Slip::Late] {
            let slips = (1..4).map(|nth| (call, nth, slip)).collect();
            let plot = Plot { setup: true, slips, ..Plot::plain("slips", 3) };
            assert_eq!(end_of(&plot), (RunState::Succeeded, Vec::new()), "{call:?} {slip:?}");
        }
    }
}

#[test]
fn a_run_that_does_not_move_comes_before_a_person_and_what_they_say_is_done() {
    let turns: Vec<_> = (1..=4).map(|number| (number, 1, Turn::Nothing)).collect();
    let plot = |approve| Plot {
        turns: turns.clone(),
        answers: vec![(QuestionKind::Stuck, approve)],
        ..Plot::plain("stuck", 1)
    };
    assert_eq!(end_of(&plot(false)), (RunState::Failed, vec!["stuck Answered Some(false)".to_owned()]));
    assert_eq!(end_of(&plot(true)), (RunState::Succeeded, vec!["stuck Answered Some(true)".to_owned()]));
    let redirect = Plot {
        turns: turns.clone(),
        asks: vec![(When::State(RunState::AwaitingRedirect, 0), Ask::Redirect("change something"))],
        ..Plot::plain("stuck and redirected", 1)
    };
    assert_eq!(end_of(&redirect), (RunState::Succeeded, vec!["stuck Withdrawn None".to_owned()]));
}
