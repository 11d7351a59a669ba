//! How much of anything is kept. Reports come from outside, so every list and text has an end.

/// Bytes of one report or output that are read; of a longer output the end is read, a longer report is refused.
pub const INPUT_BYTES: usize = 64 << 20;
/// Bytes of a finding's message.
pub const MESSAGE_BYTES: usize = 4096;
/// Bytes of a finding's kind.
pub const KIND_BYTES: usize = 200;
/// Bytes of a test id; a longer one is cut and ends in a digest, so that it stays unique.
pub const ID_BYTES: usize = 1024;
/// Bytes of a path in a location or of a function's name.
pub const NAME_BYTES: usize = 512;
/// Frames of one stack.
pub const FRAMES: usize = 50;
/// Findings of one report.
pub const FINDINGS: usize = 200;
/// Wordings of findings that are known again without a fingerprint.
pub const WORDS: usize = 4096;
/// Tests of one report.
pub const CASES: usize = 200_000;
/// Tests of one report that its runner ran again; more are the suite as a whole.
pub const FLAKY: usize = 1_000;
/// Oddities of one report.
pub const ODDITIES: usize = 50;
/// Bytes of one test's own output that are searched for its error.
pub const BLOCK_BYTES: usize = 64 << 10;
/// Bytes of one line that are looked at; the rest of a longer line is left out, so that no rule has to go over it.
pub const LINE_BYTES: usize = 64 << 10;
/// Bytes of one line of a log, which may be JSON with a stack in it; the rest of a longer line is left out.
pub const LONG_LINE_BYTES: usize = 256 << 10;
/// Sightings of one problem whose ties to others are kept.
pub const TIES: usize = 16;
/// Bytes of the words of one problem from a log or a browser.
pub const SIGHTED_BYTES: usize = 2 << 10;
/// Frames of the stack of one such problem.
pub const SIGHTED_FRAMES: usize = 20;
/// Bytes of the words of all of them together.
pub const ALL_SIGHTED_BYTES: usize = 16 << 10;
/// Attributes of one element of an XML report, and namespaces in force at one place: the XML reader compares all with all.
pub const XML_ATTRIBUTES: usize = 64;
/// Levels of elements in an XML report, or of nested subtests.
pub const DEPTH: usize = 64;
/// Nodes of an XML report.
pub const XML_NODES: u32 = 4_000_000;

/// The text's beginning, at most so many bytes, cut between characters.
pub fn head(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// The text's lines, each within its bound.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| head(line, LINE_BYTES))
}
