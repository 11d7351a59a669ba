//! What people read before they decide: all of it, exactly, in this order. Each line is whole; who shows it wraps it and cuts
//! nothing. The digest is computed from what is shown here, so that a yes is a yes to this text.

use super::risk::risks;
use super::{digest, vote};
use crate::domain::{Command, Human, Program, Proposal, Proposed, Requester, Vote};
use crate::protocol::{Before, ProposalDetail};
use crate::safe;
use crate::text::{SafeText, Style, exact};
use crate::words;

/// A part of the text with a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The heading.
    pub title: SafeText,
    /// Its lines, each whole.
    pub lines: Vec<SafeText>,
}

/// Everything, in the order in which it is read.
pub fn parts(detail: &ProposalDetail) -> Vec<Part> {
    let one = &detail.proposal;
    let mut parts = vec![standing(detail), place(detail), command(&one.proposed.command)];
    parts.push(Part {
        title: safe!("what it looks like (our own look; it can miss what hides)"),
        lines: looks(&one.proposed.command),
    });
    if let Some(before) = &detail.before {
        parts.push(difference(before, &one.proposed));
    }
    parts.push(claims(one));
    parts.push(people(detail));
    parts
}

/// The same as lines, headings among them.
pub fn lines(detail: &ProposalDetail) -> Vec<SafeText> {
    let mut lines = Vec::new();
    for part in parts(detail) {
        lines.push(part.title.styled(Style::strong()));
        lines.extend(part.lines.iter().map(|line| safe!("  {}", line)));
        lines.push(SafeText::empty());
    }
    lines.pop();
    lines
}

/// The digest of what is shown. Whoever decides sends this, never the one that came with it.
pub fn shown(detail: &ProposalDetail) -> String {
    digest::digest(&detail.proposal.proposed)
}

fn standing(detail: &ProposalDetail) -> Part {
    let one = &detail.proposal;
    let mut lines = Vec::new();
    if shown(detail) != one.digest {
        lines.push(
            safe!("THIS IS NOT WHAT WAS PROPOSED: its digest is another one; decide nothing here")
                .styled(Style::strong()),
        );
    }
    let mut state = safe!("{}", one.state.name().replace('_', " "));
    if let Some(left) = detail.left {
        state = safe!("{}; {} left", state, words::span(left));
    }
    lines.push(state);
    for vote in one.votes.iter().filter(|vote| vote.glass.is_some()) {
        let who = person(&vote.voter.person);
        lines.push(safe!("BREAK-GLASS: {} alone decided this for two; why stands below", who).styled(Style::strong()));
    }
    if !one.reason.is_empty() {
        lines.push(safe!("because: {}", one.reason));
    }
    if let Some(by) = &one.by {
        lines.push(safe!("by {}", person(by)));
    }
    if let Some(freeze) = &detail.freeze {
        lines.push(safe!("nothing is started in the freeze {}", freeze));
    }
    if let Some(old) = one.replaces {
        lines.push(safe!("it was edited from {}", old));
    }
    if let Some(new) = one.replaced_by {
        lines.push(safe!("{} stands in its place", new));
    }
    if let Some(execution) = &one.execution {
        lines.push(safe!("its name on the asset: {}", execution.as_str()));
    }
    if let Some(stop) = &one.stop {
        let (who, at) = (person(&stop.by), stop.at.wall);
        lines.push(safe!("{} wanted it stopped at {}: {}", who, at, stop.reason).styled(Style::strong()));
        lines.push(if let Some(words) = &stop.told {
            safe!("what came of the stop: {}", words)
        } else {
            safe!("the asset has not answered to the stop")
        });
    }
    if let Some(outcome) = &one.outcome {
        lines.push(safe!("what is known: {}", outcome_words(outcome)));
    }
    if one.gap {
        lines.push(
            safe!("some of its output could not be kept: what is there of it is not all").styled(Style::strong()),
        );
    }
    if one.wants_review() {
        lines.push(safe!("one person decided this for two: somebody else must look at it").styled(Style::strong()));
    }
    if let Some(by) = &one.reviewed {
        lines.push(safe!("looked at afterwards by {}", person(by)));
    }
    Part { title: safe!("{} for {}", one.id, one.proposed.asset.name), lines }
}

fn outcome_words(outcome: &crate::domain::ExecutionOutcome) -> SafeText {
    use crate::domain::ExecutionOutcome as Outcome;
    match outcome {
        Outcome::Ran { code } => safe!("it ran and ended with {}", code),
        Outcome::TimedOut => safe!("it was ended after its time"),
        Outcome::StillRunning => safe!("it still runs"),
        Outcome::NotRun { why } => safe!("it did not run and never will: {}", why),
        Outcome::Unknown { why } => safe!("nobody knows whether it ran: {}", why),
    }
}

fn place(detail: &ProposalDetail) -> Part {
    let asset = &detail.proposal.proposed.asset;
    let mut lines = vec![safe!("asset: {}{}", asset.name, if asset.critical { ", CRITICAL" } else { "" })];
    lines.push(safe!("environment: {}", asset.environment));
    for (name, value) in &asset.labels {
        lines.push(safe!("label: {} = {}", name, value));
    }
    lines.push(if let Some(key) = &asset.host_key {
        safe!("it is known by: {}", key)
    } else {
        safe!("nothing tells whether it is who it should be")
    });
    lines.push(safe!("reached by: {}", asset.means));
    match &detail.asset {
        None => lines.push(safe!("it is registered no more, so this cannot run").styled(Style::strong())),
        Some(now) if now != asset => {
            lines.push(safe!("it was changed since, so this cannot run: propose it anew").styled(Style::strong()));
        }
        Some(_) => {}
    }
    Part { title: safe!("where"), lines }
}

/// The command, exactly.
pub fn command(command: &Command) -> Part {
    let mut lines = Vec::new();
    match &command.program {
        Program::Argv { words } if words.is_empty() => {
            lines.push(safe!("the command is lost or damaged").styled(Style::strong()));
        }
        Program::Argv { words } => {
            let count = words.len();
            lines.push(safe!("a program with {} words, started without a shell:", count));
            lines.extend(words.iter().enumerate().map(|(at, word)| safe!("{}: {}", at, quoted(word))));
        }
        Program::Script { bytes } => {
            lines.push(safe!("a script for /bin/sh of {} bytes:", bytes.len()));
            lines.extend(numbered(bytes));
        }
    }
    lines.push(safe!("in the directory: {}", quoted(command.cwd.as_bytes())));
    lines.push(if let Some(user) = &command.user {
        safe!("as the user: {}", user)
    } else {
        safe!("as the user of the connection")
    });
    lines.push(safe!("for at most {}", words::span(i64::from(command.timeout) * 1000)));
    if command.env.is_empty() {
        lines.push(safe!("with no variable but PATH"));
    }
    lines.extend(command.env.iter().map(|(name, value)| safe!("variable {} = {}", name, quoted(value))));
    match &command.stdin {
        None => lines.push(safe!("it reads nothing")),
        Some(bytes) => {
            lines.push(safe!("it reads {} bytes:", bytes.len()));
            lines.extend(numbered(bytes));
        }
    }
    Part { title: safe!("what runs, exactly"), lines }
}

/// Each line with its number in front, so that no text can pass for a line of ours.
fn numbered(bytes: &[u8]) -> impl Iterator<Item = SafeText> {
    let lines = exact::encode_lines(bytes).into_iter().enumerate();
    lines.map(|(at, line)| safe!("{}| {}", safe!("{}", at + 1).pad_left(4), line))
}

/// An empty word would not be seen.
fn quoted(word: &[u8]) -> SafeText {
    if word.is_empty() { safe!("(empty)") } else { exact::encode(word) }
}

fn looks(command: &Command) -> Vec<SafeText> {
    let found = risks(command);
    if found.is_empty() {
        return vec![safe!("nothing stands out")];
    }
    found.iter().map(|risk| safe!("- {}", risk.words())).collect()
}

/// What differs from an earlier one, by lines.
fn difference(before: &Before, now: &Proposed) -> Part {
    let lines = |proposed: &Proposed| {
        let mut lines = vec![safe!("asset: {}", proposed.asset.name)];
        lines.extend(command(&proposed.command).lines);
        lines
    };
    let (old, new) = (lines(&before.proposed), lines(now));
    let mut shown = Vec::new();
    for change in compared(&old, &new) {
        shown.push(match change {
            Change::Gone(line) => safe!("- {}", line),
            Change::New(line) => safe!("+ {}", line),
        });
    }
    if shown.is_empty() {
        shown.push(safe!("nothing differs"));
    }
    let state = before.state.name().replace('_', " ");
    Part { title: safe!("what differs from {}, which is {}", before.id, state), lines: shown }
}

enum Change<'t> {
    Gone(&'t SafeText),
    New(&'t SafeText),
}

/// Lines that are not in both: those between what both begin and end with. It may show more than there is, never less.
fn compared<'t>(old: &'t [SafeText], new: &'t [SafeText]) -> Vec<Change<'t>> {
    let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (old.get(same..).unwrap_or_default(), new.get(same..).unwrap_or_default());
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let gone = old.iter().take(old.len() - tail).map(Change::Gone);
    gone.chain(new.iter().take(new.len() - tail).map(Change::New)).collect()
}

fn claims(one: &Proposal) -> Part {
    let claims = &one.proposed.claims;
    let who = match &one.proposed.requester {
        Requester::Agent { role } => safe!("the agent ({})", role.name()),
        Requester::Person { person: who } => person(who),
    };
    let mut lines = Vec::new();
    if let Some(run) = one.proposed.run {
        lines.push(safe!("for {}, in iteration {}", run, one.proposed.iteration));
    }
    for (name, text) in [("why", &claims.why), ("it should", &claims.expect), ("undone by", &claims.undo)] {
        if !text.is_empty() {
            lines.push(safe!("{}:", name));
            lines.extend(numbered(text.as_bytes()));
        }
    }
    Part { title: safe!("what {} says of it (nobody has checked it)", who), lines }
}

fn person(person: &Human) -> SafeText {
    match person.login_uid {
        Some(login) if login != person.uid => {
            safe!("{} (user {}, logged in as user {})", person.name, person.uid, login)
        }
        Some(_) => safe!("{}", person.name),
        None => safe!("{} (login not known)", person.name),
    }
}

fn people(detail: &ProposalDetail) -> Part {
    let one = &detail.proposal;
    let roles: Vec<&str> = detail.need.by.iter().map(|role| role.name()).collect();
    let mut lines =
        vec![safe!("{} of the roles {} must agree", words::people(detail.need.approvals), roles.join(", "))];
    if detail.need.critical {
        lines.push(safe!("each must sign, and be somebody else than who asked for it"));
    }
    lines.extend(one.votes.iter().map(|vote| yes(one, vote)));
    if one.state.is_open() {
        lines.push(safe!("still needed: {}", detail.missing));
        if let Some(hindrance) = &detail.hindrance {
            lines.push(safe!("your yes would not count: {}", hindrance));
        }
        if let Some(time) = detail.hurried {
            let time = words::thousandths(Some(time));
            let told = safe!("TAKE YOUR TIME: half of your last answers came within {} s of what they are about", time);
            lines.push(told.styled(Style::strong()));
        }
    }
    let mut owners: Vec<&Human> = Vec::new();
    for owner in vote::owners(one) {
        if !owners.contains(&owner) {
            owners.push(owner);
            lines.push(safe!("asked for by: {}", person(owner)));
        }
    }
    lines.push(safe!("digest: {}", shown(detail)));
    Part { title: safe!("who decides"), lines }
}

fn yes(one: &Proposal, vote: &Vote) -> SafeText {
    let mut line = safe!("yes by {} at {}", person(&vote.voter.person), vote.at.wall);
    if vote::is_owner(one, &vote.voter.person) {
        line = safe!("{}, OWNER-APPROVED", line);
    }
    if vote.signature.is_some() {
        line = safe!("{}, signed", line);
    }
    if vote.together > 0 {
        line = safe!("{}, one of {} that were agreed to at once", line, vote.together);
    }
    if !vote.reason.is_empty() {
        line = safe!("{}, because: {}", line, vote.reason);
    }
    if let Some(reason) = &vote.glass {
        line = safe!("{}, BREAK-GLASS, standing in for a second person: {}", line, reason).styled(Style::strong());
    }
    line
}
