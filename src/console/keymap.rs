//! The one table of keys: what is done, by which keys, where, in which words. Dispatch, the hints at the bottom, the help,
//! the palette and the reference page all read it, so that none of them can tell anything else.

mod map;
mod reference;

pub use map::{Clash, Keymap};
pub use reference::reference;

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table below says what each does")]
pub enum Command {
    Quit,
    Help,
    Tour,
    Messages,
    Palette,
    Watch,
    Approvals,
    Bugs,
    Health,
    Audit,
    Fleet,
    Knowledge,
    Metrics,
    NextPane,
    LastPane,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Left,
    Right,
    Open,
    Back,
    Zoom,
    Wider,
    Narrower,
    Taller,
    Shorter,
    Collapse,
    EvenPanes,
    All,
    AllBugs,
    Pause,
    Resume,
    Redirect,
    Criteria,
    /// Have another agent or model work on the run.
    Reassign,
    /// Give the run more iterations.
    Extend,
    Cancel,
    Rollback,
    StopModels,
    StartModels,
    NextPart,
    LastPart,
    NextFile,
    LastFile,
    Filter,
    AwaitDay,
    Approve,
    Deny,
    Agree,
    Together,
    AgreeAll,
    Refuse,
    TakeBack,
    Rewrite,
    Again,
    Review,
    Resolve,
    StopIt,
    Follow,
    Wrap,
    Times,
    Search,
    SearchNext,
    SearchLast,
    Sift,
    FirstError,
    Steps,
    NextStep,
    LastStep,
    Select,
    Copy,
    CopyLast,
    Pager,
    Editor,
    Mouse,
    Repaint,
    Suspend,
}

/// Where a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everywhere.
    Anywhere,
    /// In the list of runs.
    Runs,
    /// On the screen of one run.
    Detail,
    /// Where one run is selected or shown.
    Run,
    /// In the log.
    Log,
    /// In the bug table.
    Bugs,
    /// Where questions are.
    Questions,
    /// In the dialog about a proposal.
    Proposal,
}

impl Scope {
    /// All of them, in the order in which help tells them.
    pub const ALL: [Self; 8] =
        [Self::Anywhere, Self::Run, Self::Runs, Self::Detail, Self::Log, Self::Bugs, Self::Questions, Self::Proposal];

    /// What works there as well.
    pub fn also(self) -> Option<Self> {
        // Beside the log and the bugs of the watch a run is selected, too.
        matches!(self, Self::Runs | Self::Detail | Self::Questions | Self::Log | Self::Bugs).then_some(Self::Run)
    }

    /// The place in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Anywhere => "everywhere",
            Self::Run => "where a run is selected or shown",
            Self::Runs => "in the list of runs",
            Self::Detail => "on the screen of one run",
            Self::Log => "in the log",
            Self::Bugs => "in the bug table",
            Self::Questions => "where questions are",
            Self::Proposal => "in the dialog about a live asset",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What is done.
    pub command: Command,
    /// Its name, for the palette and the configuration.
    pub name: &'static str,
    /// By which keys unless the configuration says otherwise, in the notation of [`Key`](super::keys::Key); the first one is
    /// hinted at.
    pub keys: &'static [&'static str],
    /// Where.
    pub scope: Scope,
    /// What it does, in words.
    pub words: &'static str,
    /// The word for the hints at the bottom; empty for none.
    pub hint: &'static str,
}

const fn bind(
    command: Command,
    name: &'static str,
    keys: &'static [&'static str],
    scope: Scope,
    words: &'static str,
    hint: &'static str,
) -> Binding {
    Binding { command, name, keys, scope, words, hint }
}

/// Every binding, in the order in which help tells them.
pub const BINDINGS: &[Binding] = &[
    bind(Command::Help, "help", &["?", "f1"], Scope::Anywhere, "Show these keys", "help"),
    bind(Command::Tour, "tour", &["f2"], Scope::Anywhere, "The first steps: what there is, and what to press", ""),
    bind(Command::Messages, "messages", &["f3"], Scope::Anywhere, "What was said last, whole", ""),
    bind(Command::Quit, "quit", &["q", "ctrl-c"], Scope::Anywhere, "Leave; runs go on", "quit"),
    bind(Command::Palette, "palette", &[":"], Scope::Anywhere, "Find a command by its name", "commands"),
    bind(Command::Watch, "watch", &["1"], Scope::Anywhere, "The watch: runs, log, bugs, approvals", ""),
    bind(Command::Approvals, "approvals", &["2"], Scope::Anywhere, "What waits for a person", ""),
    bind(Command::Bugs, "bugs", &["3"], Scope::Anywhere, "The bug table", ""),
    bind(Command::Health, "health", &["4"], Scope::Anywhere, "How the engine is", ""),
    bind(Command::Audit, "audit", &["5"], Scope::Anywhere, "The audit log", ""),
    bind(Command::Fleet, "fleet", &["6"], Scope::Anywhere, "The live systems", ""),
    bind(Command::Knowledge, "knowledge", &["7"], Scope::Anywhere, "What is wanted, scheduled and taught", ""),
    bind(Command::Metrics, "metrics", &["8"], Scope::Anywhere, "How well the loops do without people", ""),
    bind(Command::NextPane, "next-pane", &["tab"], Scope::Anywhere, "Go to the next pane", "pane"),
    bind(Command::LastPane, "previous-pane", &["shift-tab"], Scope::Anywhere, "Go to the pane before", ""),
    bind(Command::Up, "up", &["k", "up"], Scope::Anywhere, "One up", ""),
    bind(Command::Down, "down", &["j", "down"], Scope::Anywhere, "One down", ""),
    bind(Command::PageUp, "page-up", &["pgup", "ctrl-b", "ctrl-u"], Scope::Anywhere, "A page up", ""),
    bind(Command::PageDown, "page-down", &["pgdn", "ctrl-f", "ctrl-d"], Scope::Anywhere, "A page down", ""),
    bind(Command::First, "first", &["g", "home"], Scope::Anywhere, "To the beginning", ""),
    bind(Command::Last, "last", &["G", "end"], Scope::Anywhere, "To the end", ""),
    bind(Command::Left, "left", &["h", "left"], Scope::Anywhere, "To the left", ""),
    bind(Command::Right, "right", &["l", "right"], Scope::Anywhere, "To the right", ""),
    bind(Command::Open, "open", &["enter"], Scope::Anywhere, "Open what is selected", ""),
    bind(Command::Back, "back", &["esc"], Scope::Anywhere, "Go back", ""),
    bind(
        Command::Filter,
        "filter",
        &["/"],
        Scope::Anywhere,
        "Filter the list: words to have, !words not to have",
        "filter",
    ),
    bind(Command::Zoom, "zoom", &["z"], Scope::Anywhere, "Give the pane the whole screen, or take it back", "zoom"),
    bind(Command::Wider, "wider", &[">"], Scope::Anywhere, "Make the pane's column wider", ""),
    bind(Command::Narrower, "narrower", &["<"], Scope::Anywhere, "Make the pane's column narrower", ""),
    bind(Command::Taller, "taller", &["+"], Scope::Anywhere, "Make the pane taller", ""),
    bind(Command::Shorter, "shorter", &["-"], Scope::Anywhere, "Make the pane shorter", ""),
    bind(Command::Collapse, "collapse", &["_"], Scope::Anywhere, "Leave only the pane's title, or show it again", ""),
    bind(Command::EvenPanes, "even-panes", &["="], Scope::Anywhere, "Panes as they were at the start", ""),
    bind(Command::All, "all", &["a"], Scope::Runs, "Also show runs that are over, or not", "all"),
    bind(
        Command::NextPart,
        "next-part",
        &["]"],
        Scope::Detail,
        "Show the next part: findings, diff, verdict, prompt ...",
        "part",
    ),
    bind(Command::LastPart, "previous-part", &["["], Scope::Detail, "Show the part before", ""),
    bind(Command::NextFile, "next-file", &["n"], Scope::Detail, "To the next file of the diff", ""),
    bind(Command::LastFile, "previous-file", &["N"], Scope::Detail, "To the file of the diff before", ""),
    bind(Command::Pause, "pause", &["p"], Scope::Run, "Freeze the run", "pause"),
    bind(Command::Resume, "resume", &["u"], Scope::Run, "Let the run go on", "resume"),
    bind(Command::Redirect, "redirect", &["r"], Scope::Run, "Give the run new guidance", "redirect"),
    bind(Command::Criteria, "criteria", &["M"], Scope::Run, "Change what the run is measured by", ""),
    bind(Command::Reassign, "reassign", &["A"], Scope::Run, "Have another agent or model work on the run", ""),
    bind(Command::Extend, "extend", &["I"], Scope::Run, "Give the run more iterations", ""),
    bind(Command::Cancel, "cancel", &["X"], Scope::Run, "Stop the run for good", "cancel"),
    bind(
        Command::Rollback,
        "rollback",
        &["b"],
        Scope::Run,
        "Go back to the selected iteration, or else to the best",
        "roll back",
    ),
    bind(Command::AllBugs, "all-bugs", &["a"], Scope::Bugs, "Also show bugs that are solved, or not", "solved ones"),
    bind(Command::Approve, "approve", &["y"], Scope::Questions, "Answer yes", "yes"),
    bind(Command::Deny, "deny", &["n"], Scope::Questions, "Answer no", "no"),
    bind(Command::AwaitDay, "await-day", &["w"], Scope::Questions, "Let the run wait for the next day", ""),
    bind(Command::Agree, "agree", &["y"], Scope::Proposal, "Say yes, once all of it was on the screen", "yes"),
    bind(
        Command::Together,
        "put-together",
        &["t"],
        Scope::Proposal,
        "Put it with others, for one yes to all of them",
        "",
    ),
    bind(Command::AgreeAll, "agree-to-all", &["Y"], Scope::Proposal, "Say yes to all that were put together", ""),
    bind(Command::Refuse, "refuse", &["n"], Scope::Proposal, "Say no, with a reason", "no"),
    bind(Command::Rewrite, "rewrite", &["e"], Scope::Proposal, "Propose another command in its place", "edit"),
    bind(Command::TakeBack, "take-back", &["w"], Scope::Proposal, "Take back what you proposed", "take back"),
    bind(Command::Again, "propose-again", &["p"], Scope::Proposal, "Propose it anew, once it is over", "again"),
    bind(Command::Review, "review", &["v"], Scope::Proposal, "Say that you looked at what one decided for two", ""),
    bind(Command::Resolve, "resolve", &["r"], Scope::Proposal, "Say what became of it, where nothing tells", ""),
    bind(Command::StopIt, "stop-execution", &["s"], Scope::Proposal, "Stop what runs, with a reason", ""),
    bind(Command::Follow, "follow", &["f"], Scope::Log, "Follow the end of the log, or stop", "follow"),
    bind(Command::Wrap, "wrap", &["w"], Scope::Log, "Wrap long lines, or cut them", "wrap"),
    bind(Command::Times, "times", &["t"], Scope::Log, "Show when lines were written, or not", "times"),
    bind(Command::Search, "search", &["/"], Scope::Log, "Search the whole log", "search"),
    bind(Command::SearchNext, "search-next", &["n"], Scope::Log, "To the next hit", ""),
    bind(Command::SearchLast, "search-previous", &["N"], Scope::Log, "To the hit before", ""),
    bind(Command::Sift, "only-lines", &["&"], Scope::Log, "Show only lines that fit, or all again", "only"),
    bind(Command::FirstError, "first-error", &["e"], Scope::Log, "To the first error; n goes on to the next", "error"),
    bind(Command::Steps, "steps", &["s"], Scope::Log, "Choose the log of another step of the run", "steps"),
    bind(Command::NextStep, "next-step", &["]"], Scope::Log, "The log of the run's next step", ""),
    bind(Command::LastStep, "previous-step", &["["], Scope::Log, "The log of the run's step before", ""),
    bind(Command::Select, "select", &["v"], Scope::Log, "Select lines: move, then copy", ""),
    bind(Command::Copy, "copy", &["c"], Scope::Log, "Copy the line, or what is selected, by the terminal", "copy"),
    bind(Command::CopyLast, "copy-last", &["C"], Scope::Log, "Copy the last lines", ""),
    bind(Command::Pager, "pager", &["o"], Scope::Log, "Open the log in $PAGER", "pager"),
    bind(Command::Editor, "editor", &["O"], Scope::Log, "Open the log in $EDITOR", ""),
    bind(Command::StopModels, "stop-models", &["ctrl-k"], Scope::Anywhere, "Stop all requests to models at once", ""),
    bind(Command::StartModels, "start-models", &["ctrl-o"], Scope::Anywhere, "Let requests to models pass again", ""),
    bind(Command::Mouse, "mouse", &["m"], Scope::Anywhere, "Switch the mouse on or off", ""),
    bind(Command::Repaint, "repaint", &["ctrl-l"], Scope::Anywhere, "Draw everything anew", ""),
    bind(Command::Suspend, "suspend", &["ctrl-z"], Scope::Anywhere, "Go back to the shell for a while", ""),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::console::keys::Key;
    use std::collections::HashSet;

    #[test]
    fn every_binding_can_be_pressed_and_told_apart() {
        let mut seen = HashSet::new();
        let mut names = HashSet::new();
        let map = Keymap::default();
        for one in BINDINGS {
            assert!(names.insert(one.name), "{} twice", one.name);
            assert!(!one.words.is_empty() && !one.keys.is_empty());
            for key in one.keys {
                assert_eq!(key.parse::<Key>().unwrap().to_string(), **key);
                assert!(seen.insert((one.scope, *key)), "{key} does two things");
                assert_eq!(map.command(key.parse().unwrap(), one.scope), Some(one.command));
            }
            assert!(Scope::ALL.contains(&one.scope), "help leaves out {}", one.name);
        }
    }
}
