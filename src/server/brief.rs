//! Runs as lists and streams carry them: long texts are cut, so that a thousand runs fit into one line of the protocol. The
//! request for one run gives them whole.

use super::detail::runs_with;
use crate::domain::Run;
use crate::protocol::RunView;
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

/// Cuts a text to so many characters, the mark at its end not counted.
fn cut(text: &mut String, most: usize) -> bool {
    let Some((end, _)) = text.char_indices().nth(most) else { return false };
    text.truncate(end);
    text.push('…');
    true
}

#[cfg(test)]
mod tests {
    use super::brief;
    use crate::protocol::{LONGEST_LINE, RunView};
    use crate::store::new_run_for_tests;

    fn view(task: &str, criteria: Vec<String>, reason: &str) -> RunView {
        let mut run = new_run_for_tests(crate::domain::ProjectId(1));
        (run.task, run.criteria, run.reason) = (task.to_owned(), criteria, reason.to_owned());
        RunView { run, project: "p".to_owned(), tests: None, note: None, shortened: false }
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
}
