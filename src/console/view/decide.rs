//! What the fields say in which a proposal is decided.

use super::urgent;
use crate::console::app::{App, Editing, GLASS, WHY};
use crate::safe;
use crate::text::{SafeText, Style};

/// What a yes to several says, each by its asset.
pub(super) fn all(app: &App) -> (SafeText, Vec<SafeText>) {
    let mut told: Vec<SafeText> = app.basket.iter().map(|one| safe!("{} on {}", one.id, one.asset)).collect();
    told.push(safe!("Each runs once, as soon as enough people have said yes to it; or none is agreed to."));
    told.push(safe!("Type this code, then enter: {}", safe!("{}", app.dialog.code).styled(Style::strong())));
    (safe!("Yes to these {} at once?", app.basket.len()), told)
}

/// The name of a field and what is told above it; the last line says what is to be written.
pub(super) fn words(app: &App, what: Editing) -> (SafeText, Vec<SafeText>) {
    let Some(detail) = app.dialog.shown() else { return (SafeText::empty(), vec![safe!("it is not here any more")]) };
    let (id, asset) = (detail.proposal.id, &detail.proposal.proposed.asset);
    match what {
        Editing::Agree(_) => {
            let mut told = Vec::new();
            let code = safe!("{}", app.dialog.code).styled(Style::strong());
            if detail.need.critical {
                told.push(urgent(&safe!(" {} IS CRITICAL ", asset.name)));
                told.push(safe!("Your key signs the yes: its agent or a passphrase may be asked for."));
                told.push(safe!(
                    "Without a second person: `{}` and why, in 20 letters or more, behind the code; all consoles say so.",
                    GLASS
                ));
                told.push(safe!("Type the asset's name, a blank and this code, then enter: {} {}", asset.name, code));
            } else {
                told.push(safe!("It runs on {} as soon as enough people have said yes, once.", asset.name));
                told.push(safe!("Type this code, then enter: {}", code));
            }
            (safe!("Yes to {} on {}?", id, asset.name), told)
        }
        Editing::Refuse(_) => (safe!("No to {}?", id), vec![safe!("Why; whoever asked gets to read it:")]),
        Editing::TakeBack(_) => (safe!("Take {} back?", id), vec![safe!("Why (may be left out):")]),
        Editing::Rewrite(_) => (
            safe!("Another command in the place of {}", id),
            vec![
                safe!(
                    "It is a new proposal, yours, and all votes for this one are void. Nothing but the command changes."
                ),
                safe!("The first line says why, after `{}`; then one word a line, or the script:", WHY),
            ],
        ),
        Editing::Stop(_) => (
            safe!("Stop {} on {}?", id, asset.name),
            vec![
                safe!(
                    "All that it started is told to end, and killed {} s later. What it did until then is done.",
                    crate::fleet::GRACE
                ),
                safe!("Why; whoever asked gets to read it:"),
            ],
        ),
        Editing::Again(_) => (
            safe!("Propose it anew?"),
            vec![
                safe!(
                    "The same for {}, as a new proposal of yours, which people decide on from the beginning.",
                    asset.name
                ),
                safe!("enter: propose it"),
            ],
        ),
        Editing::Review(_) => (
            safe!("Have you looked at {}?", id),
            vec![
                safe!("One person decided it for two. Your name stands beside theirs from now on."),
                safe!("enter: I have"),
            ],
        ),
        _ => (
            safe!("What became of {}?", id),
            vec![
                safe!("It is never run again, whatever you say. Look at {} first.", asset.name),
                safe!("`ran`, `not-run` or `accepted`, and then how you know it:"),
            ],
        ),
    }
}
