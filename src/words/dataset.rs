//! Data sets, for screens and the command line.

use crate::domain::DatasetState;
use crate::protocol::DatasetView;
use crate::safe;
use crate::text::{Colour, SafeText, Style, exact};
use crate::words;

/// Whether it can be had.
pub fn state(state: DatasetState) -> SafeText {
    let colour = match state {
        DatasetState::Reading => Colour::Blue,
        DatasetState::Ready => Colour::Green,
        DatasetState::Changed | DatasetState::Failed => Colour::Red,
    };
    safe!("{}", state.words()).styled(Style::fg(colour))
}

/// One in full.
pub fn told(view: &DatasetView) -> Vec<SafeText> {
    let dataset = &view.dataset;
    let name = safe!("{}", dataset.name).styled(Style::strong());
    let mut lines = vec![safe!("{} {}", name, state(dataset.state))];
    lines.extend(dataset.fault.iter().map(|fault| safe!("  {}", fault)));
    lines.push(safe!("path    {}", dataset.path));
    let whose = view.project.as_ref().map_or_else(|| safe!("any project"), |project| safe!("{}", project));
    lines.push(safe!("for     {}, at /datasets/{} in its steps, read-only", whose, dataset.name));
    let (files, bytes) = view.read.unwrap_or((dataset.files, dataset.bytes));
    let so_far = if view.read.is_some() { safe!(" so far") } else { SafeText::empty() };
    lines.push(safe!("holds   {} files, {}{}", files, words::size(bytes), so_far));
    lines.extend(dataset.digest.iter().map(|digest| safe!("digest  {}", digest)));
    lines.push(safe!("added   by {} at {}", dataset.by, dataset.added));
    lines.extend(dataset.looked.map(|at| safe!("read    at {}", at)));
    if !dataset.text.trim().is_empty() {
        lines.push(SafeText::empty());
        lines.extend(exact::encode_lines(dataset.text.as_bytes()));
    }
    lines
}
