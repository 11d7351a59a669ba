//! What repaired a bug, for screens and the command line.

use crate::protocol::BugRepair;
use crate::safe;
use crate::text::{Colour, SafeText, Style};

/// What repaired it, and whether that helped others.
pub fn told(repairs: &[BugRepair]) -> Vec<SafeText> {
    if repairs.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![SafeText::empty(), safe!("What repaired it, by the engine's tests").styled(Style::strong())];
    for repair in repairs {
        let since = match (repair.helped, repair.failed) {
            (0, 0) => SafeText::empty(),
            (helped, failed) => safe!("; quoted to others it helped {} and did not {}", helped, failed),
        };
        lines.push(safe!("  {} iteration {}{}", repair.run, repair.iteration, since));
        for line in repair.patch.lines() {
            let line = safe!("    {}", line.to_owned());
            lines.push(match line.plain().trim_start().chars().next() {
                Some('+') => line.styled(Style::fg(Colour::Green)),
                Some('-') => line.styled(Style::fg(Colour::Red)),
                _ => line,
            });
        }
    }
    lines
}
