//! The terminal of the console: raw mode, the other screen, and frames of which only changed cells are sent.
//!
//! Frames are written by a thread of their own, one at a time: while a slow link takes one, nothing waits for it, and what
//! changes meanwhile comes with the next. However the program ends, the terminal is given back as it was.

mod bell;
mod clipboard;
mod restore;
mod writer;

pub use bell::Bell;
pub use clipboard::MOST_COPIED;
pub use restore::give_back;

use super::canvas::{Canvas, Look};
use super::safe::SafeText;
use crossterm::QueueableCommand;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use writer::FrameWriter;

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// Input or output is no terminal.
    #[error(
        "the console needs a terminal on standard input and output: use `dogwatch ps`, or `dogwatch watch --plain`, without one"
    )]
    NoTerminal,
    /// The terminal is too simple.
    #[error(
        "the terminal `{0}` cannot place text on a screen: set TERM to what it is, or use `dogwatch watch --plain`"
    )]
    Dumb(String),
    /// The system says no.
    #[error("the terminal cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// What the environment says of the terminal.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// What it can show.
    pub look: Look,
    /// Clicks and the wheel come as events.
    pub mouse: bool,
}

/// The terminal while the console has it.
pub struct Screen {
    shown: Buffer,
    look: Look,
    mouse: bool,
    cursor: Option<Position>,
    /// Everything has to be sent anew.
    unknown: bool,
    writer: FrameWriter,
}

impl Screen {
    /// Takes the terminal.
    pub fn open(wanted: Wanted) -> Result<Self, ScreenError> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(ScreenError::NoTerminal);
        }
        let term = std::env::var("TERM").unwrap_or_default();
        if term == "dumb" || term.is_empty() {
            return Err(ScreenError::Dumb(term));
        }
        // What is drawn is our own affair; crossterm would spoil attributes where NO_COLOR is set.
        crossterm::style::force_color_output(true);
        let (columns, rows) = crossterm::terminal::size()?;
        let mut screen = Self {
            shown: Buffer::empty(Rect::new(0, 0, columns, rows)),
            look: wanted.look,
            mouse: wanted.mouse,
            cursor: None,
            unknown: true,
            writer: FrameWriter::start()?,
        };
        screen.take()?;
        Ok(screen)
    }

    /// Raw mode and the other screen.
    fn take(&mut self) -> io::Result<()> {
        restore::taken();
        crossterm::terminal::enable_raw_mode()?;
        let mut bytes = Vec::new();
        bytes.queue(EnterAlternateScreen)?.queue(EnableBracketedPaste)?.queue(Hide)?;
        if self.mouse {
            bytes.queue(EnableMouseCapture)?;
        }
        self.writer.send(bytes);
        self.cursor = None;
        self.unknown = true;
        Ok(())
    }

    /// Gives the terminal back, for a while or for good. Waits for it only shortly: it may be gone.
    pub fn leave(&mut self) {
        self.writer.finish();
        give_back();
    }

    /// Takes it again.
    pub fn back(&mut self) -> Result<(), ScreenError> {
        let (columns, rows) = crossterm::terminal::size()?;
        self.resize(columns, rows);
        Ok(self.take()?)
    }

    /// Its size changed; everything is sent anew, since terminals differ in what they keep.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.shown = Buffer::empty(Rect::new(0, 0, columns, rows));
        self.unknown = true;
    }

    /// Sends everything anew with the next frame.
    pub fn repaint(&mut self) {
        self.unknown = true;
    }

    /// Its size.
    pub fn area(&self) -> Rect {
        self.shown.area
    }

    /// What it can show.
    pub fn look(&self) -> Look {
        self.look
    }

    /// Whether clicks and the wheel come as events.
    pub fn mouse(&self) -> bool {
        self.mouse
    }

    /// Lets clicks and the wheel come as events or leaves them to the terminal.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        let mut bytes = Vec::new();
        if on {
            bytes.queue(EnableMouseCapture)?
        } else {
            bytes.queue(DisableMouseCapture)?
        };
        self.writer.send(bytes);
        Ok(())
    }

    /// Asks the terminal to take lines into its clipboard; gives whether they are not too much for that. Whether it does so, nobody
    /// is told.
    pub fn copy(&mut self, lines: &[SafeText]) -> bool {
        clipboard::sequence(lines).map(|sequence| self.writer.send(sequence)).is_some()
    }

    /// Calls whoever has the terminal to so many things that wait.
    pub fn ring(&mut self, bell: Bell, waiting: usize) {
        if let Some(sequence) = bell::sequence(bell, waiting) {
            self.writer.send(sequence);
        }
    }

    /// Whether the last frame is on its way, so that another may be drawn.
    pub fn is_ready(&self) -> bool {
        self.writer.is_idle()
    }

    /// Completes once the last frame is on its way.
    pub async fn ready(&self) {
        self.writer.idle().await;
    }

    /// Why the terminal takes nothing any more, if so.
    pub fn fault(&self) -> Option<String> {
        self.writer.fault()
    }

    /// Paints a frame and sends what differs from the last one. `paint` gives the place of the cursor, if there is one.
    /// Nothing is sent where nothing differs.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Canvas<'_>) -> Option<Position>) -> io::Result<()> {
        let mut next = Buffer::empty(self.shown.area);
        let cursor = paint(&mut Canvas::new(&mut next, self.look));
        let mut changes = Vec::new();
        if self.unknown {
            changes.queue(Clear(ClearType::All))?;
            self.shown.reset();
            self.unknown = false;
        }
        let updates = self.shown.diff(&next);
        if !updates.is_empty() {
            CrosstermBackend::new(&mut changes).draw(updates.into_iter())?;
        }
        // Drawing moves the cursor, so one that is seen is put back.
        match cursor {
            Some(place) if self.cursor != cursor || !changes.is_empty() => {
                changes.queue(MoveTo(place.x, place.y))?.queue(Show)?;
            }
            None if self.cursor.is_some() => {
                changes.queue(Hide)?;
            }
            _ => {}
        }
        self.shown = next;
        self.cursor = cursor;
        if !changes.is_empty() {
            let mut frame = Vec::with_capacity(changes.len() + 16);
            frame.queue(BeginSynchronizedUpdate)?;
            frame.append(&mut changes);
            frame.queue(EndSynchronizedUpdate)?;
            self.writer.send(frame);
        }
        Ok(())
    }
}

/// The terminal behind standard output, past any buffer and lock.
fn terminal() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}
