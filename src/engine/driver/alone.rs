//! What a run comes to in which no agent works: its tests alone say it.

use super::{Context, Engine, Halt};
use crate::domain::{Bounded, GateResult, GateVerdict, SuiteOutcome, SuiteVerdict};
use crate::engine::machine::{Event, Judgement};
use crate::engine::ports::World;
use crate::gates;

impl<W: World> Engine<W> {
    /// Ends it by its tests.
    pub(super) async fn conclude(&self, context: &Context) -> Result<(), Halt> {
        let run = &context.run;
        let (id, iteration) = (run.id, run.iteration);
        let stored = self.stored_facts(id, iteration).await?;
        let (judgement, result) = concluded(&stored.now);
        let evidence = result.evidence.clone();
        let event = Event::Gated { judgement, evidence, guided: false, standstill: Vec::new(), headline: None };
        let place = (run.state, iteration, run.attempt);
        self.commit(id, Some(place), event, move |tx| tx.put_gate_result(id, iteration, &result)).await?;
        Ok(())
    }
}

/// What suites come to: all passed, or what did not comes first.
fn concluded(suites: &[SuiteOutcome]) -> (Judgement, GateResult) {
    let of = |suite: &SuiteOutcome| match suite.verdict {
        SuiteVerdict::Passed => GateVerdict::Pass,
        SuiteVerdict::Failed => GateVerdict::Fail,
        SuiteVerdict::NoVerdict => GateVerdict::Unavailable,
        // Luck and a success that counts no tests prove nothing.
        SuiteVerdict::Flaky | SuiteVerdict::Uncounted => GateVerdict::NeedsPerson,
    };
    let has = |verdict| suites.iter().any(|suite| of(suite) == verdict);
    let (judgement, verdict) = match () {
        () if suites.is_empty() => (Judgement::Red, GateVerdict::Unavailable),
        () if has(GateVerdict::Fail) => (Judgement::Red, GateVerdict::Fail),
        () if has(GateVerdict::Unavailable) => (Judgement::Red, GateVerdict::Unavailable),
        () if has(GateVerdict::NeedsPerson) => (Judgement::NeedsPerson, GateVerdict::NeedsPerson),
        () => (Judgement::Green, GateVerdict::Pass),
    };
    let (passed, others): (Vec<_>, Vec<_>) = suites.iter().partition(|suite| suite.verdict == SuiteVerdict::Passed);
    let mut evidence: Vec<String> = others.into_iter().chain(passed).flat_map(gates::told).collect();
    if evidence.is_empty() {
        evidence.push("no suite ran".to_owned());
    }
    let evidence = evidence.iter().collect::<Bounded>().finish();
    (judgement, GateResult { gate: "tests".to_owned(), verdict, evidence })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TestStatus;
    use std::collections::{BTreeMap, BTreeSet};

    fn suite(name: &str, verdict: SuiteVerdict) -> SuiteOutcome {
        let status = if verdict == SuiteVerdict::Passed { TestStatus::Passed } else { TestStatus::Failed };
        SuiteOutcome {
            suite: name.to_owned(),
            verdict,
            exit_code: Some(0),
            cases: BTreeMap::from([("test_a".to_owned(), status)]),
            oddities: Vec::new(),
            flaky: BTreeSet::new(),
        }
    }

    #[test]
    fn only_what_passes_has_passed_and_what_did_not_is_told_first() {
        use SuiteVerdict::{Failed, Flaky, NoVerdict, Passed, Uncounted};
        let of = |verdicts: &[SuiteVerdict]| {
            let suites: Vec<_> =
                (0..).zip(verdicts).map(|(n, verdict): (u32, _)| suite(&format!("s{n}"), *verdict)).collect();
            concluded(&suites)
        };
        assert_eq!(of(&[Passed, Passed]).0, Judgement::Green);
        assert_eq!(of(&[]).0, Judgement::Red);
        assert_eq!(of(&[Passed, NoVerdict]).0, Judgement::Red);
        assert_eq!(of(&[Passed, Uncounted]).0, Judgement::NeedsPerson);
        assert_eq!(of(&[Flaky, Failed]).0, Judgement::Red);
        let told = of(&[Passed, Failed]).1;
        assert_eq!(told.verdict, GateVerdict::Fail);
        assert!(
            told.evidence[0].starts_with("suite `s1` failed") && told.evidence[1] == "failed: s1: test_a",
            "{told:?}"
        );
    }
}
