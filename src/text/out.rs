//! The only printer. It writes safe text, JSON that is pure ASCII, and raw bytes only where no terminal listens.

use super::exact;
use super::safe::SafeText;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

/// Whether there is still a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a closed stream means that the command should end quietly"]
pub enum Flow {
    /// Everything was written.
    Written,
    /// The reader has gone, as in `dogwatch ps | head`: stop and end without complaint.
    Closed,
}

/// Why nothing could be printed.
#[derive(Debug, thiserror::Error)]
pub enum OutError {
    /// The stream refused.
    #[error("cannot write the output: {0}; check the disk or the terminal behind it")]
    Io(#[from] io::Error),
    /// The value has no JSON form.
    #[error("cannot write the value as JSON: {0}; this is a bug of dogwatch")]
    Json(#[from] serde_json::Error),
}

/// A stream that people or programs read.
#[derive(Debug)]
pub struct Out<W> {
    sink: W,
    terminal: bool,
    colour: bool,
}

/// The printer over standard output.
pub type StandardOut = Out<io::Stdout>;

impl Out<io::Stdout> {
    /// Standard output, with what the environment says about colour.
    pub fn stdout() -> Self {
        let sink = io::stdout();
        let terminal = sink.is_terminal();
        Self::new(sink, terminal, colour_wanted(terminal, |name| std::env::var_os(name)))
    }
}

impl Out<io::Stderr> {
    /// Standard error, with what the environment says about colour.
    pub fn stderr() -> Self {
        let sink = io::stderr();
        let terminal = sink.is_terminal();
        Self::new(sink, terminal, colour_wanted(terminal, |name| std::env::var_os(name)))
    }
}

/// No colour without a terminal, on a dumb or nameless one, or where `NO_COLOR` is set and not empty (no-color.org).
fn colour_wanted(terminal: bool, var: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    let refused = var("NO_COLOR").is_some_and(|value| !value.is_empty());
    terminal && !refused && var("TERM").is_some_and(|term| term != "dumb" && !term.is_empty())
}

impl<W: Write> Out<W> {
    /// A printer over any stream, told whether it is a terminal and whether it gets colour.
    pub fn new(sink: W, terminal: bool, colour: bool) -> Self {
        Self { sink, terminal, colour }
    }

    /// Whether a person looks at the stream directly.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes one line and its newline.
    pub fn line(&mut self, text: &SafeText) -> Result<Flow, OutError> {
        self.lines(std::slice::from_ref(text))
    }

    /// Writes lines, in one go.
    pub fn lines<'a>(&mut self, texts: impl IntoIterator<Item = &'a SafeText>) -> Result<Flow, OutError> {
        let mut all = String::new();
        for text in texts {
            if self.colour {
                all.push_str(text.as_str());
            } else {
                all.push_str(&text.plain());
            }
            all.push('\n');
        }
        self.write(all.as_bytes())
    }

    /// Writes bytes from outside unchanged where a file or a program reads them, as `dogwatch diff > file` wants.
    ///
    /// On a terminal each line is shown in the exact form instead (blanks that indent a line stay), and a last line
    /// without a newline is followed by the note `\{no newline}`.
    pub fn raw_bytes(&mut self, bytes: &[u8]) -> Result<Flow, OutError> {
        if !self.terminal {
            return self.write(bytes);
        }
        let mut all = String::with_capacity(bytes.len());
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            let (line, note) = line.strip_suffix(b"\n").map_or((line, "\\{no newline}\n"), |line| (line, "\n"));
            all.push_str(exact::encode_indented(line).as_str());
            all.push_str(note);
        }
        self.write(all.as_bytes())
    }

    /// Writes a value as one line of JSON in ASCII: every other character as `\uXXXX`, so it is safe on a terminal.
    pub fn json(&mut self, value: &impl Serialize) -> Result<Flow, OutError> {
        let mut line = ascii_json(&serde_json::to_string(value)?);
        line.push('\n');
        self.write(line.as_bytes())
    }

    /// Writes and flushes, so that what was printed is there even if the process dies next.
    fn write(&mut self, bytes: &[u8]) -> Result<Flow, OutError> {
        match self.sink.write_all(bytes).and_then(|()| self.sink.flush()) {
            Ok(()) => Ok(Flow::Written),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Flow::Closed),
            Err(error) => Err(OutError::Io(error)),
        }
    }
}

/// Escapes what JSON leaves as it is outside printable ASCII. Such characters stand only inside strings there.
fn ascii_json(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, ' '..='~') {
            line.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        }
    }
    line
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::safe;
    use crate::text::{Colour, Style};
    use proptest::prelude::*;

    fn printed(terminal: bool, colour: bool, print: impl FnOnce(&mut Out<&mut Vec<u8>>)) -> String {
        let mut sink = vec![];
        print(&mut Out::new(&mut sink, terminal, colour));
        String::from_utf8(sink).unwrap()
    }

    #[test]
    fn colour_is_left_out_where_it_is_not_wanted() {
        let text = safe!("ok {}", safe!("7").styled(Style::fg(Colour::Green)));
        let line = |colour| printed(true, colour, |out| assert_eq!(out.line(&text).unwrap(), Flow::Written));
        assert_eq!(line(true), "ok \x1b[0;32m7\x1b[0m\n");
        assert_eq!(line(false), "ok 7\n");
    }

    #[test]
    fn the_environment_decides_about_colour() {
        let wanted = |terminal, vars: &[(&str, &str)]| {
            colour_wanted(terminal, |name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into()))
        };
        assert!(wanted(true, &[("TERM", "xterm")]));
        assert!(wanted(true, &[("TERM", "xterm"), ("NO_COLOR", "")]));
        assert!(!wanted(true, &[("TERM", "xterm"), ("NO_COLOR", "1")]));
        assert!(!wanted(true, &[("TERM", "dumb")]));
        assert!(!wanted(true, &[]));
        assert!(!wanted(false, &[("TERM", "xterm")]));
    }

    #[test]
    fn bytes_are_raw_for_files_and_safe_for_people() {
        let bytes = b"+  a\x1b[2J\r\n  b";
        let mut sink = vec![];
        assert_eq!(Out::new(&mut sink, false, false).raw_bytes(bytes).unwrap(), Flow::Written);
        assert_eq!(sink, bytes);
        let safe = printed(true, true, |out| assert_eq!(out.raw_bytes(bytes).unwrap(), Flow::Written));
        assert_eq!(safe, "+  a\\e[2J\\r\n  b\\{no newline}\n");
    }

    #[test]
    fn json_is_ascii() {
        let json = printed(true, true, |out| {
            assert_eq!(out.json(&["é\u{1f600}\u{7f}\u{9b}\u{202e}\n\x1b"]).unwrap(), Flow::Written);
        });
        assert_eq!(json, "[\"\\u00e9\\ud83d\\ude00\\u007f\\u009b\\u202e\\n\\u001b\"]\n");
    }

    #[test]
    fn a_reader_that_left_is_no_error_and_a_full_disk_is() {
        struct Broken(io::ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let line = |kind| Out::new(Broken(kind), false, false).line(&safe!("x"));
        assert_eq!(line(io::ErrorKind::BrokenPipe).unwrap(), Flow::Closed);
        assert!(matches!(line(io::ErrorKind::StorageFull), Err(OutError::Io(_))));
    }

    proptest! {
        #[test]
        fn json_keeps_its_meaning(text: String) {
            let json = printed(false, false, |out| assert_eq!(out.json(&text).unwrap(), Flow::Written));
            prop_assert!(json.trim_end_matches('\n').bytes().all(|b| (0x20..0x7f).contains(&b)));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
