//! Redirecting: what is written for a run outlives the dialog, the connection and the terminal until it is sent, and what was
//! sent is followed to the agent at work and until a prompt has quoted it.

use super::{App, Asked, Editing, Effect, Layer};
use crate::domain::{Guidance, LiveFate, RunId};
use crate::protocol::{Reply, Request, RunView};
use crate::safe;
use crate::words;
use ratatui_textarea::{CursorMove, TextArea};
use std::collections::BTreeMap;

/// What is known of guidance, sent and not.
#[derive(Debug, Default)]
pub struct Guiding {
    drafts: BTreeMap<RunId, String>,
    /// The last guidance sent from here that no prompt has quoted yet.
    waiting: BTreeMap<RunId, Waiting>,
    told: Option<(RunId, Vec<Guidance>)>,
}

/// Guidance that is followed.
#[derive(Debug)]
struct Waiting {
    number: u32,
    /// What was said last of an agent that was at work when it came.
    live: Option<LiveFate>,
}

impl Guiding {
    /// What is written for a run and not sent.
    pub fn draft(&self, run: RunId) -> Option<&str> {
        self.drafts.get(&run).map(String::as_str)
    }

    /// What a run was told before, oldest first; `None` where that is not known yet.
    pub fn told(&self, run: RunId) -> Option<&[Guidance]> {
        self.told.as_ref().filter(|(of, _)| *of == run).map(|(_, told)| told.as_slice())
    }
}

impl App {
    /// Opens the editor with what was written before.
    pub(super) fn open_redirect(&mut self, run: RunId) {
        self.open(Editing::Redirect(run));
        if self.layer.is_none() {
            return;
        }
        match self.guiding.drafts.get(&run).cloned() {
            Some(draft) => self.recalled(run, &draft),
            None => self.effects.push(Effect::RecallDraft(run)),
        }
        self.ask(Asked::Told(run), Request::Run { run });
    }

    /// What was written for a run before. What is being written goes before it.
    pub fn recalled(&mut self, run: RunId, draft: &str) {
        if let Some(Layer::Edit { what: Editing::Redirect(of), text, .. }) = &mut self.layer
            && *of == run
            && text.lines().iter().all(String::is_empty)
        {
            **text = TextArea::new(draft.split('\n').map(str::to_owned).collect());
            text.move_cursor(CursorMove::Bottom);
            text.move_cursor(CursorMove::End);
            self.guiding.drafts.insert(run, draft.to_owned());
        }
    }

    /// Remembers what is written in the editor, if it is open.
    pub(super) fn keep_draft(&mut self) {
        let Some(Layer::Edit { what: Editing::Redirect(run), text, .. }) = &self.layer else {
            return self.keep_words();
        };
        let (run, text) = (*run, text.lines().join("\n"));
        if text.trim().is_empty() {
            if self.guiding.drafts.remove(&run).is_some() {
                self.effects.push(Effect::ForgetDraft(run));
            }
        } else if self.guiding.draft(run) != Some(&text) {
            self.guiding.drafts.insert(run, text);
            self.effects.push(Effect::KeepDraft(run));
        }
    }

    /// The engine has new guidance of ours on disk, or has none of it.
    pub(super) fn guided(&mut self, run: RunId, sent: &str, reply: Result<Reply, crate::protocol::Fault>) {
        let view = match reply {
            Ok(Reply::Run { run }) => run,
            Ok(_) => {
                return self.complain(safe!("redirect {}: {}", run, crate::client::ClientError::Unfit.to_string()));
            }
            Err(fault) => {
                let key = self.keys.first(crate::console::keymap::Command::Redirect);
                return self.complain(safe!("redirect {}: {}; `{}` has your words", run, fault.message, key));
            }
        };
        // Who went on writing meanwhile keeps that.
        if self.guiding.draft(run).is_some_and(|draft| draft.trim() == sent) {
            self.guiding.drafts.remove(&run);
            self.effects.push(Effect::ForgetDraft(run));
        }
        match &view.guidance {
            Some(guidance) => {
                let number = guidance.count;
                self.guiding.waiting.insert(run, Waiting { number, live: None });
                self.say(safe!("redirect {}: acknowledged as guidance {}, for its next prompt", run, number));
                self.follow_guidance(&view);
            }
            None => self.say(safe!("redirect {}: acknowledged", run)),
        }
    }

    /// Tells when the agent at work has got what was sent from here, and when a prompt has quoted it.
    pub(super) fn follow_guidance(&mut self, view: &RunView) {
        let (run, Some(now)) = (view.run.id, &view.guidance) else { return };
        let Some(waiting) = self.guiding.waiting.get_mut(&run) else { return };
        let number = waiting.number;
        if let (true, Some(iteration)) = (now.applied >= number, now.applied_in) {
            self.guiding.waiting.remove(&run);
            let word = if now.applied == number { safe!("at") } else { safe!("by") };
            self.say(safe!("redirect {}: guidance {} applied {} iteration {}", run, number, word, iteration));
        } else if view.run.state.is_final() {
            self.guiding.waiting.remove(&run);
            self.complain(safe!("redirect {}: the run ended before a prompt quoted guidance {}", run, number));
        } else if let Some(live) = now.live.as_ref().filter(|_| now.count == number)
            && waiting.live.as_ref() != Some(&live.fate)
        {
            waiting.live = Some(live.fate.clone());
            let words = words::guidance::live(live);
            self.say(safe!("redirect {}: guidance {} {}; the next prompt quotes it", run, number, words));
        }
    }

    /// What is written cannot be kept on disk, or cannot be read from there.
    pub fn draft_fault(&mut self, error: &std::io::Error) {
        self.complain(safe!("what you write is kept here only, not on disk: {}", error.to_string()));
    }

    /// What a run was told before. A draft that stands there was sent by a console that was lost before it heard so: nobody
    /// shall send it again.
    pub(super) fn hear_told(&mut self, run: RunId, told: Vec<Guidance>) {
        let draft = self.guiding.draft(run).map(str::trim);
        if let Some(sent) = told.iter().rev().find(|one| Some(one.text.as_str()) == draft) {
            self.say(safe!("what was kept for {} was sent as guidance {} already", run, sent.number));
            self.guiding.drafts.remove(&run);
            self.effects.push(Effect::ForgetDraft(run));
            if let Some(Layer::Edit { what: Editing::Redirect(of), text, .. }) = &mut self.layer
                && *of == run
            {
                **text = TextArea::default();
            }
        }
        self.guiding.told = Some((run, told));
    }
}
