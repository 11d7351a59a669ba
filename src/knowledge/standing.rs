//! What the engine's own tests say of what an agent says that it tried.

use crate::domain::{Note, NoteKind, Standing};
use crate::store::{StoreError, View};

/// How a note stands now. Only the tests of the iteration in which it was taken count.
pub fn standing(view: &View<'_>, note: &Note) -> Result<Standing, StoreError> {
    let (NoteKind::Attempt, Some(bug)) = (note.kind, note.bug) else { return Ok(Standing::Unverified) };
    let (tested, had) = (view.tested(note.run)?, view.iterations_with(note.run, bug)?);
    // A bug that was not there just before cannot have been repaired.
    let before = tested.range(..note.iteration).next_back();
    Ok(match (tested.contains(&note.iteration), before.is_some_and(|before| had.contains(before))) {
        (true, true) if had.contains(&note.iteration) => Standing::Refuted,
        (true, true) => Standing::BorneOut,
        _ => Standing::Unverified,
    })
}
