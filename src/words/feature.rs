//! Features and what agents say of criteria, for screens and the command line.

use crate::domain::{FeatureState, Fulfilment};
use crate::protocol::{FeatureDetail, FeatureRun, SaidOf};
use crate::safe;
use crate::text::{Colour, SafeText, Style, exact};
use crate::words;

/// How far a feature is.
pub fn state(state: FeatureState) -> SafeText {
    let style = match state {
        FeatureState::Open | FeatureState::InWork => Style::PLAIN,
        FeatureState::Delivered => Style::fg(Colour::Green),
        FeatureState::Closed => Style::faint(),
    };
    safe!("{}", state.words()).styled(style)
}

/// Each criterion with what the agent says of it. No colour: it is a claim.
pub fn said(criteria: &[SaidOf]) -> Vec<SafeText> {
    let mut lines = Vec::new();
    for (number, one) in (1..).zip(criteria) {
        lines.push(safe!("  {}. {}", number, one.criterion));
        lines.push(match &one.said {
            None => safe!("     the agent has said nothing of it").styled(Style::faint()),
            Some(said) => {
                let verdict = match said.verdict {
                    Fulfilment::Met => "met",
                    Fulfilment::Unmet => "not met",
                    Fulfilment::Unclear => "unclear",
                };
                safe!("     {}, says the agent (iteration {}): {}", verdict, said.iteration, said.words)
            }
        });
    }
    lines
}

/// A feature in full: its words, then each run with the engine's own verdict before what its agent says.
pub fn told(detail: &FeatureDetail) -> Vec<SafeText> {
    let feature = &detail.view.feature;
    let strong = |text: SafeText| text.styled(Style::strong());
    let mut lines = vec![safe!(
        "{} {}: {}",
        strong(safe!("{}", feature.id)),
        state(detail.view.state),
        strong(safe!("{}", feature.title))
    )];
    lines.push(safe!(
        "wanted of {}, added by {} at {}, version {} of {}",
        detail.view.project,
        feature.by,
        feature.added,
        feature.version,
        feature.changed
    ));
    if let Some(closed) = &feature.closed {
        lines.push(safe!("closed by {} at {}: {}", closed.by, closed.at, closed.reason));
    }
    lines.push(SafeText::empty());
    lines.extend(feature.text.lines().map(|line| exact::encode_indented(line.as_bytes())));
    if !feature.criteria.is_empty() {
        lines.extend([SafeText::empty(), strong(safe!("Acceptance criteria"))]);
        lines.extend((1..).zip(&feature.criteria).map(|(number, one): (u32, _)| safe!("  {}. {}", number, one)));
    }
    if !feature.notes.trim().is_empty() {
        lines.extend([SafeText::empty(), strong(safe!("Implementation notes"))]);
        let notes = feature.notes.lines().map(|line| exact::encode_indented(line.as_bytes()));
        lines.extend(notes.map(|line| safe!("  {}", line)));
    }
    lines.extend([SafeText::empty(), strong(safe!("Runs"))]);
    if detail.runs.is_empty() {
        lines.push(safe!("  none yet: `dogwatch run --feature {}` starts one", feature.id).styled(Style::faint()));
    }
    for one in &detail.runs {
        lines.extend(run(one).into_iter().map(|line| safe!("  {}", line)));
    }
    if detail.more {
        lines.push(safe!("  older runs are left out").styled(Style::faint()));
    }
    lines
}

fn run(one: &FeatureRun) -> Vec<SafeText> {
    let tests = one.tests.map_or_else(
        || safe!("no test of it was counted yet"),
        |tests| safe!("by the engine's tests {}", super::counts(tests, 0)),
    );
    let reason = if one.reason.is_empty() { SafeText::empty() } else { safe!(": {}", one.reason) };
    let mut lines = vec![safe!("{} {}{}; {}", one.run, words::state(one.state), reason, tests)];
    if one.edited {
        lines.push(safe!("   it was started from an earlier version of the words").styled(Style::faint()));
    }
    lines.extend(said(&one.criteria));
    lines
}
