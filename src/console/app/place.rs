//! Where on the screen something is: whole screens, parts of the watch, and spots that can be pointed at.

/// A whole screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Page {
    Watch,
    Approvals,
    Bugs,
    Health,
    Audit,
    Fleet,
    Knowledge,
    Metrics,
    Run,
    Proposal,
}

impl Page {
    /// It has no text beside a list.
    pub fn is_one(self) -> bool {
        matches!(self, Self::Health | Self::Metrics)
    }
}

/// A part of the watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Pane {
    Runs,
    Log,
    Bugs,
    Questions,
}

/// Something on the screen that can be pointed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A pane of the watch, and the place of an item in its list.
    Pane(Pane, Option<usize>),
    /// The list of a screen, and the place of an item in it.
    List(Option<usize>),
    /// The text beside it.
    Text,
}

impl Pane {
    pub(super) const ALL: [Self; 4] = [Self::Runs, Self::Log, Self::Bugs, Self::Questions];
}
