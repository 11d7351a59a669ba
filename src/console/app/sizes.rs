//! How much of the screen people give to the panes, beside what is in them.

use super::{App, Pane};
use crate::console::keymap::Command;

/// Columns and rows that one key gives or takes.
const STEP: (i16, i16) = (4, 1);
/// No more than so is given or taken.
const MOST: i16 = 60;

/// What was given to panes and taken from them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Columns that the left column has beyond its share.
    pub left: i16,
    rows: [i16; 4],
    collapsed: [bool; 4],
}

impl Sizes {
    /// Rows that a pane has beyond what it would have.
    pub fn rows(&self, pane: Pane) -> i16 {
        self.rows.get(pane as usize).copied().unwrap_or(0)
    }

    /// Whether only a pane's title is shown.
    pub fn is_collapsed(&self, pane: Pane) -> bool {
        self.collapsed.get(pane as usize).copied().unwrap_or(false)
    }
}

impl App {
    /// Gives to the pane that has the keys, or takes from it.
    pub(super) fn resize_pane(&mut self, command: Command) {
        // A pane that has the whole screen has nothing to give or take.
        self.zoom = false;
        let left = matches!(self.pane, Pane::Runs | Pane::Bugs);
        let place = self.pane as usize;
        let Sizes { left: columns, rows, collapsed } = &mut self.sizes;
        let more = |by: i16, to: &mut i16| *to = (*to + by).clamp(-MOST, MOST);
        match (command, rows.get_mut(place), collapsed.get_mut(place)) {
            (Command::Wider, ..) => more(if left { STEP.0 } else { -STEP.0 }, columns),
            (Command::Narrower, ..) => more(if left { -STEP.0 } else { STEP.0 }, columns),
            (Command::Taller, Some(rows), _) => more(STEP.1, rows),
            (Command::Shorter, Some(rows), _) => more(-STEP.1, rows),
            (Command::Collapse, _, Some(collapsed)) => *collapsed = !*collapsed,
            _ => self.sizes = Sizes::default(),
        }
    }
}
