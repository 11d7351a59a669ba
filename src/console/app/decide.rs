//! Deciding about a proposal: what has to be typed for each decision, and what is sent. A yes takes a code that is shown on the
//! screen anew each time, so that nothing that was pasted, queued or played back can say it.

use super::{App, Asked, Editing, Effect, Layer};
use crate::approval::machine::Resolution;
use crate::console::keymap::Command;
use crate::domain::{Claims, Program, ProposalId, ProposalState as State, Seen};
use crate::protocol::{NewProposal, Request, Verdict};
use crate::safe;
use crate::text::SafeText;
use ratatui_textarea::CursorMove;

/// What stands before the reason of somebody who decides for a second person as well.
pub const GLASS: &str = "glass:";
/// What stands before the reason of an edited proposal.
pub const WHY: &str = "why:";

/// A yes as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Yes {
    id: ProposalId,
    digest: String,
    seen: Seen,
    glass: Option<String>,
}

impl App {
    /// A key of the dialog was pressed.
    pub(super) fn decide_by(&mut self, command: Command) {
        let Some(detail) = self.dialog.shown() else {
            return self.complain(safe!("the proposal is not here yet"));
        };
        let (id, state, review) = (detail.proposal.id, detail.proposal.state, detail.proposal.wants_review());
        let late = state.is_open() || state == State::Approved;
        let what = match command {
            Command::Agree => match self.may_agree() {
                Ok(_) => Editing::Agree(id),
                Err(why) => return self.complain(why),
            },
            Command::Refuse if late => Editing::Refuse(id),
            Command::TakeBack if late => Editing::TakeBack(id),
            Command::Refuse | Command::TakeBack => return self.complain(safe!("{} is decided already", id)),
            Command::Rewrite if state.is_open() => Editing::Rewrite(id),
            Command::Rewrite => return self.complain(safe!("{} is decided: propose it anew instead", id)),
            Command::Again if state.is_final() => Editing::Again(id),
            Command::Again => return self.complain(safe!("{} is not over yet", id)),
            Command::Review if review => Editing::Review(id),
            Command::Review => return self.complain(safe!("{} waits for nobody to look at it", id)),
            Command::StopIt if detail.proposal.is_to_stop() => {
                return self.complain(safe!("a stop of {} is on its way already", id));
            }
            Command::StopIt if state.is_under_way() => Editing::Stop(id),
            Command::StopIt => return self.complain(safe!("{} does not run, so there is nothing to stop", id)),
            _ if state == State::OutcomeUnknown => Editing::Resolve(id),
            _ => return self.complain(safe!("what became of {} is no question", id)),
        };
        let begun = match what {
            Editing::Rewrite(_) => match written(&detail.proposal.proposed.command.program) {
                Some(lines) => Some(lines),
                None => {
                    return self.complain(safe!(
                        "it has letters that nobody can type here: `dogwatch approvals edit {}` takes them from a file",
                        id
                    ));
                }
            },
            _ => None,
        };
        self.open(what);
        if let Some(lines) = begun {
            self.begin_with(lines);
            if let Some(Layer::Edit { text, .. }) = &mut self.layer {
                // The first line says why.
                text.move_cursor(CursorMove::Top);
                text.move_cursor(CursorMove::End);
            }
        }
        if matches!(what, Editing::Agree(_)) && self.layer.is_some() {
            self.dialog.code.clear();
            self.effects.push(Effect::Code);
        }
    }

    /// The code that has to be typed this time.
    pub fn coded(&mut self, code: String) {
        self.dialog.code = code;
    }

    /// A field of the dialog is done.
    pub(super) fn decide_as(&mut self, what: Editing, text: &str) {
        match what {
            Editing::Agree(id) => self.agree(id, text),
            Editing::Refuse(_) if text.is_empty() => {
                self.complain(safe!("a no needs a reason, which whoever asked gets to read: nothing was sent"));
            }
            Editing::Stop(_) if text.is_empty() => {
                self.complain(safe!("a stop needs a reason, which whoever asked gets to read: nothing was sent"));
            }
            Editing::Stop(id) => self.send(safe!("stop {}", id), id, Verdict::Stop { reason: text.to_owned() }),
            Editing::Refuse(id) => self.send(safe!("no to {}", id), id, Verdict::Deny { reason: text.to_owned() }),
            Editing::TakeBack(id) => {
                self.send(safe!("take {} back", id), id, Verdict::Withdraw { reason: text.to_owned() });
            }
            Editing::Review(id) => self.send(safe!("look at {}", id), id, Verdict::Review),
            Editing::Resolve(id) => self.resolve(id, text),
            Editing::Rewrite(id) => self.rewrite(id, text),
            Editing::Again(_) => self.propose_again(),
            _ => {}
        }
    }

    fn agree(&mut self, id: ProposalId, text: &str) {
        // It holds for this one try.
        let code = std::mem::take(&mut self.dialog.code);
        let detail = match self.may_agree() {
            Ok(detail) => detail,
            Err(why) => return self.complain(why),
        };
        let (critical, keys, asset) =
            (detail.need.critical, detail.keys.clone(), detail.proposal.proposed.asset.name.clone());
        let (digest, seen) = (self.dialog.digest.clone(), self.dialog.seen(self.now));
        let mut words = text.split_whitespace();
        if critical && words.next() != Some(&asset) {
            return self.complain(safe!("the name of the asset was not typed first: nothing was sent"));
        }
        if code.is_empty() || words.next() != Some(&code) {
            return self
                .complain(safe!("that was not the code on the screen: nothing was sent; the next one is another"));
        }
        let rest: Vec<&str> = words.collect();
        let glass = match rest.split_first() {
            None => None,
            Some((&GLASS, reason)) if critical => Some(reason.join(" ")),
            Some(_) => return self.complain(safe!("more was typed than was asked for: nothing was sent")),
        };
        let yes = Yes { id, digest, seen, glass };
        if !critical {
            return self.send_yes(yes, None);
        }
        if keys.is_empty() {
            return self.complain(safe!(
                "no key of yours is known to the engine, and a critical asset needs your signature: the administrator \
                 writes your public key into `keys` under [approvals]"
            ));
        }
        self.say(safe!("your key signs the yes to {} now", id));
        let (digest, glass) = (yes.digest.clone(), yes.glass.clone());
        self.effects.push(Effect::Sign { proposal: id, digest, glass, keys });
        self.dialog.signing = Some(yes);
    }

    /// The yes that was waited for is signed, or is not.
    pub fn signed(&mut self, signature: Result<String, String>) {
        let Some(yes) = self.dialog.signing.take() else { return };
        // Time has passed: what is on the screen must still be it.
        if let Err(why) = self.may_agree() {
            return self.complain(why);
        }
        match signature {
            Ok(signature) if self.dialog.digest == yes.digest => self.send_yes(yes, Some(signature)),
            Ok(_) => self.complain(safe!("{} has changed while you signed: nothing was sent", yes.id)),
            Err(why) => self.complain(safe!("it was not signed, so nothing was sent: {}", why)),
        }
    }

    fn send_yes(&mut self, yes: Yes, signature: Option<String>) {
        let Yes { id, digest, seen, glass } = yes;
        let (seen, reason) = (Some(seen), String::new());
        self.send(safe!("yes to {}", id), id, Verdict::Approve { digest, seen, signature, glass, reason });
    }

    fn resolve(&mut self, id: ProposalId, text: &str) {
        let (word, note) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let as_what = match word.trim_end_matches(':') {
            "ran" => Resolution::Ran,
            "not-run" => Resolution::NotRun,
            "accepted" => Resolution::Accepted,
            _ => return self.complain(safe!("begin with `ran`, `not-run` or `accepted`: nothing was sent")),
        };
        let note = note.trim().to_owned();
        if note.is_empty() {
            return self.complain(safe!("say how you know it: nothing was sent"));
        }
        self.send(safe!("what became of {}", id), id, Verdict::Resolve { as_what, note });
    }

    /// An edited one is proposed by whoever edited it; what the other's requester said of it is not theirs to say.
    fn rewrite(&mut self, id: ProposalId, text: &str) {
        let Some(detail) = self.dialog.shown().filter(|detail| detail.proposal.id == id) else { return };
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let why = first.strip_prefix(WHY).unwrap_or_default().trim().to_owned();
        if why.is_empty() {
            return self.complain(safe!("the first line says why, after `why:`: nothing was sent"));
        }
        let mut command = detail.proposal.proposed.command.clone();
        let program = match &command.program {
            Program::Argv { .. } => {
                Program::Argv { words: rest.split('\n').map(|line| line.as_bytes().to_vec()).collect() }
            }
            Program::Script { bytes } => {
                let end = if bytes.ends_with(b"\n") { "\n" } else { "" };
                Program::Script { bytes: format!("{rest}{end}").into_bytes() }
            }
        };
        if program == command.program {
            return self.complain(safe!("nothing was changed, so nothing was sent"));
        }
        command.program = program;
        let new = NewProposal {
            asset: String::new(),
            command,
            claims: Claims { why, ..Claims::default() },
            run: detail.proposal.proposed.run,
        };
        self.decide(safe!("edit {}", id), Request::EditProposal { proposal: id, new: Box::new(new) });
    }

    /// Proposes what was proposed once more: a grant is never used twice.
    fn propose_again(&mut self) {
        let Some(one) = self.dialog.shown().map(|detail| &detail.proposal.proposed) else { return };
        let (asset, command, claims, run) = (one.asset.name.clone(), one.command.clone(), one.claims.clone(), one.run);
        let words = safe!("propose it anew for {}", asset);
        let new = Box::new(NewProposal { asset, command, claims, run });
        self.decide(words, Request::Propose { new });
    }

    fn send(&mut self, words: SafeText, proposal: ProposalId, verdict: Verdict) {
        self.decide(words, Request::Decide { proposal, verdict });
    }

    fn decide(&mut self, words: SafeText, request: Request) {
        self.act_for(&words.clone(), Asked::Decide(words), request);
    }
}

/// A program as lines to type in, the reason first; none where it has what a field cannot hold.
fn written(program: &Program) -> Option<Vec<String>> {
    let typed = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).ok()?;
        (!text.chars().any(char::is_control)).then_some(text)
    };
    let mut lines = vec![format!("{WHY} ")];
    match program {
        Program::Argv { words } => {
            for word in words {
                lines.push(typed(word)?);
            }
        }
        Program::Script { bytes } => {
            let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
            for line in text.split(|byte| *byte == b'\n') {
                lines.push(typed(line)?);
            }
        }
    }
    Some(lines)
}
