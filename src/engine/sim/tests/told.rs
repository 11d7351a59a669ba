//! What became of an agent's proposal, as the driver delivers it: in the prompt of one turn, wherever the engine dies around that.

use super::*;
use crate::engine::proposals::sim::denied;

#[test]
fn an_outcome_is_told_in_one_turn_wherever_the_engine_dies_that_delivers_it() {
    for point in ["proposal.deliver.before", "proposal.deliver.after", "step.develop.intended"] {
        play(async {
            let mut sim = Sim::new(Plot { parts: 2, ..Plot::plain("told", 1) }).await;
            let (id, run) = (denied(&sim.store, sim.run).await, sim.run);
            assert_eq!(sim.life(Plan::error(point, 1), None).await, End::Crashed, "{point}");
            assert_eq!(sim.life(Plan::count(), None).await, End::Over, "{point}");
            let (prompts, turns) = sim
                .store
                .read_sync(|view| {
                    let mut prompts = BTreeMap::new();
                    for (name, from) in view.blobs_of(run)?.into_iter().filter(|(_, from)| from.kind == "prompt") {
                        prompts.insert(from.step, String::from_utf8_lossy(&view.blob(&name)?).into_owned());
                    }
                    let mut turns = Vec::new();
                    for iteration in 1..=10 {
                        turns.extend((!view.proposals_to_tell(run, iteration)?.is_empty()).then_some(iteration));
                    }
                    Ok((prompts, turns))
                })
                .unwrap();
            let words = format!("{id} for web-1: denied by a person");
            let telling = prompts.values().filter(|prompt| prompt.contains(&words)).count();
            assert!(prompts.len() >= 2, "{point}: {prompts:?}");
            assert_eq!((telling, turns), (1, vec![1]), "{point}: {prompts:?}");
        });
    }
}
