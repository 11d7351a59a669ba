//! Puts the two streams of `cargo test` into the order in which they were written.
//!
//! cargo announces each test program on the error stream, and the program tells its tests on the output stream. They come
//! through two pipes, between which the kernel keeps no order: on a busy machine an announcement may be read before the end
//! of the run that it follows, which then looks as if it had been cut off. Each stream by itself is in order, so the n-th run
//! belongs to the n-th announcement.

use super::cargo_lines::program_name;
use super::cargo_runs::find;
use super::limits;
use super::plain::plain;
use std::ops::Range;

/// The output with its runs behind their announcements, if it reads better so.
///
/// `errors` are the places in `output` that came through the error stream. Without a reading in which each run has its
/// announcement and its result, the output stays as it came.
pub fn in_order(output: Vec<u8>, errors: &[Range<usize>]) -> Vec<u8> {
    let err: Vec<u8> = errors.iter().flat_map(|part| output.get(part.clone()).unwrap_or_default()).copied().collect();
    let err = Lines::new(&err);
    let announced = err.announced();
    if announced.is_empty() || is_whole(&Lines::new(&output), announced.len()) {
        return output;
    }
    let out = Lines::new(&without(&output, errors));
    let runs = find(&out.texts());
    let all_have_one =
        runs.len() == announced.len() || (runs.len() > announced.len() && only_last_is_documentation(&announced));
    if !all_have_one || runs.iter().any(|run| run.result.is_none()) {
        return output;
    }
    let mut ordered = Vec::with_capacity(output.len());
    let (mut told, mut said) = (0, 0);
    for (number, (at, _)) in announced.iter().enumerate() {
        err.copy(said..at + 1, &mut ordered);
        said = at + 1;
        let run = if number + 1 == announced.len() { runs.last() } else { runs.get(number) };
        let end = run.map_or(told, |run| run.lines.end);
        out.copy(told..end, &mut ordered);
        told = end;
    }
    err.copy(said..err.raw.len(), &mut ordered);
    out.copy(told..out.raw.len(), &mut ordered);
    ordered
}

/// Whether each run has an announcement of its own and a result.
fn is_whole(lines: &Lines, announced: usize) -> bool {
    let runs = find(&lines.texts());
    let mut programs: Vec<&str> = runs.iter().map(|run| run.program.as_str()).collect();
    programs.dedup();
    runs.iter().all(|run| run.result.is_some() && !run.program.is_empty()) && programs.len() == announced
}

/// One announcement of documentation tests may be followed by several runs: those that are compiled as one come first.
fn only_last_is_documentation(announced: &[(usize, String)]) -> bool {
    let first = announced.iter().position(|(_, name)| name.ends_with(" (doc)"));
    first.is_some_and(|at| at + 1 == announced.len())
}

fn without(output: &[u8], parts: &[Range<usize>]) -> Vec<u8> {
    let mut rest = Vec::with_capacity(output.len());
    let mut from = 0;
    for part in parts {
        rest.extend_from_slice(output.get(from..part.start).unwrap_or_default());
        from = part.end;
    }
    rest.extend_from_slice(output.get(from..).unwrap_or_default());
    rest
}

/// The lines of one stream, as they came and as they read.
struct Lines {
    raw: Vec<Vec<u8>>,
    plain: Vec<String>,
}

impl Lines {
    fn new(stream: &[u8]) -> Self {
        let raw: Vec<Vec<u8>> = stream.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        // A progress bar writes over itself: what stands at the end of the line is what is to be read.
        let text =
            |line: &Vec<u8>| plain(line).lines().last().map(|text| limits::head(text, limits::LINE_BYTES).to_owned());
        let plain = raw.iter().map(|line| text(line).unwrap_or_default()).collect();
        Self { raw, plain }
    }

    fn texts(&self) -> Vec<&str> {
        self.plain.iter().map(String::as_str).collect()
    }

    /// The lines that announce a test program, and its name.
    fn announced(&self) -> Vec<(usize, String)> {
        self.plain.iter().enumerate().filter_map(|(at, line)| Some((at, program_name(line, true)?))).collect()
    }

    /// Adds some of the lines, each ended.
    fn copy(&self, range: Range<usize>, to: &mut Vec<u8>) {
        for line in self.raw.get(range).unwrap_or_default() {
            to.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                to.push(b'\n');
            }
        }
    }
}
