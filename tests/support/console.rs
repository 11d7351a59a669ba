//! The console, or any command, in a real terminal: what is typed into it, what it shows, and whether only our own sequences come
//! out.

use super::bare::Bare;
use super::{Engine, wait_until};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_mins(1);

/// A console in a terminal.
pub struct Console {
    pub child: Child,
    bytes: Arc<Mutex<Vec<u8>>>,
    screen: Arc<Mutex<vt100::Parser>>,
    reading: JoinHandle<()>,
    /// `None` once the terminal is gone.
    pub master: Option<Arc<File>>,
}

fn number(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn size(rows: u16, cols: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Console {
    /// In a terminal that knows colours and UTF-8.
    pub fn start(bare: &Bare, args: &[&str], rows: u16, cols: u16) -> Self {
        Self::with(bare, args, rows, cols, &[])
    }

    /// The same, with these environment variables.
    pub fn with(bare: &Bare, args: &[&str], rows: u16, cols: u16, env: &[(&str, &str)]) -> Self {
        let mut command = bare.through("setsid", &[&["--ctty", env!("CARGO_BIN_EXE_dogwatch")], args].concat());
        Self::usual(&mut command).envs(env.iter().copied());
        Self::spawn(command, rows, cols)
    }

    /// As a job of a shell, which takes the terminal where the job stops, and has it go on after a line of whoever types.
    pub fn of_a_shell(bare: &Bare, args: &[&str], rows: u16, cols: u16) -> Self {
        const SHELL: &str = r#""$0" "$@"; while jobs %1 >/dev/null 2>&1; do read -r _; fg >/dev/null; done"#;
        let words = ["--ctty", "bash", "-mc", SHELL, env!("CARGO_BIN_EXE_dogwatch")];
        let mut command = bare.through("setsid", &[&words, args].concat());
        Self::usual(&mut command);
        Self::spawn(command, rows, cols)
    }

    /// Of an engine with a sandbox.
    pub fn of(engine: &Engine, args: &[&str], rows: u16, cols: u16) -> Self {
        let ours = engine.command(args);
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(ours.get_program()).args(ours.get_args());
        for (name, value) in ours.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(engine.state());
        Self::usual(&mut command);
        Self::spawn(command, rows, cols)
    }

    fn usual(command: &mut Command) -> &mut Command {
        command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR")
    }

    /// A command that makes the terminal its controlling one, as `setsid --ctty` does.
    pub fn spawn(mut command: Command, rows: u16, cols: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let terminal = || File::options().read(true).write(true).open(&slave).unwrap();
        tcsetwinsize(&master, size(rows, cols)).unwrap();
        let child = command.stdin(terminal()).stdout(terminal()).stderr(terminal()).spawn().unwrap();
        drop(command);
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(number(rows), number(cols), 0)));
        let master = Arc::new(File::from(master));
        let (reader, sink, shown) = (Arc::downgrade(&master), bytes.clone(), screen.clone());
        let reading = std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            // The thread holds the terminal only for a moment at a time, so that it can be lost.
            while let Some(master) = reader.upgrade() {
                let mut fds = [PollFd::new(&*master, PollFlags::IN)];
                let moment = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
                if poll(&mut fds, Some(&moment)).unwrap() == 0 {
                    continue;
                }
                // A terminal whose program ended answers with an error.
                let Ok(count @ 1..) = (&*master).read(&mut buffer) else { return };
                sink.lock().unwrap().extend_from_slice(&buffer[..count]);
                shown.lock().unwrap().process(&buffer[..count]);
            }
        });
        Self { child, bytes, screen, reading, master: Some(master) }
    }

    pub fn shown(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    pub fn wait_for(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.shown().contains(text) {
            assert!(Instant::now() < end, "`{text}` is not on the screen:\n{}", self.shown());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn type_keys(&mut self, keys: &str) {
        let mut terminal = &**self.master.as_ref().unwrap();
        terminal.write_all(keys.as_bytes()).unwrap();
    }

    pub fn resize(&self, rows: u16, cols: u16) {
        self.screen.lock().unwrap().screen_mut().set_size(number(rows), number(cols));
        tcsetwinsize(self.master.as_deref().unwrap(), size(rows, cols)).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub fn end(&mut self) -> Option<i32> {
        wait_until("the console's end", PATIENCE, || self.child.try_wait().unwrap().is_some());
        // The terminal's end comes behind what was written last.
        wait_until("the last bytes", PATIENCE, || self.reading.is_finished());
        self.child.wait().unwrap().code()
    }

    /// Whether letters come one by one and unseen, as the console takes them.
    pub fn is_raw(&self) -> bool {
        let modes = tcgetattr(self.master.as_deref().unwrap()).unwrap().local_modes;
        !modes.intersects(LocalModes::ICANON | LocalModes::ECHO)
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// Whether the terminal was given back as it was.
    pub fn assert_given_back(&self) {
        for mode in ["?1049", "?2004", "?1000", "?1006"] {
            let text = String::from_utf8_lossy(&self.bytes()).into_owned();
            let (on, off) = (text.rfind(&format!("\u{1b}[{mode}h")), text.rfind(&format!("\u{1b}[{mode}l")));
            assert!(off >= on, "{mode} is left on");
        }
        let text = String::from_utf8_lossy(&self.bytes()).into_owned();
        assert!(text.rfind("\u{1b}[?25h") > text.rfind("\u{1b}[?25l"), "the cursor is left hidden");
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // Fails only for one that has ended, which is what is wanted.
        let _ended = self.child.kill();
    }
}

/// Whether these attributes are of the kinds that the console uses: no blinking, hidden or struck out letters.
fn own_attributes(parameters: &str) -> bool {
    let mut codes = parameters.split(';').map(|code| if code.is_empty() { Some(0) } else { code.parse::<u8>().ok() });
    while let Some(code) = codes.next() {
        match code {
            Some(38 | 48) => {
                if codes.next() != Some(Some(5)) || codes.next().flatten().is_none() {
                    return false;
                }
            }
            Some(0..=4 | 7 | 22..=25 | 27 | 30..=37 | 39 | 40..=47 | 49 | 59 | 90..=97 | 100..=107) => {}
            _ => return false,
        }
    }
    true
}

/// Sequences and controls in the bytes that are not the console's own.
pub fn foreign(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut rest = text.as_ref();
    while let Some(at) = rest.find(char::is_control) {
        let tail = &rest[at..];
        let own = tail.strip_prefix("\u{1b}[").and_then(|sequence| {
            let end = sequence.find(|c: char| !c.is_ascii_digit() && !";?".contains(c))?;
            let (parameters, last) = (&sequence[..end], sequence[end..].chars().next()?);
            let fits = match (parameters.strip_prefix('?'), last) {
                (Some(mode), 'h' | 'l') => {
                    ["25", "1000", "1002", "1003", "1006", "1015", "1049", "2004", "2026"].contains(&mode)
                }
                (None, 'm') => own_attributes(parameters),
                (None, 'H') => parameters.contains(';'),
                (None, 'J') => parameters == "2",
                _ => false,
            };
            fits.then(|| &sequence[end + 1..])
        });
        // Text for the clipboard, in base64.
        let clipboard = tail.strip_prefix("\u{1b}]52;c;").and_then(|rest| {
            let (text, after) = rest.split_once("\u{1b}\\")?;
            text.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c)).then_some(after)
        });
        // A call to what waits: a bell, and where that is wanted how many there are.
        let call = tail.strip_prefix('\u{7}').or_else(|| {
            let (count, after) = tail.strip_prefix("\u{1b}]9;dogwatch: ")?.split_once(" waiting for you\u{1b}\\")?;
            count.chars().all(|c| c.is_ascii_digit()).then_some(after)
        });
        rest = if let Some(after) = own.or(clipboard).or(call) {
            after
        } else {
            found.push(tail.chars().take(8).flat_map(char::escape_default).collect());
            &tail[tail.chars().next().map_or(1, char::len_utf8)..]
        };
    }
    found
}

/// Characters that are seen otherwise than they are, or not at all.
pub fn hidden(text: &str) -> Vec<char> {
    let sly = |letter: &char| {
        matches!(u32::from(*letter), 0x00ad | 0x061c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff
            | 0xfe00..=0xfe0f | 0xfff9..=0xfffb | 0xe0000..=0xe0fff)
    };
    text.chars().filter(sly).collect()
}
