//! What the console knows and what it does about what comes: a plain value that is fed with news and keys. It reads no clock
//! and draws nothing; what it wants of the outside is collected for the loop to do.

mod act;
mod answering;
mod audit;
mod basket;
mod bugs;
mod choice;
mod copy;
mod decide;
mod dialog;
mod filter;
mod fleet;
mod guide;
mod kept;
mod knowledge;
mod layer;
mod list;
mod loaded;
mod logs;
mod measure;
mod metrics;
mod news;
mod open;
mod place;
mod proposals;
mod reading;
mod ring;
mod rows;
mod run;
mod sizes;
mod terms;
mod works;

pub use audit::{AuditList, Event};
pub use choice::{Choice, Deed};
pub use decide::{GLASS, WHY};
pub use dialog::{Dialog, LEAST, Output, is_at_work};
pub use filter::{Filters, List};
pub use fleet::FleetPage;
pub use guide::Guiding;
use kept::Kept;
pub use knowledge::{Item, KnowledgePage, Known};
pub use layer::{Editing, Layer};
pub use loaded::Loaded;
pub use metrics::MetricsPage;
pub use open::Best;
pub use place::{Page, Pane, Spot};
pub use proposals::{Waiting, needs_person};
pub use reading::{Of, Reading};
use ring::Ring;
pub use rows::{Line, Rows};
pub use run::{RunPage, Tab};
pub use sizes::Sizes;

use super::export::Purpose;
use super::keymap::{Keymap, Scope};
use super::keys::Key;
use super::link::Order;
use super::log::LogPane;
use crate::domain::{AssetId, Bug, BugId, Millis, ProposalId, Question, QuestionId, RunId};
use crate::protocol::{BugDetail, EngineStatus, ProposalBrief, Request, RunView, Welcome};
use crate::text::SafeText;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;

/// Messages that are kept.
const MESSAGES: usize = 10;
/// Lines of a log that are sent at once while it is followed.
const TAIL: u32 = 500;

/// The engine as the console has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Connection {
    /// It was not heard yet.
    Opening,
    /// It answers.
    Up(Welcome),
    /// It went away, and why.
    Down(String),
}

/// What the loop has to do for the application.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Effect {
    Quit,
    Suspend,
    Repaint,
    ToggleMouse,
    Copy(Vec<SafeText>),
    /// Call somebody to so many things that wait.
    Ring(usize),
    View(Purpose, PathBuf),
    /// Write down what is written for a run.
    KeepDraft(RunId),
    /// Nothing of it is wanted any more.
    ForgetDraft(RunId),
    /// Read what was written for it before.
    RecallDraft(RunId),
    /// Draw a code that somebody has to type.
    Code,
    /// Have a yes signed by the person's own key.
    Sign {
        proposal: ProposalId,
        digest: String,
        glass: Option<String>,
        keys: Vec<String>,
    },
}

/// Why something was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Status,
    Bugs,
    Lines,
    /// The run's logs.
    Steps,
    /// Lines that fit a filter, under a number.
    Hits(u64),
    /// A line that is looked for, under a number.
    Find(u64),
    Run(RunId),
    Round(RunId, u32),
    Diff(RunId, u32, Option<String>),
    Bug(BugId),
    Assets,
    Asset(AssetId),
    Known(knowledge::Part),
    /// How well the loops did in so many days.
    Metrics(u32),
    Events(u64, audit::Part),
    Proposals,
    Proposal(ProposalId),
    /// What an execution printed, from a byte on.
    Output(ProposalId, u64),
    /// A decision about a proposal, in words.
    Decide(SafeText),
    /// One yes to several, in words.
    Together(SafeText),
    /// Something that an operator does, in words.
    Act(SafeText),
    /// New guidance for a run.
    Guide(RunId, String),
    /// What was told a run before.
    Told(RunId),
    /// Which iteration of a run came farthest.
    Best(RunId),
}

/// What is known, shown and wanted.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct App {
    /// The engine.
    pub connection: Connection,
    /// What is wrong with its audit log, as far as this user saw it before.
    pub alarm: Option<String>,
    /// Runs.
    pub runs: BTreeMap<RunId, RunView>,
    /// Questions that wait.
    pub questions: BTreeMap<QuestionId, Question>,
    /// Proposals for live assets of which something is expected.
    pub proposals: Vec<ProposalBrief>,
    /// The dialog about one of them.
    pub dialog: Dialog,
    /// Those that were read and wait for one yes to all of them.
    pub basket: Vec<basket::Put>,
    /// The terminal has no letters but ASCII.
    pub ascii: bool,
    /// Bugs that are about.
    pub bugs: Vec<Bug>,
    /// How the engine is.
    pub status: Option<EngineStatus>,
    /// The screen.
    pub page: Page,
    /// The pane with the keys.
    pub pane: Pane,
    /// The pane has the whole screen.
    pub zoom: bool,
    /// Runs that are over are listed as well.
    pub all: bool,
    /// The selected run.
    pub run: Option<RunId>,
    /// The selected question.
    pub question: Option<QuestionId>,
    /// The selected bug.
    pub bug: Option<BugId>,
    /// What is known of it.
    pub known: Loaded<BugId, Box<BugDetail>>,
    /// The screen of one run.
    pub one: RunPage,
    /// The audit log.
    pub audit: AuditList,
    /// The live systems.
    pub fleet: FleetPage,
    /// What is wanted, tested by a clock and taught.
    pub knowledge: KnowledgePage,
    /// How well the loops do.
    pub metrics: MetricsPage,
    /// What lists are filtered by.
    pub filters: Filters,
    /// Lists of which the engine told the newest items only.
    pub cut: BTreeSet<List>,
    /// The text beside a list.
    pub reading: Reading,
    /// The log.
    pub log: LogPane,
    /// Which keys do what.
    pub keys: Keymap,
    /// How panes share the screen.
    pub sizes: Sizes,
    /// What runs are told.
    pub guiding: Guiding,
    /// What is written in other dialogs and not sent.
    kept: Kept,
    /// The question that a dialog is about, as it was when it was known last.
    deciding: Option<Question>,
    /// What lies over the screen.
    pub layer: Option<Layer>,
    /// What was done last, or what went wrong.
    pub said: Option<(SafeText, bool)>,
    /// What was said last, when, and whether it was a complaint; the newest at the end.
    pub messages: VecDeque<(Millis, SafeText, bool)>,
    /// The last first line of a text that lies over the screen, as it was painted.
    pub reach: usize,
    /// The iteration of a run that came farthest, as the engine said last; the inner one is none where nobody knows.
    best: Option<(RunId, Option<u32>)>,
    /// Bugs that are solved are listed as well.
    pub all_bugs: bool,
    /// The present instant, as the loop tells it.
    pub now: Millis,
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// What the loop has to do.
    pub effects: Vec<Effect>,
    /// What the engine is asked.
    pub orders: Vec<Order>,
    asked: HashMap<u64, Asked>,
    next: u64,
    instance: Option<String>,
    ring: Ring,
    /// The key that was pressed last.
    pressed: Option<Key>,
    /// When the engine was heard last.
    pub heard: Option<Millis>,
    /// Since when it is silent, though it was asked something.
    pub slow: Option<Millis>,
    /// What is shown beside the runs may have changed.
    pub stale: bool,
}

impl App {
    /// Knows nothing yet.
    pub fn new(read_only: bool) -> Self {
        Self {
            connection: Connection::Opening,
            runs: BTreeMap::new(),
            questions: BTreeMap::new(),
            proposals: Vec::new(),
            dialog: Dialog::default(),
            basket: Vec::new(),
            ascii: false,
            bugs: Vec::new(),
            status: None,
            page: Page::Watch,
            pane: Pane::Runs,
            zoom: false,
            all: false,
            run: None,
            question: None,
            bug: None,
            known: Loaded::default(),
            one: RunPage::default(),
            audit: AuditList::default(),
            fleet: FleetPage::default(),
            knowledge: KnowledgePage::default(),
            metrics: MetricsPage::default(),
            filters: Filters::default(),
            cut: BTreeSet::new(),
            reading: Reading::default(),
            log: LogPane::default(),
            keys: Keymap::default(),
            sizes: Sizes::default(),
            guiding: Guiding::default(),
            kept: Kept::default(),
            deciding: None,
            layer: None,
            said: None,
            messages: VecDeque::new(),
            reach: usize::MAX,
            all_bugs: false,
            best: None,
            now: Millis(0),
            read_only,
            alarm: None,
            effects: Vec::new(),
            orders: Vec::new(),
            asked: HashMap::new(),
            // The stream of changes has number 1.
            next: 2,
            instance: None,
            ring: Ring::default(),
            pressed: None,
            heard: None,
            slow: None,
            stale: false,
        }
    }

    /// Where keys work now.
    pub fn scope(&self) -> Scope {
        match (self.page, self.pane) {
            (Page::Watch, Pane::Runs) => Scope::Runs,
            (Page::Watch, Pane::Log) => Scope::Log,
            (Page::Watch, Pane::Questions) | (Page::Approvals, _) => Scope::Questions,
            (Page::Watch, Pane::Bugs) | (Page::Bugs, _) => Scope::Bugs,
            (Page::Run, _) => Scope::Detail,
            (Page::Proposal, _) => Scope::Proposal,
            _ => Scope::Anywhere,
        }
    }

    /// Whether something is at work, so that what is shown ages.
    pub fn is_lively(&self) -> bool {
        // Where somebody decides, the time that is left is one of the facts.
        let dialog =
            self.page == Page::Proposal && self.dialog.shown().is_some_and(|detail| !detail.proposal.state.is_final());
        // How long it is silent is counted on the screen.
        dialog
            || self.slow.is_some()
            || self.runs.values().any(|view| !view.run.state.is_final() && !view.run.state.awaits_person())
    }

    fn ask(&mut self, why: Asked, request: Request) {
        self.asked.insert(self.next, why);
        self.orders.push(Order::Ask(self.next, request));
        self.next += 1;
    }

    /// Asks again for what no stream brings.
    pub fn refresh(&mut self) {
        self.stale = false;
        self.one.outdate();
        self.known.outdate();
        self.audit.outdate();
        self.fleet.outdate();
        self.knowledge.outdate();
        self.metrics.all.outdate();
        self.dialog.detail.outdate();
        for (why, request) in [
            (Asked::Bugs, Request::Bugs { all: self.all_bugs }),
            (Asked::Status, Request::Status),
            (Asked::Proposals, Request::Proposals { all: false }),
        ] {
            if !self.asked.values().any(|asked| *asked == why) {
                self.ask(why, request);
            }
        }
    }

    /// Asks for what the screen shows and is not there.
    pub fn want(&mut self) {
        match self.page {
            Page::Run => self.want_run(),
            Page::Bugs => self.want_bug(),
            Page::Audit => self.want_events(),
            Page::Proposal => self.want_proposal(),
            Page::Fleet => self.want_fleet(),
            Page::Knowledge => self.want_known(),
            Page::Metrics => self.want_metrics(),
            Page::Watch | Page::Approvals | Page::Health => {}
        }
    }

    /// Goes to a screen; what has the keys there is its list.
    fn go(&mut self, page: Page) {
        self.page = page;
        self.reading.inside = false;
    }

    /// The instance of the engine that is there, or was.
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// What lies over the screen is on the screen now.
    pub fn drawn(&mut self) {
        self.written();
        if let Some(Layer::Edit { opened, shown, .. }) = &mut self.layer
            && !*shown
        {
            (*opened, *shown) = (self.now, true);
        }
    }

    fn say(&mut self, words: SafeText) {
        self.tell(words, false);
    }

    fn complain(&mut self, words: SafeText) {
        self.tell(words, true);
    }

    fn tell(&mut self, words: SafeText, bad: bool) {
        if self.messages.len() >= MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back((self.now, words.clone(), bad));
        self.said = Some((words, bad));
    }

    /// Shows the log of the selected run.
    fn follow_selected(&mut self) {
        if self.log.run != self.run {
            self.log.switch(self.run);
            self.tail();
        }
    }

    fn tail(&mut self) {
        if let Some(run) = self.log.run {
            self.orders.push(Order::Tail(run, TAIL));
            self.ask_steps();
        }
    }
}
