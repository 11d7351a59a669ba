//! The dialog about one proposal for a live asset: all that would run and whatever is known of it, in rows of which the console
//! knows whether they were on the screen. Nobody can say yes before the last of them was.

use super::rows::{Line, Rows};
use super::{App, Asked, Connection, Editing, Layer, Loaded, Page};
use crate::approval::show;
use crate::domain::{Millis, ProposalId, ProposalState as State, Seen};
use crate::protocol::{Bytes, Fault, ProposalDetail, Reply, Request};
use crate::safe;
use crate::text::{LogParser, SafeText};
use std::collections::VecDeque;
use std::ops::Range;

/// The smallest terminal on which somebody may say yes.
pub const LEAST: (u16, u16) = (60, 15);
/// Bytes of output that are asked for at once, and lines of it that are held.
const PIECE: u32 = 256 * 1024;
const MOST_LINES: usize = 5_000;
/// Most bytes from its end on that are asked for.
const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// Milliseconds between two looks at an execution under way.
const LOOK: i64 = 1_000;

/// It.
#[derive(Debug)]
pub struct Dialog {
    /// Which proposal.
    pub id: Option<ProposalId>,
    /// What is known of it.
    pub detail: Loaded<ProposalId, Box<ProposalDetail>>,
    /// The digest of what is shown, computed from it.
    pub digest: String,
    /// When that came.
    pub heard: Millis,
    /// The rows of the text.
    pub rows: Rows,
    /// The terminal as it was when they were painted.
    pub size: (u16, u16),
    /// What it printed.
    pub output: Output,
    /// What must be typed for a yes, anew each time that it is asked for.
    pub code: String,
    /// A yes that waits for its signature.
    pub(super) signing: Option<super::decide::Yes>,
    /// Grows with everything that changes the text.
    serial: u64,
    of: Option<(u64, usize, bool)>,
    /// When its first frame was on the screen.
    since: Option<Millis>,
    from: Page,
    looked: Millis,
}

impl Default for Dialog {
    fn default() -> Self {
        Self {
            id: None,
            detail: Loaded::default(),
            digest: String::new(),
            heard: Millis(0),
            rows: Rows::default(),
            size: (0, 0),
            output: Output::default(),
            code: String::new(),
            signing: None,
            serial: 0,
            of: None,
            since: None,
            from: Page::Approvals,
            looked: Millis(0),
        }
    }
}

/// What an execution has printed, as far as it is held: its end.
#[derive(Debug, Default)]
pub struct Output {
    /// Lines in the form for reading.
    pub lines: VecDeque<SafeText>,
    /// What follows the last of them.
    pub rest: Option<SafeText>,
    /// Lines before them are not held.
    pub cut: bool,
    parser: LogParser,
    next: u64,
    asked: bool,
}

impl Output {
    fn take(&mut self, bytes: &[u8]) {
        self.next += bytes.len() as u64;
        let lines = &mut self.lines;
        self.parser.push(bytes, &mut |line| lines.push_back(line.to_terminal(true)));
        self.rest = self.parser.pending().map(|line| line.to_terminal(true)).filter(|line| !line.is_empty());
        while self.lines.len() > MOST_LINES {
            self.lines.pop_front();
            self.cut = true;
        }
    }
}

impl Dialog {
    /// What is shown, once it is there.
    pub fn shown(&self) -> Option<&ProposalDetail> {
        self.detail.get(&self.id?)?.ok().map(|detail| &**detail)
    }

    /// Why nothing is shown.
    pub fn fault(&self) -> Option<&str> {
        self.detail.get(&self.id?)?.err()
    }

    /// Milliseconds until it expires.
    pub fn left(&self, now: Millis) -> Option<i64> {
        Some((self.shown()?.left? - now.since(self.heard)).max(0))
    }

    /// Breaks the text anew where it or the width has changed.
    pub fn settle(
        &mut self,
        width: usize,
        size: (u16, u16),
        ascii: bool,
        told: fn(&ProposalDetail, &Output) -> Vec<Line>,
    ) {
        self.size = size;
        let of = Some((self.serial, width, ascii));
        if self.of == of {
            return;
        }
        let Some(detail) = self.shown() else { return };
        let mut lines = told(detail, &self.output);
        if ascii {
            // Letters that such a terminal lacks are spelled, which is wider: so before they are broken into rows.
            for line in &mut lines {
                line.text = line.text.in_ascii();
            }
        }
        self.of = of;
        self.rows.set(&lines, width);
    }

    /// The last frame was written.
    fn written(&mut self, now: Millis) {
        if self.shown().is_some() && !self.rows.is_empty() {
            self.since.get_or_insert(now);
        }
        self.rows.written();
    }

    /// What was on the screen.
    pub(super) fn seen(&self, now: Millis) -> Seen {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let milliseconds = self.since.map_or(0, |since| now.since(since));
        Seen {
            milliseconds: u64::try_from(milliseconds).unwrap_or(0),
            rows: count(self.rows.len()),
            columns: count(self.rows.width()),
        }
    }

    fn changed(&mut self) {
        self.serial += 1;
    }
}

impl App {
    /// Opens the dialog about a proposal.
    pub(super) fn open_proposal(&mut self, id: ProposalId) {
        if self.page != Page::Proposal {
            (self.dialog.from, self.dialog.since) = (self.page, None);
        }
        if self.dialog.id != Some(id) {
            self.dialog =
                Dialog { id: Some(id), serial: self.dialog.serial + 1, from: self.dialog.from, ..Dialog::default() };
        }
        self.dialog.detail.outdate();
        self.page = Page::Proposal;
        self.reading.inside = true;
    }

    /// Goes back to where it was opened.
    pub(super) fn leave_proposal(&mut self) {
        self.go(self.dialog.from);
    }

    /// Asks for the proposal, and for what it prints while it is under way.
    pub(super) fn want_proposal(&mut self) {
        let Some(id) = self.dialog.id else { return };
        if self.dialog.shown().is_some_and(|detail| is_at_work(detail.proposal.state))
            && self.now.since(self.dialog.looked) >= LOOK
        {
            self.dialog.looked = self.now;
            self.dialog.detail.outdate();
        }
        if self.dialog.detail.want(&id) {
            self.ask(Asked::Proposal(id), Request::Proposal { proposal: id });
        }
        let there = self.dialog.shown().map_or(0, |detail| detail.output);
        let output = &mut self.dialog.output;
        if there > output.next && !output.asked {
            if output.next + MOST_BYTES < there {
                // The rest of it is for the command line to print.
                *output = Output { next: there - MOST_BYTES, cut: true, ..Output::default() };
            }
            output.asked = true;
            let offset = output.next;
            self.ask(Asked::Output(id, offset), Request::ReadOutput { proposal: id, offset, most: PIECE });
        }
    }

    /// The proposal came, or did not.
    pub(super) fn hear_proposal(&mut self, id: ProposalId, reply: Result<Box<ProposalDetail>, String>) {
        if self.dialog.id != Some(id) {
            return;
        }
        let before = self.dialog.shown().map(|detail| (detail.proposal.digest.clone(), detail.proposal.state));
        self.dialog.detail.take(&id, reply);
        self.dialog.digest = self.dialog.shown().map(show::shown).unwrap_or_default();
        self.dialog.heard = self.now;
        self.dialog.changed();
        let after = self.dialog.shown().map(|detail| (detail.proposal.digest.clone(), detail.proposal.state));
        // What was being decided may be decided, or another thing, by now.
        if before.is_some()
            && before != after
            && matches!(&self.layer, Some(Layer::Edit { what, .. }) if what.decides() == Some(id))
        {
            let left = self.layer.take();
            self.complain(safe!("{} has changed while you decided: read it again", id));
            if let Some(Layer::Edit { what, .. }) = left {
                self.tell_where_words_are(what);
            }
        }
    }

    /// A piece of what it printed.
    pub(super) fn hear_output(&mut self, id: ProposalId, offset: u64, reply: Result<(Bytes, u64), String>) {
        let output = &mut self.dialog.output;
        if self.dialog.id != Some(id) || output.next != offset {
            return;
        }
        output.asked = false;
        match reply.map(|(bytes, end)| (bytes.decode(), end)) {
            Ok((Some(bytes), _)) if !bytes.is_empty() => {
                let follows = self.reading.top + self.reading.rows >= self.reading.total;
                output.take(&bytes);
                self.dialog.changed();
                if follows {
                    // The end stays in view.
                    self.reading.top = usize::MAX / 2;
                }
            }
            Ok((Some(_), _)) => {}
            Ok((None, _)) => self.complain(safe!("what {} printed came damaged", id)),
            Err(fault) => self.complain(safe!("what {} printed: {}", id, fault)),
        }
    }

    /// Rows of the dialog are in the frame that is painted now.
    pub fn frame_proposal(&mut self, range: Range<usize>) {
        // What lies over them hides them.
        let covered = self.layer.is_some() || self.page != Page::Proposal;
        self.dialog.rows.frame(if covered { 0..0 } else { range });
    }

    /// The last frame is on the screen, every byte of it.
    pub fn written(&mut self) {
        let now = self.now;
        self.dialog.written(now);
    }

    /// Whether this user may say yes now, or why not.
    pub fn may_agree(&self) -> Result<&ProposalDetail, SafeText> {
        let Some(detail) = self.dialog.shown() else { return Err(safe!("it is not here yet")) };
        let (one, rows) = (&detail.proposal, &self.dialog.rows);
        if self.read_only {
            return Err(safe!("this console was started with --read-only"));
        }
        if !matches!(self.connection, Connection::Up(_)) {
            return Err(safe!("there is no engine just now"));
        }
        if !one.state.is_open() {
            return Err(safe!("nothing waits for a yes here"));
        }
        if self.dialog.digest != one.digest {
            return Err(safe!("THIS IS NOT WHAT WAS PROPOSED: its digest is another one"));
        }
        if detail.asset.as_ref() != Some(&one.proposed.asset) {
            return Err(safe!("the asset is not what it was, so this cannot run: propose it anew"));
        }
        if let Some(hindrance) = &detail.hindrance {
            return Err(safe!("your yes would not count: {}", hindrance));
        }
        let ((columns, lines), (wide, high)) = (self.dialog.size, LEAST);
        if columns < wide || lines < high {
            return Err(safe!("no yes on a terminal of {}x{}: it takes {}x{} to read it", columns, lines, wide, high));
        }
        if !rows.is_read() {
            return Err(safe!(
                "no yes before all was on the screen: {} of {} rows were not",
                rows.unseen(),
                rows.len()
            ));
        }
        Ok(detail)
    }

    /// What came of a decision: the proposal as it is now, which may be another one.
    pub(super) fn decided_on(&mut self, words: &SafeText, reply: Result<Reply, Fault>) {
        match reply {
            Ok(Reply::Proposal { detail }) => {
                let id = detail.proposal.id;
                if self.page == Page::Proposal {
                    self.open_proposal(id);
                    self.dialog.detail.want(&id);
                    self.hear_proposal(id, Ok(detail));
                }
                self.say(safe!("{}: done", words));
                self.stale = true;
            }
            Ok(_) => self.complain(safe!("{}: {}", words, crate::client::ClientError::Unfit.to_string())),
            Err(fault) => self.complain(safe!("{}: {}", words, fault.message)),
        }
    }
}

/// Whether something is under way of which the asset says more and more.
pub fn is_at_work(state: State) -> bool {
    matches!(state, State::Claimed | State::Dispatched | State::Running)
}

impl Editing {
    /// The proposal that it decides about.
    pub fn decides(self) -> Option<ProposalId> {
        match self {
            Self::Agree(id)
            | Self::Refuse(id)
            | Self::TakeBack(id)
            | Self::Rewrite(id)
            | Self::Again(id)
            | Self::Review(id)
            | Self::Resolve(id)
            | Self::Stop(id) => Some(id),
            _ => None,
        }
    }
}
