//! Lines of a log taken out of the console: for the clipboard, a pager or an editor. They are read from the engine as a stream
//! and written in the safe form for reading, so that whatever opens them gets no sequence of a program's. What is more than a
//! clipboard takes, and what another program opens, is a file that only its owner can read.

use crate::client::{Client, ClientError};
use crate::domain::RunId;
use crate::domain::sought::Sought;
use crate::logs::{Matcher, SoughtError};
use crate::protocol::{LogLines, Reply, Request};
use crate::text::screen::MOST_COPIED;
use crate::text::{SafeText, log};
use rustix::process::Pid;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Lines that are asked for at once.
const PAGE: u32 = 5000;
/// Most bytes of a file.
const MOST_BYTES: usize = 256 << 20;
/// Lines of our own around a log in an editor, which looks for its settings in the first and last ones of a file.
const AROUND: usize = 5;
/// How names of files begin that are opened by another program and removed after that.
const VIEWED: &str = "view-";

/// What lines are taken out for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// For the clipboard.
    Copy,
    /// For `$PAGER`.
    Pager,
    /// For `$EDITOR`.
    Editor,
}

/// Which lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// What for.
    pub purpose: Purpose,
    /// The run.
    pub run: RunId,
    /// The step's name.
    pub step: String,
    /// The first line.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// Only those that fit.
    pub sought: Sought,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// So much that it goes into a clipboard.
    Text(Vec<SafeText>),
    /// A file.
    File {
        /// Where.
        path: PathBuf,
        /// How many lines it has of the log.
        lines: u64,
        /// The log has more, for which there was no room.
        cut: bool,
    },
}

/// Why nothing was taken out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The engine.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The filter.
    #[error("{0}")]
    Sought(#[from] SoughtError),
    /// The disk.
    #[error("{path} cannot be written: {reason}; make room or rights for it")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: io::Error,
    },
}

/// Takes lines out; files go into `directory`.
pub async fn export(socket: &Path, directory: &Path, wanted: &Export) -> Result<Exported, ExportError> {
    let mut client = Client::connect(socket).await?;
    let mut sink = Sink::new(directory, wanted)?;
    let (mut next, mut part) = (wanted.first, 0);
    'all: while next <= wanted.last {
        let (run, step) = (wanted.run, wanted.step.clone());
        let most = u32::try_from(wanted.last - next).unwrap_or(PAGE).saturating_add(1).min(PAGE);
        let asked = Request::ReadLines { run, step, first: Some(next), part, most };
        let Reply::Lines { lines } = client.ask(asked).await? else { return Err(ClientError::Unfit.into()) };
        let before = (next, part);
        (next, part) = after(&lines).unwrap_or(before);
        for line in lines.lines.into_iter().filter(|line| line.number <= wanted.last) {
            let bytes = line.bytes.decode().ok_or_else(|| ClientError::Broken("a line arrived damaged".to_owned()))?;
            if !sink.take(line.stream, line.part > 0, &bytes)? {
                break 'all;
            }
        }
        // The end of the log by now.
        if (next, part) == before {
            break;
        }
    }
    sink.done()
}

/// Where to go on after some lines; `None` where nothing is behind them by now.
fn after(lines: &LogLines) -> Option<(u64, u64)> {
    let last = lines.lines.last()?;
    let goes_on = !last.whole && last.bytes.len() >= crate::logs::MAX_LINE;
    Some(if goes_on { (last.number, last.part + 1) } else { (last.number + 1, 0) })
}

/// Where lines go: into memory while a clipboard can take them, then into a file.
struct Sink {
    matcher: Matcher,
    purpose: Purpose,
    path: PathBuf,
    held: Vec<SafeText>,
    bytes: usize,
    lines: u64,
    file: Option<BufWriter<File>>,
    cut: bool,
}

impl Sink {
    fn new(directory: &Path, wanted: &Export) -> Result<Self, ExportError> {
        // Only what a file name may have, whatever the engine says.
        let step: String = wanted.step.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let own = std::process::id();
        let name = match wanted.purpose {
            Purpose::Copy => format!("{step}-lines-{}-{}", wanted.first + 1, wanted.last + 1),
            Purpose::Pager | Purpose::Editor => format!("{VIEWED}{own}-{step}"),
        };
        let mut sink = Self {
            matcher: Matcher::new(&wanted.sought)?,
            purpose: wanted.purpose,
            path: directory.join(format!("{name}.txt")),
            held: Vec::new(),
            bytes: 0,
            lines: 0,
            file: None,
            cut: false,
        };
        if wanted.purpose != Purpose::Copy {
            sink.open()?;
        }
        if wanted.purpose == Purpose::Editor {
            let head = format!("dogwatch: the log {step} in its form for reading{}", "\n".repeat(AROUND));
            sink.write(head.as_bytes())?;
        }
        Ok(sink)
    }

    fn fault(&self) -> impl FnOnce(io::Error) -> ExportError + use<> {
        let path = self.path.display().to_string();
        |reason| ExportError::File { path, reason }
    }

    fn open(&mut self) -> Result<(), ExportError> {
        let make = || {
            if let Some(directory) = self.path.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
                remove_stale(directory)?;
            }
            match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            // What lies there already, or a link put there meanwhile, is never written to.
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path)
        };
        let file = make().map_err(self.fault())?;
        self.file = Some(BufWriter::new(file));
        for text in std::mem::take(&mut self.held) {
            self.write(format!("{}\n", text.plain()).as_bytes())?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        let fault = self.fault();
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes)).map_err(fault)
    }

    /// Takes a line, or a further part of one; gives whether there is room for more.
    fn take(&mut self, stream: u8, further: bool, bytes: &[u8]) -> Result<bool, ExportError> {
        let plain = log::plain(bytes);
        if !self.matcher.fits(stream, &plain) {
            return Ok(true);
        }
        if self.bytes + plain.len() > MOST_BYTES {
            self.cut = true;
            return Ok(false);
        }
        self.bytes += plain.len() + 1;
        self.lines += u64::from(!further);
        if self.file.is_none() && self.bytes > MOST_COPIED {
            self.open()?;
        }
        if self.file.is_some() {
            self.write(plain.as_bytes())?;
            self.write(b"\n")?;
        } else {
            self.held.push(log::shown(bytes).unstyled());
        }
        Ok(true)
    }

    fn done(mut self) -> Result<Exported, ExportError> {
        if self.cut {
            self.write(
                format!("dogwatch: cut here, at {MOST_BYTES} bytes; `dogwatch logs` prints all of it\n").as_bytes(),
            )?;
        }
        if self.purpose == Purpose::Editor {
            self.write(format!("{}dogwatch: the end\n", "\n".repeat(AROUND)).as_bytes())?;
        }
        let fault = self.fault();
        match self.file.take() {
            None => Ok(Exported::Text(self.held)),
            Some(mut file) => {
                file.flush().map_err(fault)?;
                Ok(Exported::File { path: self.path, lines: self.lines, cut: self.cut })
            }
        }
    }
}

/// Removes what consoles left that ended while another program had the terminal.
fn remove_stale(directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(VIEWED)?.split('-').next()?.parse().ok());
        let gone = |owner| {
            Pid::from_raw(owner)
                .is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
        };
        if owner.is_some_and(gone) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::domain::sought::Words;
    use std::os::unix::fs::PermissionsExt;

    fn taken(directory: &Path, purpose: Purpose, lines: &[&[u8]]) -> Exported {
        let words = vec![Words { text: "skipped".to_owned(), regex: false, not: true }];
        let sought = Sought { words, ..Sought::default() };
        let wanted = Export { purpose, run: RunId(1), step: "r1/../x-i0".to_owned(), first: 0, last: 9, sought };
        let mut sink = Sink::new(directory, &wanted).unwrap();
        for line in lines {
            assert!(sink.take(1, false, line).unwrap());
        }
        sink.done().unwrap()
    }

    #[test]
    fn little_is_held_and_much_is_a_private_file_of_safe_text() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("copies");
        let Exported::Text(lines) = taken(&directory, Purpose::Copy, &[b"a\x1b[2J", b"skipped", b"\x1b[31mb"]) else {
            panic!("a file");
        };
        assert_eq!(lines.iter().map(SafeText::as_str).collect::<Vec<_>>(), ["a\u{241b}[2J", "b"]);
        assert!(!directory.exists());
        let long = vec![b'x'; MOST_COPIED];
        let Exported::File { path, lines: 2, cut: false } = taken(&directory, Purpose::Copy, &[b"a\x07", &long]) else {
            panic!("no file");
        };
        assert_eq!(path, directory.join("r1x-i0-lines-1-10.txt"));
        assert!(std::fs::read(&path).unwrap().starts_with("a\u{2407}\nxxx".as_bytes()));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&directory)), (0o600, 0o700));
    }

    #[test]
    fn an_editor_finds_no_settings_of_a_program_and_what_was_left_goes() {
        let home = tempfile::tempdir().unwrap();
        let (stale, other) = (home.path().join("view-999999999-r1.txt"), home.path().join("other.txt"));
        std::fs::write(&stale, "").unwrap();
        std::fs::write(&other, "").unwrap();
        let Exported::File { path, .. } = taken(home.path(), Purpose::Editor, &[b"vim: set modeline:"]) else {
            panic!("no file");
        };
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let place = lines.iter().position(|line| line.starts_with("vim:")).unwrap();
        assert!(place >= AROUND && lines.len() - place > AROUND, "{lines:?}");
        assert!(!stale.exists() && other.exists());
    }
}
