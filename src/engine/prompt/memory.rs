//! What repaired such problems before, as far as the engine's own tests bore it out.

use super::DATA;
use super::quote::{fenced, one_line, push_bounded};
use crate::domain::{Likeness, Offer};
use crate::knowledge::memory::MESSAGE;
use std::fmt::Write as _;

pub(super) fn section(text: &mut String, offers: &[Offer]) {
    let mut offers = offers.iter().filter(|offer| offer.quoted).peekable();
    if offers.peek().is_none() {
        return;
    }
    let _infallible = writeln!(
        text,
        "# What repaired such problems before\n\nAfter these changes the tests no longer showed the problem. See whether the cause is \
         the same here before you do alike. {DATA}\n"
    );
    for offer in offers {
        let repair = &offer.repair;
        let like = match offer.likeness {
            Likeness::Same => "the same problem",
            Likeness::Class | Likeness::Words => "a problem like it",
        };
        let mut body = String::new();
        let _infallible = write!(body, "{} in project ", repair.bug);
        push_bounded(&mut body, &one_line(&repair.project), 80);
        let _infallible = write!(body, " ({}, iteration {}), {like}: ", repair.run, repair.iteration);
        push_bounded(&mut body, &one_line(&repair.kind), 80);
        body.push(' ');
        push_bounded(&mut body, &one_line(&repair.message), MESSAGE);
        body.push('\n');
        if repair.helped + repair.failed > 0 {
            let _infallible = writeln!(body, "tried again since: helped {}, did not {}", repair.helped, repair.failed);
        }
        body.push_str(&repair.patch);
        if !body.ends_with('\n') {
            body.push('\n');
        }
        text.push_str(&fenced(&body));
    }
}
