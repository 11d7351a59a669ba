//! The engine's own log: a file a day, another one when it has grown to its bound, and the oldest go. So it never takes more than a
//! known part of the disk, whatever makes the engine speak.

use crate::domain::Millis;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes of one file.
const MOST: u64 = 16 << 20;
/// Files that are kept.
const KEPT: usize = 14;

/// Where the log goes.
#[derive(Debug)]
pub(super) struct EngineLog {
    dir: PathBuf,
    name: String,
    most: u64,
    kept: usize,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    day: String,
    bytes: u64,
}

impl EngineLog {
    /// In files of a directory, which is made where there is none, whose names begin so.
    pub fn new(dir: &Path, name: &str) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let mut log = Self { dir: dir.to_owned(), name: name.to_owned(), most: MOST, kept: KEPT, open: None };
        // What cannot be written is known at the start.
        log.file_for(0, &today())?;
        Ok(log)
    }

    /// The file for so many more bytes.
    fn file_for(&mut self, bytes: usize, day: &str) -> io::Result<&mut Open> {
        let fits =
            |open: &Open| open.day == day && (open.bytes == 0 || open.bytes.saturating_add(bytes as u64) <= self.most);
        let open = match self.open.take().filter(fits) {
            Some(open) => open,
            None => self.next(bytes, day)?,
        };
        Ok(self.open.insert(open))
    }

    /// The day's last file where there is room in it, else a new one.
    fn next(&self, bytes: usize, day: &str) -> io::Result<Open> {
        let today = format!("{}.{day}", self.name);
        let mut last =
            self.files()?.into_iter().rfind(|name| name.starts_with(&today)).unwrap_or_else(|| today.clone());
        let mut open = self.open(&last, day)?;
        while open.bytes > 0 && open.bytes.saturating_add(bytes as u64) > self.most {
            let number = last.strip_prefix(&today).and_then(|rest| rest.strip_prefix('.')?.parse::<u32>().ok());
            last = format!("{today}.{:05}", number.unwrap_or(0).saturating_add(1));
            open = self.open(&last, day)?;
        }
        let files = self.files()?;
        // Never this one, whatever day the clock says it is.
        let oldest = files.iter().take(files.len().saturating_sub(self.kept)).filter(|name| **name != last);
        for name in oldest {
            std::fs::remove_file(self.dir.join(name))?;
        }
        Ok(open)
    }

    fn open(&self, name: &str, day: &str) -> io::Result<Open> {
        let file = OpenOptions::new().create(true).append(true).open(self.dir.join(name))?;
        let bytes = file.metadata()?.len();
        Ok(Open { file, day: day.to_owned(), bytes })
    }

    /// The log's files, the oldest first: their names say so.
    fn files(&self) -> io::Result<Vec<String>> {
        let begins = format!("{}.", self.name);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            files.extend(name.to_str().filter(|name| name.starts_with(&begins)).map(str::to_owned));
        }
        files.sort_unstable();
        Ok(files)
    }

    fn put(&mut self, bytes: &[u8], day: &str) -> io::Result<usize> {
        let open = self.file_for(bytes.len(), day)?;
        let count = open.file.write(bytes)?;
        open.bytes = open.bytes.saturating_add(count as u64);
        Ok(count)
    }
}

impl Write for EngineLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes, &today())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), |open| open.file.flush())
    }
}

fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)).rfc3339();
    now.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sizes(dir: &Path) -> Vec<(String, u64)> {
        let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
        let mut all: Vec<_> =
            entries.map(|one| (one.file_name().into_string().unwrap(), one.metadata().unwrap().len())).collect();
        all.sort();
        all
    }

    #[test]
    fn it_never_holds_more_than_its_files_whatever_is_written() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("r1-i1-test.log"), "another one's").unwrap();
        let mut log = EngineLog::new(dir.path(), "engine.log").unwrap();
        (log.most, log.kept) = (1_000, 3);
        for _ in 0..100 {
            assert_eq!(log.put(&[b'x'; 99], "2026-03-01").unwrap(), 99);
        }
        let names = sizes(dir.path());
        assert_eq!(names.len(), 4, "{names:?}");
        assert!(names.iter().all(|(_, bytes)| *bytes <= 1_000), "{names:?}");
        // The next day begins a file, and the oldest goes.
        log.put(b"y", "2026-03-02").unwrap();
        let after = sizes(dir.path());
        assert_eq!(after.last().map(|(name, _)| name.as_str()), Some("r1-i1-test.log"));
        assert!(after.iter().any(|(name, bytes)| name == "engine.log.2026-03-02" && *bytes == 1), "{after:?}");
        assert_eq!(after.len(), 4, "{after:?}");
        // An engine that starts again goes on with the last one.
        let mut again = EngineLog::new(dir.path(), "engine.log").unwrap();
        (again.most, again.kept) = (1_000, 3);
        again.put(b"z", "2026-03-02").unwrap();
        assert!(sizes(dir.path()).contains(&("engine.log.2026-03-02".to_owned(), 2)));
        // What is larger than a file is written whole.
        assert_eq!(again.put(&[b'x'; 5_000], "2026-03-02").unwrap(), 5_000);
    }
}
