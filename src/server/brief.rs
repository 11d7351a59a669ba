//! Runs as lists and streams carry them: long texts are cut, so that a thousand runs fit into one line of the protocol. The
//! request for one run gives them whole, as long as everything about the run fits into one line, too.

use super::answer::size;
use super::detail::runs_with;
use super::questions::shorten;
use crate::domain::{Iteration, Run};
use crate::protocol::{LONGEST_LINE, RunDetail, RunView};
use crate::store::{RunFilter, StoreError, View};

/// Longest task, and longest sum of the criteria, in characters.
const TASK: usize = 300;
/// Longest reason in characters.
const REASON: usize = 1000;

/// Runs that are read at once, whole, before they are cut.
const PAGE: u32 = 100;

/// The newest runs that pass the filter, cut, and whether there are older ones.
pub(super) fn newest(view: &View<'_>, filter: &RunFilter, most: usize) -> Result<(Vec<RunView>, bool), StoreError> {
    let mut found: Vec<RunView> = Vec::new();
    loop {
        let before = found.last().map(|oldest| oldest.run.id);
        let page = view.runs(&RunFilter { before, limit: Some(PAGE), ..filter.clone() })?;
        if page.is_empty() {
            return Ok((found, false));
        }
        found.extend(briefly(view, page)?);
        if found.len() > most {
            found.truncate(most);
            return Ok((found, true));
        }
    }
}

/// Runs with what lists show beside them, cut.
pub(super) fn briefly(view: &View<'_>, runs: Vec<Run>) -> Result<Vec<RunView>, StoreError> {
    let mut views = runs_with(view, runs)?;
    views.iter_mut().for_each(brief);
    Ok(views)
}

/// Cuts what is long and notes that it did.
fn brief(view: &mut RunView) {
    let run = &mut view.run;
    view.shortened |= cut(&mut run.task, TASK);
    view.shortened |= cut(&mut run.reason, REASON);
    let mut left = TASK;
    let mut kept = 0;
    for criterion in &mut run.criteria {
        if left == 0 {
            break;
        }
        view.shortened |= cut(criterion, left);
        left = left.saturating_sub(criterion.chars().count());
        kept += 1;
    }
    view.shortened |= kept < run.criteria.len();
    run.criteria.truncate(kept);
}

/// Cuts the lists of a run that does not fit into a line and notes that it did.
pub(super) fn fit(detail: &mut RunDetail) {
    if size(detail) <= LONGEST_LINE / 2 {
        return;
    }
    let quarter = LONGEST_LINE / 4;
    let share = |of: usize| quarter / of.max(1);
    let of_iteration = share(detail.iterations.len());
    for iteration in &mut detail.iterations {
        let of_list = of_iteration / (iteration.suspicions.len() + 2);
        cut_suspicions(iteration, of_list);
        if let Some(audit) = &mut iteration.audit {
            // A control character has six bytes in JSON.
            cut(&mut audit.words, of_list / 6);
        }
    }
    let of_question = share(detail.questions.len());
    for question in &mut detail.questions {
        shorten(question, of_question);
    }
    let of_gate = share(detail.gates.len());
    for gate in &mut detail.gates {
        cut_list(&mut gate.evidence, of_gate);
    }
    detail.view.shortened = true;
}

/// Cuts what is named beside suspicions to so many bytes for each of them.
pub(super) fn cut_suspicions(iteration: &mut Iteration, most: usize) {
    let disagrees = std::iter::once(&mut iteration.rerun_disagrees);
    for list in iteration.suspicions.iter_mut().filter_map(|one| one.named_mut()).chain(disagrees) {
        cut_list(list, most);
    }
}

/// Cuts a list to so many bytes in a line and says how many texts went.
pub(super) fn cut_list(list: &mut Vec<String>, most: usize) {
    let mut left = most;
    let fits = |text: &&String| left.checked_sub(size(text) + 1).map(|rest| left = rest).is_some();
    let kept = list.iter().take_while(fits).count();
    let more = list.len() - kept;
    if more > 0 {
        list.truncate(kept);
        list.push(format!("and {more} more"));
    }
}

/// Cuts a text to so many characters, the mark at its end not counted.
pub(super) fn cut(text: &mut String, most: usize) -> bool {
    let Some((end, _)) = text.char_indices().nth(most) else { return false };
    text.truncate(end);
    text.push('…');
    true
}

#[cfg(test)]
mod tests {
    use super::{brief, fit, size};
    use crate::domain::{Audit, GateResult, GateVerdict, Iteration, Millis, RunId, Suspicion, Usage};
    use crate::protocol::{LONGEST_LINE, RunDetail, RunView};
    use crate::store::new_run_for_tests;

    fn view(task: &str, criteria: Vec<String>, reason: &str) -> RunView {
        let mut run = new_run_for_tests(crate::domain::ProjectId(1));
        (run.task, run.criteria, run.reason) = (task.to_owned(), criteria, reason.to_owned());
        RunView::for_tests(run)
    }

    #[test]
    fn short_texts_stay_whole() {
        let mut short = view("repair it", vec!["a".to_owned(), "b".to_owned()], "why");
        let whole = short.clone();
        brief(&mut short);
        assert_eq!(short, whole);
    }

    #[test]
    fn the_worst_thousand_runs_fit_into_one_line() {
        // A control character has six bytes in JSON.
        let worst = "\u{1}".repeat(64 * 1024);
        let mut long = view(&worst, vec![worst.clone(); 50], &worst);
        brief(&mut long);
        assert!(long.shortened && long.run.task.ends_with('…'));
        let bytes = serde_json::to_vec(&long).unwrap().len();
        assert!(bytes * 1000 < LONGEST_LINE, "{bytes} bytes a run");
    }

    fn detail(iterations: u32, texts: usize) -> RunDetail {
        let list = || vec!["x".repeat(10_000); texts];
        let audit = Audit::new(Some(&"\u{1}".repeat(16_000)), "codex".to_owned(), None, Usage::default());
        let iteration = |number| Iteration {
            audit: Some(audit.clone()),
            suspicions: vec![Suspicion::Unchanged, Suspicion::Planted { what: list() }],
            ..Iteration::new(RunId(1), number, "b".repeat(40), Millis(0))
        };
        let gate = GateResult { gate: "honesty".to_owned(), verdict: GateVerdict::NeedsPerson, evidence: list() };
        RunDetail {
            view: view("repair it", Vec::new(), ""),
            iterations: (0..iterations).map(iteration).collect(),
            rounds: Vec::new(),
            suites: Vec::new(),
            findings: Vec::new(),
            gates: vec![gate],
            guidance: Vec::new(),
            questions: Vec::new(),
            steps: Vec::new(),
            egress: Vec::new(),
            best: None,
        }
    }

    #[test]
    fn a_run_of_which_too_much_is_told_still_fits_into_one_line() {
        let mut large = detail(30, 2_000);
        fit(&mut large);
        assert!(size(&large) <= LONGEST_LINE, "{} bytes", size(&large));
        assert!(large.view.shortened && large.iterations.len() == 30);
        let Suspicion::Planted { what } = &large.iterations[29].suspicions[1] else { panic!("gone") };
        assert!(what.len() > 1 && what[what.len() - 1].ends_with(" more"), "{} texts", what.len());
        let mut small = detail(3, 2);
        fit(&mut small);
        assert_eq!(small, detail(3, 2));
    }
}
