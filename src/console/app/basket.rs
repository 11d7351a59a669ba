//! A yes to several proposals at once. Each is read to its end in its own dialog and put with the others there. The one yes names the bytes
//! of each that were on the screen, and takes a code of the moment, as any yes does; whether they are alike the engine looks itself.

use super::{App, Asked, Editing, Effect};
use crate::approval::together::MOST;
use crate::console::keymap::Command;
use crate::domain::{Agreed, ProposalId, Seen};
use crate::protocol::{Fault, Reply, Request};
use crate::safe;
use crate::text::SafeText;

/// One that was read to its end and waits for the yes to all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Which.
    pub id: ProposalId,
    /// Its asset.
    pub asset: String,
    /// The digest of what was on the screen.
    digest: String,
    /// What of it was on the screen, and for how long.
    seen: Seen,
}

impl Put {
    fn agreed(&self) -> Agreed {
        Agreed { proposal: self.id, digest: self.digest.clone(), seen: Some(self.seen) }
    }
}

impl App {
    /// Puts the proposal that is shown with the others, or takes it away again.
    pub(super) fn put_together(&mut self) {
        if let Some(id) = self.dialog.shown().map(|detail| detail.proposal.id)
            && let Some(at) = self.basket.iter().position(|one| one.id == id)
        {
            self.basket.remove(at);
            return self.say(safe!("{} is decided by itself again", id));
        }
        let detail = match self.may_agree() {
            Ok(detail) => detail,
            Err(why) => return self.complain(why),
        };
        let (id, asset) = (detail.proposal.id, detail.proposal.proposed.asset.name.clone());
        if detail.need.critical {
            return self.complain(safe!("{} is critical, which is always decided by itself", asset));
        }
        self.sweep();
        if self.basket.len() >= MOST {
            return self.complain(safe!("at most {} are decided at once: nobody reads more with care", MOST));
        }
        self.basket.push(Put { id, asset, digest: self.dialog.digest.clone(), seen: self.dialog.seen(self.now) });
        let (count, key) = (self.basket.len(), self.keys.first(Command::AgreeAll));
        self.say(safe!("{} put together: `{}` says yes to all of them once there are two", count, key));
    }

    /// Asks for the yes to all.
    pub(super) fn ask_for_all(&mut self) {
        self.sweep();
        if self.basket.len() < 2 {
            let key = self.keys.first(Command::Together);
            return self.complain(safe!(
                "read two or more to their ends and put each with `{}`: then one yes is for all",
                key
            ));
        }
        self.open(Editing::AgreeAll);
        if self.layer.is_some() {
            self.dialog.code.clear();
            self.effects.push(Effect::Code);
        }
    }

    /// What was typed for it.
    pub(super) fn agree_to_all(&mut self, text: &str) {
        // It holds for this one try.
        let code = std::mem::take(&mut self.dialog.code);
        if code.is_empty() || text.trim() != code {
            return self
                .complain(safe!("that was not the code on the screen: nothing was sent; the next one is another"));
        }
        let before = self.basket.len();
        self.sweep();
        if self.basket.len() != before || before < 2 {
            return self
                .complain(safe!("one of them was decided meanwhile: nothing was sent, look at the others again"));
        }
        let yes = self.basket.iter().map(Put::agreed).collect();
        let words = safe!("yes to {}", self.put());
        self.act_for(&words.clone(), Asked::Together(words), Request::AgreeToAll { yes });
    }

    /// Whether it was taken.
    pub(super) fn agreed_to_all(&mut self, words: &SafeText, reply: Result<Reply, Fault>) {
        match reply {
            Ok(_) => {
                self.basket.clear();
                self.dialog.detail.outdate();
                self.stale = true;
                self.say(safe!("{}: done", words));
            }
            Err(fault) => self.complain(safe!("{}: {}", words, fault.message)),
        }
    }

    /// Their ids.
    pub fn put(&self) -> SafeText {
        let ids: Vec<SafeText> = self.basket.iter().map(|one| safe!("{}", one.id)).collect();
        SafeText::join(&ids, &safe!(" "))
    }

    /// Those that wait for no yes any more are put with the others no more.
    fn sweep(&mut self) {
        let proposals = &self.proposals;
        self.basket.retain(|one| proposals.iter().any(|brief| brief.id == one.id && brief.state.is_open()));
    }
}
