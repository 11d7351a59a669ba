//! The console: a pure client of the engine's socket, as many as people like. What it shows is committed; closing it never
//! touches a run.
//!
//! One task owns what is known and the terminal. It waits for a signal, a key, or news of the engine, takes all that is there,
//! and draws if something changed: at most thirty times a second, and never while the terminal still takes the last frame.
//! Where nothing happens, nothing is drawn; the one timer that runs then asks a silent engine, every now and then, whether it answers.
//!
//! | file | what |
//! | --- | --- |
//! | `app.rs`, `app/` | what is known and what keys and news do to it; no clock, no drawing |
//! | `keys.rs`, `keymap.rs` | the notation of keys, and the one table that dispatch, hints, help and palette read |
//! | `code.rs` | what somebody types to say yes |
//! | `diff.rs`, `diff/` | a patch, line by line, with colours |
//! | `log.rs` | the window of log lines that is held |
//! | `drafts.rs` | what is written and not sent, on disk |
//! | `link.rs` | the connections, and looking for an engine that went away |
//! | `export.rs`, `pager.rs` | lines taken out of a log, and another program that shows them |
//! | `hangup.rs` | a terminal that is gone ends the console |
//! | `stop.rs` | stopping for a while, where a shell is there to take the terminal |
//! | `view.rs`, `view/` | one file a part of the screen |

pub mod app;
mod code;
mod diff;
mod drafts;
pub mod export;
mod hangup;
pub mod keymap;
pub mod keys;
mod link;
mod log;
mod pager;
mod stop;
#[cfg(test)]
mod tests;
mod view;

use crate::client::{Client, Witness, sign};
use crate::domain::{ProposalId, RunId};
use crate::safe;
use crate::text::Look;
use crate::text::screen::{Bell, Screen, ScreenError, Wanted};
use crate::words;
use app::{App, Effect, Layer};
use crossterm::event::{Event, EventStream, MouseEventKind};
use drafts::Drafts;
use futures_util::StreamExt;
use keymap::Keymap;
use link::News;
use rustix::process::Signal;
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// Between two frames on a slow link.
const SLOW_FRAME: Duration = Duration::from_millis(250);
/// Between two frames where the later one answers a person.
const ANSWER: Duration = Duration::from_millis(4);
/// The same on a slow link.
const SLOW_ANSWER: Duration = Duration::from_millis(100);
/// How often ages are looked at while something is at work.
const TICK: Duration = Duration::from_secs(1);
/// How soon what no stream brings is asked for again after a change.
const REFRESH: Duration = Duration::from_millis(500);
/// News that may wait.
const NEWS: usize = 256;
/// Events that are taken before a frame is drawn.
const DRAIN: usize = 512;

/// How the console is started.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// What the terminal can show.
    pub look: Look,
    /// Nothing may be changed from it.
    pub read_only: bool,
    /// Fewer frames.
    pub slow_link: bool,
    /// Clicks and the wheel come as events.
    pub mouse: bool,
    /// Where lines go that are taken out of a log and are more than a clipboard takes.
    pub copies: PathBuf,
    /// Which keys do what.
    pub keys: Keymap,
    /// How somebody is called to what waits.
    pub bell: Bell,
    /// Where what is written and not sent is kept.
    pub drafts: Option<PathBuf>,
    /// What is wrong with the audit log, as far as this user saw it before.
    pub alarm: Option<String>,
    /// It begins with the first steps.
    pub tour: bool,
}

/// Shows the console until it is left.
pub async fn run(socket: PathBuf, first: Option<Client>, options: Options) -> Result<(), ScreenError> {
    let mut screen = Screen::open(Wanted { look: options.look, mouse: options.mouse })?;
    // Keys alone make orders. A bound would let both sides wait for each other while news floods in.
    let (orders_in, orders) = mpsc::unbounded_channel();
    let (news_in, news) = mpsc::channel(NEWS);
    let witness = Witness::of(&socket);
    let link = tokio::spawn(link::keep((socket, options.copies, witness), first, orders, news_in));
    let mut app = App::new(options.read_only);
    app.keys = options.keys;
    app.ascii = !options.look.unicode;
    app.alarm = options.alarm;
    app.layer = options.tour.then_some(Layer::Tour { top: 0 });
    let drafts = Drafts::open(options.drafts)?;
    let (frame, answer) = if options.slow_link { (SLOW_FRAME, SLOW_ANSWER) } else { (FRAME, ANSWER) };
    let result = Loop {
        app,
        bell: options.bell,
        drafts,
        orders: orders_in,
        news,
        frame,
        answer,
        asked: false,
        drawn: None,
        unseen: false,
        dirty: true,
        refresh: None,
    }
    .go(&mut screen)
    .await;
    link.abort();
    screen.leave();
    result
}

struct Loop {
    app: App,
    bell: Bell,
    drafts: Drafts,
    orders: mpsc::UnboundedSender<link::Order>,
    news: mpsc::Receiver<News>,
    frame: Duration,
    answer: Duration,
    /// Somebody pressed a key, clicked or pasted since the last frame.
    asked: bool,
    /// When the last frame was drawn.
    drawn: Option<Instant>,
    /// The last frame is still on its way.
    unseen: bool,
    dirty: bool,
    /// When to ask again for what no stream brings.
    refresh: Option<Instant>,
}

/// What ended a wait.
enum Woken {
    Input(Option<std::io::Result<Event>>),
    News(Option<News>),
    Seen,
    Draw,
    Tick,
    Refresh,
    Suspend,
    Interrupt,
    Leave,
}

impl Loop {
    #[allow(clippy::too_many_lines, reason = "one loop over all that can wake it")]
    async fn go(mut self, screen: &mut Screen) -> Result<(), ScreenError> {
        let mut input = EventStream::new();
        let mut signals = Signals::new()?;
        loop {
            let pause = if self.asked { self.answer } else { self.frame };
            let next = self.drawn.map_or_else(Instant::now, |drawn| drawn + pause);
            let lively = self.app.is_lively() || self.app.owes_a_ring();
            let refresh = self.refresh;
            let woken = tokio::select! {
                biased;
                woken = signals.next() => woken,
                // A frame that is due goes before what would be in the next one, or a flood of news would put it off.
                () = async { sleep_until(next).await; screen.ready().await }, if self.dirty => Woken::Draw,
                event = input.next() => Woken::Input(event),
                news = self.news.recv() => Woken::News(news),
                () = screen.ready(), if self.unseen => Woken::Seen,
                () = sleep_until(refresh.unwrap_or(next)), if refresh.is_some() => Woken::Refresh,
                () = tokio::time::sleep(TICK), if lively && !self.dirty => Woken::Tick,
            };
            self.app.now = words::now();
            match woken {
                Woken::Suspend => self.app.effects.push(Effect::Suspend),
                Woken::Leave | Woken::Interrupt | Woken::Input(None) | Woken::News(None) => return Ok(()),
                Woken::Input(Some(event)) => self.input(event?, screen),
                Woken::News(Some(news)) => self.hear(news),
                Woken::Refresh => {
                    self.refresh = None;
                    self.app.refresh();
                }
                Woken::Tick => {
                    self.dirty = true;
                    self.app.ring_when_due();
                }
                Woken::Seen => {
                    self.unseen = false;
                    let before = self.app.dialog.rows.unseen();
                    self.app.drawn();
                    // How much of a text was read is on the screen as well.
                    self.dirty |= self.app.dialog.rows.unseen() != before;
                }
                Woken::Draw => {
                    if screen.fault().is_some() {
                        return Ok(());
                    }
                    // It was waited for until the frame before was written.
                    if self.unseen {
                        self.app.written();
                    }
                    self.draw(screen)?;
                }
            }
            // What else is there already belongs into the same frame.
            for _ in 0..DRAIN {
                // Polled by this very task: the reader of keys wakes whoever asked it last, and must not wake nobody.
                tokio::select! {
                    biased;
                    event = input.next() => {
                        let Some(event) = event else { return Ok(()) };
                        self.input(event?, screen);
                    }
                    Some(news) = self.news.recv() => self.hear(news),
                    () = std::future::ready(()) => break,
                }
            }
            if self.app.stale && self.refresh.is_none() {
                self.refresh = Some(Instant::now() + REFRESH);
            }
            for effect in std::mem::take(&mut self.app.effects) {
                match effect {
                    Effect::Quit => return Ok(()),
                    Effect::Repaint => screen.repaint(),
                    Effect::ToggleMouse => screen.set_mouse(!screen.mouse())?,
                    Effect::KeepDraft(run) | Effect::ForgetDraft(run) | Effect::RecallDraft(run) => {
                        self.draft(&effect, run);
                    }
                    Effect::Code => self.app.coded(code::code()?),
                    Effect::Sign { proposal, digest, glass, keys } => {
                        // Whoever signs may have to type a passphrase, or touch a key.
                        drop(input);
                        screen.leave();
                        self.app.signed(signed(proposal, digest, glass, keys).await);
                        screen.back()?;
                        input = EventStream::new();
                    }
                    Effect::Suspend if !stop::has_shell() => self.app.has_no_shell(),
                    Effect::Suspend => {
                        // The reader of keys goes with its stream, so that the shell gets what is typed.
                        drop(input);
                        screen.leave();
                        stop::stop()?;
                        screen.back()?;
                        input = EventStream::new();
                    }
                    Effect::Ring(waiting) => screen.ring(self.bell, waiting),
                    Effect::Copy(lines) => self.app.copied(screen.copy(&lines).then_some(lines.len())),
                    Effect::View(purpose, path) => {
                        drop(input);
                        screen.leave();
                        let shown = pager::show(purpose, &path, &mut signals).await;
                        let removed = std::fs::remove_file(&path);
                        match shown {
                            Ok(pager::Shown::Leave) => return Ok(()),
                            Ok(pager::Shown::Back(words)) => self.app.viewed(words),
                            Err(error) => self.app.viewed(Some(safe!("{}", error.to_string()))),
                        }
                        if let Err(error) = removed {
                            self.app.viewed(Some(safe!("{} is left there: {}", path, error.to_string())));
                        }
                        screen.back()?;
                        input = EventStream::new();
                    }
                }
                self.dirty = true;
            }
            for order in std::mem::take(&mut self.app.orders) {
                if self.orders.send(order).is_err() {
                    return Ok(());
                }
            }
        }
    }

    fn input(&mut self, event: Event, screen: &mut Screen) {
        self.dirty = true;
        self.asked |= matches!(event, Event::Key(_) | Event::Paste(_) | Event::Mouse(_));
        match event {
            Event::Key(key) => self.app.press(key),
            Event::Paste(text) => self.app.paste(&text),
            Event::Resize(columns, rows) => screen.resize(columns, rows),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::ScrollUp => self.app.wheel(-3),
                MouseEventKind::ScrollDown => self.app.wheel(3),
                MouseEventKind::Down(_) => {
                    self.app.click(view::hit(&self.app, screen.area(), mouse.column, mouse.row));
                }
                _ => self.dirty = false,
            },
            Event::FocusGained | Event::FocusLost => self.dirty = false,
        }
    }

    /// What is written and not sent, of the engine that is or was there.
    fn draft(&mut self, effect: &Effect, run: RunId) {
        let Some(instance) = self.app.instance() else { return };
        match effect {
            Effect::RecallDraft(_) => match self.drafts.recall(instance, run) {
                Ok(Some(text)) => self.app.recalled(run, &text),
                Ok(None) => {}
                Err(error) => self.app.draft_fault(&error),
            },
            _ => self.drafts.keep(instance, run, self.app.guiding.draft(run)),
        }
        if let Some(error) = self.drafts.fault() {
            self.app.draft_fault(&error);
        }
    }

    fn hear(&mut self, news: News) {
        self.app.hear(news);
        self.dirty = true;
    }

    fn draw(&mut self, screen: &mut Screen) -> Result<(), ScreenError> {
        let places = view::arrange(&self.app, screen.area());
        if let Some(area) = places.of(app::Pane::Log) {
            self.app.log.rows = area.height.saturating_sub(1);
            self.app.load_log();
        }
        self.app.want();
        view::settle(&mut self.app, screen.area());
        screen.draw(|canvas| view::paint(&self.app, canvas))?;
        self.drawn = Some(Instant::now());
        self.asked = false;
        self.unseen = true;
        self.dirty = false;
        Ok(())
    }
}

/// Has a yes signed by the person's own `ssh-keygen`.
async fn signed(
    proposal: ProposalId,
    digest: String,
    glass: Option<String>,
    keys: Vec<String>,
) -> Result<String, String> {
    let signing = tokio::task::spawn_blocking(move || sign(proposal, &digest, glass.as_deref(), None, &keys));
    signing.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// Signals that end the console or stop it for a while.
struct Signals {
    term: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    tstp: tokio::signal::unix::Signal,
    gone: mpsc::Receiver<()>,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hup: signal(SignalKind::hangup())?,
            int: signal(SignalKind::interrupt())?,
            tstp: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            gone: hangup::watch()?,
        })
    }

    async fn next(&mut self) -> Woken {
        tokio::select! {
            _ = self.term.recv() => Woken::Leave,
            _ = self.hup.recv() => Woken::Leave,
            _ = self.int.recv() => Woken::Interrupt,
            _ = self.gone.recv() => Woken::Leave,
            _ = self.tstp.recv() => Woken::Suspend,
        }
    }
}
